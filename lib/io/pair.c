/*
 * lib/io/pair.c: pairs of streams in memory. Each direction has a ring, a notification for its
 * reader and one for its writer.
 *
 * A ring is touched only under the lock of its pair. An operation that cannot go on waits, outside
 * the lock, for the notification, which keeps one permit, so it does not miss a change between the
 * look and the wait. A cancelled wait passes its notification on, and bytes move only when an
 * operation is about to return, so nothing is lost. The pair is freed when both ends are closed and
 * the last operation has ended: an operation that waits while its own end is closed notices that
 * and returns -EBADF.
 */
#include "lib/async.h"

#include "lib/io/stream.h"
#include "lib/sync/wait.h"

#include <bide/lock.h>

struct ring {
    char *data;
    size_t first, count;
    bool no_reader, no_writer;
    bool reader_waits, writer_waits;
    bide_notify readable, writable;
};

struct end {
    bide_stream base;
    struct pair *pair;
    struct ring *in, *out;
    bool closed;
};

struct pair {
    uint32_t lock;
    unsigned holders; /* the open ends, the operations, and who holds an end (stream.h) */
    size_t capacity;
    struct ring ring[2];
    struct end end[2];
    char data[];
};

static struct end *of(bide_stream *stream)
{
    return (struct end *)(void *)stream;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct pair *hold(bide_stream *stream)
{
    struct pair *p = of(stream)->pair;
    lock_take(&p->lock);
    p->holders++;
    lock_give(&p->lock);
    return p;
}

static void let_go(struct pair *p)
{
    lock_take(&p->lock);
    bool last = --p->holders == 0;
    lock_give(&p->lock);
    if (last)
        bide__free(p, sizeof *p + 2 * p->capacity);
}

/* *waits is that of a ring's reader or writer, who comes. Returns 0 or -EBUSY: somebody waits. */
static int refuse_second(struct pair *p, const bool *waits)
{
    lock_take(&p->lock);
    int r = *waits ? -EBUSY : 0;
    lock_give(&p->lock);
    return r;
}

static void wait_is_over(struct pair *p, bool *waits)
{
    lock_take(&p->lock);
    *waits = false;
    lock_give(&p->lock);
}

/* Returns the number of bytes taken, 0 at the end of the stream, -EBADF if this end was closed, or
 * -EAGAIN if there is nothing at the moment: the reader waits, if it may. */
static ssize_t take_bytes(struct end *e, char *buffer, size_t size, bool may_wait)
{
    struct pair *p = e->pair;
    struct ring *r = e->in;
    size_t n = 0;
    lock_take(&p->lock);
    bool over = r->no_writer || r->no_reader, closed = e->closed;
    while (!closed && n < size && r->count > 0) {
        size_t part = least(least(size - n, r->count), p->capacity - r->first);
        memcpy(buffer + n, r->data + r->first, part);
        r->first = (r->first + part) % p->capacity;
        r->count -= part;
        n += part;
    }
    r->reader_waits |= may_wait && n == 0 && !closed && !over && size > 0;
    lock_give(&p->lock);
    if (closed)
        return -EBADF;
    if (n == 0)
        return over || size == 0 ? 0 : -EAGAIN;
    bide_notify_one(&r->writable);
    return (ssize_t)n;
}

/* Returns the number of bytes put in, -EPIPE if nobody will read them, -EBADF if this end was
 * closed, or -EAGAIN if there is no room at the moment: the writer waits, if it may. */
static ssize_t put_bytes(struct end *e, const char *data, size_t size, bool may_wait)
{
    struct pair *p = e->pair;
    struct ring *r = e->out;
    size_t n = 0;
    lock_take(&p->lock);
    bool closed = e->closed;
    bool over = r->no_reader || r->no_writer;
    while (!over && n < size && r->count < p->capacity) {
        size_t at = (r->first + r->count) % p->capacity;
        size_t part = least(least(size - n, p->capacity - r->count), p->capacity - at);
        memcpy(r->data + at, data + n, part);
        r->count += part;
        n += part;
    }
    r->writer_waits |= may_wait && n == 0 && !over && size > 0;
    lock_give(&p->lock);
    if (over)
        return closed ? -EBADF : -EPIPE;
    if (n == 0)
        return size == 0 ? 0 : -EAGAIN;
    bide_notify_one(&r->readable);
    return (ssize_t)n;
}

bide_async ssize_t bide__pair_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__pair_write(bide_stream *stream, const void *data, size_t size);
bide_async ssize_t bide__pair_readv(bide_stream *stream, const struct iovec *pieces, size_t count);
bide_async ssize_t bide__pair_writev(bide_stream *stream, const struct iovec *pieces, size_t count);

bide_async ssize_t bide__pair_read(bide_stream *stream, void *buffer, size_t size)
{
    struct pair *p = hold(stream);
    struct end *e = of(stream);
    struct ring *r = e->in;
    bide_defer {
        let_go(p);
    }
    bide_await bide__turn();
    if (refuse_second(p, &r->reader_waits) < 0)
        return -EBUSY;
    for (;;) {
        ssize_t n = take_bytes(e, buffer, size, true);
        if (n != -EAGAIN)
            return n;
        bide_defer {
            wait_is_over(p, &r->reader_waits);
        }
        int waited = bide_await bide_notify_wait(&r->readable);
        if (waited < 0)
            return waited;
    }
}

bide_async ssize_t bide__pair_write(bide_stream *stream, const void *data, size_t size)
{
    struct pair *p = hold(stream);
    struct end *e = of(stream);
    struct ring *r = e->out;
    bide_defer {
        let_go(p);
    }
    bide_await bide__turn();
    if (refuse_second(p, &r->writer_waits) < 0)
        return -EBUSY;
    for (;;) {
        ssize_t n = put_bytes(e, data, size, true);
        if (n != -EAGAIN)
            return n;
        bide_defer {
            wait_is_over(p, &r->writer_waits);
        }
        int waited = bide_await bide_notify_wait(&r->writable);
        if (waited < 0)
            return waited;
    }
}

/* ---- several pieces: the first may wait, the others take what is there ---- */

/* Leaves out the empty pieces at the beginning; returns the size of the first one. */
static size_t first_size(const struct iovec **pieces, size_t *count)
{
    while (*count > 0 && (*pieces)->iov_len == 0) {
        ++*pieces;
        --*count;
    }
    return *count > 0 ? (*pieces)->iov_len : 0;
}

static ssize_t take_piece(struct end *e, const struct iovec *piece)
{
    return take_bytes(e, piece->iov_base, piece->iov_len, false);
}

static ssize_t put_piece(struct end *e, const struct iovec *piece)
{
    return put_bytes(e, piece->iov_base, piece->iov_len, false);
}

/* Behind the first piece, of which `n` bytes were moved. Returns how many bytes of all were. */
static ssize_t move_others(struct end *e, const struct iovec *pieces, size_t count, ssize_t n,
                           ssize_t (*move)(struct end *, const struct iovec *))
{
    ssize_t part = n;
    for (size_t i = 0; i + 1 < count && part >= 0 && (size_t)part == pieces[i].iov_len; i++) {
        part = move(e, &pieces[i + 1]);
        n += part > 0 ? part : 0;
    }
    return n;
}

bide_async ssize_t bide__pair_readv(bide_stream *stream, const struct iovec *pieces, size_t count)
{
    struct pair *p = hold(stream);
    struct end *e = of(stream);
    bide_defer {
        let_go(p);
    }
    size_t first = first_size(&pieces, &count);
    ssize_t n = bide_await bide__pair_read(stream, count > 0 ? pieces->iov_base : NULL, first);
    return move_others(e, pieces, count, n, take_piece);
}

bide_async ssize_t bide__pair_writev(bide_stream *stream, const struct iovec *pieces, size_t count)
{
    struct pair *p = hold(stream);
    struct end *e = of(stream);
    bide_defer {
        let_go(p);
    }
    size_t first = first_size(&pieces, &count);
    ssize_t n = bide_await bide__pair_write(stream, count > 0 ? pieces->iov_base : NULL, first);
    return move_others(e, pieces, count, n, put_piece);
}

/* Sets a flag of the ring under the lock, and notifies outside it: notifications have locks of
 * their own. */
static void end_ring(struct pair *p, struct ring *r, bool *which)
{
    lock_take(&p->lock);
    *which = true;
    lock_give(&p->lock);
    bide_notify_one(&r->readable);
    bide_notify_one(&r->writable);
}

static int pair_shutdown(bide_stream *stream)
{
    struct end *e = of(stream);
    end_ring(e->pair, e->out, &e->out->no_writer);
    return 0;
}

static int pair_shutdown_read(bide_stream *stream)
{
    struct end *e = of(stream);
    end_ring(e->pair, e->in, &e->in->no_reader);
    return 0;
}

static void pair_close(bide_stream *stream)
{
    struct end *e = of(stream);
    struct pair *p = e->pair;
    lock_take(&p->lock);
    e->closed = true;
    lock_give(&p->lock);
    end_ring(p, e->out, &e->out->no_writer);
    end_ring(p, e->in, &e->in->no_reader);
    let_go(p);
}

static ssize_t pair_try_write(bide_stream *stream, const void *data, size_t size)
{
    return put_bytes(of(stream), data, size, false);
}

static void pair_hold(bide_stream *stream)
{
    (void)hold(stream);
}

static void pair_let_go(bide_stream *stream)
{
    let_go(of(stream)->pair);
}

static int pair_fd(const bide_stream *stream)
{
    (void)stream;
    return -EBADF;
}

static const struct bide__stream_ops pair_ops = {
    .read = &bide__desc_bide__pair_read,
    .write = &bide__desc_bide__pair_write,
    .read_exactly = &bide__desc_bide__any_read_exactly,
    .write_all = &bide__desc_bide__any_write_all,
    .readv = &bide__desc_bide__pair_readv,
    .writev = &bide__desc_bide__pair_writev,
    .shutdown = pair_shutdown,
    .shutdown_read = pair_shutdown_read,
    .close = pair_close,
    .hold = pair_hold,
    .let_go = pair_let_go,
    .fd = pair_fd,
    .try_write = pair_try_write,
    .shutdown_ends = true,
};

int bide_stream_pair(size_t capacity, bide_stream **one, bide_stream **other)
{
    *one = *other = NULL;
    if (capacity == 0 || capacity > PTRDIFF_MAX / 4)
        return -EINVAL;
    struct pair *p = bide__alloc(sizeof *p + 2 * capacity);
    if (p == NULL)
        return -ENOMEM;
    *p = (struct pair){.holders = 2, .capacity = capacity};
    for (int i = 0; i < 2; i++) {
        p->ring[i].data = p->data + (size_t)i * capacity;
        p->end[i] = (struct end){{&pair_ops}, p, &p->ring[i], &p->ring[1 - i], false};
    }
    *one = &p->end[0].base;
    *other = &p->end[1].base;
    return 0;
}
