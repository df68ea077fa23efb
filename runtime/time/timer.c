/*
 * timer.c: see time.h.
 */
#include "runtime/time/time.h"

#include "core/assert.h"
#include "runtime/thread.h"

enum {
    LOOK_MAX = 16, /* a slot with more timers is crowded */
    SLOTS = BIDE__WHEEL_LEVELS * BIDE__SLOTS,
};

/* ---- several threads ---- */

static void lock(struct bide__wheel *w)
{
    if (w->multi)
        pthread_mutex_lock(&w->mutex);
}

static void unlock(struct bide__wheel *w)
{
    if (w->multi)
        pthread_mutex_unlock(&w->mutex);
}

/* Written under the lock, but also read without it. */
static void set_next(struct bide__wheel *w, int64_t next_ns)
{
    atomic_store_explicit(&w->next_ns, next_ns, memory_order_relaxed);
}

static int64_t next_of(const struct bide__wheel *w)
{
    return atomic_load_explicit(&w->next_ns, memory_order_relaxed);
}

static size_t count_of(const struct bide__wheel *w)
{
    return atomic_load_explicit(&w->count, memory_order_relaxed);
}

static void set_count(struct bide__wheel *w, size_t count)
{
    atomic_store_explicit(&w->count, count, memory_order_relaxed);
}

/* ---- rings: a head and the links of timers, all of one type ---- */

static struct bide__timer *timer_of(struct bide__link *link)
{
    return (struct bide__timer *)(void *)link; /* its first member */
}

static void ring_init(struct bide__link *ring)
{
    ring->next = ring->previous = ring;
}

static bool ring_is_empty(const struct bide__link *ring)
{
    return ring->next == ring;
}

static void link_before(struct bide__link *at, struct bide__link *t)
{
    t->next = at;
    t->previous = at->previous;
    t->previous->next = t;
    at->previous = t;
}

static void ring_append(struct bide__link *ring, struct bide__link *t)
{
    link_before(ring, t);
}

static void link_remove(struct bide__link *t)
{
    t->previous->next = t->next;
    t->next->previous = t->previous;
}

/* Moves all of `from`, which is not empty, to `to`, whose old contents are lost. */
static void ring_move(struct bide__link *to, struct bide__link *from)
{
    *to = *from;
    to->next->previous = to;
    to->previous->next = to;
    ring_init(from);
}

/* Under the lock: of an armed timer. */
static int64_t deadline_of(const struct bide__link *t)
{
    const struct bide__timer *timer = (const struct bide__timer *)(const void *)t;
    return atomic_load_explicit(&timer->deadline_ns, memory_order_relaxed);
}

/* ---- places ---- */

static int64_t tick_of(int64_t ns)
{
    return ns >> BIDE__TICK_BITS;
}

static void mark_occupied(struct bide__wheel *w, unsigned slot)
{
    w->occupied[slot / 64] |= UINT64_C(1) << slot % 64;
}

static void mark_empty(struct bide__wheel *w, unsigned slot)
{
    w->occupied[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

/* A deadline in the past belongs to the present tick. */
static int64_t due_tick(const struct bide__wheel *w, int64_t deadline_ns)
{
    int64_t tick = tick_of(deadline_ns);
    return tick < w->tick ? w->tick : tick;
}

static void place(struct bide__wheel *w, struct bide__link *t)
{
    int64_t tick = due_tick(w, deadline_of(t));
    uint64_t differs = (uint64_t)(tick ^ w->tick);
    unsigned level = 0;

    if (differs >= BIDE__SLOTS)
        level = (63 - (unsigned)__builtin_clzll(differs)) / BIDE__SLOT_BITS;
    unsigned slot = level * BIDE__SLOTS + (unsigned)(tick >> level * BIDE__SLOT_BITS) % BIDE__SLOTS;
    ring_append(&w->slots[slot], t);
    mark_occupied(w, slot);
}

/* Takes an armed timer out of its ring. */
static void take_out(struct bide__wheel *w, struct bide__link *t)
{
    struct bide__link *next = t->next, *slots = w->slots;

    BIDE__ASSERT(count_of(w) > 0, "timer: disarm: no timer is armed");
    set_count(w, count_of(w) - 1);
    link_remove(t);
    /* It was the last in its ring if its neighbour on both sides is the head. */
    if (next == t->previous && next >= slots && next < slots + SLOTS)
        mark_empty(w, (unsigned)(next - slots));
}

void bide__wheel_init(struct bide__wheel *w, int64_t now_ns, bool multi, uint32_t number)
{
    w->multi = multi;
    w->number = number;
    atomic_init(&w->next_ns, INT64_MAX);
    atomic_init(&w->count, 0);
    pthread_mutex_init(&w->mutex, NULL);
    w->tick = tick_of(now_ns);
    ring_init(&w->due);
    ring_init(&w->moving);
    memset(w->occupied, 0, sizeof(w->occupied));
    for (unsigned slot = 0; slot < SLOTS; slot++)
        ring_init(&w->slots[slot]);
}

void bide__wheel_end(struct bide__wheel *w)
{
    pthread_mutex_destroy(&w->mutex);
}

/* ---- time passes ---- */

/*
 * The next slot that has timers, and the tick at which it begins; for the slot of the present, that
 * is the present tick. All timers of a level are later than those of the levels below.
 */
static bool next_slot(const struct bide__wheel *w, unsigned *slot, int64_t *begin)
{
    for (unsigned n = 0; n < SLOTS / 64; n++) {
        if (w->occupied[n] == 0)
            continue;
        *slot = n * 64 + (unsigned)__builtin_ctzll(w->occupied[n]);
        unsigned shift = *slot / BIDE__SLOTS * BIDE__SLOT_BITS;
        uint64_t round = (uint64_t)w->tick >> shift >> BIDE__SLOT_BITS << BIDE__SLOT_BITS;
        *begin = (int64_t)((round | *slot % BIDE__SLOTS) << shift);
        return true;
    }
    return false;
}

/* Sorts a short ring by deadline. Stable: each timer goes after the timers that are not later. */
static void insertion_sort(struct bide__link *ring)
{
    struct bide__link rest, *next;

    ring_move(&rest, ring);
    for (struct bide__link *t = rest.next; t != &rest; t = next) {
        struct bide__link *at = ring;
        next = t->next;
        while (at->previous != ring && deadline_of(at->previous) > deadline_of(t))
            at = at->previous;
        link_before(at, t);
    }
}

/* Sorts a ring of any length: merge sort. */
static void sort(struct bide__link *ring, size_t count)
{
    struct bide__link half[2], *next;

    if (count <= 8) {
        insertion_sort(ring);
        return;
    }
    ring_init(&half[0]);
    ring_init(&half[1]);
    size_t i = 0;
    for (struct bide__link *t = ring->next; t != ring; t = next) {
        next = t->next;
        ring_append(&half[i++ >= count / 2], t);
    }
    sort(&half[0], count / 2);
    sort(&half[1], count - count / 2);
    ring_init(ring);
    while (!ring_is_empty(&half[0]) || !ring_is_empty(&half[1])) {
        bool second =
            ring_is_empty(&half[0]) ||
            (!ring_is_empty(&half[1]) && deadline_of(half[1].next) < deadline_of(half[0].next));
        struct bide__link *t = half[second].next;
        link_remove(t);
        ring_append(ring, t);
    }
}

/* Moves the due timers of a slot of level 0 to `due`: all of them if its tick is past. Returns the
 * earliest deadline of those that stay, INT64_MAX if none does. */
static int64_t collect(struct bide__wheel *w, unsigned slot, int64_t now_ns)
{
    struct bide__link *ring = &w->slots[slot], *next;
    int64_t least_ns = INT64_MAX;
    size_t count = 0;

    for (struct bide__link *t = ring->next; t != ring; t = next) {
        next = t->next;
        if (deadline_of(t) <= now_ns) {
            link_remove(t);
            ring_append(&w->due, t);
            __builtin_prefetch(bide_waker_task(timer_of(t)->waker), 1);
            count++;
        } else if (deadline_of(t) < least_ns) {
            least_ns = deadline_of(t);
        }
    }
    if (ring_is_empty(ring))
        mark_empty(w, slot);
    if (count > 1)
        sort(&w->due, count);
    return least_ns;
}

/* Moves up to `max` timers, of a slot in which the present now is, down a level. */
static size_t move_down(struct bide__wheel *w, size_t max)
{
    size_t count = 0;

    while (count < max && !ring_is_empty(&w->moving)) {
        struct bide__link *t = w->moving.next;
        link_remove(t);
        place(w, t);
        count++;
    }
    return count;
}

/* Wakes up to `max` timers of `due`. */
static size_t wake_due(struct bide__wheel *w, size_t max)
{
    size_t count = 0;

    while (count < max && !ring_is_empty(&w->due)) {
        struct bide__timer *t = timer_of(w->due.next);
        bide_waker waker = t->waker;
        take_out(w, &t->link);
        if (!w->multi) /* the wake may arm it again */
            atomic_store_explicit(&t->deadline_ns, 0, memory_order_relaxed);
        bide_waker_wake_by_ref(waker);
        if (w->multi) /* its leaf may end from now on */
            atomic_store_explicit(&t->deadline_ns, 0, memory_order_release);
        count++;
    }
    return count;
}

/*
 * Under the lock: does what is due at now_ns. Returns false when nothing is left; `next_ns` is then
 * right. After BIDE__HOLD_MAX timers, with `multi`, it returns true: give the lock to others, and
 * go on.
 */
static bool pass(struct bide__wheel *w, int64_t now_ns, size_t *woken)
{
    int64_t now_tick = tick_of(now_ns), begin, least_ns = INT64_MAX;
    size_t rest = w->multi ? BIDE__HOLD_MAX : SIZE_MAX;
    unsigned slot;
    bool is_last = false; /* the present tick has been collected */

    set_next(w, INT64_MAX); /* wakes that arm timers lower it */
    for (;;) {
        rest -= move_down(w, rest);
        size_t count = wake_due(w, rest);
        *woken += count;
        rest -= count;
        if (rest == 0) {
            set_next(w, now_ns);
            return true;
        }
        if (is_last || !next_slot(w, &slot, &begin) || begin > now_tick)
            break;
        if (begin > w->tick)
            w->tick = begin;
        is_last = slot < BIDE__SLOTS && begin >= now_tick;
        if (slot < BIDE__SLOTS) {
            least_ns = collect(w, slot, now_ns);
        } else {
            ring_move(&w->moving, &w->slots[slot]);
            mark_empty(w, slot);
        }
    }
    if (now_tick > w->tick)
        w->tick = now_tick;
    if (next_slot(w, &slot, &begin)) {
        if (slot >= BIDE__SLOTS || begin > w->tick)
            least_ns = begin << BIDE__TICK_BITS;
        if (least_ns < next_of(w))
            set_next(w, least_ns);
    }
    return false;
}

size_t bide__wheel_advance(struct bide__wheel *w, int64_t now_ns)
{
    size_t woken = 0;
    bool more;

    /* With `multi` the present may lag behind as long as nothing is due: its tick is under the
     * lock. */
    if (now_ns < next_of(w) && (w->multi || tick_of(now_ns) <= w->tick))
        return 0;
    do {
        lock(w);
        more = pass(w, now_ns, &woken);
        unlock(w);
    } while (more);
    return woken;
}

size_t bide__wheel_help(struct bide__wheel *w, int64_t now_ns)
{
    size_t woken = 0;
    bool more = true;

    while (more && now_ns >= next_of(w) && pthread_mutex_trylock(&w->mutex) == 0) {
        more = pass(w, now_ns, &woken);
        pthread_mutex_unlock(&w->mutex);
    }
    return woken;
}

static int64_t look_for_next(const struct bide__wheel *w, bool exact)
{
    unsigned slot;
    int64_t begin, least = INT64_MAX;
    int looked = 0;

    if (!ring_is_empty(&w->due) || !ring_is_empty(&w->moving))
        return next_of(w);
    if (!next_slot(w, &slot, &begin))
        return INT64_MAX;
    const struct bide__link *ring = &w->slots[slot];
    for (const struct bide__link *t = ring->next; t != ring; t = t->next) {
        if (!exact && looked++ == LOOK_MAX) {
            int64_t ns = (slot < BIDE__SLOTS ? begin + 1 : begin) << BIDE__TICK_BITS;
            return ns > next_of(w) ? ns : next_of(w); /* if the present lags behind, it is past */
        }
        if (deadline_of(t) < least)
            least = deadline_of(t);
    }
    return least;
}

int64_t bide__wheel_next(struct bide__wheel *w, bool exact)
{
    lock(w);
    int64_t next_ns = look_for_next(w, exact);
    unlock(w);
    return next_ns;
}

/* ---- for leaves ---- */

int64_t bide__deadline(struct bide_duration duration)
{
    int64_t now_ns = bide__clock_ns(), deadline_ns;
    if (duration.ns <= 0)
        return now_ns;
    return __builtin_add_overflow(now_ns, duration.ns, &deadline_ns) ? INT64_MAX : deadline_ns;
}

struct bide__wheel *bide__wheel_running(void)
{
    const struct bide__worker *worker = bide__thread.running;
    return worker != NULL ? worker->wheel : NULL;
}

struct bide__wheel *bide__wheel_numbered(uint32_t number)
{
    return &bide__thread.running->runtime->wheels[number];
}

struct bide__wheel *bide__wheel_of(struct bide_runtime *rt)
{
    const struct bide__worker *worker = bide__thread.running;
    return worker != NULL && worker->runtime == rt ? worker->wheel : &rt->wheels[0];
}

void bide__timer_arm(struct bide__wheel *w, struct bide__timer *timer, int64_t deadline_ns,
                     bide_waker waker)
{
    if (deadline_ns <= 0)
        deadline_ns = 1;
    lock(w);
    timer->waker = waker;
    atomic_store_explicit(&timer->deadline_ns, deadline_ns, memory_order_relaxed);
    set_count(w, count_of(w) + 1);
    place(w, &timer->link);
    if (deadline_ns < next_of(w))
        set_next(w, deadline_ns);
    unlock(w);
}

bool bide__timer_waits(struct bide__wheel *w, struct bide__timer *timer, bide_waker waker)
{
    if (!bide__timer_armed(timer))
        return false;
    lock(w);
    bool armed = bide__timer_armed(timer);
    if (armed)
        timer->waker = waker;
    unlock(w);
    return armed;
}

bool bide__timer_disarm(struct bide__wheel *w, struct bide__timer *timer)
{
    if (!bide__timer_armed(timer))
        return false;
    lock(w);
    bool armed = bide__timer_armed(timer);
    if (armed) {
        take_out(w, &timer->link);
        atomic_store_explicit(&timer->deadline_ns, 0, memory_order_relaxed);
    }
    unlock(w);
    return armed;
}
