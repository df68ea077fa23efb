/*
 * bide/signal.h. Each test is a process of its own, so each installs its handlers for the first
 * time.
 */
#include <bide/bide.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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

static async int wait_in_vain(void)
{
    return await bide_timeout(BIDE_MS(1), bide_signal_wait(SIGINT));
}

/* Runs a child with `first` Ctrl-Cs for which bide_ctrl_c returns, then `more` for which nobody
 * waits. Returns the child's status from waitpid. */
static int status_after(int first, int more, bool kept)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (kept)
            CHECK_ERR(bide_block_on(wait_in_vain()), -ETIMEDOUT);
        for (int i = 0; i < first; i++)
            CHECK_EQ(bide_block_on(ctrl_c()), 0);
        for (int i = 0; i < more; i++)
            raise(SIGINT);
        _exit(0);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

TEST(a_second_ctrl_c_ends_the_program)
{
    CHECK_EQ(status_after(1, 0, false), 0);
    int status = status_after(1, 1, false);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGINT);
}

TEST(ctrl_c_in_a_loop_is_a_first_one_each_time)
{
    CHECK_EQ(status_after(5, 0, false), 0);
    CHECK(WIFSIGNALED(status_after(5, 1, false)));
}

TEST(who_waits_for_sigint_keeps_every_ctrl_c)
{
    CHECK_EQ(status_after(1, 3, true), 0);
}

static async int lost_the_race(void)
{
    CHECK_ERR(await bide_timeout(BIDE_MS(1), bide_ctrl_c()), -ETIMEDOUT);
    raise(SIGINT); /* the first: kept for the next wait */
    return 0;
}

TEST(a_ctrl_c_after_a_cancelled_wait_is_a_first_one)
{
    CHECK_EQ(bide_block_on(lost_the_race()), 0);
    CHECK_EQ(bide_block_on(bide_ctrl_c()), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        raise(SIGINT); /* that wait returned at once, for one before it */
        _exit(0);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
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
    signal(SIGUSR1, SIG_IGN); /* until the first wait installs its handler */
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, wait_in_a_thread, NULL), 0);
    while (woken < 3) {
        raise(SIGUSR1);
        sched_yield();
    }
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
}

/* ---- a child of fork ---- */

static async int waits_briefly(void)
{
    return await bide_timeout(BIDE_MS(1), bide_signal_wait(SIGUSR1));
}

static async int waits_in_child(int say_ready)
{
    bide_task(int) waiting = bide_spawn(bide_signal_wait(SIGUSR1));
    await bide_yield();
    await bide_yield();
    CHECK(write(say_ready, "x", 1) == 1);
    return await bide_task_wait(waiting);
}

/* Long enough for the child to notice a wake that is not its own. */
static void let_the_child_run(void)
{
    usleep(100000);
}

static async int waits_in_parent(void)
{
    bide_task(int) waiting = bide_spawn(bide_signal_wait(SIGUSR1));
    await bide_yield();
    await bide_yield();
    raise(SIGUSR1);
    let_the_child_run();
    return await bide_timeout(BIDE_S(5), (void)bide_task_wait(waiting));
}

/* Both processes would use the listener that was free when the child was made. */
TEST(a_child_of_fork_takes_no_wake_of_its_parent)
{
    int ready[2];
    char byte;
    CHECK_ERR(bide_block_on(waits_briefly()), -ETIMEDOUT);
    CHECK(pipe(ready) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(20);
        _exit(bide_block_on(waits_in_child(ready[1])) == 0 ? 3 : 1);
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK_EQ(bide_block_on(waits_in_parent()), 0);
    int status = 0;
    kill(child, SIGUSR1);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 3);
}
