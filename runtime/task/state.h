/*
 * state.h: the state of a task, one atomic word, and its transitions. No other file touches the
 * word (`wake.state`) after bide__state_init.
 *
 *   SCHEDULED  it is in a run queue; with RUNNING: it goes there after this poll
 *   RUNNING    it is being polled
 *   DONE       it has ended; result and error are there. Final
 *   CANCEL     a request to cancel, not yet passed on to the chain
 *   FORCE      the request is meant for shielded leaves too
 *   HANDLE     somebody owns its handle
 *   SHARED     wakers were cloned: other threads may change the word at any time
 *   FUTURE     it is a future (future.c): it does not run by itself. In a queue only to pass on a
 *              wake of another thread
 *   the rest   a count of references: one of the executor until DONE (of a future: from its first
 *              poll on), one of each cloned waker and of each waiting join. The block is freed
 *              when it is 0 and there is no HANDLE
 *
 * A task is in at most one queue: who sets SCHEDULED while it is neither RUNNING nor DONE puts it
 * there. What was written before a wake is seen by the poll that follows it.
 *
 * *The owner* is the thread that runs the task's runtime. A waker gets to other threads by being
 * cloned, and the first clone is made by the owner, from the borrowed one that a poll is given. So
 * while SHARED is not set nobody else writes the word, and the owner's transitions are a load and a
 * store. SHARED is taken back at a poll that finds all clones gone.
 *
 * Functions with `_remote` are for other threads; they are always atomic read-modify-writes.
 */
#ifndef BIDE_RUNTIME_STATE_H
#define BIDE_RUNTIME_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    BIDE__SCHEDULED = 1,
    BIDE__RUNNING = 2,
    BIDE__DONE = 4,
    BIDE__CANCEL = 8,
    BIDE__FORCE = 16,
    BIDE__HANDLE = 32,
    BIDE__SHARED = 64,
    BIDE__FUTURE = 128,
    BIDE__REF = 256,
};

typedef _Atomic uintptr_t bide__state;

/* A new task: in a queue, referred to by the executor and by its handle. */
static inline void bide__state_init(bide__state *state)
{
    atomic_init(state, (uintptr_t)(BIDE__SCHEDULED | BIDE__HANDLE | BIDE__REF));
}

/* A new future: nobody but its handle refers to it. */
static inline void bide__state_init_future(bide__state *state)
{
    atomic_init(state, (uintptr_t)(BIDE__HANDLE | BIDE__FUTURE));
}

/* Owner: clears and sets bits and adds to the count; returns the word as it was. */
static inline uintptr_t bide__state_change(bide__state *state, uintptr_t clear, uintptr_t set,
                                           uintptr_t add)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_relaxed);
    if (__builtin_expect(!(s & BIDE__SHARED), 1)) {
        atomic_store_explicit(state, ((s & ~clear) | set) + add, memory_order_release);
        return s;
    }
    while (!atomic_compare_exchange_weak_explicit(state, &s, ((s & ~clear) | set) + add,
                                                  memory_order_acq_rel, memory_order_relaxed))
        ;
    return s;
}

static inline bool bide__state_unreferenced(uintptr_t s)
{
    return s < BIDE__REF && !(s & BIDE__HANDLE);
}

/* ---- the life of a task ---- */

/* Owner: the task was taken from the queue and is polled now. Returns the requests to pass on, and
 * whether it is a FUTURE. */
static inline uintptr_t bide__state_begin(bide__state *state)
{
    uintptr_t s = atomic_load_explicit(state, memory_order_acquire);
    uintptr_t clear = BIDE__SCHEDULED | BIDE__CANCEL | BIDE__FORCE;
    if (__builtin_expect(s & BIDE__SHARED, 0) && s < 2 * BIDE__REF) {
        /* No clone is left, and a clone's drop is the last thing that its thread did here. */
        atomic_store_explicit(state, s & ~(uintptr_t)BIDE__SHARED, memory_order_relaxed);
    }
    s = bide__state_change(state, clear, BIDE__RUNNING, 0);
    return s & (BIDE__CANCEL | BIDE__FORCE | BIDE__FUTURE);
}

/* Owner: the poll returned BIDE_PENDING. True: it was woken meanwhile, put it into the queue. */
static inline bool bide__state_suspend(bide__state *state)
{
    return bide__state_change(state, BIDE__RUNNING, 0, 0) & BIDE__SCHEDULED;
}

/* Owner: the poll returned BIDE_READY. True: nobody refers to the task, free it; else it may be
 * gone when this returns. */
static inline bool bide__state_finish(bide__state *state)
{
    uintptr_t s = bide__state_change(state, BIDE__RUNNING, BIDE__DONE, -(uintptr_t)BIDE__REF);
    return bide__state_unreferenced(s - BIDE__REF);
}

/* Owner. True: put it into the queue. */
static inline bool bide__state_wake(bide__state *state)
{
    uintptr_t s = bide__state_change(state, 0, BIDE__SCHEDULED, 0);
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

static inline bool bide__state_wake_remote(bide__state *state)
{
    uintptr_t s = atomic_fetch_or_explicit(state, BIDE__SCHEDULED, memory_order_acq_rel);
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

/* Owner: asks to cancel, with `force` also below shields. True: put it into the queue. */
static inline bool bide__state_cancel(bide__state *state, bool force)
{
    uintptr_t ask = BIDE__CANCEL | (force ? BIDE__FORCE : 0);
    uintptr_t s = bide__state_change(state, 0, BIDE__SCHEDULED | ask, 0);
    return !(s & (BIDE__SCHEDULED | BIDE__RUNNING | BIDE__DONE));
}

/* Any thread. */
static inline bool bide__state_done(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_acquire) & BIDE__DONE;
}

/* ---- futures ---- */

static inline bool bide__state_is_future(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) & BIDE__FUTURE;
}

static inline bool bide__state_has_handle(const bide__state *state)
{
    return atomic_load_explicit(state, memory_order_relaxed) & BIDE__HANDLE;
}

/* Owner: it becomes a task like others. */
static inline void bide__state_detach(bide__state *state)
{
    bide__state_change(state, BIDE__FUTURE, 0, 0);
}

/* Owner: it has ended. True: it is in no queue, drop the executor's reference; else whoever takes
 * it from there does that. */
static inline bool bide__state_end(bide__state *state)
{
    return !(bide__state_change(state, 0, BIDE__DONE, 0) & BIDE__SCHEDULED);
}

/* ---- references ---- */

/* Owner: one more, which no other thread will see. */
static inline void bide__state_ref(bide__state *state)
{
    bide__state_change(state, 0, 0, BIDE__REF);
}

/* Owner: one more, for a waker that may go to another thread. */
static inline void bide__state_clone(bide__state *state)
{
    bide__state_change(state, 0, BIDE__SHARED, BIDE__REF);
}

static inline void bide__state_clone_remote(bide__state *state)
{
    atomic_fetch_add_explicit(state, BIDE__REF, memory_order_relaxed);
}

/* Owner. True: that was the last reference, free the task. */
static inline bool bide__state_unref(bide__state *state)
{
    uintptr_t s = bide__state_change(state, 0, 0, -(uintptr_t)BIDE__REF);
    return bide__state_unreferenced(s - BIDE__REF);
}

static inline bool bide__state_unref_remote(bide__state *state)
{
    uintptr_t s = atomic_fetch_sub_explicit(state, BIDE__REF, memory_order_acq_rel);
    return bide__state_unreferenced(s - BIDE__REF);
}

/* Owner: the handle is gone. True: free the task. */
static inline bool bide__state_release(bide__state *state)
{
    uintptr_t s = bide__state_change(state, BIDE__HANDLE, 0, 0);
    return s < BIDE__REF;
}

static inline bool bide__state_release_remote(bide__state *state)
{
    uintptr_t s = atomic_fetch_and_explicit(state, ~(uintptr_t)BIDE__HANDLE, memory_order_acq_rel);
    return s < BIDE__REF;
}

#endif
