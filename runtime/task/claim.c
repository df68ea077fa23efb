/*
 * claim.c: a thread that looks at a task, or a future, which others may poll at any time. See
 * task.h.
 */
#include "runtime/task/inside.h"

bool bide__task_claim(struct bide__task *task)
{
    return bide__state_claim(&task->wake.state);
}

void bide__task_unclaim(struct bide__worker *worker, struct bide__task *task)
{
    if (bide__state_suspend(&task->wake.state))
        bide__schedule(worker, task);
}

bool bide__future_is_left(struct bide__task *future, bool *has_begun)
{
    bide__task_lock(future);
    bool is_left = future->waiters == NULL;
    if (is_left)
        *has_begun = bide__future_has_begun(future);
    bide__task_unlock(future, 0);
    return is_left;
}
