/*
 * yield.c: bide_yield of bide/task.h.
 *
 * As a rule it has no frame: the awaiting function is suspended itself. At the root of a chain
 * there is none, and then the yield is a leaf like others.
 */
#include "lib/leaf.h"

#include "runtime/task/task.h"

#include <bide/task.h>

BIDE__LEAF_ARGS(bide_yield)

struct yield {
    struct bide_frame h;
};

static enum bide_poll yield_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state != 0)
        return bide_frame_finish(cx, h);
    h->state = BIDE__BEGUN;
    bide__task_again(cx);
    return bide_frame_suspend(cx, h);
}

static enum bide_answer yield_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

static __attribute__((noinline)) enum bide_poll start_with_frame(struct bide_cx *cx,
                                                                 struct bide_frame *parent,
                                                                 void *result)
{
    struct yield *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_yield, parent, result);
    return f != NULL ? yield_poll(cx, &f->h) : BIDE_PENDING;
}

enum bide_poll bide__start_bide_yield(struct bide_cx *cx, struct bide_frame *parent, void *result);

enum bide_poll bide__start_bide_yield(struct bide_cx *cx, struct bide_frame *parent, void *result)
{
    if (__builtin_expect(bide_frame_pause(cx, parent), 1)) {
        bide__task_again(cx);
        return BIDE_PENDING;
    }
    return start_with_frame(cx, parent, result);
}

BIDE__LEAF_BLOCKING(void, bide_yield)
BIDE__LEAF_REST(void, bide_yield, struct yield, bide_yield, yield_poll, yield_cancel);
