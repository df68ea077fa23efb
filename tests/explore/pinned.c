/*
 * A task that is bound to a worker (bide_spawn_local) is woken by a thread outside, or by a task
 * that the other worker may run (schedule/multi_thread.c): wherever the wake comes from, it runs on
 * its own worker, and no wake is lost.
 */
#include "runtime.h"

static struct signal s = SIGNAL_INIT;
static int home; /* the thread of a worker; read and written on it alone */
static _Atomic int ended;

static async int bound(void)
{
    explore_check(explore_thread() == home);
    await signal_wait(&s);
    explore_check(explore_thread() == home);
    ended++;
    return 0;
}

static async int begins(void)
{
    home = explore_thread();
    bide_task_detach(bide_spawn_local(bound()));
    return 0;
}

static void begin(void)
{
    begin_two_workers();
    explore_focus(false);
    bide_runtime_enter(rt);
    explore_check(bide_block_on(begins()) == 0);
    bide_runtime_enter(NULL);
    explore_settle();
    explore_focus(true);
}

static void signals(void)
{
    signal_set(&s);
}

static async int wakes(void)
{
    signals();
    return 0;
}

static void asks(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(wakes()) == 0);
    bide_runtime_enter(NULL);
}

static void end(void)
{
    explore_settle();
    explore_check(ended == 1);
    runtime_end();
}

const struct explore_model explore_models[] = {
    {.name = "pinned: woken from outside",
     .begin = begin,
     .threads = {signals},
     .end = end,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "pinned: woken by a task",
     .begin = begin,
     .threads = {asks},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
