/*
 * lib/io/vector.c: reading into several pieces of memory, and writing several, on descriptors.
 *
 * The leaves are like those of fd.c, which says how they refer to their registration. They make one
 * call for all pieces, up to as many as the kernel takes at once. A connection that receives ahead
 * fills the pieces from what it has. The driver never sends pieces: a write that would block waits
 * until it can write, so when it is cancelled nothing has been written.
 *
 * A descriptor that must be asked before each call (foreign.h) transfers its first piece only.
 */
#include "lib/leaf.h"

#include "lib/io/pipe.h"
#include "lib/io/stream.h"

#include <limits.h>

/* stream: only before it begins. */
struct vector {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            bide_stream *stream;
        };
    };
    const struct iovec *pieces;
    size_t count;
};

/* Empty pieces at the beginning are left out. False: there is nothing to transfer. */
static bool begin(struct vector *f, uint32_t direction)
{
    bide__fd_stream_begin(&f->leaf, f->stream, direction);
    while (f->count > 0 && f->pieces->iov_len == 0) {
        f->pieces++;
        f->count--;
    }
    if (f->count > IOV_MAX)
        f->count = IOV_MAX;
    return f->count > 0;
}

static enum bide__fd_way way_of(const struct vector *f)
{
    return (f->h.state & BIDE__FD_MARKS) / BIDE__FD_MARK;
}

/* What it can take without waiting. */
static ssize_t ask_and_call(const struct vector *f, int fd, uint32_t direction)
{
    const struct iovec *first = f->pieces;
    int r = bide__fd_ask(fd, direction);
    if (r <= 0)
        return r < 0 ? r : -EAGAIN;
    if (direction == BIDE__READ)
        return bide__door.read(fd, first->iov_base, first->iov_len);
    return bide__door.write(fd, first->iov_base, bide__fd_piece(way_of(f), first->iov_len));
}

static ssize_t call(const struct vector *f, int fd, uint32_t direction)
{
    bool reads = direction == BIDE__READ;
    int count = (int)f->count;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)f->pieces,
                             .msg_iovlen = f->count};
    switch (way_of(f)) {
    case BIDE__FD_SOCKET:
        return reads ? bide__door.recvmsg(fd, &message, MSG_DONTWAIT)
                     : bide__door.sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    case BIDE__FD_OWN_PIPE:
        return reads ? bide__pipe_readv(fd, f->pieces, count)
                     : bide__door.writev_quiet(fd, f->pieces, count);
    case BIDE__FD_PLAIN:
        return reads ? bide__door.readv(fd, f->pieces, count)
                     : bide__door.writev(fd, f->pieces, count);
    default: return ask_and_call(f, fd, direction);
    }
}

/* A short read leaves nothing, if the call was really made (see bide__recv_is_real). */
static int outcome(const struct vector *f, ssize_t n)
{
    size_t size = 0;
    if (n == -EAGAIN)
        return BIDE__BLOCKS;
    if (n <= 0 || bide__door.recvmsg != bide__door_real.recvmsg)
        return BIDE__CALLED;
    for (size_t i = 0; i < f->count; i++)
        size += f->pieces[i].iov_len;
    return (size_t)n < size ? BIDE__DRAINED : BIDE__CALLED;
}

/* The first piece was filled with what was received. */
static ssize_t fill_others(struct vector *f)
{
    size_t done = f->pieces[0].iov_len;
    for (size_t i = 1; i < f->count; i++) {
        size_t size = f->pieces[i].iov_len, n = 0;
        if (size > 0)
            n = bide__fd_leaf_receive_more(&f->leaf, f->pieces[i].iov_base, size);
        done += n;
        if (n < size)
            break;
    }
    return (ssize_t)done;
}

static bool has_read(struct bide_cx *cx, struct vector *f, ssize_t *n)
{
    const struct bide__fd_read read = {f->pieces[0].iov_base, f->pieces[0].iov_len, false};
    struct bide__fd_call ours;
    for (;;) {
        int r = bide__fd_leaf_receive(cx, &f->leaf, &read, n, &ours);
        if (r < 0)
            *n = r;
        if (r == 0 && *n > 0 && (size_t)*n == read.size)
            *n = fill_others(f);
        if (r != BIDE__FD_CALL)
            return r <= 0;
        *n = call(f, ours.fd, BIDE__READ);
        bide__fd_leaf_called(&f->leaf, &ours, outcome(f, *n));
        if (*n != -EAGAIN && *n != -EINTR)
            return true;
    }
}

static bool has_written(struct bide_cx *cx, struct vector *f, ssize_t *n)
{
    struct bide__fd_call ours;
    for (;;) {
        int r = bide__fd_leaf_look(cx, &f->leaf, &ours);
        *n = r;
        if (r != 0)
            return r < 0;
        *n = call(f, ours.fd, BIDE__WRITE);
        bide__fd_leaf_called(&f->leaf, &ours, *n == -EAGAIN ? BIDE__BLOCKS : BIDE__CALLED);
        if (*n == 0) /* as in fd.c */
            *n = -EIO;
        if (*n != -EAGAIN && *n != -EINTR)
            return true;
    }
}

static enum bide_poll readv_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct vector *f = (struct vector *)(void *)h;
    ssize_t n = 0;
    if (h->state == 0 && !begin(f, BIDE__READ))
        return bide__leaf_finish(cx, h, n);
    if (!has_read(cx, f, &n))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, n);
}

static enum bide_poll writev_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct vector *f = (struct vector *)(void *)h;
    ssize_t n = 0;
    if (h->state == 0 && !begin(f, BIDE__WRITE))
        return bide__leaf_finish(cx, h, n);
    if (!has_written(cx, f, &n))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, n);
}

static enum bide_answer vector_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

ssize_t bide__fd_stream_readv(bide_stream *stream, const struct iovec *pieces, size_t count);
ssize_t bide__fd_stream_writev(bide_stream *stream, const struct iovec *pieces, size_t count);

BIDE__LEAF(ssize_t, bide__fd_stream_readv, struct vector, readv_poll, vector_cancel,
           (bide_stream *, stream), (const struct iovec *, pieces), (size_t, count));
BIDE__LEAF(ssize_t, bide__fd_stream_writev, struct vector, writev_poll, vector_cancel,
           (bide_stream *, stream), (const struct iovec *, pieces), (size_t, count));
