/*
 * lib/sync/channel.c: bounded channels: a ring of items, a queue of senders that wait for room and
 * a queue of receivers that wait for an item. Both ends are the same object under two names.
 *
 * Invariants, under the lock:
 *  - room = capacity - count - reserved. A sender is queued only while there is no room, a receiver
 *    only while count is 0. So the two are never queued at once, and latecomers cannot overtake.
 *  - An item that is sent while a receiver waits goes straight to the receiver. Room that comes
 *    free goes straight to the first waiting sender (its item goes into the ring, or it gets a
 *    reservation). So when a leaf is woken, what it waited for has already happened, and its cancel
 *    function only has to report that.
 *  - A sender with a NULL item waits for a reservation.
 * The object is freed when there are no senders and no receiver any more.
 */
#include "lib/leaf.h"

#include <assert.h>

#include "lib/sync/wait.h"

struct channel {
    uint32_t lock;
    bool closed; /* no more sends, except reserved ones */
    bool deaf;   /* not even those: the receiver is going */
    bool receiver;
    size_t senders;
    size_t item_size, capacity;
    size_t count, reserved;
    char *in, *out, *end; /* where the next item goes, and comes from; the end of the ring */
    struct bide__waiters sending, receiving;
    void (*drop)(void *item);
    _Alignas(max_align_t) char items[];
};

static struct channel *of_sender(bide_sender *sender)
{
    return (struct channel *)(void *)sender;
}

static struct channel *of_receiver(const bide_receiver *receiver)
{
    return (struct channel *)(uintptr_t)receiver;
}

int bide_channel_new(size_t item_size, size_t capacity, void (*drop)(void *item),
                     bide_sender **sender, bide_receiver **receiver)
{
    size_t size;
    *sender = NULL;
    *receiver = NULL;
    if (capacity == 0 || __builtin_mul_overflow(item_size, capacity, &size) ||
        size > PTRDIFF_MAX - sizeof(struct channel))
        return -EINVAL;
    struct channel *c = bide__alloc(sizeof *c + size);
    if (c == NULL)
        return -ENOMEM;
    *c = (struct channel){.receiver = true,
                          .senders = 1,
                          .item_size = item_size,
                          .capacity = capacity,
                          .in = c->items,
                          .out = c->items,
                          .end = c->items + size,
                          .drop = drop};
    *sender = (bide_sender *)(void *)c;
    *receiver = (bide_receiver *)(void *)c;
    return 0;
}

/* ---- with the lock held ---- */

/* Most items are a word or two. */
static void copy_item(void *to, const void *from, size_t size)
{
    if (size == 4)
        memcpy(to, from, 4);
    else if (size == 8)
        memcpy(to, from, 8);
    else if (size == 16)
        memcpy(to, from, 16);
    else
        memcpy(to, from, size);
}

/* The place after `at` in the ring. */
static char *following(struct channel *c, char *at)
{
    at += c->item_size;
    return at < c->end ? at : c->items;
}

static bool has_room(const struct channel *c)
{
    return c->count + c->reserved < c->capacity;
}

/* True if the channel is empty and nothing more will come. */
static bool is_over(const struct channel *c)
{
    return c->count == 0 && c->reserved == 0 && (c->closed || c->senders == 0);
}

static void end_receivers(struct channel *c)
{
    if (is_over(c))
        waiters_finish_all(&c->receiving, -EPIPE);
}

static void put(struct channel *c, const void *item)
{
    if (c->receiving.first != NULL) {
        copy_item(c->receiving.first->item, item, c->item_size);
        waiters_finish_first(&c->receiving, 0);
        return;
    }
    copy_item(c->in, item, c->item_size);
    c->in = following(c, c->in);
    c->count++;
}

/* Gives free room to the waiting senders. */
static void share_room(struct channel *c)
{
    while (c->sending.first != NULL && has_room(c)) {
        if (c->sending.first->item != NULL)
            put(c, c->sending.first->item);
        else
            c->reserved++;
        waiters_finish_first(&c->sending, 0);
    }
}

/* Returns 0, -EPIPE or -EAGAIN, as may_receive does. */
static int may_send(const struct channel *c)
{
    if (c->closed)
        return -EPIPE;
    return has_room(c) ? 0 : -EAGAIN;
}

static int may_receive(const struct channel *c)
{
    if (c->count > 0)
        return 0;
    return is_over(c) ? -EPIPE : -EAGAIN;
}

/* Takes the first item. may_receive must have returned 0. */
static void take(struct channel *c, void *item)
{
    copy_item(item, c->out, c->item_size);
    c->out = following(c, c->out);
    c->count--;
    share_room(c);
}

/* Gives the lock back, and frees the channel if nobody refers to it any more. */
static void unlock_and_free(struct channel *c)
{
    bool last = c->senders == 0 && !c->receiver;
    lock_give(&c->lock);
    if (last)
        bide__free(c, sizeof *c + c->capacity * c->item_size);
}

/* ---- the ends ---- */

bide_sender *bide_sender_clone(bide_sender *sender)
{
    struct channel *c = of_sender(sender);
    lock_take(&c->lock);
    c->senders++;
    lock_give(&c->lock);
    return sender;
}

void bide_sender_drop(bide_sender *sender)
{
    if (sender == NULL)
        return;
    struct channel *c = of_sender(sender);
    lock_take(&c->lock);
    assert(c->senders > 0);
    c->senders--;
    end_receivers(c);
    unlock_and_free(c);
}

void bide_channel_close(bide_receiver *receiver)
{
    struct channel *c = of_receiver(receiver);
    lock_take(&c->lock);
    c->closed = true;
    waiters_finish_all(&c->sending, -EPIPE);
    end_receivers(c);
    lock_give(&c->lock);
}

void bide_receiver_drop(bide_receiver *receiver)
{
    if (receiver == NULL)
        return;
    struct channel *c = of_receiver(receiver);
    lock_take(&c->lock);
    assert(c->receiving.first == NULL);
    c->closed = true;
    c->deaf = true;
    waiters_finish_all(&c->sending, -EPIPE);
    lock_give(&c->lock);

    /* Nobody puts anything into a deaf channel, so this needs no lock, and `drop` may do anything,
     * such as drop a sender of this channel. */
    for (size_t n = c->count; c->drop != NULL && n > 0; n--) {
        c->drop(c->out);
        c->out = following(c, c->out);
    }

    lock_take(&c->lock);
    c->receiver = false;
    unlock_and_free(c);
}

/* ---- without waiting ---- */

int bide_channel_try_send(bide_sender *sender, const void *item)
{
    struct channel *c = of_sender(sender);
    lock_take(&c->lock);
    int r = may_send(c);
    if (r == 0)
        put(c, item);
    lock_give(&c->lock);
    return r;
}

int bide_channel_send_reserved(bide_sender *sender, const void *item)
{
    struct channel *c = of_sender(sender);
    lock_take(&c->lock);
    assert(c->reserved > 0);
    int r = c->deaf ? -EPIPE : 0;
    c->reserved--;
    if (r == 0)
        put(c, item);
    share_room(c);
    end_receivers(c);
    lock_give(&c->lock);
    return r;
}

void bide_channel_unreserve(bide_sender *sender)
{
    struct channel *c = of_sender(sender);
    lock_take(&c->lock);
    assert(c->reserved > 0);
    c->reserved--;
    share_room(c);
    end_receivers(c);
    lock_give(&c->lock);
}

int bide_channel_try_recv(bide_receiver *receiver, void *item)
{
    struct channel *c = of_receiver(receiver);
    lock_take(&c->lock);
    int r = may_receive(c);
    if (r == 0)
        take(c, item);
    lock_give(&c->lock);
    return r;
}

size_t bide_channel_count(const bide_receiver *receiver)
{
    struct channel *c = of_receiver(receiver);
    lock_take(&c->lock);
    size_t count = c->count;
    lock_give(&c->lock);
    return count;
}

/* ---- the leaves ---- */

struct send {
    struct bide_frame h;
    bide_sender *sender;
    union {
        const void *item; /* that of the waiter */
        struct bide__waiter w;
    };
};

struct reserve {
    struct bide_frame h;
    bide_sender *sender;
    struct bide__waiter w;
};

struct recv {
    struct bide_frame h;
    bide_receiver *receiver;
    union {
        void *item; /* that of the waiter */
        struct bide__waiter w;
    };
};

/*
 * What the three polls have in common; called with the lock held. `may` is what may_send or
 * may_receive returns now. Returns true if the leaf must suspend. Otherwise w->result is the
 * operation's result; if it is 0 and the waiter is not DONE, the caller must still carry out the
 * operation.
 */
static bool must_wait(struct bide_cx *cx, struct bide__waiters *queue, struct bide__waiter *w,
                      int may)
{
    if (w->state == WAITER_DONE)
        return false;
    if (w->state == WAITER_QUEUED) {
        waiter_refresh(w, cx->waker);
        return true;
    }
    if (may == -EAGAIN) {
        waiters_add(queue, w, cx->waker);
        return true;
    }
    w->result = may;
    return !bide_budget_spend(cx);
}

static enum bide_poll send_or_reserve(struct bide_cx *cx, struct bide_frame *h, struct channel *c,
                                      struct bide__waiter *w)
{
    lock_take(&c->lock);
    bool wait = must_wait(cx, &c->sending, w, may_send(c));
    if (!wait && w->state == WAITER_IDLE && w->result == 0) {
        if (w->item != NULL)
            put(c, w->item);
        else
            c->reserved++;
    }
    lock_give(&c->lock);
    return wait ? bide_frame_suspend(cx, h) : bide__leaf_finish(cx, h, w->result);
}

/* ---- what can be done at once needs no frame ---- */

static bool send_now(struct bide_cx *cx, bide_sender *sender, const void *item, int *result)
{
    struct channel *c = of_sender(sender);
    lock_take(&c->lock);
    *result = may_send(c);
    bool now = *result != -EAGAIN && bide_budget_spend(cx);
    if (now && *result == 0)
        put(c, item);
    lock_give(&c->lock);
    return now;
}

static bool recv_now(struct bide_cx *cx, bide_receiver *receiver, void *item, int *result)
{
    struct channel *c = of_receiver(receiver);
    lock_take(&c->lock);
    *result = may_receive(c);
    bool now = *result != -EAGAIN && bide_budget_spend(cx);
    if (now && *result == 0)
        take(c, item);
    lock_give(&c->lock);
    return now;
}

static enum bide_answer stop(struct channel *c, struct bide__waiters *queue, struct bide__waiter *w)
{
    lock_take(&c->lock);
    if (w->state == WAITER_QUEUED)
        waiters_remove(queue, w);
    bool completed = w->state == WAITER_DONE;
    lock_give(&c->lock);
    return completed ? BIDE_COMPLETED : BIDE_CANCELLED;
}

static enum bide_poll send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    if (h->state == 0) {
        assert(f->item != NULL);
        waiter_init(&f->w, f->item);
        h->state = BIDE__BEGUN;
    }
    return send_or_reserve(cx, h, of_sender(f->sender), &f->w);
}

static enum bide_answer send_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    struct channel *c = of_sender(f->sender);
    (void)cx;
    return stop(c, &c->sending, &f->w);
}

static enum bide_poll reserve_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct reserve *f = (struct reserve *)(void *)h;
    if (h->state == 0) {
        waiter_init(&f->w, NULL);
        h->state = BIDE__BEGUN;
    }
    return send_or_reserve(cx, h, of_sender(f->sender), &f->w);
}

static enum bide_answer reserve_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct reserve *f = (struct reserve *)(void *)h;
    struct channel *c = of_sender(f->sender);
    (void)cx;
    return stop(c, &c->sending, &f->w);
}

static enum bide_poll recv_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    struct channel *c = of_receiver(f->receiver);
    if (h->state == 0) {
        waiter_init(&f->w, f->item);
        h->state = BIDE__BEGUN;
    }
    lock_take(&c->lock);
    bool wait = must_wait(cx, &c->receiving, &f->w, may_receive(c));
    if (!wait && f->w.state == WAITER_IDLE && f->w.result == 0)
        take(c, f->item);
    lock_give(&c->lock);
    return wait ? bide_frame_suspend(cx, h) : bide__leaf_finish(cx, h, f->w.result);
}

static enum bide_answer recv_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    struct channel *c = of_receiver(f->receiver);
    (void)cx;
    return stop(c, &c->receiving, &f->w);
}

BIDE__LEAF_NOW(int, bide_channel_send, struct send, send_now, send_poll, send_cancel,
               (bide_sender *, sender), (const void *, item));
BIDE__LEAF(int, bide_channel_reserve, struct reserve, reserve_poll, reserve_cancel,
           (bide_sender *, sender));
BIDE__LEAF_NOW(int, bide_channel_recv, struct recv, recv_now, recv_poll, recv_cancel,
               (bide_receiver *, receiver), (void *, item));
