/*
 * How a worker writes down its tasks for a console (runtime/trace/census.c) beside what goes on: a
 * runtime that ends in the middle of a walk, and a round of polls that take long.
 */
#define _GNU_SOURCE
#define CONSOLE_SOCKET "census.socket"
#include "console_client.h"

#include "runtime/leaf.h"
#include "runtime/task/gauge.h"
#include "runtime/trace/census.h"

static bide_notify go_on;

/* ---- a runtime ends in the middle of a walk ---- */

/* So many, each so deep, that to tell of them takes more than a few slices, and few enough that
 * they end in one round. */
enum { TASKS = 50, DEPTH = 200 };

static async void waits_below(int depth)
{
    if (depth > 0)
        await waits_below(depth - 1);
    else
        await bide_notify_wait(&go_on);
}

static async int is_asked_at_the_end(void)
{
    for (int i = 0; i < TASKS; i++)
        bide_task_detach(bide_spawn(waits_below(DEPTH)));
    await bide_yield();
    bide__question_put(bide__thread.running, bide__question_new());
    await bide_yield();
    return 0;
}

/* Nothing of the walk is left: neither its memory, nor the chunk that it holds. The address
 * sanitizer looks for them. */
TEST_LIMIT(a_runtime_ends_in_the_middle_of_a_walk, 120)
{
    bool is_in_the_middle = false;
    while (!is_in_the_middle) {
        bide_runtime *rt;
        CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
        bide_runtime_enter(rt);
        CHECK_EQ(bide_block_on(is_asked_at_the_end()), 0);
        CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
        is_in_the_middle = rt->worker->census != NULL;
        bide_runtime_enter(NULL);
        CHECK_EQ(bide_runtime_free(rt), 0);
    }
}

/* ---- a round of polls that take long ---- */

enum { SLOW = 40, ROUNDS = 3 };

static int asked_by = -1, polls_since;

static void compute(int64_t ns)
{
    int64_t end_ns = bide__door_real.clock() + ns;
    while (bide__door_real.clock() < end_ns)
        ;
}

/* In the last round one of them is asked, and the others look for how long that is left. */
static async void is_slow(int i)
{
    struct bide__worker *w = bide__thread.running;
    for (int round = 0; round < ROUNDS; round++) {
        compute(INT64_C(1100000));
        if (asked_by >= 0 && bide__census_is_due(w))
            polls_since++;
        if (round == ROUNDS - 1 && asked_by < 0) {
            asked_by = i;
            bide__question_put(w, bide__question_new());
        }
        await bide_yield();
    }
}

static async int is_asked_in_a_round(void)
{
    int fd = attach(path);
    free(await bide_blocking(ask(fd)));
    bide_scope(s) {
        for (int i = 0; i < SLOW; i++)
            bide_scope_spawn(s, is_slow(i));
    }
    CHECK(asked_by >= 0);
    CHECK(polls_since < SLOW / 2); /* a slice after each of them, and a few slices make a walk */
    close(fd);
    return 0;
}

ON(a_round_of_long_polls_ends_early, 60, BIDE_CURRENT_THREAD, 1, is_asked_in_a_round)
