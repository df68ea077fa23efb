/*
 * time.h: timers, on the wheel of a worker.
 *
 * Requires the door's clock, and wakers. Establishes that a timer wakes its waker at its deadline
 * or later, never before it, provided that the scheduler calls bide__wheel_advance by the time that
 * bide__wheel_next gives.
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
 * the present tick, timers that are not due yet stay; `next_ns` is the earliest of them, so that
 * the slot is searched only when one is due. Due timers are first moved to a list, sorted by
 * deadline (stable), and then woken.
 *
 * Arming and disarming are O(1). After G. Varghese and T. Lauck, "Hashed and hierarchical timing
 * wheels", 1987.
 */
#ifndef BIDE_RUNTIME_TIME_H
#define BIDE_RUNTIME_TIME_H

#include "runtime/leaf.h"

/* ---- timers, for leaves ---- */

/* now + duration, saturating; never in the past. */
int64_t bide__deadline(struct bide_duration duration);

/*
 * A timer, in the frame of the leaf that waits for it: 32 bytes. It wakes `waker` once, and is then
 * no longer armed. Timers of one deadline wake in the order in which they were armed.
 */
struct bide__timer {
    struct bide__link {
        struct bide__link *next, *previous;
    } link; /* in a slot of the wheel; next is NULL: not armed */
    int64_t deadline_ns;
    bide_waker waker; /* borrowed */
};

void bide__timer_arm(struct bide_runtime *rt, struct bide__timer *timer, int64_t deadline_ns,
                     bide_waker waker);

/* Does nothing if the timer is not armed. rt is the runtime on which it was armed. */
void bide__timer_disarm(struct bide_runtime *rt, struct bide__timer *timer);

static inline bool bide__timer_armed(const struct bide__timer *timer)
{
    return timer->link.next != NULL;
}

/* ---- the wheel, for the scheduler ---- */

enum {
    BIDE__TICK_BITS = 16,
    BIDE__SLOT_BITS = 8,
    BIDE__SLOTS = 1 << BIDE__SLOT_BITS,
    BIDE__WHEEL_LEVELS = 6, /* 16 + 6 * 8 = 64 bits of ns */
};

struct bide__wheel {
    int64_t tick;    /* no timer in a slot is due at an earlier one */
    int64_t next_ns; /* the earliest deadline in the slot of `tick`, or earlier; INT64_MAX: empty */
    size_t count;    /* of armed timers */
    uint64_t occupied[BIDE__WHEEL_LEVELS * BIDE__SLOTS / 64];  /* a bit for each slot */
    struct bide__link slots[BIDE__WHEEL_LEVELS * BIDE__SLOTS]; /* heads of rings, by level */
};

void bide__wheel_init(struct bide__wheel *wheel, int64_t now_ns);
void bide__wheel_add(struct bide__wheel *wheel, struct bide__timer *timer);
void bide__wheel_remove(struct bide__wheel *wheel, struct bide__timer *timer);

/* Wakes every timer that is due. Returns their number. */
size_t bide__wheel_advance(struct bide__wheel *wheel, int64_t now_ns);

/*
 * When to call bide__wheel_advance again; INT64_MAX: never. With `exact`, the next deadline.
 * Without it, a crowded slot is not searched, and the answer is the beginning of a slot of a higher
 * level, or the end of a tick: all timers of that tick then wake together, less than 65.5 us late,
 * instead of with a system call each.
 */
int64_t bide__wheel_next(const struct bide__wheel *wheel, bool exact);

#endif
