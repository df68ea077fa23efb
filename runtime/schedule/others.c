/*
 * others.c: see others.h.
 *
 * `spared` of the runtime is set only for the time of one walk over all tasks: while no worker runs
 * any, or on the only thread that does.
 */
#include "runtime/schedule/others.h"

#include "runtime/schedule/schedule.h"
#include "runtime/thread.h"
#include "runtime/trace/trace.h"

static const int64_t PATIENCE_NS = INT64_C(100000000);

bool bide__others_cancel(bool force)
{
    struct bide__worker *worker = bide__thread.running;
    struct bide_runtime *rt = worker->runtime;
    bool asked = true;

    if (rt->multi) {
        asked = bide__workers_cancel(rt, worker->current, force, PATIENCE_NS);
    } else {
        if (worker->core != NULL)
            bide__cores_cancel_others(rt, force);
        rt->spared = worker->current;
        bide__cancel_all(rt, force);
        rt->spared = NULL;
    }
    return asked;
}

void bide__others_end(bool left)
{
    struct bide_runtime *rt = bide__thread.running->runtime;

    atomic_store_explicit(&rt->forcing, false, memory_order_relaxed);
    if (left)
        atomic_store_explicit(&rt->has_left, true, memory_order_relaxed);
}

void bide__others_tell(struct bide_runtime *rt)
{
    if (rt->multi)
        bide__workers_tell(rt);
    else if (rt->worker->core == NULL) /* of which the report tells, and this may be another one */
        bide__quit_signal_tell(rt);
}
