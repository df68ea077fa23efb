/*
 * lib/io/stream.c: the calls through a stream.
 *
 * They are forwarders (lib/forward.h): their start functions start the stream's own function for
 * the awaiting frame, so that awaiting through a stream costs an indirect call and no frame.
 *
 * Their descriptors name the functions of streams on descriptors as callees, so tasks have a
 * reserve for those. A pair in memory needs more, so it uses a segment while it waits.
 */
#include "lib/forward.h"

#include "lib/io/stream.h"

void bide_stream_close(bide_stream *stream)
{
    if (stream != NULL)
        stream->ops->close(stream);
}

void bide__stream_hold(bide_stream *stream)
{
    stream->ops->hold(stream);
}

void bide__stream_let_go(bide_stream *stream)
{
    stream->ops->let_go(stream);
}

int bide__stream_fd(const bide_stream *stream)
{
    return stream->ops->fd(stream);
}

struct bide__fd *bide__stream_registration(const bide_stream *stream)
{
    return bide__fd_stream_registration(bide__stream_whole(stream));
}

int bide_stream_fd(const bide_stream *stream)
{
    struct bide__fd *registration = bide__stream_registration(stream);
    if (registration != NULL)
        bide__fd_show(registration);
    return bide__stream_fd(stream);
}

int bide_stream_shutdown(bide_stream *stream)
{
    return stream->ops->shutdown(stream);
}

int bide_stream_shutdown_read(bide_stream *stream)
{
    return stream->ops->shutdown_read(stream);
}

ssize_t bide__stream_try_write(bide_stream *stream, const void *data, size_t size)
{
    return stream->ops->try_write != NULL ? stream->ops->try_write(stream, data, size) : -EAGAIN;
}

bool bide__stream_shutdown_ends(const bide_stream *stream)
{
    return stream->ops->shutdown_ends || bide__fd_stream_socket(stream) != NULL;
}

/* T fn_(parameters), which starts the operation `member` of its stream; that of streams on
 * descriptors is `callee`. */
#define FORWARD(T, fn_, member, callee, ...)                                              \
    typedef enum bide_poll start_##member(struct bide_cx *, struct bide_frame *,          \
                                          T *BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__));   \
    start_##member bide__start_##fn_;                                                     \
                                                                                          \
    enum bide_poll bide__start_##fn_(struct bide_cx *cx_, struct bide_frame *parent_,     \
                                     T *result_ BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__)) \
    {                                                                                     \
        start_##member *start_ = (start_##member *)stream->ops->member->start;            \
        return start_(cx_, parent_, result_ BIDE__MORE(BIDE__NAME, __VA_ARGS__));         \
    }                                                                                     \
    BIDE__FORWARD(T, fn_, callee, __VA_ARGS__)

FORWARD(ssize_t, bide_stream_read, read, bide__desc_bide__fd_stream_read, (bide_stream *, stream),
        (void *, buffer), (size_t, size));
FORWARD(ssize_t, bide_stream_write, write, bide__desc_bide__fd_stream_write,
        (bide_stream *, stream), (const void *, data), (size_t, size));
FORWARD(int, bide_stream_read_exactly, read_exactly, bide__desc_bide__fd_stream_read_exactly,
        (bide_stream *, stream), (void *, buffer), (size_t, size), (size_t *, done));
FORWARD(int, bide_stream_write_all, write_all, bide__desc_bide__fd_stream_write_all,
        (bide_stream *, stream), (const void *, data), (size_t, size), (size_t *, done));
FORWARD(ssize_t, bide_stream_readv, readv, bide__desc_bide__fd_stream_readv,
        (bide_stream *, stream), (const struct iovec *, pieces), (size_t, count));
FORWARD(ssize_t, bide_stream_writev, writev, bide__desc_bide__fd_stream_writev,
        (bide_stream *, stream), (const struct iovec *, pieces), (size_t, count));
