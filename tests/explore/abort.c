/*
 * A task is aborted by one thread while another wakes it, and it ends (task/handle.c, task/multi.c;
 * task/hub.c on one thread): it ends once, and is freed once.
 *
 * mutant 1, within 30000: runtime/task/multi.c: s/if (bide__state_unref_remote(&w->state))/if (bide__state_unref_remote(\&w->state) || 1)/
 * mutant 2, within 30000: runtime/task/hub.c: s/chunk->aborts\[i\] = chunk->releases\[i\] = 0;//
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

/* On one thread, which runs the task meanwhile. */
static void begin_one(void)
{
    begin_one_thread();
    explore_focus(false);
    bide_runtime_enter(rt);
    bide_block_on(spawns());
    bide_runtime_enter(NULL);
    explore_focus(true);
}

static void owner(void)
{
    explore_check(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) == 0);
}

static void end_one(void)
{
    explore_focus(false);
    explore_check(ended == 1);
    explore_check(bide_runtime_free(rt) == 0);
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
     .threads = {owner, signals, aborts},
     .end = end_one,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
