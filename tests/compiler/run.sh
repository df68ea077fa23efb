# Every run/TOPIC/NAME.c compiles without a warning, prints what NAME.out says and ends with status
# 0: with gcc at -O0 and -O3, with clang at -O2, in the long tier with both at all three levels. A
# comment "flags: ..." in the first lines adds flags.
#
# The fixed tier uses the sanitizers only at -O0 and builds optimized code as users build it. With
# sanitizers, gcc -O3 would take four times as long and clang -O2 twice as long, to check the same
# C. compiler/emit runs programs with clang's sanitizers. PLAIN, if it is set, is a tree that was
# built without sanitizers.
#
# Each program runs a second time on a multi_thread runtime of two workers, which flavour.c makes,
# and prints the same; unless its first lines say "one thread: REASON". In the fixed tier that is
# done once for each compiler.
#
# The file items says what each program tests.
#
#   ONLY=NAME    only this program; or TOPIC/NAME, or a whole TOPIC
#   UPDATE=1     writes NAME.out from what was printed
set -eu

cat >case.sh <<'END'
file=$1
name=$(basename "$(dirname "$file")")/$(basename "$file" .c)
warn="-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion
    -Wno-sign-conversion -Werror"
more=$(sed -n '1,20s/.*flags: *\([^*]*\).*/\1/p' "$file")
expected=${file%.c}.out

is_plain()
{
    [ "$level" != -O0 ] && [ "$FULL" != 1 ] && [ -n "$SANITIZE" ] && [ -n "${PLAIN-}" ]
}

# The first level of the fixed tier, all levels of the long one.
runs_on_workers()
{
    [ "$level" = "${levels%% *}" ] || [ "$FULL" = 1 ] || return 1
    ! sed -n 1,20p "$file" | grep -q 'one thread: '
}

bad()
{
    echo "FAILED: $name $level$where: $*"
    for text in "$program.cc" "$program.err"; do
        [ ! -s "$text" ] || head -n 30 "$text"
    done
    exit 1
}

run_it()
{
    status=0
    # If it hangs, it shows what its tasks wait for.
    timeout -s QUIT -k 5 $((20 * ${BIDE_TEST_SLOW:-1})) "$program" \
        >"$program.out" 2>"$program.err" || status=$?
    [ "$status" = 0 ] || bad "exit status $status"
}

compare()
{
    diff -u "$expected" "$program.out" >"$program.diff" 2>&1 || {
        head -n 40 "$program.diff"
        bad "different output"
    }
}

where=
for level in $levels; do
    tool=$BIDE debug=-g
    [ "$level" != -O3 ] || debug=
    if is_plain; then
        tool=$PLAIN/bin/bide
        debug="$debug -fno-sanitize=all"
    fi
    program=./$(echo "$name" | tr / -)$level
    timeout $((120 * ${BIDE_TEST_SLOW:-1})) \
        "$tool" cc "$CC" $warn $debug $level $more "$file" flavour.o -Wl,--wrap=bide__main \
        -o "$program" \
        >"$program.cc" 2>&1 || bad "does not compile"
    [ ! -s "$program.cc" ] || bad "the compiler said something"
    run_it
    if [ "${UPDATE:-}" = 1 ]; then
        cp "$program.out" "$expected"
    fi
    compare
    if runs_on_workers; then
        where=', on two workers'
        flavour=main
        grep -q '^[_a-z]*async .* main(' "$file" || flavour=entered
        leaks=${ASAN_OPTIONS-} # the first run has looked for them, which takes long
        export BIDE_TEST_FLAVOUR=$flavour BIDE_WORKERS=2 ASAN_OPTIONS="$leaks:detect_leaks=0"
        run_it
        compare
        unset BIDE_TEST_FLAVOUR BIDE_WORKERS
        ASAN_OPTIONS=$leaks
        where=
    fi
    rm -f "$program" "$program".*
done
END

case $("$CC" --version) in
*clang*) levels=-O2 ;;
*) levels='-O0 -O3' ;;
esac
[ "$FULL" != 1 ] || levels='-O0 -O2'
[ -z "$LONG" ] || levels='-O0 -O2 -O3'
export levels PLAIN=${PLAIN-}
sed -n 's/^[^#].\{37\}//p' "$SRC/tests/compiler/items" | tr ' ' '\n' | while read -r name; do
    [ -e "$SRC/tests/compiler/run/$name.c" ] || [ -e "$SRC/tests/compiler/run/$name" ] ||
        fail "the list of items names '$name', which does not exist"
done
programs "$SRC/tests/compiler/run" >list
[ -s list ] || fail "no program is named ${ONLY-}"
"$CC" -Wall -Wextra -Werror -fno-sanitize=all -I"$BUILD/include" -c \
    "$SRC/tests/compiler/flavour/flavour.c" -o flavour.o
xargs -d '\n' -P 2 -n 1 sh case.sh <list >log || fail "$(cat log)"
echo "$(wc -l <list) programs"
