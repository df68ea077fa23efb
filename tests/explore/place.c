/*
 * Calls in place (schedule/block_in_place.c, spare.c) on a runtime of one worker: while the worker
 * blocks until another task has run, a spare works in its place. Afterwards the spare rests, and
 * what it was woken for goes to the worker.
 */
#include "runtime.h"

static _Atomic int ran;

static async void child(void)
{
    atomic_store_explicit(&ran, 1, memory_order_release);
}

static void wait_for_the_child(void)
{
    while (!atomic_load_explicit(&ran, memory_order_acquire))
        ;
}

static async int parent(void)
{
    atomic_store_explicit(&ran, 0, memory_order_relaxed);
    bide_spawn(child());
    await bide_block_in_place(wait_for_the_child());
    return 1;
}

static async int answer(int n)
{
    return n;
}

static void begin_one_worker(void)
{
    runtime_begin(1);
}

/* There is a spare, which rests, or sleeps as a worker does. */
static void begin_with_a_spare(void)
{
    runtime_begin(1);
    explore_focus(false);
    bide_runtime_enter(rt);
    explore_check(bide_block_on(parent()) == 1);
    bide_runtime_enter(NULL);
    explore_settle();
    explore_focus(true);
}

static void calls(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(parent()) == 1);
}

/* The spare may be the one that is woken for the second call. */
static void calls_and_asks(void)
{
    calls();
    explore_check(bide_block_on(answer(2)) == 2);
}

static void asks(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(3)) == 3);
}

const struct explore_model explore_models[] = {
    {.name = "in place: the first call",
     .begin = begin_one_worker,
     .threads = {calls},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "in place: a call more",
     .begin = begin_with_a_spare,
     .threads = {calls_and_asks},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "in place: beside work from outside",
     .begin = begin_with_a_spare,
     .threads = {calls, asks},
     .end = runtime_end,
     .bound = EXPLORE_NONE,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
