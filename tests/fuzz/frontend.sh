# A short form of tools/fuzz-frontend: its findings, which are in frontend/, and tests of the
# compiler cut off in the middle. Whatever bide prints about them, it ends by itself, soon, with
# status 0 or 1, and its sanitizers are silent.
set -eu

# The target itself, which only tools/fuzz-frontend builds, fits the compiler as it is.
"$CC" -std=gnu11 -fsyntax-only -Wall -Werror -I"$SRC" -I"$SRC/include" \
    "$SRC/tools/frontend/target.c" || fail "tools/frontend/target.c does not compile"

# try FILE: compiles FILE, with includes relative to $folder
try()
{
    status=0
    timeout 60 "$BIDE" cc "$CC" -w -I"$folder" -c "$1" -o out.o >log 2>&1 ||
        status=$?
    [ "$status" -le 1 ] || fail "$1: status $status: $(tail -n 30 log)"
    ! grep -E 'Sanitizer|runtime error|internal error' log || fail "$1: $(tail -n 30 log)"
    count=$((count + 1))
}

count=0
folder=.
for file in "$SRC"/tests/fuzz/frontend/*.c; do
    try "$file"
done
# Three pieces of every fifth test, each cut at a fixed byte.
turn=0
for file in $(programs "$SRC/tests/compiler/run"); do
    folder=$(dirname "$file")
    turn=$((turn + 1))
    [ $((turn % 5)) = 0 ] || continue
    size=$(wc -c <"$file")
    for part in 3 5 7; do
        head -c $((size * part / 9)) "$file" >"cut.c"
        try cut.c
    done
done
echo "$count files"
