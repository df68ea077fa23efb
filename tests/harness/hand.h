/*
 * hand.h: tasks that a test polls by hand, without a runtime.
 *
 *   struct hand h;
 *   hand_begin(&h, &bide__desc_bide_recv, &(struct { ... }){rx, &value});
 *   CHECK(!hand_poll(&h));     it has suspended
 *   ...                        something that should wake it
 *   CHECK_EQ(h.wakes, 1);
 *   CHECK(hand_poll(&h));      it is done
 *   CHECK_EQ(h.result, 0);
 *   hand_end(&h);              checks that it has no wakers left
 *
 * The last argument of hand_begin points to a struct of the function's arguments, in order.
 * hand_cancel asks the task to cancel, which the next poll delivers; then h.error is why the task
 * was unwound. A poll has a budget of `h.budget` operations (128 at first).
 *
 *   hand_calls_back(&h, use, object);   after hand_begin: its waker calls use(object) whenever it
 *                                       is cloned, woken or dropped; h.calls counts that
 */
#ifndef BIDE_TESTS_HAND_H
#define BIDE_TESTS_HAND_H

#include <bide/core.h>

#include <errno.h>
#include <string.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

#include "check.h"

struct hand {
    struct bide_wakeable wake;
    struct bide_chain chain;
    long result;
    int error;
    unsigned budget;
    bool done;
    _Atomic int wakes;
    _Atomic int references;
    void (*use)(void *object);
    void *object;
    int inside, calls;
    _Alignas(16) char room[2048];
};

static inline struct hand *hand_of(struct bide_wakeable *w)
{
    struct hand *h = (struct hand *)(void *)w;
    if (h->use != NULL) {
        if (h->inside++ == 0)
            h->use(h->object);
        h->inside--;
        h->calls++;
    }
    return h;
}

static inline void hand_clone(struct bide_wakeable *w)
{
    hand_of(w)->references++;
}

static inline void hand_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    struct hand *h = hand_of(w);
    w->woken |= 1u << branch;
    h->wakes++;
}

static inline void hand_drop(struct bide_wakeable *w)
{
    hand_of(w)->references--;
}

static inline void hand_wake(struct bide_wakeable *w, unsigned branch)
{
    struct hand *h = hand_of(w);
    w->woken |= 1u << branch;
    h->wakes++;
    h->references--;
}

static inline void hand_begin(struct hand *h, const struct bide_fn *fn, const void *args)
{
    static const struct bide_waker_vtable vtable = {hand_clone, hand_wake, hand_wake_by_ref,
                                                    hand_drop};
    memset(h, 0, sizeof *h);
    h->wake.vtable = &vtable;
    h->budget = 128;
    bide_chain_init(&h->chain, h->room, sizeof h->room, &h->result);
    void *to = bide_chain_begin(&h->chain, fn);
    CHECK(to != NULL);
    memcpy(to, args, fn->args_size);
}

static inline void hand_calls_back(struct hand *h, void (*use)(void *), void *object)
{
#if __has_include(<sys/single_threaded.h>)
    __libc_single_threaded = 0; /* else no lock would hold anybody up */
#endif
    h->use = use;
    h->object = object;
}

/* Polls h with the waker of another task. Returns true if h has ended. */
static inline bool hand_poll_as(struct hand *h, struct hand *other)
{
    struct bide_turn turn = {.woken = ~0u, .budget = h->budget};
    struct bide_cx cx = {
        .chain = &h->chain, .waker = bide_waker_make(&other->wake, 0), .turn = &turn};
    CHECK(!h->done);
    h->done = bide_chain_poll(&cx) == BIDE_READY;
    if (h->done) {
        h->error = bide_chain_error(&h->chain);
        /* Every result in these tests is an int, or a ssize_t with a small value. */
        h->result = (int)h->result;
    }
    return h->done;
}

static inline bool hand_poll(struct hand *h)
{
    return hand_poll_as(h, h);
}

static inline void hand_cancel(struct hand *h)
{
    bide_chain_cancel(&h->chain, -ECANCELED, false);
}

static inline void hand_end(struct hand *h)
{
    CHECK(h->done);
    CHECK_EQ(h->references, 0);
}

#endif
