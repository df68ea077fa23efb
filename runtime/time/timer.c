/*
 * timer.c: see time.h.
 */
#include "runtime/time/time.h"

#include "core/assert.h"
#include "runtime/worker.h"

enum { LOOK_MAX = 16 }; /* a slot with more timers is crowded */

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

static void place(struct bide__wheel *w, struct bide__timer *t)
{
    int64_t tick = due_tick(w, t->deadline_ns);
    uint64_t differs = (uint64_t)(tick ^ w->tick);
    unsigned level = 0;

    if (differs >= BIDE__SLOTS)
        level = (63 - (unsigned)__builtin_clzll(differs)) / BIDE__SLOT_BITS;
    else if (differs == 0 && t->deadline_ns < w->next_ns)
        w->next_ns = t->deadline_ns;
    unsigned slot = level * BIDE__SLOTS + (unsigned)(tick >> level * BIDE__SLOT_BITS) % BIDE__SLOTS;
    ring_append(&w->slots[slot], &t->link);
    mark_occupied(w, slot);
}

void bide__wheel_init(struct bide__wheel *w, int64_t now_ns)
{
    w->tick = tick_of(now_ns);
    w->next_ns = INT64_MAX;
    w->count = 0;
    memset(w->occupied, 0, sizeof(w->occupied));
    for (unsigned slot = 0; slot < BIDE__WHEEL_LEVELS * BIDE__SLOTS; slot++)
        ring_init(&w->slots[slot]);
}

void bide__wheel_add(struct bide__wheel *w, struct bide__timer *t)
{
    w->count++;
    place(w, t);
}

void bide__wheel_remove(struct bide__wheel *w, struct bide__timer *t)
{
    struct bide__link *next = t->link.next, *slots = w->slots;

    BIDE__ASSERT(w->count > 0 && next != NULL, "timer: disarm: it is not armed");
    w->count--;
    link_remove(&t->link);
    /* It was the last in its ring if its neighbour on both sides is the head. */
    if (next == t->link.previous && next >= slots &&
        next < slots + BIDE__WHEEL_LEVELS * BIDE__SLOTS)
        mark_empty(w, (unsigned)(next - slots));
    t->link.next = NULL;
}

/* ---- time passes ---- */

/*
 * The next slot that has timers, and the tick at which it begins; for the slot of the present, that
 * is the present tick. All timers of a level are later than those of the levels below.
 */
static bool next_slot(const struct bide__wheel *w, unsigned *slot, int64_t *begin)
{
    for (unsigned n = 0; n < BIDE__WHEEL_LEVELS * BIDE__SLOTS / 64; n++) {
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

static int64_t deadline_of(struct bide__link *t)
{
    return timer_of(t)->deadline_ns;
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

/* Takes the due timers out of a slot of level 0: all of them if its tick is past. */
static size_t collect(struct bide__wheel *w, unsigned slot, int64_t now_ns, struct bide__link *due)
{
    struct bide__link *ring = &w->slots[slot], *next;
    size_t count = 0;

    w->next_ns = INT64_MAX;
    for (struct bide__link *t = ring->next; t != ring; t = next) {
        next = t->next;
        if (deadline_of(t) <= now_ns) {
            link_remove(t);
            ring_append(due, t);
            __builtin_prefetch(bide_waker_task(timer_of(t)->waker), 1);
            count++;
        } else if (deadline_of(t) < w->next_ns) {
            w->next_ns = deadline_of(t);
        }
    }
    if (ring_is_empty(ring))
        mark_empty(w, slot);
    return count;
}

/* Moves the timers of a slot down a level, now that the present is in it. */
static void cascade(struct bide__wheel *w, unsigned slot)
{
    struct bide__link ring, *next;

    ring_move(&ring, &w->slots[slot]);
    mark_empty(w, slot);
    for (struct bide__link *t = ring.next; t != &ring; t = next) {
        next = t->next;
        place(w, timer_of(t));
    }
}

static void wake_all(struct bide__wheel *w, struct bide__link *due)
{
    while (!ring_is_empty(due)) {
        struct bide__timer *t = timer_of(due->next);
        link_remove(&t->link);
        t->link.next = NULL;
        w->count--;
        bide_waker_wake_by_ref(t->waker);
    }
}

size_t bide__wheel_advance(struct bide__wheel *w, int64_t now_ns)
{
    int64_t now_tick = tick_of(now_ns), begin;
    unsigned slot;
    size_t woken = 0;

    if (now_ns < w->next_ns && now_tick <= w->tick)
        return 0;
    while (next_slot(w, &slot, &begin) && begin <= now_tick) {
        struct bide__link due;
        ring_init(&due);
        if (begin > w->tick)
            w->tick = begin;
        if (slot >= BIDE__SLOTS) {
            cascade(w, slot);
            continue;
        }
        size_t count = collect(w, slot, now_ns, &due);
        if (count > 1)
            sort(&due, count);
        woken += count;
        wake_all(w, &due);
        if (begin >= now_tick)
            break;
    }
    if (now_tick > w->tick) {
        w->tick = now_tick;
        w->next_ns = INT64_MAX;
    }
    return woken;
}

int64_t bide__wheel_next(const struct bide__wheel *w, bool exact)
{
    unsigned slot;
    int64_t begin, least = INT64_MAX;
    int looked = 0;

    if (!next_slot(w, &slot, &begin))
        return INT64_MAX;
    const struct bide__link *ring = &w->slots[slot];
    for (struct bide__link *t = ring->next; t != ring; t = t->next) {
        if (!exact && looked++ == LOOK_MAX)
            return (slot < BIDE__SLOTS ? begin + 1 : begin) << BIDE__TICK_BITS;
        if (deadline_of(t) < least)
            least = deadline_of(t);
    }
    return least;
}

/* ---- for leaves ---- */

int64_t bide__deadline(struct bide_duration duration)
{
    int64_t now_ns = bide__clock_ns(), deadline_ns;
    if (duration.ns <= 0)
        return now_ns;
    return __builtin_add_overflow(now_ns, duration.ns, &deadline_ns) ? INT64_MAX : deadline_ns;
}

void bide__timer_arm(struct bide_runtime *rt, struct bide__timer *timer, int64_t deadline_ns,
                     bide_waker waker)
{
    timer->deadline_ns = deadline_ns;
    timer->waker = waker;
    bide__wheel_add(rt->worker->wheel, timer);
}

void bide__timer_disarm(struct bide_runtime *rt, struct bide__timer *timer)
{
    if (bide__timer_armed(timer))
        bide__wheel_remove(rt->worker->wheel, timer);
}
