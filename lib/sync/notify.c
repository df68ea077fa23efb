/*
 * lib/sync/notify.c: notifications: one permit, which is there or not, and a queue of waiters.
 *
 * Invariant, under the lock: nobody is queued while a permit is stored. A waiter that is DONE was
 * ended by bide_notify_one (result ONE) or bide_notify_all (result ALL); in the first case it
 * passes the notification on if it is cancelled.
 */
#include "lib/leaf.h"

#include "lib/sync/wait.h"

enum { ALL, ONE };

struct wait {
    struct bide_frame h;
    bide_notify *notify;
    struct bide__waiter w;
};

/* Called with the lock held; gives it back. */
static void pass_one(bide_notify *n)
{
    if (n->waiting_.first == NULL) {
        n->permit_ = 1;
        lock_give(&n->lock_);
        return;
    }
    bide_waker waker = waiters_take_first(&n->waiting_, ONE);
    lock_give(&n->lock_);
    bide_waker_wake(waker);
}

void bide_notify_one(bide_notify *n)
{
    lock_take(&n->lock_);
    pass_one(n);
}

void bide_notify_all(bide_notify *n)
{
    lock_take(&n->lock_);
    waiters_finish_all(&n->waiting_, ALL);
    lock_give(&n->lock_);
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    bide_notify *n = f->notify;

    if (h->state == 0) {
        waiter_init(&f->w, NULL);
        h->state = BIDE__BEGUN;
    }
    lock_take(&n->lock_);
    bool done = f->w.state == WAITER_DONE;
    if (f->w.state == WAITER_QUEUED) {
        waiter_refresh(&f->w, cx->waker);
    } else if (!done && n->permit_ == 0) {
        waiters_add(&n->waiting_, &f->w, cx->waker);
    } else if (!done && bide_budget_spend(cx)) {
        n->permit_ = 0;
        done = true;
    }
    lock_give(&n->lock_);
    return done ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    bide_notify *n = f->notify;
    enum bide_answer answer = BIDE_CANCELLED;

    (void)cx;
    lock_take(&n->lock_);
    if (f->w.state == WAITER_QUEUED)
        waiters_remove(&n->waiting_, &f->w);
    else if (f->w.state == WAITER_DONE && f->w.result == ONE) {
        pass_one(n);
        return answer;
    } else if (f->w.state == WAITER_DONE)
        answer = BIDE_COMPLETED;
    lock_give(&n->lock_);
    return answer;
}

BIDE__LEAF(int, bide_notify_wait, struct wait, wait_poll, wait_cancel, (bide_notify *, notify));
