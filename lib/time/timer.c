/*
 * lib/time/timer.c: timers that can be reset. See timer.h.
 */
#include "lib/time/timer.h"

#include "lib/sync/wait.h"

bide_timer bide_timer_at(bide_instant deadline)
{
    return (bide_timer){.deadline_ns_ = deadline.ns};
}

bide_timer bide_timer_after(bide_duration after)
{
    return bide_timer_at((bide_instant){bide__deadline(after)});
}

void bide_timer_reset_at(bide_timer *timer, bide_instant deadline)
{
    lock_take(&timer->lock_);
    timer->deadline_ns_ = deadline.ns;
    if (timer->wait_ != NULL && deadline.ns < timer->wait_->armed_ns)
        bide_waker_wake_by_ref(timer->wait_->waker);
    lock_give(&timer->lock_);
}

void bide_timer_reset(bide_timer *timer, bide_duration after)
{
    bide_timer_reset_at(timer, (bide_instant){bide__deadline(after)});
}

bide_instant bide_timer_deadline(bide_timer *timer)
{
    lock_take(&timer->lock_);
    int64_t deadline_ns = timer->deadline_ns_;
    lock_give(&timer->lock_);
    return (bide_instant){deadline_ns};
}

int bide_timer_elapsed(bide_timer *timer)
{
    return bide_timer_deadline(timer).ns <= bide__clock_ns();
}

/* ---- the leaf ---- */

enum { NOT_BEGUN, BEGUN, PUT_OFF };

/* Under the lock: false if the time has come. Otherwise the node is armed, and not too late. */
static bool waits(struct bide__timer_wait *f, int64_t deadline_ns, bide_waker waker)
{
    bool armed = bide__timer_waits(f->wheel, &f->node, waker);

    if (armed && f->armed_ns <= deadline_ns)
        return true;
    if (deadline_ns <= bide__clock_ns())
        return false;
    if (armed)
        bide__timer_disarm(f->wheel, &f->node);
    f->wheel = bide__wheel_running();
    f->armed_ns = deadline_ns;
    bide__timer_arm(f->wheel, &f->node, deadline_ns, waker);
    return true;
}

static enum bide_poll look(struct bide_cx *cx, struct bide__timer_wait *f,
                           void (*pass)(void *object))
{
    bide_timer *timer = f->object;

    f->waker = cx->waker;
    timer->wait_ = f;
    if (waits(f, timer->deadline_ns_, cx->waker))
        return BIDE_PENDING;
    /* A wait that was over at once lets others run when the budget is used up, but only once. */
    if (f->h.state == BEGUN && f->armed_ns == 0 && !bide_budget_spend(cx)) {
        f->h.state = PUT_OFF;
        return BIDE_PENDING;
    }
    bide__timer_disarm(f->wheel, &f->node);
    timer->wait_ = NULL;
    if (pass != NULL)
        pass(f->object);
    return BIDE_READY;
}

enum bide_poll bide__timer_poll(struct bide_cx *cx, struct bide__timer_wait *f,
                                void (*pass)(void *object))
{
    bide_timer *timer = f->object;

    lock_take(&timer->lock_);
    if (f->h.state == NOT_BEGUN) {
        int error = timer->wait_ != NULL ? -EBUSY : 0;
        f->wheel = bide__wheel_running();
        if (f->wheel == NULL)
            error = bide__no_runtime(f->h.fn->info->name);
        if (error != 0) {
            lock_give(&timer->lock_);
            return bide__leaf_finish(cx, &f->h, error);
        }
        f->h.state = BEGUN;
        f->armed_ns = 0;
        f->node = (struct bide__timer){0};
    }
    enum bide_poll poll = look(cx, f, pass);
    lock_give(&timer->lock_);
    return poll == BIDE_PENDING ? bide_frame_suspend(cx, &f->h)
                                : bide__leaf_finish(cx, &f->h, (int)0);
}

enum bide_answer bide__timer_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct bide__timer_wait *f = (struct bide__timer_wait *)(void *)h;
    bide_timer *timer = f->object;

    (void)cx;
    lock_take(&timer->lock_);
    bide__timer_disarm(f->wheel, &f->node);
    timer->wait_ = NULL;
    lock_give(&timer->lock_);
    return BIDE_CANCELLED;
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return bide__timer_poll(cx, (struct bide__timer_wait *)(void *)h, NULL);
}

BIDE__LEAF(int, bide_timer_wait, struct bide__timer_wait, wait_poll, bide__timer_cancel,
           (bide_timer *, object));
