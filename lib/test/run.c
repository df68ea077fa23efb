/*
 * lib/test/run.c: one test in this process.
 *
 * The test has a runtime of its own, with a stopped clock unless it asks for real time. When its
 * body has ended, tasks that are still ready get SETTLE_YIELDS turns: a task that was just aborted,
 * or that has its answer already, is not left behind. They end without a move of the clock, since
 * what settles is always ready. A call on the blocking pool will come to its end, so that is waited
 * for: the clock does not move meanwhile either, and then by PAUSE_NS.
 *
 * The runtime counts as that of a program: when everything waits and nothing can wake a task, the
 * body returns -EDEADLK. It has the signal SIGQUIT, by which the process that waits for the test's
 * limit asks for a dump.
 */
#include "lib/async.h"

#include "runtime/schedule/schedule.h"
#include "runtime/trace/trace.h"

#include "lib/test/test.h"

#include <bide/task.h>
#include <bide/time.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SETTLE_YIELDS = 100, SETTLE_ROUNDS = 50, PAUSE_NS = 1, SHUTDOWN_S = 10 };

static _Atomic uint64_t random_state;

/* splitmix64: every state gives a good number, also neighbours. */
uint64_t bide_test_random(void)
{
    uint64_t z = atomic_fetch_add(&random_state, UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void fail(const struct bide__test *test, const char *what, int error)
    __attribute__((noreturn));

static void fail(const struct bide__test *test, const char *what, int error)
{
    fprintf(stderr, "%s:%u: %s: %s", test->file, test->line, test->name, what);
    if (error < 0)
        fprintf(stderr, ": %s", strerror(-error));
    fputc('\n', stderr);
    bide__test_end_failed();
}

/* ---- the body ---- */

/* It is the task itself, so that what names the task that runs, or does not end, names the test. */
static void run_body(const struct bide__test *test, struct bide_runtime *rt)
{
    const struct bide_fn *body = (const struct bide_fn *)(const void *)test->body;
    int r = bide__block(rt, body, NULL, NULL);
    if (rt->is_stuck) {
        fprintf(stderr, "every task waits, and there is nothing left that could wake one:\n");
        bide__dump_to_stderr(rt);
        fail(test, "it cannot go on", 0);
    }
    if (r < 0)
        fail(test, "it was unwound", r);
}

/* ---- what is left ---- */

static bool pool_is_busy(void)
{
    bide_runtime_metrics m = {0};
    (void)bide_runtime_metrics_read(bide_runtime_current(), &m);
    return m.blocking_queued > 0 || m.blocking_threads > m.blocking_idle;
}

static bide_async int settle(void)
{
    for (int i = 0; i < SETTLE_YIELDS && bide__tasks_count(bide_task_id()) > 0; i++) {
        bide_await bide_yield();
        while (pool_is_busy())
            bide_await bide_sleep(BIDE_NS(PAUSE_NS));
    }
    return 0;
}

static void check_tasks(const struct bide__test *test, const struct bide_runtime *rt)
{
    for (int i = 0; i < SETTLE_ROUNDS && bide__tasks_count(0) > 0; i++)
        (void)bide_block_on(settle());
    if (bide__tasks_print(rt) == 0)
        return;
    fprintf(stderr, "what they wait for:\n");
    bide__dump_to_stderr(rt);
    fail(test, "it left tasks behind", 0);
}

static void end_runtime(const struct bide__test *test, struct bide_runtime *rt)
{
    int r = bide_runtime_shutdown(rt, BIDE_S(SHUTDOWN_S));
    if (r < 0) {
        bide__dump_to_stderr(rt);
        fail(test, "its runtime does not end", r);
    }
    r = bide_runtime_free(rt);
    if (r < 0)
        fail(test, "it left a stream, a listener or a future open", r);
}

/* ---- the test ---- */

void bide__test_body(const struct bide__test *test)
{
    bide_runtime_options options = {0};
    struct bide_runtime *rt;

    if (test->options.runtime != NULL)
        options = *test->options.runtime;
    options.seed = bide__test_run.seed;
    options.start_paused = false;
    bide__tasks_watch(&options);
    random_state = bide__test_run.seed;
    bide_test_reset();
    if (!test->options.real_time)
        bide_test_time_virtual();
    int r = bide_runtime_new(&options, &rt);
    if (r < 0)
        fail(test, "it has no runtime", r);
    rt->is_program = true;
    bide_runtime_enter(rt);
    bide__quit_signal_begin(rt);
    run_body(test, rt);
    check_tasks(test, rt);
    bide__quit_signal_end(rt);
    bide_runtime_enter(NULL);
    end_runtime(test, rt);
    bide_test_reset();
}
