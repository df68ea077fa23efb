/*
 * bide/signal.h. Each test has a process of its own, so handlers are there for the first time.
 */
#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "check.h"

static async int waited(void)
{
    int r = 1;
    bide_task(int) waiting = bide_spawn(bide_signal_wait(SIGUSR1));
    bide_task(int) second = bide_spawn(bide_signal_wait(SIGUSR1));
    bide_task(int) another = bide_spawn(bide_signal_wait(SIGUSR2));
    await bide_yield();
    raise(SIGUSR1);
    CHECK_EQ(await bide_task_join(waiting, &r), 0);
    CHECK_EQ(r, 0);
    CHECK_EQ(await bide_task_join(second, &r), 0);
    await bide_yield();
    CHECK(!bide_task_finished(another));
    raise(SIGUSR2);
    CHECK_EQ(await bide_task_join(another, &r), 0);
    return r;
}

TEST(a_signal_wakes_all_that_wait_for_it)
{
    CHECK_EQ(bide_block_on(waited()), 0);
}

static async int kept(void)
{
    CHECK_ERR(await bide_timeout(BIDE_MS(1), bide_signal_wait(SIGUSR1)), -ETIMEDOUT);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK_EQ(await bide_signal_wait(SIGUSR1), 0);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), bide_signal_wait(SIGUSR1)), -ETIMEDOUT);
    for (int i = 0; i < 100; i++) {
        raise(SIGUSR1);
        CHECK_EQ(await bide_signal_wait(SIGUSR1), 0);
    }
    return 0;
}

TEST(deliveries_are_kept_and_coalesce)
{
    CHECK_EQ(bide_block_on(kept()), 0);
}

static async int ctrl_c(void)
{
    bide_task(int) waiting = bide_spawn(bide_ctrl_c());
    await bide_yield();
    raise(SIGINT);
    CHECK_EQ(await bide_task_wait(waiting), 0);
    return 0;
}

TEST(ctrl_c_is_sigint)
{
    CHECK_EQ(bide_block_on(ctrl_c()), 0);
}

TEST(some_signals_cannot_be_waited_for)
{
    CHECK_ERR(bide_block_on(bide_signal_wait(SIGKILL)), -EINVAL);
    CHECK_ERR(bide_block_on(bide_signal_wait(0)), -EINVAL);
    CHECK_ERR(bide_block_on(bide_signal_wait(65)), -EINVAL);
    CHECK_ERR(bide_block_on(bide_signal_wait(-1)), -EINVAL);
}

static async int aborted(void)
{
    bide_task(int) waiting = bide_spawn(bide_signal_wait(SIGUSR1));
    await bide_yield();
    raise(SIGUSR1);
    bide_task_abort(waiting);
    int r = await bide_task_wait(waiting);
    if (r == -ECANCELED)
        CHECK_EQ(await bide_signal_wait(SIGUSR1), 0);
    else
        CHECK_EQ(r, 0);
    return 0;
}

TEST(a_cancelled_wait_loses_no_signal)
{
    CHECK_EQ(bide_block_on(aborted()), 0);
}

static _Atomic int woken;

static void *wait_in_a_thread(void *argument)
{
    (void)argument;
    CHECK_EQ(bide_block_on(bide_signal_wait(SIGUSR1)), 0);
    woken++;
    return NULL;
}

TEST(threads_wait_for_the_same_signal)
{
    pthread_t thread[3];
    signal(SIGUSR1, SIG_IGN); /* until the first of them listens */
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, wait_in_a_thread, NULL), 0);
    while (woken < 3) {
        raise(SIGUSR1);
        sched_yield();
    }
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
}
