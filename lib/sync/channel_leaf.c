/*
 * lib/sync/channel_leaf.c: the leaves of channels. What can be done at once needs no frame. A wait
 * is finished by whoever does what it waits for (channel.h), so the poll after its wake only
 * fetches the result, without the lock.
 */
#define BIDE__UNTYPED
#include "lib/leaf.h"

#include "lib/sync/channel.h"

#include <bide/channel.h>

#include <stdio.h>

struct send {
    struct bide_frame h;
    void *channel;
    union {
        const void *item; /* that of the wait */
        struct wait_node w;
    };
};

struct reserve {
    struct bide_frame h;
    void *channel;
    union {
        size_t count;
        struct wait_node w;
    };
};

struct recv {
    struct bide_frame h;
    void *channel;
    union {
        void *item; /* that of the wait */
        struct wait_node w;
    };
    size_t most;
};

struct closed {
    struct bide_frame h;
    void *channel;
    struct wait_node w;
};

/*
 * What the polls have in common. False: the wait has not begun. Otherwise *result is its result, or
 * -EAGAIN if it is queued. Other threads may finish a queued wait at any time, so the answer comes
 * from one look: what is not queued any more has not become one that has not begun.
 */
static bool has_begun(struct bide_cx *cx, uint32_t *lock, struct wait_node *w, int *result)
{
    int state = wait_state(w);
    if (state == WAIT_QUEUED) {
        wait_refresh(lock, w, cx->waker);
        state = wait_state(w);
    }
    *result = state == WAIT_DONE ? w->result : -EAGAIN;
    return state != WAIT_IDLE;
}

/* An operation that has to wait does not count. */
static void give_back(struct bide_cx *cx)
{
    cx->turn->budget++;
}

/* ---- to send, and to reserve places ---- */

static int send_or_reserve(struct channel *c, struct wait_node *w)
{
    if (w->item == NULL)
        return ring_reserve(&c->ring, (uint32_t)w->count);
    return c->unbounded ? channel_send(c, w->item) : ring_push(&c->ring, w->item);
}

/* Sends or reserves, or queues the wait. */
static int crowd(struct bide_cx *cx, struct channel *c, struct wait_node *w)
{
    struct wakes k;
    k.count = 0;
    int r;
    if (has_begun(cx, &c->lock, w, &r) || !bide_budget_spend(cx))
        return r;
    r = send_or_reserve(c, w);
    if (r != -EAGAIN)
        return r;
    bide_waker clone = bide_waker_clone(cx->waker);
    lock_take(&c->lock);
    r = w->item != NULL ? bide__channel_send_locked(c, w->item, &k)
                        : bide__channel_reserve_locked(c, w->count);
    if (r == -EAGAIN)
        bide__channel_crowd(c, w, clone);
    channel_unlock(c, &k);
    if (r != -EAGAIN)
        bide_waker_drop(clone);
    else
        give_back(cx);
    return r;
}

static enum bide_answer crowd_cancel(struct channel *c, struct wait_node *w)
{
    struct wakes k;
    k.count = 0;
    if (wait_state(w) == WAIT_IDLE)
        return BIDE_CANCELLED;
    lock_take(&c->lock);
    bool queued = wait_state(w) == WAIT_QUEUED;
    if (queued)
        bide__channel_uncrowd(c, w);
    channel_unlock(c, &k);
    if (queued)
        bide_waker_drop(w->waker);
    return queued ? BIDE_CANCELLED : BIDE_COMPLETED;
}

static bool send_now(struct bide_cx *cx, void *tx, const void *item, int *result)
{
    return done_now(cx, result, channel_send(tx, item));
}

static enum bide_poll send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    if (h->state == 0) {
        wait_init(&f->w, f->item, 1);
        h->state = BIDE__BEGUN;
    }
    return wait_end_poll(cx, h, crowd(cx, f->channel, &f->w));
}

static enum bide_answer send_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    (void)cx;
    return crowd_cancel(f->channel, &f->w);
}

static enum bide_poll reserve_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct reserve *f = (struct reserve *)(void *)h;
    const struct channel *c = f->channel;
    if (h->state == 0) {
        size_t count = f->count;
        h->state = BIDE__BEGUN;
        wait_init(&f->w, NULL, count);
        if (c->unbounded || count == 0 || count > c->ring.capacity)
            return bide__leaf_finish(cx, h, c->unbounded ? -ENOTSUP : -EINVAL);
    }
    return wait_end_poll(cx, h, crowd(cx, f->channel, &f->w));
}

static enum bide_answer reserve_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct reserve *f = (struct reserve *)(void *)h;
    (void)cx;
    return crowd_cancel(f->channel, &f->w);
}

/* ---- to receive ---- */

/* Receives, or queues the wait, if there is something to be considered. */
static __attribute__((noinline)) int await_slow(struct bide_cx *cx, struct channel *c,
                                                struct wait_node *w, bide_waker clone)
{
    struct wakes k;
    int r;
    for (;;) {
        k.count = 0;
        lock_take(&c->lock);
        r = bide__channel_recv_locked(c, w->item);
        if (r == -EAGAIN)
            wait_add(&c->receiving, w, clone);
        channel_unlock(c, &k);
        if (r != CHANNEL_AGAIN)
            break;
        ring_settle(&c->ring);
    }
    if (r == -EAGAIN)
        return r;
    bide_waker_drop(clone);
    cx->turn->budget--;
    return r;
}

/* Receives, or queues the wait, which is idle. An operation that has to wait does not count. */
static inline int await_item(struct bide_cx *cx, struct channel *c, struct wait_node *w)
{
    if (cx->turn->budget == 0) {
        (void)bide_budget_spend(cx);
        return -EAGAIN;
    }
    if (ring_has_item(&c->ring) && ring_take(&c->ring, w->item, false) == 1) {
        cx->turn->budget--;
        return 1;
    }
    bide_waker clone = bide_waker_clone(cx->waker);
    if (__builtin_expect(bide__channel_wait(c, w, clone), 1))
        return -EAGAIN;
    return await_slow(cx, c, w, clone);
}

/* The polls of receives that have not been finished. -EAGAIN: it waits. */
static inline int recv_on(struct bide_cx *cx, struct channel *c, struct wait_node *w)
{
    int r;
    return has_begun(cx, &c->lock, w, &r) ? r : await_item(cx, c, w);
}

/* Only what the ring has; the end is found by the poll, under the lock. */
static bool recv_now(struct bide_cx *cx, void *rx, void *item, int *result)
{
    struct channel *c = rx;
    if (cx->turn->budget == 0)
        return false;
    *result = ring_take(&c->ring, item, false);
    if (*result != 1)
        return false;
    cx->turn->budget--;
    return true;
}

/* Takes what is there, after `got` items. */
static int take_more(struct channel *c, char *items, size_t most, int got)
{
    while (got > 0 && (size_t)got < most &&
           channel_take(c, items + (size_t)got * c->ring.item_size) == 1)
        got++;
    return got;
}

static bool recv_many_now(struct bide_cx *cx, void *rx, void *items, size_t most, int *result)
{
    *result = -EINVAL;
    if (most == 0 || most > INT_MAX)
        return true;
    if (!recv_now(cx, rx, items, result))
        return false;
    *result = take_more(rx, items, most, *result);
    return true;
}

static void recv_begin(struct recv *f)
{
    wait_init(&f->w, f->item, 0);
    f->h.state = BIDE__BEGUN;
}

static __attribute__((noinline)) enum bide_poll recv_poll_on(struct bide_cx *cx, struct recv *f)
{
    if (f->h.state == 0)
        recv_begin(f);
    return wait_end_poll(cx, &f->h, recv_on(cx, f->channel, &f->w));
}

/* Most are polled twice: when they begin to wait, and when they are done. */
static enum bide_poll recv_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    if (h->state != 0 && wait_state(&f->w) == WAIT_DONE)
        return bide__leaf_finish(cx, h, f->w.result);
    return recv_poll_on(cx, f);
}

static enum bide_poll recv_many_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    if (h->state == 0) {
        recv_begin(f);
        if (f->most == 0 || f->most > INT_MAX)
            return bide__leaf_finish(cx, h, -EINVAL);
    }
    int r = wait_state(&f->w) == WAIT_DONE ? f->w.result : recv_on(cx, f->channel, &f->w);
    return wait_end_poll(cx, h, take_more(f->channel, f->w.item, f->most, r));
}

static enum bide_answer recv_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    struct channel *c = f->channel;
    struct wakes k;
    k.count = 0;
    (void)cx;
    if (wait_state(&f->w) == WAIT_IDLE)
        return BIDE_CANCELLED;
    lock_take(&c->lock);
    bool queued = wait_state(&f->w) == WAIT_QUEUED;
    if (queued) {
        wait_unlink(&c->receiving, &f->w);
        bide__channel_leave(c);
    }
    channel_unlock(c, &k);
    if (queued)
        bide_waker_drop(f->w.waker);
    return queued ? BIDE_CANCELLED : BIDE_COMPLETED;
}

/* ---- until it is closed ---- */

static enum bide_poll closed_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct closed *f = (struct closed *)(void *)h;
    struct channel *c = f->channel;
    int r;
    if (h->state == 0) {
        wait_init(&f->w, NULL, 0);
        h->state = BIDE__BEGUN;
    }
    if (has_begun(cx, &c->lock, &f->w, &r))
        return wait_end_poll(cx, h, r);
    if (bide_sender_is_closed(c))
        return wait_end_poll(cx, h, bide_budget_spend(cx) ? 0 : -EAGAIN);
    bide_waker clone = bide_waker_clone(cx->waker);
    lock_take(&c->lock);
    bool closed = bide_sender_is_closed(c);
    if (!closed)
        wait_add(&c->closing, &f->w, clone);
    lock_give(&c->lock);
    if (closed)
        bide_waker_drop(clone);
    return wait_end_poll(cx, h, closed ? 0 : -EAGAIN);
}

static enum bide_answer closed_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct closed *f = (struct closed *)(void *)h;
    struct channel *c = f->channel;
    (void)cx;
    lock_take(&c->lock);
    bool queued = wait_state(&f->w) == WAIT_QUEUED;
    if (queued)
        wait_unlink(&c->closing, &f->w);
    lock_give(&c->lock);
    if (queued)
        bide_waker_drop(f->w.waker);
    return BIDE_CANCELLED;
}

BIDE__LEAF_PARKS(int, bide_send, struct send, send_now, send_poll, send_cancel, (void *, channel),
                 (const void *, item));
BIDE__LEAF_PARKS(int, bide_reserve, struct reserve, BIDE__NOT_NOW, reserve_poll, reserve_cancel,
                 (void *, channel), (size_t, count));
BIDE__LEAF_PARKS(int, bide_recv, struct recv, recv_now, recv_poll, recv_cancel, (void *, channel),
                 (void *, item));
BIDE__LEAF_PARKS(int, bide_recv_many, struct recv, recv_many_now, recv_many_poll, recv_cancel,
                 (void *, channel), (void *, item), (size_t, most));
BIDE__LEAF_PARKS(int, bide_sender_closed, struct closed, BIDE__NOT_NOW, closed_poll, closed_cancel,
                 (void *, channel));

/* ---- dumps ---- */

bool bide__channel_tell(const struct bide_frame *leaf, char *text, size_t size)
{
    const struct recv *f = (const struct recv *)(const void *)leaf;
    if ((leaf->fn != &bide__desc_bide_recv && leaf->fn != &bide__desc_bide_recv_many) ||
        leaf->state == 0)
        return false;
    const struct channel *c = f->channel;
    size_t senders = atomic_load_explicit(&c->senders, memory_order_relaxed);
    snprintf(text, size, "of a channel that has %zu sender%s", senders, senders == 1 ? "" : "s");
    return true;
}
