/*
 * bench/core.c: what an await, a join and a task cost, as compiled by `bide cc`.
 *
 *   core [--tsv] [PART OF A NAME]
 *
 * The baseline is a call of a plain function through a pointer that the compiler cannot see
 * through.
 */
#include "common/measure.h"

#include <bide/bide.h>

#include <stdlib.h>

static async long yields(long depth, long n)
{
    if (depth > 1)
        return await yields(depth - 1, n);
    for (long i = 0; i < n; i++)
        await bide_yield();
    return n;
}

static void yield_depth_1(long n)
{
    if (bide_block_on(yields(1, n)) != n)
        abort();
}

static void yield_depth_1000(long n)
{
    if (bide_block_on(yields(1000, n)) != n)
        abort();
}

/* ---- calls that are ready at once ---- */

static __attribute__((noinline)) long plain_add(long x)
{
    __asm__ volatile("" : "+r"(x));
    return x + 1;
}

static long (*volatile plain)(long) = plain_add;

static void plain_call(long n)
{
    long x = 0;
    for (long i = 0; i < n; i++)
        x = plain(x);
    if (x != n)
        abort();
}

static __attribute__((noinline)) async long add(long x)
{
    __asm__ volatile("" : "+r"(x));
    return x + 1;
}

static async long adds(long n)
{
    long x = 0;
    for (long i = 0; i < n; i++)
        x = await add(x);
    return x;
}

static void await_ready(long n)
{
    if (bide_block_on(adds(n)) != n)
        abort();
}

static async long joins(long n)
{
    long a = 0, b = 0;
    for (long i = 0; i < n; i++)
        await bide_join(a = add(a), b = add(b));
    return b;
}

static void join_ready(long n)
{
    if (bide_block_on(joins(n)) != n)
        abort();
}

static async long selects(long n)
{
    long a = 0, b = 0;
    for (long i = 0; i < n; i++)
        await bide_select(a = add(a), b = add(b));
    return a + b;
}

static void select_ready(long n)
{
    if (bide_block_on(selects(n)) != n)
        abort();
}

/* ---- branches that suspend once ---- */

static async long add_later(long x)
{
    await bide_yield();
    return x + 1;
}

static async long later_joins(long n)
{
    long a = 0, b = 0;
    for (long i = 0; i < n; i++)
        await bide_join(a = add_later(a), b = add_later(b));
    return b;
}

static void join_pending(long n)
{
    if (bide_block_on(later_joins(n)) != n)
        abort();
}

static async long later_selects(long n)
{
    long a = 0, b = 0;
    for (long i = 0; i < n; i++)
        await bide_select(a = add_later(a), b = add_later(b));
    return a + b;
}

static void select_pending(long n)
{
    if (bide_block_on(later_selects(n)) < n)
        abort();
}

/* ---- tasks ---- */

static async long one_by_one(long n)
{
    long x = 0;
    for (long i = 0; i < n; i++) {
        bide_task(long) task = bide_spawn(add(x));
        await bide_task_join(task, &x);
    }
    return x;
}

static void spawn_join(long n)
{
    if (bide_block_on(one_by_one(n)) != n)
        abort();
}

enum { MANY = 1000 };

static async long many(long n)
{
    static bide_task(long) task[MANY];
    long sum = 0;
    for (long round = 0; round < n / MANY; round++) {
        for (int i = 0; i < MANY; i++)
            task[i] = bide_spawn(add(0));
        for (int i = 0; i < MANY; i++) {
            long x = 0;
            await bide_task_join(task[i], &x);
            sum += x;
        }
    }
    return sum;
}

static void spawn_many(long n)
{
    if (bide_block_on(many(n)) != n)
        abort();
}

static void block_on_ready(long n)
{
    long x = 0;
    for (long i = 0; i < n; i++)
        x = bide_block_on(add(x));
    if (x != n)
        abort();
}

static const struct workload workloads[] = {
    {"yield at depth 1", yield_depth_1, 2000000, CPU_TIME, NULL},
    {"yield at depth 1,000", yield_depth_1000, 2000000, CPU_TIME, "yield at depth 1"},
    {"plain call (floor)", plain_call, 10000000, CPU_TIME, NULL},
    {"await of a ready function", await_ready, 10000000, CPU_TIME, "plain call (floor)"},
    {"join of two ready", join_ready, 1000000, CPU_TIME, NULL},
    {"select of two ready", select_ready, 1000000, CPU_TIME, NULL},
    {"join of two pending", join_pending, 500000, CPU_TIME, NULL},
    {"select of two pending", select_pending, 500000, CPU_TIME, NULL},
    {"spawn, run, join, free", spawn_join, 1000000, CPU_TIME, NULL},
    {"spawn 1,000, join 1,000", spawn_many, 1000000, CPU_TIME, NULL},
    {"block_on of a ready call", block_on_ready, 1000000, CPU_TIME, NULL},
};

int main(int argc, char **argv)
{
    return measure(workloads, sizeof workloads / sizeof *workloads, argc, argv);
}
