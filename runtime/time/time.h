/*
 * time.h: timers, on the wheel of a worker.
 *
 * Requires the door's clock, and wakers. Establishes that a timer wakes its waker at its deadline
 * or later, never before it, provided that the scheduler calls bide__wheel_advance by the time that
 * bide__wheel_next gives.
 *
 * Each worker has a wheel, and arms timers on that one only. On a runtime of several workers
 * (`multi`) everything in a wheel is under its lock, since a timer may outlive the stay of its task
 * on a worker:
 *
 *  - Whoever armed a timer remembers the wheel (its number in bide_runtime.wheels is enough), and
 *    disarms it there, from whatever worker.
 *  - Wakers are borrowed, so a timer wakes under the lock that its leaf takes to disarm it. Only
 *    after the wake is it marked as not armed. So a leaf that finds its timer marked may finish
 *    without the lock: nobody uses the timer or the waker any more.
 *  - One hold of the lock wakes or moves at most 64 timers. What is left stands in `due` and
 *    `moving` then, where whoever has the lock next goes on. (So it does when a caller without
 *    `multi` wants no more wakes.)
 *  - `next_ns` can be read without the lock. So a watchdog or another worker sees that the timers
 * of
 *    a busy worker are overdue, and wakes them for it with bide__wheel_help.
 *  - A waker must not arm or disarm timers in its wake. (Without `multi` it may.)
 *
 * Without `multi` there is one thread, no lock, and no atomic operation that is more than a load or
 * a store.
 *
 * The wheel is hierarchical: BIDE__WHEEL_LEVELS levels of 256 slots. A slot of level 0 is a tick of
 * 2^16 ns (65.5 us); a slot of each further level is as long as the whole level below: 17 ms, 4 s,
 * 18 minutes and so on. (With 64 slots a level, a timer of one second would move down twice instead
 * of once, and with a million timers each move is a cache miss.) A timer stands on the level of the
 * highest bit in which its tick differs from `tick`, the wheel's present. So its place follows from
 * its deadline alone, and timers of one deadline are always in one slot, in the order in which they
 * were armed. When the present enters a slot of a higher level, the timers in it move down, in
 * order.
 *
 * Ticks do not round: a timer fires when the clock has reached its deadline in ns. In the slot of
 * the present tick, timers that are not due yet stay; `next_ns` is not later than the earliest of
 * them, so the slot is searched only when one is due. Due timers are first moved to a list, sorted
 * by deadline (stable), and then woken.
 *
 * Memory. With a million timers each step to the next one in a ring is a cache miss that nothing
 * hides. So four rings are followed side by side. A slot of level 1 has four rings, of which the
 * last bits of the tick choose one: nearly all timers that fire pass through that level. Of level 0
 * four ticks are followed together, before the first is searched. With a million timers of 1 ms to
 * 1 s, waking takes a third of the time.
 *
 * Arming and disarming are O(1). After G. Varghese and T. Lauck, "Hashed and hierarchical timing
 * wheels", 1987.
 */
#ifndef BIDE_RUNTIME_TIME_H
#define BIDE_RUNTIME_TIME_H

#include "runtime/leaf.h"

#include <stdatomic.h>

/* ---- timers, for leaves ---- */

/* now + duration, saturating; never in the past. */
int64_t bide__deadline(struct bide_duration duration);

/*
 * A timer, in the frame of the leaf that waits for it: 32 bytes; all zeroes at first. It wakes
 * `waker` once, and is then no longer armed. Without `multi`, timers of one deadline wake in the
 * order in which they were armed.
 */
struct bide__timer {
    struct bide__link {
        struct bide__link *next, *previous;
    } link;                      /* in a slot of the wheel, while it is armed */
    _Atomic int64_t deadline_ns; /* 0: it is not armed */
    bide_waker waker;            /* borrowed */
};

/* The wheel of the worker that runs on this thread. NULL if there is none; a leaf then returns
 * -ENXIO. */
struct bide__wheel *bide__wheel_running(void);

/* The wheel with this number, of the runtime that runs on this thread. */
struct bide__wheel *bide__wheel_numbered(uint32_t number);

/* For an object of `rt` that may be used outside the polls of tasks, too: the wheel on which it
 * arms its timers. */
struct bide__wheel *bide__wheel_of(struct bide_runtime *rt);

/* Arms a timer that is not armed, on the wheel of the worker that runs on this thread. A deadline
 * of 0 or less counts as 1. */
void bide__timer_arm(struct bide__wheel *wheel, struct bide__timer *timer, int64_t deadline_ns,
                     bide_waker waker);

/* For a poll of a leaf that waits. True: the timer is still armed, and wakes `waker` from now on.
 * False: it has fired, and nobody else uses it any more. `wheel` is the one on which it was
 * armed. */
bool bide__timer_waits(struct bide__wheel *wheel, struct bide__timer *timer, bide_waker waker);

/* True: the timer was armed, and will not wake. False: it was not armed, or it has fired. Either
 * way nobody else uses it any more. `wheel` is the one on which it was armed. */
bool bide__timer_disarm(struct bide__wheel *wheel, struct bide__timer *timer);

/* What it says may have changed at once, if another thread may advance the wheel. */
static inline bool bide__timer_armed(const struct bide__timer *timer)
{
    return atomic_load_explicit(&timer->deadline_ns, memory_order_acquire) != 0;
}

/* ---- the wheel, for the scheduler ---- */

enum {
    BIDE__TICK_BITS = 16,
    BIDE__SLOT_BITS = 8,
    BIDE__SLOTS = 1 << BIDE__SLOT_BITS,
    BIDE__WHEEL_LEVELS = 6, /* 16 + 6 * 8 = 64 bits of ns */
    BIDE__SPLIT = 4,        /* rings of a slot of level 1 */
    BIDE__RINGS = (BIDE__WHEEL_LEVELS - 1 + BIDE__SPLIT) * BIDE__SLOTS,
    BIDE__HOLD_MAX = 64, /* timers that one hold of the lock wakes or moves */
};

struct bide__wheel {
    bool multi;                            /* several threads use it */
    uint32_t number;                       /* of its worker */
    _Atomic int64_t next_ns;               /* no timer is due earlier; INT64_MAX: none is armed */
    _Atomic size_t count;                  /* of armed timers */
    pthread_mutex_t mutex;                 /* with `multi`, of all that follows, and of the links */
    int64_t tick;                          /* no timer in a slot is due at an earlier one */
    struct bide__link due;                 /* the timers to wake next, in order */
    struct bide__link moving[BIDE__SPLIT]; /* from a slot of a higher level, to be moved down */
    bool moves;                            /* `moving` has timers */
    uint64_t words;                        /* a bit for each word of `occupied` that is not 0 */
    uint64_t occupied[BIDE__RINGS / 64];   /* a bit for each ring */
    struct bide__link rings[BIDE__RINGS];  /* their heads, by level, by slot */
};

/* `number`: its place in bide_runtime.wheels. */
void bide__wheel_init(struct bide__wheel *wheel, int64_t now_ns, bool multi, uint32_t number);
void bide__wheel_end(struct bide__wheel *wheel);

/* Wakes the timers that are due, at most `most` of them, which is not 0. Returns their number. */
size_t bide__wheel_advance(struct bide__wheel *wheel, int64_t now_ns, size_t most);

/*
 * For the wheel of another worker, on any thread: does the same for a wheel that is overdue, unless
 * somebody else is at it. Cheap if it is not overdue: then nothing is written. The wakes come from
 * the thread that calls this. Only with `multi`.
 */
size_t bide__wheel_help(struct bide__wheel *wheel, int64_t now_ns);

/*
 * When to call bide__wheel_advance again; INT64_MAX: never. With `exact`, the next deadline.
 * Without it, a crowded slot is not searched, and the answer is the beginning of a slot of a higher
 * level, or the end of a tick: all timers of that tick then wake together, less than 65.5 us late,
 * instead of with a system call each.
 */
int64_t bide__wheel_next(struct bide__wheel *wheel, bool exact);

#endif
