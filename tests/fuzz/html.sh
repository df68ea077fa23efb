# A short form of tools/fuzz-html: the seeds of each target, the findings, and some mutants of both,
# the same each time, with the libraries of this build and its sanitizers.
set -eu

flags='-std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror'
runs=2000
[ -z "${FULL-}" ] || runs=100000
count=0
for file in "$SRC"/tools/html/*.c; do
    name=$(basename "$file" .c)
    mkdir "$name"
    # shellcheck disable=SC2086
    "$BIDE" cc "$CC" $flags -I"$SRC" -I"$SRC/include" "$file" "$SRC/tools/http/loop.c" \
        -L"$BUILD/lib" -Wl,-rpath,"$BUILD/lib" -lbide-html -lbide -lgumbo -o "$name/loop" ||
        fail "tools/html/$name.c does not compile"
    (cd "$name" && ./loop "$SRC/tests/fuzz/html/$name" "$runs" >log 2>&1) ||
        fail "$name: $(tail -n 30 "$name/log"); the input is $PWD/$name/input"
    echo "$name: $(cat "$name/log")"
    count=$((count + 1))
done
[ "$count" -ge 2 ] || fail "only $count targets"
