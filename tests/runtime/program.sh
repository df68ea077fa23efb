# What `async int main` does besides running a function: it prints the error that main returned,
# reports when no task can ever go on, and prints a dump on SIGQUIT.
set -eu

cat >result.c <<'END'
#include <bide/bide.h>
#include <stdlib.h>
async int main(int argc, char **argv)
{
    await bide_yield();
    return argc > 1 ? atoi(argv[1]) : 0;
}
END
"$BIDE" cc "$CC" result.c -o result

# result GIVEN STATUS TEXT
result()
{
    status=0
    ./result "$1" 2>err || status=$?
    [ "$status" = "$2" ] || fail "main returned $1: exit status $status"
    [ "$(cat err)" = "$3" ] || fail "main returned $1: $(cat err)"
}
result 0 0 ''
result 7 7 ''
result -111 1 'bide: main returned -111 (ECONNREFUSED: Connection refused)'
result -5000 1 'bide: main returned -5000 (Unknown error 5000)'
result -2147483648 1 'bide: main returned -2147483648 (Unknown error -2147483648)'

# ---- nothing can wake a task ----

cat >stuck.c <<'END'
#include <bide/bide.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bide_notify never, thread_is_there;

static async int waits(bide_task(int) *other)
{
    defer {
        puts("unwound");
    }
    return await bide_task_wait(*other);
}

static int work(void)
{
    usleep(1000);
    return 0;
}

static void *wakes_later(void *argument)
{
    usleep(400000);
    bide_notify_one(&never);
    return argument;
}

static void *waits_at_a_pipe(void *argument)
{
    char byte;
    (void)!read(*(int *)argument, &byte, 1);
    bide_notify_one(&never);
    return NULL;
}

static async int wait_for_thread(int pipe_end)
{
    pthread_t thread;
    pthread_create(&thread, NULL, pipe_end ? waits_at_a_pipe : wakes_later, &pipe_end);
    int r = await bide_notify_wait(&never);
    await bide_blocking(pthread_join(thread, NULL));
    return r;
}

static async void works(void)
{
    await bide_blocking(work());
}

static async int circle(void)
{
    static bide_task(int) a, b;
    a = bide_spawn(waits(&b));
    b = bide_spawn(waits(&a));
    await bide_task_wait(a);
    return 0;
}

static async int stubborn(void)
{
    defer {
        await bide_notify_wait(&never);
    }
    await bide_notify_wait(&never);
    return 0;
}

static void on_signal(int signo)
{
    (void)signo;
    _exit(5);
}

async int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "circle"))
        return await circle();
    if (!strcmp(what, "stubborn"))
        return await stubborn();
    if (!strcmp(what, "pool")) { /* its threads are there, and idle */
        await bide_blocking(work());
        await bide_notify_wait(&never);
    }
    if (!strcmp(what, "undriven")) { /* a call that has ended in a future that nobody drives */
        bide_future(void) f = bide_lazy(works());
        await bide_timeout(BIDE_NS(0), (void)bide_get(f));
        await bide_notify_wait(&never);
    }
    if (!strcmp(what, "timed")) {
        await bide_timeout(BIDE_MS(300), bide_notify_wait(&never));
        return 0;
    }
    if (!strcmp(what, "thread"))
        return await wait_for_thread(0);
    if (!strcmp(what, "handler")) {
        signal(SIGALRM, on_signal);
        ualarm(400000, 0);
        await bide_notify_wait(&never);
    }
    if (!strcmp(what, "signal")) {
        signal(SIGALRM, SIG_IGN);
        bide_task(int) t = bide_spawn(bide_signal_wait(SIGALRM));
        await bide_yield();
        ualarm(400000, 0);
        return await bide_task_wait(t);
    }
    return 9;
}
END
"$BIDE" cc "$CC" -g stuck.c -o stuck 2>err || fail "$(cat err)"

# stuck WHAT STATUS: runs the case for at most 8 s times BIDE_TEST_SLOW.
stuck()
{
    status=0
    timeout $((8 * ${BIDE_TEST_SLOW:-1})) ./stuck "$1" >out 2>err || status=$?
    [ "$status" = "$2" ] || fail "stuck $1: exit status $status: $(cat err)"
}
says='bide: every task waits, and there is nothing left that could wake one:'
stuck circle 1
[ "$(head -n 1 err)" = "$says" ] || fail "$(cat err)"
[ "$(grep -c '^task [0-9a-f]* waits$' err)" = 3 ] || fail "$(cat err)"
grep -q '^  circle (stuck.c:[0-9]*)$' err || fail "$(cat err)"
[ "$(grep -c unwound out)" = 2 ] || fail "they were not unwound"
stuck undriven 1
[ "$(head -n 1 err)" = "$says" ] || fail "$(cat err)"
stuck pool 1
[ "$(head -n 1 err)" = "$says" ] || fail "$(cat err)"
stuck stubborn 1 # and does not wait 10 s for its shutdown
grep -q "$says" err || fail "$(cat err)"
for what in timed thread signal; do
    stuck $what 0
    [ ! -s err ] || fail "$what: $(cat err)"
done
stuck handler 5

# ---- SIGQUIT ----

cat >quit.c <<'END'
#include <bide/bide.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static async int child(void)
{
    await bide_sleep(BIDE_S(60));
    return 0;
}

/* A loop without an await, until the signal's timer has ended. */
static void be_busy(void)
{
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 1300);
}

async int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bide_task(int) t = bide_spawn(child());
    if (!strcmp(what, "fresh"))
        raise(SIGQUIT), be_busy();
    await bide_yield();
    raise(SIGQUIT);
    if (!strcmp(what, "busy") && bide_task_name_set("bee") == 0)
        be_busy();
    await bide_sleep(BIDE_MS(1));
    if (!strcmp(what, "twice"))
        raise(SIGQUIT);
    puts("goes on");
    bide_task_abort(t);
    return 0;
}
END
"$BIDE" cc "$CC" -g quit.c -o quit 2>err || fail "$(cat err)"
ulimit -c 0

# quit WHAT STATUS
quit()
{
    status=0
    ./quit "$1" >out 2>err || status=$?
    [ "$status" = "$2" ] || fail "quit $1: exit status $status: $(cat err)"
}
quit once 0
grep -q 'goes on' out || fail "it did not go on"
grep -q '^  child (quit.c:9)$' err || fail "$(cat err)"
grep -q '^  main (quit.c:33)$' err || fail "$(cat err)"
quit busy 0
said='runs without an await, that of main, which'
early='no answer for 1 s; a task'
grep -q "$early \"bee\" $said last waited at quit.c:29\$" err || fail "$(cat err)"
quit fresh 0
grep -q "$early $said has not waited since it began at quit.c:23\$" err || fail "$(cat err)"
quit twice 131

# ---- what the dump says of the library: words for groups, public functions, files of its tree ----

cat >words.c <<'END'
#include <bide/bide.h>
#include <signal.h>

static async int picks(void)
{
    return await bide_select(bide_sleep(BIDE_S(50)), bide_sleep(BIDE_S(60)));
}
static async int accepts(void)
{
    bide_tcp_listener *listener = NULL;
    bide_stream *stream = NULL;
    if (bide_tcp_listen("127.0.0.1", 0, &listener) < 0)
        return -1;
    defer bide_tcp_listener_close(listener);
    return await bide_tcp_accept(listener, &stream);
}
static async int limited(void)
{
    int n = 0;
    await bide_timeout(BIDE_S(40), n = picks());
    return n;
}
static async void all(void)
{
    int a = 0, b = 0;
    await bide_join(a = accepts(), b = limited());
}
async int main(void)
{
    bide_task(void) t = bide_spawn(all());
    await bide_sleep(BIDE_MS(10));
    raise(SIGQUIT);
    await bide_sleep(BIDE_MS(1));
    bide_task_abort(t);
    return 0;
}
END
"$BIDE" cc "$CC" -g words.c -o words 2>err || fail "$(cat err)"
./words 2>err || fail "$(cat err)"
sed -n '/ waits$/,$p' err | sed 's/^task [0-9a-f]*/task/; s/\(lib[a-z/]*\.c\):[0-9]*/\1/
    s/for descriptor [0-9][0-9]* to accept, in [a-z_]*$/for N to accept/' |
    sed '/^  main/,$d' >dump
cat >expected <<'END'
task waits
  join
    branch 0:
        for N to accept
      bide_tcp_accept (lib/net/listen.c)
      accepts (words.c:15)
    branch 1:
      timeout
        branch 0:
          select
            branch 0:
              bide_sleep (lib/time/sleep.c)
            branch 1:
              bide_sleep (lib/time/sleep.c)
          picks (words.c:6)
        branch 1:
          bide_sleep (lib/time/sleep.c)
      limited (words.c:20)
  all (words.c:26)
END
# The task of main waits too, before or after it.
grep -v '^task waits$' expected >wanted
grep -v '^task waits$\|^  bide_sleep\|^task runs' dump | diff wanted - >difference ||
    fail "$(cat difference err)"
BIDE_DUMP_SIGNAL=0
export BIDE_DUMP_SIGNAL
quit once 131
! grep -q task err || fail "$(cat err)"
