# libuv: the numbers of the loop's timer reach the task, which goes on with each while the next ones
# come.

[ -x "$EXAMPLES/libuv" ] || skip "built without libuv (libuv1-dev)"

"$EXAMPLES/libuv" >out || fail "exit status $?: $(cat out)"
grep '^number' out >numbers
grep '^  ' out >squares
printf 'number %d\n' 1 2 3 4 5 | diff - numbers || fail "other numbers"
diff "$SRC/tests/programs/libuv.out" squares || fail "other squares"
# If the loop waited for the task, each number would be followed by its square.
awk '/^number/ { if (was) two = 1 } { was = /^number/ } END { exit !two }' out ||
    fail "the loop waits for the task: $(cat out)"
