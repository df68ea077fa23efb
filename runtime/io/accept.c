/*
 * accept.c: the queue of a listener whose driver accepts. See io.h.
 *
 * The driver may accept more before it learns of a cancel, so the queue grows. It can lose a
 * connection only if it is full and there is no memory; it is reset then, as by a kernel that has
 * no memory.
 *
 * An error of the driver is not kept: the listener's own call shows it again, or that it has
 * passed. So `plain` is 1 after it, for one call.
 */
#include "runtime/io/registration.h"

void bide__fd_accepts(struct bide__fd *f, struct bide__accepted *q)
{
    q->fds = q->room;
    q->first = 0;
    q->size = sizeof(q->room) / sizeof(q->room[0]);
    lock(f);
    if (f->flags & BIDE__FD_ACCEPTS)
        f->accepted = q;
    unlock(f);
}

static void free_ring(struct bide__accepted *q)
{
    if (q->fds != q->room)
        bide__free(q->fds, q->size * sizeof(int));
}

enum { QUEUE_MAX = 32768 }; /* `held` has room for it */

static bool grow(struct bide__accepted *q)
{
    int *fds = q->size < QUEUE_MAX ? bide__alloc(2 * q->size * sizeof(int)) : NULL;
    if (fds == NULL)
        return false;
    for (uint32_t i = 0; i < q->size; i++)
        fds[i] = q->fds[(q->first + i) % q->size];
    free_ring(q);
    q->fds = fds;
    q->first = 0;
    q->size *= 2;
    return true;
}

void bide__fd_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    bide__door.setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    bide__door.close(fd);
}

int bide__fd_pop(struct bide__fd *f)
{
    struct bide__accepted *q = f->accepted;
    int fd = q->fds[q->first];

    q->first = (q->first + 1) % q->size;
    if (--f->held == 0) {
        free_ring(q);
        q->fds = q->room;
        q->first = 0;
        q->size = sizeof(q->room) / sizeof(q->room[0]);
    }
    return fd;
}

void bide__fd_was_accepted(struct bide__fd *f, const struct bide__event *event)
{
    struct bide__accepted *q = f->accepted;

    if (event->result == -ECANCELED)
        return;
    if (event->result < 0)
        f->plain = 1;
    else if (f->held < q->size || grow(q))
        q->fds[(q->first + f->held++) % q->size] = event->result;
    else
        bide__fd_reset(event->result);
    f->ready |= BIDE__READ;
    bide__fd_wake(f, 0);
}

int bide__fd_take_accepted(struct bide__fd *f)
{
    int r = -ENOSYS;

    lock(f);
    if (f->flags & BIDE__FD_ACCEPTS) {
        if (f->held > 0) {
            r = bide__fd_pop(f);
            if (f->held == 0 && f->plain == 0)
                f->ready &= (uint8_t)~BIDE__READ;
            (void)bide__fd_settle(f);
        } else if (f->plain > 0) {
            f->plain = 0;
        } else {
            f->ready &= (uint8_t)~BIDE__READ;
            r = -EAGAIN;
        }
    }
    unlock(f);
    return r;
}

int bide__fd_end_accepts(struct bide__fd *f)
{
    unsigned accept = bit_of(BIDE__OP_ACCEPT);

    lock(f);
    bool ends = f->flags & BIDE__FD_ACCEPTS && f->armed & accept;
    f->flags &= (uint16_t)~FD_ASKED;
    if (ends && !(f->ending & accept)) {
        bide__fd_disarm(f, BIDE__OP_ACCEPT, f->fd);
        ends = f->armed & accept;
    }
    if (!ends && f->held == 0)
        f->flags &= (uint16_t)~BIDE__FD_ACCEPTS;
    unlock(f);
    return ends;
}
