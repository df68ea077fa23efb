/*
 * lib/sync/condition.c: condition variables.
 *
 * A wait is queued here first, then in the mutex, with the same bide__parked and another clone of
 * its waker. It passes through these states of its frame:
 *
 *   SIGNAL   queued here; bide_condition_signal makes it DONE
 *   LOCKS    signalled: it takes the mutex, or is queued there
 *   CANCELS  cancelled: the same, but then it answers BIDE_CANCELLED
 *   HAS      signalled, and it has the mutex
 *
 * Rounds are those of bide_notify_all.
 */
#include "lib/leaf.h"

#include "lib/sync/mutex.h"

enum { SIGNAL = PARK_WAITS, LOCKS, CANCELS, HAS };

struct wait {
    PARK_FRAME;
    bide_condition *condition;
    bide_mutex *mutex;
    const char *place; /* where the mutex was locked */
};

void bide_condition_signal(bide_condition *c)
{
    bide_waker waker = {0};

    lock_take(&c->lock_);
    if (c->waiting_.first != NULL)
        waker = queue_finish(&c->waiting_, c->waiting_.first, 0);
    lock_give(&c->lock_);
    waker_wake_any(waker);
}

void bide_condition_broadcast(bide_condition *c)
{
    struct wakes wakes = {0};
    bool more = true;

    lock_take(&c->lock_);
    uint64_t round = c->round_++;
    while (more) {
        struct bide__parked *w;
        while ((w = c->waiting_.first) != NULL && w->as.need <= round && !wakes_are_full(&wakes))
            wakes_add(&wakes, queue_finish(&c->waiting_, w, 0));
        more = w != NULL && w->as.need <= round;
        lock_give(&c->lock_);
        wakes_spend(&wakes);
        if (more)
            lock_take(&c->lock_);
    }
}

/* ---- the mutex ---- */

/* Takes the mutex, or is queued there and keeps the waker of this poll. True: it has it. */
static bool locks(struct bide_cx *cx, struct wait *f)
{
    bide_mutex *m = f->mutex;
    bool queued = f->w.waker != 0;
    bide_waker fresh = {0}, old = {0};

    if (!queued || f->w.waker != cx->waker.bits)
        fresh = bide_waker_clone(cx->waker);
    lock_take(&m->lock_);
    bool has = queued ? f->w.state == PARK_DONE : bide__mutex_take(m);
    if (has) {
        old = fresh;
    } else {
        if (!queued) {
            f->w.as.place = f->place;
            queue_add(&m->waiting_, &f->w);
        } else if (fresh.bits != 0) {
            old.bits = f->w.waker;
        }
        if (fresh.bits != 0)
            f->w.waker = fresh.bits;
    }
    lock_give(&m->lock_);
    waker_drop_any(old);
    if (has)
        holder_set(&m->holder_, cx->waker.bits, cx->chain, f->place);
    return has;
}

/* ---- the wait ---- */

static void begin(struct bide_cx *cx, struct wait *f)
{
    bide_condition *c = f->condition;

    BIDE__ASSERT(__atomic_load_n(&f->mutex->word_, __ATOMIC_RELAXED) != 0,
                 "condition: wait: the mutex is not locked");
    f->place = __atomic_load_n(&f->mutex->holder_.place, __ATOMIC_RELAXED);
    f->w.waker = bide_waker_clone(cx->waker).bits;
    lock_take(&c->lock_);
    f->w.as.need = c->round_;
    queue_add(&c->waiting_, &f->w);
    lock_give(&c->lock_);
    f->h.state = SIGNAL;
    bide_mutex_unlock(f->mutex);
}

/* A poll while it waits for the signal. True: it was signalled. */
static bool look(struct bide_cx *cx, struct wait *f)
{
    bide_condition *c = f->condition;
    bide_waker fresh = {0};

    if (f->w.waker != cx->waker.bits)
        fresh = bide_waker_clone(cx->waker);
    lock_take(&c->lock_);
    bool signalled = f->w.state == PARK_DONE;
    if (!signalled && fresh.bits != 0) {
        uintptr_t bits = f->w.waker;
        f->w.waker = fresh.bits;
        fresh.bits = bits;
    }
    lock_give(&c->lock_);
    waker_drop_any(fresh);
    return signalled;
}

static void goes_to_mutex(struct wait *f, uint32_t state)
{
    f->w.waker = 0; /* it is not queued there */
    f->h.state = state;
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct park *p)
{
    struct wait *f = (struct wait *)(void *)p;
    bide_condition *c = f->condition;

    if (p->h.state == SIGNAL) {
        lock_take(&c->lock_);
        bool queued = p->w.state == PARK_QUEUED;
        if (queued)
            queue_remove(&c->waiting_, &p->w);
        lock_give(&c->lock_);
        bide_waker old = {queued ? p->w.waker : 0};
        goes_to_mutex(f, queued ? CANCELS : LOCKS);
        waker_drop_any(old);
    }
    if (!locks(cx, f))
        return BIDE_WAIT;
    if (p->h.state == CANCELS)
        return BIDE_CANCELLED;
    p->h.state = HAS;
    return BIDE_COMPLETED;
}

static const struct park_kind kind = {"condition", 0, wait_cancel};

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;

    if (h->state == 0) {
        bide__park_begin((struct park *)(void *)h, &kind);
        begin(cx, f);
        return bide_frame_suspend(cx, h);
    }
    if (h->state == SIGNAL) {
        if (!look(cx, f))
            return bide_frame_suspend(cx, h);
        goes_to_mutex(f, LOCKS);
    }
    if (h->state != HAS && !locks(cx, f))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, (int)0);
}

BIDE__LEAF_PARKS(int, bide_condition_wait, struct wait, BIDE__NOT_NOW, wait_poll, bide__park_cancel,
                 (bide_condition *, condition), (bide_mutex *, mutex));
