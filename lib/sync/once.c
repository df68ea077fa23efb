/*
 * lib/sync/once.c: who makes a value that is made once.
 *
 * state_ is NEW, MAKING or MADE. It goes from NEW to MAKING by a compare-and-exchange; all other
 * changes are made under lock_. Somebody is queued only while it is MAKING. If the value was not
 * made, the turn is handed to the first one that waits, and the state stays MAKING. MADE is final:
 * from then on nobody is queued.
 *
 * holder_ is the one that makes the value.
 */
#include "lib/leaf.h"

#include "lib/sync/once.h"
#include "lib/sync/park.h"

enum { NEW, MAKING, MADE };

bool bide_once_is_made(const bide_once *o)
{
    return __atomic_load_n(&o->state_, __ATOMIC_ACQUIRE) == MADE;
}

static bool try_begin(bide_once *o)
{
    uint32_t state = NEW;
    return __atomic_compare_exchange_n(&o->state_, &state, MAKING, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

/* ---- the end ---- */

/* With lock_, which it gives back: the turn goes to the next one. */
static void pass_turn(bide_once *o)
{
    struct bide__parked *first = o->waiting_.first;
    bide_waker waker = {0};

    if (first == NULL) {
        __atomic_store_n(&o->state_, NEW, __ATOMIC_RELEASE);
    } else {
        holder_set(&o->holder_, first->waker, NULL, first->as.place);
        waker = queue_finish(&o->waiting_, first, 1);
    }
    lock_give(&o->lock_);
    waker_wake_any(waker);
}

static void tell_all(bide_once *o)
{
    struct wakes wakes = {0};
    bool more = true;

    while (more) {
        while (o->waiting_.first != NULL && !wakes_are_full(&wakes))
            wakes_add(&wakes, queue_finish(&o->waiting_, o->waiting_.first, 0));
        more = o->waiting_.first != NULL;
        lock_give(&o->lock_);
        wakes_spend(&wakes);
        if (more)
            lock_take(&o->lock_);
    }
}

void bide__once_end(bide_once *o, bool made)
{
    holder_clear(&o->holder_);
    lock_take(&o->lock_);
    if (!made) {
        pass_turn(o);
        return;
    }
    __atomic_store_n(&o->state_, MADE, __ATOMIC_RELEASE);
    tell_all(o);
}

/* ---- to wait ---- */

struct wait {
    PARK_FRAME;
    bide_once *once;
    const char *place;
};

static bool take(struct park *p)
{
    bide_once *o = p->object;
    uint32_t state = __atomic_load_n(&o->state_, __ATOMIC_ACQUIRE);

    p->w.result = state != MADE;
    return state == MADE || try_begin(o); /* MAKING stays while lock_ is held */
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct park *p)
{
    bide_once *o = p->object;

    (void)cx;
    if (p->h.state != PARK_WAITS)
        return BIDE_CANCELLED;
    lock_take(&o->lock_);
    if (p->w.state == PARK_QUEUED) {
        queue_remove(&o->waiting_, &p->w);
        lock_give(&o->lock_);
        bide_waker_drop((bide_waker){p->w.waker});
        return BIDE_CANCELLED;
    }
    if (p->w.result == 1) {
        holder_clear(&o->holder_);
        pass_turn(o);
        return BIDE_CANCELLED;
    }
    lock_give(&o->lock_);
    return BIDE_COMPLETED;
}

static const struct park_kind kind = {"once", offsetof(bide_once, holder_), wait_cancel};

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    struct park *p = (struct park *)(void *)h;
    bide_once *o = f->once;

    if (h->state == 0) {
        bide__park_begin(p, &kind);
        p->w.as.place = f->place;
        if (bide__holder_waits(&o->holder_, cx))
            return bide__leaf_finish(cx, h, (int)-EDEADLK);
    }
    if (!bide__park_poll(cx, p, &o->lock_, &o->waiting_, take))
        return bide_frame_suspend(cx, h);
    if (p->w.result == 1)
        holder_set(&o->holder_, cx->waker.bits, cx->chain, f->place);
    return bide__leaf_finish(cx, h, p->w.result);
}

static bool begin_now(struct bide_cx *cx, bide_once *o, const char *place, int *result)
{
    if (cx->turn->budget == 0)
        return false;
    if (bide_once_is_made(o)) {
        *result = 0;
    } else if (try_begin(o)) {
        *result = 1;
        holder_set(&o->holder_, cx->waker.bits, cx->chain, place);
    } else {
        return false;
    }
    cx->turn->budget--;
    return true;
}

BIDE__LEAF_INNER(int, bide__once_begin, struct wait, begin_now, wait_poll, bide__park_cancel,
                 (bide_once *, once), (const char *, place));
