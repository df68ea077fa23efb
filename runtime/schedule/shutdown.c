/*
 * shutdown.c: the end of all tasks of a runtime: bide_runtime_shutdown.
 */
#include "runtime/schedule/schedule.h"

#include "runtime/blocking/blocking.h"
#include "runtime/task/task.h"
#include "runtime/time/time.h"

#include <bide/runtime.h>

enum { FORCED_POLLS = 1000 }; /* after the deadline: so many polls, and so many for each task */

static void cancel_block(void *block, void *argument)
{
    struct bide_runtime *rt = argument;
    struct bide__task *task = block;
    if (!bide__state_done(&task->wake.state) && !bide__state_is_future(&task->wake.state))
        bide__task_cancel(rt->worker, task, rt->forcing);
}

static void cancel_all(struct bide_runtime *rt, bool force)
{
    rt->closing = true;
    rt->forcing = force;
    bide__slab_each(&rt->hub->tasks, cancel_block, rt);
}

/* Past the deadline. The futures that tasks let go of now, and nobody drives, come after them. */
static void force_all(struct bide_runtime *rt)
{
    size_t left;

    do {
        left = rt->alive + rt->futures;
        bide__run_ready(rt->worker, FORCED_POLLS + rt->alive * FORCED_POLLS);
        bide__futures_close(rt->worker);
        bide__run_ready(rt->worker, FORCED_POLLS + rt->alive * FORCED_POLLS);
    } while (rt->futures > 0 && rt->alive + rt->futures < left);
}

int bide_runtime_shutdown(struct bide_runtime *rt, struct bide_duration limit)
{
    if (bide__thread.running != NULL)
        bide__misuse_blocking("bide_runtime_shutdown");
    bide__refuse_forked(rt);
    if (rt->ended)
        return 0;
    bide__thread.running = rt->worker;
    cancel_all(rt, false);
    int64_t deadline_ns = bide__deadline(limit);
    int r = bide__run(rt->worker, NULL, deadline_ns);
    while (r == 0 && rt->futures > 0) {
        bide__futures_close(rt->worker);
        if (rt->alive == 0)
            break;
        r = bide__run(rt->worker, NULL, deadline_ns);
    }
    if (r < 0) {
        cancel_all(rt, true);
        force_all(rt);
        rt->forcing = false;
        rt->is_stuck = false;
        r = rt->alive > 0 || rt->futures > 0 ? -ETIMEDOUT : 0;
    }
    bide__thread.running = NULL;
    if (r < 0)
        return r;
    rt->ended = true;
    bide__pool_end(rt->pool);
    return 0;
}
