# CONTRIBUTING.md: its examples are applied to a copy of the tree, which then builds and passes its
# tests; without the lines that the page removes for a try, they fail. A block "```c PATH" or
# "```text PATH" with a slash in PATH is the file PATH; a block "```diff NAME" is a patch. The fixed
# tier only applies them; the tree is built in the long tier, in one configuration.
set -eu

mkdir tree
(cd "$SRC" && tar -cf - --exclude=./build --exclude=./.git .) | tar -xf - -C tree
cd tree

awk '
    /^```/ && inside { inside = 0; close(out); next }
    /^```(c|text) [^ ]*\/[^ ]*$/ { inside = 1; out = $2; printf "" > out; print out; next }
    /^```diff [^ ]+$/ { inside = 1; out = $2; printf "" > out; print out; next }
    /^```/ { inside = 1; out = "/dev/null"; next }
    inside { print > out }
' CONTRIBUTING.md >../blocks
[ "$(wc -l <../blocks)" = 8 ] || fail "these are not the 8 blocks of the page: $(cat ../blocks)"
for patch in *.diff; do
    patch -s -p0 -F0 <"$patch" >../log 2>&1 || fail "$patch does not apply: $(cat ../log)"
done

formatter=$(command -v clang-format-14 || command -v clang-format)
"$formatter" --dry-run -Werror compiler/warn/async.c lib/sync/gate.c tests/lib/gate.c \
    >../log 2>&1 || fail "$(cat ../log)"

[ -n "$FULL" ] || exit 0
[ "$(basename "$CMAKE_TREE")" = release ] || skip "only in build/release"

cmake --preset debug >../log 2>&1 || fail "$(cat ../log)"
build()
{
    cmake --build build/debug -j 2 --target "$@" >../log 2>&1 || fail "$(tail -n 50 ../log)"
}
# passes NAME: does the test pass in the copy? compiler/err runs only the new file.
passes()
{
    only=
    [ "$1" != compiler/err ] || only=unused_async
    ONLY=$only ctest --test-dir build/debug --no-tests=error --output-on-failure -R "^$1\$" \
        >../log 2>&1
}

build product test-lib-gate
for test in compiler/err compiler/diagnostics driver/help lib/gate; do
    passes $test || fail "$test: $(cat ../log)"
done

sed -i '/queue_remove(&g->waiting_, &p->w);/d' lib/sync/gate.c
build test-lib-gate
! passes lib/gate || fail "lib/gate does not see that a cancelled wait stays in the queue"
grep -q 'FAILED a_cancelled_wait_leaves_no_trace' ../log || fail "$(cat ../log)"

sed -i 's/fn->has_await || //' compiler/warn/async.c
build bide_tool
! passes compiler/err || fail "compiler/err does not see a false alarm"
grep -q "function 'later' never awaits" ../log || fail "$(cat ../log)"
