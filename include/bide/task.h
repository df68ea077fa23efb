/*
 * bide/task.h: tasks.
 *
 * A task is an async call that runs by itself. The forms are words of the language (bide/lang.h):
 *
 *   bide_task(T) h = bide_spawn(f(x));
 *       Makes a task and queues it; the arguments are evaluated now. It has not begun when
 *       bide_spawn returns, and it always begins: also when it is aborted before that, it runs to
 *       its first suspension, so that what its arguments own is taken care of. Without memory the
 *       handle is one whose join says -ENOMEM. h is an owner: leaving its scope detaches the task.
 *
 *   int error = await bide_task_join(h, &result);
 *       Waits for the end, moves the result out and drops the handle. 0, or why there is no result:
 *       -ECANCELED (it was aborted, or the runtime shuts down), -ENOMEM, -ESHUTDOWN (see
 *       bide/runtime.h). *result is written only with 0. -EINVAL: the handle is empty (a second
 *       join), or was let go of or moved meanwhile (its variable may be gone then); -EDEADLK: a
 *       task joins itself; -EXDEV: a task of another runtime. A join that is cancelled leaves task
 *       and handle as they are.
 *
 *   int error = await bide_task_wait(h);
 *       The same, but the result and the handle stay.
 *
 *   bide_task_abort(h);
 *       Asks the task to cancel, and goes on. It takes effect where the task is suspended or
 *       suspends next; its deferred blocks run and may wait. A task that has finished is left
 *       alone, so a join may still return 0. May be called again, and from any thread.
 *
 *   bide_task_finished(h)   1 when a join would not wait, else 0. Any thread.
 *   bide_task_detach(h);    Drops the handle: the task runs on by itself. A result is discarded.
 *
 * Other threads: a handle may be aborted, asked whether it has finished, and dropped on any thread;
 * tasks are joined and waited for on their own runtime.
 */
#ifndef BIDE_TASK_H
#define BIDE_TASK_H

#include <bide/lang.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Lets the other tasks that are ready run first: the caller's goes to the back of the queue, and
 * timers and descriptors have their turn too, at the latest after 61 tasks. Cancelled: nothing is
 * lost.
 */
bide_async void bide_yield(void);

/*
 * A number for the task that runs on this thread; no two tasks that are alive, or that have a
 * handle, have the same. 0: no task runs here.
 */
uint64_t bide_task_id(void);

#ifdef __cplusplus
}
#endif
#endif
