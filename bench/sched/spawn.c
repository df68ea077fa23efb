/*
 * bench/sched/spawn.c: what it costs to make a task, to run it and to wait for its end.
 */
#include "rows.h"

#include <bide/bide.h>

enum { JOINED = 1000, COUNTED = 10000, DEPTH = 1000 };

static __attribute__((noinline)) async long add(long x)
{
    __asm__ volatile("" : "+r"(x));
    return x + 1;
}

static async long one_by_one(long n)
{
    long x = 0;
    for (long i = 0; i < n; i++) {
        bide_task(long) task = bide_spawn(add(x));
        await bide_task_join(task, &x);
    }
    return x;
}

/* One task after another. */
static void spawn_join(struct run *run)
{
    run_begin(run);
    long sum = bide_block_on(one_by_one(run->n));
    run_end(run);
    expect("spawn_join", sum, run->n);
}

static async long joined(long n)
{
    static bide_task(long) task[JOINED];
    long sum = 0;
    for (long left = n; left > 0; left -= JOINED) {
        long count = left < JOINED ? left : JOINED;
        for (long i = 0; i < count; i++)
            task[i] = bide_spawn(add(0));
        for (long i = 0; i < count; i++) {
            long x = 0;
            await bide_task_join(task[i], &x);
            sum += x;
        }
    }
    return sum;
}

/* 1,000 tasks, then their handles. */
static void spawn_join_1000(struct run *run)
{
    run_begin(run);
    long sum = bide_block_on(joined(run->n));
    run_end(run);
    expect("spawn_join_1000", sum, run->n);
}

static async void leaves(void)
{
    crowd_leave();
}

static async void counted(long n)
{
    for (long left = n; left > 0; left -= COUNTED) {
        long count = left < COUNTED ? left : COUNTED;
        crowd_begin(count);
        for (long i = 0; i < count; i++)
            bide_spawn(leaves());
        await crowd_wait();
    }
}

/* As Tokio's benchmark of that name: on one thread 1,000 handles are awaited, on several 10,000
 * tasks count down. */
static void spawn_many_local(struct run *run)
{
    if (run->workers == 0) {
        spawn_join_1000(run);
        return;
    }
    run_begin(run);
    bide_block_on(counted(run->n));
    run_end(run);
}

static async void link_of_chain(long depth)
{
    if (depth == 0)
        crowd_leave();
    else
        bide_spawn(link_of_chain(depth - 1));
}

static async void chains(long n)
{
    for (long left = n; left > 0; left -= DEPTH) {
        crowd_begin(1);
        bide_spawn(link_of_chain((left < DEPTH ? left : DEPTH) - 1));
        await crowd_wait();
    }
}

/* Each task spawns the next one, 1,000 deep. */
static void chained_spawn(struct run *run)
{
    run_begin(run);
    bide_block_on(chains(run->n));
    run_end(run);
}

/* A call into the runtime that is ready at once. */
static void block_on_ready(struct run *run)
{
    long x = 0;
    run_begin(run);
    for (long i = 0; i < run->n; i++)
        x = bide_block_on(add(x));
    run_end(run);
    expect("block_on_ready", x, run->n);
}

/* ---- the blocking pool ---- */

static long plus_one(long x)
{
    return x + 1;
}

static async long trips(long n)
{
    long x = 0;
    for (long i = 0; i < n; i++)
        x = await bide_blocking(plus_one(x));
    return x;
}

/* There and back, one after another. */
static void blocking_round_trip(struct run *run)
{
    run_begin(run);
    long x = bide_block_on(trips(run->n));
    run_end(run);
    expect("blocking_round_trip", x, run->n);
}

enum { BATCH = 16, TASKS = 2 };

static async long batches(long n)
{
    bide_task(long) task[BATCH];
    long sum = 0;
    for (long left = n; left > 0; left -= BATCH) {
        long count = left < BATCH ? left : BATCH;
        for (long i = 0; i < count; i++)
            task[i] = bide_spawn_blocking(plus_one(0));
        for (long i = 0; i < count; i++) {
            long x = 0;
            await bide_task_join(task[i], &x);
            sum += x;
        }
    }
    return sum;
}

static async long batches_of_two(long n)
{
    bide_task(long) task[TASKS];
    long sum = 0, x = 0;
    for (int i = 0; i < TASKS; i++)
        task[i] = bide_spawn(batches(n / TASKS));
    for (int i = 0; i < TASKS; i++) {
        await bide_task_join(task[i], &x);
        sum += x;
    }
    return sum;
}

/* Two tasks, each with batches of 16 jobs. */
static void spawn_blocking(struct run *run)
{
    run->n -= run->n % TASKS;
    if (run->n == 0)
        run->n = TASKS;
    run_begin(run);
    long sum = bide_block_on(batches_of_two(run->n));
    run_end(run);
    expect("spawn_blocking", sum, run->n);
}

const struct row spawn_rows[] = {
    {"spawn_join", spawn_join, false, false},
    {"spawn_join_1000", spawn_join_1000, false, false},
    {"spawn_many_local", spawn_many_local, false, false},
    {"chained_spawn", chained_spawn, false, false},
    {"block_on_ready", block_on_ready, false, false},
    {"blocking_round_trip", blocking_round_trip, false, false},
    {"spawn_blocking", spawn_blocking, false, false},
    {NULL, NULL, false, false},
};
