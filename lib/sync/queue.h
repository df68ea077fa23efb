/*
 * lib/sync/queue.h: queues of waits for items and for room, whose end the leaf sees without the
 * lock. (lib/sync/park.h has the queues of locks, which are asked under the lock.) The lock is that
 * of lib/sync/wait.h; no waker is touched while it is held.
 *
 * A *wait* is part of its leaf's frame. It is QUEUED in one queue of its object, with a clone of
 * the waker, or IDLE, or DONE with a result.
 *
 *  - The leaf clones the waker, takes the lock, looks once more whether it must wait, and if so
 *    queues the wait. If not, it drops the clone after it has given the lock back.
 *  - Whoever finishes a wait takes it out of the queue and fills in its result, under the lock, and
 *    wakes the waker after it has given the lock back: `struct wakes` keeps it until then. DONE is
 *    written last, since the leaf may end as soon as it reads that. A waker keeps its task alive.
 *  - The leaf may read DONE without the lock, and then need not take it. Only the leaf writes the
 *    waker of a queued wait, under the lock; so it may read that without.
 */
#ifndef BIDE_LIB_SYNC_QUEUE_H
#define BIDE_LIB_SYNC_QUEUE_H

#include "lib/sync/wait.h"

#include <stdatomic.h>

enum { WAIT_IDLE, WAIT_QUEUED, WAIT_DONE };

struct wait_node {
    void *item; /* to be sent, or where to put what is received; first, since leaves overlay it */
    struct wait_node *next, *previous;
    bide_waker waker;
    size_t count; /* how many places it wants */
    int result;
    _Atomic int state;
};

struct wait_queue {
    struct wait_node *first, *last;
};

static inline void wait_init(struct wait_node *w, const void *item, size_t count)
{
    w->item = (void *)(uintptr_t)item;
    w->count = count;
    w->result = 0;
    atomic_init(&w->state, WAIT_IDLE);
}

static inline int wait_state(const struct wait_node *w)
{
    return atomic_load_explicit(&w->state, memory_order_acquire);
}

/* ---- with the lock held ---- */

static inline void wait_add(struct wait_queue *q, struct wait_node *w, bide_waker clone)
{
    w->waker = clone;
    list_append(q, w);
    atomic_store_explicit(&w->state, WAIT_QUEUED, memory_order_relaxed);
}

static inline void wait_unlink(struct wait_queue *q, struct wait_node *w)
{
    list_unlink(q, w);
}

/* Finishes the first wait. `k` must not be full. */
static inline void wait_finish_first(struct wait_queue *q, int result, struct wakes *k)
{
    struct wait_node *w = q->first;
    wait_unlink(q, w);
    w->result = result;
    wakes_add(k, w->waker);
    atomic_store_explicit(&w->state, WAIT_DONE, memory_order_release);
}

/* Finishes all that fit into `k`. Returns true if some are left. */
static inline bool wait_finish_all(struct wait_queue *q, int result, struct wakes *k)
{
    while (q->first != NULL && !wakes_are_full(k))
        wait_finish_first(q, result, k);
    return q->first != NULL;
}

/* ---- without the lock ---- */

/* The end of a poll whose result is -EAGAIN if the leaf waits. */
static inline enum bide_poll wait_end_poll(struct bide_cx *cx, struct bide_frame *h, int result)
{
    return result != -EAGAIN ? bide__leaf_finish(cx, h, result) : bide_frame_suspend(cx, h);
}

/* For a poll of a queued wait, which may now belong to another task than before. */
static inline void wait_refresh(uint32_t *lock, struct wait_node *w, bide_waker waker)
{
    if (w->waker.bits == waker.bits)
        return;
    bide_waker spent = bide_waker_clone(waker);
    lock_take(lock);
    if (wait_state(w) == WAIT_QUEUED) {
        bide_waker before = w->waker;
        w->waker = spent;
        spent = before;
    }
    lock_give(lock);
    bide_waker_drop(spent);
}

#endif
