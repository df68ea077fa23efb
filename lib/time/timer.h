/*
 * lib/time/timer.h: what a timer that can be reset and an interval share: the leaf that waits.
 */
#ifndef BIDE_LIB_TIME_TIMER_H
#define BIDE_LIB_TIME_TIMER_H

#include "lib/leaf.h"

#include <bide/time.h>

/*
 * The leaf. `deadline_ns_` and `wait_` of a timer are under its lock; so is `waker`. The rest is
 * the leaf's alone.
 *
 * A reset does not touch the node in the wheel, which may be another worker's. A later deadline is
 * only stored: the leaf finds it when the node has fired. For an earlier one, the leaf is woken,
 * and arms the node anew.
 */
struct bide__timer_wait {
    struct bide_frame h;
    void *object; /* bide_timer or bide_interval: a timer is its first member */
    bide_waker waker;
    struct bide__wheel *wheel; /* of the node, once it was armed */
    int64_t armed_ns;          /* for when it was */
    struct bide__timer node;
};

/* The poll of the leaf. `pass`, unless NULL, is called under the lock when the timer has elapsed,
 * and may set another deadline. */
enum bide_poll bide__timer_poll(struct bide_cx *cx, struct bide__timer_wait *f,
                                void (*pass)(void *object));
enum bide_answer bide__timer_cancel(struct bide_cx *cx, struct bide_frame *h);

/* instant + duration, saturating. */
int64_t bide__time_add(int64_t instant_ns, int64_t duration_ns);

#endif
