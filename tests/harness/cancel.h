/*
 * cancel.h: cancels a scenario everywhere.
 *
 * A scenario is a function `async int f(void *state)`, given by its descriptor. It runs on the
 * current runtime again and again, with a request to cancel at its 1st, 2nd, ... suspension, until
 * it ends before that suspension comes. Then all this is repeated with each request made not at the
 * suspension but at the wake after it, when what the scenario waited for has already happened.
 *
 *   static void before(void *state);                              prepares, may be NULL
 *   static void after(void *state, const struct cancel_run *run); checks that nothing was lost
 *
 *   unsigned n = cancel_everywhere(&bide__desc_f, &state, before, after);
 *
 * cancel_everywhere returns the number of suspensions of an undisturbed run. `after` is also called
 * after the undisturbed runs, with `requested` false. Tasks that a scenario makes must end with it.
 *
 *   unsigned n = starve_everywhere(&bide__desc_f, &state, before, after);
 *
 * runs it with no memory for its frames but a room, which is a little larger each time, until it
 * has enough. So each of its calls once finds no memory. Returns how often that was so.
 */
#ifndef BIDE_TESTS_CANCEL_H
#define BIDE_TESTS_CANCEL_H

#include <bide/abi.h>
#include <bide/core.h>

#include <errno.h>

#include "check.h"

struct cancel_run {
    unsigned at;      /* the suspension at which it is cancelled; 0: none */
    bool at_wake;     /* or rather at the wake after it */
    bool requested;   /* the request was made */
    size_t room_size; /* it has no more memory than this; 0: as it needs */
    int error;        /* why it was unwound; 0: it returned */
    int result;       /* if it returned */
    unsigned suspensions;

    const struct bide_fn *fn;
    void *state;
    struct bide_chain chain;
    _Alignas(16) char room[4096];
};

struct cancel__frame {
    struct bide_frame h;
    struct cancel_run *run;
};

/* At least so many suspensions; on several workers fewer, if other tasks were done before. */
static inline unsigned cancel_least(unsigned n)
{
    return check_has_workers() ? 0 : n;
}

/* This leaf drives the scenario's chain, so it sees each suspension. */
static enum bide_poll cancel__poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct cancel__frame *f = (struct cancel__frame *)(void *)h;
    if (h->state == 0) {
        f->run = *(struct cancel_run **)bide__args(cx, h);
        h->state = 1;
        struct cancel_run *run = f->run;
        size_t size = run->room_size > 0 ? run->room_size : sizeof run->room;
        bide_chain_init(&run->chain, run->room, size, &run->result);
        run->chain.branch = cx->chain->branch;
        void **args = bide_chain_begin(&run->chain, run->fn);
        CHECK(args != NULL && run->fn->args_size == sizeof(void *));
        *args = run->state;
    }
    struct cancel_run *run = f->run;
    const struct bide_memory *memory = cx->turn->memory;
    struct bide_cx sub = {
        .chain = &run->chain, .waker = cx->waker, .turn = cx->turn, .depth = cx->depth + 1};
    bool now = run->at_wake && run->suspensions == run->at;
    for (;;) {
        if (now && run->at > 0 && !run->requested) {
            run->requested = true;
            bide_chain_cancel(&run->chain, -ECANCELED, false);
        }
        if (run->room_size > 0)
            cx->turn->memory = NULL;
        enum bide_poll poll = bide_chain_poll(&sub);
        cx->turn->memory = memory;
        if (poll == BIDE_READY)
            break;
        if (!run->requested)
            run->suspensions++;
        now = !run->at_wake && run->suspensions == run->at;
        if (!now || run->requested)
            return bide_frame_suspend(cx, h);
    }
    run->error = bide_chain_error(&run->chain);
    return bide_frame_finish(cx, h);
}

/* Nobody cancels the leaf itself. */
static enum bide_answer cancel__answer(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_WAIT;
}

static inline void cancel__run(struct cancel_run *run)
{
    static uint32_t need = 512;
    static const struct bide_fn_info info = {.name = "cancel", .file = "cancel.h", .need = &need};
    static const struct bide_fn fn = {.poll = cancel__poll,
                                      .cancel = cancel__answer,
                                      .info = &info,
                                      .frame_size = sizeof(struct cancel__frame),
                                      .args_size = sizeof(void *),
                                      .frame_align_log2 = 3,
                                      .args_align_log2 = 3,
                                      .version = BIDE_FN_VERSION};
    bide__block_on(&fn, &run, NULL);
}

static inline unsigned cancel_everywhere(const struct bide_fn *fn, void *state,
                                         void (*before)(void *),
                                         void (*after)(void *, const struct cancel_run *))
{
    unsigned suspensions = 0;
    for (int at_wake = 0; at_wake < 2; at_wake++) {
        bool requested = true;
        for (unsigned at = 1; requested; at++) {
            struct cancel_run run = {.at = at, .at_wake = at_wake, .fn = fn, .state = state};
            if (before != NULL)
                before(state);
            cancel__run(&run);
            after(state, &run);
            requested = run.requested;
            suspensions = run.suspensions;
        }
    }
    return suspensions;
}

static inline unsigned starve_everywhere(const struct bide_fn *fn, void *state,
                                         void (*before)(void *),
                                         void (*after)(void *, const struct cancel_run *))
{
    unsigned failures = 0;
    int error = -ENOMEM;
    for (size_t size = fn->frame_size + 32; error != 0; size += 16) {
        struct cancel_run run = {.room_size = size, .fn = fn, .state = state};
        CHECK(size <= sizeof run.room);
        before(state);
        cancel__run(&run);
        error = run.error;
        CHECK_ERR(error, error != 0 ? -ENOMEM : 0);
        failures += error != 0;
        after(state, &run);
    }
    return failures;
}

#endif
