# The examples under valgrind: no error, and nothing lost. Time is virtual. The sanitizers do not go
# with it, so it runs in the configurations without them. It cannot read clang's DWARF 5.
set -eu
[ -z "$SANITIZE" ] || skip "built with $SANITIZE, which does not run under valgrind"
command -v valgrind >/dev/null || skip "no valgrind"
here=$SRC/tests/programs

"$CC" -I"$BUILD/include" -c "$here/virtual/virtual.c" -o virtual.o
check() # NAME SOURCE...
{
    name=$1
    shift
    "$BIDE" cc "$CC" -gdwarf-4 "$@" virtual.o -o "$name"
    valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,possible \
        "./$name" >"$name.out" 2>"$name.err" || fail "$name: exit status $?: $(cat "$name.err")"
}
for name in hello join_two spawn_two sum sequential_vs_concurrent timed_join cancel retry lazy; do
    check "$name" "$SRC/examples/$name.c"
    ! grep -q '^==' "$name.err" || fail "$name: $(cat "$name.err")"
done
"$CC" -gdwarf-4 -I"$BUILD/include" -c "$SRC/examples/own_future.c" -o own_future.o
check own_future own_future.o
valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
    "$EXAMPLES/catbot" >catbot.out 2>catbot.err || fail "catbot: $(cat catbot.err)"
