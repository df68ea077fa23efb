# bide/test.h as a user sees it: which tests run, what is printed and returned, what each kind of
# failure says, the seed that repeats it, several files in one program. bide_test(name) is a test
# whose bide_test_options are all zeroes.
set -eu

# tests NAME: builds NAME.c
tests()
{
    "$BIDE" cc "$CC" -g -Wall -Wextra -Werror "$1.c" -o "$1" || fail "$1 does not compile"
}

# ends STATUS COMMAND...: its output is in `out`
ends()
{
    expected=$1
    shift
    status=0
    "$@" >out 2>&1 || status=$?
    [ "$status" = "$expected" ] || fail "exit status $status, not $expected, of $*: $(cat out)"
}

# has TEXT...: lines of the output
has()
{
    for line; do
        grep -qFx -e "$line" out || fail "no line '$line' in: $(cat out)"
    done
}

has_not()
{
    ! grep -qF -e "$1" out || fail "'$1' in: $(cat out)"
}

BIDE_TEST_SEED=7
export BIDE_TEST_SEED

# ---- which tests run, and what is printed ----

cat >some.c <<'END'
#include <bide/bide.h>
#include <bide/test.h>
#include <stdio.h>
static int ran;
bide_test(one) { ran++; printf("one was here\n"); }
bide_test(two_passes) { bide_check_eq(ran, 0); await bide_yield(); }
bide_test(two_fails) { printf("before\n"); bide_check_eq(1 + 1, 3); printf("after\n"); }
bide_test(skips) { bide_test_skip("no wind"); }
END
tests some
ends 0 ./some --list
printf '%s\n' one two_passes two_fails skips | diff - out || fail "--list"
ends 0 ./some --list two
printf '%s\n' two_passes two_fails | diff - out || fail "--list two"
ends 1 ./some
cat >expected <<'END'
FAILED two_fails (some.c:7): exit status 1
before
some.c:7: check failed: 1 + 1 is 3
    got 2, expected 3
again: BIDE_TEST_SEED=7 ./some two_fails
SKIPPED skips
skipped: no wind
some: 2 passed, 1 failed, 1 skipped
END
diff expected out || fail "the output"
ends 0 ./some one passes
has 'some: 2 passed, 0 failed, 0 skipped'
ends 77 ./some skips
ends 2 ./some nothing
has 'there is no such test; --list shows the names'
ends 2 ./some --none
has 'usage: ./some [--list] [--tap] [TEXT...]'
ends 1 ./some --tap
cat >expected <<'END'
1..4
ok 1 - one
ok 2 - two_passes
not ok 3 - two_fails
# failed two_fails (some.c:7): exit status 1
# before
# some.c:7: check failed: 1 + 1 is 3
#     got 2, expected 3
# again: BIDE_TEST_SEED=7 ./some two_fails
ok 4 - skips # SKIP
# skipped: no wind
END
diff expected out || fail "--tap"
BIDE_TEST_SEED=seven ends 2 ./some
has 'BIDE_TEST_SEED is not a number from 1 on: seven'
BIDE_TEST_SEED=0 ends 2 ./some

# For a debugger: in this process, which ends at the first failure, as by a signal.
BIDE_TEST_NOFORK=1 ends 0 ./some one
has 'one was here' 'some: 1 passed, 0 failed, 0 skipped'
# abort: a sanitizer makes an exit status of its own of it
BIDE_TEST_NOFORK=1 ./some two_fails >out 2>&1 && fail "it passes"
has_not 'again:'
has 'some.c:7: check failed: 1 + 1 is 3'

# ---- each kind of failure ----

cat >bad.c <<'END'
#include <bide/bide.h>
#include <bide/test.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

static async int sleeps(void)
{
    return await bide_sleep(BIDE_S(1000000));
}
static async int yields(int n)
{
    for (int i = 0; i < n; i++)
        await bide_yield();
    return 0;
}

bide_test(condition) { bide_check(2 > 3); }
bide_test(string) { bide_check_str("a\n", "b"); }
bide_test(error) { bide_check_err(await bide_timeout(BIDE_S(1), sleeps()), 0); }
bide_test(gives_up) { bide_test_give_up("no more"); }
bide_test(dies) { raise(SIGTERM); await bide_yield(); }
bide_test(exits) { exit(3); }
bide_test_with(too_long, .limit = BIDE_MS(300)) { for (;;) await bide_yield(); }
bide_test_with(too_long_in_c, .limit = BIDE_MS(300)) { for (;;) {} }
bide_test(waits_for_nothing)
{
    static bide_notify never;
    await bide_notify_wait(&never);
}
bide_test(leaves_a_task)
{
    bide_spawn(sleeps());
    bide_spawn_blocking(atoi("1"));
    await bide_yield();
}
bide_test(leaves_a_stream)
{
    bide_tcp_listener *listener;
    bide_check_eq(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
}
static async int deep(int n)
{
    return n > 0 ? await deep(n - 1) : await yields(1);
}
bide_test(has_no_memory)
{
    bide_test_fail("alloc", 1, -ENOMEM, 0);
    (void)await deep(1000);
    bide_test_give_up("it went on");
}

static async int ends_after(uint64_t random)
{
    return await bide_sleep(BIDE_MS(random % 1000));
}
bide_test(leaves_one_of_many)
{
    for (int i = 0; i < 5000; i++)
        bide_spawn(ends_after(bide_test_random()));
    bide_spawn(sleeps());
    for (int i = 0; i < 5000; i++)
        bide_spawn(ends_after(bide_test_random()));
    await bide_sleep(BIDE_S(1));
}

static async int named(void)
{
    return bide_task_name_set("the one") == 0 ? await sleeps() : -1;
}
bide_test(leaves_a_named_task) { bide_spawn(named()); await bide_yield(); }

/* These pass: a task that only has to end is not left behind, and real time passes. */
bide_test(good_aborted)
{
    bide_task(int) task = bide_spawn(sleeps());
    await bide_yield();
    bide_task_abort(task);
    bide_spawn(yields(50));
}
bide_test_with(good_time, .real_time = true)
{
    bide_instant start = bide_now();
    await bide_sleep(BIDE_MS(20));
    bide_check(bide_elapsed(start).ns < BIDE_S(60).ns);
}
static const bide_runtime_options workers = {.flavour = BIDE_MULTI_THREAD, .workers = 2};
bide_test_with(good_workers, .runtime = &workers)
{
    bide_check_eq(bide_runtime_cores(bide_runtime_current()), 1);
    bide_task(int) task = bide_spawn(yields(10));
    bide_check_eq(await bide_task_wait(task), 0);
}
END
tests bad
ends 0 ./bad good
has 'bad: 3 passed, 0 failed, 0 skipped'
ends 1 ./bad condition
has 'bad.c:18: check failed: 2 > 3'
ends 1 ./bad string
has 'bad.c:19: check failed: "a\n" is "b"' '    got      "a\n"' '    expected "b"'
ends 1 ./bad error
has '    got      -ETIMEDOUT (-110)' '    expected 0'
ends 1 ./bad gives_up
has 'bad.c:21: no more'
ends 1 ./bad dies
has 'FAILED dies (bad.c:22): Terminated'
ends 1 ./bad exits
has 'FAILED exits (bad.c:23): exit status 3'
BIDE_TEST_SLOW=1 ends 1 ./bad too_long
has 'FAILED too_long (bad.c:24): not done after 0.3 s' '  test_too_long (bad.c:24)'
has 'FAILED too_long_in_c (bad.c:25): not done after 0.3 s'
grep -q 'test_too_long_in_c' out || fail "the function that does not end is not named: $(cat out)"
BIDE_TEST_SLOW=2 ends 1 ./bad too_long_in_c
has 'FAILED too_long_in_c (bad.c:25): not done after 0.6 s'
ends 1 ./bad waits_for_nothing
has 'every task waits, and there is nothing left that could wake one:' \
    '  test_waits_for_nothing (bad.c:29)'
ends 1 ./bad leaves_a_task
has 'bad.c:33: a task was left behind: sleeps' 'bad.c:31: leaves_a_task: it left tasks behind' \
    '  sleeps (bad.c:9)'
has_not 'bad.c:34:'
ends 1 ./bad leaves_one_of_many
has 'bad.c:61: a task was left behind: sleeps'
[ "$(grep -c 'left behind:' out)" = 1 ] || fail "more than one: $(cat out)"
ends 1 ./bad leaves_a_named_task
grep -q 'a task was left behind: "the one" named$' out || fail "$(cat out)"
ends 1 ./bad leaves_a_stream
open='it left a stream, a listener or a future open: Device or resource busy'
has "bad.c:37: leaves_a_stream: $open"
ends 1 ./bad has_no_memory
has 'bad.c:46: has_no_memory: it was unwound: Cannot allocate memory'

# ---- the seed ----

cat >dice.c <<'END'
#include <bide/bide.h>
#include <bide/test.h>
#include <stdio.h>
static async int rest(int n)
{
    await bide_yield();
    return n;
}
bide_test(dice)
{
    unsigned won = 0;
    for (int i = 0; i < 32; i++)
        won = won << 1 | (unsigned)await bide_select(rest(0), rest(1));
    printf("%x %llx\n", won, (unsigned long long)bide_test_random());
    bide_test_give_up("to be shown");
}
END
tests dice
unset BIDE_TEST_SEED
ends 1 ./dice
cp out first
ends 1 ./dice
! cmp -s out first || fail "two runs are the same: $(cat out)"
again=$(sed -n 's/^again: //p' first)
ends 1 env sh -c "$again"
cmp -s out first || fail "'$again' is not the same again: $(cat first out)"

# ---- several files, and a main of the program's own ----

cat >left.c <<'END'
#include <bide/bide.h>
#include <bide/test.h>
bide_test(left) { await bide_yield(); }
END
sed 's/left/right/' left.c >right.c
"$BIDE" cc "$CC" left.c right.c -o both || fail "two files"
ends 0 ./both
has 'both: 2 passed, 0 failed, 0 skipped'
cat >main.c <<'END'
#define BIDE_TEST_NO_MAIN
#include <bide/test.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    puts("my own main");
    return bide_test_main(argc, argv);
}
END
"$BIDE" cc "$CC" left.c main.c -o own || fail "a main of its own"
ends 0 ./own
has 'my own main' 'own: 1 passed, 0 failed, 0 skipped'
"$CC" -fsyntax-only -I"$BUILD/include" -Wall -Wextra left.c || fail "the plain reading"
! "$CC" -I"$BUILD/include" left.c -L"$BUILD/lib" -lbide -o plain 2>out || fail "it links plainly"
grep -q 'bide__ref_compile_this_file_with_bide_cc' out || fail "$(cat out)"
