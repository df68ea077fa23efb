/*
 * Transitions that cannot happen: in builds with BIDE_CHECK_STATES each ends the program, with a
 * message that names it. And mistakes of a program that would lead to some, and end it in any
 * build.
 */
#include "runtime/task/inside.h"

#include "check.h"

#include <bide/bide.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* True if `run` aborts the process and this is all that it writes to stderr. */
static bool ends(void (*run)(void), const char *line)
{
    int fds[2], status = 0;
    char text[256] = "";
    size_t size = 0;

    CHECK_EQ(pipe(fds), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(fds[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(fds[1]);
    for (ssize_t n; (n = read(fds[0], text + size, sizeof(text) - 1 - size)) > 0;)
        size += (size_t)n;
    close(fds[0]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strcmp(text, line) == 0;
}

static bool breaks(void (*run)(void), const char *message)
{
    char line[256];
    snprintf(line, sizeof(line), "bide: this cannot happen: %s\n", message);
    return ends(run, line);
}

static void need_checks(void)
{
#ifndef BIDE_CHECK_STATES
    SKIP("this build has no such checks");
#endif
}

/* ---- tasks ---- */

static bide__state state;

static void suspends_at_rest(void)
{
    bide__state_init(&state, 0);
    bide__state_suspend(&state);
}

static void begins_twice(void)
{
    bide__state_init(&state, 0);
    bide__state_begin(&state);
    bide__state_wake(&state);
    bide__state_begin(&state);
}

static void begins_unscheduled(void)
{
    bide__state_init(&state, 0);
    bide__state_begin(&state);
    bide__state_suspend(&state);
    bide__state_begin(&state);
}

static void wakes_after_the_end(void)
{
    bide__state_init(&state, 0);
    bide__state_release(&state);
    bide__state_begin(&state);
    bide__state_finish(&state);
    bide__state_wake(&state);
}

static void releases_twice(void)
{
    bide__state_init(&state, 0);
    bide__state_release(&state);
    bide__state_release(&state);
}

TEST(of_a_task)
{
    need_checks();
    CHECK(breaks(suspends_at_rest, "task: suspend: it does not run"));
    CHECK(breaks(begins_twice, "task: begin: it runs already"));
    CHECK(breaks(begins_unscheduled, "task: begin: it is in no queue"));
    CHECK(breaks(wakes_after_the_end, "task: wake: nobody refers to it, it was freed"));
}

/* ---- a handle that two use at once ---- */

static const char twice[] = "bide: a task handle was let go of twice: while a task joins it, no "
                            "other thread may join, drop or move it (see bide/task.h)\n";

static void releases_twice_remote(void)
{
    bide__state_init(&state, 0);
    bide__state_release_remote(&state);
    bide__state_release_remote(&state);
}

static async int sleeps(void)
{
    await bide_sleep(BIDE_S(60));
    return 0;
}

/* As a join and a drop on two workers would, when both have read the variable. */
static async int drops_twice(void)
{
    bide_task(int) task = bide_spawn(sleeps());
    void *handle;
    memcpy(&handle, &task, sizeof handle);
    bide__task_release(handle);
    bide__task_release(handle);
    return 0;
}

static void on_two_workers(void)
{
    bide_runtime_options options = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    bide_block_on(drops_twice());
}

TEST(of_a_handle)
{
    CHECK(ends(releases_twice, twice));
    CHECK(ends(releases_twice_remote, twice));
    CHECK(ends(on_two_workers, twice));
}

/* ---- chains ---- */

static async int one(void)
{
    return 1;
}

/* The task behind the variable of a future. */
static struct bide__task *task_of(const void *future)
{
    struct bide__task *task;
    memcpy(&task, future, sizeof(task));
    return task;
}

static void begins_alive(void)
{
    char room[512];
    struct bide_chain chain;
    bide_future(int) lazy = bide_lazy(one());
    const struct bide__task *task = task_of(&lazy);

    bide_chain_init(&chain, room, sizeof(room), NULL);
    bide_chain_begin(&chain, bide__task_fn(task));
    bide_chain_begin(&chain, bide__task_fn(task));
}

static void cancels_without_a_reason(void)
{
    char room[512];
    struct bide_chain chain;

    bide_chain_init(&chain, room, sizeof(room), NULL);
    bide_chain_cancel(&chain, 0, false);
}

TEST(of_a_chain)
{
    need_checks();
    CHECK(breaks(begins_alive, "chain: begin: it lives already"));
    CHECK(breaks(cancels_without_a_reason, "chain: cancel: no negative errno"));
}

/* ---- futures ---- */

static void ends_before_it_begins(void)
{
    bide_future(int) lazy = bide_lazy(one());
    bide__future_step(bide__runtime_here()->worker, task_of(&lazy), BIDE__END, NULL);
}

TEST(of_a_future)
{
    need_checks();
    CHECK(breaks(ends_before_it_begins, "future: END in FRESH: the table has no such pair"));
}
