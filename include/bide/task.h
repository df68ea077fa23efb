/*
 * bide/task.h: tasks.
 *
 * A task is an async call that runs by itself. These forms are words of the language (bide/lang.h):
 *
 *   bide_task(T) h = bide_spawn(f(x));
 *       Makes a task and queues it; the arguments are evaluated now. The task has not begun when
 *       bide_spawn returns, and it always begins: even if it is aborted before that, it runs to its
 *       first suspension, so that it can take care of what its arguments own. Without memory, a
 *       join of the handle returns -ENOMEM. h is an owner: leaving its scope detaches the task.
 *
 *   bide_spawn_on(rt, f(x))   The same on the runtime rt (bide/runtime.h), on any thread. If rt is
 *       NULL, a join returns -EINVAL. rt may run, sleep, shut down or have been shut down (a join
 *       returns -ESHUTDOWN), but must not be freed before the call returns. While rt shuts down,
 *       the task begins with a request to cancel. The owners among the arguments of a task that is
 *       not made are released.
 *   bide_spawn_local(f(x))    The same, for a task that stays on the worker that spawned it.
 *   bide_spawn_low(f(x))      The same, for a task of low priority; see "Fairness" in
 *       bide/runtime.h.
 *   bide_spawn_at(core, f(x)) The same on the core with this number, from 0, on a runtime that
 *       has cores (bide/runtime.h). Elsewhere, or if there is no such core, a join returns
 *       -EINVAL.
 *
 *   bide_spawn(bide_named("mail 17", f(x)))   The same, for a task with a name, and so in every
 *       form that makes a task: bide_spawn and the forms above, bide_spawn_blocking,
 *       bide_scope_spawn, bide_task_set_spawn, bide_task_map_spawn. The name is evaluated with the
 *       arguments and is copied. It is what bide_task_name_set would set, but the task has it from
 *       the beginning: the hook task_spawn sees it, and dumps before the first poll. Of a name that
 *       is longer than 63 bytes the rest is cut off, control characters become question marks, and
 *       NULL or "" is no name. Without memory for the name, the task has none.
 *
 *   int error = await bide_task_join(h, &result);
 *       Waits for the task to end, moves its result out and drops the handle. Returns 0, or why
 *       there is no result: -ECANCELED (it was aborted, or the runtime shuts down), -ENOMEM,
 *       -ESHUTDOWN (see bide/runtime.h), -EPERM (it was not made: its function holds, is given or
 *       returns what belongs to one thread, and tasks of this runtime change threads; stderr has
 *       the reason, see -Wbide-thread-bound in docs/diagnostics.md), -EINVAL (the handle is empty
 *       after an earlier join, or was dropped or moved while this join waited; its variable may be
 *       gone by then), -EDEADLK (a task joins itself), -EXDEV (the task is on another runtime).
 *       *result is written only with 0. A join that is cancelled leaves task and handle as they
 *       are.
 *
 *   int error = await bide_task_wait(h);
 *       The same, but the result and the handle stay, for a later wait or join.
 *
 *   bide_task_abort(h);
 *       Asks the task to cancel, without waiting. The request takes effect where the task is
 *       suspended or suspends next; its deferred blocks run and may wait. A task that has finished
 *       is left alone, so a join may still return 0. May be called again. Any thread.
 *
 *   int error = await bide_task_cancel(h);
 *       Aborts the task and waits for it, as bide_task_wait does: returns 0 if it has a result all
 *       the same, or -ECANCELED when its deferred blocks have run. If this wait is cancelled, the
 *       task unwinds nevertheless.
 *
 *   bide_task_finished(h)   1 if a join would not wait, otherwise 0. Any thread.
 *   bide_task_detach(h);    Drops the handle: the task runs on by itself and its result is
 *                           discarded; if that is a task or a future itself, it is let go of. Any
 *                           thread.
 *
 * Threads: a handle may be aborted, asked whether it has finished, and dropped on any thread; tasks
 * are joined and waited for on their own runtime, and tasks of bide_spawn_at on the core that has
 * spawned them. But a join empties its variable when it ends. So while it waits, no other thread
 * may use that variable, and no task that may run on another worker: whoever wants to abort or drop
 * the task from there waits with bide_task_wait, which leaves the handle alone, or takes a token
 * (bide/token.h). A handle that is found to be let go of twice ends the program with a message.
 */
#ifndef BIDE_TASK_H
#define BIDE_TASK_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Lets the other ready tasks run first: the calling task goes to the back of the queue. Timers and
 * descriptors have their turn too, after 61 tasks at the latest. Cancelled: nothing is lost.
 */
bide_async void bide_yield(void);

/*
 * Returns a number for the task that runs on this thread, or 0 if there is none. No two tasks that
 * are alive, or that have a handle, share a number. Any thread.
 */
uint64_t bide_task_id(void);

/*
 * Gives the calling task a name (bide_named gives it one at its spawn): 1 to 63 bytes without
 * control characters, which are copied; NULL takes it away. Dumps have it after the number of the
 * task, and so has each message that tells of the task: what does not come to an await, who waits
 * for whom, what a test has left behind; and bide_task_info in hooks. Tasks that it spawns do not
 * inherit it, and a task without a name pays nothing. Returns 0, -EINVAL, -ENOMEM (the name is as
 * before), or -ENXIO outside of tasks.
 */
bide_must_use int bide_task_name_set(const char *name);

/* The calling task's name, until it gets another one; NULL: it has none. */
const char *bide_task_name(void);

/* Why a task ended. If several have asked it to cancel, the last of these names counts. */
typedef enum bide_end_reason {
    BIDE_END_RETURNED = 0, /* its function returned */
    BIDE_END_NOT_MADE = 1, /* it never was: no memory, or what bide_task_join says */
    BIDE_END_FAILED = 2,   /* it was unwound because there was no memory for a call in it */
    BIDE_END_ABORTED = 3,  /* cancelled by its handle, or its number */
    BIDE_END_OWNER = 4,    /* cancelled by its scope or set */
    BIDE_END_SHUTDOWN = 5, /* cancelled by the shutdown of its runtime */
} __attribute__((__mode__(__SI__))) bide_end_reason;

/* The end of a task. The texts belong to the program's code. */
typedef struct bide_task_end {
    uint64_t id;          /* what bide_task_id returned in it; 0: it was not made */
    const char *function; /* whose call it ran: "?" if that is not known */
    const char *file;     /* where that function is defined; NULL, and line 0: unknown */
    uint32_t line;
    bide_end_reason reason;
    int error; /* 0: it returned; otherwise what a join of it says */
} bide_task_end;

/*
 * int bide_task_end(bide_task(T) h, bide_task_end *end)
 *
 * Tells how a task has ended whose handle is still there (after bide_task_wait, for example).
 * Returns 1 and fills in *end, or -EAGAIN if it has not ended, or -EINVAL if h is empty. Any
 * thread.
 */
#define bide_task_end(h, end) bide__task_end((const void *)(h), (end))
int bide__task_end(const void *task, bide_task_end *end);

/* bool: true if h is the handle of a task that could not be made: a join would say why. Any
 * thread. */
#define bide_task_is_unmade(h) bide__task_is_unmade((const void *)(h))
bool bide__task_is_unmade(const void *task);

/*
 * Spends one operation of the task's budget, as each await of the library does that is ready at
 * once; if the budget is used up, the other ready tasks run first. For loops that await nothing
 * else. Cancelled: nothing has happened.
 */
bide_async void bide_budget_consume(void);

/* True if the calling task has budget left in its turn, so that bide_budget_consume would not let
 * others run; outside of tasks too. */
bool bide_budget_has_left(void);

/* ---- values of a task ---- */

/*
 * A task may have a value for each key, which code deep below finds without a parameter: the
 * identity of a request, for example. A key is a static object, known by its address, as in
 * `static const bide_local request = {free};`.
 *
 * `drop`, unless it is NULL, is called with the value when another takes its place, and when the
 * task has ended. Values are not inherited by tasks that the task spawns. All branches of a task
 * share them, also those of its futures and sets.
 */
typedef struct bide_local {
    void (*drop)(void *value);
} bide_local;

/* Sets the calling task's value; NULL: it has none from now on. Returns 0, -ENOMEM (the value stays
 * the caller's, and the old one in its place), or -ENXIO outside of tasks. */
bide_must_use int bide_local_set(const bide_local *key, void *value);

/* The calling task's value, or NULL. */
void *bide_local_get(const bide_local *key);

/* Takes the value away from the task without dropping it; NULL if there is none. */
void *bide_local_take(const bide_local *key);

#ifdef __cplusplus
}
#endif
#endif
