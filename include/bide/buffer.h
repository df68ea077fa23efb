/*
 * bide/buffer.h: buffers in front of streams: to read lines and other pieces, numbers, or all there
 * is, and to write many small pieces at once. Copies from stream to stream.
 *
 * No byte is lost when a call is cancelled or fails: what had arrived stays in the reader, and what
 * was not yet sent stays in the writer. docs/io.md says what each call costs.
 *
 * Readers and writers borrow their stream, which must outlive them. Once a stream has a reader,
 * read from it only through the reader; once it has a writer, write only through that. A stream may
 * have both, for two tasks. Each is for one task at a time, on the runtime of its stream (see
 * bide/io.h); with a call under way, another one returns -EBUSY. They may be freed by any thread
 * that may close the stream.
 *
 * Functions return negative errnos. Beside those that are named, all that wait return those of
 * bide_stream_read or bide_stream_write; -ENOMEM; -EBUSY; and -EBADF when the reader or the writer
 * is freed meanwhile.
 */
#ifndef BIDE_BUFFER_H
#define BIDE_BUFFER_H

#include <bide/codec.h>
#include <bide/io.h>
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

/* ---- readers ---- */

/*
 * Memory of the reader: the calls that give such a pointer say so. It is valid until the next call
 * on the reader, also one that takes nothing, and you may overwrite what you were given.
 */
typedef struct bide_reader bide_reader;

/* Some bytes, as an item of an iterator: bide_iter_of_reader and others of bide/iter.h. */
typedef struct bide_bytes {
    char *data;
    size_t size;
} bide_bytes;

/*
 * Makes a reader for lines, and other pieces that end with a delimiter, of at most `line_max` bytes
 * (1 or more). Its buffer starts small (1 KiB) and grows as calls need it; it does not shrink.
 * Errors: -EINVAL, -ENOMEM; then *reader is NULL.
 */
bide_must_use int bide_reader_new(bide_stream *stream, size_t line_max,
                                  bide_reader **reader bide_gives(bide_reader_free));

/*
 * Frees the reader and what it has buffered. NULL is ignored. A waiting call on the reader ends
 * with -EBADF: at once when the stream is closed, otherwise when the stream has something to read,
 * which is lost then. No call may begin.
 */
void bide_reader_free(bide_reader *reader);

/*
 * Reads a line. Returns 1 and stores the line in *line, without "\n" or "\r\n" and with a zero byte
 * after it, in the reader's memory. *size is its length (`size` may be NULL). What stands between
 * the last "\n" and the end of the stream is a line too, unless it is empty. Returns 0 at the end
 * of the stream. Returns -EMSGSIZE if the line is longer than line_max; the next bide_reader_line
 * skips it and reads the line after it, while all other calls still get its bytes, from the first
 * one on, and it ends with its "\n" or with the stream, whichever call takes that.
 * Cancelled: the reader has all that had arrived, except what was skipped.
 */
bide_must_use bide_async int bide_reader_line(bide_reader *reader, char **line, size_t *size);

/*
 * The same up to any other delimiter, of 1 to BIDE_DELIMITER_MAX bytes, which are compared as they
 * are: stores what stands before it, without it. Too long, the end and a cancellation are as for
 * bide_reader_line. Also -EINVAL: the delimiter is empty or too long.
 */
bide_must_use bide_async int bide_reader_until(bide_reader *reader, const void *delimiter,
                                               size_t delimiter_size, char **data, size_t *size);

/*
 * Reads a frame as the codec says; see bide/codec.h. Returns 1 and stores where the frame is, in
 * the reader's memory; no zero byte follows, unless the codec is one of lines or delimiters.
 * Returns 0 at the end of the stream; -ENODATA if that is within a frame; -EMSGSIZE: the frame is
 * larger than the codec allows; or what the codec's own function returned. After -ENODATA and
 * -EMSGSIZE the reader still has the bytes; only lines and delimiters are skipped by the next call,
 * as in bide_reader_line.
 * Cancelled: the reader has all that had arrived.
 */
bide_must_use bide_async int bide_reader_frame(bide_reader *reader, const bide_codec *codec,
                                               char **frame, size_t *size);

/*
 * Like bide_stream_read, but what the reader has buffered comes first. If some bytes of a line were
 * read, the line continues after them, for bide_reader_line too.
 * Cancelled: nothing was read.
 */
bide_must_use bide_async ssize_t bide_reader_read(bide_reader *reader, void *buffer, size_t size);

/*
 * Reads `size` bytes. *done counts them as in bide_stream_read_exactly, and a second call with the
 * same arguments continues there. With `done` NULL all are gathered in the reader and taken at
 * once, or none is. Returns 0, or -ENODATA if the stream ended first.
 * Cancelled: *done bytes were read.
 */
bide_must_use bide_async int bide_reader_read_exactly(bide_reader *reader, void *buffer,
                                                      size_t size, size_t *done);

/*
 * Waits until at least `least` bytes (1 or more) are buffered, and takes nothing. Returns 1, or 0
 * if the stream ended first. In both cases *data is where the bytes are, in the reader's memory,
 * and *size how many: also more than `least`, and fewer at the end. Take them by
 * bide_reader_consume. Also -EINVAL: `least` is 0 or exceeds PTRDIFF_MAX / 4.
 * Cancelled: nothing has happened; the reader has what arrived.
 */
bide_must_use bide_async int bide_reader_peek(bide_reader *reader, size_t least, char **data,
                                              size_t *size);

/*
 * The bytes that are buffered, without waiting: returns how many, and stores in *data where they
 * are, in the reader's memory. 0 while a call is under way.
 */
size_t bide_reader_buffered(bide_reader *reader, char **data);

/* Takes the first `size` bytes that are buffered, or as many as there are; returns how many. They
 * are still readable until the next call that waits. While a call is under way it takes none. */
size_t bide_reader_consume(bide_reader *reader, size_t size);

/*
 * Takes `size` bytes and drops them. *done counts them; a second call continues there; NULL is
 * allowed. Returns 0, or -ENODATA if the stream ended first. Cancelled: *done bytes were dropped.
 */
bide_must_use bide_async int bide_reader_skip(bide_reader *reader, uint64_t size, uint64_t *done);

/*
 * Reads all that comes up to the end of the stream. Returns 0; *data is where it is, in the
 * reader's memory, with a zero byte after it, and *size how much (NULL is allowed). If there are
 * more than `size_max` bytes it returns -EMSGSIZE and takes none: other calls get them. Also
 * -EINVAL: size_max exceeds PTRDIFF_MAX / 4.
 * Cancelled: nothing was taken; the reader has what arrived, and the next call goes on.
 */
bide_must_use bide_async int bide_reader_to_end(bide_reader *reader, size_t size_max, char **data,
                                                size_t *size);

/*
 * Reads a number of `width` bytes, 1 to 8. Returns 0; -ENODATA: the stream ended before or within
 * it; -EINVAL: the width.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async int bide_reader_unsigned(bide_reader *reader, unsigned width,
                                                  bide_order order, uint64_t *value);
bide_must_use bide_async int bide_reader_signed(bide_reader *reader, unsigned width,
                                                bide_order order, int64_t *value);

/* The same for the 4 or 8 bytes of an IEEE 754 number. */
bide_must_use bide_async int bide_reader_float(bide_reader *reader, bide_order order, float *value);
bide_must_use bide_async int bide_reader_double(bide_reader *reader, bide_order order,
                                                double *value);

/* ---- writers ---- */

/* A buffer of bytes that are to be written to a stream. */
typedef struct bide_writer bide_writer;

/*
 * Makes a writer with a buffer of `size` bytes (1 or more). Nothing is written before the buffer is
 * full or bide_writer_flush is called. Errors: -EINVAL, -ENOMEM; then *writer is NULL.
 */
bide_must_use int bide_writer_new(bide_stream *stream, size_t size,
                                  bide_writer **writer bide_gives(bide_writer_free));

/*
 * Frees the writer. What is buffered is not written: call bide_writer_flush first. NULL is ignored.
 * A waiting call on the writer ends with -EBADF: at once when the stream is closed, otherwise when
 * the stream has taken something. No call may begin.
 */
void bide_writer_free(bide_writer *writer);

/*
 * Puts `size` bytes into the buffer; what has no room there is written first, together with what
 * was buffered. *done counts the bytes that the writer has taken, buffered or written; set it to 0
 * at first, or pass NULL. A second call with the same arguments continues there.
 * Up to as many bytes as the buffer holds are taken all at once, or not at all.
 * Returns 0, or an error of the stream; then *done is right, and what was buffered stays so.
 * Cancelled: the same.
 */
bide_must_use bide_async int bide_writer_write(bide_writer *writer, const void *data, size_t size,
                                               size_t *done);

/* The same for several pieces of memory, one after another; `done` counts bytes. The array must
 * stay until the call has ended. */
bide_must_use bide_async int bide_writer_writev(bide_writer *writer, const struct iovec *pieces,
                                                size_t count, size_t *done);

/*
 * Puts a frame into the buffer, encoded as the codec says; all of it, or nothing. While the buffer
 * is full it is written first, which is how a slow peer holds the caller up. A frame that is larger
 * than the buffer gets more memory, which the writer keeps.
 * Returns 0; -EMSGSIZE: the frame is larger than the codec allows; -EINVAL: the codec cannot encode
 * it; -ENOMEM; an error of the stream.
 * Cancelled: the frame was not taken.
 */
bide_must_use bide_async int bide_writer_frame(bide_writer *writer, const bide_codec *codec,
                                               const void *frame, size_t size);

/* Puts a number of `width` bytes, 1 to 8, into the buffer. -ERANGE: neither `value` nor, as a
 * signed number, (int64_t)value has room in so many bytes. -EINVAL: the width, or the buffer is
 * smaller. Cancelled: it was not taken. */
bide_must_use bide_async int bide_writer_integer(bide_writer *writer, uint64_t value,
                                                 unsigned width, bide_order order);

/* The 4 or 8 bytes of an IEEE 754 number. -EINVAL: the buffer is smaller. Cancelled: it was not
 * taken. */
bide_must_use bide_async int bide_writer_float(bide_writer *writer, float value, bide_order order);
bide_must_use bide_async int bide_writer_double(bide_writer *writer, double value,
                                                bide_order order);

/*
 * Waits until the buffer has room for `size` bytes in one piece, and stores in *room where that is:
 * for snprintf(3) and the like. Then call bide_writer_commit before any other call on the writer.
 * -EINVAL: the buffer is smaller. Cancelled: nothing was taken.
 */
bide_must_use bide_async int bide_writer_reserve(bide_writer *writer, size_t size, char **room);

/* The first `size` bytes of the room are taken. No more than were reserved. */
void bide_writer_commit(bide_writer *writer, size_t size);

/* Writes all that is buffered. Returns 0 or an error of the stream. Cancelled, and after an error:
 * what was not written stays in the buffer, and the next call writes it. */
bide_must_use bide_async int bide_writer_flush(bide_writer *writer);

/* How many bytes are buffered, and not yet written. */
size_t bide_writer_buffered(const bide_writer *writer);

/* ---- copies ---- */

/* For `most`: as many as there are. */
#define BIDE_COPY_ALL UINT64_MAX

/*
 * Copies from a reader to a stream: what is buffered, and all that comes up to the end, but at most
 * `most` bytes. *done counts the bytes that were written; set it to 0 at first, or pass NULL. A
 * second call with the same arguments continues there. Returns 0 at the end, or when *done is
 * `most`; or an error of either stream.
 * Cancelled, and after an error: *done bytes were written and taken from the reader; what was read
 * and not written stays there.
 */
bide_must_use bide_async int bide_reader_copy(bide_reader *reader, bide_stream *to, uint64_t most,
                                              uint64_t *done);

/* The same to a writer, which is flushed whenever there is nothing to read at the moment, and at
 * the end. `done` counts what the writer has taken. The writer must not be freed before the call
 * has ended. */
bide_must_use bide_async int bide_reader_copy_to_writer(bide_reader *reader, bide_writer *to,
                                                        uint64_t most, uint64_t *done);

/*
 * A copy from one stream to another, without a reader: an object, since it keeps what it has read
 * and not yet written. It borrows both streams.
 */
typedef struct bide_copy bide_copy;

/* Makes a copy; nothing is read yet, and its buffer (8 to 64 KiB) comes with the first bytes.
 * Errors: -EINVAL: the streams are the same; -ENOMEM; then *copy is NULL. */
bide_must_use int bide_copy_new(bide_stream *from, bide_stream *to,
                                bide_copy **copy bide_gives(bide_copy_free));

/* Frees a copy, with what it holds. NULL is ignored. No call may be under way. */
void bide_copy_free(bide_copy *copy);

/*
 * Copies up to the end of `from`, or until `most` bytes have been written since the copy was made.
 * When much has come and both streams are descriptors that allow it, the bytes go through a pipe in
 * the kernel (splice(2)) instead of the buffer.
 * Returns 0 at the end, or when `most` is reached; an error of either stream; -EBUSY.
 * Cancelled, and after an error: what was read and not written stays in the copy, and the next call
 * goes on; the counts are right.
 */
bide_must_use bide_async int bide_copy_run(bide_copy *copy, uint64_t most);

/*
 * Runs two copies at once, those of the two directions between two streams. When one has reached
 * the end, the end is passed on: bide_stream_shutdown of where it writes (-ENOTSOCK, of what is no
 * socket, and -ENOTCONN are no errors); the other goes on. Returns 0 when both have ended, or the
 * first error; then the other one was cancelled.
 * Cancelled: both are as after a cancelled bide_copy_run. A second call goes on.
 */
bide_must_use bide_async int bide_copy_both(bide_copy *one, bide_copy *other);

/* How many bytes were read, and how many written, so far; right at any time, also while it runs.
 * Any thread. */
uint64_t bide_copy_read(const bide_copy *copy);
uint64_t bide_copy_written(const bide_copy *copy);

/* Takes up to `size` bytes that were read and not written out of the copy. They then count as
 * written. Returns how many, or -EBUSY. For whoever ends a copy early and goes on by himself. */
ssize_t bide_copy_take(bide_copy *copy, void *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
