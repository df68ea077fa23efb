/*
 * hand.h: a leaf that a model's thread polls by hand, so that it can cancel it.
 */
#ifndef BIDE_TESTS_EXPLORE_HAND_H
#define BIDE_TESTS_EXPLORE_HAND_H

#include "tools/explore/explore.h"

#include <bide/core.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

extern const struct bide_fn bide__desc_bide__mutex_lock, bide__desc_bide_rwlock_read,
    bide__desc_bide__rwlock_write, bide__desc_bide_semaphore_acquire, bide__desc_bide_notify_wait,
    bide__desc_bide__once_begin, bide__desc_bide_barrier_wait, bide__desc_bide_condition_wait;

struct hand {
    struct bide_wakeable wake;
    struct bide_chain chain;
    int result;
    _Atomic int references, wakes;
    _Alignas(16) char room[512];
};

static inline void hand_clone(struct bide_wakeable *w)
{
    ((struct hand *)(void *)w)->references++;
}

static inline void hand_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    struct hand *h = (struct hand *)(void *)w;
    (void)branch;
    h->wakes++;
    explore_wake(h);
}

static inline void hand_drop(struct bide_wakeable *w)
{
    struct hand *h = (struct hand *)(void *)w;
    h->references--;
    explore_wake((void *)&h->references);
}

static inline void hand_wake(struct bide_wakeable *w, unsigned branch)
{
    hand_wake_by_ref(w, branch);
    hand_drop(w);
}

static inline void hand_begin(struct hand *h, const struct bide_fn *fn, const void *args)
{
    static const struct bide_waker_vtable vtable = {hand_clone, hand_wake, hand_wake_by_ref,
                                                    hand_drop};
    h->wake.vtable = &vtable;
    bide_chain_init(&h->chain, h->room, sizeof h->room, &h->result);
    void *to = bide_chain_begin(&h->chain, fn);
    memcpy(to, args, fn->args_size);
}

/* True if it has ended. */
static inline bool hand_poll(struct hand *h)
{
    struct bide_turn turn = {.woken = ~0u, .budget = 128};
    struct bide_cx cx = {.chain = &h->chain, .waker = bide_waker_make(&h->wake, 0), .turn = &turn};
    return bide_chain_poll(&cx) == BIDE_READY;
}

/* Polls it to its end. */
static inline void hand_finish(struct hand *h)
{
    while (!hand_poll(h))
        explore_wait(h, false);
}

/* Asks it to cancel and polls it to its end. False: it was cancelled, and not done. A wake that is
 * under way is waited for. */
static inline bool hand_cancel(struct hand *h)
{
    bide_chain_cancel(&h->chain, -ECANCELED, false);
    hand_finish(h);
    while (h->references > 0)
        explore_wait((void *)&h->references, false);
    return bide_chain_error(&h->chain) == 0;
}

#endif
