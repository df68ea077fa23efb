/*
 * A future that a get drives on one worker while another thread wakes it and a third one aborts the
 * task of the get (task/multi.c, task/future.c): the wake reaches the task, or the get has left and
 * nobody looks at its frame.
 */
#include "runtime.h"

static struct signal s = SIGNAL_INIT;
static bide_task(int) task;
static _Atomic int got;

static async int listens(void)
{
    return await signal_wait(&s);
}

static async int gets(void)
{
    bide_future(int) f = bide_lazy(listens());
    int r = await bide_get(f);
    atomic_store(&got, 1 + r);
    return r;
}

static async int spawns(void)
{
    task = bide_spawn(gets());
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

static void detaches(void)
{
    bide_task_detach(task);
}

static void end(void)
{
    explore_settle();
    runtime_end();
}

static void end_got(void)
{
    explore_settle();
    runtime_end();
    explore_check(atomic_load(&got) == 1);
}

const struct explore_model explore_models[] = {
    {.name = "future: woken",
     .begin = begin,
     .threads = {signals, detaches},
     .end = end_got,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "future: its get leaves",
     .begin = begin,
     .threads = {signals, aborts},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
