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

/* The worker of the first call goes to sleep without a search, since the other one searches. That
 * one finds the second call, which does not return before the third one has run. */
static _Atomic int go;

static async void keeps(void)
{
    while (!atomic_load_explicit(&go, memory_order_acquire))
        ;
}

static async void lets_go(void)
{
    atomic_store_explicit(&go, 1, memory_order_release);
}

static void one_that_keeps_a_worker(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(1)) == 1);
    bide_spawn(keeps());
    bide_spawn(lets_go());
}

static void end_when_all_ran(void)
{
    explore_settle();
    runtime_end();
    explore_check(atomic_load(&go) == 1);
}

const struct explore_model explore_models[] = {
    {.name = "idle word: one after another",
     .begin = begin_two_workers,
     .threads = {one_after_another},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "idle word: two at once",
     .begin = begin_two_workers,
     .threads = {one, two},
     .end = runtime_end,
     .bound = EXPLORE_NONE,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "idle word: a search that was not begun",
     .begin = begin_two_workers,
     .threads = {one_that_keeps_a_worker},
     .end = end_when_all_ran,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "idle word: a stale read",
     .begin = begin_two_workers,
     .threads = {one_after_another},
     .end = runtime_end,
     .bound = 1,
     .stale = 1,
     .timeouts = -1},
    {0},
};
