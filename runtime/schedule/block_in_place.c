/*
 * block_in_place.c: the leaf bide_block_in_place of bide/abi.h: a plain function that blocks is
 * called on the worker's own thread.
 *
 * On a multi_thread runtime the worker gives what waits for it to the others before the call, and a
 * spare worker (spare.c) works in its place meanwhile. So as many tasks run as without the call,
 * also if there is only one worker. What comes to the worker during the call (a task that the
 * function wakes) is shared at once. Tasks that are bound to the worker wait, since they are bound
 * to its thread. With one thread, nobody can take over: the other tasks wait for the call.
 */
#include "runtime/schedule/multi.h"

#include "runtime/thread.h"

#include <bide/abi.h>

/* What a worker keeps of the time before the call. */
struct before {
    struct bide__peer *spare;
    bool lifo_off;
};

static struct before begin(struct bide__peer *peer)
{
    struct bide__workers *all = peer->all;
    struct before before = {.lifo_off = peer->lifo_off};

    peer->lifo_off = true;
    atomic_store_explicit(&peer->in_place, true, memory_order_relaxed);
    bide__quiet_begin(true);
    bool given = bide__give_all(peer);
    before.spare = bide__spare_take(peer);
    /* Also if it had nothing: nobody else may be there to wait in the driver. */
    if (given || before.spare == NULL || bide__driver_is_left(all))
        bide__notify(all);
    bide__quiet_end(true);
    return before;
}

/* For the watchdog another poll begins. */
static void end(struct bide__peer *peer, struct before before)
{
    uint32_t epoch = atomic_load_explicit(&peer->epoch, memory_order_relaxed);

    /* In a child of fork() a lock may be held for ever. */
    bide__refuse_forked(peer->all->runtime);
    if (before.spare != NULL)
        bide__spare_let_go(before.spare);
    peer->lifo_off = before.lifo_off;
    atomic_store_explicit(&peer->epoch, epoch + 1, memory_order_relaxed);
    peer->worker.polls_seen++; /* this is none */
    atomic_store_explicit(&peer->in_place, false, memory_order_release);
}

static void run_in_place(struct bide__peer *peer, struct bide_job *job)
{
    struct before before = begin(peer);
    job->run(job);
    end(peer, before);
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
    if (worker != NULL && worker->runtime->multi)
        run_in_place(bide__peer_of(worker), f->job);
    else
        f->job->run(f->job);
    return bide_frame_finish(cx, h);
}

static enum bide_answer in_place_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__job_forget(((struct in_place *)(void *)h)->job);
    return BIDE_CANCELLED;
}

BIDE__LEAF_ARGS(bide_block_in_place, (struct bide_job *, job))

enum bide_poll bide__start_bide_block_in_place(struct bide_cx *cx, struct bide_frame *parent,
                                               void *result, struct bide_job *job)
{
    struct in_place *f =
        bide_frame_push(cx, sizeof(*f), &bide__desc_bide_block_in_place, parent, result);

    if (f == NULL) {
        bide__job_forget(job);
        return BIDE_PENDING;
    }
    f->job = job;
    return in_place_poll(cx, &f->h);
}

BIDE__LEAF_REST(void, bide_block_in_place, struct in_place, NULL, in_place_poll, in_place_cancel,
                (struct bide_job *, job));
