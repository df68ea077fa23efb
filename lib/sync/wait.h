/*
 * lib/sync/wait.h: what the synchronisation objects share: a one-word lock and lists of waiters.
 *
 * Invariants. A waiter is part of its leaf's frame. Any thread may touch it, but only under the
 * lock of its object. While it is QUEUED it is on exactly one list and holds a clone of the waker,
 * since another thread may use that. Whoever finishes it takes it off the list, fills in its
 * result, makes it DONE and takes the waker, all under the lock. Other threads must not read a
 * waiter once the lock was given back, since its leaf may be gone. A waker keeps its task alive. A
 * single one is spent after the lock was given back: the task may run as soon as it is woken, and
 * then wants the lock.
 *
 * The lock is held for a few instructions (a copy of one item, a wake), never during a wait and
 * never round a call of a user's function. Giving it back is one store, after which somebody else
 * may free the object. So waiters are woken under it: what wakes several could not take it again.
 * A wake takes locks of tasks and of the scheduler, and these are never held when a lock here is
 * taken.
 *
 * Any thread may use an object, on any runtime or none, so the lock does not depend on how that
 * uses threads: it costs an atomic exchange as soon as the process has a second thread.
 */
#ifndef BIDE_LIB_SYNC_WAIT_H
#define BIDE_LIB_SYNC_WAIT_H

#include "lib/runtime.h"

#include <bide/core.h>
#include <bide/sync.h>

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define BIDE__SINGLE_THREADED
#endif
#endif

/* True before the process has made its first thread: then nobody competes for locks. */
static inline bool lock_is_alone(void)
{
#ifdef BIDE__SINGLE_THREADED
    return __libc_single_threaded;
#else
    return false;
#endif
}

enum { LOCK_SPINS = 100 };

/* One turn of waiting for a lock. Its holder may have lost its core: after some turns this one is
 * offered. */
static inline void lock_pause(unsigned n)
{
    if (n >= LOCK_SPINS)
        bide__door.sched_yield();
#if defined(__x86_64__) || defined(__i386__)
    else
        __builtin_ia32_pause();
#elif defined(__aarch64__)
    else
        __asm__ volatile("yield");
#endif
}

static inline void lock_take(uint32_t *lock)
{
    if (lock_is_alone()) {
        *lock = 1;
        return;
    }
    for (unsigned n = 0; __builtin_expect(__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0, 0);)
        for (; __atomic_load_n(lock, __ATOMIC_RELAXED) != 0; n++)
            lock_pause(n);
}

static inline void lock_give(uint32_t *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

enum waiter_state { WAITER_IDLE, WAITER_QUEUED, WAITER_DONE };

struct bide__waiter {
    void *item; /* what to send, or where to receive it; first, since leaves overlay it */
    struct bide__waiter *next, *previous;
    bide_waker waker;
    int result;
    enum waiter_state state;
};

static inline void waiter_init(struct bide__waiter *w, const void *item)
{
    w->item = (void *)(uintptr_t)item;
    w->result = 0;
    w->state = WAITER_IDLE;
}

static inline void waiters_add(struct bide__waiters *list, struct bide__waiter *w, bide_waker waker)
{
    w->waker = bide_waker_clone(waker);
    w->state = WAITER_QUEUED;
    w->next = NULL;
    w->previous = list->last;
    if (list->last != NULL)
        list->last->next = w;
    else
        list->first = w;
    list->last = w;
}

static inline void waiters_unlink(struct bide__waiters *list, struct bide__waiter *w)
{
    if (w->previous != NULL)
        w->previous->next = w->next;
    else
        list->first = w->next;
    if (w->next != NULL)
        w->next->previous = w->previous;
    else
        list->last = w->previous;
}

/* Takes a queued waiter off its list without a result. */
static inline void waiters_remove(struct bide__waiters *list, struct bide__waiter *w)
{
    waiters_unlink(list, w);
    w->state = WAITER_IDLE;
    bide_waker_drop(w->waker);
}

/* For a poll of a queued waiter, which may now belong to another task than before. */
static inline void waiter_refresh(struct bide__waiter *w, bide_waker waker)
{
    if (w->waker.bits == waker.bits)
        return;
    bide_waker_drop(w->waker);
    w->waker = bide_waker_clone(waker);
}

/* Takes the first waiter off its list, with `result`. The caller spends its waker. */
static inline bide_waker waiters_take_first(struct bide__waiters *list, int result)
{
    struct bide__waiter *w = list->first;
    waiters_unlink(list, w);
    w->result = result;
    w->state = WAITER_DONE;
    return w->waker;
}

/* Takes the first waiter off its list and wakes it with `result`. */
static inline void waiters_finish_first(struct bide__waiters *list, int result)
{
    bide_waker_wake(waiters_take_first(list, result));
}

static inline void waiters_finish_all(struct bide__waiters *list, int result)
{
    while (list->first != NULL)
        waiters_finish_first(list, result);
}

#endif
