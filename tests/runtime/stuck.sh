# A program is not reported as stuck if something may still wake it: threads that end at the moment
# of the check, handlers that replaced bide's own. It is reported as stuck when the last thread that
# could wake a task has ended.
set -eu

cat >stuck.c <<'END_C'
#include <bide/bide.h>
#include <bide/testing.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static bide_notify never;
static int go[2];
static pthread_t thread;

static void *wakes_when_told(void *argument)
{
    char byte;
    (void)!read(go[0], &byte, 1);
    bide_notify_one(&never);
    return argument;
}

static void *wakes_later(void *argument)
{
    usleep(400000);
    bide_notify_one(&never);
    return argument;
}

static void *leaves_later(void *argument)
{
    usleep(400000);
    return argument;
}

/* ---- what happens at the moment when the runtime checks ---- */

static int (*real_stat)(const char *path, struct stat *status);

/* The only thread that could wake the task does so, and ends before it is counted. */
static int stat_after_wake(const char *path, struct stat *status)
{
    if (thread != 0) {
        (void)!write(go[1], "x", 1);
        pthread_join(thread, NULL);
        thread = 0;
        usleep(10000);
    }
    return real_stat(path, status);
}

static atomic_bool pool_leaves;

/* The same with the pool: its only thread waits for a job until it may leave. */
static int wait_for_leave(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_ns)
{
    (void)cond, (void)timeout_ns;
    pthread_mutex_unlock(mutex);
    while (!atomic_load(&pool_leaves))
        usleep(1000);
    pthread_mutex_lock(mutex);
    return -ETIMEDOUT;
}

static int stat_after_leave(const char *path, struct stat *status)
{
    if (!atomic_exchange(&pool_leaves, true))
        usleep(50000);
    return real_stat(path, status);
}

static void replace(const char *name, void (*function)(void))
{
    void (*before)(void) = bide_test_replace(name, function);
    if (!strcmp(name, "stat"))
        real_stat = (int (*)(const char *, struct stat *))before;
}

/* ---- handlers ---- */

static void ends(int signo)
{
    (void)signo;
    _exit(5);
}

/* A child sends the signal in 400 ms. */
static void send_later(int signo)
{
    pid_t me = getpid();
    if (fork() == 0) {
        usleep(400000);
        kill(me, signo);
        _exit(0);
    }
}

static int nothing(void)
{
    return 0;
}

async int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "wakes_and_goes")) {
        if (pipe(go) < 0)
            return 3;
        replace("stat", (void (*)(void))stat_after_wake);
        pthread_create(&thread, NULL, wakes_when_told, NULL);
    } else if (!strcmp(what, "pool_leaves")) {
        replace("stat", (void (*)(void))stat_after_leave);
        replace("cond_wait", (void (*)(void))wait_for_leave);
        await bide_blocking(nothing());
        pthread_create(&thread, NULL, wakes_later, NULL);
        pthread_detach(thread);
    } else if (!strcmp(what, "quit_handler")) {
        signal(SIGQUIT, ends);
        send_later(SIGQUIT);
    } else if (!strcmp(what, "wait_then_handler")) {
        await bide_timeout(BIDE_MS(1), bide_signal_wait(SIGUSR1));
        signal(SIGUSR1, ends);
        send_later(SIGUSR1);
    } else if (!strcmp(what, "wait_then_none")) {
        await bide_timeout(BIDE_MS(1), bide_signal_wait(SIGUSR1));
    } else if (!strcmp(what, "thread_leaves")) {
        pthread_create(&thread, NULL, leaves_later, NULL);
        pthread_detach(thread);
    } else if (!strcmp(what, "no_descriptor")) {
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){0});
    } else {
        return 9;
    }
    return await bide_notify_wait(&never);
}
END_C
"$BIDE" cc "$CC" -g -Wno-bide-fork stuck.c -o stuck 2>err || fail "$(cat err)"

# stuck WHAT STATUS: runs the case for at most 15 s times BIDE_TEST_SLOW.
stuck()
{
    status=0
    timeout $((15 * ${BIDE_TEST_SLOW:-1})) ./stuck "$1" >out 2>err || status=$?
    [ "$status" = "$2" ] || fail "stuck $1: exit status $status: $(cat err)"
}
stuck wakes_and_goes 0
stuck pool_leaves 0
stuck quit_handler 5
stuck wait_then_handler 5
for what in wait_then_none thread_leaves no_descriptor; do
    stuck $what 1
    grep -q '^bide: every task waits, and there is nothing left' err || fail "$what: $(cat err)"
done
