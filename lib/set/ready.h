/*
 * lib/set/ready.h: the woken futures of a future set, and the task that is to be told of them.
 *
 * A child of a set is its own wakeable: a wake of one of its leaves puts it into the set's list of
 * ready children, and wakes the task that polls the set. So a wake takes constant time, however
 * many children there are, and only woken children are polled.
 *
 * The child's state word (wake.state):
 *
 *   QUEUED   it is in the list, with a reference. Whoever sets the bit puts it there
 *   ENDED    it is not polled any more; wakes do nothing
 *   the rest a count of references: one of the set until the child has ended, one of the list, one
 *            of each cloned waker. The last one to go frees the child
 *
 * What was written before a wake is seen by the poll that follows it: QUEUED is cleared before the
 * child is polled, so a wake during the poll queues it once more.
 *
 * The one that polls looks at the list under the lock and leaves its waker there in the same
 * breath; so a wake either comes before, and is seen, or finds the waker. The waker is a clone,
 * since any thread may wake a child. It was cloned before the lock was taken, and whoever takes it
 * wakes or drops it after it gave the lock back.
 *
 * A wake that began before its child ended may reach the list when nobody looks at it any more. So
 * the list has an end: what is in it then is handed out, and what comes later is left out.
 *
 * Threads: ready_push and the functions for references are for any thread; ready_pop, ready_wait,
 * ready_leave and ready_end for the one that polls the set. The memory of the list must stay while
 * a child has references.
 */
#ifndef BIDE_LIB_SET_READY_H
#define BIDE_LIB_SET_READY_H

#include "lib/sync/wait.h"

#include <stdatomic.h>

enum { CHILD_QUEUED = 1, CHILD_ENDED = 2, CHILD_REF = 4 };

struct ready {
    uint32_t lock;
    bool is_over;
    struct bide_wakeable *first, *last; /* linked by `next` */
    bide_waker waker;                   /* a clone, of whoever waits; bits 0: nobody does */
};

/* While the process has one thread, the changes below need no locked instruction. */
static inline uintptr_t word_add(_Atomic uintptr_t *word, uintptr_t n, memory_order order)
{
    if (!lock_is_alone())
        return atomic_fetch_add_explicit(word, n, order);
    uintptr_t before = atomic_load_explicit(word, memory_order_relaxed);
    atomic_store_explicit(word, before + n, memory_order_relaxed);
    return before;
}

static inline uintptr_t word_set(_Atomic uintptr_t *word, uintptr_t bits)
{
    if (!lock_is_alone())
        return atomic_fetch_or_explicit(word, bits, memory_order_acq_rel);
    uintptr_t before = atomic_load_explicit(word, memory_order_relaxed);
    atomic_store_explicit(word, before | bits, memory_order_relaxed);
    return before;
}

static inline void word_clear(_Atomic uintptr_t *word, uintptr_t bits)
{
    if (!lock_is_alone())
        atomic_fetch_and_explicit(word, ~bits, memory_order_acq_rel);
    else
        atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) & ~bits,
                              memory_order_relaxed);
}

/* One more reference. */
static inline void child_ref(struct bide_wakeable *child)
{
    word_add(&child->state, CHILD_REF, memory_order_relaxed);
}

/* True: that was the last one. */
static inline bool child_unref(struct bide_wakeable *child)
{
    return word_add(&child->state, -(uintptr_t)CHILD_REF, memory_order_acq_rel) < 2 * CHILD_REF;
}

/* Owner: the branches that were woken. */
static inline uint32_t child_take_woken(struct bide_wakeable *child)
{
    if (!lock_is_alone())
        return atomic_exchange_explicit(&child->woken, 0, memory_order_acquire);
    uint32_t woken = atomic_load_explicit(&child->woken, memory_order_relaxed);
    atomic_store_explicit(&child->woken, 0, memory_order_relaxed);
    return woken;
}

/* The caller has a reference. `branches`: those that are woken. */
static inline void ready_push(struct ready *r, struct bide_wakeable *child, uint32_t branches)
{
    bide_waker waker;

    if (lock_is_alone())
        atomic_store_explicit(&child->woken,
                              atomic_load_explicit(&child->woken, memory_order_relaxed) | branches,
                              memory_order_relaxed);
    else
        atomic_fetch_or_explicit(&child->woken, branches, memory_order_release);
    if (word_set(&child->state, CHILD_QUEUED) & (CHILD_QUEUED | CHILD_ENDED))
        return;
    child_ref(child);
    child->next = NULL;
    lock_take(&r->lock);
    if (r->is_over)
        child_unref(child); /* not the last one */
    else if (r->last != NULL)
        r->last = r->last->next = child;
    else
        r->last = r->first = child;
    waker = r->waker;
    r->waker.bits = 0;
    lock_give(&r->lock);
    if (waker.bits != 0)
        bide_waker_wake(waker);
}

/* The child that was woken first, which stays in the list; NULL: none was. */
static inline struct bide_wakeable *ready_first(struct ready *r)
{
    lock_take(&r->lock);
    struct bide_wakeable *child = r->first;
    lock_give(&r->lock);
    return child;
}

static inline bool ready_is_empty(struct ready *r)
{
    return ready_first(r) == NULL;
}

/* Takes out the child that was woken first, with the list's reference; NULL: none was. */
static inline struct bide_wakeable *ready_pop(struct ready *r)
{
    lock_take(&r->lock);
    struct bide_wakeable *child = r->first;
    if (child != NULL)
        r->first = child->next;
    if (r->first == NULL) {
        r->last = NULL;
    } else { /* with many children it has left the cache */
        __builtin_prefetch(r->first, 1);
        __builtin_prefetch((const char *)r->first + 64, 1);
        __builtin_prefetch((const char *)r->first + 128, 1);
    }
    lock_give(&r->lock);
    if (child != NULL)
        word_clear(&child->state, CHILD_QUEUED);
    return child;
}

/* The one that polls will be woken by the next push. False: there is a child in the list. */
static inline bool ready_wait(struct ready *r, bide_waker waker)
{
    bide_waker mine = bide_waker_clone(waker);

    lock_take(&r->lock);
    bool waits = r->first == NULL;
    bide_waker other = mine;
    if (waits) {
        other = r->waker;
        r->waker = mine;
    }
    lock_give(&r->lock);
    if (other.bits != 0)
        bide_waker_drop(other);
    return waits;
}

/* Nobody waits any more. */
static inline void ready_leave(struct ready *r)
{
    lock_take(&r->lock);
    bide_waker waker = r->waker;
    r->waker.bits = 0;
    lock_give(&r->lock);
    if (waker.bits != 0)
        bide_waker_drop(waker);
}

/* Nobody polls any more: all children have ended. Returns those in the list, linked, with the
 * list's references. */
static inline struct bide_wakeable *ready_end(struct ready *r)
{
    lock_take(&r->lock);
    struct bide_wakeable *list = r->first;
    r->first = r->last = NULL;
    r->is_over = true;
    lock_give(&r->lock);
    ready_leave(r);
    return list;
}

#endif
