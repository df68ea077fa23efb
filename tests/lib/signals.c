/*
 * Listeners of bide/signal.h: what they get, who shares a signal, and that what was before comes
 * back. Each test is a process of its own.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "children.h"
#include "failing.h"

static bide_signals *listen_to(int one, int two)
{
    const int signos[] = {one, two};
    bide_signals *signals;
    CHECK_EQ(bide_signals_new(signos, two > 0 ? 2 : 1, &signals), 0);
    return signals;
}

static bool is_default(int signo)
{
    struct sigaction now;
    CHECK_EQ(sigaction(signo, NULL, &now), 0);
    return !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
}

/* The signal that comes next; 0: none is there. */
static int next_of(bide_signals *signals)
{
    bide_signal got;
    int r = bide_signals_try_next(signals, &got);
    CHECK_ERR(r, r == 1 ? 1 : -EAGAIN);
    return r == 1 ? got.signo : 0;
}

/* ---- what a listener gets ---- */

TEST(each_listener_gets_each_signal_once)
{
    bide_signals *a = listen_to(SIGUSR1, SIGUSR2), *b = listen_to(SIGUSR1, 0);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR2);
    CHECK_EQ(next_of(a), SIGUSR1);
    CHECK_EQ(next_of(a), SIGUSR2);
    CHECK_EQ(next_of(a), 0);
    CHECK_EQ(next_of(b), SIGUSR1);
    CHECK_EQ(next_of(b), 0);
    raise(SIGUSR1);
    bide_signals *late = listen_to(SIGUSR1, 0);
    CHECK_EQ(next_of(late), 0);
    CHECK_EQ(next_of(b), SIGUSR1);
    bide_signals_free(a);
    bide_signals_free(b);
    bide_signals_free(late);
    bide_signals_free(NULL);
}

TEST(signals_that_always_come_hold_up_no_other)
{
    bide_signals *s = listen_to(SIGUSR1, SIGUSR2);
    for (int i = 0; i < 4; i++) {
        raise(SIGUSR1);
        raise(SIGUSR2);
        CHECK_EQ(next_of(s), i % 2 == 0 ? SIGUSR1 : SIGUSR2);
    }
    bide_signals_free(s);
}

static async int sum_of(bide_signals *signals, int count)
{
    int sum = 0;
    bide_signal got;
    while (count-- > 0) {
        int r = await bide_signals_next(signals, &got);
        if (r != 1)
            return r;
        sum += got.signo;
    }
    return sum;
}

static async int two_tasks(void)
{
    int a, b;
    bide_signals *s = listen_to(SIGUSR1, SIGUSR2);
    defer {
        bide_signals_free(s);
    }
    bide_task(int) one = bide_spawn(sum_of(s, 1)), two = bide_spawn(sum_of(s, 1));
    for (int i = 0; i < 5; i++)
        await bide_yield();
    raise(SIGUSR1);
    raise(SIGUSR2);
    CHECK_EQ(await bide_task_join(one, &a), 0);
    CHECK_EQ(await bide_task_join(two, &b), 0);
    return a + b;
}

TEST(each_signal_goes_to_one_of_the_tasks_that_share_a_listener)
{
    CHECK_EQ(bide_block_on(two_tasks()), SIGUSR1 + SIGUSR2);
}

static int signo_of(bide_signal got)
{
    return got.signo;
}

static async int iterates(void)
{
    int sum = 0;
    bide_signals *s = listen_to(SIGUSR1, SIGUSR2);
    defer {
        bide_signals_free(s);
    }
    bide_iter(int) it = bide_iter_take(bide_iter_map(bide_iter_of_signals(s), signo_of), 3);
    defer {
        await bide_iter_close(it);
    }
    raise(SIGUSR1);
    for (int signo; await bide_next(it, &signo) == 1;) {
        sum = sum * 100 + signo;
        raise(SIGUSR2);
    }
    return sum;
}

TEST(a_listener_is_an_iterator)
{
    CHECK_EQ(bide_block_on(iterates()), (SIGUSR1 * 100 + SIGUSR2) * 100 + SIGUSR2);
}

TEST(the_sender_is_told_where_there_is_one)
{
    bide_signal got;
    bide_signals *s = listen_to(SIGUSR1, SIGALRM);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_EQ(bide_block_on(bide_signals_next(s, &got)), 1);
    CHECK_EQ(got.pid, getpid());
    CHECK_EQ(got.uid, getuid());
    ualarm(1000, 0);
    CHECK_EQ(bide_block_on(bide_signals_next(s, &got)), 1);
    CHECK_EQ(got.signo, SIGALRM);
    CHECK_EQ(got.pid, 0);
    bide_signals_free(s);
}

TEST(blocked_signals_come_when_they_are_unblocked)
{
    sigset_t set;
    bide_signals *s = listen_to(SIGUSR1, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    CHECK_EQ(next_of(s), 0);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    CHECK_EQ(next_of(s), SIGUSR1);
    bide_signals_free(s);
}

TEST(a_listener_for_nothing_is_refused)
{
    bide_signals *s = (bide_signals *)1;
    const int sets[][2] = {{0, 1},
                           {SIGUSR1, 65},
                           {SIGUSR1, SIGKILL},
                           {-1, 1},
                           {SIGUSR2, SIGSTOP},
                           {SIGUSR1, SIGSEGV},
                           {SIGUSR1, SIGBUS},
                           {SIGFPE, SIGUSR1},
                           {SIGILL, SIGUSR1}};
    for (unsigned i = 0; i < sizeof sets / sizeof *sets; i++) {
        CHECK_ERR(bide_signals_new(sets[i], 2, &s), -EINVAL);
        CHECK(s == NULL);
    }
    CHECK_ERR(bide_signals_new(NULL, 0, &s), -EINVAL);
    CHECK(is_default(SIGUSR1));
    CHECK(is_default(SIGUSR2));
    CHECK_EQ(bide_signals_new((int[]){SIGUSR1, SIGUSR1}, 2, &s), 0);
    bide_signals_free(s);
    CHECK(is_default(SIGUSR1));
    CHECK_ERR(bide_signal_restore(0), -EINVAL);
}

/* ---- what was before comes back ---- */

static int handled;

static void own_handler(int signo)
{
    handled += signo;
}

TEST(the_last_listener_takes_the_handler_along)
{
    bide_signals *a = listen_to(SIGTERM, 0), *b = listen_to(SIGTERM, SIGUSR1);
    signal(SIGUSR2, own_handler);
    bide_signals *c = listen_to(SIGUSR2, 0);
    raise(SIGUSR2);
    CHECK_EQ(handled, 0);
    bide_signals_free(c);
    raise(SIGUSR2);
    CHECK_EQ(handled, SIGUSR2);
    bide_signals_free(a);
    CHECK(!is_default(SIGTERM));
    bide_signals_free(b);
    CHECK(is_default(SIGTERM));
    CHECK(is_default(SIGUSR1));
    /* One that the program has installed meanwhile is left alone. */
    a = listen_to(SIGUSR1, 0);
    signal(SIGUSR1, own_handler);
    bide_signals_free(a);
    raise(SIGUSR1);
    CHECK_EQ(handled, SIGUSR2 + SIGUSR1);
}

/* 0: for Ctrl-C. */
static async int wait_briefly(int signo)
{
    if (signo == 0)
        return await bide_timeout(BIDE_MS(1), (void)bide_ctrl_c());
    return await bide_timeout(BIDE_MS(1), (void)bide_signal_wait(signo));
}

TEST(waits_keep_the_handler_until_it_is_restored)
{
    bide_signals *s = listen_to(SIGUSR1, 0);
    CHECK_ERR(bide_block_on(wait_briefly(SIGUSR1)), -ETIMEDOUT);
    bide_signals_free(s);
    CHECK(!is_default(SIGUSR1));
    raise(SIGUSR1);
    s = listen_to(SIGUSR1, 0);
    CHECK_EQ(bide_signal_restore(SIGUSR1), 0);
    CHECK(!is_default(SIGUSR1));
    bide_signals_free(s);
    CHECK(is_default(SIGUSR1));
    /* What came before it is forgotten. */
    CHECK_ERR(bide_block_on(wait_briefly(SIGUSR1)), -ETIMEDOUT);
    raise(SIGUSR1);
    CHECK_EQ(bide_block_on(bide_signal_wait(SIGUSR1)), 0);
    CHECK_EQ(bide_signal_restore(SIGUSR1), 0);
    CHECK(is_default(SIGUSR1));
    CHECK_EQ(bide_signal_restore(SIGUSR2), 0);
}

/* ---- Ctrl-C ---- */

/* The status of a child of fork that calls f, and ends with 0 if that returns. */
static int status_of(void (*f)(void))
{
    int status = -1;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        f();
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static void ctrl_c_once(void)
{
    raise(SIGINT);
}

static void ctrl_c_of_a_listener(void)
{
    bide_signals *s = listen_to(SIGINT, 0);
    for (int i = 0; i < 3; i++) {
        raise(SIGINT);
        CHECK_EQ(next_of(s), SIGINT);
    }
    bide_signals_free(s);
    CHECK(is_default(SIGINT));
}

static void terminate_once(void)
{
    raise(SIGTERM);
}

static void wait_and_raise(void)
{
    CHECK_ERR(bide_block_on(wait_briefly(0)), -ETIMEDOUT);
    raise(SIGINT); /* the first */
    CHECK_EQ(bide_block_on(bide_ctrl_c()), 0);
    raise(SIGINT);
}

static async int forks_while_waiting(void)
{
    bide_task(int) waiting = bide_spawn(bide_ctrl_c());
    bide_task(int) other = bide_spawn(bide_signal_wait(SIGTERM));
    for (int i = 0; i < 3; i++)
        await bide_yield();
    /* Its first Ctrl-C is not lost, though its parent waits for one. */
    int status = status_of(ctrl_c_once);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGINT);
    status = status_of(terminate_once);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGTERM);
    CHECK_EQ(status_of(ctrl_c_of_a_listener), 0);
    CHECK(!bide_task_finished(waiting));
    raise(SIGINT);
    raise(SIGTERM);
    CHECK_EQ(await bide_task_wait(waiting), 0);
    CHECK_EQ(await bide_task_wait(other), 0);
    return 0;
}

TEST(a_child_of_fork_is_ended_by_its_first_ctrl_c)
{
    CHECK_EQ(bide_block_on(forks_while_waiting()), 0);
    signal(SIGTERM, SIG_DFL);
}

static void ignored_before(void)
{
    raise(SIGUSR1);
    raise(SIGUSR1);
}

TEST(a_child_of_fork_ignores_what_was_ignored_before)
{
    signal(SIGUSR1, SIG_IGN);
    bide_signals *s = listen_to(SIGUSR1, 0);
    CHECK_EQ(status_of(ignored_before), 0);
    CHECK_EQ(next_of(s), 0);
    raise(SIGUSR1);
    CHECK_EQ(next_of(s), SIGUSR1);
    bide_signals_free(s);
}

TEST(a_child_of_fork_has_a_second_ctrl_c_of_its_own)
{
    CHECK_ERR(bide_block_on(wait_briefly(0)), -ETIMEDOUT);
    int status = status_of(wait_and_raise);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGINT);
}

static bide_signals *of_parent;

static void use_listener_of_parent(void)
{
    bide_signal got;
    CHECK_ERR(bide_signals_try_next(of_parent, &got), -ECHILD);
    bide_signals_free(of_parent);
}

TEST(a_child_of_fork_takes_nothing_from_a_listener_of_its_parent)
{
    of_parent = listen_to(SIGUSR1, 0);
    raise(SIGUSR1);
    CHECK_EQ(status_of(use_listener_of_parent), 0);
    CHECK_EQ(next_of(of_parent), SIGUSR1);
    bide_signals_free(of_parent);
}

/* ---- beside child processes ---- */

static async int children_and_sigchld(void)
{
    bide_signal got;
    bide_process_exit exit;
    bide_signals *s = listen_to(SIGCHLD, 0);
    defer {
        bide_signals_free(s);
    }
    for (int i = 0; i < 3; i++) {
        bide_process *p;
        CHECK_EQ(bide_process_spawn(SH("exit 3"), NULL, &p), 0);
        CHECK_EQ(await bide_signals_next(s, &got), 1);
        CHECK_EQ(got.signo, SIGCHLD);
        CHECK_EQ(got.pid, bide_process_id(p));
        CHECK_EQ(await bide_process_wait(p, &exit), 0);
        CHECK_EQ(exit.number, 3);
        bide_process_free(p);
    }
    return 0;
}

TEST(sigchld_may_be_listened_to_beside_processes)
{
    CHECK_EQ(bide_block_on(children_and_sigchld()), 0);
}

/* ---- threads, failures, cancellation ---- */

static atomic_int finished;

static void *listens_and_leaves(void *argument)
{
    (void)argument;
    for (int i = 0; i < 300; i++) {
        bide_signals *s = listen_to(SIGUSR1, SIGUSR2);
        if (i % 50 == 0)
            CHECK(bide_block_on(sum_of(s, 1)) > 0);
        bide_signals_free(s);
    }
    finished++;
    return NULL;
}

/* Each waits now and then, and would wait for ever if the handler had gone. */
TEST_LIMIT(threads_open_and_close_listeners_while_signals_come, 30)
{
    pthread_t threads[3];
    signal(SIGUSR1, SIG_IGN); /* while nobody listens */
    for (int i = 0; i < 3; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, listens_and_leaves, NULL), 0);
    while (finished < 3) {
        kill(getpid(), SIGUSR1);
        sched_yield();
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

static bide_signals *made;

static int make(void)
{
    static const int signos[] = {SIGUSR1, SIGTERM, SIGUSR2};
    made = (bide_signals *)1;
    int r = bide_signals_new(signos, 3, &made);
    if (r < 0) {
        CHECK(made == NULL);
        CHECK(is_default(SIGUSR1));
        CHECK(is_default(SIGTERM));
        CHECK(is_default(SIGUSR2));
    }
    return r;
}

static void destroy(void)
{
    bide_signals_free(made);
}

TEST(what_fails_leaves_no_handler)
{
    CHECK_EQ(bide_block_on(bide_sleep(BIDE_MS(1))), 0);
    CHECK(fails_everywhere(make, destroy) > 3);
}

static bide_signals *cancelled;

async int gets_two(void *state);
extern const struct bide_fn bide__desc_gets_two;

async int gets_two(void *state)
{
    int *sum = state;
    bide_signal got;
    for (int i = 0; i < 2; i++) {
        bide_task(int) sender = bide_spawn(async({
            await bide_yield();
            raise(i == 0 ? SIGUSR1 : SIGUSR2);
            0;
        }));
        defer {
            (void)await bide_task_wait(sender);
        }
        int r = await bide_signals_next(cancelled, &got);
        if (r != 1)
            return r;
        *sum += got.signo;
    }
    return 0;
}

static void listen_again(void *state)
{
    *(int *)state = 0;
    cancelled = listen_to(SIGUSR1, SIGUSR2);
}

/* Each that came was told, or is still there. */
static void no_signal_is_lost(void *state, const struct cancel_run *run)
{
    int sum = *(int *)state, signo;
    while ((signo = next_of(cancelled)) > 0)
        sum += signo;
    CHECK(sum == SIGUSR1 + SIGUSR2 || (run->error != 0 && sum == SIGUSR1));
    bide_signals_free(cancelled);
}

TEST(a_cancelled_wait_for_a_listener_loses_nothing)
{
    int sum;
    CHECK(cancel_everywhere(&bide__desc_gets_two, &sum, listen_again, no_signal_is_lost) >=
          cancel_least(2));
}
