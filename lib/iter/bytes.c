/*
 * lib/iter/bytes.c: iterators of bytes, in terms of readers; and streams that read an iterator.
 *
 * A read may wait while the stream is closed; it holds the object, and whoever lets go last drops
 * the iterator, so never while a bide_next is under way.
 */
#include "lib/async.h"

#include "lib/io/stream.h"
#include "lib/sync/wait.h"

#include <bide/iter.h>

/* ---- the items of bide_iter_of_reader and bide_iter_of_frames (call.c) ---- */

bide_async int bide__reader_next(bide_reader *reader, bide_bytes *item);
bide_async int bide__reader_next_frame(bide_reader *reader, bide_bytes *item,
                                       const bide_codec *codec);

bide_async int bide__reader_next(bide_reader *reader, bide_bytes *item)
{
    int r = bide_await bide_reader_peek(reader, 1, &item->data, &item->size);
    if (r == 1)
        item->size = bide_reader_consume(reader, item->size);
    return r;
}

bide_async int bide__reader_next_frame(bide_reader *reader, bide_bytes *item,
                                       const bide_codec *codec)
{
    return bide_await bide_reader_frame(reader, codec, &item->data, &item->size);
}

/* ---- a stream of an iterator ---- */

struct bytes_stream {
    bide_stream base;
    uint32_t lock; /* of these two */
    unsigned holders;
    bool closed;
    bide_iter(bide_bytes) it;
    bide_bytes rest; /* of the last item */
};

static struct bytes_stream *of(bide_stream *stream)
{
    return (struct bytes_stream *)(void *)stream;
}

static void bytes_hold(bide_stream *stream)
{
    struct bytes_stream *s = of(stream);
    lock_take(&s->lock);
    s->holders++;
    lock_give(&s->lock);
}

static bool is_closed(struct bytes_stream *s)
{
    lock_take(&s->lock);
    bool closed = s->closed;
    lock_give(&s->lock);
    return closed;
}

static void let_go(struct bytes_stream *s)
{
    lock_take(&s->lock);
    bool last = --s->holders == 0;
    lock_give(&s->lock);
    if (!last)
        return;
    bide_iter_drop(s->it);
    bide__free(s, sizeof *s);
}

bide_async ssize_t bide__iter_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__iter_write(bide_stream *stream, const void *data, size_t size);

bide_async ssize_t bide__iter_read(bide_stream *stream, void *buffer, size_t size)
{
    struct bytes_stream *s = of(stream);
    bytes_hold(stream);
    bide_defer {
        let_go(s);
    }
    bide_await bide__turn();
    if (is_closed(s))
        return -EBADF;
    while (s->rest.size == 0 && size > 0) {
        int r = bide_await bide_next(s->it, &s->rest);
        if (r <= 0) {
            s->rest.size = 0;
            return r;
        }
    }
    if (size > s->rest.size)
        size = s->rest.size;
    if (size > 0)
        memcpy(buffer, s->rest.data, size);
    s->rest.data += size;
    s->rest.size -= size;
    return (ssize_t)size;
}

bide_async ssize_t bide__iter_write(bide_stream *stream, const void *data, size_t size)
{
    (void)stream, (void)data;
    bide_await bide__turn();
    return size > 0 ? -EBADF : 0;
}

static int no_shutdown(bide_stream *stream)
{
    (void)stream;
    return -ENOTSOCK;
}

static void bytes_close(bide_stream *stream)
{
    struct bytes_stream *s = of(stream);
    lock_take(&s->lock);
    s->closed = true;
    lock_give(&s->lock);
    let_go(s);
}

static void bytes_let_go(bide_stream *stream)
{
    let_go(of(stream));
}

static int no_fd(const bide_stream *stream)
{
    (void)stream;
    return -EBADF;
}

static const struct bide__stream_ops bytes_ops = {
    .read = &bide__desc_bide__iter_read,
    .write = &bide__desc_bide__iter_write,
    .read_exactly = &bide__desc_bide__any_read_exactly,
    .write_all = &bide__desc_bide__any_write_all,
    .readv = &bide__desc_bide__any_readv,
    .writev = &bide__desc_bide__any_writev,
    .shutdown = no_shutdown,
    .shutdown_read = no_shutdown,
    .close = bytes_close,
    .hold = bytes_hold,
    .let_go = bytes_let_go,
    .fd = no_fd,
};

int bide_stream_of_iter(bide_iter(bide_bytes) it, bide_stream **stream)
{
    struct bytes_stream *s = bide__alloc(sizeof *s);
    *stream = NULL;
    if (s == NULL) {
        bide_iter_drop(it);
        return -ENOMEM;
    }
    *s = (struct bytes_stream){.base.ops = &bytes_ops, .holders = 1, .it = it};
    *stream = &s->base;
    return 0;
}
