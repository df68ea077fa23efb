/*
 * tests/core/sim.h: a world for the tests of the core: one task at a time, virtual time, memory
 * that is counted and fails on demand, and hand-written leaves. Each test program includes it once.
 *
 * The task's waker counts its references. sim_end checks that no references are left, the chain is
 * empty, no timer is armed, no segment was lost and no branch id is still taken.
 */
#ifndef BIDE_TESTS_CORE_SIM_H
#define BIDE_TESTS_CORE_SIM_H

#include "check.h"

#include <bide/core.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

static int sim_segments;         /* in use */
static int sim_segments_made;    /* calls of segment_new that found memory */
static int sim_memory_calls;     /* calls of segment_new */
static int sim_fail_at = -1;     /* the call that finds no memory, counted from 0; -1: none */
static bool sim_fail_from_there; /* and all after it */
static size_t sim_segment_extra; /* bytes that every segment gets beyond its request */

static inline void *sim_segment_new(size_t *size)
{
    int call = sim_memory_calls++;
    if (sim_fail_at >= 0 && (call == sim_fail_at || (sim_fail_from_there && call > sim_fail_at)))
        return NULL;
    sim_segments++;
    sim_segments_made++;
    CHECK(*size >= sizeof(struct bide_segment));
    *size += sim_segment_extra;
    return malloc(*size);
}

static inline void sim_segment_free(void *segment, size_t size)
{
    CHECK_EQ(((struct bide_segment *)segment)->size, size);
    sim_segments--;
    free(segment);
}

static const struct bide_memory sim_memory = {sim_segment_new, sim_segment_free};

/* ---- the task ---- */

static struct sim_task {
    struct bide_wakeable w;
    int references;
    struct bide_chain chain;
    struct bide_turn turn;
    struct bide_cx cx;
    void *room;
    uint32_t budget; /* for each turn */
    bool ready;      /* woken since the last turn */
    int turns;
} sim;

static long sim_now;

static inline void sim_clone(struct bide_wakeable *w)
{
    (void)w;
    sim.references++;
}

static inline void sim_wake_by_ref(struct bide_wakeable *w, unsigned branch)
{
    atomic_fetch_or(&w->woken, (uint32_t)1 << branch);
    sim.ready = true;
}

static inline void sim_drop(struct bide_wakeable *w)
{
    (void)w;
    sim.references--;
}

static inline void sim_wake(struct bide_wakeable *w, unsigned branch)
{
    sim_wake_by_ref(w, branch);
    sim_drop(w);
}

static const struct bide_waker_vtable sim_vtable = {sim_clone, sim_wake, sim_wake_by_ref, sim_drop};

static inline bool sim_is_far(const void *p)
{
    intptr_t distance = (intptr_t)p - (intptr_t)&sim.chain;
    return p != NULL && (distance > INT32_MAX || distance < INT32_MIN);
}

/* Lowers the end of the chain's own memory. */
static inline void sim_end_room(char *end)
{
    if (sim.chain.flags & BIDE_CHAIN_FAR)
        sim.chain.place.far->end = end;
    else
        sim.chain.place.near.end = (int32_t)(end - (char *)&sim.chain);
}

/* Begins a task of fn; returns the block for its arguments. The room is a separate allocation, so
 * that AddressSanitizer notices a frame that exceeds it. */
static inline void *sim_begin_in(const struct bide_fn *fn, size_t room, void *result)
{
    memset(&sim, 0, sizeof(sim));
    sim.w.vtable = &sim_vtable;
    sim.room = malloc(room);
    if (sim_is_far((char *)sim.room + room) || sim_is_far(result)) {
        free(sim.room);
        room += BIDE_FAR_SIZE;
        sim.room = malloc(room);
    }
    sim.budget = 128;
    sim.turn.memory = &sim_memory;
    bide_chain_init(&sim.chain, sim.room, room, result);
    sim.cx = (struct bide_cx){
        .chain = &sim.chain, .waker = bide_waker_make(&sim.w, 0), .turn = &sim.turn};
    sim_now = 0;
    return bide_chain_begin(&sim.chain, fn);
}

static inline void *sim_begin(const struct bide_fn *fn, void *result)
{
    void *args = sim_begin_in(fn, bide_fn_room(fn), result);
    CHECK(args != NULL);
    return args;
}

/* One poll of the task, with what was woken since the last one. */
static inline enum bide_poll sim_turn_with(uint32_t woken)
{
    sim.ready = false;
    sim.turns++;
    sim.turn.woken = woken;
    sim.turn.budget = sim.budget;
    enum bide_poll poll = bide_chain_poll(&sim.cx);
    bide_turn_end(&sim.turn);
    if (poll == BIDE_PENDING) {
        CHECK(sim.chain.leaf != NULL);
        CHECK(sim.chain.flags & BIDE_CHAIN_LIVE);
        CHECK(!(sim.chain.flags & BIDE_CHAIN_RUN));
    }
    return poll;
}

static inline enum bide_poll sim_turn(void)
{
    return sim_turn_with(atomic_exchange(&sim.w.woken, 0));
}

/* ---- timers ---- */

struct sim_sleep {
    struct bide_frame h;
    long until;
    struct sim_sleep *next;
    bide_waker waker;
    bool armed;
};

static struct sim_sleep *sim_timers;
static int sim_sleep_polls;

static inline void sim_disarm(struct sim_sleep *s)
{
    for (struct sim_sleep **p = &sim_timers; *p != NULL; p = &(*p)->next)
        if (*p == s) {
            *p = s->next;
            break;
        }
    s->armed = false;
}

/* Moves the clock to the next timer and wakes all that are due. Returns false if there is none. */
static inline bool sim_advance(void)
{
    if (sim_timers == NULL)
        return false;
    long next = sim_timers->until;
    for (struct sim_sleep *s = sim_timers; s != NULL; s = s->next)
        if (s->until < next)
            next = s->until;
    if (next > sim_now)
        sim_now = next;
    for (struct sim_sleep **p = &sim_timers; *p != NULL;) {
        struct sim_sleep *s = *p;
        if (s->until <= sim_now) {
            s->armed = false;
            *p = s->next;
            bide_waker_wake_by_ref(s->waker);
        } else {
            p = &s->next;
        }
    }
    return true;
}

/* Runs the task to its end; fails the test if it waits for something that nobody will do. */
static inline void sim_run(void)
{
    while (sim_turn() == BIDE_PENDING)
        if (!sim.ready)
            CHECK(sim_advance());
}

/* To call when the task has ended: checks that nothing is left, and returns why it ended. */
static inline int sim_end(void)
{
    int error = bide_chain_error(&sim.chain);

    CHECK(sim_timers == NULL);
    CHECK_EQ(sim_segments, 0);
    CHECK_EQ(sim.references, 0);
    CHECK_EQ(sim.w.branches, 0);
    CHECK_EQ(sim.chain.shield, 0);
    CHECK_EQ(sim.chain.unwinding & ~1, 0);
    CHECK(!(sim.chain.flags & (BIDE_CHAIN_LIVE | BIDE_CHAIN_RUN)));
    CHECK(bide_chain_segment(&sim.chain) == NULL);
    CHECK_EQ(sim.chain.ids, 0);
    free(sim.room);
    sim.room = NULL;
    return error;
}

/* ---- leaf: async int sim_sleep(long d), which returns 0 ---- */

static inline enum bide_poll sim_sleep_on(struct bide_cx *cx, struct sim_sleep *s)
{
    sim_sleep_polls++;
    if (sim_now >= s->until && bide_budget_spend(cx)) {
        if (s->armed)
            sim_disarm(s);
        int *result = bide_frame_result(cx, &s->h);
        if (result != NULL)
            *result = 0;
        return bide_frame_finish(cx, &s->h);
    }
    s->waker = cx->waker;
    s->h.state = 1;
    if (sim_now < s->until && !s->armed) {
        s->armed = true;
        s->next = sim_timers;
        sim_timers = s;
    }
    return bide_frame_suspend(cx, &s->h);
}

static inline enum bide_poll sim_sleep_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct sim_sleep *s = (struct sim_sleep *)h;
    if (h->state == 0) {
        s->until = sim_now + *(long *)bide__args(cx, h);
        s->armed = false;
    }
    return sim_sleep_on(cx, s);
}

static inline enum bide_answer sim_sleep_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct sim_sleep *s = (struct sim_sleep *)h;
    (void)cx;
    CHECK_EQ(h->state, 1);
    if (sim_now >= s->until)
        return BIDE_COMPLETED;
    if (s->armed)
        sim_disarm(s);
    return BIDE_CANCELLED;
}

static const struct bide_fn_info sim_sleep_info = {.name = "sim_sleep", .file = "sim.h"};

static const struct bide_fn sim_sleep_fn = {.poll = sim_sleep_poll,
                                            .cancel = sim_sleep_cancel,
                                            .info = &sim_sleep_info,
                                            .frame_size = sizeof(struct sim_sleep),
                                            .args_size = sizeof(long),
                                            .result_size = sizeof(int),
                                            .frame_align_log2 = 3,
                                            .args_align_log2 = 3,
                                            .flags = BIDE_FN_RESULT_SIGNED,
                                            .version = BIDE_FN_VERSION};

static inline enum bide_poll sim_sleep_start(struct bide_cx *cx, struct bide_frame *parent,
                                             int *result, long d)
{
    struct sim_sleep *s = bide_frame_push(cx, sizeof(*s), &sim_sleep_fn, parent, result);
    if (s == NULL)
        return BIDE_PENDING;
    s->until = sim_now + d;
    s->armed = false;
    return sim_sleep_on(cx, s);
}

/* ---- leaf: async int sim_recv(struct sim_box *): receives from a one-slot mailbox ---- */

struct sim_recv;

struct sim_box {
    bool full;
    int value;
    struct sim_recv *waiter;
};

struct sim_recv {
    struct bide_frame h;
    struct sim_box *box;
    int value;
    bool filled;
    bide_waker waker;
};

static inline void sim_send(struct sim_box *box, int value)
{
    struct sim_recv *r = box->waiter;
    if (r == NULL) {
        box->full = true;
        box->value = value;
        return;
    }
    r->value = value;
    r->filled = true;
    box->waiter = NULL;
    bide_waker_wake(r->waker);
}

static inline enum bide_poll sim_recv_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct sim_recv *r = (struct sim_recv *)h;

    if (!r->filled && r->box->full) {
        r->filled = true;
        r->value = r->box->value;
        r->box->full = false;
    }
    if (r->filled) {
        if (r->box->waiter == r) {
            r->box->waiter = NULL;
            bide_waker_drop(r->waker);
        }
        *(int *)bide_frame_result(cx, h) = r->value;
        return bide_frame_finish(cx, h);
    }
    if (r->box->waiter == NULL) {
        r->waker = bide_waker_clone(cx->waker);
        r->box->waiter = r;
    }
    return bide_frame_suspend(cx, h);
}

static inline enum bide_answer sim_recv_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct sim_recv *r = (struct sim_recv *)h;
    (void)cx;
    if (r->filled)
        return BIDE_COMPLETED;
    r->box->waiter = NULL;
    bide_waker_drop(r->waker);
    return BIDE_CANCELLED;
}

static const struct bide_fn sim_recv_fn = {.poll = sim_recv_poll,
                                           .cancel = sim_recv_cancel,
                                           .frame_size = sizeof(struct sim_recv),
                                           .result_size = sizeof(int),
                                           .frame_align_log2 = 3,
                                           .flags = BIDE_FN_RESULT_SIGNED,
                                           .version = BIDE_FN_VERSION};

static inline enum bide_poll sim_recv_start(struct bide_cx *cx, struct bide_frame *parent,
                                            int *result, struct sim_box *box)
{
    struct sim_recv *r = bide_frame_push(cx, sizeof(*r), &sim_recv_fn, parent, result);
    if (r == NULL)
        return BIDE_PENDING;
    r->box = box;
    r->filled = false;
    return sim_recv_poll(cx, &r->h);
}

/* ---- leaf: async long sim_op(struct sim_op_state *): an operation that the kernel owns ---- */

struct sim_op_state {
    bool completed; /* it has happened */
    bool refused;   /* the kernel has given it back without doing it */
    long value;
    int asked; /* requests to cancel that reached the leaf */
    int polls;
    bide_waker waker;
};

struct sim_op {
    struct bide_frame h;
    struct sim_op_state *op;
};

static inline enum bide_poll sim_op_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct sim_op_state *op = ((struct sim_op *)h)->op;

    op->polls++;
    if (!op->completed) {
        op->waker = cx->waker;
        return bide_frame_suspend(cx, h);
    }
    long *result = bide_frame_result(cx, h);
    if (result != NULL)
        *result = op->value;
    return bide_frame_finish(cx, h);
}

static inline enum bide_answer sim_op_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct sim_op_state *op = ((struct sim_op *)h)->op;
    (void)cx;
    op->asked++;
    return op->completed ? BIDE_COMPLETED : op->refused ? BIDE_CANCELLED : BIDE_WAIT;
}

static const struct bide_fn sim_op_fn = {.poll = sim_op_poll,
                                         .cancel = sim_op_cancel,
                                         .frame_size = sizeof(struct sim_op),
                                         .result_size = sizeof(long),
                                         .frame_align_log2 = 3,
                                         .flags = BIDE_FN_RESULT_SIGNED,
                                         .version = BIDE_FN_VERSION};

static inline enum bide_poll sim_op_start(struct bide_cx *cx, struct bide_frame *parent,
                                          long *result, struct sim_op_state *op)
{
    struct sim_op *f = bide_frame_push(cx, sizeof(*f), &sim_op_fn, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    f->op = op;
    return sim_op_poll(cx, &f->h);
}

#endif
