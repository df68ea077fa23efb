/*
 * lib/io/all.c: reading and writing a number of bytes, for streams that have no better way. *done,
 * which belongs to the caller, counts all that has happened and is up to date at each suspension,
 * so there is nothing to undo.
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
    while (*done < size) {
        const char *rest = (const char *)data + *done;
        ssize_t n = bide_await bide_stream_write(stream, rest, size - *done);
        if (n < 0)
            return (int)n;
        *done += (size_t)n;
    }
    return 0;
}
