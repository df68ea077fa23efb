/*
 * Many children: while other threads allocate, killed in the middle of everything, given up by
 * those who wait. None is left as a zombie. With FULL there are more.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "children.h"
#include "full.h"

static int scaled(int few, int many)
{
    return is_full() ? many : few;
}

/* ---- threads that allocate ---- */

static atomic_bool is_over;
static atomic_uint allocations;

static void *allocate(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    void *kept[64] = {NULL};
    while (!is_over) {
        unsigned i = rand_r(&seed) % 64;
        free(kept[i]);
        kept[i] = malloc(1 + rand_r(&seed) % 5000);
        allocations++;
        if (i == 0)
            usleep(100); /* the machine is not theirs alone */
    }
    for (unsigned i = 0; i < 64; i++)
        free(kept[i]);
    return NULL;
}

static async int spawn_one(int number)
{
    bide_process_exit exit;
    const bide_process_options options = {.env = ARGV("ONE=1"), .out = {BIDE_PROCESS_PIPE, 0}};
    int r = await bide_process_run(number % 2 ? ARGV("false") : ARGV("true"), &options, &exit);
    return r < 0 ? r : exit.number == number % 2 ? 0 : -EIO;
}

static async int spawn_many(int count)
{
    for (int i = 0; i < count; i += 10) {
        int error = 0;
        bide_try_scope(s, error) {
            for (int k = 0; k < 10; k++)
                bide_scope_spawn(s, spawn_one(i + k));
        }
        if (error < 0)
            return error;
    }
    return 0;
}

TEST_LIMIT(a_thousand_start_while_eight_threads_allocate, 60)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, allocate, (void *)(i + 1)), 0);
    CHECK_EQ(bide_block_on(spawn_many(scaled(1000, 10000))), 0);
    is_over = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(allocations > 1000);
    CHECK(has_no_child());
}

static void *spawn_in_thread(void *argument)
{
    (void)argument;
    CHECK_EQ(bide_block_on(spawn_many(40)), 0);
    return NULL;
}

TEST_LIMIT(threads_start_children_at_the_same_time, 30)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, spawn_in_thread, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(has_no_child());
}

/* ---- waits that are given up ---- */

static async int wait_in_vain(bide_process *p)
{
    return await bide_process_wait(p, NULL);
}

static async int give_up_one(int waits)
{
    bide_process *p;
    int r = bide_process_spawn(ARGV("sleep", "600"), NULL, &p);
    if (r < 0)
        return r;
    defer {
        bide_process_free(p);
    }
    for (int i = 0; i < waits; i++) {
        bide_task(int) task = bide_spawn(wait_in_vain(p));
        if (i % 2 == 0)
            await bide_yield();
        CHECK_ERR(await bide_task_cancel(task), -ECANCELED);
    }
    return 0;
}

/* Cancels many waits for each child, and then frees it. */
static async int give_up(int children, int waits)
{
    for (int i = 0; i < children; i++) {
        int r = await give_up_one(waits);
        if (r < 0)
            return r;
    }
    return 0;
}

TEST_LIMIT(ten_thousand_cancelled_waits_leave_no_zombie, 120)
{
    CHECK_EQ(bide_block_on(give_up(scaled(100, 10000), scaled(100, 1))), 0);
    check_no_child();
}

static async int run_for_ever(void)
{
    return await bide_process_run(ARGV("sleep", "600"), NULL, NULL);
}

static async int cancel_runs(int count)
{
    for (int i = 0; i < count; i++) {
        bide_task(int) task = bide_spawn(run_for_ever());
        await bide_yield();
        CHECK_ERR(await bide_task_cancel(task), -ECANCELED);
    }
    return 0;
}

TEST_LIMIT(a_run_that_is_cancelled_leaves_no_zombie, 120)
{
    CHECK_EQ(bide_block_on(cancel_runs(scaled(200, 10000))), 0);
    check_no_child();
}

/* ---- the end of the runtime ---- */

static async int spawn_and_leave(int count)
{
    for (int i = 0; i < count; i++) {
        bide_task(int) task = bide_spawn(run_for_ever());
        bide_task_detach(task);
    }
    await bide_sleep(BIDE_MS(20));
    return 0;
}

TEST(the_end_of_the_runtime_ends_the_children)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    CHECK_EQ(bide_block_on(spawn_and_leave(20)), 0);
    CHECK(!has_no_child());
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
    check_no_child();
}

/* ---- kill -9 ---- */

static async int is_killed_while_it_talks(int number)
{
    static char input[100000];
    const bide_collect_options options = {
        .input = input, .input_size = sizeof input, .out_max = SIZE_MAX};
    const bide_process_stdio piped = {BIDE_PROCESS_PIPE, 0};
    const bide_process_options all = {.in = piped, .out = piped, .err = piped};
    bide_process *p;
    int r = bide_process_spawn(SH("tee /dev/stderr; exec yes"), &all, &p);
    if (r < 0)
        return r;
    defer {
        bide_process_free(p);
    }
    bide_task(int) killer = bide_spawn(async({
        await bide_sleep(BIDE_US(200 * (number % 100)));
        bide_process_kill(p, SIGKILL);
        0;
    }));
    bide_output *output = NULL;
    defer {
        bide_output_free(output);
    }
    r = await bide_process_collect(p, &options, &output);
    (void)await bide_task_wait(killer);
    if (r < 0)
        return r;
    return output->exit.kind == BIDE_PROCESS_KILLED && output->exit.number == SIGKILL ? 0 : -EIO;
}

static async int kill_many(int count)
{
    for (int i = 0; i < count; i++) {
        int r = await is_killed_while_it_talks(i);
        if (r < 0)
            return r;
    }
    return 0;
}

TEST_LIMIT(children_are_killed_at_any_moment, 60)
{
    CHECK_EQ(bide_block_on(kill_many(scaled(40, 1000))), 0);
    check_no_child();
}
