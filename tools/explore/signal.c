/*
 * signal.c: see signal.h.
 */
#define bide_async

#include "runtime/entry.h"
#include "tools/explore/signal.h"

#include <bide/abi.h>

struct wait {
    struct bide_frame h;
    struct signal *signal;
};

void signal_set(struct signal *s)
{
    pthread_mutex_lock(&s->mutex);
    bide_waker waker = s->waker;
    s->is_set = true;
    s->waker.bits = 0;
    pthread_mutex_unlock(&s->mutex);
    if (waker.bits != 0)
        bide_waker_wake(waker);
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct signal *s = ((struct wait *)(void *)h)->signal;

    h->state = BIDE__BEGUN;
    pthread_mutex_lock(&s->mutex);
    bool is_set = s->is_set;
    bide_waker before = s->waker;
    s->waker.bits = 0;
    if (!is_set)
        s->waker = bide_waker_clone(cx->waker);
    pthread_mutex_unlock(&s->mutex);
    if (before.bits != 0)
        bide_waker_drop(before);
    return is_set ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct signal *s = ((struct wait *)(void *)h)->signal;
    (void)cx;
    pthread_mutex_lock(&s->mutex);
    bide_waker before = s->waker;
    s->waker.bits = 0;
    pthread_mutex_unlock(&s->mutex);
    if (before.bits != 0)
        bide_waker_drop(before);
    return BIDE_CANCELLED;
}

BIDE__LEAF(int, signal_wait, struct wait, wait_poll, wait_cancel, (struct signal *, signal));
