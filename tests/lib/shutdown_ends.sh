# How a program with a shutdown ends: the exit status and what it says, when all is well, when a
# deferred block awaits for ever, and when one never comes to an await. The programs are one, and
# run beside each other, since each of those that do not end by themselves takes some seconds.
set -eu

cat >prog.c <<'END_C'
#include <bide/bide.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bide_shutdown stop = BIDE_SHUTDOWN_INIT;
static volatile int never;

static async void good(void)
{
    await bide_shutdown_wait(&stop);
    puts("good has ended");
}

static async void awaits_on(void)
{
    defer {
        for (;;)
            await bide_sleep(BIDE_MS(1)); /* here: awaits_on */
    }
    await bide_sleep(BIDE_S(3600));
}

static async void computes_on(void)
{
    defer {
        while (!never)
            continue;
    }
    await bide_sleep(BIDE_S(3600)); /* here: computes_on */
}

static async void computes_at(uint32_t core)
{
    bide_task_detach(bide_spawn_at(core, computes_on()));
}

static async void terminate(void)
{
    await bide_sleep(BIDE_MS(20));
    raise(SIGTERM);
}

static void spawn_mode(const char *mode)
{
    bide_task_detach(bide_spawn(good()));
    if (strcmp(mode, "awaits") == 0)
        bide_task_detach(bide_spawn(awaits_on()));
    if (strcmp(mode, "computes") == 0)
        bide_task_detach(bide_spawn(computes_on()));
    if (strcmp(mode, "core") == 0)
        bide_task_detach(bide_spawn(computes_at(1)));
}

#ifdef WORKERS
bide_runtime(multi_thread);
#endif
#ifdef CORES
bide_runtime(thread_per_core);
#endif

async int main(int argc, char **argv)
{
    bide_shutdown_options options = {.drain = BIDE_MS(100), .unwind = BIDE_MS(100)};
    bide_shutdown_result result;
    if (argc != 3)
        abort();
    options.exit_status = atoi(argv[2]);
    spawn_mode(argv[1]);
    bide_task_detach(bide_spawn(terminate()));
    int r = await bide_shutdown_on_signals(&stop, &options, &result);
    printf("%zu left\n", result.left);
    return r == 0 ? 0 : 3;
}
END_C
place() { # FUNCTION: the line with its comment
    grep -n "here: $1" prog.c | cut -d : -f 1
}
for flavour in ONE WORKERS CORES; do
    "$BIDE" cc "$CC" -g -D$flavour prog.c -o prog-$flavour || fail "prog.c does not compile"
done

# run NAME FLAVOUR MODE STATUS: in the background; leaves NAME.status, .out and .err.
run() {
    name=$1
    {
        status=0
        BIDE_WORKERS=2 timeout 60 "./prog-$2" "$3" "$4" >"$name.out" 2>"$name.err" || status=$?
        echo $status >"$name.status"
    } &
}
run good ONE good 0
run awaits ONE awaits 0
run computes ONE computes 9
run default ONE computes 0
run workers-good WORKERS good 0
run workers WORKERS computes 9
run cores-good CORES good 0
run cores CORES core 9
wait

# ends NAME STATUS
ends() {
    read -r status <"$1.status"
    [ "$status" = "$2" ] || {
        cat "$1.out" "$1.err" >&2
        fail "$1: ended with $status, not $2"
    }
}
# says NAME TEXT
says() {
    grep -qF -- "$2" "$1.err" || {
        cat "$1.err" >&2
        fail "$1: does not say: $2"
    }
}

for name in good workers-good cores-good; do
    ends $name 0
    printf 'good has ended\n0 left\n' | cmp - $name.out || fail "$name: what it printed"
    [ ! -s $name.err ] || fail "$name: it says something: $(cat $name.err)"
done

# The executor lives: the call returns, main decides, and its end is not held up.
ends awaits 3
grep -q '^1 left$' awaits.out || fail "awaits: the result"
says awaits 'bide: shutdown: 1 task is cancelled, which has not ended after 1'
says awaits 'bide: shutdown: 1 task cannot be ended after 1'
says awaits "awaits_on (prog.c:$(place awaits_on))"
[ "$(grep -c "awaits_on (prog.c:$(place awaits_on))" awaits.err)" -ge 2 ] ||
    fail "awaits: not in both reports"

# It does not: the guard ends the process, and names what runs.
for name in computes default; do
    says $name "computes_on (prog.c:$(place computes_on))"
    says $name 'bide: shutdown: a task runs without an await, that of computes_on, which last'
    says $name "waited at prog.c:$(place computes_on)"
done
ends computes 9
says computes 'bide: shutdown: the program does not end; it is ended with status 9'
ends default 70
says default 'it is ended with status 70'

# One worker or core of two is lost. The reports wait for it, for a second each, so the guard is
# first.
for name in workers cores; do
    ends $name 9
    says $name 'bide: shutdown: the program does not end; it is ended with status 9'
done
says workers 'has run the task of computes_on (prog.c:'
says cores 'core 1 does not come to an await'
