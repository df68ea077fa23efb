/*
 * lib/sync/channel.h: a channel: its ring (ring.h), and under a lock those who wait: senders and
 * takers of places, receivers, and those who wait for it to close. All handles of a channel are the
 * same pointer.
 *
 * Invariants, under the lock:
 *
 *  - `sending` is not empty: the ring has no room for its first, tail is CROWDED and head WAITED.
 *    `receiving` is not empty: the ring is empty and tail is AWAITED. Without the one or the other
 *    the flags are clear, but for the moment in which a caller looks.
 *  - An item that is sent while a receiver waits goes straight to the receiver. Room that comes
 *    free goes straight to the first of the senders (its item goes in, or it gets its places). So
 *    when a leaf is woken, what it waited for has already happened, and its cancel only reports it.
 *  - Both may wait at once, if all room is reserved.
 *  - An unbounded channel has no reservations and no waiting senders. What finds no room in its
 *    ring lies in `spill`, and tail is CROWDED. The ring is filled from there when it is empty.
 *  - CLOSED and DEAF are set under the lock, and never cleared.
 *
 * The object is freed with its last handle.
 */
#ifndef BIDE_LIB_SYNC_CHANNEL_H
#define BIDE_LIB_SYNC_CHANNEL_H

#include "lib/sync/queue.h"
#include "lib/sync/ring.h"
#include "lib/sync/spill.h"

#include <limits.h>

struct channel {
    struct ring ring;
    _Alignas(RING_LINE) uint32_t lock;
    bool unbounded;
    struct wait_queue sending, receiving, closing;
    struct spill spill;
    struct spill_block *emptied; /* to be freed without the lock */
    void (*drop)(void *item);
    size_t size; /* of the whole block */
    _Atomic size_t handles, senders, receivers;
};

/* Somebody is copying the item, or it lay beside the ring: try again after the lock was given back
 * and ring_settle. */
enum { CHANNEL_AGAIN = INT_MIN };

/* ---- with the lock held ---- */

/* Sends. 0, -EPIPE, or -EAGAIN: there is no room. The channel is bounded. */
int bide__channel_send_locked(struct channel *c, const void *item, struct wakes *k);

/* Reserves places. As above. */
int bide__channel_reserve_locked(struct channel *c, size_t count);

/* After -EAGAIN: the wait is queued, or `w` is NULL and the caller goes. */
void bide__channel_crowd(struct channel *c, struct wait_node *w, bide_waker clone);

/* Receives. 1; 0 at the end; -EAGAIN: the caller queues its wait, or calls bide__channel_leave; or
 * CHANNEL_AGAIN. */
int bide__channel_recv_locked(struct channel *c, void *item);
void bide__channel_leave(struct channel *c);

/* A wait for room is given up: takes it out. The unlock serves those behind it. */
void bide__channel_uncrowd(struct channel *c, struct wait_node *w);

/* Gives the lock back, hands out the room that has come free meanwhile, and wakes. */
void bide__channel_unlock_slow(struct channel *c, struct wakes *k);

static inline void channel_unlock(struct channel *c, struct wakes *k)
{
    if (c->sending.first != NULL || c->emptied != NULL) {
        bide__channel_unlock_slow(c, k);
        return;
    }
    lock_give(&c->lock);
    wakes_spend(k);
}

/* ---- without it ---- */

/* Queues the wait of a receiver, if all that there is to find is an empty ring. False: nothing has
 * happened. */
bool bide__channel_wait(struct channel *c, struct wait_node *w, bide_waker clone);

/* Sends to an unbounded channel beside its ring. 0, -EPIPE or -ENOMEM. */
int bide__channel_spill(struct channel *c, const void *item);

/* What is left when the ring has refused, with r. */
int bide__channel_send_slow(struct channel *c, const void *item);
int bide__channel_take_slow(struct channel *c, void *item, int r);

/* Sends: 0, -EPIPE, -ENOMEM, or -EAGAIN: the sender must wait. */
static inline int channel_send(struct channel *c, const void *item)
{
    int r = ring_push(&c->ring, item);
    return __builtin_expect(r == -EAGAIN, 0) ? bide__channel_send_slow(c, item) : r;
}

/* Receives what is there: 1, 0 at the end, or -EAGAIN. */
static inline int channel_take(struct channel *c, void *item)
{
    int r = ring_take(&c->ring, item, false);
    return __builtin_expect(r == 1, 1) ? 1 : bide__channel_take_slow(c, item, r);
}

/* For dumps (bide__leaf_tells): how many senders a receive still has. */
bool bide__channel_tell(const struct bide_frame *leaf, char *text, size_t size);

#endif
