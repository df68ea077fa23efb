# retry: the attempts, their errors, and the bounds of the pauses: at most 100 ms before the second
# attempt, twice as much before each further one, and never less than half of the bound.

# shellcheck disable=SC2086
$CC $CFLAGS -I"$BUILD/include" -c "$SRC/tests/programs/virtual/virtual.c" -o virtual.o

"$BIDE" cc "$CC" $CFLAGS "$SRC/examples/retry.c" virtual.o -o retry
sed 's/^async int main/bide_runtime(multi_thread);\n&/' "$SRC/examples/retry.c" >multi.c
"$BIDE" cc "$CC" $CFLAGS multi.c virtual.o -o multi
export BIDE_WORKERS=2
for program in retry retry retry retry multi; do
    "./$program" >out || fail "$program: exit status $?"

    sed 's/^  pause of [0-9]* ms/  pause/' out >stable
    diff "$SRC/tests/programs/retry.out" stable || fail "other attempts"

    awk '/pause of/ && ($3 < $5 / 2 || $3 > $5) { print "a pause out of bounds: " $0; bad = 1 }
         { sub(",", "") }
         END { exit bad }' out || fail "pauses"
done
[ "$(./retry | grep pause | sort -u | wc -l)" -gt 3 ] || fail "the pauses are all the same"
