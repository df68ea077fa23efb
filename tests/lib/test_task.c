/*
 * Tasks polled by hand (bide/test.h): what wakes them, who holds their wakers, results, requests to
 * cancel, frames that outgrow the task; inside a runtime and outside any.
 */
#define BIDE_TEST_NO_MAIN
#include <bide/bide.h>
#include <bide/test.h>

#include <errno.h>
#include <pthread.h>

#include "check.h"
#include "failing.h"

static bide_notify notify;
static int cleaned;

static bide_test_task *begin(bide_async_fn(int, void *) function, void *argument)
{
    bide_test_task *task = NULL;
    CHECK_EQ(bide_test_task_new(function, argument, &task), 0);
    return task;
}

static async int waits(void *argument)
{
    int *count = argument;
    defer {
        cleaned++;
    }
    for (int i = 0; i < *count; i++) {
        int r = await bide_notify_wait(&notify);
        if (r < 0)
            return r;
    }
    return *count;
}

TEST(it_is_woken_and_counts)
{
    int count = 2;
    bide_test_task *task = begin(bide_ref(waits), &count);
    CHECK_EQ(bide_test_task_wakes(task), 0);
    bide_check_pending(task);
    CHECK_EQ(bide_test_task_wakes(task), 0);
    bide_check_pending(task); /* without a wake */
    bide_notify_one(&notify);
    CHECK_EQ(bide_test_task_wakes(task), 1);
    bide_check_pending(task);
    CHECK_EQ(bide_test_task_wakes(task), 0);
    bide_notify_all(&notify);
    bide_check_ready(task, 2);
    CHECK_EQ(bide_test_task_wakers(task), 0);
    CHECK_EQ(cleaned, 1);
    bide_test_task_free(task);
    bide_test_task_free(NULL);
}

TEST(what_never_began_is_only_begun_to_be_cancelled)
{
    int count = 1;
    bide_test_task_free(begin(bide_ref(waits), &count));
    CHECK_EQ(cleaned, 1);
}

TEST(a_request_is_delivered_by_the_next_poll)
{
    int count = 1;
    bide_test_task *task = begin(bide_ref(waits), &count);
    bide_check_pending(task);
    bide_test_task_cancel(task);
    CHECK_EQ(cleaned, 0);
    bide_check_ready(task, -ECANCELED);
    CHECK_EQ(cleaned, 1);
    bide_test_task_free(task);
    /* The wait has left the queue. */
    bide_notify_one(&notify);
    CHECK_EQ(bide_block_on(bide_notify_wait(&notify)), 0);
}

static async int cleans_up(void *argument)
{
    defer {
        await bide_notify_wait(&notify);
        cleaned++;
    }
    return await waits(argument);
}

TEST(a_free_ends_also_what_cleans_up)
{
    int count = 1;
    bide_test_task *task = begin(bide_ref(cleans_up), &count);
    bide_check_pending(task);
    bide_test_task_cancel(task);
    bide_check_pending(task); /* its deferred block waits */
    bide_test_task_free(task);
    CHECK_EQ(cleaned, 2);
}

/* ---- wakers ---- */

static void *notify_soon(void *argument)
{
    bide_notify_one(&notify);
    return argument;
}

TEST(another_thread_may_wake_it)
{
    int count = 1;
    pthread_t thread;
    bide_test_task *task = begin(bide_ref(waits), &count);
    bide_check_pending(task);
    CHECK_EQ(pthread_create(&thread, NULL, notify_soon, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(bide_test_task_wakes(task), 1);
    bide_check_ready(task, 1);
    bide_test_task_free(task);
}

/* ---- where it runs ---- */

static async int sleeps(void *argument)
{
    (void)argument;
    return await bide_sleep(BIDE_S(5));
}

TEST(outside_a_runtime_there_is_no_timer)
{
    bide_test_task *task = begin(bide_ref(sleeps), NULL);
    bide_check_ready(task, -ENXIO);
    bide_test_task_free(task);
}

static async int by_hand(void)
{
    bide_test_task *task = begin(bide_ref(sleeps), NULL);
    bide_check_pending(task);
    await bide_sleep(BIDE_S(4));
    CHECK_EQ(bide_test_task_wakes(task), 0);
    bide_check_pending(task);
    await bide_sleep(BIDE_S(2));
    CHECK_EQ(bide_test_task_wakes(task), 1);
    bide_check_ready(task, 0);
    bide_test_task_free(task);
    task = begin(bide_ref(sleeps), NULL);
    bide_check_pending(task);
    bide_test_task_free(task); /* its timer goes with it */
    await bide_sleep(BIDE_S(10));
    return 0;
}

TEST(inside_a_runtime_its_timers_wake_it)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(by_hand()), 0);
}

static async int yields(void *argument)
{
    (void)argument;
    await bide_yield();
    return 3;
}

static async int yields_by_hand(void)
{
    bide_test_task *task = begin(bide_ref(yields), NULL);
    bide_check_pending(task);
    CHECK_EQ(bide_test_task_wakes(task), 1);
    bide_check_ready(task, 3);
    bide_test_task_free(task);
    return 0;
}

TEST(a_yield_wakes_it_and_not_the_test)
{
    CHECK_EQ(bide_block_on(yields_by_hand()), 0);
}

/* ---- groups, and many frames ---- */

static async int joins(void *argument)
{
    int a = 0, b = 0;
    await bide_join(a = waits(argument), b = waits(argument));
    return a + b;
}

TEST(branches_are_woken_too)
{
    int count = 1;
    bide_test_task *task = begin(bide_ref(joins), &count);
    bide_check_pending(task);
    bide_notify_one(&notify);
    bide_check_pending(task);
    bide_notify_one(&notify);
    bide_check_ready(task, 2);
    bide_test_task_free(task);
}

static async int deep(int n)
{
    return n > 0 ? 1 + await deep(n - 1) : await bide_notify_wait(&notify);
}

static async int deeper(void *argument)
{
    return await deep(*(int *)argument);
}

static async int free_in_runtime(bide_test_task *task)
{
    bide_test_task_free(task);
    await bide_yield();
    return 0;
}

TEST(frames_that_outgrow_it_come_from_the_heap)
{
    int depth = 2000;
    bide_test_task *task = begin(bide_ref(deeper), &depth);
    bide_check_pending(task);
    bide_notify_one(&notify);
    bide_check_ready(task, 2000);
    bide_test_task_free(task);
    task = begin(bide_ref(deeper), &depth);
    bide_check_pending(task);
    CHECK_EQ(bide_block_on(free_in_runtime(task)), 0);
}

TEST(without_memory_a_call_is_unwound)
{
    int depth = 2000;
    bide_test_task *task = begin(bide_ref(deeper), &depth);
    CHECK_EQ(bide_test_fail("alloc", 1, -ENOMEM, 0), 0);
    bide_check_ready(task, -ENOMEM);
    CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
    bide_test_task_free(task);
}

static bide_test_task *made;

static int construct(void)
{
    int r = bide_test_task_new(bide_ref(yields), NULL, &made);
    CHECK(r == 0 || made == NULL);
    return r;
}

static void destroy(void)
{
    bide_test_task_free(made);
}

TEST(without_memory_there_is_no_task)
{
    CHECK_EQ(fails_everywhere(construct, destroy), 1);
}
