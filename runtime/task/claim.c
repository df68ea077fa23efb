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

bool bide__future_is_unpolled(const struct bide__task *future, bool *has_begun)
{
    if (__atomic_load_n(&future->waiters, __ATOMIC_RELAXED) != NULL)
        return false;
    *has_begun = bide__future_has_begun(future);
    return true;
}
