/*
 * A task is aborted by one thread while another wakes it, and it ends (task/handle.c, task/multi.c;
 * task/hub.c on one thread): it ends once, and is freed once.
 */
#include "runtime.h"

#include <errno.h>

static struct signal s = SIGNAL_INIT;
static bide_task(int) task;
static _Atomic int ended;

static async int listens(void)
{
    defer {
        ended++;
    }
    return await signal_wait(&s);
}

static async int spawns(void)
{
    task = bide_spawn(listens());
    return 0;
}

static void begin(void)
{
    begin_two_workers();
    explore_focus(false);
    bide_runtime_enter(rt);
    bide_block_on(spawns());
    explore_settle();
    explore_focus(true);
}

static void signals(void)
{
    signal_set(&s);
}

static void aborts(void)
{
    bide_task_abort(task);
    bide_task_detach(task);
}

static void end(void)
{
    explore_settle();
    runtime_end();
    explore_check(ended == 1);
}

/* On one thread, which runs the task meanwhile, and waits for it. */
static void begin_one(void)
{
    begin_one_thread();
    explore_focus(false);
    bide_runtime_enter(rt);
    bide_block_on(spawns());
    bide_runtime_enter(NULL);
    explore_focus(true);
}

static async int waits(void)
{
    return await bide_task_wait(task);
}

static void owner(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(waits()) == -ECANCELED);
    bide_runtime_enter(NULL);
}

static void only_aborts(void)
{
    bide_task_abort(task);
}

static void end_one(void)
{
    explore_focus(false);
    bide_task_detach(task);
    explore_check(ended == 1);
    runtime_end();
}

const struct explore_model explore_models[] = {
    {.name = "abort",
     .begin = begin,
     .threads = {signals, aborts},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "abort: one thread",
     .begin = begin_one,
     .threads = {owner, only_aborts},
     .end = end_one,
     .stale = 1,
     .timeouts = -1},
    {0},
};
