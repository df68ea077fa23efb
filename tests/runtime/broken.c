/*
 * Transitions that cannot happen: in builds with BIDE_CHECK_STATES each ends the program, with a
 * message that names it.
 */
#include "runtime/task/inside.h"

#include "check.h"

#include <bide/bide.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* True if `run` aborts the process and the last thing that it writes to stderr is `message`. */
static bool breaks(void (*run)(void), const char *message)
{
    int fds[2], status = 0;
    char text[256] = "", line[256];
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
    snprintf(line, sizeof(line), "bide: this cannot happen: %s\n", message);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strcmp(text, line) == 0;
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
    CHECK(breaks(releases_twice, "task: release: it has no handle"));
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
