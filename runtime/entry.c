/*
 * entry.c: see entry.h. Also `async int main`.
 */
#include "runtime/entry.h"

#include "runtime/io/io.h"
#include "runtime/runtime.h"
#include "runtime/schedule/schedule.h"
#include "runtime/task/task.h"
#include "runtime/trace/trace.h"

#include <bide/abi.h>
#include <bide/runtime.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- to make a task, a future, a registration ---- */

/* On a thread that runs no executor. */
static __attribute__((noinline, cold)) void *spawn_outside(uintptr_t flags,
                                                           const struct bide_fn *fn,
                                                           const void *args)
{
    int error = 0;
    struct bide_runtime *rt = bide__runtime_need(&error);
    struct bide__task *task = NULL;

    if (rt != NULL && rt->multi)
        task = bide__task_new_outside(rt, flags, fn, args, &error);
    if (rt != NULL && !rt->multi) {
        bide__name_expect(rt->worker);
        task = bide__task_new(rt->worker, NULL, flags, fn, args, &error);
    }
    if (task == NULL) {
        bide__args_release(fn, args);
        return bide__handle_failed(error);
    }
    if (rt->is_turned)
        bide__hub_notify(rt->hub);
    return task;
}

/* On the runtime that this thread means. `flags`: see bide__task_new. */
static inline void *spawn(uintptr_t flags, const struct bide_fn *fn, const void *args)
{
    int error = 0;
    struct bide__worker *worker = bide__thread.running;

    if (__builtin_expect(worker == NULL, 0))
        return spawn_outside(flags, fn, args);
    struct bide__task *task = bide__task_new(worker, NULL, flags, fn, args, &error);
    if (__builtin_expect(task == NULL, 0)) {
        bide__args_release(fn, args);
        return bide__handle_failed(error);
    }
    return task;
}

void *bide__spawn(const struct bide_fn *fn, const void *args)
{
    return spawn(0, fn, args);
}

void *bide__spawn_local(const struct bide_fn *fn, const void *args)
{
    return spawn(BIDE__PINNED, fn, args);
}

void *bide__spawn_low(const struct bide_fn *fn, const void *args)
{
    return spawn(BIDE__LOW, fn, args);
}

void *bide__spawn_on(struct bide_runtime *rt, const struct bide_fn *fn, const void *args)
{
    int error = -EINVAL;
    struct bide__task *task = NULL;

    if (rt != NULL) {
        struct bide__worker *worker = bide__worker_owned(rt->hub);
        bide__refuse_forked(rt);
        if (worker != NULL)
            task = bide__task_new(worker, NULL, 0, fn, args, &error);
        else if (rt->multi)
            task = bide__task_new_outside(rt, 0, fn, args, &error);
        else
            task = bide__hub_spawn(rt->hub, fn, args, &error);
        if (rt->is_turned)
            bide__hub_notify(rt->hub);
    }
    if (task == NULL) {
        bide__args_release(fn, args);
        return bide__handle_failed(error);
    }
    return task;
}

void *bide__spawn_at(uint32_t core, const struct bide_fn *fn, const void *args)
{
    int error = -EINVAL;
    struct bide_runtime *rt = bide__runtime_here();
    struct bide__worker *worker = bide__thread.running;
    struct bide__task *task = NULL;

    if (worker == NULL && rt != NULL && !rt->multi)
        worker = rt->worker;
    if (worker != NULL)
        error = bide__refuse_passed(fn);
    if (worker != NULL && error == 0)
        task = bide__core_spawn(worker, core, fn, args, &error);
    if (task == NULL) {
        bide__args_release(fn, args);
        return bide__handle_failed(error);
    }
    return task;
}

void *bide__lazy(const struct bide_fn *fn, const void *args)
{
    int error = 0;
    struct bide__worker *worker = bide__thread.running;
    struct bide__task *future = NULL;
    const char *place = bide__lazy_place;

    bide__lazy_place = NULL;
    if (__builtin_expect(worker == NULL, 0)) {
        struct bide_runtime *rt = bide__runtime_need(&error);
        if (rt != NULL && rt->multi)
            future = bide__future_new_outside(rt, fn, args, &error);
        else if (rt != NULL)
            worker = rt->worker;
    }
    if (worker != NULL)
        future = bide__future_new(worker, fn, args, &error);
    if (future == NULL) {
        bide__args_release(fn, args);
        return bide__handle_failed(error);
    }
    future->wake.next = (void *)(uintptr_t)place; /* until it begins: see task/future.c */
    return future;
}

int bide__fd_open_as(struct bide__fd **out, int fd, unsigned how)
{
    int error = 0;
    struct bide_runtime *rt = bide__runtime_need(&error);

    *out = NULL;
    return rt != NULL ? bide__fd_add_as(rt, out, fd, how) : error;
}

int bide__fd_open(struct bide__fd **out, int fd)
{
    return bide__fd_open_as(out, fd, 0);
}

bool bide__fd_retry_bind(unsigned n)
{
    const struct bide_runtime *rt = bide__runtime_here();
    return rt != NULL && bide__fds_retry_bind(rt->fds, n);
}

/* ---- to block ---- */

/* The same on a multi_thread runtime: its workers run fn, and this thread waits. */
static int block_outside(struct bide_runtime *rt, const struct bide_fn *fn, const void *args,
                         void *result)
{
    int error = 0;
    /* What is bound to a thread gets one. */
    uintptr_t flags = bide__is_bound(fn) ? BIDE__PINNED : 0;
    struct bide__task *task = bide__task_new_outside(rt, flags, fn, args, &error);
    if (task == NULL) {
        bide__args_release(fn, args);
        return error;
    }
    error = bide__task_wait_outside(task) ? task->end.error : -EDEADLK;
    if (error == 0 && result != NULL) {
        bide__copy_result(result, task);
        bide__task_let_go(NULL, task);
    } else {
        bide__task_discard(NULL, task);
    }
    return error;
}

/* Runs a task to its end, which may be there already, and frees it. */
static int finish(struct bide__worker *worker, struct bide__task *task, void *result)
{
    int error = 0;

    bide__thread.running = worker;
    if (!bide__state_done(&task->wake.state))
        error = bide__run(worker, task, INT64_MAX);
    if (error == 0)
        error = task->end.error;
    if (error == 0 && result != NULL) {
        bide__copy_result(result, task);
        bide__task_let_go(worker, task);
    } else {
        bide__task_discard(worker, task);
    }
    return error;
}

int bide__block(struct bide_runtime *rt, const struct bide_fn *fn, const void *args, void *result)
{
    struct bide__worker *worker = rt->worker;
    struct bide__task *task;
    int error = 0;

    bide__refuse_forked(rt);
    if (__builtin_expect(rt->multi, 0))
        return block_outside(rt, fn, args, result);
    if (bide__run_now(worker)) {
        task = bide__task_begin(worker, fn, args, result, &error);
    } else {
        bide__spawn_place = NULL;
        task = bide__task_new(worker, NULL, 0, fn, args, &error);
        if (task == NULL)
            bide__args_release(fn, args);
    }
    if (task != NULL)
        error = finish(worker, task, result);
    bide__thread.running = NULL;
    if (__builtin_expect(rt->is_turned, 0))
        bide__rest(worker);
    return error;
}

void bide__block_on(const struct bide_fn *fn, const void *args, void *result)
{
    int error = 0;

    if (bide__thread.running != NULL)
        bide__refuse_forked(bide__thread.running->runtime);
    if (bide__thread.running != NULL)
        bide__misuse_blocking(fn->info != NULL ? fn->info->name : "bide_block_on");
    struct bide_runtime *rt = bide__runtime_need(&error);
    if (rt != NULL)
        error = bide__block(rt, fn, args, result);
    if (error != 0)
        bide_fn_fail(fn, error, result);
}

/* ---- async int main ---- */

static void say(const char *text)
{
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
}

static int failed(const char *what, int error)
{
    char text[128];
    snprintf(text, sizeof(text), "bide: %s: %s\n", what, strerror(-error));
    say(text);
    return EXIT_FAILURE;
}

/* For what the user's main returned. A negative result is a negative errno, and is reported. */
static int exit_status(int returned)
{
    char text[160];
    if (returned >= 0)
        return returned;
    int error = returned > INT_MIN ? -returned : INT_MIN;
    const char *name = strerrorname_np(error);
    snprintf(text, sizeof(text), "bide: main returned %d (%s%s%s)\n", returned,
             name != NULL ? name : "", name != NULL ? ": " : "", strerror(error));
    say(text);
    return EXIT_FAILURE;
}

static int stuck(struct bide_runtime *rt)
{
    say("bide: every task waits, and there is nothing left that could wake one:\n");
    bide__dump_to_stderr(rt);
    rt->is_stuck = false;
    return EXIT_FAILURE;
}

static int run_main(struct bide_runtime *rt, const struct bide_fn *fn, const void *args)
{
    int returned = 0;
    int r = bide__block(rt, fn, args, &returned);
    if (rt->is_stuck)
        return stuck(rt);
    return r < 0 ? failed("main", r) : exit_status(returned);
}

int bide__main(const struct bide_fn *fn, const void *args)
{
    return bide__main_on(BIDE_CURRENT_THREAD, fn, args);
}

_Static_assert((int)BIDE__MAIN_MULTI_THREAD == (int)BIDE_MULTI_THREAD &&
                   (int)BIDE__MAIN_THREAD_PER_CORE == (int)BIDE_THREAD_PER_CORE,
               "abi.h has other flavours than runtime.h");

int bide__main_on(uint32_t flavour, const struct bide_fn *fn, const void *args)
{
    const struct bide_runtime_options options = {.flavour = (enum bide_flavour)flavour};
    struct bide_runtime *rt;

    if (fn->result_size > sizeof(int))
        return failed("main", -EINVAL);
    int r = bide__runtime_new_here(&options, &rt);
    if (r < 0)
        return failed("cannot start", r);
    rt->is_program = true;
    if (rt->worker->core != NULL)
        bide__cores_pin(rt);
    bide_runtime_enter(rt);
    bide__quit_signal_begin(rt);
    int status = run_main(rt, fn, args);
    if (bide__runtime_forked(rt))
        return status; /* in a child: the tasks are the parent's */
    if (atomic_load_explicit(&rt->has_left, memory_order_relaxed))
        return status; /* nothing ends what is left, and that has been reported */
    r = bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT);
    bide__quit_signal_end(rt);
    if (r < 0) {
        failed("shutdown", r);
        bide__dump_to_stderr(rt);
        return status;
    }
    /* If something that belongs to it is still open, it is left to the end of the process. */
    bide_runtime_free(rt);
    return status;
}
