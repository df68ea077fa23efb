/*
 * budget.c: bide_budget_consume and bide_budget_has_left of bide/task.h.
 */
#include "lib/leaf.h"

#include "runtime/thread.h"

#include <bide/task.h>

struct consume {
    struct bide_frame h;
};

/* In the normal case there is budget left, and no frame is needed. */
static bool consume_now(struct bide_cx *cx, void *result)
{
    (void)result;
    if (cx->turn->budget == 0)
        return false;
    cx->turn->budget--;
    return true;
}

static enum bide_poll consume_poll(struct bide_cx *cx, struct bide_frame *h)
{
    h->state = BIDE__BEGUN;
    return bide_budget_spend(cx) ? bide_frame_finish(cx, h) : bide_frame_suspend(cx, h);
}

static enum bide_answer consume_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

BIDE__LEAF_NOW(void, bide_budget_consume, struct consume, consume_now, consume_poll,
               consume_cancel);

bool bide_budget_has_left(void)
{
    const struct bide__worker *worker = bide__thread.running;
    if (worker == NULL)
        return true;
    return (worker->copy != NULL ? worker->copy : &worker->turn)->budget > 0;
}
