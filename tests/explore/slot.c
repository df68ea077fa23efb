/*
 * The slot of a worker, and what it pushes out of it (schedule/multi_thread.c): each task that a
 * task spawns runs once, here or on a worker that steals it.
 *
 * mutant 1, within 30000: runtime/schedule/multi_thread.c: /^static struct bide__task \*take_slot/,/^}/s/atomic_exchange_explicit(&core->lifo, NULL, memory_order_acq_rel)/atomic_load_explicit(\&core->lifo, memory_order_acquire)/
 * mutant 2, within 30000: runtime/schedule/multi_thread.c: s/task = atomic_exchange_explicit(&core->lifo, task, memory_order_acq_rel);/{ struct bide__task *before = atomic_load_explicit(\&core->lifo, memory_order_acquire); atomic_store_explicit(\&core->lifo, task, memory_order_release); task = before; }/
 * mutant 3, within 30000: runtime/schedule/multi_thread.c: s/task = atomic_exchange_explicit(&core->lifo, task, memory_order_acq_rel);/task = atomic_exchange_explicit(\&core->lifo, task, memory_order_relaxed);/
 */
#include "runtime.h"

static _Atomic int ran;

static async void child(void)
{
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
}

static async int parent(void)
{
    bide_spawn(child());
    bide_spawn(child());
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
    explore_check(atomic_load(&ran) == 2);
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
