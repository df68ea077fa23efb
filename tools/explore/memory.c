/*
 * memory.c: atomics, as C11 and C20 allow them.
 *
 * Each location has a *modification order* of stores. A store carries the clock that is passed to
 * those who acquire it: of a release store the thread's own, of a relaxed one that of its last
 * release fence. A read-modify-write adds its own to the clock of the store that it reads; so
 * release sequences go on through them, but (as in C20) not through other stores.
 *
 * A load may read any store that is not hidden. The *floor* of a thread in a location is the last
 * store in the modification order that was written or read by an access which the thread has
 * `seen`; what is before the floor is hidden. So reads and writes are coherent. A store comes
 * anywhere after the floor, not only at the end, but never between a read-modify-write and the
 * store that it read.
 *
 * seq_cst. The order of all seq_cst accesses and fences is the order in which they are executed.
 *   - An access finds a floor at the last store that an earlier seq_cst access to this location has
 *     written or read, and at what was seen by threads before an earlier seq_cst fence of theirs.
 *   - After a fence, the same floors hold for all accesses that the fence happens before.
 * This is weaker than an order that synchronizes: seq_cst accesses to two locations tell nothing
 * about a third one.
 *
 * Left out is load buffering (a load that reads a store which is executed later): no execution has
 * a cycle of program order and reads-from. Consume is acquire. Mixed sizes are refused.
 *
 * The memory itself always holds the last store of the modification order. An ordinary write to a
 * location begins its history anew: either it is a race, and is reported, or all older stores are
 * hidden from everybody who may read it.
 */
#include "inside.h"

static struct thread *self(void)
{
    return run.current;
}

static bool acquires(int order)
{
    return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static bool releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool is_sc(int order)
{
    return order == __ATOMIC_SEQ_CST;
}

/* ---- locations ---- */

static uint64_t peek(uintptr_t address, unsigned size)
{
    switch (size) {
    case 1: return *(const volatile uint8_t *)address;
    case 2: return *(const volatile uint16_t *)address;
    case 4: return *(const volatile uint32_t *)address;
    default: return *(const volatile uint64_t *)address;
    }
}

static void poke(const struct location *l, uint64_t value)
{
    switch (l->size) {
    case 1: *(volatile uint8_t *)l->address = (uint8_t)value; break;
    case 2: *(volatile uint16_t *)l->address = (uint16_t)value; break;
    case 4: *(volatile uint32_t *)l->address = (uint32_t)value; break;
    default: *(volatile uint64_t *)l->address = value; break;
    }
}

static uint64_t cut(uint64_t value, unsigned size)
{
    return size < 8 ? value & ((UINT64_C(1) << 8 * size) - 1) : value;
}

static void insert(struct location *l, unsigned index, struct store *s)
{
    if (l->count == l->stores_room) {
        unsigned room = l->stores_room > 0 ? 2 * l->stores_room : 8;
        struct store **more = run_alloc(room * sizeof(*more));
        if (l->count > 0)
            memcpy(more, l->stores, l->count * sizeof(*more));
        l->stores = more;
        l->stores_room = room;
    }
    uint64_t before = index > 0 ? l->stores[index - 1]->id : 0;
    uint64_t after = index < l->count ? l->stores[index]->id : 0;
    l->hash += mix(before, s->id);
    if (after != 0)
        l->hash += mix(s->id, after) - mix(before, after);
    for (unsigned i = l->count++; i > index; i--) {
        l->stores[i] = l->stores[i - 1];
        l->stores[i]->index = i;
    }
    l->stores[index] = s;
    s->index = index;
}

/* What is there now, by ordinary writes. */
static void start_history(struct location *l)
{
    run.order_hash -= l->hash;
    l->count = l->access_count = 0;
    l->hash = 0;
    l->overwritten = false;
    struct store *s = run_alloc(sizeof(*s));
    *s = (struct store){.value = peek(l->address, l->size), .thread = -1};
    s->id = mix(l->address, l->resets++);
    insert(l, 0, s);
    run.order_hash += l->hash;
}

static struct location *location_of(uintptr_t address, unsigned size)
{
    struct word *w = word_of(address);
    for (struct location *l = w->locations; l != NULL; l = l->next) {
        if (l->address == address && l->size == size) {
            if (l->overwritten || peek(address, size) != l->stores[l->count - 1]->value)
                start_history(l);
            return l;
        }
        if (address < l->address + l->size && l->address < address + size)
            fail("atomic accesses of several sizes to %s", name_of(address));
    }
    struct location *l = run_alloc(sizeof(*l));
    *l = (struct location){.next = w->locations, .address = address, .size = size};
    w->locations = l;
    start_history(l);
    return l;
}

/* ---- what may be read ---- */

static bool has_seen(const struct thread *t, int thread, uint32_t tick, const uint32_t *more)
{
    if (thread < 0 || t == &run.threads[thread] || tick <= t->now.seen[thread])
        return true;
    return more != NULL && tick <= more[thread];
}

/* The first store in the modification order that the thread may read. */
static unsigned floor_of(const struct location *l, bool sc)
{
    const struct thread *t = self();
    const uint32_t *more = sc ? run.fence_seen : NULL;
    unsigned floor = 0;
    const struct store *last = l->stores[l->count - 1];
    if (l->count == 1 || has_seen(t, last->thread, last->tick, more))
        return l->count - 1;
    for (unsigned i = 0; i < l->access_count; i++) {
        const struct access *a = &l->accesses[i];
        if (a->store->index <= floor)
            continue;
        bool in_sequence = a->sequence > 0 && (sc || a->sequence <= t->now.fence);
        if (in_sequence || has_seen(t, a->thread, a->tick, more))
            floor = a->store->index;
    }
    return floor;
}

static void note_access(struct location *l, struct store *s, bool sc)
{
    struct thread *t = self();
    int id = thread_id(t);
    uint32_t sequence = 0;
    if (sc) {
        sequence = ++run.sequence;
        run.sequence_hash += mix(t->history, (uint64_t)id << 32 | t->steps);
    }
    for (unsigned i = l->access_count; i-- > 0 && !sc;)
        if (l->accesses[i].thread == id && l->accesses[i].store == s)
            return; /* it was there before */
    if (l->access_count == l->access_room) {
        unsigned room = l->access_room > 0 ? 2 * l->access_room : 8;
        struct access *more = run_alloc(room * sizeof(*more));
        if (l->access_count > 0)
            memcpy(more, l->accesses, l->access_count * sizeof(*more));
        l->accesses = more;
        l->access_room = room;
    }
    l->accesses[l->access_count++] =
        (struct access){.store = s, .tick = t->now.hb[id], .sequence = sequence, .thread = id};
}

static void acquire(const struct store *s, int order)
{
    clock_join(acquires(order) ? &self()->now : &self()->pending, &s->clock);
}

/* A new store of this thread at `index`; `read`: the store that it has read, or NULL. */
static struct store *add_store(struct location *l, unsigned index, uint64_t value,
                               const struct store *read, int order, uintptr_t pc)
{
    struct thread *t = self();
    struct store *s = run_alloc(sizeof(*s));
    *s = (struct store){.value = cut(value, l->size), .thread = thread_id(t), .pc = pc};
    s->tick = t->now.hb[s->thread];
    s->id = mix((uint64_t)s->thread << 32 | t->steps, l->address);
    s->clock = releases(order) ? t->now : t->released;
    if (read != NULL) {
        s->rmw = true;
        s->same = s->value == read->value;
        clock_join(&s->clock, &read->clock);
    }
    run.order_hash -= l->hash;
    insert(l, index, s);
    run.order_hash += l->hash;
    if (index == l->count - 1)
        poke(l, s->value);
    return s;
}

/* ---- loops that wait, see run.c ---- */

static uint64_t site_of(const struct location *l, uintptr_t pc)
{
    const struct thread *t = self();
    uint64_t site = mix(pc, l->address);
    for (unsigned i = t->depth < CALLS ? t->depth : CALLS; i-- > 0;)
        site = mix(site, t->calls[i]);
    return site;
}

static struct spin *spin_at(uint64_t site)
{
    struct thread *t = self();
    for (unsigned i = 0; i < t->spin_count; i++)
        if (t->spins[i].site == site)
            return &t->spins[i];
    return NULL;
}

/* A thread that waits in a loop does not read the same again if it can read something newer. */
static unsigned spin_floor(const struct location *l, const struct spin *spin, unsigned floor)
{
    if (spin == NULL || !self()->spinning || spin->location != l)
        return floor;
    unsigned index = spin->store->index;
    if (index >= l->count || l->stores[index] != spin->store)
        return floor;
    while (++index < l->count)
        if (!l->stores[index]->same)
            return index > floor ? index : floor;
    return floor;
}

/* Has read this without changing anything; `value` tells what it saw. */
static void spin_note(struct location *l, struct store *s, uint64_t site, uint64_t value)
{
    struct thread *t = self();
    struct spin *spin = spin_at(site);
    t->sum += mix(site, value);
    if (spin == NULL) {
        if (t->spin_count == SPINS)
            t->spin_count = 0;
        t->spins[t->spin_count++] = (struct spin){
            .site = site, .sum = t->sum, .turn = ++t->spin_turn, .location = l, .store = s};
        return;
    }
    uint64_t period = t->sum - spin->sum;
    t->spinning = period == spin->period;
    t->loop_turn = spin->turn;
    spin->turn = ++t->spin_turn;
    spin->sum = t->sum;
    spin->period = period;
    spin->location = l;
    spin->store = s;
}

/* ---- the operations ---- */

static struct location *enter(uintptr_t address, unsigned size, int kind, uintptr_t pc)
{
    point(pc);
    heap_check(address, size, "an atomic access", pc);
    plain_access(address, size, kind, pc);
    return location_of(address, size);
}

static const char *name_of_store(const struct location *l, const struct store *s)
{
    static char text[64];
    unsigned newer = l->count - 1 - s->index;
    if (newer == 0)
        return "";
    snprintf(text, sizeof(text), ", although there %s %u newer", newer == 1 ? "is" : "are", newer);
    return text;
}

uint64_t memory_load(uintptr_t address, unsigned size, int order, uintptr_t pc)
{
    struct location *l = enter(address, size, ATOMIC_READ, pc);
    uint64_t site = site_of(l, pc);
    unsigned floor = spin_floor(l, spin_at(site), floor_of(l, is_sc(order)));
    unsigned back = choose_store(l->count - floor);
    struct store *s = l->stores[l->count - 1 - back];
    if (tracing)
        trace(pc, "loads %#lx from %s (%s)%s", (unsigned long)s->value, name_of(address),
              order_name(order), name_of_store(l, s));
    acquire(s, order);
    note_access(l, s, is_sc(order));
    spin_note(l, s, site, s->id);
    step_done(s->id);
    return s->value;
}

void memory_store(uintptr_t address, unsigned size, uint64_t value, int order, uintptr_t pc)
{
    struct location *l = enter(address, size, ATOMIC_WRITE, pc);
    unsigned floor = floor_of(l, is_sc(order)), places = 0, place[64];
    for (unsigned i = l->count; i > floor && places < 64; i--)
        if (i == l->count || !l->stores[i]->rmw)
            place[places++] = i;
    unsigned index = place[choose_store(places)];
    if (tracing)
        trace(pc, "stores %#lx to %s (%s)%s", (unsigned long)cut(value, size), name_of(address),
              order_name(order), index < l->count ? ", before what others have stored" : "");
    struct store *s = add_store(l, index, value, NULL, order, pc);
    note_access(l, s, is_sc(order));
    spin_forget(self());
    step_done(0);
}

/* Nobody would notice that a store of the same value comes after this one. */
static bool adds_nothing(const struct store *read, int order)
{
    const struct clock *c = &self()->released;
    for (int i = 0; i < THREADS; i++)
        if (c->hb[i] > read->clock.hb[i] || c->seen[i] > read->clock.seen[i])
            return false;
    return !releases(order) && c->fence <= read->clock.fence;
}

/* The second half of a read-modify-write. */
static void write_after(struct location *l, struct store *read, uint64_t value, int order,
                        uint64_t site, uintptr_t pc)
{
    if (value == read->value && adds_nothing(read, order)) {
        note_access(l, read, is_sc(order));
        spin_note(l, read, site, read->id);
        return;
    }
    struct store *s = add_store(l, read->index + 1, value, read, order, pc);
    note_access(l, s, is_sc(order));
    if (s->same)
        spin_note(l, s, site, s->value);
    else
        spin_forget(self());
}

static uint64_t result_of(enum operation op, uint64_t old, uint64_t value)
{
    switch (op) {
    case OP_ADD: return old + value;
    case OP_SUB: return old - value;
    case OP_AND: return old & value;
    case OP_OR: return old | value;
    case OP_XOR: return old ^ value;
    case OP_NAND: return ~(old & value);
    default: return value;
    }
}

static const char *name_of_operation(enum operation op)
{
    static const char *const names[] = {"loads", "stores",    "exchanges",
                                        "adds",  "subtracts", "clears all but",
                                        "sets",  "flips",     "nands"};
    return names[op];
}

uint64_t memory_change(enum operation op, uintptr_t address, unsigned size, uint64_t value,
                       int order, uintptr_t pc)
{
    struct location *l = enter(address, size, ATOMIC_WRITE, pc);
    uint64_t site = site_of(l, pc);
    unsigned floor = spin_floor(l, spin_at(site), floor_of(l, is_sc(order)));
    unsigned places = 0, place[64];
    for (unsigned i = l->count; i-- > floor && places < 64;)
        if (i + 1 == l->count || !l->stores[i + 1]->rmw)
            place[places++] = i;
    struct store *read = l->stores[place[choose_store(places)]];
    uint64_t result = cut(result_of(op, read->value, value), size);
    if (tracing)
        trace(pc, "%s %#lx: %s was %#lx, is %#lx (%s)%s", name_of_operation(op),
              (unsigned long)cut(value, size), name_of(address), (unsigned long)read->value,
              (unsigned long)result, order_name(order), name_of_store(l, read));
    acquire(read, order);
    write_after(l, read, result, order, site, pc);
    step_done(read->id);
    return read->value;
}

/* What a compare-exchange may read: a store of the expected value only if it can write after it. */
static unsigned comparable(const struct location *l, uint64_t expected, unsigned floor,
                           unsigned *place)
{
    unsigned places = 0;
    for (unsigned i = l->count; i-- > floor && places < 64;) {
        bool claimed = i + 1 < l->count && l->stores[i + 1]->rmw;
        if (l->stores[i]->value != expected || !claimed)
            place[places++] = i;
    }
    return places;
}

uint64_t memory_compare(uintptr_t address, unsigned size, uint64_t expected, uint64_t value,
                        int order, int failure_order, bool weak, bool *done, uintptr_t pc)
{
    unsigned place[64];
    struct location *l = enter(address, size, ATOMIC_WRITE, pc);
    uint64_t site = site_of(l, pc);
    expected = cut(expected, size);
    unsigned floor = spin_floor(l, spin_at(site), floor_of(l, is_sc(order)));
    unsigned places = comparable(l, expected, floor, place);
    struct store *read = l->stores[place[choose_store(places)]];
    *done = read->value == expected;
    bool spurious = *done && weak && (int)run.spurious < model->spurious && choose(2) == 1;
    if (spurious) {
        *done = false;
        run.spurious++;
    }
    if (tracing)
        trace(pc, "compares %s with %#lx: %s %#lx (%s)%s", name_of(address),
              (unsigned long)expected, *done ? "is now" : "no, it is",
              (unsigned long)(*done ? cut(value, size) : read->value),
              order_name(*done ? order : failure_order),
              spurious ? ", but fails without a reason" : name_of_store(l, read));
    int used = *done ? order : failure_order;
    acquire(read, used);
    if (*done) {
        write_after(l, read, cut(value, size), order, site, pc);
    } else {
        note_access(l, read, is_sc(used));
        spin_note(l, read, site, read->id);
    }
    step_done(mix(read->id, *done));
    return read->value;
}

/* ---- fences ---- */

void memory_full_fence(void)
{
    struct thread *t = self();
    clock_join(&t->now, &t->pending);
    for (int i = 0; i < THREADS; i++) {
        if (run.fence_seen[i] > t->now.seen[i])
            t->now.seen[i] = run.fence_seen[i];
        else
            run.fence_seen[i] = t->now.seen[i];
    }
    t->now.fence = run.sequence;
    t->released = t->now;
    t->history = mix(t->history, mix(run.fence_hash, run.sequence_hash));
    run.fence_hash += mix(t->history, (uint64_t)thread_id(t) << 32 | t->steps);
}

void memory_fence(int order, uintptr_t pc)
{
    struct thread *t = self();
    point(pc);
    trace(pc, "fence (%s)", order_name(order));
    if (is_sc(order)) {
        memory_full_fence();
    } else {
        if (acquires(order))
            clock_join(&t->now, &t->pending);
        if (releases(order))
            t->released = t->now;
    }
    step_done(0);
}

uint32_t memory_newest(uintptr_t address, uintptr_t pc)
{
    plain_access(address, 4, ATOMIC_READ, pc);
    struct location *l = location_of(address, 4);
    struct store *s = l->stores[l->count - 1];
    acquire(s, __ATOMIC_RELAXED);
    note_access(l, s, false);
    self()->history = mix(self()->history, s->id);
    return (uint32_t)s->value;
}

uint64_t memory_key(void)
{
    return run.order_hash;
}
