/*
 * h1/upgrade.c: the connection becomes the handler's (RFC 9110, 7.8).
 *
 * If nothing has been read ahead, the handler gets the stream itself. Otherwise it gets one that
 * first reads what has been, and passes everything else on. The bytes are in one block with it.
 * Who holds it (lib/io/stream.h) holds the stream as well, whose calls then refuse after the close.
 */
#include "lib/async.h"

#include "extra/http/h1/async.h"

#include <stdatomic.h>

bide_async int bide__h1_upgrade(bide_http_exchange *x, const char *protocol, bide_stream **stream);
bide_async ssize_t bide__ahead_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__ahead_write(bide_stream *stream, const void *data, size_t size);
bide_async ssize_t bide__ahead_writev(bide_stream *stream, const struct iovec *pieces,
                                      size_t count);

struct ahead {
    bide_stream base;
    bide_stream *inner;
    _Atomic uint32_t holders; /* the owner, and calls */
    _Atomic bool closed;
    size_t begin, end;
    char data[];
};

static struct ahead *of(const bide_stream *stream)
{
    return (struct ahead *)(uintptr_t)stream;
}

bide_async ssize_t bide__ahead_read(bide_stream *stream, void *buffer, size_t size)
{
    struct ahead *a = of(stream);
    if (a->begin == a->end || atomic_load(&a->closed))
        return bide_await bide_stream_read(a->inner, buffer, size);
    if (size > a->end - a->begin)
        size = a->end - a->begin;
    if (size > 0)
        memcpy(buffer, a->data + a->begin, size);
    a->begin += size;
    return (ssize_t)size;
}

bide_async ssize_t bide__ahead_write(bide_stream *stream, const void *data, size_t size)
{
    return bide_await bide_stream_write(of(stream)->inner, data, size);
}

bide_async ssize_t bide__ahead_writev(bide_stream *stream, const struct iovec *pieces, size_t count)
{
    return bide_await bide_stream_writev(of(stream)->inner, pieces, count);
}

static int ahead_shutdown(bide_stream *stream)
{
    return bide_stream_shutdown(of(stream)->inner);
}

static int ahead_shutdown_read(bide_stream *stream)
{
    return bide_stream_shutdown_read(of(stream)->inner);
}

static void let_go_of(struct ahead *a)
{
    if (atomic_fetch_sub_explicit(&a->holders, 1, memory_order_acq_rel) == 1)
        bide__free(a, sizeof *a + a->end);
}

static void ahead_close(bide_stream *stream)
{
    struct ahead *a = of(stream);
    atomic_store(&a->closed, true);
    bide_stream_close(a->inner);
    let_go_of(a);
}

static void ahead_hold(bide_stream *stream)
{
    struct ahead *a = of(stream);
    atomic_fetch_add_explicit(&a->holders, 1, memory_order_relaxed);
    bide__stream_hold(a->inner);
}

static void ahead_let_go(bide_stream *stream)
{
    struct ahead *a = of(stream);
    bide__stream_let_go(a->inner);
    let_go_of(a);
}

/* What reads from the descriptor would miss what has been read. */
static int ahead_fd(const bide_stream *stream)
{
    (void)stream;
    return -EBADF;
}

static ssize_t ahead_try_write(bide_stream *stream, const void *data, size_t size)
{
    return bide__stream_try_write(of(stream)->inner, data, size);
}

extern const struct bide_fn bide__desc_bide__ahead_read, bide__desc_bide__ahead_write;
extern const struct bide_fn bide__desc_bide__ahead_writev;

static const struct bide__stream_ops ahead_ops = {
    .read = &bide__desc_bide__ahead_read,
    .write = &bide__desc_bide__ahead_write,
    .read_exactly = &bide__desc_bide__any_read_exactly,
    .write_all = &bide__desc_bide__any_write_all,
    .readv = &bide__desc_bide__any_readv,
    .writev = &bide__desc_bide__ahead_writev,
    .shutdown = ahead_shutdown,
    .shutdown_read = ahead_shutdown_read,
    .close = ahead_close,
    .hold = ahead_hold,
    .let_go = ahead_let_go,
    .fd = ahead_fd,
    .try_write = ahead_try_write,
};

/* The stream for the handler. */
static int make(struct bide__h1 *h, bide_stream **stream)
{
    struct bide__h1_kit *kit = h->kit;
    size_t size = kit->end - kit->begin;

    if (size == 0) {
        *stream = h->c->stream;
        return 0;
    }
    struct ahead *a = bide__alloc(sizeof *a + size);
    if (a == NULL)
        return -ENOMEM;
    *a = (struct ahead){.base.ops = &ahead_ops, .inner = h->c->stream, .holders = 1, .end = size};
    memcpy(a->data, kit->in + kit->begin, size);
    *stream = &a->base;
    return 0;
}

static bide_async int answer(struct bide__h1 *h, bide_http_exchange *x, const char *protocol)
{
    struct iovec pieces[2];
    x->reply.status = 101;
    int rc = bide__h1_upgrade_head(h, x, protocol, &pieces[1]);
    if (rc < 0)
        return rc;
    if (pieces[1].iov_len > 0)
        return bide_await bide__h1_send(h, pieces, 2);
    rc = bide__h1_flush_now(h);
    return rc != -EAGAIN ? rc : bide_await bide__h1_flush(h);
}

/* The handler closes the stream, and the exchange may be asked for the peer after that. */
static void let_go(struct bide__h1 *h, bide_http_exchange *x, bide_address *peer)
{
    int rc = bide_http_peer(x, peer);
    (void)rc; /* without an address its size is 0 */
    x->request.peer = peer;
    x->request.stream = x->request.transport = NULL;
    h->c->stream = NULL;
}

bide_async int bide__h1_upgrade(bide_http_exchange *x, const char *protocol, bide_stream **stream)
{
    struct bide__h1 *h = x->connection;
    bide_address *peer = bide_http_alloc(x, sizeof *peer);
    int rc = peer == NULL ? -ENOMEM : bide_await answer(h, x, protocol);
    if (rc < 0)
        return rc;
    bide_await bide__h1_gone_stop(h);
    rc = make(h, stream);
    if (rc == 0)
        let_go(h, x, peer);
    return rc;
}
