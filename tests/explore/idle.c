/*
 * The idle word (schedule/idle.c): two workers sleep, two threads bring work from outside. Whoever
 * brings work, or finds some more when it gives up, sees that somebody sleeps; nothing is left
 * behind while all sleep.
 */
#include "runtime.h"

static async int answer(int n)
{
    return n;
}

/* The second call comes while the worker of the first one goes to sleep. */
static void one_after_another(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(1)) == 1);
    explore_check(bide_block_on(answer(2)) == 2);
}

static void one(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(1)) == 1);
}

static void two(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(2)) == 2);
}

const struct explore_model explore_models[] = {
    {.name = "idle word: one after another",
     .begin = begin_two_workers,
     .threads = {one_after_another},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "idle word: a stale read",
     .begin = begin_two_workers,
     .threads = {one_after_another},
     .end = runtime_end,
     .bound = EXPLORE_NONE,
     .stale = 1,
     .timeouts = -1},
    {.name = "idle word: two at once",
     .begin = begin_two_workers,
     .threads = {one, two},
     .end = runtime_end,
     .bound = EXPLORE_NONE,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
