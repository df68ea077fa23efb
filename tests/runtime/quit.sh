# SIGQUIT's dump together with a program's own use of the signal, its end, forks and threads.
set -eu
ulimit -c 0

cat >quit.c <<'END_C'
#include <bide/bide.h>
#include <bide/testing.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONGER_THAN_THE_TIMER_US = 1300000 };

/* Not cut short by signals. */
static void be_late(unsigned us)
{
    struct timespec left = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&left, &left) < 0)
        ;
}

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    pthread_create(&thread, NULL, run, argument);
    return thread;
}

/* ---- the signal gets another handler after the dump ---- */

static async int then_default(void)
{
    raise(SIGQUIT);
    await bide_yield();
    await bide_sleep(BIDE_MS(1));
    signal(SIGQUIT, SIG_DFL);
    be_late(LONGER_THAN_THE_TIMER_US);
    return 0;
}

static async int then_wait(void)
{
    raise(SIGQUIT);
    await bide_sleep(BIDE_MS(1));
    return await bide_timeout(BIDE_MS(1300), bide_signal_wait(SIGQUIT)) == -ETIMEDOUT ? 0 : 4;
}

/* ---- a child ---- */

static async int forks(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        raise(SIGQUIT);
        _exit(0);
    }
    waitpid(child, &status, 0);
    await bide_yield();
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT ? 0 : 4;
}

/* ---- the end of the program ---- */

static int (*real_timer_delete)(timer_t timer);

static int late_timer_delete(timer_t timer)
{
    be_late(LONGER_THAN_THE_TIMER_US);
    return real_timer_delete(timer);
}

/* The timer ends while the handler is being removed. */
static async int ends_unanswered(void)
{
    real_timer_delete = (int (*)(timer_t))bide_test_replace(
        "timer_delete", (void (*)(void))late_timer_delete);
    raise(SIGQUIT);
    return 0;
}

static atomic_bool in_handler;

static int late_timer_settime(timer_t timer, int flags, const struct itimerspec *value,
                              struct itimerspec *old)
{
    (void)timer, (void)flags, (void)value, (void)old;
    atomic_store(&in_handler, true);
    be_late(300000);
    return 0;
}

static void *quits(void *argument)
{
    pthread_kill(pthread_self(), SIGQUIT);
    return argument;
}

static void exit_late(void)
{
    be_late(500000);
}

/* The handler runs on another thread while the runtime is freed. */
static async int ends_under_the_handler(void)
{
    bide_test_replace("timer_settime", (void (*)(void))late_timer_settime);
    atexit(exit_late);
    pthread_detach(start(quits, NULL));
    while (!atomic_load(&in_handler))
        be_late(1000);
    return 0;
}

/* ---- virtual time ---- */

static int (*real_epoll_wait)(int ep, struct epoll_event *events, int max, int timeout_ms);

static int epoll_wait_and_quit(int ep, struct epoll_event *events, int max, int timeout_ms)
{
    static bool done;
    if (timeout_ms == 0 && !done) {
        done = true;
        raise(SIGQUIT);
    }
    return real_epoll_wait(ep, events, max, timeout_ms);
}

static void *writes_late(void *argument)
{
    be_late(LONGER_THAN_THE_TIMER_US);
    (void)!write(*(int *)argument, "x", 1);
    return NULL;
}

static async int is_virtual(void)
{
    int ends[2];
    if (pipe(ends) < 0)
        return 3;
    real_epoll_wait = (int (*)(int, struct epoll_event *, int, int))bide_test_replace(
        "epoll_wait", (void (*)(void))epoll_wait_and_quit);
    bide_test_time_virtual();
    pthread_t thread = start(writes_late, &ends[1]);
    int r = await bide_fd_readable(ends[0]);
    pthread_join(thread, NULL);
    return r;
}

async int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "then_default"))
        return await then_default();
    if (!strcmp(what, "then_wait"))
        return await then_wait();
    if (!strcmp(what, "forks"))
        return await forks();
    if (!strcmp(what, "ends_unanswered"))
        return await ends_unanswered();
    if (!strcmp(what, "ends_under_the_handler"))
        return await ends_under_the_handler();
    if (!strcmp(what, "is_virtual"))
        return await is_virtual();
    return 9;
}
END_C
"$BIDE" cc "$CC" -g -Wno-bide-fork quit.c -o quit 2>err || fail "$(cat err)"

# quit WHAT DUMPS: runs the case, which must succeed and print this number of dumps.
quit()
{
    status=0
    ./quit "$1" >out 2>err || status=$?
    [ "$status" = 0 ] || fail "quit $1: exit status $status: $(cat err)"
    [ "$(grep -c '^task ' err)" = "$2" ] || fail "quit $1: $(cat err)"
}
quit then_default 1
quit then_wait 1
quit forks 0
quit ends_unanswered 0
quit ends_under_the_handler 0
BIDE_IO=epoll quit is_virtual 1

# The tasks of all cores are shown.
cat >cores.c <<'END_C'
#include <bide/bide.h>

#include <signal.h>

bide_runtime(thread_per_core);

static _Atomic int begun;

static async void far_away(void)
{
    begun = 1;
    await bide_sleep(BIDE_S(3600));
}

async int main(void)
{
    bide_task(void) task = bide_spawn_at(1, far_away());
    while (!begun)
        await bide_yield();
    raise(SIGQUIT);
    await bide_sleep(BIDE_MS(1));
    bide_task_abort(task);
    return 0;
}
END_C
"$BIDE" cc "$CC" -g cores.c -o cores 2>err || fail "$(cat err)"
BIDE_WORKERS=2 ./cores 2>err || fail "cores: exit status $?: $(cat err)"
sed -n '/^core 0:$/,/^core 1:$/p' err | grep -q '^  main (cores.c:[0-9]*)$' || fail "$(cat err)"
sed -n '/^core 1:$/,$p' err | grep -q '^  far_away (cores.c:[0-9]*)$' || fail "$(cat err)"
