/*
 * lib/sync/notify.c: notifications: one permit, which is there or not, and a queue of waits.
 *
 * Invariant, under lock_: nobody is queued while a permit is stored. A wait that is DONE was ended
 * by bide_notify_one (result ONE) or bide_notify_all (result ALL); in the first case it passes the
 * notification on if nobody takes it.
 *
 * bide_notify_all ends the waits of its round and earlier ones, in portions; those that begin
 * meanwhile are of the next round. A wait that has begun before it is polled has no waker yet.
 */
#include "lib/leaf.h"

#include "lib/sync/park.h"

enum { ALL, ONE };

/* Called with lock_, which it gives back. */
static void pass_one(bide_notify *n)
{
    bide_waker waker = {0};

    if (n->waiting_.first == NULL)
        __atomic_store_n(&n->permit_, 1, __ATOMIC_RELAXED);
    else
        waker = queue_finish(&n->waiting_, n->waiting_.first, ONE);
    lock_give(&n->lock_);
    waker_wake_any(waker);
}

void bide_notify_one(bide_notify *n)
{
    lock_take(&n->lock_);
    pass_one(n);
}

void bide_notify_all(bide_notify *n)
{
    struct wakes wakes = {0};
    bool more = true;

    lock_take(&n->lock_);
    uint64_t round = n->round_++;
    while (more) {
        struct bide__parked *w;
        while ((w = n->waiting_.first) != NULL && w->as.need <= round && !wakes_are_full(&wakes))
            wakes_add(&wakes, queue_finish(&n->waiting_, w, ALL));
        more = w != NULL && w->as.need <= round;
        lock_give(&n->lock_);
        wakes_spend(&wakes);
        if (more)
            lock_take(&n->lock_);
    }
}

/* Under lock_: takes a permit, or is about to be queued. */
static bool take_permit(bide_notify *n, struct bide__parked *w)
{
    w->as.need = n->round_;
    w->result = ONE;
    if (n->permit_ == 0)
        return false;
    __atomic_store_n(&n->permit_, 0, __ATOMIC_RELAXED);
    return true;
}

/* ---- bide_notify_wait ---- */

struct wait {
    PARK_FRAME;
    bide_notify *notify;
};

static bool take(struct park *p)
{
    return take_permit(p->object, &p->w);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct park *p)
{
    bide_notify *n = p->object;

    (void)cx;
    if (p->h.state != PARK_WAITS)
        return BIDE_CANCELLED;
    lock_take(&n->lock_);
    if (p->w.state == PARK_QUEUED) {
        queue_remove(&n->waiting_, &p->w);
        lock_give(&n->lock_);
        bide_waker_drop((bide_waker){p->w.waker});
        return BIDE_CANCELLED;
    }
    if (p->w.result == ONE) {
        pass_one(n);
        return BIDE_CANCELLED;
    }
    lock_give(&n->lock_);
    return BIDE_COMPLETED;
}

static const struct park_kind kind = {"notification", 0, wait_cancel};

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    struct park *p = (struct park *)(void *)h;

    if (h->state == 0)
        bide__park_begin(p, &kind);
    if (!bide__park_poll(cx, p, &f->notify->lock_, &f->notify->waiting_, take))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, (int)0);
}

/* A permit that is there needs no frame. */
static bool wait_now(struct bide_cx *cx, bide_notify *n, int *result)
{
    struct bide__parked w;

    if (cx->turn->budget == 0 || __atomic_load_n(&n->permit_, __ATOMIC_RELAXED) == 0)
        return false;
    lock_take(&n->lock_);
    bool taken = take_permit(n, &w);
    lock_give(&n->lock_);
    cx->turn->budget -= taken;
    *result = 0;
    return taken;
}

BIDE__LEAF_PARKS(int, bide_notify_wait, struct wait, wait_now, wait_poll, bide__park_cancel,
                 (bide_notify *, notify));

/* ---- a wait that begins before it is polled ---- */

void bide_notify_listen(bide_notify *n, bide_notified *d)
{
    *d = (bide_notified){.notify_ = n};
    lock_take(&n->lock_);
    if (take_permit(n, &d->parked_))
        d->parked_.state = PARK_DONE;
    else
        queue_add(&n->waiting_, &d->parked_);
    lock_give(&n->lock_);
}

void bide_notified_drop(bide_notified *d)
{
    bide_notify *n = d->notify_;

    if (n == NULL)
        return;
    d->notify_ = NULL;
    lock_take(&n->lock_);
    uint32_t state = d->parked_.state;
    if (state == PARK_QUEUED)
        queue_remove(&n->waiting_, &d->parked_);
    BIDE__ASSERT(state != PARK_QUEUED || d->parked_.waker == 0,
                 "notify: drop: a task waits for it");
    d->parked_.state = PARK_IDLE;
    if (state == PARK_DONE && d->parked_.result == ONE)
        pass_one(n);
    else
        lock_give(&n->lock_);
}

/* The leaf lends its waker to the wait. Its own `w` only says, in `state`, that it has. */
struct listen {
    PARK_FRAME;
    bide_notified *notified;
};

/* Under lock_: exchanges the waker; 0: there is none. */
static bide_waker exchange_waker(bide_notified *d, uintptr_t bits)
{
    bide_waker old = {d->parked_.waker};
    d->parked_.waker = bits;
    return old;
}

static enum bide_answer listen_cancel(struct bide_cx *cx, struct park *p)
{
    bide_notified *d = p->object;
    bide_waker old = {0};

    (void)cx;
    if (p->h.state != PARK_WAITS)
        return BIDE_CANCELLED;
    lock_take(&d->notify_->lock_);
    if (d->parked_.state == PARK_QUEUED)
        old = exchange_waker(d, 0);
    lock_give(&d->notify_->lock_);
    waker_drop_any(old);
    return BIDE_CANCELLED;
}

static const struct park_kind listening = {"notification", 0, listen_cancel};

static enum bide_poll listen_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct listen *f = (struct listen *)(void *)h;
    bide_notified *d = f->notified;
    bool begins = h->state != PARK_WAITS;

    if (h->state == 0)
        bide__park_begin((struct park *)(void *)h, &listening);
    if (d->notify_ == NULL)
        return bide__leaf_finish(cx, h, -EINVAL);
    if (begins && !bide_budget_spend(cx))
        return bide_frame_suspend(cx, h);
    bide_waker spare = bide_waker_clone(cx->waker);
    lock_take(&d->notify_->lock_);
    uint32_t state = d->parked_.state;
    if (state == PARK_QUEUED)
        spare = exchange_waker(d, spare.bits);
    else
        d->parked_.state = PARK_IDLE;
    lock_give(&d->notify_->lock_);
    waker_drop_any(spare);
    if (state != PARK_QUEUED)
        return bide__leaf_finish(cx, h, (int)(state == PARK_DONE ? 0 : -EINVAL));
    if (begins)
        cx->turn->budget++;
    h->state = PARK_WAITS;
    return bide_frame_suspend(cx, h);
}

BIDE__LEAF_PARKS(int, bide_notified_wait, struct listen, BIDE__NOT_NOW, listen_poll,
                 bide__park_cancel, (bide_notified *, notified));
