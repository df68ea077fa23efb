/*
 * bide/io.h: streams of bytes. bide/buffer.h has buffers in front of them, lines and copies.
 *
 * A stream is a connection (bide/net.h, bide/unix.h), a pipe or another descriptor, or one end of a
 * pair in memory; all are used in the same way. One task may read from a stream while another
 * writes to it. A second reader or writer gets -EBUSY while the first one waits, even in a future
 * (bide/future.h) that nobody drives.
 *
 * A stream of a descriptor, with its buffers, belongs to the runtime on which it was made: the
 * async functions return -EXDEV on another runtime, and -ENXIO outside any. Call all functions on
 * the thread of its runtime. A pair in memory belongs to no runtime and needs none.
 *
 * On a runtime with several workers all functions may be called by any of them, and those that are
 * not async by any thread. A stream may be closed while another task waits on it, and even while
 * that task is just being served: then it gets its bytes instead of -EBADF. No call may begin after
 * the close. So end a task that reads in a loop (bide_task_abort, and a join) before its
 * stream is closed, or shut the other end down. A function that itself makes several calls on the
 * stream (bide_stream_read_exactly, a line, a flush, a copy) is one call in this sense.
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
#include <sys/uio.h>

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
 * Makes a stream of a descriptor: a pipe, a FIFO, a terminal, a socket, an eventfd and its like, or
 * what is always ready: a regular file, /dev/null (the stream is then that of a file, bide/fs.h).
 * The stream owns fd from now on, and bide_stream_fd returns it. For stdin, stdout and stderr there
 * is bide_stdin_open and so on.
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
 * Errors: -EISDIR (a folder), -EEXIST (fd already has a stream, which makes its calls with fd
 * itself), -EBADF, -ENOMEM, -ENXIO, -ENOSPC. Then fd stays the caller's, unchanged, and *stream is
 * NULL.
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
 * has is read only through the stream. bide_stream_take_fd takes it out. A stream of
 * bide_stream_open takes nothing ahead.
 */
int bide_stream_fd(const bide_stream *stream);

/*
 * Takes the descriptor out of a stream, for another library, thread or process: stores it in *fd
 * and ends the stream, without closing anything. What the stream had received and nobody has read
 * comes before what is read from the descriptor: it is stored in `ahead`; what a bide_reader has
 * buffered (bide_reader_buffered) comes before that. Returns how many bytes it has stored.
 * No call on the stream may be under way. The descriptor has the flags that it had; a connection
 * that bide has made is non-blocking.
 * Errors: -EBADF (a pair, a half, a file, or another stream that has none), -EBUSY, -ENOBUFS (more
 * than `size` bytes have come: read first), or an error of the connection that nobody has read.
 * Then *fd is -1, and the stream is as before. Cancelled: the same.
 */
bide_must_use bide_async ssize_t bide_stream_take_fd(bide_stream *stream, void *ahead, size_t size,
                                                     int *fd);

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
 * Errors: those of send(2) and write(2), such as -EPIPE and -ECONNRESET; -EIO also from a device
 * that takes nothing and says nothing else.
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
 * Like bide_stream_read and bide_stream_write, but with several pieces of memory, one after
 * another: readv(2) and writev(2), or recvmsg(2) and sendmsg(2). The array and the pieces must stay
 * until the call has ended. Empty pieces are passed over; of more than IOV_MAX (1024) the first
 * ones are used. A pair in memory, a pipe, a terminal and a socket use all pieces for which there
 * are bytes or room; streams of other kinds may use the first piece only.
 * With pieces that are all empty, nothing is transferred, and they return 0.
 * Cancelled: nothing was read, or written.
 */
bide_must_use bide_async ssize_t bide_stream_readv(bide_stream *stream, const struct iovec *pieces,
                                                   size_t count);
bide_must_use bide_async ssize_t bide_stream_writev(bide_stream *stream, const struct iovec *pieces,
                                                    size_t count);

/* Writes all pieces; *done counts bytes as in bide_stream_write_all, and a second call with the
 * same arguments continues there. Cancelled: *done bytes were written. */
bide_must_use bide_async int bide_stream_writev_all(bide_stream *stream, const struct iovec *pieces,
                                                    size_t count, size_t *done);

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

/*
 * Makes one stream that reads from `reader` and writes to `writer`, say the two pipes of a child
 * process. It owns both from now on, also to close them; its shutdowns are theirs, and of what is
 * no socket -ENOTSOCK. Errors: -EINVAL: they are the same; -ENOMEM; then they stay the caller's.
 */
bide_must_use int bide_stream_join(bide_stream *reader, bide_stream *writer,
                                   bide_stream **joined bide_gives(bide_stream_close));

/* ---- streams that are made of others, or of nothing ---- */

/*
 * These have no descriptor (-EBADF), and bide_stream_shutdown is -ENOTSOCK, unless it is said
 * otherwise. Those that are made of other streams borrow them: they must live until the new one is
 * closed, and belong to the same task. If it is closed while a call waits in the other stream, that
 * call goes on, and returns what it gets. Errors of the constructors: -ENOMEM; then the result is
 * NULL. Cancelled reads and writes have transferred nothing, as for all streams.
 */

/* Reads at most `most` bytes of a stream, and then the end. Writing, and both shutdowns, are those
 * of the stream. */
bide_must_use int bide_stream_limit(bide_stream *stream, uint64_t most,
                                    bide_stream **limited bide_gives(bide_stream_close));

/* Reads all of `first`, and after its end `second`. Writing is -EBADF. */
bide_must_use int bide_stream_chain(bide_stream *first, bide_stream *second,
                                    bide_stream **chain bide_gives(bide_stream_close));

/* Reads `size` bytes of memory, which is borrowed, and then the end. Writing is -EBADF. */
bide_must_use int bide_stream_of_bytes(const void *data, size_t size,
                                       bide_stream **stream bide_gives(bide_stream_close));

/* Like /dev/null: reading is at the end, and what is written is gone. */
bide_must_use int bide_stream_null(bide_stream **stream bide_gives(bide_stream_close));

/* Reads one byte for ever; what is written is gone. */
bide_must_use int bide_stream_repeat(unsigned char byte,
                                     bide_stream **stream bide_gives(bide_stream_close));

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
