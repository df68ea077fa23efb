/*
 * run.c: the leaf that waits while a page is parsed on the pool.
 *
 * The job is in its frame. A request to cancel takes it back, or tells the thread, which looks at
 * `cancelled` at each tag; the frame stays until the thread has ended.
 */
#include "lib/leaf.h"

#include "internal.h"

#include <stdatomic.h>
#include <stddef.h>

enum { NEW, HELD, SUBMITTED, ENDED };

struct run {
    struct bide_frame h;
    struct bide__html_work *work;
    struct bide_job job;
    bide_waker waker; /* the one in the job */
};

static void run_job(struct bide_job *job)
{
    struct run *f = (struct run *)(void *)((char *)job - offsetof(struct run, job));
    bide__html_do(f->work);
}

static bool begin(struct bide_cx *cx, struct run *f)
{
    struct bide_runtime *rt = bide__runtime_running();
    if (bide__will_ask(cx->chain)) {
        f->h.state = HELD;
        return false;
    }
    f->job = (struct bide_job){.run = run_job};
    f->waker = cx->waker;
    f->h.state = SUBMITTED;
    if (rt != NULL && bide__job_submit(rt, &f->job, cx->waker))
        return false;
    run_job(&f->job);
    f->h.state = ENDED;
    return true;
}

static enum bide_poll run_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct run *f = (struct run *)(void *)h;
    bool ended = h->state == NEW || h->state == HELD
                     ? begin(cx, f)
                     : h->state == ENDED || bide__job_poll(&f->job, &f->waker, cx->waker);
    return ended ? bide__leaf_finish(cx, h, (int)f->work->result) : bide_frame_suspend(cx, h);
}

static enum bide_answer run_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct run *f = (struct run *)(void *)h;
    (void)cx;
    if (h->state == HELD)
        return BIDE_CANCELLED;
    if (bide__job_has_run(&f->job))
        return f->work->result == -ECANCELED ? BIDE_CANCELLED : BIDE_COMPLETED;
    if (bide__job_take_back(&f->job))
        return BIDE_CANCELLED;
    atomic_store_explicit(&f->work->cancelled, true, memory_order_relaxed);
    return BIDE_WAIT;
}

BIDE__LEAF(int, bide__html_run, struct run, run_poll, run_cancel, (struct bide__html_work *, work));
