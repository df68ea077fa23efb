/*
 * Tasks of low priority: they run when no other task is ready, and now and then although others
 * are.
 */
#include "check.h"

#include "runtime/task/task.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>

static char journal[64];
static unsigned written;
static bool stop;
static unsigned polls, low_polls, gap, gap_max;

static async void note(char c, int times)
{
    for (int i = 0; i < times; i++) {
        journal[written++] = c;
        await bide_yield();
    }
}

/* Always ready. */
static async void busy(void)
{
    while (!stop) {
        polls++;
        gap++;
        await bide_yield();
    }
}

/* Counts the polls between two of its own, or of its like. */
static async void low(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        if (gap > gap_max && low_polls > 0)
            gap_max = gap;
        gap = 0;
        low_polls++;
        await bide_yield();
    }
    stop = true;
}

static async int stops_after(bide_duration d)
{
    int r = await bide_sleep(d);
    stop = true;
    return r;
}

static async void nothing(void)
{
}

static async int settle(void)
{
    return await bide_sleep(BIDE_MS(1));
}

TEST(other_tasks_run_first)
{
    bide_spawn_low(note('l', 2));
    bide_spawn(note('a', 3));
    bide_spawn_low(note('m', 2));
    bide_spawn(note('b', 2));
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(settle()), 0);
    CHECK_STR(journal, "ababalmlm");
}

TEST(beside_busy_tasks_one_of_61_polls_is_of_one)
{
    for (int i = 0; i < 10; i++)
        bide_spawn(busy());
    bide_spawn_low(low(100));
    bide_block_on(busy());
    CHECK_EQ(low_polls, 100);
    CHECK(gap_max < BIDE__TURNS);
    CHECK(polls > 90 * (BIDE__TURNS - 1)); /* and hardly more than that */
}

TEST(several_share_these_polls_in_their_order)
{
    for (int i = 0; i < 3; i++)
        bide_spawn_low(low(100));
    bide_block_on(busy());
    CHECK(low_polls >= 298 && low_polls <= 300);
    CHECK(gap_max < BIDE__TURNS);
}

TEST(many_short_runs_do_not_starve_them)
{
    unsigned runs = 0;
    bide_spawn_low(low(10));
    while (!stop) {
        bide_block_on(nothing());
        runs++;
    }
    CHECK(runs <= 11 * BIDE__TURNS);
}

TEST(timers_fire_beside_busy_ones)
{
    bide_spawn_low(busy());
    CHECK_EQ(bide_block_on(stops_after(BIDE_MS(2))), 0);
    CHECK(polls > 1);
}

/* ---- what a task can do, one of low priority can too ---- */

static async int waits(void)
{
    return await bide_sleep(BIDE_S(1000000));
}

static async int answer(int n)
{
    await bide_yield();
    return n;
}

static async int joined(int n)
{
    int out = 0;
    bide_task(int) h = bide_spawn_low(answer(n));
    int r = await bide_task_join(h, &out);
    return r < 0 ? r : out;
}

static async int aborted(void)
{
    int out = 0;
    bide_task(int) h = bide_spawn_low(waits()), early = bide_spawn_low(waits());
    bide_task_abort(early);
    CHECK_ERR(await bide_task_join(early, &out), -ECANCELED);
    bide_task_abort(h);
    return await bide_task_join(h, &out);
}

TEST(they_are_joined_and_aborted)
{
    CHECK_EQ(bide_block_on(joined(4)), 4);
    CHECK_ERR(bide_block_on(aborted()), -ECANCELED);
    CHECK_EQ(bide__thread.own->hub->tasks.blocks, 0);
}

TEST(shutdown_ends_them_also_by_force)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    for (int i = 0; i < 10; i++) {
        bide_spawn_low(waits());
        bide_spawn_low(answer(i));
    }
    bide_block_on(nothing());
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_NS(0)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* ---- wakes of other threads ---- */

static bide_notify bell;
static _Atomic int rung;

static async int hears(int times)
{
    int r = 0;
    for (int i = 0; i < times && r == 0; i++) {
        r = await bide_notify_wait(&bell);
        rung++;
    }
    return r;
}

static void *rings(void *times)
{
    for (int i = 0; i < *(int *)times; i++) {
        bide_notify_one(&bell);
        while (rung <= i)
            sched_yield();
    }
    return NULL;
}

static async int heard(int times)
{
    int out = 0;
    bide_task(int) h = bide_spawn_low(hears(times));
    int r = await bide_task_join(h, &out);
    return r < 0 ? r : out;
}

TEST_LIMIT(other_threads_wake_them, 30)
{
    pthread_t thread;
    int times = 200;
    CHECK_EQ(pthread_create(&thread, NULL, rings, &times), 0);
    CHECK_EQ(bide_block_on(heard(times)), 0);
    pthread_join(thread, NULL);
    CHECK_EQ(rung, times);
}
