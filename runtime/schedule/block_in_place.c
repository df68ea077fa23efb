/*
 * block_in_place.c: the leaf bide_block_in_place of bide/abi.h: a plain function that blocks is
 * called on the worker's own thread.
 *
 * On a multi_thread runtime the worker gives what waits for it to the others before the call, and
 * wakes one. What comes to it during the call (a task that the function wakes, a timer that was
 * armed on it) is the watchdog's, within some 4 ms. Tasks that are bound to the worker wait. No
 * thread takes the worker's place, so a runtime whose workers all are in such calls runs nothing:
 * who has many calls that block, and no need of this very thread, has the pool (bide_blocking).
 */
#include "runtime/schedule/multi.h"

#include "runtime/thread.h"

#include <bide/abi.h>

/* The tasks in its ring, after that in its slot. */
static void take_all(struct bide__peer *peer, struct bide__queue *all)
{
    struct bide__task *task;

    while ((task = bide__ring_pop(&peer->ring)) != NULL)
        bide__queue_push(all, task);
    task = atomic_exchange_explicit(&peer->lifo, NULL, memory_order_acq_rel);
    if (task != NULL)
        bide__queue_push(all, task);
}

/* With one thread there is nobody who could take over: the other tasks wait for the call. */
static void begin(struct bide__worker *worker)
{
    struct bide__queue given = {NULL, NULL};
    struct bide__peer *peer;

    if (!worker->runtime->multi)
        return;
    peer = bide__peer_of(worker);
    atomic_store_explicit(&peer->in_place, true, memory_order_relaxed);
    bide__quiet_begin(true);
    take_all(peer, &given);
    if (given.first != NULL)
        bide__inject_append(&peer->all->inject, &given);
    /* Also if it had nothing: nobody else may be there to wait in the driver. */
    bide__notify(peer->all);
    bide__quiet_end(true);
}

/* For the watchdog another poll begins. */
static void end(struct bide__worker *worker)
{
    struct bide__peer *peer;

    if (!worker->runtime->multi)
        return;
    peer = bide__peer_of(worker);
    uint32_t epoch = atomic_load_explicit(&peer->epoch, memory_order_relaxed);
    atomic_store_explicit(&peer->epoch, epoch + 1, memory_order_relaxed);
    atomic_store_explicit(&peer->in_place, false, memory_order_release);
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
    begin(worker);
    f->job->run(f->job);
    end(worker);
    return bide_frame_finish(cx, h);
}

static enum bide_answer in_place_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(void, bide_block_in_place, struct in_place, BIDE__NOT_NOW, in_place_poll,
                 in_place_cancel, (struct bide_job *, job));
