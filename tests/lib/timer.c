/*
 * Timers that can be reset, time limits, and what time has to do with fairness. Time is virtual.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>

#include "check.h"

#include "runtime/door/door.h"

static bide_timer timer;
static bide_instant start;
static int ended;

static async int wait_for_timer(void)
{
    int n = await bide_timer_wait(&timer);
    ended++;
    return n;
}

static async int join_timer(bide_task(int) task)
{
    int n = 1;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    return n;
}

static void begin(bide_duration after)
{
    bide_test_time_virtual();
    start = bide_now();
    timer = bide_timer_after(after);
}

/* ---- timers ---- */

TEST(a_timer_ends_at_its_deadline)
{
    begin(BIDE_MS(30));
    CHECK_EQ(bide_timer_deadline(&timer).ns, start.ns + 30000000);
    CHECK_EQ(bide_timer_elapsed(&timer), 0);
    CHECK_EQ(bide_block_on(bide_timer_wait(&timer)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 30000000);
    CHECK_EQ(bide_timer_elapsed(&timer), 1);
    CHECK_EQ(bide_block_on(bide_timer_wait(&timer)), 0); /* at once */
    CHECK_EQ(bide_elapsed(start).ns, 30000000);
    timer = bide_timer_at(bide_instant_add(start, BIDE_MS(50)));
    CHECK_EQ(bide_block_on(bide_timer_wait(&timer)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 50000000);
}

/* In static memory, and all zeroes: elapsed, also when the clock has only begun. */
TEST(a_fresh_timer_has_elapsed)
{
    static bide_timer fresh = BIDE_TIMER_INIT, zero;

    bide_test_time_virtual();
    start = bide_now();
    CHECK_EQ(bide_timer_elapsed(&fresh), 1);
    CHECK_EQ(bide_timer_elapsed(&zero), 1);
    CHECK_EQ(bide_block_on(bide_timer_wait(&fresh)), 0);
    CHECK_EQ(bide_block_on(bide_timer_wait(&zero)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    bide_timer_reset(&fresh, BIDE_MS(5));
    CHECK_EQ(bide_block_on(bide_timer_wait(&fresh)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 5000000);
}

static async int put_off(void)
{
    bide_task(int) task = bide_spawn(wait_for_timer());
    for (int i = 0; i < 5; i++) {
        await bide_sleep(BIDE_MS(20));
        bide_timer_reset(&timer, BIDE_MS(30));
        CHECK_EQ(ended, 0);
    }
    CHECK_EQ(await join_timer(bide_move(task)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 130000000);
    return 0;
}

TEST(a_timer_is_put_off_while_somebody_waits)
{
    begin(BIDE_MS(30));
    CHECK_EQ(bide_block_on(put_off()), 0);
}

static async int bring_forward(void)
{
    bide_task(int) task = bide_spawn(wait_for_timer());
    await bide_sleep(BIDE_MS(1));
    bide_timer_reset_at(&timer, bide_instant_add(start, BIDE_MS(5)));
    CHECK_EQ(await join_timer(bide_move(task)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 5000000);

    task = bide_spawn(wait_for_timer()); /* a deadline that is past */
    bide_timer_reset(&timer, BIDE_S(1));
    await bide_yield();
    bide_timer_reset_at(&timer, start);
    CHECK_EQ(await join_timer(bide_move(task)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 5000000);

    task = bide_spawn(wait_for_timer()); /* earlier, and put off again before the wait sees it */
    bide_timer_reset(&timer, BIDE_MS(100));
    await bide_yield();
    bide_timer_reset(&timer, BIDE_MS(1));
    bide_timer_reset(&timer, BIDE_MS(200));
    CHECK_EQ(await join_timer(bide_move(task)), 0);
    CHECK_EQ(bide_elapsed(start).ns, 205000000);
    return 0;
}

TEST(a_timer_is_brought_forward_while_somebody_waits)
{
    begin(BIDE_S(1000));
    CHECK_EQ(bide_block_on(bring_forward()), 0);
}

static async int two_wait(void)
{
    bide_task(int) task = bide_spawn(wait_for_timer());
    await bide_sleep(BIDE_MS(1)); /* time passes when it waits */
    CHECK_ERR(await bide_timer_wait(&timer), -EBUSY);
    bide_task_abort(task);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    CHECK_EQ(await bide_timer_wait(&timer), 0); /* the one that waited is gone */
    CHECK_EQ(bide_elapsed(start).ns, 7000000);
    return 0;
}

TEST(one_waits_for_a_timer_at_a_time)
{
    begin(BIDE_MS(7));
    CHECK_EQ(bide_block_on(two_wait()), 0);
}

/* The timer is due, and the wait is cancelled before it is polled. */
static async int cancelled_when_due(void)
{
    bide_task(int) task = bide_spawn(wait_for_timer());
    await bide_sleep_until(bide_timer_deadline(&timer));
    bide_task_abort(task);
    await bide_task_wait(task);
    bide_timer_reset(&timer, BIDE_MS(5));
    CHECK_EQ(await bide_timer_wait(&timer), 0);
    CHECK_EQ(bide_elapsed(start).ns, 15000000);
    return 0;
}

TEST(a_cancelled_wait_leaves_the_timer_as_it_was)
{
    begin(BIDE_MS(10));
    CHECK_EQ(bide_block_on(cancelled_when_due()), 0);
}

static void *reset_often(void *argument)
{
    for (int i = 0; i < 2000; i++)
        bide_timer_reset(&timer, i % 2 == 0 ? BIDE_MS(500) : BIDE_S(3600));
    bide_timer_reset(&timer, BIDE_NS(0));
    return argument;
}

TEST(a_timer_is_reset_by_another_thread)
{
    pthread_t thread;
    timer = bide_timer_after(BIDE_S(3600));
    CHECK_EQ(pthread_create(&thread, NULL, reset_often, NULL), 0);
    CHECK_EQ(bide_block_on(bide_timer_wait(&timer)), 0);
    pthread_join(thread, NULL);
}

/* ---- finer than a millisecond ---- */

TEST(a_sleep_of_50_us_takes_50_us)
{
    bide_test_time_virtual();
    start = bide_now();
    for (int i = 1; i <= 100; i++) {
        CHECK_EQ(bide_block_on(bide_sleep(BIDE_US(50))), 0);
        CHECK_EQ(bide_elapsed(start).ns, i * 50000);
    }
}

static _Atomic int64_t asked_ns = INT64_MAX; /* the shortest time */

static void note(int64_t timeout_ns)
{
    if (timeout_ns > 0 && timeout_ns < asked_ns)
        asked_ns = timeout_ns;
}

static int noted_wait(int ep, void *events, int max, int64_t timeout_ns)
{
    (void)ep, (void)events, (void)max;
    note(timeout_ns);
    return 0;
}

/* On several workers one may sleep like this, while another one is in the driver. */
static int noted_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
    note(timeout_ns);
    return bide__door_real.futex_wait(word, expected, timeout_ns);
}

/* In real time, the kernel is asked to wait for less than that, not for a millisecond. On a busy
 * machine the time may be over before it is asked, so it has some tries. */
TEST(the_kernel_is_asked_for_50_us)
{
    CHECK(bide_test_replace("futex_wait", (void (*)(void))noted_futex_wait) != NULL);
    CHECK(bide_test_replace("epoll_pwait2", (void (*)(void))noted_wait) != NULL);
    for (int i = 0; i < 1000 && asked_ns > 50000; i++)
        CHECK_EQ(bide_block_on(bide_sleep(BIDE_US(50))), 0);
    CHECK(asked_ns <= 50000);
}

/* ---- time limits ---- */

static async int nap(bide_duration d)
{
    return await bide_sleep(d);
}

static async int limits(void)
{
    int n = 1;
    bide_instant deadline = bide_instant_add(start, BIDE_MS(10));
    CHECK_EQ(await bide_timeout_at(deadline, n = nap(BIDE_MS(9))), 0);
    CHECK_EQ(n, 0);
    CHECK_ERR(await bide_timeout_at(deadline, nap(BIDE_MS(9))), -ETIMEDOUT);
    CHECK_EQ(bide_elapsed(start).ns, 10000000);
    CHECK_ERR(await bide_timeout_at(deadline, nap(BIDE_MS(9))), -ETIMEDOUT); /* it is past */
    CHECK_EQ(bide_elapsed(start).ns, 10000000);
    CHECK_EQ(await bide_timeout_at(start, nap(BIDE_NS(0))), 0); /* the call comes first */
    return 0;
}

TEST(a_deadline_limits_several_calls)
{
    begin(BIDE_S(1));
    CHECK_EQ(bide_block_on(limits()), 0);
}

static bide_notify ready;
static long spun;

/* Never waits, but for its turn: each operation is ready, and takes some time. */
static async int spin(void)
{
    for (spun = 0; spun < 1000000; spun++) {
        bide_notify_one(&ready);
        await bide_notify_wait(&ready);
        bide_test_time_advance(BIDE_US(1));
    }
    return 0;
}

/* The timers are looked at every 61 turns, of 128 operations each. */
enum { LOOKS_AFTER = 62 * 128 };

static async int hogs(void)
{
    CHECK_ERR(await bide_timeout(BIDE_MS(10), spin()), -ETIMEDOUT);
    CHECK(spun >= 9999 && spun < 10000 + LOOKS_AFTER);
    CHECK_ERR(await bide_timeout_at(bide_instant_add(bide_now(), BIDE_MS(10)), spin()), -ETIMEDOUT);
    CHECK(spun >= 9999 && spun < 10000 + LOOKS_AFTER);
    CHECK_ERR(await bide_timeout(BIDE_NS(0), spin()), -ETIMEDOUT);
    CHECK(spun < 1000);
    CHECK_EQ(await bide_select(bide_sleep(BIDE_MS(10)), spin()), 0);
    CHECK(spun >= 9999 && spun < 10000 + LOOKS_AFTER);
    return 0;
}

TEST(a_time_limit_holds_for_a_call_that_uses_up_the_budget)
{
    begin(BIDE_S(1));
    CHECK_EQ(bide_block_on(hogs()), 0);
}

static int turns_of_others;

static async void other(void)
{
    for (;;) {
        turns_of_others++;
        await bide_yield();
    }
}

static async int waits_that_are_over(void)
{
    bide_task(void) task = bide_spawn(other());
    for (int i = 0; i < 10000; i++)
        CHECK_EQ(await bide_timer_wait(&timer), 0);
    CHECK(turns_of_others > 50);
    turns_of_others = 0;
    for (int i = 0; i < 10000; i++)
        CHECK_EQ(await bide_sleep(BIDE_NS(0)), 0);
    CHECK(turns_of_others > 50);
    bide_task_abort(task);
    await bide_task_wait(task);
    return 0;
}

TEST(waits_that_are_over_at_once_let_others_run)
{
    begin(BIDE_NS(0));
    CHECK_EQ(bide_block_on(waits_that_are_over()), 0);
}
