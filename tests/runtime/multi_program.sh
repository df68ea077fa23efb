# What `async int main` does on a multi_thread runtime besides running: it reports when no task can
# ever go on, answers SIGQUIT while workers sleep and while they block, and waits for Ctrl-C.
set -eu
ulimit -c 0

cat >stuck.c <<'END'
#include <bide/bide.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bide_runtime(multi_thread);

static bide_notify never;

static async int waits(void)
{
    defer {
        puts("unwound");
    }
    return await bide_notify_wait(&never);
}

static int work(void)
{
    usleep(300000);
    return 0;
}

static void *wakes_later(void *argument)
{
    usleep(400000);
    bide_notify_one(&never);
    return argument;
}

static async int stubborn(void)
{
    defer {
        await bide_notify_wait(&never);
    }
    return await bide_notify_wait(&never);
}

async int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "all")) {
        bide_task(int) a = bide_spawn(waits());
        bide_task(int) b = bide_spawn(waits());
        await bide_yield();
        await bide_blocking(work());
        await bide_task_wait(a);
        await bide_task_wait(b);
    }
    if (!strcmp(what, "stubborn"))
        return await stubborn();
    if (!strcmp(what, "timed")) {
        await bide_timeout(BIDE_MS(300), bide_notify_wait(&never));
        return 0;
    }
    if (!strcmp(what, "pool")) {
        await bide_blocking(work());
        return 0;
    }
    if (!strcmp(what, "thread")) {
        pthread_t thread;
        pthread_create(&thread, NULL, wakes_later, NULL);
        int r = await bide_notify_wait(&never);
        await bide_blocking(pthread_join(thread, NULL));
        return r;
    }
    if (!strcmp(what, "signal")) {
        signal(SIGALRM, SIG_IGN);
        bide_task(int) t = bide_spawn(bide_signal_wait(SIGALRM));
        await bide_sleep(BIDE_MS(1));
        ualarm(400000, 0);
        return await bide_task_wait(t);
    }
    return 9;
}
END
"$BIDE" cc "$CC" -g stuck.c -o stuck 2>err || fail "$(cat err)"
BIDE_WORKERS=2
export BIDE_WORKERS

# run PROGRAM WHAT STATUS: for at most 8 s times BIDE_TEST_SLOW.
run()
{
    status=0
    timeout $((8 * ${BIDE_TEST_SLOW:-1})) "./$1" "$2" >out 2>err || status=$?
    [ "$status" = "$3" ] || fail "$1 $2: exit status $status: $(cat err)"
}
says='bide: every task waits, and there is nothing left that could wake one:'
if [ "$SANITIZE" != thread ]; then # which has a thread of its own
    run stuck all 1
    [ "$(head -n 1 err)" = "$says" ] || fail "$(cat err)"
    [ "$(grep -c '^task [0-9a-f]* waits$' err)" = 3 ] || fail "$(cat err)"
    grep -q '^  waits (stuck.c:[0-9]*)$' err || fail "$(cat err)"
    [ "$(grep -c unwound out)" = 2 ] || fail "they were not unwound"
    run stuck stubborn 1 # and does not wait 10 s for its shutdown
    grep -q "$says" err || fail "$(cat err)"
fi
for what in timed pool thread signal; do
    run stuck $what 0
    [ ! -s err ] || fail "$what: $(cat err)"
done

# ---- SIGQUIT ----

cat >quit.c <<'END'
#include <bide/bide.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bide_runtime(multi_thread);

static async int child(void)
{
    return await bide_sleep(BIDE_S(60));
}

static atomic_int busy;

/* For longer than a dump waits for it. */
static void be_busy(void)
{
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    atomic_fetch_add(&busy, 1);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 1700);
}

static async int blocks(void)
{
    be_busy();
    return 0;
}

async int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bide_task(int) t = bide_spawn(child()), u[2];
    int n = !strcmp(what, "one") ? 1 : !strcmp(what, "both") ? 2 : 0;
    if (!strcmp(what, "ctrl_c")) {
        await bide_yield();
        bide_task(int) c = bide_spawn(bide_ctrl_c());
        await bide_sleep(BIDE_MS(50));
        kill(getpid(), SIGINT);
        int r = await bide_task_wait(c);
        bide_task_abort(t);
        puts("goes on");
        return r;
    }
    await bide_sleep(BIDE_MS(1));
    for (int i = 0; i < n; i++)
        u[i] = bide_spawn(blocks());
    if (n < 2)
        await bide_sleep(BIDE_MS(100));
    while (n == 2 && atomic_load(&busy) == 0)
        ; /* this worker is busy; the other one takes a task */
    kill(getpid(), SIGQUIT); /* workers block signals */
    for (int i = 0; i < n; i++)
        await bide_task_wait(u[i]);
    await bide_sleep(BIDE_MS(n == 0 ? 300 : 1));
    puts("goes on");
    bide_task_abort(t);
    return 0;
}
END
"$BIDE" cc "$CC" -g quit.c -o quit 2>err || fail "$(cat err)"
run quit none 0
grep -q 'goes on' out || fail "it did not go on"
grep -q '^  child (quit.c:[0-9]*)$' err || fail "$(cat err)"
grep -q '^  main (quit.c:[0-9]*)$' err || fail "$(cat err)"
for what in one both; do
    run quit $what 0
    grep -q 'goes on' out || fail "it did not go on"
    grep -q '^worker [01] has run the task of blocks (quit.c:[0-9]*) for [0-9]* ms$' err ||
        fail "$what: $(cat err)"
    grep -q '^the tasks are left out' err || fail "$what: $(cat err)"
    ! grep -q 'child' err || fail "$what: $(cat err)"
done
run quit ctrl_c 0
grep -q 'goes on' out || fail "it did not go on after Ctrl-C"
