/*
 * join.c: the leaves bide_task_join, bide_task_wait and bide_task_cancel; and the watch, which
 * waits without a task.
 *
 * A join that waits is in the task's ring with a reference to the task, so the handle may go
 * meanwhile (another branch may have joined the task). It looks at the variable anew at every poll,
 * unless the handle has left the variable: then the variable may be gone too.
 *
 * The ring, and the join's own place in it, are read and written under the task's lock: on a
 * multi_thread runtime the end of the task comes from another worker at any time.
 */
#include "runtime/task/inside.h"

#include <bide/abi.h>

struct join {
    struct bide_frame h;
    struct bide__joiner waiter;
    void **handle; /* join: the variable; wait: the member `task` */
    void *out;
    void *task;
};

static void stop_waiting(struct join *f)
{
    struct bide__task *task = f->waiter.task;
    if (task == NULL)
        return;
    bide__task_lock(task);
    bide__joiner_remove(&f->waiter);
    bide__task_unlock(task, 0);
    f->waiter.task = NULL;
    if (bide__state_unref(&task->wake.state))
        bide__task_free(task);
}

/* Moves the result out and drops the handle. */
static int take(struct bide__worker *worker, struct join *f, struct bide__task *task)
{
    int error = task->end.error;

    if (f->handle == &f->task)
        return error;
    if (error == 0)
        bide__copy_result(f->out, task);
    *f->handle = NULL;
    bide__task_let_go(worker, task);
    return error;
}

/* The handle was let go of or moved, or another join has taken the result: the variable may be gone
 * too. */
static bool has_lost_handle(const struct join *f)
{
    if (f->handle == NULL)
        return true;
    return f->handle != &f->task && f->waiter.task != NULL &&
           !bide__state_has_handle(&f->waiter.task->wake.state);
}

void bide__task_moved(void *handle)
{
    if (handle == NULL || bide__handle_error(handle) != 0)
        return;
    if (!bide__state_is_multi(&((struct bide__task *)handle)->wake.state) &&
        bide__worker_owned(bide__task_hub(handle)) == NULL)
        return;
    bide__task_lock(handle);
    struct bide__joiner *first = *bide__task_waiters(handle), *w = first;
    while (w != NULL) {
        struct join *f = (struct join *)((uintptr_t)w - offsetof(struct join, waiter));
        if (f->handle != &f->task)
            f->handle = NULL;
        w = w->next != first ? w->next : NULL;
    }
    bide__task_unlock(handle, 0);
}

/* Into the ring. False: the task has ended meanwhile, and wakes nobody. */
static bool begin_waiting(struct bide_cx *cx, struct join *f, struct bide__task *task)
{
    bide__task_lock(task);
    bide__joiner_link(task, &f->waiter, cx->waker);
    bool late = bide__state_done(&task->wake.state);
    bide__task_unlock_waiting(task);
    return !late;
}

/* With the lock of the task, which has ended: leaves the ring, moves the result out, and drops the
 * handle and the reference. */
static int finish_waiting(struct bide__worker *worker, struct join *f, struct bide__task *task)
{
    int error = task->end.error;
    uintptr_t handle = 0;

    bide__joiner_remove(&f->waiter);
    f->waiter.task = NULL;
    if (f->handle != &f->task) {
        if (error == 0)
            bide__copy_result(f->out, task);
        *f->handle = NULL;
        bide__task_take_marks(worker, task);
        handle = BIDE__HANDLE;
    }
    bide__task_unlock_unref(task, handle);
    return error;
}

/* Results of a step that are none of the join. */
enum { WAITS = 1, MOVED = 2 };

/* It waits in the ring of a task, and is polled. It spends no budget: it has let others run. MOVED:
 * there is another task in the variable. */
static int go_on(struct bide_cx *cx, struct bide__worker *worker, struct join *f)
{
    struct bide__task *task = f->waiter.task;

    bide__task_lock(task);
    bool is_lost = has_lost_handle(f), is_same = !is_lost && *f->handle == task;
    if (is_same && bide__state_done(&task->wake.state))
        return finish_waiting(worker, f, task);
    f->waiter.waker = cx->waker;
    bide__task_unlock(task, 0);
    if (is_same)
        return WAITS;
    stop_waiting(f);
    return is_lost ? -EINVAL : MOVED;
}

/* The join begins; or the task in the variable is another one than before. */
static int begin(struct bide_cx *cx, struct bide__worker *worker, struct join *f)
{
    struct bide__task *task = f->handle != NULL ? *f->handle : NULL;

    if (task == NULL)
        return -EINVAL;
    int error = bide__handle_error(task);
    if (error != 0) {
        if (f->handle != &f->task)
            *f->handle = NULL;
        return error;
    }
    if (bide__task_hub(task) != worker->hub)
        return -EXDEV;
    if (task == worker->current)
        return -EDEADLK;
    bool ended = bide__state_done(&task->wake.state);
    if (ended && bide_budget_spend(cx))
        return take(worker, f, task);
    return begin_waiting(cx, f, task) || ended ? WAITS : go_on(cx, worker, f);
}

/* WAITS: it has to wait. */
static int try_join(struct bide_cx *cx, struct join *f)
{
    struct bide__worker *worker = bide__thread.running;
    int r = MOVED;

    if (worker == NULL)
        return bide__no_runtime(f->h.fn->info->name);
    if (f->waiter.task != NULL)
        r = go_on(cx, worker, f);
    return r == MOVED ? begin(cx, worker, f) : r;
}

static enum bide_poll go(struct bide_cx *cx, struct join *f)
{
    if (f->h.state == 0) {
        f->h.state = BIDE__BEGUN;
        f->waiter.next = NULL;
        f->waiter.task = NULL;
    }
    int r = try_join(cx, f);
    return r == WAITS ? bide_frame_suspend(cx, &f->h) : bide__leaf_finish(cx, &f->h, r);
}

static enum bide_poll join_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return go(cx, (struct join *)(void *)h);
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct join *f = (struct join *)(void *)h;
    f->handle = &f->task;
    return go(cx, f);
}

static enum bide_poll cancel_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct join *f = (struct join *)(void *)h;
    const struct bide__worker *worker = bide__thread.running;

    if (h->state == 0 && worker != NULL && f->task != worker->current)
        bide__task_abort(f->task);
    return wait_poll(cx, h);
}

static enum bide_answer join_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct join *f = (struct join *)(void *)h;
    struct bide__task *task = f->waiter.task;
    (void)cx;

    if (task == NULL || bide__state_done(&task->wake.state))
        return BIDE_COMPLETED;
    stop_waiting(f);
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(int, bide_task_join, struct join, BIDE__NOT_NOW, join_poll, join_cancel,
                 (void *, handle), (void *, out));
BIDE__LEAF_INNER(int, bide_task_wait, struct join, BIDE__NOT_NOW, wait_poll, join_cancel,
                 (void *, task));

BIDE__LEAF_INNER(int, bide_task_cancel, struct join, BIDE__NOT_NOW, cancel_poll, join_cancel,
                 (void *, task));

/* ---- a watch ---- */

static void watch_wake(struct bide_wakeable *w, unsigned branch)
{
    struct bide__watch *watch = (struct bide__watch *)(void *)w;
    (void)branch;
    watch->ended(watch);
}

/* The waker is only ever borrowed. */
static const struct bide_waker_vtable watch_vtable = {.wake_by_ref = watch_wake};

void bide__watch_begin(struct bide__watch *watch, struct bide__task *task)
{
    watch->wake.vtable = &watch_vtable;
    watch->joiner.next = NULL;
    bide__joiner_add(task, &watch->joiner, bide_waker_make(&watch->wake, 0));
}

int bide__watch_end(struct bide__worker *worker, struct bide__watch *watch, void *result)
{
    struct bide__task *task = watch->joiner.task;
    int error = task->end.error;

    BIDE__ASSERT(bide__state_done(&task->wake.state), "watch: end: the task has not ended");
    if (error == 0)
        bide__copy_result(result, task);
    bide__joiner_remove(&watch->joiner);
    bool last = bide__state_unref(&task->wake.state);
    BIDE__ASSERT(!last, "watch: end: the handle is gone");
    (void)last;
    bide__task_let_go(worker, task);
    return error;
}

/* ---- the console ---- */

const struct bide__task *bide__join_of(const struct bide_frame *leaf)
{
    if (leaf->fn->cancel != join_cancel)
        return NULL;
    return ((const struct join *)(const void *)leaf)->waiter.task;
}
