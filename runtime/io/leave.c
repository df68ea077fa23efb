/*
 * leave.c: a descriptor leaves its registration, and goes back to the caller with what was received
 * ahead.
 *
 * Receiving is stopped first: nobody has asked to read from then on (FD_ASKED), so it is not armed
 * again, and its last event may bring some more bytes. Readiness may still be watched at the end,
 * as when any descriptor that is the caller's is closed (fd.c).
 */
#include "runtime/io/registration.h"

/* With the lock. */
static bool is_used(const struct bide__fd *f)
{
    return f->waiters[0].waker.bits != 0 || f->waiters[1].waker.bits != 0 || f->sends > 0 ||
           f->calls > 0;
}

int bide__fd_leave_begin(struct bide__fd *f)
{
    unsigned receive = bit_of(BIDE__OP_RECEIVE);
    int r = 0;

    lock(f);
    if (is_used(f)) {
        r = -EBUSY;
    } else if (f->flags & BIDE__FD_RECEIVES) {
        f->flags &= (uint16_t)~FD_ASKED;
        if (f->armed & ~f->ending & receive)
            bide__fd_disarm(f, BIDE__OP_RECEIVE, f->fd);
        r = (f->armed & receive) != 0;
    }
    unlock(f);
    return r;
}

/* With the lock. */
static size_t ahead_of(const struct bide__fd *f)
{
    size_t size = 0;
    if (!(f->flags & BIDE__FD_RECEIVES) || f->last == NULL)
        return 0;
    const struct bide__buffer *b = f->last;
    do {
        b = b->next;
        size += b->size;
    } while (b != f->last);
    return size;
}

/* The oldest buffer is behind the newest. */
static void copy_all(const struct bide__buffer *last, char *to)
{
    const struct bide__buffer *b = last;
    if (b == NULL)
        return;
    do {
        b = b->next;
        memcpy(to, b->data, b->size);
        to += b->size;
    } while (b != last);
}

ssize_t bide__fd_leave(struct bide__fd *f, void *ahead, size_t size)
{
    struct bide__driver *driver = f->driver;
    struct bide__buffer *ring = NULL;
    ssize_t n;

    lock(f);
    n = (ssize_t)ahead_of(f);
    if (is_used(f))
        n = -EBUSY;
    else if ((size_t)n > size)
        n = -ENOBUFS;
    else if (f->flags & BIDE__FD_RECEIVES && f->end < 0)
        n = f->end;
    if (n >= 0) {
        if (f->flags & BIDE__FD_RECEIVES)
            ring = bide__fd_take_buffers(f);
        copy_all(ring, ahead);
        f->flags &= (uint16_t)~BIDE__FD_OWNED;
    }
    unlock(f);
    bide__fd_give_back(driver, ring);
    if (n >= 0)
        bide__fd_close(f);
    return n;
}
