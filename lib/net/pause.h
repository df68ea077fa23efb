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

/* For leaves that such an end is to end too: leaves the waker, which is borrowed, or none if it no
 * longer waits. False: it does not, or was ended. Before the leaf is gone it leaves none. */
bool bide__pause_leave(struct bide__pause *pause, bool waits, bide_waker waker);

/* Ends the current pause, and all later ones as soon as they begin. Any thread. */
void bide__pause_end(struct bide__pause *pause);

/*
 * Leaf: `async int bide__pause_wait(struct bide__pause *pause, bide_duration duration)`. Returns 0
 * when the time has passed or bide__pause_end was called, or -ENXIO. The object must live until it
 * returns.
 *
 * Leaf: `async int bide__pause_fd_wait(struct bide__pause *pause, struct bide__fd *fd, uint32_t
 * generation)`. Waits until `fd` can be read, as bide__fd_wait does, or bide__pause_end was called,
 * which is 0 too. -EBADF: it was closed; its generation is no longer this one.
 */

#endif
