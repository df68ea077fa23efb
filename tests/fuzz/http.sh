# A short form of tools/fuzz-http: the seeds of each target, the findings, and some mutants of both,
# the same each time, with the libraries of this build and its sanitizers.
set -eu

flags='-std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror'
# shellcheck disable=SC2086
"$CC" $flags -I"$SRC" "$SRC/tools/http/seeds.c" -o seeds ||
    fail "tools/http/seeds.c does not compile"
runs=2000
[ -z "${FULL-}" ] || runs=200000
count=0
for file in $(grep -l LLVMFuzzerTestOneInput "$SRC"/tools/http/*.c); do
    name=$(basename "$file" .c)
    [ "$name" != loop ] || continue
    libraries=''
    for library in $(sed -n 's|^ \* fuzz: libraries||p' "$file"); do
        libraries="$libraries -l$library"
    done
    mkdir "$name" "$name/seeds"
    [ ! -d "$SRC/tests/fuzz/http/$name" ] || cp "$SRC/tests/fuzz/http/$name"/* "$name/seeds"
    case $name in
    heads | chunks)
        ./seeds "$name/seeds" "$name" "$SRC/tests/http/refused.txt" "$SRC/tests/http/accepted.txt"
        ;;
    esac
    # shellcheck disable=SC2046,SC2086
    "$BIDE" cc "$CC" $flags -I"$SRC" -I"$SRC/include" "$file" "$SRC/tools/http/loop.c" \
        -L"$BUILD/lib" -Wl,-rpath,"$BUILD/lib" $libraries -lbide \
        $(sed -n 's|^ \* fuzz: flags||p' "$file") -o "$name/loop" ||
        fail "tools/http/$name.c does not compile"
    (cd "$name" && ./loop seeds "$runs" >log 2>&1) ||
        fail "$name: $(tail -n 30 "$name/log"); the input is $PWD/$name/input"
    echo "$name: $(cat "$name/log")"
    count=$((count + 1))
done
[ "$count" -ge 2 ] || fail "only $count targets"
