/*
 * shutdown.c: the end of all tasks of a runtime: bide_runtime_cancel, bide_runtime_shutdown.
 */
#include "runtime/schedule/schedule.h"

#include "runtime/blocking/blocking.h"
#include "runtime/io/io.h"
#include "runtime/task/task.h"
#include "runtime/time/time.h"

#include <bide/runtime.h>

enum {
    FORCED_POLLS = 1000, /* past the deadline, and as many more for each task */
    FORCED_ROUNDS = 100, /* of letting go of futures, whose deferred blocks may begin others */
};

static void cancel_block(void *block, void *argument)
{
    struct bide_runtime *rt = argument;
    struct bide__task *task = block;
    if (task != rt->spared && !bide__state_done(&task->wake.state) &&
        !bide__state_is_future(&task->wake.state))
        bide__task_cancel(rt->worker, task, BIDE__ASK_RUNTIME | rt->forcing);
}

void bide__cancel_all(struct bide_runtime *rt, bool force)
{
    rt->worker->closing = true;
    rt->forcing = force;
    bide__hub_each(rt->hub, cancel_block, rt);
}

int64_t bide__accept_until(int64_t deadline_ns)
{
    static const int64_t ACCEPT_NS = INT64_C(1000000000);
    int64_t until_ns = bide__clock_ns() + ACCEPT_NS;
    return until_ns < deadline_ns ? until_ns : deadline_ns;
}

/* Runs until no task is alive and no future has begun; 0, or -ETIMEDOUT. */
static int run_out(struct bide__worker *worker, int64_t deadline_ns)
{
    int r = bide__run(worker, NULL, deadline_ns);
    while (r == 0 && worker->hub->futures > 0) {
        bide__futures_close(worker);
        if (worker->hub->alive == 0)
            break;
        r = bide__run(worker, NULL, deadline_ns);
    }
    return r;
}

/* Past the deadline. The futures that tasks let go of now, and that nobody drives, come last. */
static void force_all(struct bide__worker *worker)
{
    int rounds = 0;

    do {
        bide__run_ready(worker, FORCED_POLLS + worker->hub->alive * FORCED_POLLS);
        bide__futures_close(worker);
        bide__run_ready(worker, FORCED_POLLS + worker->hub->alive * FORCED_POLLS);
    } while (worker->hub->futures > 0 && ++rounds < FORCED_ROUNDS);
}

void bide_runtime_cancel(struct bide_runtime *rt)
{
    bide__refuse_forked(rt);
    if (rt->ended)
        return;
    if (rt->multi) {
        bide__workers_cancel(rt, NULL, rt->forcing, INT64_MAX / 2);
        return;
    }
    if (rt->worker->core != NULL)
        bide__cores_cancel_others(rt, rt->forcing);
    bide__cancel_all(rt, rt->forcing);
    if (rt->is_turned && bide__thread.running != rt->worker)
        bide__hub_notify(rt->hub);
}

int bide_runtime_shutdown(struct bide_runtime *rt, struct bide_duration limit)
{
    struct bide__worker *worker = rt->worker;

    if (bide__thread.running != NULL)
        bide__misuse_blocking("bide_runtime_shutdown");
    bide__refuse_forked(rt);
    if (rt->multi)
        return bide__workers_shutdown(rt, limit);
    if (rt->ended)
        return 0;
    if (worker->core != NULL)
        return bide__cores_shutdown(rt, limit);
    bide__thread.running = worker;
    bide__cancel_all(rt, false);
    int64_t deadline_ns = bide__deadline(limit);
    int r = run_out(worker, bide__accept_until(deadline_ns));
    bide__hub_refuse(rt->hub, worker, true);
    if (r == -ETIMEDOUT || (r == 0 && worker->hub->alive > 0)) /* others have just spawned */
        r = run_out(worker, deadline_ns);
    if (r < 0) {
        bide__cancel_all(rt, true);
        force_all(worker);
        rt->forcing = false;
        rt->is_stuck = false;
        r = worker->hub->alive > 0 || worker->hub->futures > 0 ? -ETIMEDOUT : 0;
    }
    if (r < 0)
        bide__hub_refuse(rt->hub, worker, false);
    bide__thread.running = NULL;
    if (rt->is_turned)
        bide__rest(worker);
    if (r < 0)
        return r;
    rt->ended = true;
    bide__pool_end(rt->pool);
    bide__fds_drain(rt->fds, worker->driver);
    return 0;
}
