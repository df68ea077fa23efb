/*
 * The slot of a worker, and what it pushes out of it (schedule/multi_thread.c): each task that a
 * task spawns runs once, here or on a worker that steals it.
 */
#include "runtime.h"

static _Atomic int ran;

/* When the second one fills the empty slot of its worker, the other worker is awake. */
static async void child(int more)
{
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    if (more > 0)
        bide_spawn(child(more - 1));
}

static async int parent(void)
{
    bide_spawn(child(0));
    bide_spawn(child(1));
    return 0;
}

static void spawns(void)
{
    bide_runtime_enter(rt);
    bide_block_on(parent());
}

static void end(void)
{
    explore_settle();
    runtime_end();
    explore_check(atomic_load(&ran) == 3);
}

const struct explore_model explore_models[] = {
    {.name = "slot",
     .begin = begin_two_workers,
     .threads = {spawns},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
