/*
 * lib/io/made.c: streams that are made of other streams, or of nothing. See bide/io.h.
 *
 * One struct serves all kinds. A read may wait in another stream while this one is closed, and
 * counts what it got afterwards: so it holds the object, which is freed when nobody does. What only
 * passes a call on does not touch the object again. Who holds the object from outside (stream.h)
 * holds the streams in it, too.
 */
#include "lib/async.h"

#include "lib/io/stream.h"
#include "lib/sync/wait.h"

struct made {
    bide_stream base;
    uint32_t lock; /* of these two */
    unsigned holders;
    bool closed;
    bool is_at_second; /* chain */
    union {
        bide_stream *inner; /* limit; the first of a chain; what is read of a join */
        const char *data;   /* bytes */
        unsigned char byte; /* repeat */
    };
    union {
        uint64_t left;       /* limit, bytes */
        bide_stream *second; /* chain; join: what is written */
    };
};

static struct made *of(const bide_stream *stream)
{
    return (struct made *)(uintptr_t)stream;
}

static struct made *hold(bide_stream *stream)
{
    struct made *m = of(stream);
    lock_take(&m->lock);
    m->holders++;
    lock_give(&m->lock);
    return m;
}

static void let_go(struct made *m)
{
    lock_take(&m->lock);
    bool last = --m->holders == 0;
    lock_give(&m->lock);
    if (last)
        bide__free(m, sizeof *m);
}

/* After the close only calls that began before it touch the streams in it. */
static bool is_closed(bide_stream *stream)
{
    struct made *m = of(stream);
    lock_take(&m->lock);
    bool closed = m->closed;
    lock_give(&m->lock);
    return closed;
}

/* ---- reading ---- */

bide_async ssize_t bide__limit_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__chain_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__bytes_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__null_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__repeat_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__join_read(bide_stream *stream, void *buffer, size_t size);

bide_async ssize_t bide__limit_read(bide_stream *stream, void *buffer, size_t size)
{
    struct made *m = hold(stream);
    bide_defer {
        let_go(m);
    }
    if (is_closed(stream))
        return -EBADF;
    if (size > m->left)
        size = (size_t)m->left;
    ssize_t n = bide_await bide_stream_read(m->inner, buffer, size);
    if (n > 0)
        m->left -= (uint64_t)n;
    return n;
}

bide_async ssize_t bide__chain_read(bide_stream *stream, void *buffer, size_t size)
{
    struct made *m = hold(stream);
    bide_defer {
        let_go(m);
    }
    if (is_closed(stream))
        return -EBADF;
    if (!m->is_at_second) {
        ssize_t n = bide_await bide_stream_read(m->inner, buffer, size);
        if (n != 0 || size == 0)
            return n;
        if (is_closed(stream)) /* while it waited: the second may be gone */
            return -EBADF;
        m->is_at_second = true;
    }
    return bide_await bide_stream_read(m->second, buffer, size);
}

bide_async ssize_t bide__bytes_read(bide_stream *stream, void *buffer, size_t size)
{
    struct made *m = hold(stream);
    bide_defer {
        let_go(m);
    }
    bide_await bide__turn();
    if (is_closed(stream))
        return -EBADF;
    if (size > m->left)
        size = (size_t)m->left;
    if (size > 0)
        memcpy(buffer, m->data, size);
    m->data += size;
    m->left -= size;
    return (ssize_t)size;
}

bide_async ssize_t bide__null_read(bide_stream *stream, void *buffer, size_t size)
{
    (void)stream, (void)buffer, (void)size;
    bide_await bide__turn();
    return 0;
}

bide_async ssize_t bide__repeat_read(bide_stream *stream, void *buffer, size_t size)
{
    unsigned char byte = of(stream)->byte;
    bide_await bide__turn();
    if (size > 0)
        memset(buffer, byte, size);
    return (ssize_t)size;
}

bide_async ssize_t bide__join_read(bide_stream *stream, void *buffer, size_t size)
{
    return bide_await bide_stream_read(of(stream)->inner, buffer, size);
}

/* ---- writing ---- */

bide_async ssize_t bide__limit_write(bide_stream *stream, const void *data, size_t size);
bide_async ssize_t bide__join_write(bide_stream *stream, const void *data, size_t size);
bide_async ssize_t bide__null_write(bide_stream *stream, const void *data, size_t size);
bide_async ssize_t bide__no_write(bide_stream *stream, const void *data, size_t size);

bide_async ssize_t bide__limit_write(bide_stream *stream, const void *data, size_t size)
{
    if (is_closed(stream))
        return -EBADF;
    return bide_await bide_stream_write(of(stream)->inner, data, size);
}

bide_async ssize_t bide__join_write(bide_stream *stream, const void *data, size_t size)
{
    return bide_await bide_stream_write(of(stream)->second, data, size);
}

bide_async ssize_t bide__null_write(bide_stream *stream, const void *data, size_t size)
{
    (void)stream, (void)data;
    bide_await bide__turn();
    return (ssize_t)size;
}

bide_async ssize_t bide__no_write(bide_stream *stream, const void *data, size_t size)
{
    (void)stream, (void)data;
    bide_await bide__turn();
    return size > 0 ? -EBADF : 0;
}

/* ---- the ends ---- */

static int limit_shutdown(bide_stream *stream)
{
    return bide_stream_shutdown(of(stream)->inner);
}

static int limit_shutdown_read(bide_stream *stream)
{
    return bide_stream_shutdown_read(of(stream)->inner);
}

static int join_shutdown(bide_stream *stream)
{
    return bide_stream_shutdown(of(stream)->second);
}

static int no_shutdown(bide_stream *stream)
{
    (void)stream;
    return -ENOTSOCK;
}

static void made_close(bide_stream *stream)
{
    struct made *m = of(stream);
    lock_take(&m->lock);
    m->closed = true;
    lock_give(&m->lock);
    let_go(m);
}

static void join_close(bide_stream *stream)
{
    bide_stream_close(of(stream)->inner);
    bide_stream_close(of(stream)->second);
    let_go(of(stream));
}

/* Of bytes, of nothing, and of what does not end. */
static void made_hold(bide_stream *stream)
{
    (void)hold(stream);
}

static void made_let_go(bide_stream *stream)
{
    let_go(of(stream));
}

static void limit_hold(bide_stream *stream)
{
    bide__stream_hold(hold(stream)->inner);
}

static void limit_let_go(bide_stream *stream)
{
    bide__stream_let_go(of(stream)->inner);
    let_go(of(stream));
}

static void both_hold(bide_stream *stream)
{
    bide__stream_hold(of(stream)->second);
    limit_hold(stream);
}

static void both_let_go(bide_stream *stream)
{
    bide__stream_let_go(of(stream)->second);
    limit_let_go(stream);
}

static int no_fd(const bide_stream *stream)
{
    (void)stream;
    return -EBADF;
}

static ssize_t limit_try_write(bide_stream *stream, const void *data, size_t size)
{
    return bide__stream_try_write(of(stream)->inner, data, size);
}

static ssize_t join_try_write(bide_stream *stream, const void *data, size_t size)
{
    return bide__stream_try_write(of(stream)->second, data, size);
}

/* ---- the kinds ---- */

#define OPS(reads, writes, shuts, shuts_read, closes, holds, tries)                             \
    {                                                                                           \
        .read = &bide__desc_bide__##reads##_read, .write = &bide__desc_bide__##writes##_write,  \
        .read_exactly = &bide__desc_bide__any_read_exactly,                                     \
        .write_all = &bide__desc_bide__any_write_all, .readv = &bide__desc_bide__any_readv,     \
        .writev = &bide__desc_bide__any_writev, .shutdown = shuts, .shutdown_read = shuts_read, \
        .close = closes, .hold = holds##_hold, .let_go = holds##_let_go, .fd = no_fd,           \
        .try_write = tries,                                                                     \
    }

static const struct bide__stream_ops
    limit_ops =
        OPS(limit, limit, limit_shutdown, limit_shutdown_read, made_close, limit, limit_try_write),
    chain_ops = OPS(chain, no, no_shutdown, no_shutdown, made_close, both, NULL),
    bytes_ops = OPS(bytes, no, no_shutdown, no_shutdown, made_close, made, NULL),
    null_ops = OPS(null, null, no_shutdown, no_shutdown, made_close, made, NULL),
    repeat_ops = OPS(repeat, null, no_shutdown, no_shutdown, made_close, made, NULL),
    join_ops =
        OPS(join, join, join_shutdown, limit_shutdown_read, join_close, both, join_try_write);

/* NULL: no memory. */
static struct made *new_made(const struct bide__stream_ops *ops, bide_stream **stream)
{
    struct made *m = bide__alloc(sizeof *m);
    *stream = NULL;
    if (m == NULL)
        return NULL;
    *m = (struct made){.base.ops = ops, .holders = 1};
    *stream = &m->base;
    return m;
}

int bide_stream_limit(bide_stream *stream, uint64_t most, bide_stream **limited)
{
    struct made *m = new_made(&limit_ops, limited);
    if (m == NULL)
        return -ENOMEM;
    m->inner = stream;
    m->left = most;
    return 0;
}

int bide_stream_chain(bide_stream *first, bide_stream *second, bide_stream **chain)
{
    struct made *m = new_made(&chain_ops, chain);
    if (m == NULL)
        return -ENOMEM;
    m->inner = first;
    m->second = second;
    return 0;
}

int bide_stream_join(bide_stream *reader, bide_stream *writer, bide_stream **joined)
{
    *joined = NULL;
    if (reader == writer)
        return -EINVAL;
    struct made *m = new_made(&join_ops, joined);
    if (m == NULL)
        return -ENOMEM;
    m->inner = reader;
    m->second = writer;
    return 0;
}

int bide_stream_of_bytes(const void *data, size_t size, bide_stream **stream)
{
    struct made *m = new_made(&bytes_ops, stream);
    if (m == NULL)
        return -ENOMEM;
    m->data = data;
    m->left = size;
    return 0;
}

int bide_stream_null(bide_stream **stream)
{
    return new_made(&null_ops, stream) != NULL ? 0 : -ENOMEM;
}

int bide_stream_repeat(unsigned char byte, bide_stream **stream)
{
    struct made *m = new_made(&repeat_ops, stream);
    if (m == NULL)
        return -ENOMEM;
    m->byte = byte;
    return 0;
}
