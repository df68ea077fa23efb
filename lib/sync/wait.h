/*
 * lib/sync/wait.h: what the synchronisation objects share: a one-word lock, lists of those who
 * wait, items, and the wakers that are due when the lock has been given back.
 *
 * The lock is held for a few instructions (a copy of one item), never during a wait and never round
 * a call of a function of the user or of a waker: what that calls may come back to the same object.
 * So who wakes takes the wakers over under the lock, and spends them afterwards. A waker keeps its
 * task alive. Giving the lock back is one store, after which somebody else may free the object.
 *
 * Any thread may use an object, on any runtime or none, so the lock does not depend on how that
 * uses threads: it costs an atomic exchange as soon as the process has a second thread.
 */
#ifndef BIDE_LIB_SYNC_WAIT_H
#define BIDE_LIB_SYNC_WAIT_H

#include "lib/runtime.h"

#include <bide/core.h>

#include <string.h>

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

/* ---- what is there needs no frame ---- */

/* `take` is evaluated if there is budget, and gives -EAGAIN if the leaf has to wait. True: it is
 * done, with *result, and has spent an operation. */
#define done_now(cx, result, take) \
    ((cx)->turn->budget != 0 && (*(result) = (take)) != -EAGAIN && ((cx)->turn->budget--, true))

/* ---- lists: structs with `first` and `last`, of structs with `next` and `previous` ---- */

#define list_append(list, w)          \
    do {                              \
        (w)->next = NULL;             \
        (w)->previous = (list)->last; \
        if ((list)->last != NULL)     \
            (list)->last->next = (w); \
        else                          \
            (list)->first = (w);      \
        (list)->last = (w);           \
    } while (0)

#define list_unlink(list, w)                     \
    do {                                         \
        if ((w)->previous != NULL)               \
            (w)->previous->next = (w)->next;     \
        else                                     \
            (list)->first = (w)->next;           \
        if ((w)->next != NULL)                   \
            (w)->next->previous = (w)->previous; \
        else                                     \
            (list)->last = (w)->previous;        \
    } while (0)

/* ---- items ---- */

enum { ITEM_ALIGN_MAX = 4096 };

/* What the type of an item may want: an alignment divides the size. At least that of any block. */
static inline size_t item_align(size_t size)
{
    size_t align = size & -size, least = _Alignof(max_align_t);
    if (align > ITEM_ALIGN_MAX)
        return ITEM_ALIGN_MAX;
    return align > least ? align : least;
}

/* Where an item of this size goes that lies behind `before` bytes in a block of its alignment. */
static inline size_t item_offset(size_t before, size_t size)
{
    return (before + item_align(size) - 1) & ~(item_align(size) - 1);
}

/* Most items are a word or two, or a byte that says that something has happened. */
static inline void item_copy(void *to, const void *from, size_t size)
{
    if (size == 1)
        memcpy(to, from, 1);
    else if (size == 4)
        memcpy(to, from, 4);
    else if (size == 8)
        memcpy(to, from, 8);
    else if (size == 16)
        memcpy(to, from, 16);
    else
        memcpy(to, from, size);
}

/* ---- wakers that are due when the lock has been given back ---- */

static inline void waker_wake_any(bide_waker waker)
{
    if (waker.bits != 0)
        bide_waker_wake(waker);
}

static inline void waker_drop_any(bide_waker waker)
{
    if (waker.bits != 0)
        bide_waker_drop(waker);
}

/* The explorer has fewer. */
#ifndef BIDE__WAKES
#define BIDE__WAKES 32
#endif

enum { WAKES = BIDE__WAKES };

struct wakes {
    unsigned count; /* zero at first; the rest may be anything then */
    bide_waker waker[WAKES];
};

static inline bool wakes_are_full(const struct wakes *wakes)
{
    return wakes->count == WAKES;
}

/* There must be room; a waker of zero is none. */
static inline void wakes_add(struct wakes *wakes, bide_waker waker)
{
    if (waker.bits != 0)
        wakes->waker[wakes->count++] = waker;
}

static inline void wakes_spend(struct wakes *wakes)
{
    for (unsigned i = 0; i < wakes->count; i++)
        bide_waker_wake(wakes->waker[i]);
    wakes->count = 0;
}

#endif
