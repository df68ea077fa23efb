/*
 * block_in_place.c: the leaf bide_block_in_place of bide/abi.h: a plain function that blocks is
 * called on the worker's own thread.
 */
#include "runtime/schedule/schedule.h"

#include "runtime/thread.h"

#include <bide/abi.h>

/* With one thread there is nobody who could take over: the other tasks wait for the call. */
void bide__block_in_place_begin(struct bide__worker *worker)
{
    (void)worker;
}

void bide__block_in_place_end(struct bide__worker *worker)
{
    (void)worker;
}

struct in_place {
    struct bide_frame h;
    struct bide_job *job;
};

static enum bide_poll in_place_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct in_place *f = (struct in_place *)(void *)h;
    struct bide__worker *worker = bide__thread.running;

    h->state = BIDE__BEGUN;
    if (bide__will_ask(cx->chain)) /* then the function is not called */
        return bide_frame_suspend(cx, h);
    bide__block_in_place_begin(worker);
    f->job->run(f->job);
    bide__block_in_place_end(worker);
    return bide_frame_finish(cx, h);
}

static enum bide_answer in_place_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(void, bide_block_in_place, struct in_place, BIDE__NOT_NOW, in_place_poll,
                 in_place_cancel, (struct bide_job *, job));
