/*
 * A multi_thread runtime is shut down while another thread brings work, and while a task waits for
 * one (schedule/workers.c): the work is done or refused, all tasks end, nothing is left.
 */
#include "runtime.h"

#include <errno.h>

static struct signal s = SIGNAL_INIT;

static async int answer(void)
{
    return 1;
}

static void works(void)
{
    bide_runtime_enter(rt);
    int r = bide_block_on(answer());
    explore_check(r == 1 || r == -ESHUTDOWN);
}

static async int listens(void)
{
    return await signal_wait(&s);
}

static async int spawns(void)
{
    bide_task(int) task = bide_spawn(listens());
    bide_task_detach(task);
    return 0;
}

static void begin_listening(void)
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

static void shuts_down(void)
{
    explore_check(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) == 0);
}

static void end(void)
{
    explore_check(bide_runtime_free(rt) == 0);
}

const struct explore_model explore_models[] = {
    {.name = "shutdown: work comes",
     .begin = begin_two_workers,
     .threads = {shuts_down, works},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {.name = "shutdown: a task waits",
     .begin = begin_listening,
     .threads = {shuts_down, signals},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE},
    {0},
};
