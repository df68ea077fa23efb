/*
 * ring.h: the run queue of one worker of a multi_thread runtime, from which others may steal.
 *
 * A ring of BIDE__RING tasks, first in, first out. Its owner pushes and pops; a thief takes half of
 * it at once and puts that into its own ring. `tail` is the owner's. `head` has two indexes, the
 * *real* one, at which the owner pops, and *steal*, which lags behind while one thief copies: the
 * slots between them are not free yet. While the two differ no other thief begins. All indexes
 * count on and wrap at 32 bits; with 16 a thief that slept through a whole round could not tell
 * (tokio #5041).
 *
 * The queue of tokio's scheduler (runtime/scheduler/multi_thread/queue.rs), after the one of Go.
 */
#ifndef BIDE_RUNTIME_RING_H
#define BIDE_RUNTIME_RING_H

#include "runtime/task/task.h"

#ifndef BIDE__RING
#define BIDE__RING 256 /* a power of two; small in the models of tools/explore */
#endif

struct bide__ring {
    _Atomic uint64_t head; /* steal in the upper half, real in the lower */
    _Atomic uint32_t tail;
    _Atomic(struct bide__task *) slots[BIDE__RING];
};

/* Owner: puts the task at the end. False: the ring is full. Then `half` is a list of half of the
 * ring's tasks, the oldest ones, which the ring no longer has, or empty if a thief is at work. The
 * task is in neither. */
bool bide__ring_push(struct bide__ring *ring, struct bide__task *task, struct bide__queue *half);

/* Owner: puts the tasks of a list at the end. There is room for them. */
void bide__ring_append(struct bide__ring *ring, const struct bide__queue *list);

/* Owner: takes the oldest task. NULL: there is none. */
struct bide__task *bide__ring_pop(struct bide__ring *ring);

/* The owner of `to`: moves half of the tasks of `from` to `to`, which must have room for half a
 * ring, and takes one of them. NULL: there is nothing to steal, or another thief is at work. */
struct bide__task *bide__ring_steal(struct bide__ring *from, struct bide__ring *to);

/* Any thread that has no ring: takes half of the tasks, and puts them at the end of `list`. Returns
 * their number; 0: there are none, or a thief is at work. */
size_t bide__ring_give(struct bide__ring *from, struct bide__queue *list);

/* Any thread: how many tasks there are, or were a moment ago. */
static inline uint32_t bide__ring_count(struct bide__ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return tail - (uint32_t)head;
}

/* Owner: the slots that a push, or a thief of its own, can use. */
static inline uint32_t bide__ring_room(struct bide__ring *ring)
{
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    return BIDE__RING - (tail - (uint32_t)(head >> 32));
}

#endif
