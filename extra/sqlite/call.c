/*
 * call.c: the future that waits for a call: a leaf in plain C. It begins the call at its first poll
 * and takes the result when there is one; in between, the call does not depend on its polls.
 */
#include "lib/leaf.h"

#include "internal.h"

struct call {
    struct bide_frame h;
    struct bide__sql_call *call;
};

enum { HELD = BIDE__BEGUN, BEGUN };

static enum bide_poll call_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct bide__sql_call *call = ((struct call *)(void *)h)->call;
    if (h->state != BEGUN) {
        h->state = HELD;
        if (bide__will_ask(cx->chain))
            return bide_frame_suspend(cx, h);
        h->state = BEGUN;
        bide__sql_begin(call, cx->waker);
    }
    if (!bide__sql_take(call, cx->waker))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, call->result);
}

static enum bide_answer call_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    return bide__sql_cancel(((struct call *)(void *)h)->call);
}

BIDE__LEAF(int, bide__sql_call_run, struct call, call_poll, call_cancel,
           (struct bide__sql_call *, call));
