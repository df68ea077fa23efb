/*
 * join.c: what a handle (bide_task(T)) is good for: spawn, join, wait, abort, release. And the
 * two functions of bide/task.h, and the turn.
 *
 * A join that waits stands in the task's ring with a reference to the task, so the handle may go
 * meanwhile (another branch may have joined it). It looks at the variable anew at every poll,
 * unless the handle has left that: then the variable may be gone too.
 */
#include "runtime/worker.h"

#include <bide/abi.h>
#include <bide/task.h>

void *bide__spawn(const struct bide_fn *fn, const void *args)
{
    int error = 0;
    struct bide_runtime *rt = bide__runtime_here();
    struct bide__task *task = NULL;

    if (__builtin_expect(rt == NULL, 0))
        rt = bide__runtime_need(&error);
    if (rt != NULL)
        task = bide__task_new(rt, NULL, fn, args, &error);
    if (__builtin_expect(task == NULL, 0)) {
        bide__args_release(fn, args);
        return bide__handle_failed(error);
    }
    return task;
}

void bide__task_release(void *handle)
{
    if (handle == NULL || bide__handle_error(handle) != 0)
        return;
    struct bide_runtime *rt = bide__runtime_owned(bide__task_hub(handle));
    if (rt != NULL)
        bide__task_let_go(rt, handle);
    else
        bide__hub_release(handle);
}

void bide__task_abort(void *handle)
{
    if (handle == NULL || bide__handle_error(handle) != 0)
        return;
    struct bide_runtime *rt = bide__runtime_owned(bide__task_hub(handle));
    if (rt != NULL)
        bide__task_cancel(rt, handle, false);
    else
        bide__hub_abort(handle);
}

int bide__task_finished(const void *handle)
{
    if (handle == NULL || bide__handle_error(handle) != 0)
        return 1;
    return bide__state_done(&((const struct bide__task *)handle)->wake.state);
}

/* ---- join and wait ---- */

struct join {
    struct bide_frame h;
    struct bide__joiner waiter;
    void **handle; /* join: the variable; wait: `task` */
    void *out;
    void *task;
};

struct join_args {
    void *handle;
    void *out;
};

struct wait_args {
    void *task;
};

static void stop_waiting(struct join *f)
{
    struct bide__task *task = f->waiter.task;
    if (task == NULL)
        return;
    bide__joiner_remove(&f->waiter);
    f->waiter.task = NULL;
    if (bide__state_unref(&task->wake.state))
        bide__task_free(task);
}

/* Moves the result out and drops the handle. */
static int take(struct bide_runtime *rt, struct join *f, struct bide__task *task)
{
    int error = task->end.error;

    if (f->handle == &f->task)
        return error;
    if (error == 0)
        bide__copy_result(f->out, task);
    *f->handle = NULL;
    bide__task_let_go(rt, task);
    return error;
}

/* It was let go of or moved, or another join has taken the result: the variable may be gone too. */
static bool has_lost_handle(const struct join *f)
{
    if (f->handle == NULL)
        return true;
    return f->handle != &f->task && f->waiter.task != NULL &&
           !bide__state_has_handle(&f->waiter.task->wake.state);
}

void bide__task_moved(void *handle)
{
    if (handle == NULL || bide__handle_error(handle) != 0 ||
        bide__runtime_owned(bide__task_hub(handle)) == NULL)
        return;
    struct bide__joiner *first = *bide__task_waiters(handle), *w = first;
    while (w != NULL) {
        struct join *f = (struct join *)((uintptr_t)w - offsetof(struct join, waiter));
        if (f->handle != &f->task)
            f->handle = NULL;
        w = w->next != first ? w->next : NULL;
    }
}

/* 1: it has to wait. */
static int try_join(struct bide_cx *cx, struct join *f)
{
    struct bide_runtime *rt = bide__runtime_running();
    struct bide__task *task = has_lost_handle(f) ? NULL : *f->handle;

    if (f->waiter.task != NULL && f->waiter.task != task)
        stop_waiting(f);
    if (rt == NULL)
        return -ENXIO;
    if (task == NULL)
        return -EINVAL;
    int error = bide__handle_error(task);
    if (error != 0) {
        if (f->handle != &f->task)
            *f->handle = NULL;
        return error;
    }
    if (bide__task_hub(task) != rt->hub)
        return -EXDEV;
    if (task == rt->current)
        return -EDEADLK;
    if (bide__state_done(&task->wake.state) && bide_budget_spend(cx)) {
        int result = take(rt, f, task);
        stop_waiting(f); /* its reference may have been the last one */
        return result;
    }
    if (f->waiter.task == NULL)
        bide__joiner_add(task, &f->waiter, cx->waker);
    f->waiter.waker = cx->waker;
    return 1;
}

static enum bide_poll join_go(struct bide_cx *cx, struct join *f)
{
    int r = try_join(cx, f);
    if (r > 0)
        return bide_frame_suspend(cx, &f->h);
    return bide__finish_int(cx, &f->h, r);
}

static void join_begin(struct join *f, void *handle, void *out)
{
    f->h.state = 1;
    f->waiter.next = NULL;
    f->waiter.task = NULL;
    f->handle = handle;
    f->out = out;
}

static enum bide_poll join_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct join *f = (struct join *)(void *)h;
    if (h->state == 0) {
        const struct join_args *args = bide__args(cx, h);
        join_begin(f, args->handle, args->out);
    }
    return join_go(cx, f);
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

BIDE__LEAF(bide_task_join, struct join, struct join_args, join_poll, join_cancel);

enum bide_poll bide__start_bide_task_join(struct bide_cx *cx, struct bide_frame *parent,
                                          int *result, void *handle, void *out)
{
    struct join *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_task_join, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    join_begin(f, handle, out);
    return join_go(cx, f);
}

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct join *f = (struct join *)(void *)h;
    if (h->state == 0) {
        const struct wait_args *args = bide__args(cx, h);
        void *task = args->task;
        join_begin(f, &f->task, NULL);
        f->task = task;
    }
    return join_go(cx, f);
}

BIDE__LEAF(bide_task_wait, struct join, struct wait_args, wait_poll, join_cancel);

enum bide_poll bide__start_bide_task_wait(struct bide_cx *cx, struct bide_frame *parent,
                                          int *result, void *task)
{
    struct join *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_task_wait, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    join_begin(f, &f->task, NULL);
    f->task = task;
    return join_go(cx, f);
}

/* ---- bide/task.h ---- */

struct yield {
    struct bide_frame h;
};

static enum bide_poll yield_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state != 0)
        return bide_frame_finish(cx, h);
    (void)bide__args(cx, h);
    h->state = 1;
    bide_waker_wake_by_ref(cx->waker);
    return bide_frame_suspend(cx, h);
}

static enum bide_answer yield_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx, (void)h;
    return BIDE_CANCELLED;
}

enum bide_poll bide__start_bide_yield(struct bide_cx *cx, struct bide_frame *parent, void *result);
extern const struct bide_fn bide__desc_bide_yield;

BIDE__LEAF_OF(bide_yield, struct yield, struct bide__no_args, 0, 0, bide_yield, yield_poll,
              yield_cancel);

enum bide_poll bide__start_bide_yield(struct bide_cx *cx, struct bide_frame *parent, void *result)
{
    struct yield *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_yield, parent, result);
    if (f == NULL)
        return BIDE_PENDING;
    f->h.state = 1;
    bide_waker_wake_by_ref(cx->waker);
    return bide_frame_suspend(cx, &f->h);
}

void bide_yield(void)
{
    bide__block_on(&bide__desc_bide_yield, NULL, NULL);
}

/* ---- bide__turn, for the library ---- */

static enum bide_poll turn_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        (void)bide__args(cx, h);
    h->state = 1;
    return bide_budget_spend(cx) ? bide_frame_finish(cx, h) : bide_frame_suspend(cx, h);
}

BIDE__LEAF_OF(bide__turn, struct yield, struct bide__no_args, 0, 0, NULL, turn_poll, yield_cancel);

enum bide_poll bide__start_bide__turn(struct bide_cx *cx, struct bide_frame *parent, void *result)
{
    if (cx->turn->budget > 0) {
        cx->turn->budget--;
        return BIDE_READY;
    }
    struct yield *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide__turn, parent, result);
    return f != NULL ? turn_poll(cx, &f->h) : BIDE_PENDING;
}

uint64_t bide_task_id(void)
{
    const struct bide_runtime *rt = bide__runtime_running();
    return rt != NULL ? (uint64_t)(uintptr_t)rt->current : 0;
}
