/*
 * leaf.c: what is ready, and leaves that wait for it. See io.h.
 */
#include "runtime/io/registration.h"

/* With the lock. */
static void clear(struct bide__fd *f, uint32_t direction, uint32_t seen)
{
    f->guess &= (uint8_t)~direction;
    if (f->events[waiter_of(direction)] != seen)
        return;
    f->ready &= (uint8_t)~direction;
    if (direction == BIDE__READ)
        f->ready &= (uint8_t)~BIDE__STAYS;
}

uint32_t bide__fd_seen(struct bide__fd *f, uint32_t direction)
{
    lock(f);
    uint32_t seen = f->events[waiter_of(direction)];
    unlock(f);
    return seen;
}

void bide__fd_clear(struct bide__fd *f, uint32_t direction, uint32_t seen)
{
    lock(f);
    clear(f, direction, seen);
    unlock(f);
}

void bide__fd_set_waker(struct bide__fd *f, uint32_t direction, bide_waker waker)
{
    struct bide__fd_waiter *place = &f->waiters[waiter_of(direction)];

    lock(f);
    if (place->waker.bits == 0)
        count_waiting(f->runtime->fds, 1);
    *place = (struct bide__fd_waiter){.waker = waker};
    if (bide__fd_settle(f) < 0)
        bide__fd_become_ready(f, direction); /* nothing else will wake it */
    unlock(f);
}

int bide__fd_refusal(const struct bide__fd *fd, const char *name)
{
    const struct bide_runtime *rt = bide__runtime_running();
    if (rt == NULL)
        return bide__no_runtime(name);
    return fd->runtime == rt ? 0 : -EXDEV;
}

/* In `state` of a leaf. The other bits hold the registration's generation, as far as there is room.
 * It need not differ for ever, only until a leaf that was woken by the end of a registration is
 * polled. */
enum {
    BEGUN = 1,  /* and BIDE__FD_MARKS, BIDE__FD_SENDS */
    STANDS = 2, /* has put itself into the registration, out of which others may have taken it */
    WRITES = 4,
    GENERATION_SHIFT = 7,
};
#define STATE_MASK ((uint32_t)BIDE_SHIELDED - 1)

static uint32_t state_of(uint32_t generation)
{
    return generation << GENERATION_SHIFT & STATE_MASK;
}

bool bide__fd_is_of(const struct bide__fd_leaf *f)
{
    return (f->h.state & STATE_MASK) >> GENERATION_SHIFT ==
           state_of(f->fd->generation) >> GENERATION_SHIFT;
}

static struct bide__fd_waiter *place_of(struct bide__fd_leaf *f)
{
    return &f->fd->waiters[(f->h.state & WRITES) != 0];
}

static uint32_t direction_of(const struct bide__fd_leaf *f)
{
    return f->h.state & WRITES ? BIDE__WRITE : BIDE__READ;
}

/* This leaf is (still) in the registration. */
bool bide__fd_stands(struct bide__fd_leaf *f)
{
    return f->h.state & STANDS && bide__fd_is_of(f) && place_of(f)->leaf == &f->h;
}

void bide__fd_leaf_begin_for(struct bide__fd_leaf *f, struct bide__fd *fd, uint32_t direction,
                             uint32_t generation)
{
    f->fd = fd;
    f->h.state = BEGUN | (direction == BIDE__WRITE ? WRITES : 0) | state_of(generation);
}

void bide__fd_leaf_begin(struct bide__fd_leaf *f, struct bide__fd *fd, uint32_t direction,
                         uint32_t mark)
{
    bide__fd_leaf_begin_for(f, fd, direction, fd->generation);
    f->h.state |= mark;
}

void bide__fd_stand(struct bide_cx *cx, struct bide__fd_leaf *f)
{
    if (!bide__fd_stands(f))
        count_waiting(f->fd->runtime->fds, 1);
    *place_of(f) = (struct bide__fd_waiter){cx->waker, &f->h};
    f->h.state |= STANDS;
}

void bide__fd_stop(struct bide__fd_leaf *f)
{
    if (!bide__fd_stands(f))
        return;
    *place_of(f) = (struct bide__fd_waiter){0};
    count_waiting(f->fd->runtime->fds, (uint32_t)-1);
}

void bide__fd_leaf_stop(struct bide__fd_leaf *f)
{
    lock(f->fd);
    bool stands = bide__fd_stands(f);
    bide__fd_stop(f);
    if (stands && f->fd->flags & BIDE__FD_SHARED)
        (void)bide__fd_settle(f->fd); /* what it accepts from now on is for others */
    unlock(f->fd);
}

void bide__fd_leaf_retry(struct bide__fd_leaf *f)
{
    lock(f->fd);
    if (bide__fd_is_of(f) && f->fd->fd >= 0)
        f->fd->ready |= (uint8_t)direction_of(f);
    unlock(f->fd);
}

/* Somebody else waits for the direction, or his data is under way. */
static bool is_taken(struct bide__fd_leaf *f)
{
    return !bide__fd_stands(f) &&
           (place_of(f)->waker.bits != 0 || (f->h.state & WRITES && f->fd->sends > 0));
}

/* 0: go on; 1: suspend; or why not. `calls`: it makes a call next, and may be wrong. */
int bide__fd_look(struct bide_cx *cx, struct bide__fd_leaf *f, bool calls)
{
    const struct bide__worker *worker = bide__thread.running;
    struct bide__fd *fd = f->fd;

    if (worker == NULL)
        return bide__no_runtime(f->h.fn->info->name);
    if (!bide__fd_is_of(f) || fd->fd < 0)
        return -EBADF;
    if (fd->runtime != worker->runtime)
        return -EXDEV;
    if ((fd->ready | (calls ? fd->guess : 0)) & direction_of(f))
        return bide_budget_spend(cx) ? 0 : 1;
    if (is_taken(f))
        return -EBUSY;
    bide__fd_stand(cx, f);
    int r = bide__fd_settle(fd);
    return r < 0 ? r : 1;
}

void bide__fd_call_begin(struct bide__fd_leaf *f, struct bide__fd_call *call)
{
    struct bide__fd *fd = f->fd;
    *call = (struct bide__fd_call){fd->fd, fd->events[(f->h.state & WRITES) != 0]};
    fd->calls++;
}

int bide__fd_leaf_look(struct bide_cx *cx, struct bide__fd_leaf *f, struct bide__fd_call *call)
{
    struct bide__fd *fd = f->fd;

    lock(fd);
    int r = bide__fd_look(cx, f, call != NULL);
    if (r <= 0)
        bide__fd_stop(f);
    if (r == 0 && call != NULL)
        bide__fd_call_begin(f, call);
    unlock(fd);
    return r;
}

void bide__fd_leaf_called(struct bide__fd_leaf *f, const struct bide__fd_call *call, int outcome)
{
    struct bide__fd *fd = f->fd;

    lock(fd);
    fd->calls--;
    if (outcome == BIDE__BLOCKS ||
        (outcome == BIDE__DRAINED && fd->flags & FD_DRAINS && !(fd->ready & BIDE__STAYS)))
        clear(fd, direction_of(f), call->seen);
    unlock(fd);
}

/* ---- the leaf that only waits ---- */

struct fd_wait {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            struct bide__fd *fd;
        };
    };
    uint32_t direction;
};

static enum bide_poll fd_wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct fd_wait *f = (struct fd_wait *)(void *)h;
    if (h->state == 0)
        bide__fd_leaf_begin(&f->leaf, f->fd, f->direction, 0);
    int r = bide__fd_leaf_look(cx, &f->leaf, NULL);
    return r > 0 ? bide_frame_suspend(cx, h) : bide__leaf_finish(cx, h, r);
}

static enum bide_answer fd_wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(int, bide__fd_wait, struct fd_wait, BIDE__NOT_NOW, fd_wait_poll, fd_wait_cancel,
                 (struct bide__fd *, fd), (uint32_t, direction));
