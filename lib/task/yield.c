/*
 * yield.c: bide_yield of bide/task.h.
 */
#include "lib/leaf.h"

#include <bide/task.h>

struct yield {
    struct bide_frame h;
};

static enum bide_poll yield_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state != 0)
        return bide_frame_finish(cx, h);
    h->state = BIDE__BEGUN;
    bide_waker_wake_by_ref(cx->waker);
    return bide_frame_suspend(cx, h);
}

static enum bide_answer yield_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

BIDE__LEAF(void, bide_yield, struct yield, yield_poll, yield_cancel);
