/*
 * bide/io.h: streams of bytes, and lines read from them.
 *
 * A stream is a connection (bide/net.h, bide/unix.h), a pipe or another descriptor, or one end of a
 * pair in memory; all are used in the same way. One task may read from a stream while another
 * writes to it. A second reader or writer gets -EBUSY while the first one waits, even in a future
 * (bide/future.h) that nobody drives.
 *
 * A stream of a descriptor, with its reader, belongs to the runtime on which it was made: the async
 * functions return -EXDEV on another runtime, and -ENXIO outside any. Call all functions on the
 * thread of its runtime. A pair in memory belongs to no runtime and needs none.
 *
 * On a runtime with several workers all functions may be called by any of them, and those that are
 * not async by any thread. A stream may be closed while another task waits on it, and even while
 * that task is just being served: then it gets its bytes instead of -EBADF. No call may begin after
 * the close. So end a task that reads in a loop (bide_task_abort, and a join) before its
 * stream is closed, or shut the other end down. A reader is for one task at a time.
 *
 * Failures are returned as negative errno. With `size` 0, nothing is read or written.
 */
#ifndef BIDE_IO_H
#define BIDE_IO_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- descriptors ---- */

/*
 * Wait until reading from fd, or writing to it, will not block. That includes the end of the file
 * and a broken descriptor; the next call then returns the end or the error. This is for code that
 * has its own descriptors, and for foreign libraries: fd stays the caller's, nothing about it is
 * changed (it may be blocking), and nothing is kept when the wait has ended. So fd may be closed
 * between two waits, but not during one. A regular file is always ready.
 *
 *     int r = 0;
 *     while (r == 0 && (n = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
 *         r = await bide_fd_readable(fd);
 *
 * Several tasks, even of several runtimes, may wait for one descriptor, and a stream may own it.
 * All of them go on when it is ready, so another task may already have taken what was there. The
 * call that follows then blocks, unless it passes MSG_DONTWAIT or the descriptor is non-blocking.
 *
 * A wait costs a poll(2), and three more system calls if it has to wait; a stream costs less.
 * Return 0, -EBADF, -ENOMEM, -ENOSPC (too many registrations), -EMFILE (a second wait for the same
 * descriptor needs one more descriptor) or -ENXIO.
 * Cancelled: nothing has happened.
 */
bide_must_use bide_async int bide_fd_readable(int fd);
bide_must_use bide_async int bide_fd_writable(int fd);

/* ---- streams ---- */

typedef struct bide_stream bide_stream;

/*
 * Makes a stream of a descriptor that can be waited for: a pipe, a FIFO, a terminal, a socket, or
 * an eventfd and its like. The stream owns fd from now on, and bide_stream_fd returns it.
 *
 * Its flags stay as they are, also while the stream lives: fd may be blocking, and others, like the
 * shell that started the program, may share its open file. Sockets are called with MSG_DONTWAIT. A
 * pipe, a FIFO or a terminal that is blocking is opened once more, through /proc, for the stream's
 * own calls; bide_stream_close closes both descriptors. Where that is impossible (no /proc, no
 * permission, the master of a pseudo-terminal, an eventfd) each call first asks poll(2), and writes
 * at most PIPE_BUF bytes to a pipe and one byte to a terminal. Then a call blocks the thread if
 *  - another process takes what there was, or fills the room, between the two system calls,
 *  - the output of a terminal is stopped in just that moment, or a terminal in raw mode has VTIME
 *    set, which a read waits for,
 *  - it writes more to another object than that has room for: an eventfd takes any number only if
 *    its count is far from full.
 * What its maker has made non-blocking (O_NONBLOCK) is used as it is.
 *
 * Writing to a pipe that nobody reads raises SIGPIPE, as always, and returns -EPIPE if that is
 * ignored; writing to a socket never raises it.
 * Errors: -EPERM (a regular file or /dev/null is always ready and cannot be waited for), -EEXIST
 * (fd already has a stream, which makes its calls with fd itself), -EBADF, -ENOMEM, -ENXIO,
 * -ENOSPC. Then fd stays the caller's, unchanged, and *stream is NULL. A stdin that may be one of
 * those is read on the blocking pool, by `await bide_blocking(getline(&line, &size, stdin))`; once
 * begun, such a read cannot be cancelled.
 */
bide_must_use int bide_stream_open(int fd, bide_stream **stream bide_gives(bide_stream_close));

/*
 * Makes the two ends of a pair in memory: what is written to one is read from the other, through a
 * buffer of `capacity` bytes (1 or more) in each direction. For tests, and for use between tasks.
 * The ends may be used and closed on any thread.
 * Errors: -EINVAL, -ENOMEM; then both ends are NULL.
 */
bide_must_use int bide_stream_pair(size_t capacity, bide_stream **one bide_gives(bide_stream_close),
                                   bide_stream **other bide_gives(bide_stream_close));

/*
 * Makes a pipe: what is written to *writer is read from *reader. Both are closed on exec, and the
 * pipe may be passed to a child process through bide_stream_fd. At most PIPE_BUF bytes (4096) that
 * are written by one bide_stream_write stay together. Writing to it when its reader is closed is
 * -EPIPE and raises no SIGPIPE.
 * Errors: -EMFILE, -ENFILE, -ENOMEM, -ENOSPC; then both are NULL.
 */
bide_must_use int bide_pipe_new(bide_stream **reader bide_gives(bide_stream_close),
                                bide_stream **writer bide_gives(bide_stream_close));

/* For what a FIFO is opened. */
typedef enum bide_fifo_mode {
    BIDE_FIFO_READ,      /* the first read waits for a writer; 0 when all writers have left, until
                            one comes again */
    BIDE_FIFO_WRITE,     /* the call waits until somebody reads */
    BIDE_FIFO_TRY_WRITE, /* the same without waiting: -ENXIO if nobody reads */
    BIDE_FIFO_BOTH,      /* this end counts as reader and writer: it meets no end, and none who is
                            not there. The first writes of others wait for nobody */
} bide_fifo_mode;

/*
 * Opens a FIFO without blocking the thread. To wait for a reader it tries again after a pause, of
 * 1 ms at first and never more than 100 ms, since the system does not tell when one comes.
 * *stream is like an end of bide_pipe_new.
 * Errors: -EINVAL (no FIFO), -ENOENT, -EACCES and others of open(2), -EMFILE, -ENFILE, -ENOMEM,
 * -ENXIO; then *stream is NULL.
 * Cancelled: nothing is open.
 */
bide_must_use bide_async int bide_fifo_open(const char *path, bide_fifo_mode mode,
                                            bide_stream **stream bide_gives(bide_stream_close));

/*
 * Closes a stream and frees it. Nothing is flushed, since nothing is buffered here; what was
 * received and not read is gone. NULL is ignored. A waiting operation on the stream ends with
 * -EBADF at once, and transfers nothing more; none may begin. Only a write whose data the kernel is
 * just sending (io_uring) ends a moment later, and returns how much was sent, if any was. In that
 * case, and on several workers that use io_uring, the descriptor too is closed a moment later: when
 * the runtime next looks at its descriptors.
 */
void bide_stream_close(bide_stream *stream);

/*
 * Returns the descriptor, that of bide_stream_open too, for setting options; it stays the
 * stream's. -EBADF: the stream has none. From now on bide takes less for granted of a TCP
 * connection: it may read once more to see that nothing is left, as from a socket that carries
 * records (TCP_ULP "tls"), and asks for SO_LINGER before it closes it.
 * Do not read from it: a TCP connection may have received more than it was asked for, and what it
 * has is read only through the stream. So a connection on which somebody has read cannot be taken
 * out of its stream, say with dup(2), unless the peer waits at that moment. A stream of
 * bide_stream_open takes nothing ahead.
 */
int bide_stream_fd(const bide_stream *stream);

/*
 * Waits until something can be read, and reads at most `size` bytes. Returns how many, at least 1,
 * or 0 at the end of the stream.
 * Errors: those of recv(2) and read(2), such as -ECONNRESET.
 * Cancelled: nothing was read.
 */
bide_must_use bide_async ssize_t bide_stream_read(bide_stream *stream, void *buffer, size_t size);

/*
 * Waits until something can be written, and writes at most `size` bytes. Returns how many, at least
 * 1.
 * Errors: those of send(2) and write(2), such as -EPIPE and -ECONNRESET.
 * Cancelled: nothing was written. If something was, before the kernel let go of the data, the call
 * returns that, and what awaits it is cancelled at its next await.
 */
bide_must_use bide_async ssize_t bide_stream_write(bide_stream *stream, const void *data,
                                                   size_t size);

/*
 * Reads `size` bytes into `buffer`. *done counts how many of them are already there; set it to 0 at
 * first, or pass NULL. The count is right at all times, even after an error or a cancellation, and
 * a second call with the same arguments continues there. Returns 0, -ENODATA if the stream ended
 * first, or an error of bide_stream_read. Cancelled: *done bytes were read.
 */
bide_must_use bide_async int bide_stream_read_exactly(bide_stream *stream, void *buffer,
                                                      size_t size, size_t *done);

/* Writes `size` bytes; *done counts them as in bide_stream_read_exactly. Returns 0, or an error of
 * bide_stream_write. Cancelled: *done bytes were written. */
bide_must_use bide_async int bide_stream_write_all(bide_stream *stream, const void *data,
                                                   size_t size, size_t *done);

/*
 * Ends the writing half: the peer reads what was written and then the end. Returns 0, -ENOTCONN, or
 * -ENOTSOCK if the stream is not a socket; close such a stream instead.
 */
int bide_stream_shutdown(bide_stream *stream);

/*
 * Ends the reading half: reading returns what has arrived and then the end, and a read that waits
 * returns the end at once. The peer of a socket notices nothing; the other end of a pair in memory
 * gets -EPIPE. Returns as bide_stream_shutdown.
 */
int bide_stream_shutdown_read(bide_stream *stream);

/*
 * Splits a socket or an end of a pair into a half for reading and one for writing. They are streams
 * that two tasks may own, and each is closed by itself: the close of the writing half ends what the
 * peer reads (bide_stream_shutdown), that of the reading half is a bide_stream_shutdown_read, and
 * the last close closes the stream, which belongs to the halves from now on. A read that waits on
 * its half when that is closed returns 0, or bytes that have just come; a write returns -EPIPE.
 *
 * A call costs as much as on the whole stream. Reading from the writing half returns -EBADF, and
 * the other way round.
 * Errors: -ENOTSOCK (a pipe or a terminal), -EINVAL (it is a half already), -ENOMEM; then the
 * stream stays the caller's, and both halves are NULL. No call on the stream may wait.
 */
bide_must_use int bide_stream_split(bide_stream *stream,
                                    bide_stream **reader bide_gives(bide_stream_close),
                                    bide_stream **writer bide_gives(bide_stream_close));

/* ---- lines ---- */

/* A buffer in front of a stream. Once a stream has a reader, read from it only through the
 * reader. */
typedef struct bide_reader bide_reader;

/*
 * Makes a reader for lines of at most `line_max` bytes (1 or more). Its buffer starts small and
 * grows as lines need it. The stream stays the caller's and must outlive the reader.
 * Errors: -EINVAL, -ENOMEM; then *reader is NULL.
 */
bide_must_use int bide_reader_new(bide_stream *stream, size_t line_max,
                                  bide_reader **reader bide_gives(bide_reader_free));

/*
 * Frees the reader and what it has buffered. NULL is ignored. A waiting call on the reader ends
 * with -EBADF: at once when the stream is closed, otherwise when the stream has something to read,
 * which bide_reader_line loses. No call may begin.
 */
void bide_reader_free(bide_reader *reader);

/*
 * Reads a line. Returns 1 and stores the line in *line, without "\n" or "\r\n" and with a zero byte
 * after it. The line is in the reader's memory until the next call on the reader; you may overwrite
 * it, its zero byte too. *size is its length (`size` may be NULL). What stands between the last
 * "\n" and the end of the stream is a line too, unless it is empty. Returns 0 at the end of the
 * stream. Returns -EMSGSIZE if the line is longer than line_max; the next bide_reader_line skips it
 * and reads the line after it, while bide_reader_read returns its bytes, from the first one on.
 * Other errors: -ENOMEM, -EBUSY (another call on the reader has not ended), those of
 * bide_stream_read. After an error or a cancellation, the reader still has everything that had
 * arrived, except what was skipped.
 */
bide_must_use bide_async int bide_reader_line(bide_reader *reader, char **line, size_t *size);

/*
 * Like bide_stream_read, but what the reader has buffered comes first, and -EBUSY is as above. If
 * some bytes of a line were read, the line continues after them, for bide_reader_line too. A line
 * that was reported as too long ends with its "\n" or with the stream, whichever call reads that.
 */
bide_must_use bide_async ssize_t bide_reader_read(bide_reader *reader, void *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
