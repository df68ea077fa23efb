/*
 * lib/sync/oneshot.c: one value from one sender to one receiver.
 *
 * The value stays in the oneshot until the receiver takes it, so a cancelled receive has nothing to
 * give back. The sender sets state_ once, from OPEN to SENT or GONE; taking the value sets it from
 * SENT to GONE. The half that ends last frees an allocated oneshot: the sender's half has ended
 * when state_ is not OPEN, the receiver's when receiver_ is 0. The unlock is the last thing that
 * the sender does with a oneshot that it does not free.
 *
 * At most one receive waits, so the oneshot needs no list: the waker, a clone, is in waker_ until
 * the sender spends it or the receive is cancelled. No receive begins to wait after the sender's
 * half has ended. So if one waits and finds waker_ 0, the sender has woken it.
 */
#include "lib/leaf.h"

#include <assert.h>

#include "lib/sync/wait.h"

enum { OPEN, SENT, GONE };

enum { WAITS = 2 }; /* in h.state: its waker is in the oneshot, or was */

struct recv {
    struct bide_frame h;
    bide_oneshot *oneshot;
    void *item;
};

/* An allocated oneshot, followed by its value. */
struct heap_oneshot {
    bide_oneshot o;
    _Alignas(max_align_t) char item[];
};

int bide_oneshot_new(size_t item_size, void (*drop)(void *item), bide_oneshot **oneshot)
{
    struct heap_oneshot *s = NULL;
    *oneshot = NULL;
    if (item_size <= SIZE_MAX - sizeof *s)
        s = bide__alloc(sizeof *s + item_size);
    if (s == NULL)
        return -ENOMEM;
    s->o = (bide_oneshot){
        .receiver_ = 1, .heap_ = 1, .item_ = s->item, .item_size_ = item_size, .drop_ = drop};
    *oneshot = &s->o;
    return 0;
}

void bide_oneshot_init(bide_oneshot *oneshot, void *item, size_t item_size)
{
    *oneshot = (bide_oneshot){.receiver_ = 1, .item_ = item, .item_size_ = item_size};
}

static bide_waker waker_take(bide_oneshot *o)
{
    bide_waker waker = {o->waker_};
    o->waker_ = 0;
    return waker;
}

/* Ends the sender's half with state SENT or GONE. Called with the lock held; gives it back. */
static void end_sender(bide_oneshot *o, uint8_t state)
{
    bool last = o->heap_ && !o->receiver_;
    size_t size = sizeof(struct heap_oneshot) + o->item_size_;

    assert(o->state_ == OPEN && "a oneshot is sent or dropped once");
    o->state_ = state;
    /* It is spent after the lock was given back; see wait.h. */
    bide_waker waker = waker_take(o);
    lock_give(&o->lock_);
    if (waker.bits != 0)
        bide_waker_wake(waker);
    if (last)
        bide__free(o, size);
}

int bide_oneshot_send(bide_oneshot *oneshot, const void *item)
{
    lock_take(&oneshot->lock_);
    bool taken = oneshot->receiver_;
    if (taken && oneshot->item_size_ > 0)
        memcpy(oneshot->item_, item, oneshot->item_size_);
    end_sender(oneshot, taken ? SENT : GONE);
    return taken ? 0 : -EPIPE;
}

void bide_oneshot_drop_sender(bide_oneshot *oneshot)
{
    if (oneshot == NULL)
        return;
    lock_take(&oneshot->lock_);
    end_sender(oneshot, GONE);
}

void bide_oneshot_drop_receiver(bide_oneshot *oneshot)
{
    if (oneshot == NULL)
        return;
    lock_take(&oneshot->lock_);
    assert(oneshot->receiver_ && oneshot->waker_ == 0);
    oneshot->receiver_ = 0;
    uint8_t state = oneshot->state_;
    lock_give(&oneshot->lock_);

    if (state == SENT && oneshot->drop_ != NULL)
        oneshot->drop_(oneshot->item_);
    if (state != OPEN && oneshot->heap_)
        bide__free(oneshot, sizeof(struct heap_oneshot) + oneshot->item_size_);
}

/* Called with the lock held. */
static int take(bide_oneshot *o, void *item)
{
    if (o->state_ == OPEN)
        return -EAGAIN;
    if (o->state_ == GONE)
        return -EPIPE;
    if (item != NULL && o->item_size_ > 0)
        memcpy(item, o->item_, o->item_size_);
    o->state_ = GONE;
    return 0;
}

int bide_oneshot_try_recv(bide_oneshot *oneshot, void *item)
{
    lock_take(&oneshot->lock_);
    int r = take(oneshot, item);
    lock_give(&oneshot->lock_);
    return r;
}

/* Called with the lock held, by a receive that waits: keeps the waker of the latest poll. */
static void change_waker(bide_oneshot *o, bide_waker waker)
{
    if (o->waker_ == waker.bits)
        return;
    bide_waker_drop(waker_take(o));
    o->waker_ = bide_waker_clone(waker).bits;
}

static enum bide_poll recv_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    bide_oneshot *o = f->oneshot;
    int r = -EAGAIN;

    if (h->state == 0)
        h->state = BIDE__BEGUN;
    lock_take(&o->lock_);
    if (h->state == WAITS) {
        if (o->waker_ != 0)
            change_waker(o, cx->waker);
        else
            r = take(o, f->item);
    } else if (o->waker_ != 0) {
        r = -EBUSY;
    } else if (o->state_ == OPEN) {
        o->waker_ = bide_waker_clone(cx->waker).bits;
        h->state = WAITS;
    } else if (bide_budget_spend(cx)) {
        r = take(o, f->item);
    }
    lock_give(&o->lock_);
    return r != -EAGAIN ? bide__leaf_finish(cx, h, r) : bide_frame_suspend(cx, h);
}

static enum bide_answer recv_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    bide_oneshot *o = f->oneshot;
    enum bide_answer answer = BIDE_CANCELLED;

    (void)cx;
    if (h->state != WAITS)
        return answer;
    lock_take(&o->lock_);
    if (o->waker_ != 0)
        bide_waker_drop(waker_take(o));
    else
        answer = BIDE_COMPLETED;
    lock_give(&o->lock_);
    return answer;
}

BIDE__LEAF(int, bide_oneshot_recv, struct recv, recv_poll, recv_cancel, (bide_oneshot *, oneshot),
           (void *, item));
