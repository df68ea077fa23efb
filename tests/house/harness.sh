# The test harness itself: every way in which a test can end, what is shown, and the closing line.
set -eu
cat >all.c <<'END'
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int calls;

static int count(void)
{
    return ++calls;
}

TEST(good)
{
    puts("not to be seen");
    CHECK(count() == 1);
    CHECK_EQ(count(), 2);
    CHECK_EQ(-1L, -1);
    CHECK_STR("a", "a");
    CHECK_STR(NULL, NULL);
    CHECK_ERR(-EPERM, -EPERM);
}

TEST(good_first_in_its_process)
{
    CHECK_EQ(count(), 1);
}

TEST(bad_cond)
{
    printf("seen before the check\n");
    CHECK(calls == 5);
}

TEST(bad_eq)
{
    CHECK_EQ(count(), 7);
}

TEST(bad_str)
{
    CHECK_STR("one\ntwo", NULL);
}

TEST(bad_err)
{
    CHECK_ERR(-ETIMEDOUT, 0);
}

TEST(bad_signal)
{
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
}

TEST_LIMIT(bad_hang, 1)
{
    if (fork() == 0)
        pause();
    for (;;)
        pause();
}

TEST(skip_this)
{
    SKIP("no such thing here");
}
END
compile() { "$CC" -std=gnu11 -Wall -Wextra -Werror -I"$SRC/tests/harness" -I"$SRC/include" "$@"; }
compile all.c "$SRC/tests/harness/check.c" -o all
export BIDE_TEST_SLOW=1

status=0
./all >out 2>&1 || status=$?
[ $status = 1 ] || fail "exit status $status after failures"
sees() { grep -qF -- "$1" out || { cat out; fail "not seen: $1"; }; }
sees 'FAILED bad_cond (all.c): exit status 1'
sees 'seen before the check'
sees 'all.c:35: check failed: calls == 5'
sees 'check failed: count() == 7'
sees 'got 1, expected 7'
sees 'got      "one\ntwo"'
sees 'expected NULL'
sees 'got      -ETIMEDOUT (-110)'
sees 'FAILED bad_signal (all.c): Terminated'
sees 'FAILED bad_hang (all.c): not done after 1 s'
sees 'SKIPPED skip_this'
sees 'skipped: no such thing here'
! grep -q 'not to be seen' out || fail "the output of a test that passed is shown"
[ "$(tail -n 1 out)" = "./all: 2 passed, 6 failed, 1 skipped" ] || fail "closing: $(tail -n 1 out)"

./all good >out || fail "the good ones alone"
[ "$(./all --list | wc -l)" = 9 ] || fail "--list"
status=0
./all skip >out || status=$?
[ $status = 77 ] || fail "exit status $status when all is skipped"
! ./all nothing_has_this_name >out 2>&1 || fail "no match must fail"
BIDE_TEST_NOFORK=1 ./all good_first >out || fail "without fork"

# A leak fails the test that made it, and no other.
case $SANITIZE in
*address*)
    cat >leak.c <<'END'
#include "check.h"

#include <stdlib.h>

static void *volatile kept;

TEST(leaks)
{
    kept = malloc(100);
    kept = 0;
}

TEST(does_not)
{
    free(malloc(100));
}
END
    compile leak.c "$SRC/tests/harness/check.c" -o leak
    ! ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=1" ./leak >out 2>&1 || fail "a leak went unseen"
    sees 'FAILED leaks'
    sees 'LeakSanitizer'
    sees '1 passed, 1 failed, 0 skipped'
    ;;
esac
