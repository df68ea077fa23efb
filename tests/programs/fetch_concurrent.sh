# fetch_concurrent: the waits for two pages overlap. In virtual time the figures are exact.

# shellcheck disable=SC2086
{
    $CC $CFLAGS -I"$BUILD/include" -c "$SRC/tests/programs/virtual/virtual.c" -o virtual.o
    "$BIDE" cc "$CC" $CFLAGS -std=c11 -Wall -Wextra -Wconversion \
        "$SRC/examples/fetch_concurrent.c" virtual.o -L"$BUILD/lib" -lbide-http \
        -Wl,-rpath,"$BUILD/lib" -o fetch-virtual >messages 2>&1 || fail "$(cat messages)"
}
[ ! -s messages ] || fail "$(cat messages)"
./fetch-virtual >out 2>&1 || fail "exit status $?: $(cat out)"
cat >expected <<'END_OF_OUTPUT'
one after the other: 300 and 200 bytes, 500 ms
both at once: 300 and 200 bytes, 300 ms
END_OF_OUTPUT
diff expected out || fail "it prints something else"

"$EXAMPLES/fetch_concurrent" >out 2>&1 || fail "exit status $? in real time: $(cat out)"
sed 's/, [0-9]* ms/, some ms/' expected >without_times
sed 's/, [0-9]* ms/, some ms/' out | diff without_times - || fail "it prints something else"
awk '{ if ($(NF - 1) < (NR == 1 ? 500 : 300)) exit 1 }' out || fail "too soon: $(cat out)"

if "$EXAMPLES/fetch_concurrent" http://127.0.0.1:1/ >out 2>&1; then fail "one page: $(cat out)"; fi
grep -qx 'usage: fetch_concurrent \[URL URL\]' out || fail "one page: $(cat out)"

# Pages of others, which are not there.
if "$EXAMPLES/fetch_concurrent" http://127.0.0.1:1/ nonsense://x >out 2>&1; then
    fail "no page, and no error: $(cat out)"
fi
[ "$(grep -c '^http://127.0.0.1:1/: ' out)" = 2 ] || fail "it is not told: $(cat out)"
