/*
 * lib/sync/rwlock.c: locks for many readers or one writer.
 *
 * word_ is WAITERS, WRITER, and above them the number of readers. Without WAITERS, who finds it as
 * it needs it changes it by a compare-and-exchange. WAITERS is set while somebody is queued, and
 * only under lock_; then nobody new gets in, and what becomes free is given to the head of the
 * queue: to one writer, or to all readers up to the next writer. A reader is at the head only while
 * a writer holds the lock, or for the moment until it is given to that reader.
 *
 * holder_ is that of the writer.
 */
#include "lib/leaf.h"

#include "lib/sync/park.h"

#undef bide_rwlock_write

enum { WAITERS = 1, WRITER = 2, READER = 4 };

enum { READS, WRITES }; /* in `result` of one that is queued: what it wants */

/* For one that is not queued. */
static bool try_enter(bide_rwlock *l, bool writes)
{
    uint64_t word = __atomic_load_n(&l->word_, __ATOMIC_RELAXED);
    do
        if (word & (WAITERS | WRITER) || (writes && word != 0))
            return false;
    while (!__atomic_compare_exchange_n(&l->word_, &word, word + (writes ? WRITER : READER), true,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return true;
}

/* ---- who comes next; under lock_ ---- */

/* The first waiter gets the lock, if it is free for it. */
static bool grant_one(bide_rwlock *l, struct wakes *wakes)
{
    struct bide__parked *w = l->waiting_.first;
    uint64_t word = __atomic_load_n(&l->word_, __ATOMIC_RELAXED);
    bool writes = w->result == WRITES;

    /* Readers that leave may change the word. */
    do
        if (word & WRITER || (writes && word >= READER))
            return false;
    while (!__atomic_compare_exchange_n(&l->word_, &word, word + (writes ? WRITER : READER), true,
                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    if (writes)
        holder_set(&l->holder_, w->waker, NULL, w->as.place);
    wakes_add(wakes, queue_finish(&l->waiting_, w, 0));
    return true;
}

/* With lock_, which it gives back: does what is due, and wakes. */
static void settle(bide_rwlock *l)
{
    struct wakes wakes = {0};
    bool more = true;

    while (more) {
        while (l->waiting_.first != NULL && !wakes_are_full(&wakes) && grant_one(l, &wakes))
            ;
        more = l->waiting_.first != NULL && wakes_are_full(&wakes);
        if (l->waiting_.first == NULL)
            __atomic_fetch_and(&l->word_, ~(uint64_t)WAITERS, __ATOMIC_RELAXED);
        lock_give(&l->lock_);
        wakes_spend(&wakes);
        if (more)
            lock_take(&l->lock_);
    }
}

/* ---- to unlock ---- */

/* Takes `less` off the word. Without waiters that is the last touch: the lock may be freed then. */
static void leave(bide_rwlock *l, uint64_t less)
{
    for (;;) {
        uint64_t word = __atomic_load_n(&l->word_, __ATOMIC_RELAXED);
        while (!(word & WAITERS) || (less == READER && word >= 2 * READER))
            if (__atomic_compare_exchange_n(&l->word_, &word, word - less, true, __ATOMIC_RELEASE,
                                            __ATOMIC_RELAXED))
                return;
        lock_take(&l->lock_);
        if (l->waiting_.first != NULL)
            break;
        lock_give(&l->lock_); /* who waited was cancelled */
    }
    __atomic_fetch_sub(&l->word_, less, __ATOMIC_ACQ_REL);
    settle(l);
}

void bide_rwlock_read_unlock(bide_rwlock *l)
{
    BIDE__ASSERT(__atomic_load_n(&l->word_, __ATOMIC_RELAXED) >= READER,
                 "rwlock: end a read: nobody reads");
    leave(l, READER);
}

void bide_rwlock_write_unlock(bide_rwlock *l)
{
    BIDE__ASSERT(__atomic_load_n(&l->word_, __ATOMIC_RELAXED) & WRITER,
                 "rwlock: end a write: nobody writes");
    holder_clear(&l->holder_);
    leave(l, WRITER);
}

void bide_rwlock_downgrade(bide_rwlock *l)
{
    BIDE__ASSERT(__atomic_load_n(&l->word_, __ATOMIC_RELAXED) & WRITER,
                 "rwlock: downgrade: nobody writes");
    holder_clear(&l->holder_);
    if (!(__atomic_add_fetch(&l->word_, (uint64_t)READER - WRITER, __ATOMIC_RELEASE) & WAITERS))
        return;
    lock_take(&l->lock_);
    settle(l);
}

/* ---- to wait ---- */

struct wait {
    PARK_FRAME;
    bide_rwlock *rwlock;
    const char *place;
};

static bool take(struct park *p)
{
    bide_rwlock *l = p->object;
    bool writes = p->w.result == WRITES;
    uint64_t word = __atomic_load_n(&l->word_, __ATOMIC_RELAXED);

    for (;;) {
        bool free = !(word & (WAITERS | WRITER)) && (!writes || word == 0);
        uint64_t then = !free ? word | WAITERS : word + (writes ? WRITER : READER);
        if (!__atomic_compare_exchange_n(&l->word_, &word, then, true, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED))
            continue;
        if (free)
            p->w.result = 0;
        return free;
    }
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct park *p)
{
    bide_rwlock *l = p->object;

    (void)cx;
    if (p->h.state != PARK_WAITS)
        return BIDE_CANCELLED;
    lock_take(&l->lock_);
    if (p->w.state != PARK_QUEUED) {
        lock_give(&l->lock_);
        return BIDE_COMPLETED;
    }
    queue_remove(&l->waiting_, &p->w);
    settle(l); /* the next one may be a reader, and this one a writer */
    bide_waker_drop((bide_waker){p->w.waker});
    return BIDE_CANCELLED;
}

static const struct park_kind kind = {"rwlock", offsetof(bide_rwlock, holder_), wait_cancel};

/* True if it is done; *result is 0 or -EDEADLK. */
static bool wait_for(struct bide_cx *cx, struct wait *f, bool writes, int *result)
{
    struct park *p = (struct park *)(void *)f;
    bide_rwlock *l = f->rwlock;

    *result = 0;
    if (p->h.state == 0) {
        bide__park_begin(p, &kind);
        p->w.result = writes ? WRITES : READS;
        p->w.as.place = f->place;
        if (bide__holder_waits(&l->holder_, cx)) {
            *result = -EDEADLK;
            return true;
        }
    }
    if (!bide__park_poll(cx, p, &l->lock_, &l->waiting_, take))
        return false;
    if (writes)
        holder_set(&l->holder_, cx->waker.bits, cx->chain, f->place);
    return true;
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h, bool writes)
{
    int result;
    if (!wait_for(cx, (struct wait *)(void *)h, writes, &result))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, result);
}

static enum bide_poll enter_poll(struct bide_cx *cx, struct bide_frame *h, bool writes)
{
    struct wait *f = (struct wait *)(void *)h;
    bide_rwlock *l = f->rwlock;
    int result;

    if (!wait_for(cx, f, writes, &result))
        return bide_frame_suspend(cx, h);
    if (result < 0)
        return bide__enter_fails(cx, (struct park *)(void *)f, f->place, result);
    return bide__leaf_finish(cx, h, l);
}

/* What is free needs no frame. */
static bool enter_now(struct bide_cx *cx, bide_rwlock *l, bool writes, const char *place)
{
    if (cx->turn->budget == 0 || !try_enter(l, writes))
        return false;
    cx->turn->budget--;
    if (writes)
        holder_set(&l->holder_, cx->waker.bits, cx->chain, place);
    return true;
}

/* ---- plain code ---- */

int bide_rwlock_try_read(bide_rwlock *l)
{
    return try_enter(l, false) ? 0 : -EAGAIN;
}

static int try_write_at(bide_rwlock *l, const char *place)
{
    if (!try_enter(l, true))
        return -EAGAIN;
    holder_set(&l->holder_, bide__holder_here(), NULL, place);
    return 0;
}

int bide_rwlock_try_write(bide_rwlock *l)
{
    return try_write_at(l, NULL);
}

/* ---- reading ---- */

static bool read_now(struct bide_cx *cx, bide_rwlock *l, int *result)
{
    *result = 0;
    return enter_now(cx, l, false, NULL);
}

static enum bide_poll read_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        ((struct wait *)(void *)h)->place = NULL;
    return wait_poll(cx, h, false);
}

BIDE__LEAF_ARGS(bide_rwlock_read, (bide_rwlock *, rwlock))

int bide_rwlock_read(bide_rwlock *l)
{
    struct bide_rwlock_read_args args = {l};
    int result = 0;
    if (try_enter(l, false))
        return 0;
    if (holder_is_here(&l->holder_))
        return -EDEADLK;
    bide__park_on(&bide__desc_bide_rwlock_read, &args, &result);
    return result;
}

BIDE__LEAF_MAKE(int, bide_rwlock_read, struct wait, read_now, bide_rwlock_read, read_poll,
                bide__park_cancel, (bide_rwlock *, rwlock));

static bool read_enter_now(struct bide_cx *cx, bide_rwlock *l, const char *place,
                           bide_rwlock **result)
{
    *result = l;
    return enter_now(cx, l, false, place);
}

static enum bide_poll read_enter_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return enter_poll(cx, h, false);
}

BIDE__LEAF_INNER(bide_rwlock *, bide__rwlock_enter_read, struct wait, read_enter_now,
                 read_enter_poll, bide__park_cancel, (bide_rwlock *, rwlock),
                 (const char *, place));

void bide__rwlock_leave_read(bide_rwlock **held)
{
    if (*held != NULL)
        bide_rwlock_read_unlock(*held);
}

/* ---- writing ---- */

static bool write_now(struct bide_cx *cx, bide_rwlock *l, const char *place, int *result)
{
    *result = 0;
    return enter_now(cx, l, true, place);
}

static enum bide_poll write_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return wait_poll(cx, h, true);
}

BIDE__LEAF_ARGS(bide__rwlock_write, (bide_rwlock *, rwlock), (const char *, place))

int bide__rwlock_write(bide_rwlock *l, const char *place)
{
    struct bide__rwlock_write_args args = {l, place};
    int result = try_write_at(l, place);
    if (result == 0)
        return 0;
    if (holder_is_here(&l->holder_))
        return -EDEADLK;
    bide__park_on(&bide__desc_bide__rwlock_write, &args, &result);
    if (result == 0)
        holder_set(&l->holder_, bide__holder_here(), NULL, place);
    return result;
}

BIDE__LEAF_MAKE(int, bide__rwlock_write, struct wait, write_now, bide__rwlock_write, write_poll,
                bide__park_cancel, (bide_rwlock *, rwlock), (const char *, place));

/* Called through a reference, which tells no place. */
static bool plain_write_now(struct bide_cx *cx, bide_rwlock *l, int *result)
{
    return write_now(cx, l, NULL, result);
}

static enum bide_poll plain_write_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        ((struct wait *)(void *)h)->place = NULL;
    return write_poll(cx, h);
}

BIDE__LEAF_ARGS(bide_rwlock_write, (bide_rwlock *, rwlock))

int bide_rwlock_write(bide_rwlock *l)
{
    return bide__rwlock_write(l, NULL);
}

BIDE__LEAF_MAKE(int, bide_rwlock_write, struct wait, plain_write_now, bide_rwlock_write,
                plain_write_poll, bide__park_cancel, (bide_rwlock *, rwlock));

static bool write_enter_now(struct bide_cx *cx, bide_rwlock *l, const char *place,
                            bide_rwlock **result)
{
    *result = l;
    return enter_now(cx, l, true, place);
}

static enum bide_poll write_enter_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return enter_poll(cx, h, true);
}

BIDE__LEAF_INNER(bide_rwlock *, bide__rwlock_enter_write, struct wait, write_enter_now,
                 write_enter_poll, bide__park_cancel, (bide_rwlock *, rwlock),
                 (const char *, place));

void bide__rwlock_leave_write(bide_rwlock **held)
{
    if (*held != NULL)
        bide_rwlock_write_unlock(*held);
}
