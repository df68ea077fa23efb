/*
 * lib/sync/oneshot.c: one value from one sender to one receiver.
 *
 * The value stays in the oneshot until the receiver takes it, so a cancelled receive has nothing to
 * give back. The sender sets state_ once, from OPEN to SENT or GONE; taking the value sets it from
 * SENT to GONE. The half that ends last frees an allocated oneshot: the sender's half has ended
 * when state_ is not OPEN, the receiver's when receiver_ is 0. The unlock is the last thing that
 * the sender does with a oneshot that it does not free.
 */
#include "lib/leaf.h"

#include <assert.h>

#include "lib/sync/wait.h"

enum { OPEN, SENT, GONE };

struct recv {
    struct bide_frame h;
    bide_oneshot *oneshot;
    void *item;
    struct bide__waiter w;
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

/* Ends the sender's half with state SENT or GONE. Called with the lock held; gives it back. */
static void end_sender(bide_oneshot *o, uint8_t state)
{
    bool last = o->heap_ && !o->receiver_;
    size_t size = sizeof(struct heap_oneshot) + o->item_size_;

    assert(o->state_ == OPEN && "a oneshot is sent or dropped once");
    o->state_ = state;
    waiters_finish_all(&o->waiting_, 0);
    lock_give(&o->lock_);
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
    assert(oneshot->receiver_ && oneshot->waiting_.first == NULL);
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

static enum bide_poll recv_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    bide_oneshot *o = f->oneshot;

    if (h->state == 0) {
        waiter_init(&f->w, NULL);
        h->state = BIDE__BEGUN;
    }
    lock_take(&o->lock_);
    int r = -EAGAIN;
    if (f->w.state == WAITER_QUEUED)
        waiter_refresh(&f->w, cx->waker);
    else if (o->waiting_.first != NULL)
        r = -EBUSY;
    else if (o->state_ == OPEN)
        waiters_add(&o->waiting_, &f->w, cx->waker);
    else if (f->w.state == WAITER_DONE || bide_budget_spend(cx))
        r = take(o, f->item);
    lock_give(&o->lock_);
    return r != -EAGAIN ? bide__leaf_finish(cx, h, r) : bide_frame_suspend(cx, h);
}

static enum bide_answer recv_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct recv *f = (struct recv *)(void *)h;
    bide_oneshot *o = f->oneshot;

    (void)cx;
    lock_take(&o->lock_);
    if (f->w.state == WAITER_QUEUED)
        waiters_remove(&o->waiting_, &f->w);
    bool completed = f->w.state == WAITER_DONE;
    lock_give(&o->lock_);
    return completed ? BIDE_COMPLETED : BIDE_CANCELLED;
}

BIDE__LEAF(int, bide_oneshot_recv, struct recv, recv_poll, recv_cancel, (bide_oneshot *, oneshot),
           (void *, item));
