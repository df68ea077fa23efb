/*
 * Runtimes with several threads, when memory, threads or descriptors run out: a scenario runs with
 * the 1st, 2nd, ... call failing, and with all from the n-th on. Each time everything that was
 * begun ends, what fails returns an error, and nothing leaks.
 */
#include "check.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wbide-borrow"

static int expected;

/* Returns whether it is as it should be without a failure. */
static bool fine(int result, int value)
{
    if (result == value)
        return true;
    CHECK_ERR(result, expected);
    return false;
}

static async int answer(int n)
{
    await bide_yield();
    return n;
}

static async int sleeps(int n)
{
    int r = await bide_sleep(BIDE_MS(1));
    return r < 0 ? r : n;
}

static int square(int n)
{
    return n * n;
}

static async int adds(atomic_int *sum)
{
    await bide_yield();
    atomic_fetch_add(sum, 1);
    return 0;
}

static async int scope(void)
{
    atomic_int sum = 0;
    bide_scope(s) {
        for (int i = 0; i < 5; i++)
            bide_scope_spawn(s, adds(&sum));
    }
    return sum;
}

static async int deep(int n)
{
    volatile char ballast[2000];
    ballast[n] = 1;
    if (n == 0)
        return await answer(0);
    int r = await deep(n - 1);
    return r < 0 ? r : ballast[n] + r;
}

/* The result is that of the first call that fails, or 0. */
static async int scenario(void)
{
    int first = 0, r = 0, out = 0, a = 0, b = 0;
    bide_task(int) t[3] = {bide_spawn(answer(1)), bide_spawn(sleeps(2)), bide_spawn_low(answer(3))};
    bide_task(int) u = bide_spawn_local(sleeps(4));
    for (int i = 0; i < 3; i++) {
        r = await bide_task_join(t[i], &out);
        if (!(r == 0 ? fine(out, i + 1) : fine(r, 0)))
            first = r < 0 ? r : out;
    }
    bide_task_abort(u);
    bide_task_detach(u);
    bide_future(int) f = bide_lazy(sleeps(5));
    fine(await bide_get(f), 5);
    r = await scope();
    CHECK((r >= 0 && r <= 5) || r == expected);
    fine(await deep(20), 20);
    await bide_join(a = sleeps(1), b = answer(2));
    fine(a, 1);
    fine(b, 2);
    fine(await bide_blocking(square(3)), 9);
    fine(await bide_block_in_place(square(4)), 16);
    return first;
}

static bide_flavour flavour;
static bide_io io;

static void use_all(void)
{
    bide_runtime_options o = {.flavour = flavour, .workers = 2, .io = io};
    bide_runtime *rt;

    if (!fine(bide_runtime_new(&o, &rt), 0)) {
        CHECK(rt == NULL);
        return;
    }
    CHECK(bide_runtime_enter(rt) == NULL);
    fine(bide_block_on(scenario()), 0);
    bide_task(int) left = bide_spawn(sleeps(1));
    if (flavour == BIDE_THREAD_PER_CORE)
        bide_task_detach(bide_spawn_at(1, sleeps(2)));
    bide_task_detach(bide_spawn_on(rt, answer(2)));
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    bide_task_detach(left);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

static void check_nothing_leaked(void)
{
    CHECK_EQ(bide_test_calls("alloc") - (int64_t)bide_test_failed("alloc"),
             bide_test_calls("free"));
    CHECK_EQ(bide_test_calls("epoll_create1") + bide_test_calls("eventfd") -
                 (int64_t)bide_test_failed("epoll_create1") - (int64_t)bide_test_failed("eventfd"),
             bide_test_calls("close"));
    CHECK_EQ(bide_test_calls("thread_create") - (int64_t)bide_test_failed("thread_create"),
             bide_test_calls("thread_join"));
}

static unsigned fail_each(const char *call, int error, unsigned count)
{
    for (unsigned nth = 1;; nth++) {
        expected = error;
        bide_test_watch();
        CHECK_EQ(bide_test_fail(call, nth, error, count), 0);
        use_all();
        check_nothing_leaked();
        bool was_last = bide_test_failed(call) == 0;
        bide_test_fail(call, 0, 0, 0);
        if (was_last)
            return nth - 1;
    }
}

static void each_fails(bide_flavour of, bide_io on)
{
    flavour = of;
    io = on;
    CHECK(fail_each("alloc", -ENOMEM, 1) > 8);
    CHECK(fail_each("alloc", -ENOMEM, 0) > 8);
    CHECK(fail_each("thread_create", -EAGAIN, 1) > 1);
    CHECK(fail_each("thread_create", -EAGAIN, 0) > 1);
    CHECK(fail_each("eventfd", -ENFILE, 1) > 0);
    CHECK(fail_each("getrandom", -EAGAIN, 1) > 0);
    fail_each("sched_getaffinity", -EINVAL, 1);
    fail_each("sched_setaffinity", -EINVAL, 0);
}

static void each_fails_on_epoll(bide_flavour of)
{
    each_fails(of, BIDE_IO_EPOLL);
    CHECK(fail_each("epoll_create1", -EMFILE, 1) > 0);
    CHECK(fail_each("epoll_ctl", -ENOSPC, 1) > 0);
}

static void each_fails_on_io_uring(bide_flavour of)
{
    bide_runtime_options o = {.io = BIDE_IO_URING};
    bide_runtime *rt;
    int r = bide_runtime_new(&o, &rt);

    if (r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP)
        check_skip("no io_uring here");
    CHECK_EQ(r, 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    each_fails(of, BIDE_IO_URING);
    CHECK(fail_each("io_uring_queue_init_params", -EMFILE, 1) > 0);
    fail_each("io_uring_register", -ENOMEM, 1);
    CHECK(fail_each("io_uring_submit_and_wait_timeout", -EAGAIN, 3) > 0);
}

TEST_LIMIT(multi_thread_without_one_of_them, 120)
{
    each_fails_on_epoll(BIDE_MULTI_THREAD);
}

TEST_LIMIT(thread_per_core_without_one_of_them, 120)
{
    each_fails_on_epoll(BIDE_THREAD_PER_CORE);
}

TEST_LIMIT(multi_thread_with_rings_without_one_of_them, 120)
{
    each_fails_on_io_uring(BIDE_MULTI_THREAD);
}

TEST_LIMIT(thread_per_core_with_rings_without_one_of_them, 120)
{
    each_fails_on_io_uring(BIDE_THREAD_PER_CORE);
}
