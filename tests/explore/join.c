/*
 * The end of a task against a join of it on another worker, and against the release of its handle
 * (task/join.c, task/multi.c): the join sees the result or is woken, and the last one frees it.
 */
#include "runtime.h"

static async int answer(void)
{
    return 5;
}

/* It pushes the task before out of the slot, for the other worker, which it wakes. */
static async void another(void)
{
}

static async int joins(void)
{
    int n = 0;
    bide_task(int) task = bide_spawn(answer());
    bide_spawn(another());
    explore_check(await bide_task_join(task, &n) == 0);
    return n;
}

static async int waits(void)
{
    bide_task(int) task = bide_spawn(answer());
    bide_spawn(another());
    explore_check(await bide_task_wait(task) == 0);
    return 0;
}

static void blocks_on_join(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(joins()) == 5);
}

static void blocks_on_wait(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(waits()) == 0);
}

const struct explore_model explore_models[] = {
    {.name = "join",
     .begin = begin_two_workers,
     .threads = {blocks_on_join},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "join: a wait, and the handle goes",
     .begin = begin_two_workers,
     .threads = {blocks_on_wait},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
