/*
 * lib/io/all.c: reading and writing a number of bytes, and several pieces, for streams that have no
 * better way. *done, which belongs to the caller, counts all that has happened and is up to date at
 * each suspension, so there is nothing to undo. The stream is held, since it may be closed between
 * two of the calls.
 */
#include "lib/async.h"

#include "lib/io/stream.h"

bide_async int bide__any_read_exactly(bide_stream *stream, void *buffer, size_t size, size_t *done);
bide_async int bide__any_write_all(bide_stream *stream, const void *data, size_t size,
                                   size_t *done);

bide_async int bide__any_read_exactly(bide_stream *stream, void *buffer, size_t size, size_t *done)
{
    size_t own = 0;
    if (done == NULL)
        done = &own;
    bide__stream_hold(stream);
    bide_defer {
        bide__stream_let_go(stream);
    }
    while (*done < size) {
        ssize_t n = bide_await bide_stream_read(stream, (char *)buffer + *done, size - *done);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return -ENODATA;
        *done += (size_t)n;
    }
    return 0;
}

bide_async int bide__any_write_all(bide_stream *stream, const void *data, size_t size, size_t *done)
{
    size_t own = 0;
    if (done == NULL)
        done = &own;
    bide__stream_hold(stream);
    bide_defer {
        bide__stream_let_go(stream);
    }
    while (*done < size) {
        const char *rest = (const char *)data + *done;
        ssize_t n = bide_await bide_stream_write(stream, rest, size - *done);
        if (n < 0)
            return (int)n;
        *done += (size_t)n;
    }
    return 0;
}

/* ---- several pieces ---- */

bide_async ssize_t bide__any_readv(bide_stream *stream, const struct iovec *pieces, size_t count);
bide_async ssize_t bide__any_writev(bide_stream *stream, const struct iovec *pieces, size_t count);

/* The first that is not empty. */
static struct iovec first_of(const struct iovec *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pieces[i].iov_len > 0)
            return pieces[i];
    return (struct iovec){0};
}

bide_async ssize_t bide__any_readv(bide_stream *stream, const struct iovec *pieces, size_t count)
{
    struct iovec first = first_of(pieces, count);
    return bide_await bide_stream_read(stream, first.iov_base, first.iov_len);
}

bide_async ssize_t bide__any_writev(bide_stream *stream, const struct iovec *pieces, size_t count)
{
    struct iovec first = first_of(pieces, count);
    return bide_await bide_stream_write(stream, first.iov_base, first.iov_len);
}

/* So many are passed to a call at once when some bytes of the first have been written. */
enum { WINDOW = 8 };

size_t bide__pieces_after(const struct iovec *pieces, size_t count, size_t done,
                          struct iovec *window, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < most; i++) {
        size_t skipped = done < pieces[i].iov_len ? done : pieces[i].iov_len;
        done -= skipped;
        if (skipped < pieces[i].iov_len)
            window[n++] =
                (struct iovec){(char *)pieces[i].iov_base + skipped, pieces[i].iov_len - skipped};
    }
    return n;
}

/* Passes over the pieces that have been written. Returns how many bytes of the first of the others
 * have been, too. */
static size_t pass_over(const struct iovec **pieces, size_t *count, size_t done)
{
    while (*count > 0 && done >= (*pieces)->iov_len) {
        done -= (*pieces)->iov_len;
        ++*pieces;
        --*count;
    }
    return *count > 0 ? done : 0;
}

bide_async int bide_stream_writev_all(bide_stream *stream, const struct iovec *pieces, size_t count,
                                      size_t *done)
{
    struct iovec window[WINDOW];
    size_t own = 0;
    if (done == NULL)
        done = &own;
    bide__stream_hold(stream);
    bide_defer {
        bide__stream_let_go(stream);
    }
    size_t within = pass_over(&pieces, &count, *done);
    while (count > 0) {
        ssize_t n;
        if (within > 0) {
            size_t some = bide__pieces_after(pieces, count, within, window, WINDOW);
            n = bide_await bide_stream_writev(stream, window, some);
        } else {
            n = bide_await bide_stream_writev(stream, pieces, count);
        }
        if (n < 0)
            return (int)n;
        *done += (size_t)n;
        within = pass_over(&pieces, &count, within + (size_t)n);
    }
    return 0;
}
