/*
 * bench/sched/group.c: joins and selects of two branches that are ready at once, and of two that
 * suspend once.
 */
#include "rows.h"

#include <bide/bide.h>

/* Ready at once, but the compiler does not know that. */
static async long add(long x)
{
    __asm__ volatile("" : "+r"(x));
    if (x < 0)
        await bide_yield();
    return x + 1;
}

static async long add_later(long x)
{
    await bide_yield();
    return x + 1;
}

static async long ready_joins(long n)
{
    long a = 0, b = 0;
    for (long i = 0; i < n; i++)
        await bide_join(a = add(a), b = add(b));
    return a + b;
}

static async long pending_joins(long n)
{
    long a = 0, b = 0;
    for (long i = 0; i < n; i++)
        await bide_join(a = add_later(a), b = add_later(b));
    return a + b;
}

static async long ready_selects(long n)
{
    long a = 0, b = 0, won = 0;
    for (long i = 0; i < n; i++) {
        int which = await bide_select(a = add(0), b = add(0));
        won += which == 0 ? a : b;
    }
    return won;
}

static async long pending_selects(long n)
{
    long a = 0, b = 0, won = 0;
    for (long i = 0; i < n; i++) {
        int which = await bide_select(a = add_later(0), b = add_later(0));
        won += which == 0 ? a : b;
    }
    return won;
}

/* All of them run in a task: what is ready at once must not be done before there is one. */
static async long in_task(bide_async_fn(long, long) what, long n)
{
    long x = 0;
    bide_task(long) task = bide_spawn((*what)(n));
    await bide_task_join(task, &x);
    return x;
}

static void measure(struct run *run, bide_async_fn(long, long) what, long each)
{
    run_begin(run);
    long sum = bide_block_on(in_task(what, run->n));
    run_end(run);
    expect("group", sum, each * run->n);
}

static void join_ready(struct run *run)
{
    measure(run, bide_ref(ready_joins), 2);
}

static void join_pending(struct run *run)
{
    measure(run, bide_ref(pending_joins), 2);
}

static void select_ready(struct run *run)
{
    measure(run, bide_ref(ready_selects), 1);
}

static void select_pending(struct run *run)
{
    measure(run, bide_ref(pending_selects), 1);
}

const struct row group_rows[] = {
    {"join_ready", join_ready, false, false},
    {"join_pending", join_pending, false, false},
    {"select_ready", select_ready, false, false},
    {"select_pending", select_pending, false, false},
    {NULL, NULL, false, false},
};
