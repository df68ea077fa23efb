/*
 * lib/sync/channel.c: channels but for their leaves: made, shared, closed and dropped; what is done
 * under the lock (channel.h); sends and receives that do not wait.
 */
#define BIDE__UNTYPED
#include "lib/leaf.h"

#include "core/assert.h"
#include "lib/sync/channel.h"
#include "runtime/trace/wait.h"

#include <bide/channel.h>

/* The places of an unbounded channel. The explorer has fewer. */
#ifndef BIDE__UNBOUNDED_RING
#define BIDE__UNBOUNDED_RING 64
#endif

enum { UNBOUNDED_RING = BIDE__UNBOUNDED_RING, REFILL = 32 };

/* ---- made and freed ---- */

static void store(void *handle, void *value)
{
    memcpy(handle, &value, sizeof value);
}

/* The least power of two that is not below n, and at least 2. */
static uint32_t places(size_t n)
{
    uint32_t count = 2;
    while (count < n)
        count *= 2;
    return count;
}

int bide_channel_new_with(size_t item_size, size_t capacity, void (*drop)(void *item), void *tx,
                          void *rx)
{
    bool unbounded = capacity == BIDE_UNBOUNDED;
    size_t items, size, most = unbounded ? UNBOUNDED_RING : capacity;
    store(tx, NULL);
    store(rx, NULL);
    if (most == 0 || most > RING_MOST)
        return -EINVAL;
    uint32_t count = places(most);
    if (item_size > (PTRDIFF_MAX / 2 - spill_block_size(0)) / SPILL_ITEMS ||
        __builtin_mul_overflow(item_size, count, &items) || items > PTRDIFF_MAX / 2)
        return -EINVAL;
    size_t align = item_align(item_size);
    size_t offset = item_offset(sizeof(struct channel) + count * sizeof(uint32_t), item_size);
    size = offset + items;
    struct channel *c = bide__door.alloc(size, align > RING_LINE ? align : RING_LINE);
    if (c == NULL)
        return -ENOMEM;
    memset(c, 0, sizeof *c);
    c->ring.capacity = (uint32_t)most;
    c->ring.mask = count - 1;
    c->ring.item_size = item_size;
    c->ring.turns = (_Atomic uint32_t *)(void *)(c + 1);
    c->ring.items = (char *)c + offset;
    for (uint32_t i = 0; i < count; i++)
        atomic_init(&c->ring.turns[i], i);
    c->unbounded = unbounded;
    c->drop = drop;
    c->size = size;
    atomic_init(&c->handles, 2);
    atomic_init(&c->senders, 1);
    atomic_init(&c->receivers, 1);
    bide__leaf_tells(bide__channel_tell);
    store(tx, c);
    store(rx, c);
    return 0;
}

static void *add(struct channel *c, _Atomic size_t *count)
{
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->handles, 1, memory_order_relaxed);
    return c;
}

/* Ends a handle of any kind. */
static void end(struct channel *c)
{
    if (atomic_fetch_sub_explicit(&c->handles, 1, memory_order_acq_rel) > 1)
        return;
    if (c->spill.spare != NULL)
        spill_block_free(c->spill.spare, c->ring.item_size);
    bide__free(c, c->size);
}

/* ---- with the lock held ---- */

static uint32_t head_of(const struct channel *c)
{
    return (uint32_t)ring_load(&c->ring.head);
}

/* The first receiver gets the item. */
static void hand_over(struct channel *c, const void *item, struct wakes *k)
{
    item_copy(c->receiving.first->item, item, c->ring.item_size);
    wait_finish_first(&c->receiving, 1, k);
    if (c->receiving.first == NULL)
        ring_clear(&c->ring.tail, RING_AWAITED);
}

/* Puts the item into the ring, which has room, and gives `reserved` places up. */
static void put(struct channel *c, const void *item, uint32_t reserved)
{
    uint64_t tail = ring_load(&c->ring.tail);
    while (!ring_change(&c->ring.tail, &tail, ring_step(tail) - reserved * RING_PLACE))
        ;
    ring_put(&c->ring, (uint32_t)tail, item);
}

/* Adds reserved places, or gives them up. */
static void reserve(struct channel *c, int64_t count)
{
    uint64_t tail = ring_load(&c->ring.tail);
    while (!ring_change(&c->ring.tail, &tail, tail + (uint64_t)count * RING_PLACE))
        ;
}

/* Nobody else pushes or takes from now on. Returns the room that there is. */
static int64_t stop_others(struct channel *c)
{
    uint64_t tail = ring_set(&c->ring.tail, RING_CROWDED);
    return ring_room_of(&c->ring, tail, (uint32_t)ring_set(&c->ring.head, RING_WAITED));
}

static void let_others(struct channel *c)
{
    ring_clear(&c->ring.tail, RING_CROWDED);
    ring_clear(&c->ring.head, RING_WAITED);
}

int bide__channel_send_locked(struct channel *c, const void *item, struct wakes *k)
{
    uint64_t tail = ring_load(&c->ring.tail);
    if (tail & RING_CLOSED)
        return -EPIPE;
    if (c->sending.first != NULL)
        return -EAGAIN;
    if (c->receiving.first != NULL && ring_reserved(tail) < c->ring.capacity) {
        hand_over(c, item, k);
        return 0;
    }
    if (stop_others(c) <= 0)
        return -EAGAIN;
    put(c, item, 0);
    let_others(c);
    return 0;
}

int bide__channel_reserve_locked(struct channel *c, size_t count)
{
    if (ring_load(&c->ring.tail) & RING_CLOSED)
        return -EPIPE;
    if (c->sending.first != NULL || stop_others(c) < (int64_t)count)
        return -EAGAIN;
    reserve(c, (int64_t)count);
    let_others(c);
    return 0;
}

void bide__channel_crowd(struct channel *c, struct wait_node *w, bide_waker clone)
{
    if (w != NULL)
        wait_add(&c->sending, w, clone);
    else if (c->sending.first == NULL)
        let_others(c);
}

void bide__channel_uncrowd(struct channel *c, struct wait_node *w)
{
    wait_unlink(&c->sending, w);
    if (c->sending.first == NULL)
        let_others(c);
}

/* Gives free room to those who wait for it. Returns true if `k` is full and room may be left. */
static bool share_room(struct channel *c, struct wakes *k)
{
    struct wait_node *w;
    if (c->sending.first == NULL)
        return false;
    while ((w = c->sending.first) != NULL) {
        int64_t room = ring_room_of(&c->ring, ring_load(&c->ring.tail), head_of(c));
        if (room < (int64_t)w->count)
            return false;
        if (k->count + 2 > WAKES)
            return true;
        if (w->item == NULL)
            reserve(c, (int64_t)w->count);
        else if (c->receiving.first != NULL)
            hand_over(c, w->item, k);
        else
            put(c, w->item, 0);
        wait_finish_first(&c->sending, 0, k);
    }
    let_others(c);
    return false;
}

/* The channel may be over now. Returns true if `k` is full and receivers are left to be told. */
static bool end_receivers(struct channel *c, struct wakes *k)
{
    if (c->receiving.first == NULL || !ring_is_over(&c->ring))
        return false;
    if (wait_finish_all(&c->receiving, 0, k))
        return true;
    ring_clear(&c->ring.tail, RING_AWAITED);
    return false;
}

/* Moves items from beside the ring into it; only the holder of the lock adds to it now. */
static void refill(struct channel *c)
{
    size_t size = c->ring.item_size;
    for (int n = 0; n < REFILL && spill_count(&c->spill) > 0; n++) {
        if (ring_room_of(&c->ring, ring_load(&c->ring.tail), head_of(c)) <= 0)
            return;
        put(c, spill_first(&c->spill, size), 0);
        struct spill_block *block = spill_remove(&c->spill);
        if (block != NULL) {
            block->next = c->emptied;
            c->emptied = block;
        }
    }
    if (spill_count(&c->spill) == 0)
        ring_clear(&c->ring.tail, RING_CROWDED);
}

/* True: there is nothing in the ring nor beside it, more may come, and tail is AWAITED. */
static bool await_more(struct channel *c)
{
    uint64_t head = ring_load(&c->ring.head), tail = ring_load(&c->ring.tail);
    if ((uint32_t)tail != (uint32_t)head || tail & (RING_CLOSED | RING_CROWDED))
        return false;
    /* Nobody takes from an empty ring, so if tail is still the same now, so is head. */
    return tail & RING_AWAITED || ring_change(&c->ring.tail, &tail, tail | RING_AWAITED);
}

bool bide__channel_wait(struct channel *c, struct wait_node *w, bide_waker clone)
{
    lock_take(&c->lock);
    bool waits = await_more(c);
    if (waits)
        wait_add(&c->receiving, w, clone);
    lock_give(&c->lock);
    return waits;
}

int bide__channel_recv_locked(struct channel *c, void *item)
{
    if (ring_take(&c->ring, item, true) == 1)
        return 1; /* the unlock gives the room to a sender */
    if (spill_count(&c->spill) > 0) {
        refill(c);
        return CHANNEL_AGAIN;
    }
    uint64_t tail = ring_set(&c->ring.tail, RING_AWAITED);
    if ((uint32_t)tail == head_of(c)) {
        if (!(tail & RING_CLOSED) || ring_reserved(tail) > 0)
            return -EAGAIN;
        bide__channel_leave(c);
        return 0;
    }
    bide__channel_leave(c);
    return CHANNEL_AGAIN;
}

void bide__channel_leave(struct channel *c)
{
    if (c->receiving.first == NULL)
        ring_clear(&c->ring.tail, RING_AWAITED);
}

void bide__channel_unlock_slow(struct channel *c, struct wakes *k)
{
    bool more;
    do {
        more = share_room(c, k);
        struct spill_block *emptied = c->emptied;
        c->emptied = NULL;
        lock_give(&c->lock);
        wakes_spend(k);
        while (emptied != NULL) {
            struct spill_block *next = emptied->next;
            spill_block_free(emptied, c->ring.item_size);
            emptied = next;
        }
        if (more)
            lock_take(&c->lock);
    } while (more);
}

/* ---- the ends ---- */

void *bide_sender_clone(void *tx)
{
    struct channel *c = tx;
    return add(c, &c->senders);
}

void *bide_receiver_clone(void *rx)
{
    struct channel *c = rx;
    return add(c, &c->receivers);
}

/* Closes the channel with these flags, and tells all who wait. */
static void shut(struct channel *c, uint64_t flags)
{
    struct wakes k;
    k.count = 0;
    bool more;
    lock_take(&c->lock);
    ring_set(&c->ring.tail, flags);
    do {
        more = wait_finish_all(&c->sending, -EPIPE, &k) || wait_finish_all(&c->closing, 0, &k) ||
               end_receivers(c, &k);
        if (!more && spill_count(&c->spill) == 0) {
            let_others(c);
            more = end_receivers(c, &k);
        }
        lock_give(&c->lock);
        wakes_spend(&k);
        if (more)
            lock_take(&c->lock);
    } while (more);
}

void bide_sender_drop(void *tx)
{
    struct channel *c = tx;
    if (c == NULL)
        return;
    if (atomic_fetch_sub_explicit(&c->senders, 1, memory_order_acq_rel) == 1)
        shut(c, RING_CLOSED);
    end(c);
}

void bide_receiver_close(void *rx)
{
    shut(rx, RING_CLOSED);
}

/* Takes the next item out of a channel that nobody else receives from. */
static bool drain(struct channel *c, void (*drop)(void *item))
{
    struct ring *r = &c->ring;
    uint64_t tail = ring_load(&r->tail);
    uint32_t head = head_of(c), i = head & r->mask;
    if ((uint32_t)tail != head) {
        for (unsigned n = 0; atomic_load_explicit(&r->turns[i], memory_order_acquire) != head + 1;
             n++)
            lock_pause(n);
        if (drop != NULL)
            drop(r->items + (size_t)i * r->item_size);
        atomic_store_explicit(&r->head, head + 1, memory_order_release);
        return true;
    }
    if (spill_count(&c->spill) == 0)
        return false;
    if (drop != NULL)
        drop(spill_first(&c->spill, r->item_size));
    struct spill_block *block = spill_remove(&c->spill);
    if (block != NULL)
        spill_block_free(block, r->item_size);
    return true;
}

void bide_receiver_drop(void *rx)
{
    struct channel *c = rx;
    if (c == NULL)
        return;
    if (atomic_fetch_sub_explicit(&c->receivers, 1, memory_order_acq_rel) == 1) {
        /* Nobody puts anything into a deaf channel, so this needs no lock, and `drop` may do
         * anything, such as drop a sender of this channel. */
        shut(c, RING_CLOSED | RING_DEAF);
        while (drain(c, c->drop))
            ;
    }
    end(c);
}

void *bide_sender_downgrade(void *tx)
{
    struct channel *c = tx;
    atomic_fetch_add_explicit(&c->handles, 1, memory_order_relaxed);
    return c;
}

void *bide_weak_sender_upgrade(void *weak)
{
    struct channel *c = weak;
    size_t count = atomic_load_explicit(&c->senders, memory_order_relaxed);
    do {
        if (count == 0)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&c->senders, &count, count + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    atomic_fetch_add_explicit(&c->handles, 1, memory_order_relaxed);
    return c;
}

void bide_weak_sender_drop(void *weak)
{
    if (weak != NULL)
        end(weak);
}

bool bide_sender_is_closed(const void *tx)
{
    const struct channel *c = tx;
    return ring_load(&c->ring.tail) & RING_CLOSED;
}

size_t bide_receiver_count(const void *rx)
{
    const struct channel *c = rx;
    uint32_t head = head_of(c);
    return (uint32_t)ring_load(&c->ring.tail) - head + spill_count(&c->spill);
}

/* ---- without waiting ---- */

int bide__channel_spill(struct channel *c, const void *item)
{
    struct spill_block *block = NULL;
    struct wakes k;
    int r = -EAGAIN;
    k.count = 0;
    while (r == -EAGAIN) {
        lock_take(&c->lock);
        void *to = NULL;
        if (ring_load(&c->ring.tail) & RING_CLOSED)
            r = -EPIPE;
        else if (c->receiving.first != NULL) {
            hand_over(c, item, &k);
            r = 0;
        } else if ((to = spill_add(&c->spill, &block, c->ring.item_size)) != NULL) {
            ring_set(&c->ring.tail, RING_CROWDED);
            item_copy(to, item, c->ring.item_size);
            r = 0;
        }
        channel_unlock(c, &k);
        if (r == -EAGAIN && (block = spill_block_new(c->ring.item_size)) == NULL)
            r = -ENOMEM;
    }
    if (block != NULL)
        spill_block_free(block, c->ring.item_size);
    return r;
}

/* Hands the item to a receiver that waits, if nothing else is to be considered. */
static bool hand_over_now(struct channel *c, const void *item)
{
    lock_take(&c->lock);
    uint64_t tail = ring_load(&c->ring.tail);
    struct wait_node *w = c->receiving.first;
    if (w == NULL || tail & (RING_CLOSED | RING_CROWDED) || ring_reserved(tail) > 0) {
        lock_give(&c->lock);
        return false;
    }
    bide_waker waker = w->waker;
    item_copy(w->item, item, c->ring.item_size);
    wait_unlink(&c->receiving, w);
    w->result = 1;
    atomic_store_explicit(&w->state, WAIT_DONE, memory_order_release);
    if (c->receiving.first == NULL)
        ring_clear(&c->ring.tail, RING_AWAITED);
    lock_give(&c->lock);
    bide_waker_wake(waker);
    return true;
}

int bide__channel_send_slow(struct channel *c, const void *item)
{
    struct wakes k;
    int r;
    uint64_t tail = ring_load(&c->ring.tail);
    if (tail & RING_AWAITED && hand_over_now(c, item))
        return 0;
    if (c->unbounded)
        return bide__channel_spill(c, item);
    while (!(tail & RING_AWAITED)) {
        /* The receiver that was waited for at the first try may have given up. */
        r = ring_push(&c->ring, item);
        tail = ring_load(&c->ring.tail);
        if (r != -EAGAIN || !(tail & RING_AWAITED))
            return r;
    }
    k.count = 0;
    lock_take(&c->lock);
    r = bide__channel_send_locked(c, item, &k);
    if (r == -EAGAIN)
        bide__channel_crowd(c, NULL, (bide_waker){0});
    channel_unlock(c, &k);
    return r;
}

/* After a reservation was given up, which may have been the last of a closed channel. */
static void end_and_unlock(struct channel *c, struct wakes *k)
{
    while (end_receivers(c, k)) {
        lock_give(&c->lock);
        wakes_spend(k);
        lock_take(&c->lock);
    }
    channel_unlock(c, k);
}

int bide_try_send(void *tx, const void *item)
{
    return channel_send(tx, item);
}

int bide_send_reserved(void *tx, const void *item)
{
    struct channel *c = tx;
    struct wakes k;
    k.count = 0;
    uint64_t tail = ring_load(&c->ring.tail), to;
    do {
        BIDE__ASSERT(ring_reserved(tail) > 0, "channel: send: no place is reserved");
        if (tail & RING_AWAITED)
            break;
        to = tail & RING_DEAF ? tail - RING_PLACE : ring_step(tail) - RING_PLACE;
    } while (!ring_change(&c->ring.tail, &tail, to));
    if (!(tail & RING_AWAITED)) {
        if (tail & RING_DEAF)
            return -EPIPE;
        ring_put(&c->ring, (uint32_t)tail, item);
        return 0;
    }
    lock_take(&c->lock);
    int r = ring_load(&c->ring.tail) & RING_DEAF ? -EPIPE : 0;
    if (r == 0 && c->receiving.first == NULL) {
        put(c, item, 1);
    } else {
        reserve(c, -1);
        if (r == 0)
            hand_over(c, item, &k);
    }
    end_and_unlock(c, &k);
    return r;
}

void bide_unreserve(void *tx, size_t count)
{
    struct channel *c = tx;
    struct wakes k;
    k.count = 0;
    uint64_t tail = ring_load(&c->ring.tail);
    do {
        BIDE__ASSERT(ring_reserved(tail) >= count, "channel: unreserve: more than is reserved");
        if (tail & (RING_AWAITED | RING_CROWDED))
            break;
    } while (!ring_change(&c->ring.tail, &tail, tail - count * RING_PLACE));
    if (!(tail & (RING_AWAITED | RING_CROWDED)))
        return;
    lock_take(&c->lock);
    reserve(c, -(int64_t)count);
    end_and_unlock(c, &k);
}

int bide__channel_take_slow(struct channel *c, void *item, int r)
{
    struct wakes k;
    k.count = 0;
    while (r == -EBUSY || r == CHANNEL_AGAIN || spill_count(&c->spill) > 0) {
        lock_take(&c->lock);
        r = bide__channel_recv_locked(c, item);
        if (r == -EAGAIN)
            bide__channel_leave(c);
        channel_unlock(c, &k);
        if (r != CHANNEL_AGAIN)
            return r;
        ring_settle(&c->ring);
    }
    return ring_is_over(&c->ring) ? 0 : -EAGAIN;
}

int bide_try_recv(void *rx, void *item)
{
    return channel_take(rx, item);
}
