# The examples under valgrind: no errors and no leaks. Time is virtual. valgrind does not work with
# the sanitizers, so this runs in the configurations without them. valgrind cannot read clang's
# DWARF 5.
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
