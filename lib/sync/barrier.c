/*
 * lib/sync/barrier.c: barriers.
 *
 * arrived_ counts those that are queued in this round. The last one of a round begins the next, and
 * ends the waits of its own in portions; who comes meanwhile is of the next round.
 */
#include "lib/leaf.h"

#include "lib/sync/park.h"

struct wait {
    PARK_FRAME;
    bide_barrier *barrier;
};

/* Ends the waits of the rounds up to this one. */
static void let_in(bide_barrier *b, uint64_t round)
{
    struct wakes wakes = {0};
    bool more = true;

    while (more) {
        struct bide__parked *w;
        lock_take(&b->lock_);
        while ((w = b->waiting_.first) != NULL && w->as.need <= round && !wakes_are_full(&wakes))
            wakes_add(&wakes, queue_finish(&b->waiting_, w, 0));
        more = w != NULL && w->as.need <= round;
        lock_give(&b->lock_);
        wakes_spend(&wakes);
    }
}

static bool take(struct park *p)
{
    bide_barrier *b = p->object;

    p->w.as.need = b->round_;
    p->w.result = 1;
    if (++b->arrived_ < b->size_)
        return false;
    b->arrived_ = 0;
    b->round_++;
    return true;
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct park *p)
{
    bide_barrier *b = p->object;
    enum bide_answer answer = BIDE_CANCELLED;
    bide_waker fresh = {0};

    if (p->h.state != PARK_WAITS)
        return BIDE_CANCELLED;
    if (p->w.waker != cx->waker.bits)
        fresh = bide_waker_clone(cx->waker);
    lock_take(&b->lock_);
    bool queued = p->w.state == PARK_QUEUED;
    bool over = p->w.as.need < b->round_; /* its round is, and it is about to be told */
    if (queued && !over) {
        queue_remove(&b->waiting_, &p->w);
        b->arrived_--;
    } else {
        answer = queued ? BIDE_WAIT : BIDE_COMPLETED;
    }
    if (answer == BIDE_WAIT && fresh.bits != 0) {
        uintptr_t before = p->w.waker;
        p->w.waker = fresh.bits;
        fresh.bits = before;
    }
    lock_give(&b->lock_);
    waker_drop_any(fresh);
    if (answer == BIDE_CANCELLED)
        bide_waker_drop((bide_waker){p->w.waker});
    return answer;
}

static const struct park_kind kind = {"barrier", 0, wait_cancel};

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    struct park *p = (struct park *)(void *)h;
    bide_barrier *b = f->barrier;

    if (h->state == 0)
        bide__park_begin(p, &kind);
    if (!bide__park_poll(cx, p, &b->lock_, &b->waiting_, take))
        return bide_frame_suspend(cx, h);
    if (p->w.result == 1)
        let_in(b, p->w.as.need);
    return bide__leaf_finish(cx, h, p->w.result);
}

BIDE__LEAF_PARKS(int, bide_barrier_wait, struct wait, BIDE__NOT_NOW, wait_poll, bide__park_cancel,
                 (bide_barrier *, barrier));
