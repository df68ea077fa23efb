/*
 * A poll that does not end until a task has run which its worker has put into its own slot
 * (schedule/watchdog.c): the watchdog has another worker take it.
 */
#include "runtime.h"

static _Atomic int ran;

static async void child(void)
{
    atomic_store_explicit(&ran, 1, memory_order_release);
}

static async int parent(void)
{
    bide_spawn(child());
    while (!atomic_load_explicit(&ran, memory_order_acquire))
        ;
    return 0;
}

static void spawns(void)
{
    bide_runtime_enter(rt);
    bide_block_on(parent());
}

const struct explore_model explore_models[] = {
    {.name = "watchdog",
     .begin = begin_two_workers,
     .threads = {spawns},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {0},
};
