# A program whose tasks wait for each other's locks ends by itself, and says which and where. A task
# that waits for itself is unwound, and it is said where both of its locks are.
set -eu

cat >circle.c <<'END_C'
#include <bide/bide.h>
#include <string.h>

static bide_mutex left, right;

static async int crosses(bide_mutex *first, bide_mutex *second)
{
    bide_locked(first) {
        for (int i = 0; i < 100; i++)
            await bide_yield();
        bide_locked(second)
            await bide_yield();
    }
    return 0;
}

static async int twice(void)
{
    bide_locked(&left)
        bide_locked(&left)
            await bide_yield();
    return 0;
}

async int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "twice"))
        return await twice();
    int a = 0, b = 0;
    bide_scope(s) {
        bide_task(int) t = bide_scope_spawn(s, crosses(&left, &right));
        bide_task(int) u = bide_scope_spawn(s, crosses(&right, &left));
        await bide_task_join(t, &a);
        await bide_task_join(u, &b);
    }
    return a + b;
}
END_C
"$BIDE" cc "$CC" -g circle.c -o circle 2>err || fail "$(cat err)"

status=0
timeout $((30 * ${BIDE_TEST_SLOW:-1})) ./circle 2>err || status=$?
[ "$status" = 1 ] || fail "exit status $status: $(cat err)"
grep -q '^bide: every task waits, and there is nothing left' err || fail "$(cat err)"
line='task [0-9a-f]* waits in crosses (circle.c:11) for the mutex [0-9a-f]*, which'
line="$line task [0-9a-f]* has locked at circle.c:8"
[ "$(grep -c "^deadlock: $line\$" err)" = 1 ] || fail "$(cat err)"
[ "$(grep -c "^          $line\$" err)" = 1 ] || fail "$(cat err)"
line='for the mutex [0-9a-f]*, which task [0-9a-f]* has locked at circle.c:8'
[ "$(grep -c "^  $line\$" err)" = 2 ] || fail "$(cat err)"

status=0
timeout $((30 * ${BIDE_TEST_SLOW:-1})) ./circle twice 2>err || status=$?
[ "$status" = 1 ] || fail "exit status $status: $(cat err)"
line='^bide: circle.c:20: the task waits for the mutex that it has locked at circle.c:19,'
grep -q "$line" err || fail "$(cat err)"
