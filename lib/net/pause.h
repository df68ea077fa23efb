/*
 * lib/net/pause.h: a pause that can be ended early, for an object that may be closed during it.
 */
#ifndef BIDE_LIB_NET_PAUSE_H
#define BIDE_LIB_NET_PAUSE_H

#include <bide/core.h>

#include <stdbool.h>
#include <stdint.h>

/* A member of the object, all zeroes at first. One pause at a time. */
struct bide__pause {
    uint32_t lock;
    bide_waker waker; /* of the pausing leaf, borrowed; bits 0: no pause */
    bool ended;
};

/* Ends the current pause, and all later ones as soon as they begin. Any thread. */
void bide__pause_end(struct bide__pause *pause);

/*
 * Leaf: `async int bide__pause_wait(struct bide__pause *pause, bide_duration duration)`. Returns 0
 * when the time has passed or bide__pause_end was called, or -ENXIO. The object must live until it
 * returns.
 */

#endif
