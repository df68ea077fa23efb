/*
 * handle.c: what a handle (bide_task(T)) is good for besides joining: abort, ask, release.
 */
#include "runtime/task/inside.h"

#include <bide/abi.h>

static bool is_task(const void *handle)
{
    return handle != NULL && bide__handle_error(handle) == 0;
}

static bool is_multi(const struct bide__task *task)
{
    return bide__state_is_multi(&task->wake.state);
}

void bide__task_release(void *handle)
{
    if (!is_task(handle))
        return;
    struct bide__worker *worker = bide__worker_owned(bide__task_hub(handle));
    if (worker != NULL || is_multi(handle))
        bide__task_discard(worker, handle);
    else
        bide__hub_release(handle);
}

void bide__task_abort(void *handle)
{
    if (!is_task(handle))
        return;
    struct bide__worker *worker = bide__worker_awake(bide__task_hub(handle));
    if (worker != NULL || is_multi(handle))
        bide__task_cancel(worker, handle, false);
    else
        bide__hub_abort(handle);
}

int bide__task_finished(const void *handle)
{
    return !is_task(handle) || bide__state_done(&((const struct bide__task *)handle)->wake.state);
}
