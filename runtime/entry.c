/*
 * entry.c: the ways into an executor: to block on a call, and `async int main`.
 */
#include "runtime/trace/trace.h"

#include <bide/abi.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static void say(const char *text)
{
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
}

void bide__misuse_blocking(const char *name)
{
    char text[256];
    snprintf(
        text, sizeof(text),
        "bide: %s: a blocking call on a thread that is running an executor; await it instead\n",
        name);
    say(text);
    abort();
}

int bide__block(struct bide_runtime *rt, const struct bide_fn *fn, const void *args, void *result)
{
    int error = 0;
    bide__refuse_forked(rt);
    struct bide__task *task = bide__task_new(rt, NULL, fn, args, &error);
    if (task == NULL) {
        bide__args_release(fn, args);
        return error;
    }
    bide__thread.running = rt;
    error = bide__run(rt, task, INT64_MAX);
    if (error == 0)
        error = task->end.error;
    if (error == 0 && result != NULL)
        bide__copy_result(result, task);
    bide__task_let_go(rt, task);
    bide__thread.running = NULL;
    return error;
}

void bide__block_on(const struct bide_fn *fn, const void *args, void *result)
{
    int error = 0;

    if (bide__thread.running != NULL)
        bide__refuse_forked(bide__thread.running);
    if (bide__thread.running != NULL)
        bide__misuse_blocking(fn->info != NULL ? fn->info->name : "bide_block_on");
    struct bide_runtime *rt = bide__runtime_need(&error);
    if (rt != NULL)
        error = bide__block(rt, fn, args, result);
    if (error != 0)
        bide_fn_fail(fn, result, error);
}

/* ---- async int main ---- */

static void write_stderr(void *argument, const char *text, size_t size)
{
    (void)argument;
    (void)bide__door.write(STDERR_FILENO, text, size);
}

void bide__dump_to_stderr(const struct bide_runtime *rt)
{
    bide_runtime_dump(rt, write_stderr, NULL);
}

static int failed(const char *what, int error)
{
    char text[128];
    snprintf(text, sizeof(text), "bide: %s: %s\n", what, strerror(-error));
    say(text);
    return EXIT_FAILURE;
}

/* What the user's main returned. A negative errno, as everything here returns one, is said. */
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
    struct bide_runtime *rt;

    if (fn->result_size > sizeof(int))
        return failed("main", -EINVAL);
    int r = bide_runtime_new(&rt, NULL);
    if (r < 0)
        return failed("cannot start", r);
    rt->is_program = true;
    bide_runtime_enter(rt);
    bide__quit_signal_begin(rt);
    int status = run_main(rt, fn, args);
    if (bide__runtime_forked(rt))
        return status; /* in a child: the tasks are its parent's */
    r = bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT);
    bide__quit_signal_end(rt);
    if (r < 0) {
        failed("shutdown", r);
        bide__dump_to_stderr(rt);
        return status;
    }
    /* It stays where something that it owns is still open, for the process to end. */
    bide_runtime_free(rt);
    return status;
}
