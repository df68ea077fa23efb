/*
 * lib/io/writer_run.c: calls on a writer that have to write to its stream. See writer.h.
 */
#include "lib/async.h"

#include "lib/io/writer.h"

bide_async int bide__writer_run(bide_writer *writer, struct bide__put put);

bide_async int bide__writer_run(bide_writer *writer, struct bide__put put)
{
    struct iovec window[BIDE__WRITER_WINDOW];
    size_t own = 0;
    int r = bide__writer_begin(writer);
    if (r < 0)
        return r;
    bide_defer {
        bide__writer_end(writer);
    }
    if (put.done == NULL)
        put.done = &own;
    bide_await bide__turn();
    while (!bide__writer_is_freed(writer)) {
        r = bide__writer_put(writer, &put);
        if (r != -EAGAIN)
            return r;
        size_t count = bide__writer_pieces(writer, &put, window);
        ssize_t n;
        if (count == 1)
            n = bide_await bide_stream_write(bide__writer_stream(writer), window[0].iov_base,
                                             window[0].iov_len);
        else
            n = bide_await bide_stream_writev(bide__writer_stream(writer), window, count);
        if (n < 0)
            return (int)n;
        bide__writer_wrote(writer, &put, (size_t)n);
    }
    return -EBADF;
}
