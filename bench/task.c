/*
 * bench/task.c: what tasks and timers cost on the current-thread runtime. Frames are written by
 * hand in the shape of generated code.
 *
 *   task [OPERATIONS]   prints a line for each workload: ns of process CPU time an operation; the
 *                       best of five rounds, and bytes for the parked task
 *
 * Workloads: spawn, run, join and free one task after another; spawn 1,000 and join 1,000; 1,000
 * tasks that yield in turn; a sleep that is begun and cancelled; 1,000,000 sleeps of 1 to 1,000 ms
 * in virtual time; block_on of a call that is ready; a call on the blocking pool (wall time).
 */
#define _GNU_SOURCE
#define bide_async /* bide_sleep is called here as a plain function */
#include <bide/abi.h>
#include <bide/runtime.h>
#include <bide/task.h>
#include <bide/testing.h>
#include <bide/time.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum bide_poll bide__start_bide_yield(struct bide_cx *cx, struct bide_frame *parent, void *result);
extern const struct bide_fn bide__desc_bide_yield;

static long operations;

static double clock_of(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

#define FN(name_, result_size_, callee_)                                          \
    static uint32_t name_##_need;                                                 \
    static const struct bide_callee name_##_callees[] = {{&callee_, 0}};          \
    static const struct bide_fn_info name_##_info = {.name = #name_,              \
                                                     .file = "task.c",            \
                                                     .callees = name_##_callees,  \
                                                     .callee_count = 1,           \
                                                     .need = &name_##_need};      \
    static enum bide_poll name_##_poll(struct bide_cx *cx, struct bide_frame *h); \
    static const struct bide_fn name_ = {.poll = name_##_poll,                    \
                                         .info = &name_##_info,                   \
                                         .frame_size = sizeof(struct name_),      \
                                         .result_size = (result_size_),           \
                                         .frame_align_log2 = 3,                   \
                                         .flags = BIDE_FN_AWAITS,                 \
                                         .version = BIDE_FN_VERSION}

/* ---- async int trivial(void) { return 1; } ---- */

struct trivial {
    struct bide_frame h;
};
FN(trivial, sizeof(int), bide__desc_bide_yield);

static enum bide_poll trivial_poll(struct bide_cx *cx, struct bide_frame *h)
{
    *(int *)bide_frame_result(cx, h) = 1;
    return bide_frame_finish(cx, h);
}

/* ---- one after another ---- */

struct one_by_one {
    struct bide_frame h;
    long i;
    void *task;
    int out, r;
};
FN(one_by_one, 0, bide__desc_bide_task_join);

static enum bide_poll one_by_one_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct one_by_one *f = (struct one_by_one *)(void *)h;
    if (h->state == 1)
        goto resume;
    for (f->i = 0; f->i < operations; f->i++) {
        f->task = bide__spawn(&trivial, NULL);
        if (bide__start_bide_task_join(cx, h, &f->r, &f->task, &f->out) == BIDE_PENDING) {
            h->state = 1;
            return BIDE_PENDING;
        }
resume:
        if (f->r != 0 || f->out != 1)
            abort();
    }
    return bide_frame_finish(cx, h);
}

/* ---- a thousand at a time ---- */

static void *tasks[1000];
static const struct bide_fn *batch_of;

struct batches {
    struct bide_frame h;
    long i, k;
    int out, r;
};
FN(batches, 0, bide__desc_bide_task_join);

static enum bide_poll batches_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct batches *f = (struct batches *)(void *)h;
    if (h->state == 1)
        goto resume;
    for (f->i = 0; f->i < operations; f->i += 1000) {
        for (int k = 0; k < 1000; k++)
            tasks[k] = bide__spawn(batch_of, NULL);
        for (f->k = 0; f->k < 1000; f->k++) {
            if (bide__start_bide_task_join(cx, h, &f->r, &tasks[f->k], &f->out) == BIDE_PENDING) {
                h->state = 1;
                return BIDE_PENDING;
            }
resume:
            if (f->r != 0)
                abort();
        }
    }
    return bide_frame_finish(cx, h);
}

/* ---- async int yields(void): operations / 1000 times ---- */

struct yields {
    struct bide_frame h;
    long i;
};
FN(yields, sizeof(int), bide__desc_bide_yield);

static enum bide_poll yields_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct yields *f = (struct yields *)(void *)h;
    long i = h->state == 1 ? f->i + 1 : 0;
    if (i < operations / 1000) {
        f->i = i;
        h->state = 1;
        return bide__start_bide_yield(cx, h, NULL);
    }
    *(int *)bide_frame_result(cx, h) = 1;
    return bide_frame_finish(cx, h);
}

/* ---- sleeps ---- */

static uint32_t seed = 1;

static bide_duration any_duration(void)
{
    seed = seed * 747796405u + 2891336453u;
    return BIDE_MS(1 + (seed >> 8) % 1000);
}

struct sleeps {
    struct bide_frame h;
};
FN(sleeps, 0, bide__desc_bide_sleep);

static enum bide_poll sleeps_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 1)
        return bide_frame_finish(cx, h);
    h->state = 1;
    return bide__start_bide_sleep(cx, h, NULL, any_duration());
}

/* Cancels sleeps: the leaf alone, without the executor. */
struct cancels {
    struct bide_frame h;
};
FN(cancels, 0, bide__desc_bide_sleep);

static enum bide_poll cancels_poll(struct bide_cx *cx, struct bide_frame *h)
{
    for (long i = 0; i < operations; i++) {
        if (bide__start_bide_sleep(cx, h, NULL, BIDE_S(1)) != BIDE_PENDING)
            abort();
        struct bide_frame *leaf = cx->chain->leaf;
        if (leaf->fn->cancel(cx, leaf) != BIDE_CANCELLED)
            abort();
        bide_frame_finish(cx, leaf);
        cx->chain->leaf = NULL;
    }
    return bide_frame_finish(cx, h);
}

/* ---- the blocking pool ---- */

struct blocks {
    struct bide_frame h;
    struct bide_job job;
    long i;
};
FN(blocks, 0, bide__desc_bide_blocking);

static void no_work(struct bide_job *job)
{
    (void)job;
}

static enum bide_poll blocks_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct blocks *f = (struct blocks *)(void *)h;
    f->i = h->state == 1 ? f->i + 1 : 0;
    if (f->i == operations / 1000)
        return bide_frame_finish(cx, h);
    h->state = 1;
    f->job.run = no_work;
    return bide__start_bide_blocking(cx, h, NULL, &f->job);
}

/* ---- measuring ---- */

static void run_fn(const struct bide_fn *fn)
{
    bide__block_on(fn, NULL, NULL);
}

static void block_on_ready(const struct bide_fn *fn)
{
    int out;
    for (long i = 0; i < operations; i++)
        bide__block_on(fn, NULL, &out);
}

static void in_batches(const struct bide_fn *fn)
{
    batch_of = fn;
    run_fn(&batches);
}

static void thousand(const struct bide_fn *fn)
{
    int out;
    for (int k = 0; k < 1000; k++)
        tasks[k] = bide__spawn(fn, NULL);
    for (int k = 0; k < 1000; k++) {
        while (!bide__task_finished(tasks[k]))
            bide__block_on(&trivial, NULL, &out);
        bide__task_release(tasks[k]);
    }
}

/* The resident memory of a parked task, in bytes. */
static double resident(const struct bide_fn *fn)
{
    enum { TASKS = 200000 };
    long pages[2] = {0, 0}, all;
    bide_yield();
    for (int after = 0; after < 2; after++) {
        FILE *f = fopen("/proc/self/statm", "r");
        if (f == NULL || fscanf(f, "%ld %ld", &all, &pages[after]) != 2)
            return 0;
        fclose(f);
        for (int k = 0; k < TASKS && !after; k++)
            bide__task_release(bide__spawn(fn, NULL));
        bide_yield();
    }
    return (double)(pages[1] - pages[0]) * (double)sysconf(_SC_PAGESIZE) / TASKS;
}

/* Spawns all at once and then runs all of them. */
static void million(const struct bide_fn *fn)
{
    for (long k = 0; k < operations; k++)
        bide__task_release(bide__spawn(fn, NULL));
    bide_sleep(BIDE_MS(1001));
}

static void measure(const char *name, void (*run)(const struct bide_fn *), const struct bide_fn *fn,
                    long n, clockid_t clock)
{
    double best = 0;
    for (int round = 0; round < 5; round++) {
        double start = clock_of(clock);
        run(fn);
        double ns = (clock_of(clock) - start) / (double)n;
        if (round == 0 || ns < best)
            best = ns;
    }
    printf("%-36s %9.2f ns\n", name, best);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    clockid_t cpu = CLOCK_PROCESS_CPUTIME_ID;

    operations = argc > 1 ? atol(argv[1]) : 1000000;
    double bytes = resident(&sleeps);
    measure("spawn, run, join, free", run_fn, &one_by_one, operations, cpu);
    measure("spawn 1,000, join 1,000: each", in_batches, &trivial, operations, cpu);
    measure("yield, 1,000 tasks", thousand, &yields, operations, cpu);
    measure("block_on of a ready call", block_on_ready, &trivial, operations, cpu);
    measure("sleep begun and cancelled", run_fn, &cancels, operations, cpu);
    measure("blocking pool, there and back (wall)", run_fn, &blocks, operations / 1000,
            CLOCK_MONOTONIC);
    measure("sleeps of 1 to 1,000 ms, all run", million, &sleeps, operations, cpu);
    bide_test_time_virtual();
    measure("the same in virtual time", million, &sleeps, operations, cpu);
    printf("%-36s %9.1f bytes, measured\n", "task parked on a sleep", bytes);
    return 0;
}
