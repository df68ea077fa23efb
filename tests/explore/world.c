/*
 * All workers stand (schedule/world.c): meanwhile no task is polled, so ordinary variables of tasks
 * may be read.
 */
#include "runtime.h"

#include "runtime/schedule/schedule.h"

static int polls;

static async int counts(void)
{
    polls++;
    await bide_yield();
    polls++;
    return 0;
}

static void blocks(void)
{
    bide_runtime_enter(rt);
    bide_block_on(counts());
}

static void stops(void)
{
    if (bide__world_stop(rt, INT64_C(1000000000)))
        explore_check(polls >= 0 && polls <= 2);
    bide__world_go(rt);
}

const struct explore_model explore_models[] = {
    {.name = "world",
     .begin = begin_two_workers,
     .threads = {blocks, stops},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
