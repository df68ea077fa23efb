# The small programs print what is in NAME.out, times included: time is virtual, so the times are
# exact and nobody waits. hello also runs in real time, as a user runs it.

programs='hello join_two spawn_two sum sequential_vs_concurrent timed_join cancel join_set
    unordered coordination pipeline'
here=$SRC/tests/programs

# shellcheck disable=SC2086
$CC $CFLAGS -I"$BUILD/include" -c "$here/virtual/virtual.c" -o virtual.o

for name in $programs; do
    "$BIDE" run virtual.o "$SRC/examples/$name.c" >"$name.txt" 2>&1 ||
        fail "$name: exit status $?: $(cat "$name.txt")"
    diff "$here/$name.out" "$name.txt" || fail "$name prints something else"
done

# The same on two workers, but for join_set, whose tasks count in a plain variable. cancel sends
# itself a signal, for which a virtual clock does not wait; so there it runs in real time, in which
# two that say farewell at the same time have no order: what each of them says has one.
for name in $programs; do
    [ "$name" != join_set ] || continue
    sed '0,/^async int main/s//bide_runtime(multi_thread);\n&/' "$SRC/examples/$name.c" >"$name.c"
    grep -q '^bide_runtime(multi_thread);' "$name.c" || fail "$name: no line for the runtime"
    time=virtual.o
    [ "$name" != cancel ] || time=
    # shellcheck disable=SC2086
    BIDE_WORKERS=2 "$BIDE" run $time "$name.c" >"$name.txt" 2>&1 ||
        fail "$name on two workers: exit status $?: $(cat "$name.txt")"
    if [ "$name" = cancel ]; then
        sort -s -k1,1 "$here/$name.out" >expected
        sort -s -k1,1 "$name.txt" | diff expected -
    else
        diff "$here/$name.out" "$name.txt"
    fi || fail "$name on two workers prints something else"
done

# lazy has a future that never runs: the compiler warns, and the program shows it.
(cd "$SRC/examples" && "$BIDE" run "$WORK/virtual.o" lazy.c) >lazy.txt 2>&1 ||
    fail "lazy: exit status $?: $(cat lazy.txt)"
diff "$here/lazy.out" lazy.txt || fail "lazy prints something else"

"$BIDE" run "$SRC/examples/hello.c" | diff "$here/hello.out" - || fail "hello in real time"

"$BIDE" run "$SRC/examples/own_future.c" >own_future.txt || fail "own_future: exit status $?"
grep -q '^poll -> Ready$' own_future.txt || fail "own_future: $(cat own_future.txt)"
