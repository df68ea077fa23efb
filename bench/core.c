/*
 * bench/core.c: what the core costs, without compiler and runtime: frames are written by hand in
 * the shape of generated code, the executor is a loop.
 *
 *   core [OPERATIONS]   prints a line for each workload: ns an operation; the best of five rounds
 *
 * Workloads: a task that yields, with 1 and with 1,000 functions awaiting one another below it; an
 * await of a function that is ready at once, of one with a leaf that is ready, of a join and of a
 * select of two.
 */
#define _GNU_SOURCE
#include <bide/core.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- executor: one task, woken by a flag ---- */

static bool woken;

static void keep(struct bide_wakeable *task)
{
    (void)task;
}

static void wake(struct bide_wakeable *task, unsigned branch)
{
    /* One thread: no locked instruction. */
    uint32_t bits = atomic_load_explicit(&task->woken, memory_order_relaxed);
    atomic_store_explicit(&task->woken, bits | (uint32_t)1 << branch, memory_order_relaxed);
    woken = true;
}

static const struct bide_waker_vtable vtable = {keep, wake, wake, keep};
static struct bide_wakeable task = {.vtable = &vtable};

static void *segment_new(size_t *size)
{
    return malloc(*size);
}

static void segment_free(void *segment, size_t size)
{
    (void)size;
    free(segment);
}

static const struct bide_memory memory = {segment_new, segment_free};

/* ---- leaf: yield ---- */

struct yield {
    struct bide_frame h;
};

static enum bide_poll yield_poll(struct bide_cx *cx, struct bide_frame *f)
{
    return bide_frame_finish(cx, f);
}

static enum bide_answer yield_cancel(struct bide_cx *cx, struct bide_frame *f)
{
    (void)cx, (void)f;
    return BIDE_CANCELLED;
}

static const struct bide_fn yield_fn = {.poll = yield_poll,
                                        .cancel = yield_cancel,
                                        .frame_size = sizeof(struct yield),
                                        .frame_align_log2 = 3,
                                        .version = BIDE_FN_VERSION};

static inline enum bide_poll start_yield(struct bide_cx *cx, struct bide_frame *parent)
{
    struct yield *f = bide_frame_push(cx, sizeof(*f), &yield_fn, parent, NULL);
    if (f == NULL)
        return BIDE_PENDING;
    bide_waker_wake_by_ref(cx->waker);
    return bide_frame_suspend(cx, &f->h);
}

/* ---- async long yields(long depth, long n)
 * {
 *     if (depth > 0)
 *         return await yields(depth - 1, n);
 *     long i;
 *     for (i = 0; i < n; i++)
 *         await yield();
 *     return i;
 * }
 */

struct yields_args {
    long depth, n;
};

struct yields {
    struct bide_frame h;
    long depth, n, i, slot;
};

static enum bide_poll yields_poll(struct bide_cx *cx, struct bide_frame *h);

static const struct bide_fn yields_fn = {.poll = yields_poll,
                                         .frame_size = sizeof(struct yields),
                                         .args_size = sizeof(struct yields_args),
                                         .result_size = sizeof(long),
                                         .frame_align_log2 = 3,
                                         .args_align_log2 = 3,
                                         .flags = BIDE_FN_RESULT_SIGNED,
                                         .version = BIDE_FN_VERSION};

static enum bide_poll yields_run(struct bide_cx *cx, struct yields *f, long depth, long n);

static enum bide_poll start_yields(struct bide_cx *cx, struct bide_frame *parent, long *result,
                                   long depth, long n)
{
    if (bide__deep(cx)) {
        struct yields_args args = {depth, n};
        return bide__later(cx, &yields_fn, parent, result, &args);
    }
    struct yields *f = bide_frame_push(cx, sizeof(*f), &yields_fn, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    cx->depth++;
    enum bide_poll poll = yields_run(cx, f, depth, n);
    cx->depth--;
    return poll;
}

static inline __attribute__((always_inline)) enum bide_poll yields_body(struct bide_cx *cx,
                                                                        struct yields *f,
                                                                        long depth, long n,
                                                                        uint32_t state)
{
    long i, bide_result;

    switch (state) {
    case 0: break;
    case 1: goto resume_1;
    case 2:
        n = f->n;
        i = f->i;
        goto resume_2;
    }
    if (depth > 0) {
        if (start_yields(cx, &f->h, &f->slot, depth - 1, n) == BIDE_PENDING) {
            f->h.state = 1;
            return BIDE_PENDING;
        }
resume_1:
        bide_result = f->slot;
        goto leave;
    }
    for (i = 0; i < n; i++) {
        if (start_yield(cx, &f->h) == BIDE_PENDING) {
            f->n = n;
            f->i = i;
            f->h.state = 2;
            return BIDE_PENDING;
        }
resume_2:;
    }
    bide_result = i;
leave:
    *(long *)bide_frame_result(cx, &f->h) = bide_result;
    return bide_frame_finish(cx, &f->h);
}

static enum bide_poll yields_run(struct bide_cx *cx, struct yields *f, long depth, long n)
{
    return yields_body(cx, f, depth, n, 0);
}

static enum bide_poll yields_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct yields *f = (struct yields *)h;
    if (h->state != 0)
        return yields_body(cx, f, 0, 0, h->state);
    struct yields_args args = *(struct yields_args *)bide__args(cx, h);
    return yields_run(cx, f, args.depth, args.n);
}

/* ---- async long ready(long x) { return x + 1; } ---- */

struct ready {
    struct bide_frame h;
};

static enum bide_poll ready_poll(struct bide_cx *cx, struct bide_frame *h);

static const struct bide_fn ready_fn = {.poll = ready_poll,
                                        .frame_size = sizeof(struct ready),
                                        .args_size = sizeof(long),
                                        .result_size = sizeof(long),
                                        .frame_align_log2 = 3,
                                        .args_align_log2 = 3,
                                        .flags = BIDE_FN_RESULT_SIGNED,
                                        .version = BIDE_FN_VERSION};

static enum bide_poll ready_run(struct bide_cx *cx, struct ready *f, long x)
{
    *(long *)bide_frame_result(cx, &f->h) = x + 1;
    return bide_frame_finish(cx, &f->h);
}

static enum bide_poll ready_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return ready_run(cx, (struct ready *)h, *(long *)bide__args(cx, h));
}

/* Not inlined, as if it were in another file. */
static __attribute__((noinline)) enum bide_poll start_ready(struct bide_cx *cx,
                                                            struct bide_frame *parent, long *result,
                                                            long x)
{
    if (bide__deep(cx))
        return bide__later(cx, &ready_fn, parent, result, &x);
    struct ready *f = bide_frame_push(cx, sizeof(*f), &ready_fn, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    cx->depth++;
    enum bide_poll poll = ready_run(cx, f, x);
    cx->depth--;
    return poll;
}

/* ---- async long awaits(long n) { long sum = 0; for (n) sum = await ready(sum); return sum; }
 * and the same with `await bide_join(a = ready(sum), b = ready(sum))`, and with select. ---- */

enum what { PLAIN, JOIN, SELECT };

struct awaits_args {
    long what, n;
};

struct awaits {
    struct bide_frame h;
    long slot_1, slot_2;
    struct bide_group_result both;
};

static enum bide_poll awaits_poll(struct bide_cx *cx, struct bide_frame *h);

static const struct bide_fn awaits_fn = {.poll = awaits_poll,
                                         .frame_size = sizeof(struct awaits),
                                         .args_size = sizeof(struct awaits_args),
                                         .result_size = sizeof(long),
                                         .frame_align_log2 = 3,
                                         .args_align_log2 = 3,
                                         .flags = BIDE_FN_RESULT_SIGNED,
                                         .version = BIDE_FN_VERSION};

static enum bide_poll both(struct bide_cx *cx, struct awaits *f, enum bide_group_kind kind, long x)
{
    static const struct bide_fn *const fns[] = {&ready_fn, &ready_fn};
    struct bide_cx sub;
    struct bide_group *group = bide__group_push(cx, kind, 2, fns, &f->h, &f->both);

    for (int i; (i = bide__group_next(group, cx, &sub)) >= 0;)
        switch (i) {
        case 0: bide__group_started(group, start_ready(&sub, NULL, &f->slot_1, x)); break;
        case 1: bide__group_started(group, start_ready(&sub, NULL, &f->slot_2, x)); break;
        }
    return bide__group_run(cx, group);
}

static enum bide_poll awaits_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct awaits *f = (struct awaits *)h;
    struct awaits_args args = *(struct awaits_args *)bide__args(cx, h);
    long sum = 0;

    for (long i = 0; i < args.n; i++) {
        enum bide_poll poll = BIDE_READY;
        switch (args.what) {
        case PLAIN: poll = start_ready(cx, h, &f->slot_1, sum); break;
        case JOIN: poll = both(cx, f, BIDE_JOIN, sum); break;
        case SELECT: poll = both(cx, f, BIDE_SELECT_BIASED, sum); break;
        }
        if (poll == BIDE_PENDING)
            abort();
        sum = f->slot_1;
    }
    *(long *)bide_frame_result(cx, h) = sum;
    return bide_frame_finish(cx, h);
}

/* ---- measuring ---- */

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double run(const struct bide_fn *fn, long first, long n)
{
    _Alignas(16) static char room[4096];
    struct bide_chain chain;
    long result = 0;

    bide_chain_init(&chain, room, sizeof(room), &result);
    struct yields_args *args = bide_chain_begin(&chain, fn);
    *args = (struct yields_args){first, n};
    struct bide_turn turn = {.memory = &memory, .budget = 128};
    struct bide_cx cx = {.chain = &chain, .waker = bide_waker_make(&task, 0), .turn = &turn};
    double start = 0;
    do {
        if (start == 0)
            start = now_ns();
        woken = false;
        turn.woken = atomic_load_explicit(&task.woken, memory_order_relaxed);
        atomic_store_explicit(&task.woken, 0, memory_order_relaxed);
        if (bide_chain_poll(&cx) == BIDE_READY)
            break;
        if (turn.spare != NULL)
            bide_turn_end(&turn);
    } while (woken);
    double end = now_ns();
    bide_turn_end(&turn);
    if (result != n)
        abort();
    return (end - start) / (double)n;
}

static void measure(const char *name, const struct bide_fn *fn, long first, long n)
{
    double best = 0;

    for (int round = 0; round < 5; round++) {
        double ns = run(fn, first, n);
        if (round == 0 || ns < best)
            best = ns;
    }
    printf("%-28s %7.2f ns\n", name, best);
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 5000000;

    measure("yield, depth 1", &yields_fn, 0, n);
    measure("yield, depth 1,000", &yields_fn, 999, n);
    measure("await of a ready function", &awaits_fn, PLAIN, n);
    measure("join of two that are ready", &awaits_fn, JOIN, n / 10);
    measure("select of two that are ready", &awaits_fn, SELECT, n / 10);
    return 0;
}
