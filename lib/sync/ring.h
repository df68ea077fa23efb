/*
 * lib/sync/ring.h: the ring of a channel: D. Vyukov's bounded MPMC queue (1024cores.net, "Bounded
 * MPMC queue"), whose two counters also tell who waits.
 *
 * Place i has a *turn*: at + 0 while it is free for the item of position `at`, at + 1 while that is
 * in it, and at + the number of places when it has been copied out. Positions are 32 bits and wrap.
 * Whoever advances a counter owns the place until it writes the turn.
 *
 *     tail   bits 0-31   the position of the next item that goes in
 *            bits 32-59  places that are reserved
 *            CROWDED     senders wait, or items lie beside the ring (spill.h)
 *            DEAF        the receivers are gone
 *            AWAITED     receivers wait; then the ring is empty
 *            CLOSED      only reserved places may still be sent into
 *     head   bits 0-31   the position of the next item that comes out
 *            WAITED      senders wait
 *
 * Each flag lies in the word that those must change who would pass by a wait without it. Who sets a
 * flag sees in the same step the counter beside it. So nobody waits for what has happened already,
 * and no fence is needed between two words. Flags are written only under the channel's lock. While
 * a word has one, the functions here leave it to those who hold the lock:
 *
 *  - tail is CROWDED or AWAITED: nothing is pushed or reserved here. Only the places that were
 *    reserved before may be filled, if nobody waits for an item.
 *  - head is WAITED: nothing is taken here.
 *
 * head_seen is a position of head that some sender has read. It lies with tail, so that senders
 * look at head, which the receivers write, only when the room that they know of is used up.
 */
#ifndef BIDE_LIB_SYNC_RING_H
#define BIDE_LIB_SYNC_RING_H

#include "lib/sync/wait.h"

#include <stdatomic.h>

#define RING_CLOSED  (UINT64_C(1) << 63)
#define RING_AWAITED (UINT64_C(1) << 62)
#define RING_DEAF    (UINT64_C(1) << 61)
#define RING_CROWDED (UINT64_C(1) << 60)
#define RING_PLACE   (UINT64_C(1) << 32) /* a reserved place */
#define RING_WAITED  (UINT64_C(1) << 32) /* of head */

enum { RING_MOST = (1 << 28) - 1, RING_LINE = 64 };

struct ring {
    _Alignas(RING_LINE) _Atomic uint64_t tail;
    _Atomic uint32_t head_seen;
    _Alignas(RING_LINE) _Atomic uint64_t head;
    /* What does not change. */
    _Alignas(RING_LINE) uint32_t capacity;
    uint32_t mask; /* the number of places - 1 */
    size_t item_size;
    _Atomic uint32_t *turns;
    char *items;
};

static inline uint32_t ring_reserved(uint64_t tail)
{
    return (uint32_t)(tail >> 32) & (uint32_t)RING_MOST;
}

/* `word` with its position advanced. */
static inline uint64_t ring_step(uint64_t word)
{
    return (word & ~(uint64_t)UINT32_MAX) | (uint32_t)((uint32_t)word + 1);
}

/* Changes *word from *seen to `to`. False: it was not *seen, which now has what it is. */
static inline bool ring_change(_Atomic uint64_t *word, uint64_t *seen, uint64_t to)
{
    if (lock_is_alone()) {
        atomic_store_explicit(word, to, memory_order_relaxed);
        return true;
    }
    return atomic_compare_exchange_weak_explicit(word, seen, to, memory_order_acq_rel,
                                                 memory_order_acquire);
}

static inline uint64_t ring_load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

/* Under the lock: sets flags, and returns the word with them. */
static inline uint64_t ring_set(_Atomic uint64_t *word, uint64_t flags)
{
    uint64_t seen = ring_load(word);
    while (!ring_change(word, &seen, seen | flags))
        ;
    return seen | flags;
}

static inline void ring_clear(_Atomic uint64_t *word, uint64_t flags)
{
    uint64_t seen = ring_load(word);
    while (!ring_change(word, &seen, seen & ~flags))
        ;
}

/* How many places can still be filled or reserved, if the counters are these. More than there are
 * if head is newer than tail. */
static inline int64_t ring_room_of(const struct ring *r, uint64_t tail, uint32_t head)
{
    return (int64_t)r->capacity - (int32_t)((uint32_t)tail - head) - ring_reserved(tail);
}

/* The same for the newest head; both must be read under the lock, or tail before. */
static inline bool ring_has_room(struct ring *r, uint64_t tail, uint32_t count)
{
    if (ring_room_of(r, tail, atomic_load_explicit(&r->head_seen, memory_order_relaxed)) >= count)
        return true;
    uint32_t head = (uint32_t)ring_load(&r->head);
    atomic_store_explicit(&r->head_seen, head, memory_order_relaxed);
    return ring_room_of(r, tail, head) >= count;
}

/* Puts the item into the place of position `at`, which the caller owns. Another receiver may still
 * be about to copy the place's last item out. */
static inline void ring_put(struct ring *r, uint32_t at, const void *item)
{
    _Atomic uint32_t *turn = &r->turns[at & r->mask];
    for (unsigned n = 0; atomic_load_explicit(turn, memory_order_acquire) != at; n++)
        lock_pause(n);
    item_copy(r->items + (size_t)(at & r->mask) * r->item_size, item, r->item_size);
    atomic_store_explicit(turn, at + 1, memory_order_release);
}

/* 0; -EPIPE: it is closed; -EAGAIN: there is no room, or it is for those who hold the lock. */
static inline int ring_push(struct ring *r, const void *item)
{
    uint64_t tail = ring_load(&r->tail);
    do {
        if (__builtin_expect(tail & (RING_CLOSED | RING_AWAITED | RING_CROWDED), 0))
            return tail & RING_CLOSED ? -EPIPE : -EAGAIN;
        if (!ring_has_room(r, tail, 1))
            return -EAGAIN;
    } while (!ring_change(&r->tail, &tail, ring_step(tail)));
    ring_put(r, (uint32_t)tail, item);
    return 0;
}

/* The same for the reservation of `count` places. */
static inline int ring_reserve(struct ring *r, uint32_t count)
{
    uint64_t tail = ring_load(&r->tail);
    do {
        if (tail & (RING_CLOSED | RING_CROWDED))
            return tail & RING_CLOSED ? -EPIPE : -EAGAIN;
        if (!ring_has_room(r, tail, count))
            return -EAGAIN;
    } while (!ring_change(&r->tail, &tail, tail + count * RING_PLACE));
    return 0;
}

/* 1; -EAGAIN: there is nothing, or it is not there yet; -EBUSY: for those who hold the lock, as
 * which `locked` counts. */
static inline int ring_take(struct ring *r, void *item, bool locked)
{
    uint64_t head = ring_load(&r->head);
    for (;;) {
        uint32_t at = (uint32_t)head;
        if (atomic_load_explicit(&r->turns[at & r->mask], memory_order_acquire) != at + 1) {
            uint64_t now = ring_load(&r->head);
            if (now == head)
                return -EAGAIN;
            head = now;
            continue;
        }
        if (__builtin_expect(head & RING_WAITED, 0) && !locked)
            return -EBUSY;
        if (ring_change(&r->head, &head, ring_step(head)))
            break;
    }
    uint32_t at = (uint32_t)head, i = at & r->mask;
    item_copy(item, r->items + (size_t)i * r->item_size, r->item_size);
    atomic_store_explicit(&r->turns[i], at + r->mask + 1, memory_order_release);
    return 1;
}

/* There is something to take, or there was. */
static inline bool ring_has_item(const struct ring *r)
{
    uint32_t at = (uint32_t)ring_load(&r->head);
    return atomic_load_explicit(&r->turns[at & r->mask], memory_order_relaxed) == at + 1;
}

/* Waits until the first item can be seen, if somebody is copying it into its place. */
static inline void ring_settle(const struct ring *r)
{
    uint32_t at = (uint32_t)ring_load(&r->head);
    const _Atomic uint32_t *turn = &r->turns[at & r->mask];
    for (unsigned n = 0; atomic_load_explicit(turn, memory_order_acquire) != at + 1 &&
                         (uint32_t)ring_load(&r->head) == at && (uint32_t)ring_load(&r->tail) != at;
         n++)
        lock_pause(n);
}

/* Nothing is in it and nothing will come. What waits or lies beside it is left to those who hold
 * the lock. */
static inline bool ring_is_over(const struct ring *r)
{
    uint64_t tail = ring_load(&r->tail);
    return tail & RING_CLOSED && !(tail & RING_CROWDED) && ring_reserved(tail) == 0 &&
           (uint32_t)tail == (uint32_t)ring_load(&r->head);
}

#endif
