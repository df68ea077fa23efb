/*
 * lib/io/split.c: the two halves of a stream, which are streams.
 *
 * Both are in one block with a pointer to the whole stream. A half has no operations of its own:
 * their start functions start those of the whole stream for the awaiting frame, as
 * bide_stream_read does. So a call that waits knows nothing of the half, which may be closed
 * meanwhile; the close shuts the direction down, and that ends the call. The half that is closed
 * last closes the whole. Who holds a half holds the whole and the block.
 */
#include "lib/leaf.h"

#include "lib/io/stream.h"

#include <stdatomic.h>

struct half {
    bide_stream base;
    struct split *split;
};

struct split {
    bide_stream *whole;
    _Atomic uint32_t open;    /* halves */
    _Atomic uint32_t holders; /* these, and who holds one */
    struct half reader, writer;
};

static struct half *of(const bide_stream *stream)
{
    return (struct half *)(uintptr_t)stream;
}

static bide_stream *whole_of(const bide_stream *half)
{
    return of(half)->split->whole;
}

/* ---- operations ---- */

/* An operation of a half, which is that of the whole, or the one that refuses. */
#define FORWARD(T, name, ...)                                                                   \
    enum bide_poll bide__start_bide_stream_##name(struct bide_cx *, struct bide_frame *,        \
                                                  T *BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__)); \
    static enum bide_poll start_##name(struct bide_cx *cx_, struct bide_frame *parent_,         \
                                       T *result_ BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__))     \
    {                                                                                           \
        stream = whole_of(stream);                                                              \
        return bide__start_bide_stream_##name(cx_, parent_,                                     \
                                              result_ BIDE__MORE(BIDE__NAME, __VA_ARGS__));     \
    }                                                                                           \
    static enum bide_poll refuse_##name(struct bide_cx *cx_, struct bide_frame *parent_,        \
                                        T *result_ BIDE__MORE(BIDE__PARAMETER, __VA_ARGS__))    \
    {                                                                                           \
        BIDE__EACH(UNUSED, __VA_ARGS__)                                                         \
        if (result_ != NULL)                                                                    \
            *result_ = -EBADF;                                                                  \
        return bide_frame_skip(cx_, parent_, result_);                                          \
    }                                                                                           \
    static const struct bide_fn fn_##name = {.start = (void (*)(void))start_##name,             \
                                             .version = BIDE_FN_VERSION};                       \
    static const struct bide_fn not_##name = {.start = (void (*)(void))refuse_##name,           \
                                              .version = BIDE_FN_VERSION}

#define UNUSED(T, name) (void)name;

FORWARD(ssize_t, read, (bide_stream *, stream), (void *, buffer), (size_t, size));
FORWARD(ssize_t, write, (bide_stream *, stream), (const void *, data), (size_t, size));
FORWARD(int, read_exactly, (bide_stream *, stream), (void *, buffer), (size_t, size),
        (size_t *, done));
FORWARD(int, write_all, (bide_stream *, stream), (const void *, data), (size_t, size),
        (size_t *, done));
FORWARD(ssize_t, readv, (bide_stream *, stream), (const struct iovec *, pieces), (size_t, count));
FORWARD(ssize_t, writev, (bide_stream *, stream), (const struct iovec *, pieces), (size_t, count));

static int half_shutdown(bide_stream *stream)
{
    return bide_stream_shutdown(whole_of(stream));
}

static int half_shutdown_read(bide_stream *stream)
{
    return bide_stream_shutdown_read(whole_of(stream));
}

static int half_refuse(bide_stream *stream)
{
    (void)stream;
    return -EBADF;
}

static ssize_t half_try_write(bide_stream *stream, const void *data, size_t size)
{
    return bide__stream_try_write(whole_of(stream), data, size);
}

static int half_fd(const bide_stream *stream)
{
    return bide__stream_fd(whole_of(stream));
}

static void let_go(struct split *p)
{
    if (atomic_fetch_sub_explicit(&p->holders, 1, memory_order_acq_rel) == 1)
        bide__free(p, sizeof *p);
}

static void half_close(bide_stream *stream)
{
    struct split *p = of(stream)->split;

    if (of(stream) == &p->reader)
        (void)bide_stream_shutdown_read(p->whole);
    else
        (void)bide_stream_shutdown(p->whole);
    if (atomic_fetch_sub_explicit(&p->open, 1, memory_order_acq_rel) == 1)
        bide_stream_close(p->whole);
    let_go(p);
}

static void half_hold(bide_stream *stream)
{
    struct split *p = of(stream)->split;
    atomic_fetch_add_explicit(&p->holders, 1, memory_order_relaxed);
    bide__stream_hold(p->whole);
}

static void half_let_go(bide_stream *stream)
{
    struct split *p = of(stream)->split;
    bide__stream_let_go(p->whole);
    let_go(p);
}

static const struct bide__stream_ops reader_ops = {
    .read = &fn_read,
    .write = &not_write,
    .read_exactly = &fn_read_exactly,
    .write_all = &not_write_all,
    .readv = &fn_readv,
    .writev = &not_writev,
    .shutdown = half_refuse,
    .shutdown_read = half_shutdown_read,
    .close = half_close,
    .hold = half_hold,
    .let_go = half_let_go,
    .fd = half_fd,
};

static const struct bide__stream_ops writer_ops = {
    .read = &not_read,
    .write = &fn_write,
    .read_exactly = &not_read_exactly,
    .write_all = &fn_write_all,
    .readv = &not_readv,
    .writev = &fn_writev,
    .shutdown = half_shutdown,
    .shutdown_read = half_refuse,
    .close = half_close,
    .hold = half_hold,
    .let_go = half_let_go,
    .fd = half_fd,
    .try_write = half_try_write,
};

bide_stream *bide__stream_reader_whole(bide_stream *stream)
{
    return stream->ops == &reader_ops ? whole_of(stream) : stream;
}

const bide_stream *bide__stream_whole(const bide_stream *stream)
{
    return stream->ops == &reader_ops || stream->ops == &writer_ops ? whole_of(stream) : stream;
}

int bide_stream_split(bide_stream *stream, bide_stream **reader, bide_stream **writer)
{
    int fd = bide__stream_fd(stream), type;
    socklen_t size = sizeof type;

    *reader = *writer = NULL;
    /* What is no socket cannot be shut down, which is how a half is closed. */
    int r = fd >= 0 ? bide__door.getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) : 0;
    if (r < 0)
        return r;
    if (stream->ops == &reader_ops || stream->ops == &writer_ops)
        return -EINVAL;
    struct split *p = bide__alloc(sizeof *p);
    if (p == NULL)
        return -ENOMEM;
    *p = (struct split){stream, 2, 2, {{&reader_ops}, p}, {{&writer_ops}, p}};
    *reader = &p->reader.base;
    *writer = &p->writer.base;
    return 0;
}
