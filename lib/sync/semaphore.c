/*
 * lib/sync/semaphore.c: semaphores, and permits as values.
 *
 * word_ is CLOSED, WAITERS, and above them the number of permits that nobody has. WAITERS is set
 * while somebody is queued, and only under lock_. Then nobody else takes permits: what is released
 * gathers until there is enough for the first waiter, which gets it under lock_. Without WAITERS
 * the word changes by a compare-and-exchange.
 */
#include "lib/leaf.h"

#include "lib/sync/park.h"

enum { CLOSED = 1, WAITERS = 2, PERMIT = 4, SHIFT = 2 };

static uint64_t read_word(const bide_semaphore *s)
{
    return __atomic_load_n(&s->word_, __ATOMIC_RELAXED);
}

/* The word was *word; if it has changed, *word is what it is now. */
static bool change(bide_semaphore *s, uint64_t *word, uint64_t then)
{
    return __atomic_compare_exchange_n(&s->word_, word, then, true, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

static int try_acquire(bide_semaphore *s, size_t count)
{
    uint64_t word = read_word(s);

    if (count > BIDE_SEMAPHORE_MAX)
        return -EINVAL;
    do {
        if (word & CLOSED)
            return -EPIPE;
        if (word & WAITERS || word >> SHIFT < count)
            return -EAGAIN;
    } while (!change(s, &word, word - (uint64_t)count * PERMIT));
    return 0;
}

/* ---- who comes next ---- */

/* Under lock_: the first waiter gets what it needs, if it is there. */
static bool grant_one(bide_semaphore *s, struct wakes *wakes)
{
    struct bide__parked *w = s->waiting_.first;
    uint64_t word = read_word(s), need = w->as.need * PERMIT;

    if (word & CLOSED) {
        wakes_add(wakes, queue_finish(&s->waiting_, w, -EPIPE));
        return true;
    }
    do
        if (word >> SHIFT < w->as.need)
            return false;
    while (!change(s, &word, word - need)); /* bide_semaphore_forget changes it, too */
    wakes_add(wakes, queue_finish(&s->waiting_, w, 0));
    return true;
}

/* With lock_, which it gives back: does what is due, and wakes. */
static void settle(bide_semaphore *s)
{
    struct wakes wakes = {0};
    bool more = true;

    while (more) {
        while (s->waiting_.first != NULL && !wakes_are_full(&wakes) && grant_one(s, &wakes))
            ;
        more = s->waiting_.first != NULL && wakes_are_full(&wakes);
        if (s->waiting_.first == NULL)
            __atomic_fetch_and(&s->word_, ~(uint64_t)WAITERS, __ATOMIC_RELAXED);
        lock_give(&s->lock_);
        wakes_spend(&wakes);
        if (more)
            lock_take(&s->lock_);
    }
}

/* ---- without waiting ---- */

int bide_semaphore_try_acquire(bide_semaphore *s, size_t count)
{
    return try_acquire(s, count);
}

/* Without waiters the change is the last touch: the semaphore may be freed then. */
void bide_semaphore_release(bide_semaphore *s, size_t count)
{
    uint64_t more = (uint64_t)count * PERMIT;

    for (;;) {
        uint64_t word = read_word(s);
        BIDE__ASSERT(count <= BIDE_SEMAPHORE_MAX && (word >> SHIFT) + count <= BIDE_SEMAPHORE_MAX,
                     "semaphore: release: there are too many permits");
        while (!(word & WAITERS))
            if (change(s, &word, word + more))
                return;
        lock_take(&s->lock_);
        if (s->waiting_.first != NULL)
            break;
        lock_give(&s->lock_); /* who waited was cancelled */
    }
    __atomic_fetch_add(&s->word_, more, __ATOMIC_ACQ_REL);
    settle(s);
}

size_t bide_semaphore_forget(bide_semaphore *s, size_t count)
{
    uint64_t word = read_word(s), taken;
    do
        taken = word >> SHIFT < count ? word >> SHIFT : count;
    while (!change(s, &word, word - taken * PERMIT));
    return (size_t)taken;
}

void bide_semaphore_close(bide_semaphore *s)
{
    lock_take(&s->lock_);
    __atomic_fetch_or(&s->word_, CLOSED, __ATOMIC_ACQ_REL);
    settle(s);
}

bool bide_semaphore_is_closed(const bide_semaphore *s)
{
    return read_word(s) & CLOSED;
}

size_t bide_semaphore_available(const bide_semaphore *s)
{
    return (size_t)(read_word(s) >> SHIFT);
}

/* ---- to wait ---- */

struct wait {
    PARK_FRAME;
    bide_semaphore *semaphore;
    size_t count;
    bide_permit *permit; /* NULL: the caller counts */
};

static bool take(struct park *p)
{
    bide_semaphore *s = p->object;
    uint64_t word = read_word(s), need = p->w.as.need * PERMIT;

    for (;;) {
        bool free = !(word & WAITERS) && word >> SHIFT >= p->w.as.need;
        if (word & CLOSED) {
            p->w.result = -EPIPE;
            return true;
        }
        if (!change(s, &word, free ? word - need : word | WAITERS))
            continue;
        p->w.result = 0;
        return free;
    }
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct park *p)
{
    bide_semaphore *s = p->object;

    (void)cx;
    if (p->h.state != PARK_WAITS)
        return BIDE_CANCELLED;
    lock_take(&s->lock_);
    if (p->w.state != PARK_QUEUED) {
        lock_give(&s->lock_);
        return BIDE_COMPLETED;
    }
    queue_remove(&s->waiting_, &p->w);
    settle(s); /* the next one may need less */
    bide_waker_drop((bide_waker){p->w.waker});
    return BIDE_CANCELLED;
}

static const struct park_kind kind = {"semaphore", 0, wait_cancel};

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    struct park *p = (struct park *)(void *)h;

    if (h->state == 0) {
        bide__park_begin(p, &kind);
        p->w.as.need = f->count;
        if (f->count > BIDE_SEMAPHORE_MAX)
            return bide__leaf_finish(cx, h, (int)-EINVAL);
    }
    if (!bide__park_poll(cx, p, &f->semaphore->lock_, &f->semaphore->waiting_, take))
        return bide_frame_suspend(cx, h);
    if (p->w.result == 0 && f->permit != NULL)
        *f->permit = (bide_permit){f->semaphore, f->count};
    return bide__leaf_finish(cx, h, p->w.result);
}

/* What is there needs no frame. */
static bool acquire_now(struct bide_cx *cx, bide_semaphore *s, size_t count, int *result)
{
    return done_now(cx, result, try_acquire(s, count));
}

static enum bide_poll acquire_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        ((struct wait *)(void *)h)->permit = NULL;
    return wait_poll(cx, h);
}

BIDE__LEAF_PARKS(int, bide_semaphore_acquire, struct wait, acquire_now, acquire_poll,
                 bide__park_cancel, (bide_semaphore *, semaphore), (size_t, count));

/* ---- permits ---- */

static void permit_set(bide_permit *permit, bide_semaphore *s, size_t count)
{
    BIDE__ASSERT(permit->count_ == 0, "permit: acquire: it holds some");
    *permit = (bide_permit){s, count};
}

int bide_permit_try_acquire(bide_semaphore *s, size_t count, bide_permit *permit)
{
    int result = try_acquire(s, count);
    if (result == 0)
        permit_set(permit, s, count);
    return result;
}

static bool permit_now(struct bide_cx *cx, bide_semaphore *s, size_t count, bide_permit *permit,
                       int *result)
{
    if (!acquire_now(cx, s, count, result))
        return false;
    if (*result == 0)
        permit_set(permit, s, count);
    return true;
}

BIDE__LEAF_PARKS(int, bide_permit_acquire, struct wait, permit_now, wait_poll, bide__park_cancel,
                 (bide_semaphore *, semaphore), (size_t, count), (bide_permit *, permit));

void bide_permit_drop(bide_permit *permit)
{
    bide_permit p = *permit;
    *permit = (bide_permit){0};
    if (p.count_ > 0)
        bide_semaphore_release(p.semaphore_, p.count_);
}

size_t bide_permit_forget(bide_permit *permit)
{
    size_t count = permit->count_;
    *permit = (bide_permit){0};
    return count;
}

size_t bide_permit_count(const bide_permit *permit)
{
    return permit->count_;
}

int bide_permit_move(bide_permit *permit, size_t count, bide_permit *to)
{
    if (count > permit->count_ || (to->count_ > 0 && to->semaphore_ != permit->semaphore_))
        return -EINVAL;
    to->semaphore_ = permit->semaphore_;
    permit->count_ -= count;
    to->count_ += count;
    return 0;
}
