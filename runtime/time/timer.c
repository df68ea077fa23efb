/*
 * timer.c: see time.h.
 */
#include "runtime/time/time.h"

#include "core/assert.h"
#include "runtime/thread.h"

enum {
    LOOK_MAX = 16,         /* a slot with more timers is crowded */
    MANY = 1000,           /* nodes of so many timers may have left the cache */
    LEVEL_1 = BIDE__SLOTS, /* where the rings of a level begin */
    LEVEL_2 = LEVEL_1 + BIDE__SLOTS * BIDE__SPLIT,
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

static void mark_occupied(struct bide__wheel *w, unsigned ring)
{
    w->occupied[ring / 64] |= UINT64_C(1) << ring % 64;
    w->words |= UINT64_C(1) << ring / 64;
}

static void mark_empty(struct bide__wheel *w, unsigned ring)
{
    w->occupied[ring / 64] &= ~(UINT64_C(1) << ring % 64);
    if (w->occupied[ring / 64] == 0)
        w->words &= ~(UINT64_C(1) << ring / 64);
}

/* The ring for this tick, on a level. */
static inline unsigned ring_for(unsigned level, int64_t tick)
{
    unsigned slot = (unsigned)(tick >> level * BIDE__SLOT_BITS) % BIDE__SLOTS;

    if (level == 1)
        return LEVEL_1 + slot * BIDE__SPLIT + (unsigned)tick % BIDE__SPLIT;
    return level == 0 ? slot : LEVEL_2 + (level - 2) * BIDE__SLOTS + slot;
}

static unsigned level_of(unsigned ring)
{
    return ring < LEVEL_1 ? 0 : ring < LEVEL_2 ? 1 : 2 + (ring - LEVEL_2) / BIDE__SLOTS;
}

/* How many rings a slot of this level has, one after another. */
static unsigned split_of(unsigned level)
{
    return level == 1 ? BIDE__SPLIT : 1;
}

/* A deadline in the past belongs to the present tick. */
static int64_t due_tick(const struct bide__wheel *w, int64_t deadline_ns)
{
    int64_t tick = tick_of(deadline_ns);
    return tick < w->tick ? w->tick : tick;
}

static inline __attribute__((always_inline)) void place(struct bide__wheel *w, struct bide__link *t)
{
    int64_t tick = due_tick(w, deadline_of(t));
    uint64_t differs = (uint64_t)(tick ^ w->tick);
    unsigned level = 0;

    if (differs >= BIDE__SLOTS)
        level = (63 - (unsigned)__builtin_clzll(differs)) / BIDE__SLOT_BITS;
    unsigned ring = ring_for(level, tick);
    ring_append(&w->rings[ring], t);
    mark_occupied(w, ring);
}

/* Takes an armed timer out of its ring. */
static inline __attribute__((always_inline)) void take_out(struct bide__wheel *w,
                                                           struct bide__link *t)
{
    struct bide__link *next = t->next, *rings = w->rings;

    BIDE__ASSERT(count_of(w) > 0, "timer: disarm: no timer is armed");
    set_count(w, count_of(w) - 1);
    link_remove(t);
    /* It was the last in its ring if its neighbour on both sides is the head. */
    if (next == t->previous && next >= rings && next < rings + BIDE__RINGS)
        mark_empty(w, (unsigned)(next - rings));
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
    for (unsigned i = 0; i < BIDE__SPLIT; i++)
        ring_init(&w->moving[i]);
    w->moves = false;
    w->words = 0;
    memset(w->occupied, 0, sizeof(w->occupied));
    for (unsigned ring = 0; ring < BIDE__RINGS; ring++)
        ring_init(&w->rings[ring]);
}

void bide__wheel_end(struct bide__wheel *w)
{
    pthread_mutex_destroy(&w->mutex);
}

/* ---- time passes ---- */

/*
 * The next slot that has timers: its level, its first ring, and the tick at which it begins; for
 * the slot of the present, that is the present tick. All timers of a level are later than those of
 * the levels below.
 */
struct slot {
    unsigned level, ring;
    int64_t begin;
};

static bool next_slot(const struct bide__wheel *w, struct slot *s)
{
    if (w->words == 0)
        return false;
    unsigned word = (unsigned)__builtin_ctzll(w->words);
    unsigned ring = word * 64 + (unsigned)__builtin_ctzll(w->occupied[word]);
    s->level = level_of(ring);
    s->ring = ring - ring % split_of(s->level);
    unsigned shift = s->level * BIDE__SLOT_BITS;
    unsigned place = s->level == 1 ? (ring - LEVEL_1) / BIDE__SPLIT : ring % BIDE__SLOTS;
    uint64_t round = (uint64_t)w->tick >> shift >> BIDE__SLOT_BITS << BIDE__SLOT_BITS;
    s->begin = (int64_t)((round | place) << shift);
    return true;
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

/*
 * With many timers their nodes have left the cache, and who follows a ring waits for one node after
 * the other. So the rings of this tick and the next ones are followed side by side first, and their
 * waits are one wait.
 */
static void bring(const struct bide__wheel *w, unsigned ring)
{
    const struct bide__link *heads = &w->rings[ring], *at[BIDE__SPLIT];
    bool more = true;

    for (unsigned i = 0; i < BIDE__SPLIT; i++)
        at[i] = heads[i].next;
    while (more) {
        more = false;
        for (unsigned i = 0; i < BIDE__SPLIT; i++) {
            if (at[i] == &heads[i])
                continue;
            __builtin_prefetch((const char *)at[i] + sizeof(struct bide__timer) - 1, 1);
            at[i] = at[i]->next;
            more = true;
        }
    }
}

/* Moves the due timers of a tick, a ring of level 0, to `due`: all of them if it is past. Returns
 * the earliest deadline of those that stay, INT64_MAX if none does. */
static int64_t collect(struct bide__wheel *w, unsigned ring, int64_t now_ns)
{
    struct bide__link *head = &w->rings[ring], *next;
    int64_t least_ns = INT64_MAX;
    size_t count = 0;

    if (ring % BIDE__SPLIT == 0 && count_of(w) >= MANY)
        bring(w, ring);
    for (struct bide__link *t = head->next; t != head; t = next) {
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
    if (ring_is_empty(head))
        mark_empty(w, ring);
    if (count > 1)
        sort(&w->due, count);
    return least_ns;
}

/* The present is in this slot: its timers must move down a level. */
static void begin_to_move(struct bide__wheel *w, const struct slot *s)
{
    for (unsigned i = 0; i < split_of(s->level); i++) {
        if (ring_is_empty(&w->rings[s->ring + i]))
            continue;
        ring_move(&w->moving[i], &w->rings[s->ring + i]);
        mark_empty(w, s->ring + i);
    }
    w->moves = true;
}

/* Moves up to `max` timers, from all rings side by side. */
static size_t move_down(struct bide__wheel *w, size_t max)
{
    struct bide__link *at[BIDE__SPLIT], *heads = w->moving;
    size_t count = 0, before;

    for (unsigned i = 0; i < BIDE__SPLIT; i++)
        at[i] = heads[i].next;
    do {
        before = count;
        for (unsigned i = 0; i < BIDE__SPLIT && count < max; i++) {
            struct bide__link *t = at[i];
            if (t == &heads[i])
                continue;
            at[i] = t->next;
            place(w, t);
            count++;
        }
    } while (count > before);
    for (unsigned i = 0; i < BIDE__SPLIT; i++) {
        heads[i].next = at[i];
        at[i]->previous = &heads[i];
    }
    w->moves = count == max;
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
 * right. After `most` wakes, or with `multi` after BIDE__HOLD_MAX timers, it returns true: give the
 * lock to others, and go on.
 */
static bool pass(struct bide__wheel *w, int64_t now_ns, size_t most, size_t *woken)
{
    int64_t now_tick = tick_of(now_ns), least_ns = INT64_MAX;
    size_t rest = w->multi ? BIDE__HOLD_MAX : SIZE_MAX;
    struct slot s;
    bool is_last = false; /* the present tick has been collected */

    set_next(w, INT64_MAX); /* wakes that arm timers lower it */
    for (;;) {
        if (w->moves)
            rest -= move_down(w, rest);
        if (!ring_is_empty(&w->due)) {
            size_t count = wake_due(w, rest < most ? rest : most);
            *woken += count;
            rest -= count;
            most -= count;
        }
        if (rest == 0 || most == 0) {
            set_next(w, now_ns);
            return true;
        }
        if (is_last || !next_slot(w, &s) || s.begin > now_tick)
            break;
        if (s.begin > w->tick)
            w->tick = s.begin;
        is_last = s.level == 0 && s.begin >= now_tick;
        if (s.level == 0)
            least_ns = collect(w, s.ring, now_ns);
        else
            begin_to_move(w, &s);
    }
    if (now_tick > w->tick)
        w->tick = now_tick;
    if (next_slot(w, &s)) {
        if (s.level > 0 || s.begin > w->tick)
            least_ns = s.begin << BIDE__TICK_BITS;
        if (least_ns < next_of(w))
            set_next(w, least_ns);
    }
    return false;
}

size_t bide__wheel_advance(struct bide__wheel *w, int64_t now_ns, size_t most)
{
    size_t woken = 0;
    bool more;

    /* With `multi` the present may lag behind as long as nothing is due: its tick is under the
     * lock. */
    if (now_ns < next_of(w) && (w->multi || tick_of(now_ns) <= w->tick))
        return 0;
    do {
        lock(w);
        more = pass(w, now_ns, most - woken, &woken);
        unlock(w);
    } while (more && woken < most);
    return woken;
}

size_t bide__wheel_help(struct bide__wheel *w, int64_t now_ns)
{
    size_t woken = 0;
    bool more = true;

    while (more && now_ns >= next_of(w) && pthread_mutex_trylock(&w->mutex) == 0) {
        more = pass(w, now_ns, SIZE_MAX, &woken);
        pthread_mutex_unlock(&w->mutex);
    }
    return woken;
}

static int64_t look_for_next(const struct bide__wheel *w, bool exact)
{
    struct slot s;
    int64_t least_ns = INT64_MAX;
    int looked = 0;

    if (!ring_is_empty(&w->due) || w->moves)
        return next_of(w);
    if (!next_slot(w, &s))
        return INT64_MAX;
    for (unsigned i = 0; i < split_of(s.level); i++) {
        const struct bide__link *head = &w->rings[s.ring + i];
        for (const struct bide__link *t = head->next; t != head; t = t->next) {
            if (!exact && looked++ == LOOK_MAX) {
                int64_t ns = (s.level == 0 ? s.begin + 1 : s.begin) << BIDE__TICK_BITS;
                return ns > next_of(w) ? ns : next_of(w); /* the present may lag behind */
            }
            if (deadline_of(t) < least_ns)
                least_ns = deadline_of(t);
        }
    }
    return least_ns;
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
    return bide__thread.running->runtime->wheels[number];
}

struct bide__wheel *bide__wheel_of(struct bide_runtime *rt)
{
    const struct bide__worker *worker = bide__thread.running;
    return worker != NULL && worker->runtime == rt ? worker->wheel : rt->wheels[0];
}

/* These two are called under the lock. */
static inline void arm(struct bide__wheel *w, struct bide__timer *timer, int64_t deadline_ns,
                       bide_waker waker)
{
    timer->waker = waker;
    atomic_store_explicit(&timer->deadline_ns, deadline_ns, memory_order_relaxed);
    set_count(w, count_of(w) + 1);
    place(w, &timer->link);
    if (deadline_ns < next_of(w))
        set_next(w, deadline_ns);
}

static inline bool disarm(struct bide__wheel *w, struct bide__timer *timer)
{
    if (!bide__timer_armed(timer))
        return false;
    take_out(w, &timer->link);
    atomic_store_explicit(&timer->deadline_ns, 0, memory_order_relaxed);
    return true;
}

static __attribute__((noinline)) void arm_locked(struct bide__wheel *w, struct bide__timer *timer,
                                                 int64_t deadline_ns, bide_waker waker)
{
    pthread_mutex_lock(&w->mutex);
    arm(w, timer, deadline_ns, waker);
    pthread_mutex_unlock(&w->mutex);
}

static __attribute__((noinline)) bool disarm_locked(struct bide__wheel *w,
                                                    struct bide__timer *timer)
{
    if (!bide__timer_armed(timer))
        return false;
    pthread_mutex_lock(&w->mutex);
    bool armed = disarm(w, timer);
    pthread_mutex_unlock(&w->mutex);
    return armed;
}

void bide__timer_arm(struct bide__wheel *w, struct bide__timer *timer, int64_t deadline_ns,
                     bide_waker waker)
{
    if (deadline_ns <= 0)
        deadline_ns = 1;
    if (__builtin_expect(w->multi, 0))
        arm_locked(w, timer, deadline_ns, waker);
    else
        arm(w, timer, deadline_ns, waker);
}

bool bide__timer_disarm(struct bide__wheel *w, struct bide__timer *timer)
{
    return __builtin_expect(w->multi, 0) ? disarm_locked(w, timer) : disarm(w, timer);
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
