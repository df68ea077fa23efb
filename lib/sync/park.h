/*
 * lib/sync/park.h: how a leaf waits for a lock: its place in a queue, and its waker.
 *
 * Invariants. A waiter (struct bide__parked) is part of its leaf's frame, or of an object of the
 * caller. Any thread may touch it, but only under the lock of its object. While it is QUEUED it is
 * in exactly one queue and owns a clone of a waker. Whoever finishes it unlinks it, fills in its
 * result, makes it DONE and takes the waker over, all under the lock; other threads must not touch
 * it once the lock was given back, since its leaf may be gone.
 *
 * No function of a waker is called under the lock, since what it calls may come back to the same
 * object: a wait clones its waker before it takes the lock, and whoever unlinks a waiter wakes or
 * drops its waker after giving the lock back. What wakes many does so in portions (struct wakes),
 * and what has yet to be done between two of them is told by the object alone.
 *
 * `waker` of a waiter is written by its leaf only, so the leaf reads it without the lock.
 */
#ifndef BIDE_LIB_SYNC_PARK_H
#define BIDE_LIB_SYNC_PARK_H

#include "lib/sync/wait.h"

#include "core/assert.h"

#include <bide/lock.h>

/* ---- queues; under the lock ---- */

enum { PARK_IDLE, PARK_QUEUED, PARK_DONE };

static inline void queue_add(struct bide__parking *q, struct bide__parked *w)
{
    w->state = PARK_QUEUED;
    list_append(q, w);
}

static inline void queue_remove(struct bide__parking *q, struct bide__parked *w)
{
    list_unlink(q, w);
    w->state = PARK_IDLE;
}

/* Unlinks w, which is done; the caller owns the waker that is returned, which may be none. */
static inline bide_waker queue_finish(struct bide__parking *q, struct bide__parked *w, int result)
{
    queue_remove(q, w);
    w->state = PARK_DONE;
    w->result = result;
    return (bide_waker){w->waker};
}

/* ---- leaves ---- */

struct park;

/* What an object is, for its leaves and for dumps. */
struct park_kind {
    const char *what;
    size_t holder; /* where the object has its bide__holder; 0: nowhere */
    enum bide_answer (*cancel)(struct bide_cx *cx, struct park *p);
};

/* How the frame of each leaf begins. The leaf's arguments follow; the first one is `object`. */
struct park {
    struct bide_frame h;
    const struct park_kind *kind;
    struct bide__parked w;
    void *object;
};

#define PARK_FRAME                \
    struct bide_frame h;          \
    const struct park_kind *kind; \
    struct bide__parked w

enum { PARK_BEGUN = BIDE__BEGUN, PARK_WAITS = 2 }; /* in h.state; WAITS: it was queued */

/* `cancel` of all these leaves: that of the kind. Dumps know them by it. */
enum bide_answer bide__park_cancel(struct bide_cx *cx, struct bide_frame *h);

/* Once before a leaf waits: dumps can tell of it from now on. */
void bide__park_begin(struct park *p, const struct park_kind *kind);

/* What a leaf asks of its object, under the lock. True: it need not wait, w.result is set. */
typedef bool park_take(struct park *p);

/*
 * The poll of a leaf that has `lock` and waits in `queue` unless `take` succeeds. Returns true if
 * it is done, with w.result; otherwise it is to suspend.
 */
bool bide__park_poll(struct bide_cx *cx, struct park *p, uint32_t *lock,
                     struct bide__parking *queue, park_take *take);

/* ---- holders ---- */

enum { HOLDER_BRANCH = BIDE_BRANCHES - 1 };

/* `owner` is the waker of a task; or, with this bit, it is the number of a thread. No
 * address has the bit. */
#define HOLDER_THREAD ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1))

/* In plain code: the task that runs on this thread, or the thread. */
uintptr_t bide__holder_here(void);

/* Plain code is about to wait: it holds the lock itself. */
static inline bool holder_is_here(const struct bide__holder *holder)
{
    return __atomic_load_n(&holder->owner, __ATOMIC_RELAXED) == bide__holder_here();
}

/* Whoever holds the lock, or hands it over under that of the queue. */
static inline void holder_set(struct bide__holder *holder, uintptr_t owner, const void *chain,
                              const char *place)
{
    __atomic_store_n(&holder->chain, chain, __ATOMIC_RELAXED);
    __atomic_store_n(&holder->place, place, __ATOMIC_RELAXED);
    __atomic_store_n(&holder->owner, owner, __ATOMIC_RELAXED);
}

/* Before it is unlocked: who sees itself as the owner is. */
static inline void holder_clear(struct bide__holder *holder)
{
    __atomic_store_n(&holder->owner, (uintptr_t)0, __ATOMIC_RELAXED);
}

/* Is it held by one that can go on only after the leaf that is polled with cx? */
bool bide__holder_waits(const struct bide__holder *holder, const struct bide_cx *cx);

/* The end of a leaf of a block such as bide_locked, whose result is a pointer: the awaiting
 * function is unwound with the error, or gets NULL. */
enum bide_poll bide__enter_fails(struct bide_cx *cx, struct park *p, const char *place, int error);

#endif
