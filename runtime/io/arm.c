/*
 * arm.c: which operations a registration has under way with its driver.
 *
 * With a driver that is not lazy this is decided once: readiness, from the beginning to the end.
 * With a lazy one it depends on who waits for what:
 *
 *  - RECEIVE or ACCEPT is armed once somebody has waited to read, and stays so, but for `plain`,
 *    and but for a queue that has become too long. Then it is armed again when the queue is empty.
 *    A SHARED one is armed only as long as somebody waits.
 *  - READY is armed as long as somebody waits for it: to write, or to read while no such operation
 *    is armed. It stays armed until there is one, since it would then only tell what the other
 *    tells too.
 *
 * An operation that was cancelled is armed again only after its last event, which comes here, too.
 */
#include "runtime/io/registration.h"

struct bide__op bide__fd_op(const struct bide__fd *f, enum bide__op_kind kind, int fd)
{
    uint64_t key = (uint64_t)f->generation << 32 | f->index;
    return (struct bide__op){.kind = kind, .fd = fd, .key = key};
}

int bide__fd_arm(struct bide__fd *f, enum bide__op_kind kind)
{
    struct bide__op op = bide__fd_op(f, kind, f->fd);
    int r = f->driver->ops->submit(f->driver, &op);
    if (r == 0)
        f->armed = (f->armed | bit_of(kind)) & BITS;
    return r;
}

void bide__fd_disarm(struct bide__fd *f, enum bide__op_kind kind, int fd)
{
    struct bide__op op = bide__fd_op(f, kind, fd);
    if (f->driver->ops->cancel(f->driver, &op) > 0)
        f->ending = (f->ending | bit_of(kind)) & BITS;
    else
        f->armed &= BITS & ~bit_of(kind);
}

/* What it receives or accepts. */
static void settle_reading(struct bide__fd *f)
{
    enum bide__op_kind kind = reading_kind(f);
    bool is_shared = f->flags & BIDE__FD_SHARED;
    uint16_t most = is_shared ? 1 : kind == BIDE__OP_ACCEPT ? ACCEPTED_MAX : BUFFERS_MAX;

    if (f->waiters[0].waker.bits != 0)
        f->flags |= FD_ASKED;
    else if (is_shared)
        f->flags &= (uint16_t)~FD_ASKED;
    if (f->armed & bit_of(kind)) {
        bool is_enough = f->held >= most || !(f->flags & FD_ASKED);
        if (is_enough && !(f->ending & bit_of(kind)))
            bide__fd_disarm(f, kind, f->fd);
        return;
    }
    if (!(f->flags & FD_ASKED) || f->plain > 0 || f->held > 0 || f->end != NOT_ENDED)
        return;
    int r = bide__fd_arm(f, kind);
    if (r == -ENOSYS)
        f->flags &= (uint16_t) ~(BIDE__FD_RECEIVES | BIDE__FD_ACCEPTS);
    else if (r < 0)
        f->plain = PLAIN_BUFFERS;
}

int bide__fd_settle(struct bide__fd *f)
{
    unsigned ready = bit_of(BIDE__OP_READY);

    if (!(f->flags & FD_LAZY))
        return 0;
    if (reads_by_op(f))
        settle_reading(f);
    bool needed = (f->waiters[0].waker.bits != 0 && !is_reading(f)) ||
                  (f->waiters[1].waker.bits != 0 && f->sends == 0);
    if (needed && !(f->armed & ready))
        return bide__fd_arm(f, BIDE__OP_READY);
    if (!needed && is_reading(f) && f->armed & ~f->ending & ready) {
        bide__fd_disarm(f, BIDE__OP_READY, f->fd);
        f->guess |= BIDE__WRITE;
    }
    return 0;
}
