/*
 * bide/io.h: streams of bytes, and lines read from them.
 *
 * A stream is a connection (bide/net.h), a pipe or another descriptor, or one end of a pair in
 * memory; all are used in the same way. One task may read from a stream while another one writes to
 * it; a second reader or writer gets -EBUSY while the first one waits, be it in a future
 * (bide/future.h) that nobody drives.
 *
 * A stream belongs to the runtime on which it was made: elsewhere its async functions return
 * -EXDEV, and outside any runtime -ENXIO. All functions are for the thread of that runtime.
 * Results of ssize_t and int are negative errno when something failed. `size` 0 reads and writes
 * nothing.
 */
#ifndef BIDE_IO_H
#define BIDE_IO_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma pack(push) /* whatever is in effect here */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- descriptors ---- */

/*
 * Wait until reading from fd, or writing to it, will not block: also when it is at its end or
 * broken, which the next call then says. For code that has its descriptors already, and foreign
 * libraries: fd stays the caller's, nothing about it is changed (it may be blocking), and nothing
 * is kept when the wait has ended. So between two waits it may be closed, but not during one. A
 * regular file is always ready.
 *
 *     int r = 0;
 *     while (r == 0 && (n = recv(fd, buf, sizeof buf, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
 *         r = await bide_fd_readable(fd);
 *
 * Several tasks, of several runtimes too, may wait for one descriptor, and a stream may own it; all
 * of them go on when it is ready, so another one may already have taken what was there: the call
 * that follows then blocks, unless it says MSG_DONTWAIT or the descriptor is non-blocking.
 *
 * A wait costs a poll(2), and three more system calls if it has to wait; a stream costs less.
 * 0; -EBADF, -ENOMEM, -ENOSPC (too many registrations), -EMFILE (a second wait for the same
 * descriptor needs one more descriptor), -ENXIO.
 * Cancelled: nothing has happened.
 */
bide_must_use bide_async int bide_fd_readable(int fd);
bide_must_use bide_async int bide_fd_writable(int fd);

/* ---- streams ---- */

typedef struct bide_stream bide_stream;

/*
 * Makes a stream of a descriptor that can be waited for: a pipe, a terminal, a socket. The stream
 * owns it from now on; it is made non-blocking, which others that share its open file (stdin of a
 * shell) notice too, and closing the stream undoes that. Writing to a pipe that nobody reads
 * raises SIGPIPE, as ever, and returns -EPIPE where that is ignored; writing to a socket never
 * raises it.
 * Errors: -EPERM (a regular file is always ready and cannot be waited for), -EEXIST (there is a
 * stream of fd already), -EBADF, -ENOMEM, -ENXIO, -ENOSPC; fd stays the caller's then, as it was,
 * and *stream is NULL.
 */
bide_must_use int bide_stream_open(int fd, bide_stream **stream bide_gives(bide_stream_close));

/*
 * Makes the two ends of a pair in memory: what is written to one is read from the other, through
 * a buffer of `capacity` bytes (1 or more) in each direction. For tests, and between tasks. They
 * may be used and closed on any thread.
 * Errors: -EINVAL, -ENOMEM; both are NULL then.
 */
bide_must_use int bide_stream_pair(size_t capacity, bide_stream **one bide_gives(bide_stream_close),
                                   bide_stream **other bide_gives(bide_stream_close));

/*
 * Closes a stream and frees it; nothing is flushed, since nothing is buffered here. NULL is
 * ignored. An operation on it that waits ends with -EBADF, at once, and has transferred nothing
 * more; none may begin.
 */
void bide_stream_close(bide_stream *stream);

/* The descriptor, for options; it stays the stream's. -EBADF: it has none. */
int bide_stream_fd(const bide_stream *stream);

/*
 * Waits until something can be read and reads at most `size` bytes. Returns how many, at least 1;
 * 0: the end.
 * Errors: those of recv(2) and read(2), such as -ECONNRESET.
 * Cancelled: nothing was read.
 */
bide_must_use bide_async ssize_t bide_stream_read(bide_stream *stream, void *buffer, size_t size);

/*
 * Waits until something can be written and writes at most `size` bytes. Returns how many, at
 * least 1.
 * Errors: those of send(2) and write(2), such as -EPIPE and -ECONNRESET.
 * Cancelled: nothing was written.
 */
bide_must_use bide_async ssize_t bide_stream_write(bide_stream *stream, const void *data,
                                                   size_t size);

/*
 * Reads `size` bytes into `buffer`. *done (NULL: nobody wants to know) is how many of them are
 * there already: 0 at first. It is right at all times, also after an error or a cancellation, and
 * calling again with the same arguments goes on where it was. 0; -ENODATA: the end came first;
 * else as bide_stream_read.
 */
bide_must_use bide_async int bide_stream_read_exactly(bide_stream *stream, void *buffer,
                                                      size_t size, size_t *done);

/* Writes `size` bytes; *done counts as in bide_stream_read_exactly. 0, or as bide_stream_write. */
bide_must_use bide_async int bide_stream_write_all(bide_stream *stream, const void *data,
                                                   size_t size, size_t *done);

/*
 * Ends the writing half: the peer reads what was written and then the end. 0; -ENOTCONN; -ENOTSOCK:
 * it is no socket, close it instead.
 */
int bide_stream_shutdown(bide_stream *stream);

/* ---- lines ---- */

/* A buffer in front of a stream. Once there is one, read from the stream through it alone. */
typedef struct bide_reader bide_reader;

/*
 * Makes a reader for lines of at most `line_max` bytes (1 or more). Its buffer is small at first
 * and grows as lines need it. The stream stays the caller's and must outlive the reader.
 * Errors: -EINVAL, -ENOMEM; *reader is NULL then.
 */
bide_must_use int bide_reader_new(bide_stream *stream, size_t line_max,
                                  bide_reader **reader bide_gives(bide_reader_free));

/*
 * Frees the reader with what it has buffered. NULL is ignored. A call on it that waits ends with
 * -EBADF: at once when the stream is closed, else when the stream has something to read, which
 * bide_reader_line loses. No call may begin.
 */
void bide_reader_free(bide_reader *reader);

/*
 * Reads a line. 1: *line is it, without "\n" or "\r\n" and with a zero byte behind it, in the
 * reader's memory until the next call on the reader; *size (NULL: nobody wants to know) is its
 * length. What stands between the last "\n" and the end of the stream is a line too, if it is not
 * empty. 0: the end. -EMSGSIZE: the line is longer than line_max; the next bide_reader_line skips
 * it and reads the line after it, while bide_reader_read gives its bytes, from the first one on.
 * Other errors: -ENOMEM, -EBUSY (another call on the reader has not ended), those of
 * bide_stream_read. After an error or a cancellation all that had come is still in the reader, but
 * for what was skipped.
 */
bide_must_use bide_async int bide_reader_line(bide_reader *reader, char **line, size_t *size);

/*
 * As bide_stream_read, but what the reader has buffered comes first, and -EBUSY as above. A line of
 * which some bytes were read continues after them, for bide_reader_line too; one that was reported
 * as too long ends with its "\n" or with the stream, whichever call reads that.
 */
bide_must_use bide_async ssize_t bide_reader_read(bide_reader *reader, void *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
