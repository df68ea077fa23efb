/*
 * Several runtimes in a process: entered one after another and in each other, on several threads,
 * freed in any order; the runtime that a thread has of its own.
 */
#include "runtime/thread.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

static bide_runtime *new_runtime(void)
{
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    return rt;
}

static void end_runtime(bide_runtime *rt)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* The runtime on which it runs. */
static async void *where(void)
{
    await bide_yield();
    return bide__runtime_running();
}

static async int counts(int *counter, int to)
{
    while (*counter < to) {
        ++*counter;
        await bide_yield();
    }
    return 0;
}

TEST(enter_returns_what_was_entered_before)
{
    bide_runtime *a = new_runtime(), *b = new_runtime();
    CHECK(bide_runtime_enter(a) == NULL);
    CHECK(bide_block_on(where()) == a);
    CHECK(bide_runtime_enter(b) == a);
    CHECK(bide_block_on(where()) == b);
    CHECK(bide_runtime_enter(a) == b);
    CHECK(bide_block_on(where()) == a);
    CHECK(bide_runtime_enter(NULL) == a);
    bide_runtime *own = bide_block_on(where());
    CHECK(own != NULL && own != a && own != b);
    CHECK(bide_runtime_enter(b) == NULL);
    end_runtime(a);
    end_runtime(b);
    /* b is gone, so the thread is back on its own. */
    CHECK(bide_block_on(where()) == own);
}

TEST(the_tasks_of_a_runtime_run_only_while_a_thread_blocks_on_it)
{
    bide_runtime *a = new_runtime(), *b = new_runtime();
    static int of_a, of_b;
    bide_runtime_enter(a);
    bide_task_detach(bide_spawn(counts(&of_a, 1000)));
    bide_runtime_enter(b);
    bide_task_detach(bide_spawn(counts(&of_b, 1000)));
    bide_block_on(bide_yield());
    CHECK_EQ(of_a, 0);
    CHECK(of_b > 0 && of_b < 1000);
    int before = of_b;
    bide_runtime_enter(a);
    while (bide_runtime_tasks(a) > 0)
        bide_block_on(bide_yield());
    CHECK_EQ(of_a, 1000);
    CHECK_EQ(of_b, before);
    CHECK_EQ(bide_runtime_tasks(b), 1);
    bide_runtime_enter(b);
    while (bide_runtime_tasks(b) > 0)
        bide_block_on(bide_yield());
    CHECK_EQ(of_b, 1000);
    end_runtime(b);
    end_runtime(a);
}

static async void sleeps_for_ever(void)
{
    await bide_sleep(BIDE_S(1000000));
}

static async int waits_for(bide_task(void) * h)
{
    return await bide_task_wait(*h);
}

TEST(a_task_is_joined_on_its_own_runtime_and_aborted_on_any)
{
    bide_runtime *a = new_runtime(), *b = new_runtime();
    bide_runtime_enter(a);
    bide_task(void) h = bide_spawn(sleeps_for_ever());
    bide_runtime_enter(b);
    CHECK_ERR(bide_block_on(waits_for(&h)), -EXDEV);
    bide_task_abort(h);
    bide_block_on(bide_yield());
    CHECK_EQ(bide_task_finished(h), 0);
    bide_runtime_enter(a);
    CHECK_ERR(bide_block_on(waits_for(&h)), -ECANCELED);
    bide_task_detach(h);
    end_runtime(a);
    end_runtime(b);
}

/* ---- freed in any order ---- */

TEST(they_are_freed_in_any_order)
{
    enum { COUNT = 5 };
    static const int orders[][COUNT] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 0, 4, 1, 3}};
    bide_test_watch();
    for (int o = 0; o < 3; o++) {
        bide_runtime *rt[COUNT];
        bide_task(void) h[COUNT];
        for (int i = 0; i < COUNT; i++) {
            rt[i] = new_runtime();
            bide_runtime_enter(rt[i]);
            h[i] = bide_spawn(sleeps_for_ever());
            bide_block_on(bide_yield());
        }
        for (int i = 0; i < COUNT; i++) {
            int n = orders[o][i];
            CHECK_ERR(bide_runtime_free(rt[n]), -EBUSY);
            end_runtime(rt[n]);
            CHECK_EQ(bide_task_finished(h[n]), 1);
            for (int k = i + 1; k < COUNT; k++) {
                bide_runtime_enter(rt[orders[o][k]]);
                CHECK(bide_block_on(where()) == rt[orders[o][k]]);
            }
        }
        for (int i = 0; i < COUNT; i++)
            bide_task_detach(h[i]);
        bide_runtime_enter(NULL);
    }
    CHECK_EQ(bide_test_calls("alloc"), bide_test_calls("free"));
    CHECK_EQ(bide_test_calls("epoll_create1") + bide_test_calls("eventfd"),
             bide_test_calls("close"));
}

/* ---- on several threads ---- */

enum { THREADS = 4, ROUNDS = 200 };

static int one(void)
{
    return 1;
}

static async int sums(int n)
{
    int sum = 0, a = 0, b = 0;
    for (int i = 0; i < n; i++) {
        await bide_join(a = bide_blocking(one()), b = counts(&(int){0}, 3));
        sum += a + b;
    }
    int r = await bide_sleep(BIDE_US(10));
    return r < 0 ? r : sum;
}

/* Half of the threads enter a runtime that they make, half use their own. */
static void *use_a_runtime(void *unused)
{
    static atomic_int threads;
    bide_runtime *rt = NULL;
    if (threads++ % 2 == 0) {
        rt = new_runtime();
        CHECK(bide_runtime_enter(rt) == NULL);
    }
    for (int i = 0; i < 5; i++)
        CHECK_EQ(bide_block_on(sums(ROUNDS / 5)), ROUNDS / 5);
    bide_runtime *here = bide_block_on(where());
    CHECK(rt == NULL ? here == bide__thread.own : here == rt);
    if (rt != NULL) {
        end_runtime(rt);
        CHECK(bide__thread.own == NULL);
    }
    return unused;
}

TEST_LIMIT(each_thread_uses_one_at_the_same_time, 20)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, use_a_runtime, NULL), 0);
    use_a_runtime(NULL);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(thread[i], NULL), 0);
}

struct baton {
    bide_runtime *rt;
    int counter;
};

static void *takes_over(void *argument)
{
    struct baton *baton = argument;
    CHECK(bide_runtime_enter(baton->rt) == NULL);
    for (int i = 0; i < 10; i++)
        bide_block_on(bide_yield());
    CHECK(bide_block_on(where()) == baton->rt);
    CHECK(bide_runtime_enter(NULL) == baton->rt);
    return NULL;
}

TEST(threads_use_it_one_after_another)
{
    static struct baton baton;
    baton.rt = new_runtime();
    bide_runtime_enter(baton.rt);
    bide_task(int) h = bide_spawn(counts(&baton.counter, 1000000));
    bide_runtime_enter(NULL);
    int before = 0;
    for (int i = 0; i < 5; i++) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, takes_over, &baton), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK(baton.counter > before);
        before = baton.counter;
    }
    end_runtime(baton.rt);
    CHECK(baton.counter < 1000000);
    bide_task_detach(h);
}

/* ---- a thread's own ---- */

static atomic_int undone;

static async void tells_its_end(void)
{
    defer {
        undone++;
    }
    await bide_sleep(BIDE_S(1000000));
}

static void *leaves_tasks_behind(void *argument)
{
    bool enters = *(bool *)argument;
    bide_runtime *rt = enters ? new_runtime() : NULL;
    bide_task_detach(bide_spawn(tells_its_end())); /* of its own: none is entered yet */
    bide_block_on(bide_yield());
    if (enters) {
        bide_runtime_enter(rt);
        CHECK(bide_block_on(where()) == rt);
        end_runtime(rt);
    }
    return NULL;
}

TEST(a_thread_that_exits_ends_the_tasks_of_its_own_runtime)
{
    bide_test_watch();
    for (int i = 0; i < 2; i++) {
        bool enters = i == 1;
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, leaves_tasks_behind, &enters), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(undone, i + 1);
    }
    CHECK_EQ(bide_test_calls("alloc"), bide_test_calls("free"));
}
