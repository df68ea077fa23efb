/*
 * lib/net/pause.h: a pause that can be ended before its time, for an object that may be closed
 * meanwhile.
 */
#ifndef BIDE_LIB_NET_PAUSE_H
#define BIDE_LIB_NET_PAUSE_H

#include <bide/core.h>

/* A part of the object: zeroes at first. One pause at a time. */
struct bide__pause {
    bide_waker waker; /* of the leaf that pauses, borrowed; bits 0: none */
    bool ended;
};

/* The pause that is, and all that would come, are over. */
void bide__pause_end(struct bide__pause *pause);

/*
 * Leaf: `async int bide__pause_wait(struct bide__pause *pause, bide_duration duration)`. 0: the
 * time has passed, or bide__pause_end was called; -ENXIO. The object must live until it returns.
 */

#endif
