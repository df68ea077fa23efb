/*
 * send.c: sends that the driver makes, after one that would have blocked. See io.h.
 *
 * The operation is in memory of its own, so that the frames of all who write need not have room for
 * it; without memory, the leaf waits for readiness. As long as it is under way, the leaf is the
 * waiter of its direction, the registration is not at its end, and the frame, with the data, stays.
 * A close only wakes the leaf, which cancels.
 */
#include "runtime/io/registration.h"

struct bide__sending {
    struct bide__io io;
    const void *data;
    bool cancelled; /* the driver was asked to */
};

const void *bide__sending_data(const struct bide__sending *s)
{
    return s->data;
}

static struct bide__op op_of(const struct bide__fd *f, int fd, struct bide__io *io)
{
    struct bide__op op = bide__fd_op(f, BIDE__OP_SEND, fd);
    op.io = io;
    return op;
}

static bool submit(struct bide_cx *cx, struct bide__fd_leaf *leaf, struct bide__sending *s,
                   const void *data, size_t size)
{
    struct bide__fd *f = leaf->fd;
    struct bide__op op = op_of(f, f->fd, &s->io);

    op.data = data;
    op.size = size;
    bide__io_begin(&s->io, f->driver, cx->waker);
    if (f->driver->ops->submit(f->driver, &op) < 0) {
        bide__io_withdraw(&s->io);
        return false;
    }
    f->sends++;
    bide__fd_stand(cx, leaf);
    return true;
}

bool bide__fd_leaf_send(struct bide_cx *cx, struct bide__fd_leaf *leaf, const void *data,
                        size_t size, struct bide__sending **sending)
{
    struct bide__fd *f = leaf->fd;

    if (!f->runtime->fds->driver->ops->is_lazy) /* as all drivers of the runtime */
        return false;
    struct bide__sending *s = bide__alloc(sizeof(*s));
    if (s == NULL)
        return false;
    s->data = data;
    s->cancelled = false;
    lock(f);
    bool is_sent = bide__fd_is_of(leaf) && f->fd >= 0 && f->waiters[1].waker.bits == 0 &&
                   f->sends == 0 && submit(cx, leaf, s, data, size);
    unlock(f);
    if (is_sent)
        *sending = s;
    else
        bide__free(s, sizeof(*s));
    return is_sent;
}

/* It has ended. */
static void end(struct bide__fd_leaf *leaf, struct bide__sending **sending)
{
    struct bide__fd *f = leaf->fd;

    bide__free(*sending, sizeof(**sending));
    *sending = NULL;
    lock(f);
    bide__fd_stop(leaf);
    f->sends--;
    if (!(f->armed & bit_of(BIDE__OP_READY)))
        f->guess |= BIDE__WRITE;
    bool at_end = is_at_end(f);
    if (at_end)
        count_end(f);
    unlock(f);
    if (at_end)
        bide__fd_finish(f);
}

/* True: it has ended, without a wake, or just now. */
static bool cancel(struct bide__fd_leaf *leaf, struct bide__sending *s)
{
    struct bide__driver *driver = s->io.driver;
    /* Without the lock: the descriptor may be closed just now, and a cancel needs none. */
    struct bide__op op = op_of(leaf->fd, -1, &s->io);

    if (s->cancelled)
        return false;
    s->cancelled = true;
    if (driver->ops->cancel(driver, &op) > 0)
        return false;
    bide__io_withdraw(&s->io);
    return true;
}

bool bide__fd_leaf_sent(struct bide_cx *cx, struct bide__fd_leaf *leaf,
                        struct bide__sending **sending, ssize_t *n)
{
    struct bide__sending *s = *sending;
    struct bide__fd *f = leaf->fd;
    bool ended = bide__io_is_done(&s->io);

    lock(f);
    bool closed = f->fd < 0;
    if (!ended && !closed)
        bide__fd_stand(cx, leaf);
    unlock(f);
    if (!ended) {
        bide__io_renew(&s->io, cx->waker);
        ended = closed && cancel(leaf, s);
    }
    if (!ended)
        return false;
    *n = s->io.result;
    if (*n < 0 && closed)
        *n = -EBADF;
    else if (*n == -ECANCELED || *n == -EINTR)
        *n = -EAGAIN;
    end(leaf, sending);
    return true;
}

enum bide_answer bide__fd_leaf_send_cancel(struct bide__fd_leaf *leaf,
                                           struct bide__sending **sending, ssize_t *n)
{
    struct bide__sending *s = *sending;

    if (!bide__io_is_done(&s->io) && !cancel(leaf, s))
        return BIDE_WAIT;
    *n = s->io.result;
    if (*n != -ECANCELED && *n != -EINTR && *n != -EAGAIN)
        return BIDE_COMPLETED;
    end(leaf, sending);
    return BIDE_CANCELLED;
}
