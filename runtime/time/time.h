/*
 * timer.h: the timer wheel of a runtime.
 *
 * Hierarchical: BIDE__WHEEL_LEVELS levels of 256 slots. A slot of level 0 is a tick of 2^16 ns
 * (65.5 us); a slot of each further level is as long as the whole level below: 17 ms, 4 s, 18
 * minutes and so on. (With 64 slots a timer of a second moves down twice, with 256 once: among a
 * million timers each time is a miss of the cache.) A timer stands on the level of the highest bit
 * in which its tick differs from `tick`, the wheel's present, so its place follows from its
 * deadline alone, and timers of one deadline are always in one slot, in the order in which they
 * were armed. When the present enters a slot of a higher level, its timers move down, in order.
 *
 * Ticks do not round: a timer fires when the clock has reached its deadline in ns. In the slot of
 * the present tick those that are not due stay; `next_ns` is the earliest of them, so that the slot
 * is looked through only when one is due. What is due goes to a list first, sorted by deadline
 * (stable), and is woken afterwards.
 *
 * Arming, disarming: O(1). After G. Varghese and T. Lauck, "Hashed and hierarchical timing wheels",
 * 1987.
 */
#ifndef BIDE_RUNTIME_TIMER_H
#define BIDE_RUNTIME_TIMER_H

#include "runtime/leaf.h"

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

/* Wakes everything that is due. Returns how many. */
size_t bide__wheel_advance(struct bide__wheel *wheel, int64_t now_ns);

/*
 * When to call bide__wheel_advance again; INT64_MAX: never. Exact: at the next deadline. Else, in a
 * crowded slot, which is not looked through: at the beginning of a slot of a higher level; at the
 * end of a tick, whose timers are then woken all at once, less than 65.5 us late, instead of with a
 * system call for each.
 */
int64_t bide__wheel_next(const struct bide__wheel *wheel, bool exact);

#endif
