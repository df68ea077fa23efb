/*
 * byhand.h: for models: a leaf that is polled by hand on the thread of the model, and cancelled.
 * Its waker counts.
 */
#ifndef BIDE_TESTS_EXPLORE_BYHAND_H
#define BIDE_TESTS_EXPLORE_BYHAND_H

#include "tools/explore/explore.h"

#include <bide/core.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

struct byhand {
    struct bide_wakeable wake;
    struct bide_chain chain;
    int result;
    _Atomic int wakes, clones;
    _Alignas(16) char room[512];
};

static inline struct byhand *byhand_of(struct bide_wakeable *w)
{
    return (struct byhand *)(void *)w;
}

static inline void byhand_clone(struct bide_wakeable *w)
{
    byhand_of(w)->clones++;
}

static inline void byhand_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    (void)branch;
    byhand_of(w)->wakes++;
}

static inline void byhand_drop(struct bide_wakeable *w)
{
    byhand_of(w)->clones--;
}

static inline void byhand_wake(struct bide_wakeable *w, unsigned branch)
{
    byhand_wake_by_ref(w, branch);
    byhand_drop(w);
}

static inline void byhand_begin(struct byhand *h, const struct bide_fn *fn, const void *args)
{
    static const struct bide_waker_vtable vtable = {byhand_clone, byhand_wake, byhand_wake_by_ref,
                                                    byhand_drop};
    h->wake.vtable = &vtable;
    bide_chain_init(&h->chain, h->room, sizeof h->room, &h->result);
    memcpy(bide_chain_begin(&h->chain, fn), args, fn->args_size);
}

/* True: it has ended. */
static inline bool byhand_poll(struct byhand *h)
{
    struct bide_turn turn = {.woken = ~0u, .budget = 128};
    struct bide_cx cx = {.chain = &h->chain, .waker = bide_waker_make(&h->wake, 0), .turn = &turn};
    return bide_chain_poll(&cx) == BIDE_READY;
}

/* Asks it to cancel. True: it has a result all the same. */
static inline bool byhand_cancel(struct byhand *h)
{
    bide_chain_cancel(&h->chain, -ECANCELED, false);
    explore_check(byhand_poll(h));
    return bide_chain_error(&h->chain) == 0;
}

#endif
