/*
 * tracker.c: trackers: a count, a flag, and those who wait until the one is 0 and the other set.
 *
 * Invariant, under the lock: while the tracker is closed and its count is 0, nobody waits, or those
 * who do are being woken.
 */
#include "lib/leaf.h"

#include "lib/task/sleepers.h"

#include <bide/token.h>

/* With the lock. */
static bool is_over(const void *object)
{
    const bide_tracker *t = object;
    return t->closed_ && t->count_ == 0;
}

/* With the lock; the counts are read without it, too. */
static void add(bide_tracker *tracker, size_t n)
{
    __atomic_store_n(&tracker->count_, tracker->count_ + n, __ATOMIC_RELAXED);
}

void bide_tracker_enter(bide_tracker *tracker)
{
    lock_take(&tracker->lock_);
    add(tracker, 1);
    lock_give(&tracker->lock_);
}

void bide_tracker_leave(bide_tracker *tracker)
{
    lock_take(&tracker->lock_);
    add(tracker, (size_t)-1);
    if (is_over(tracker))
        sleepers_wake_unlock(&tracker->lock_, &tracker->waiting_);
    else
        lock_give(&tracker->lock_);
}

static bool set_closed(bide_tracker *tracker, uint32_t closed)
{
    lock_take(&tracker->lock_);
    bool changed = tracker->closed_ != closed;
    __atomic_store_n(&tracker->closed_, closed, __ATOMIC_RELAXED);
    if (is_over(tracker))
        sleepers_wake_unlock(&tracker->lock_, &tracker->waiting_);
    else
        lock_give(&tracker->lock_);
    return changed;
}

bool bide_tracker_close(bide_tracker *tracker)
{
    return set_closed(tracker, 1);
}

bool bide_tracker_reopen(bide_tracker *tracker)
{
    return set_closed(tracker, 0);
}

bool bide_tracker_is_closed(const bide_tracker *tracker)
{
    return __atomic_load_n(&tracker->closed_, __ATOMIC_RELAXED);
}

size_t bide_tracker_count(const bide_tracker *tracker)
{
    return __atomic_load_n(&tracker->count_, __ATOMIC_RELAXED);
}

/* ---- wait ---- */

struct wait {
    struct bide_frame h;
    bide_tracker *tracker;
    struct bide__sleeper s;
};

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    bide_tracker *t = f->tracker;

    if (h->state == 0) {
        f->s.is_listed = f->s.is_done = false;
        h->state = BIDE__BEGUN;
        if (!bide_budget_spend(cx))
            return bide_frame_suspend(cx, h);
    }
    bool done = sleeper_poll(cx, &t->lock_, &t->waiting_, &f->s, is_over, t);
    return done ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;

    return sleeper_leave(cx, &f->tracker->lock_, &f->tracker->waiting_, &f->s);
}

BIDE__LEAF(int, bide_tracker_wait, struct wait, wait_poll, wait_cancel, (bide_tracker *, tracker));
