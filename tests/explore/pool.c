/*
 * The pool for blocking calls (blocking/blocking.c): a job runs once, its task is woken, a
 * cancelled job runs or does not, and the pool's threads are gone in the end.
 */
#include "runtime.h"

static int runs;

static int blocks(int n)
{
    runs++;
    return n;
}

static async int one_after_another(void)
{
    int a = await bide_blocking(blocks(1));
    int b = await bide_blocking(blocks(2));
    return a + b;
}

static void owner(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(one_after_another()) == 3);
    explore_check(runs == 2);
    bide_runtime_enter(NULL);
}

/* ---- a job that is cancelled ---- */

static async int cancelled(void)
{
    int n = 0;
    bide_task(int) task = bide_spawn(one_after_another());
    await bide_yield();
    bide_task_abort(task);
    await bide_task_join(task, &n);
    return runs;
}

static void cancels(void)
{
    bide_runtime_enter(rt);
    int n = bide_block_on(cancelled());
    explore_check(n >= 0 && n <= 2);
    bide_runtime_enter(NULL);
}

const struct explore_model explore_models[] = {
    {.name = "pool",
     .begin = begin_one_thread,
     .threads = {owner},
     .end = runtime_end,
     .stale = 1,
     .timeouts = -1},
    {.name = "pool: cancelled",
     .begin = begin_one_thread,
     .threads = {cancels},
     .end = runtime_end,
     .stale = 1,
     .timeouts = -1},
    {0},
};
