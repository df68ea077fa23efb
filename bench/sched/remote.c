/*
 * bench/sched/remote.c: tasks that a thread outside spawns on the runtime, while its workers are
 * idle and while they are busy. As Tokio's benchmarks of those names.
 */
#define _GNU_SOURCE
#include "rows.h"

#include <bide/bide.h>

#include <sched.h>
#include <stdatomic.h>

enum { JOINED = 1000, COUNTED = 10000, STALL_NS = 10000 };

static __attribute__((noinline)) async long add(long x)
{
    __asm__ volatile("" : "+r"(x));
    return x + 1;
}

static bide_task(long) task[COUNTED];

static async long join_all(long count)
{
    long sum = 0;
    for (long i = 0; i < count; i++) {
        long x = 0;
        await bide_task_join(task[i], &x);
        sum += x;
    }
    return sum;
}

static void remote(struct run *run, long at_once)
{
    long sum = 0;
    run_begin(run);
    for (long left = run->n; left > 0; left -= at_once) {
        long count = left < at_once ? left : at_once;
        for (long i = 0; i < count; i++)
            task[i] = bide_spawn_on(run->rt, add(0));
        sum += bide_block_on(join_all(count));
    }
    run_end(run);
    expect("remote", sum, run->n);
}

static void spawn_many_remote_idle(struct run *run)
{
    remote(run, run->workers == 0 ? JOINED : COUNTED);
}

/* ---- what keeps the workers busy ---- */

static atomic_bool busy;
static atomic_long working; /* tasks that have not seen that they need no longer be busy */

static void stall(void)
{
    int64_t from = clock_ns();
    while (clock_ns() - from < STALL_NS)
        sched_yield();
}

static async void yields_and_stalls(void)
{
    while (atomic_load_explicit(&busy, memory_order_relaxed)) {
        await bide_yield();
        stall();
    }
    atomic_fetch_sub(&working, 1);
}

/* Spawns itself again and again. */
static async void busy_chain(bool stalls)
{
    if (stalls)
        stall();
    if (atomic_load_explicit(&busy, memory_order_relaxed))
        bide_spawn(busy_chain(stalls));
    else
        atomic_fetch_sub(&working, 1);
}

static async void until_idle(void)
{
    while (atomic_load(&working) > 0)
        await bide_yield();
}

static void begin_busy(long tasks)
{
    atomic_store(&busy, true);
    atomic_store(&working, tasks);
}

static void end_busy(void)
{
    atomic_store(&busy, false);
    bide_block_on(until_idle());
}

/* On one thread a task that spawns itself; otherwise two tasks a worker that yield and stall. */
static void spawn_many_remote_busy(struct run *run)
{
    if (run->workers == 0) {
        begin_busy(1);
        bide_spawn_on(run->rt, busy_chain(false));
        remote(run, JOINED);
    } else {
        begin_busy(2 * (long)run->workers);
        for (unsigned i = 0; i < 2 * run->workers; i++)
            bide_spawn_on(run->rt, yields_and_stalls());
        remote(run, COUNTED);
    }
    end_busy();
}

/* A task a worker that stalls and spawns itself. */
static void spawn_many_remote_busy2(struct run *run)
{
    long chains = run->workers > 0 ? run->workers : 1;
    begin_busy(chains);
    for (long i = 0; i < chains; i++)
        bide_spawn_on(run->rt, busy_chain(true));
    remote(run, JOINED);
    end_busy();
}

const struct row remote_rows[] = {
    {"spawn_many_remote_idle", spawn_many_remote_idle, false, false},
    {"spawn_many_remote_busy", spawn_many_remote_busy, false, false},
    {"spawn_many_remote_busy2", spawn_many_remote_busy2, false, false},
    {NULL, NULL, false, false},
};
