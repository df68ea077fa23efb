/*
 * lib/io/copy_run.c: copies from stream to stream. Between the end of a read or a write and its
 * count nothing suspends, so the counts are right whenever a call ends, and what was read stays
 * where it is: in the reader, or in the copy.
 */
#include "lib/async.h"

#include "lib/io/copy.h"
#include "lib/io/reader.h"
#include "lib/io/stream.h"
#include "lib/io/writer.h"

/* *is_ahead: the bytes were there already, and are in `ahead` instead. */
bide_async ssize_t bide__splice_in(bide_stream *stream, int pipe, size_t size, void *ahead,
                                   bool *is_ahead);
bide_async ssize_t bide__splice_out(bide_stream *stream, int pipe, size_t size);

static size_t least(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* ---- from a reader ---- */

enum { READ_BYTES = 16384 };

/* Returns how many bytes a read has brought, 0 at the end, or a negative errno. */
static bide_async ssize_t read_more(bide_reader *reader)
{
    int r = bide__reader_make_room(reader, READ_BYTES);
    if (r < 0)
        return r;
    ssize_t n = bide_await bide_stream_read(
        bide__reader_stream(reader), reader->buffer + reader->end, reader->size - reader->end);
    if (bide__reader_is_freed(reader))
        return -EBADF;
    if (n > 0)
        bide__reader_got(reader, (size_t)n);
    else if (n == 0)
        bide__reader_ended(reader);
    return n;
}

/* As read_more, but what the writer has is written while there is nothing to read. -EAGAIN: that
 * has been done, and nothing was read. */
static bide_async ssize_t read_or_flush(bide_reader *reader, bide_writer *to)
{
    ssize_t n = 0;
    int r = 0;
    if (bide_writer_buffered(to) == 0)
        return bide_await read_more(reader);
    int which = bide_await bide_select_biased(n = read_more(reader), r = bide_writer_flush(to));
    return which == 0 ? n : r < 0 ? r : -EAGAIN;
}

/* Writes some of what the reader has. Into the writer, if there is one, it goes as a whole or not
 * at all, since so much has room in its buffer. */
static bide_async ssize_t write_some(const bide_reader *reader, bide_stream *to,
                                     bide_writer *writer, size_t size)
{
    const char *data = reader->buffer + reader->start;
    if (writer == NULL)
        return bide_await bide_stream_write(to, data, size);
    size = least(size, bide__writer_size(writer));
    int r = bide_await bide_writer_write(writer, data, size, NULL);
    return r < 0 ? r : (ssize_t)size;
}

/* To the writer, or, if that is NULL, to the stream. */
static bide_async int copy(bide_reader *reader, bide_stream *to, bide_writer *writer, uint64_t most,
                           uint64_t *done)
{
    int r = bide__reader_begin(reader);
    if (r < 0)
        return r;
    bide_defer {
        bide__reader_end(reader);
    }
    if (to != NULL)
        bide__stream_hold(to);
    bide_defer {
        if (to != NULL)
            bide__stream_let_go(to);
    }
    bide_await bide__turn();
    while (*done < most) {
        size_t size = least(most - *done, reader->end - reader->start);
        ssize_t n;
        if (bide__reader_is_freed(reader))
            return -EBADF;
        if (size == 0) {
            if (writer != NULL)
                n = bide_await read_or_flush(reader, writer);
            else
                n = bide_await read_more(reader);
            if (n == 0)
                break;
            if (n < 0 && n != -EAGAIN)
                return (int)n;
            continue;
        }
        n = bide_await write_some(reader, to, writer, size);
        if (n < 0)
            return (int)n;
        bide__reader_take(reader, (size_t)n);
        *done += (uint64_t)n;
    }
    return writer != NULL ? bide_await bide_writer_flush(writer) : 0;
}

bide_async int bide_reader_copy(bide_reader *reader, bide_stream *to, uint64_t most, uint64_t *done)
{
    uint64_t own = 0;
    return bide_await copy(reader, to, NULL, most, done != NULL ? done : &own);
}

bide_async int bide_reader_copy_to_writer(bide_reader *reader, bide_writer *to, uint64_t most,
                                          uint64_t *done)
{
    uint64_t own = 0;
    return bide_await copy(reader, NULL, to, most, done != NULL ? done : &own);
}

/* ---- from stream to stream ---- */

/* Writes some of what is held, at most `most` bytes. Returns how much, or a negative errno;
 * -EAGAIN: it is to be tried again in another way. */
static bide_async ssize_t write_held(bide_copy *c, uint64_t most)
{
    ssize_t n;
    if (c->in_pipe > 0) {
        n = bide_await bide__splice_out(c->to, c->pipe[0], least(most, c->in_pipe));
        if (n == -EINVAL) {
            int r = bide__copy_unsplice(c);
            return r < 0 ? r : -EAGAIN;
        }
    } else {
        n = bide_await bide_stream_write(c->to, c->buffer + c->start,
                                         least(most, c->end - c->start));
    }
    if (n > 0)
        bide__copy_wrote(c, (size_t)n);
    return n;
}

/* Reads some bytes, at most `most`. Returns how many, 0 at the end, or a negative errno; -EAGAIN:
 * it is to be tried again in another way. */
static bide_async ssize_t read_some(bide_copy *c, uint64_t most)
{
    ssize_t n = bide__copy_prepare(c);
    bool in_buffer = true;
    if (n < 0)
        return n;
    if (c->splices) {
        n = bide_await bide__splice_in(c->from, c->pipe[1], least(most, c->size), c->buffer,
                                       &in_buffer);
        if (n == -EINVAL) {
            bide__copy_cannot(c);
            return -EAGAIN;
        }
    } else {
        n = bide_await bide_stream_read(c->from, c->buffer, least(most, c->size));
    }
    if (n > 0)
        bide__copy_got(c, (size_t)n, in_buffer);
    return n;
}

bide_async int bide_copy_run(bide_copy *copy, uint64_t most)
{
    ssize_t n = bide__copy_begin(copy);
    if (n < 0)
        return (int)n;
    bide__stream_hold(copy->from);
    bide__stream_hold(copy->to);
    bide_defer {
        bide__stream_let_go(copy->from);
        bide__stream_let_go(copy->to);
        bide__copy_end(copy);
    }
    bide_await bide__turn();
    for (;;) {
        uint64_t written = bide_copy_written(copy);
        bool is_held = copy->start < copy->end || copy->in_pipe > 0;
        if (written >= most || (copy->ended && !is_held))
            return 0;
        if (is_held) {
            n = bide_await write_held(copy, most - written);
        } else {
            n = bide_await read_some(copy, most - written);
            copy->ended = n == 0;
        }
        if (n < 0 && n != -EAGAIN)
            return (int)n;
    }
}

/* A copy to the end, which is passed on. */
static bide_async int run_direction(bide_copy *copy)
{
    bide_stream *to = copy->to;
    bide__stream_hold(to);
    bide_defer {
        bide__stream_let_go(to);
    }
    int r = bide_await bide_copy_run(copy, BIDE_COPY_ALL);
    if (r < 0)
        return r;
    r = bide_stream_shutdown(to);
    return r == -ENOTSOCK || r == -ENOTCONN ? 0 : r;
}

bide_async int bide_copy_both(bide_copy *one, bide_copy *other)
{
    return bide_await bide_try_join(run_direction(one), run_direction(other));
}
