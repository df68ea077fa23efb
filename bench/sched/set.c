/*
 * bench/sched/set.c: sets of 1,000 and of 100,000 children, each of which suspends once: what it
 * costs to add a child, run it and take its end. That should not depend on how many there are.
 */
#include "rows.h"

#include <bide/bide.h>

static async long child(long x)
{
    await bide_yield();
    return x + 1;
}

/* n children, `size` at a time. Returns the number of those that have ended well. */
static async long task_sets(long n, long size)
{
    long ended = 0, value;
    while (ended < n) {
        bide_task_set(long) set;
        expect("bide_task_set_new", bide_task_set_new(0, &set), 0);
        for (long i = 0; i < size && ended + i < n; i++)
            bide_task_set_spawn(set, child(0));
        while (await bide_task_set_next(set, &value) > 0)
            ended += value;
        await bide_task_set_close(set);
    }
    return ended;
}

static async long future_sets(long n, long size)
{
    long ended = 0, value;
    while (ended < n) {
        bide_future_set(long) set;
        expect("bide_future_set_new", bide_future_set_new(0, &set), 0);
        for (long i = 0; i < size && ended + i < n; i++)
            bide_future_set_add(set, child(0));
        while (await bide_future_set_next(set, &value) > 0)
            ended += value;
        await bide_future_set_close(set);
    }
    return ended;
}

static async long in_task(bide_async_fn(long, long, long) what, long n, long size)
{
    long x = 0;
    bide_task(long) task = bide_spawn((*what)(n, size));
    expect("bide_task_join", await bide_task_join(task, &x), 0);
    return x;
}

static void measure(struct run *run, bide_async_fn(long, long, long) what, long size)
{
    run_begin(run);
    long ended = bide_block_on(in_task(what, run->n, size));
    run_end(run);
    expect("set", ended, run->n);
}

static void task_set_1000(struct run *run)
{
    measure(run, bide_ref(task_sets), 1000);
}

static void task_set_100000(struct run *run)
{
    measure(run, bide_ref(task_sets), 100000);
}

static void future_set_1000(struct run *run)
{
    measure(run, bide_ref(future_sets), 1000);
}

static void future_set_100000(struct run *run)
{
    measure(run, bide_ref(future_sets), 100000);
}

const struct row set_rows[] = {
    {"task_set_1000", task_set_1000, false, false},
    {"task_set_100000", task_set_100000, false, false},
    {"future_set_1000", future_set_1000, false, false},
    {"future_set_100000", future_set_100000, false, false},
    {NULL, NULL, false, false},
};
