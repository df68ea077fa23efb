/*
 * lib/io/take.c: bide_stream_take_fd. The driver may be receiving for the stream; it is told to
 * stop, and that is waited for by looking again.
 */
#include "lib/async.h"

#include "lib/io/stream.h"

bide_async void bide__fd_look_again(unsigned n);

bide_async ssize_t bide_stream_take_fd(bide_stream *stream, void *ahead, size_t size, int *fd)
{
    struct bide__fd *registration = bide__fd_stream_registration(stream);
    *fd = -1;
    if (registration == NULL)
        return -EBADF;
    ssize_t r = bide__fd_refusal(registration, "bide_stream_take_fd");
    if (r < 0)
        return r;
    bide_await bide__turn();
    for (unsigned n = 0; (r = bide__fd_leave_begin(registration)) > 0; n++)
        bide_await bide__fd_look_again(n);
    int own = bide__fd_stream_own(stream);
    if (r == 0)
        r = bide__fd_leave(registration, ahead, size);
    if (r >= 0)
        *fd = bide__fd_stream_dissolve(stream, own);
    return r;
}
