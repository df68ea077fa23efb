/*
 * lib/sync/mutex.c: mutexes.
 *
 * word_ is LOCKED or 0, and WAITERS while somebody is queued, which implies LOCKED. Without WAITERS
 * it changes by a compare-and-exchange of 0 and LOCKED. WAITERS is set and cleared under lock_,
 * and with it whoever unlocks hands the mutex to the first waiter: it stays LOCKED, and the waiter
 * is the holder before it is woken. So nobody overtakes.
 *
 * holder_ is written by the holder, and under lock_ at a hand-over. It serves dumps, and the
 * question whether a task waits for itself (park.c).
 */
#include "lib/leaf.h"

#include "lib/sync/mutex.h"

#undef bide_mutex_lock

enum { LOCKED = 1, WAITERS = 2 };

static bool try_lock(bide_mutex *m)
{
    uint32_t word = 0;
    return __atomic_compare_exchange_n(&m->word_, &word, LOCKED, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static int try_lock_at(bide_mutex *m, const char *place)
{
    if (!try_lock(m))
        return -EAGAIN;
    holder_set(&m->holder_, bide__holder_here(), NULL, place);
    return 0;
}

int bide_mutex_try_lock(bide_mutex *m)
{
    return try_lock_at(m, NULL);
}

/* ---- to unlock ---- */

/* Without waiters this is the last touch: the mutex may be freed then. */
static bool try_unlock(bide_mutex *m)
{
    uint32_t word = LOCKED;
    return __atomic_compare_exchange_n(&m->word_, &word, 0, false, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED);
}

/* False: nobody waits any more. */
static __attribute__((noinline)) bool hand_over(bide_mutex *m)
{
    lock_take(&m->lock_);
    struct bide__parked *first = m->waiting_.first;
    if (first == NULL) { /* it was cancelled */
        lock_give(&m->lock_);
        return false;
    }
    holder_set(&m->holder_, first->waker, NULL, first->as.place);
    bide_waker waker = queue_finish(&m->waiting_, first, 0);
    if (m->waiting_.first == NULL)
        __atomic_store_n(&m->word_, LOCKED, __ATOMIC_RELAXED);
    lock_give(&m->lock_);
    bide_waker_wake(waker);
    return true;
}

void bide_mutex_unlock(bide_mutex *m)
{
    BIDE__ASSERT(__atomic_load_n(&m->word_, __ATOMIC_RELAXED) & LOCKED,
                 "mutex: unlock: it is not locked");
    holder_clear(&m->holder_);
    while (!try_unlock(m))
        if (hand_over(m))
            return;
}

/* ---- to wait ---- */

bool bide__mutex_take(bide_mutex *m)
{
    uint32_t word = __atomic_load_n(&m->word_, __ATOMIC_RELAXED);
    for (;;) {
        uint32_t then = word == 0 ? LOCKED : word | WAITERS;
        if (__atomic_compare_exchange_n(&m->word_, &word, then, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return word == 0;
    }
}

bool bide__mutex_leave_queue(bide_mutex *m, struct bide__parked *w)
{
    if (w->state != PARK_QUEUED)
        return false;
    queue_remove(&m->waiting_, w);
    if (m->waiting_.first == NULL)
        __atomic_fetch_and(&m->word_, ~(uint32_t)WAITERS, __ATOMIC_RELAXED);
    return true;
}

struct wait {
    PARK_FRAME;
    bide_mutex *mutex;
    const char *place;
};

static bool take(struct park *p)
{
    p->w.result = 0;
    return bide__mutex_take(((struct wait *)(void *)p)->mutex);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct park *p)
{
    bide_mutex *m = ((struct wait *)(void *)p)->mutex;

    (void)cx;
    if (p->h.state != PARK_WAITS)
        return BIDE_CANCELLED;
    lock_take(&m->lock_);
    bool left = bide__mutex_leave_queue(m, &p->w);
    lock_give(&m->lock_);
    if (!left)
        return BIDE_COMPLETED;
    bide_waker_drop((bide_waker){p->w.waker});
    return BIDE_CANCELLED;
}

static const struct park_kind kind = {"mutex", offsetof(bide_mutex, holder_), wait_cancel};

/* True if it is done; *result is 0 or -EDEADLK. */
static bool wait_for(struct bide_cx *cx, struct wait *f, int *result)
{
    struct park *p = (struct park *)(void *)f;
    bide_mutex *m = f->mutex;

    *result = 0;
    if (p->h.state == 0) {
        bide__park_begin(p, &kind);
        p->w.as.place = f->place;
        if (bide__holder_waits(&m->holder_, cx)) {
            *result = -EDEADLK;
            return true;
        }
    }
    if (!bide__park_poll(cx, p, &m->lock_, &m->waiting_, take))
        return false;
    holder_set(&m->holder_, cx->waker.bits, cx->chain, f->place);
    return true;
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    int result;
    if (!wait_for(cx, (struct wait *)(void *)h, &result))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, result);
}

/* What is free needs no frame. */
static bool lock_now(struct bide_cx *cx, bide_mutex *m, const char *place)
{
    if (cx->turn->budget == 0 || !try_lock(m))
        return false;
    cx->turn->budget--;
    holder_set(&m->holder_, cx->waker.bits, cx->chain, place);
    return true;
}

static bool wait_now(struct bide_cx *cx, bide_mutex *m, const char *place, int *result)
{
    *result = 0;
    return lock_now(cx, m, place);
}

/* ---- bide_mutex_lock ---- */

BIDE__LEAF_ARGS(bide__mutex_lock, (bide_mutex *, mutex), (const char *, place))

int bide__mutex_lock(bide_mutex *m, const char *place)
{
    struct bide__mutex_lock_args args = {m, place};
    int result = try_lock_at(m, place);
    if (result == 0)
        return 0;
    if (holder_is_here(&m->holder_))
        return -EDEADLK;
    bide__park_on(&bide__desc_bide__mutex_lock, &args, &result);
    if (result == 0) /* a task that waited for this thread is not the holder */
        holder_set(&m->holder_, bide__holder_here(), NULL, place);
    return result;
}

BIDE__LEAF_MAKE(int, bide__mutex_lock, struct wait, wait_now, bide__mutex_lock, wait_poll,
                bide__park_cancel, (bide_mutex *, mutex), (const char *, place));

/* Called through a reference, which tells no place. */
static bool plain_now(struct bide_cx *cx, bide_mutex *m, int *result)
{
    return wait_now(cx, m, NULL, result);
}

static enum bide_poll plain_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        ((struct wait *)(void *)h)->place = NULL;
    return wait_poll(cx, h);
}

BIDE__LEAF_ARGS(bide_mutex_lock, (bide_mutex *, mutex))

int bide_mutex_lock(bide_mutex *m)
{
    return bide__mutex_lock(m, NULL);
}

BIDE__LEAF_MAKE(int, bide_mutex_lock, struct wait, plain_now, bide_mutex_lock, plain_poll,
                bide__park_cancel, (bide_mutex *, mutex));

/* ---- bide_locked ---- */

static enum bide_poll enter_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    bide_mutex *m = f->mutex;
    int result;

    if (!wait_for(cx, f, &result))
        return bide_frame_suspend(cx, h);
    if (result < 0)
        return bide__enter_fails(cx, (struct park *)(void *)f, f->place, result);
    return bide__leaf_finish(cx, h, m);
}

static bool enter_now(struct bide_cx *cx, bide_mutex *m, const char *place, bide_mutex **result)
{
    *result = m;
    return lock_now(cx, m, place);
}

BIDE__LEAF_INNER(bide_mutex *, bide__mutex_enter, struct wait, enter_now, enter_poll,
                 bide__park_cancel, (bide_mutex *, mutex), (const char *, place));

void bide__mutex_leave(bide_mutex **held)
{
    if (*held != NULL)
        bide_mutex_unlock(*held);
}
