/*
 * turn.c: the leaf bide__turn of leaf.h.
 */
#include "runtime/leaf.h"

struct turn {
    struct bide_frame h;
};

/* In the normal case there is budget left, and no frame is needed. */
static bool turn_now(struct bide_cx *cx, void *result)
{
    (void)result;
    if (cx->turn->budget == 0)
        return false;
    cx->turn->budget--;
    return true;
}

static enum bide_poll turn_poll(struct bide_cx *cx, struct bide_frame *h)
{
    h->state = BIDE__BEGUN;
    return bide_budget_spend(cx) ? bide_frame_finish(cx, h) : bide_frame_suspend(cx, h);
}

static enum bide_answer turn_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(void, bide__turn, struct turn, turn_now, turn_poll, turn_cancel);
