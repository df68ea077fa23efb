/*
 * ring.c: see ring.h.
 */
#include "runtime/schedule/ring.h"

#include "core/assert.h"

static uint32_t real_of(uint64_t head)
{
    return (uint32_t)head;
}

static uint32_t steal_of(uint64_t head)
{
    return (uint32_t)(head >> 32);
}

static uint64_t pack(uint32_t steal, uint32_t real)
{
    return (uint64_t)steal << 32 | real;
}

static struct bide__task *slot_get(struct bide__ring *ring, uint32_t index)
{
    return atomic_load_explicit(&ring->slots[index % BIDE__RING], memory_order_relaxed);
}

static void slot_set(struct bide__ring *ring, uint32_t index, struct bide__task *task)
{
    atomic_store_explicit(&ring->slots[index % BIDE__RING], task, memory_order_relaxed);
}

/* Owner: takes the oldest half out, as a list. It stays empty if a thief has come first. */
static void take_half(struct bide__ring *ring, uint64_t head, struct bide__queue *half)
{
    uint32_t from = real_of(head), to = from + BIDE__RING / 2;

    if (!atomic_compare_exchange_strong_explicit(&ring->head, &head, pack(to, to),
                                                 memory_order_acq_rel, memory_order_relaxed))
        return;
    struct bide__task *last = half->first = slot_get(ring, from);
    while (++from != to) {
        struct bide__task *next = slot_get(ring, from);
        last->wake.next = next;
        last = next;
    }
    last->wake.next = NULL;
    half->last = last;
}

bool bide__ring_push(struct bide__ring *ring, struct bide__task *task, struct bide__queue *half)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    for (;;) {
        uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (tail - steal_of(head) < BIDE__RING) {
            slot_set(ring, tail, task);
            atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
            return true;
        }
        *half = (struct bide__queue){NULL, NULL};
        if (steal_of(head) != real_of(head))
            return false;
        take_half(ring, head, half);
        if (half->first != NULL)
            return false;
    }
}

void bide__ring_append(struct bide__ring *ring, const struct bide__queue *list)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    for (struct bide__task *task = list->first; task != NULL; task = task->wake.next)
        slot_set(ring, tail++, task);
    atomic_store_explicit(&ring->tail, tail, memory_order_release);
}

struct bide__task *bide__ring_pop(struct bide__ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire), next;
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed), real;

    do {
        real = real_of(head);
        if (real == tail)
            return NULL;
        next = pack(steal_of(head) == real ? real + 1 : steal_of(head), real + 1);
    } while (!atomic_compare_exchange_weak_explicit(&ring->head, &head, next, memory_order_acq_rel,
                                                    memory_order_acquire));
    return slot_get(ring, real);
}

/* Thief: marks half of the tasks as being stolen. Returns their number; *head is then the ring's.
 */
static uint32_t claim(struct bide__ring *from, uint64_t *head)
{
    uint64_t seen = atomic_load_explicit(&from->head, memory_order_acquire);
    uint32_t count;

    do {
        uint32_t tail = atomic_load_explicit(&from->tail, memory_order_acquire);
        if (steal_of(seen) != real_of(seen))
            return 0;
        count = tail - real_of(seen);
        count -= count / 2;
        /* `seen` may be so old that the tail has passed it by more than a ring. */
        if (count == 0 || count > BIDE__RING / 2)
            return 0;
        *head = pack(steal_of(seen), real_of(seen) + count);
    } while (!atomic_compare_exchange_weak_explicit(&from->head, &seen, *head, memory_order_acq_rel,
                                                    memory_order_acquire));
    return count;
}

/* Thief: the copies are made, the slots are free. */
static void release(struct bide__ring *from, uint64_t head)
{
    uint64_t next;

    do {
        next = pack(real_of(head), real_of(head));
    } while (!atomic_compare_exchange_weak_explicit(&from->head, &head, next, memory_order_acq_rel,
                                                    memory_order_acquire));
}

struct bide__task *bide__ring_steal(struct bide__ring *from, struct bide__ring *to)
{
    uint32_t tail = atomic_load_explicit(&to->tail, memory_order_relaxed);
    uint64_t head = 0;

    if (bide__ring_room(to) < BIDE__RING / 2)
        return NULL;
    uint32_t count = claim(from, &head);
    if (count == 0)
        return NULL;
    uint32_t first = steal_of(head);
    for (uint32_t i = 0; i < count; i++)
        slot_set(to, tail + i, slot_get(from, first + i));
    release(from, head);
    /* The last one is not put in: the thief runs it. */
    struct bide__task *task = slot_get(to, tail + count - 1);
    if (count > 1)
        atomic_store_explicit(&to->tail, tail + count - 1, memory_order_release);
    return task;
}

size_t bide__ring_give(struct bide__ring *from, struct bide__queue *list)
{
    uint64_t head = 0;
    uint32_t count = claim(from, &head);

    if (count == 0)
        return 0;
    uint32_t first = steal_of(head);
    for (uint32_t i = 0; i < count; i++)
        bide__queue_push(list, slot_get(from, first + i));
    release(from, head);
    return count;
}
