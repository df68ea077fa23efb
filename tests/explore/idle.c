/*
 * The idle word (schedule/idle.c): two workers sleep, two threads bring work from outside. Whoever
 * brings work, or finds some more when it gives up, sees that somebody sleeps; nothing is left
 * behind while all sleep.
 */
#include "calls.h"

/* The first task wakes a worker, but one that is awake already runs it. That one goes to sleep
 * without a search, since the other one searches; which finds the second task, which does not end
 * before the third one has run. */
static _Atomic int awake_until, ran, go;

static async void is_awake(void)
{
    while (!atomic_load_explicit(&awake_until, memory_order_acquire))
        ;
}

static void begin_with_one_awake(void)
{
    begin_two_workers();
    explore_focus(false);
    bide_runtime_enter(rt);
    bide_spawn(is_awake());
    bide_runtime_enter(NULL);
    explore_settle();
    explore_focus(true);
}

static async void runs(void)
{
    atomic_store_explicit(&ran, 1, memory_order_release);
}

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
    atomic_store_explicit(&awake_until, 1, memory_order_release);
    bide_spawn(runs());
    while (!atomic_load_explicit(&ran, memory_order_acquire))
        ;
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
    {.name = "idle word: a stale read",
     .begin = begin_two_workers,
     .threads = {one_after_another},
     .end = runtime_end,
     .bound = 1,
     .stale = 1,
     .timeouts = -1},
    {.name = "idle word: a search that was not begun",
     .begin = begin_with_one_awake,
     .threads = {one_that_keeps_a_worker},
     .end = end_when_all_ran,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
