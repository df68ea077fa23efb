# bide top beside a program of docs/console.md: it sees the tasks, who holds the mutex and who waits
# for it, and the end of the program.
set -eu

unset BIDE_CONSOLE
sed -n '/^```c shop.c/,/^```$/p' "$SRC/docs/console.md" | sed '1d;$d' >shop.c
[ -s shop.c ] || fail "docs/console.md has no shop.c"
# shellcheck disable=SC2086
"$BIDE" cc "$CC" ${CFLAGS-} shop.c -L"$BUILD/lib" -lbide -Wl,-rpath,"$BUILD/lib" \
    -o shop >said 2>&1 ||
    fail "shop.c does not compile: $(cat said)"
[ ! -s said ] || fail "$(cat said)"
mkdir look
BIDE_CONSOLE=look ./shop &
shop=$!
trap 'kill $shop 2>/dev/null || true' EXIT
for _ in $(seq 600); do
    "$BIDE" top --once look >out 2>messages && [ "$(grep -c customer out)" -ge 3 ] && break
    sleep 0.1
done
expect()
{
    grep -qE "$1" out || fail "no line like '$1': $(cat out messages)"
}
expect "^shop, pid $shop, "
expect 'current_thread: alive 4, made 4'
[ "$(grep -cE '^ +[0-9a-f]+ +waits +customer .* pay ' out)" = 3 ] ||
    fail "not 3 customers: $(cat out)"
expect '^ +2 +mutex +[0-9a-f]+ +task [0-9a-f]+ "customer" \(pay at shop.c:5\)'
BIDE_CONSOLE=look "$BIDE" top --json --once >json || fail "exit status $?"
grep -q '"what":"mutex"' json || fail "no mutex: $(cat json)"
"$BIDE" top --once $shop >out 2>&1 && fail "a number without a folder"
kill $shop
wait $shop || true
if "$BIDE" top --once look >out 2>&1; then
    fail "the program has ended: $(cat out)"
fi

# The thread of the console could wake nobody: a program that is stuck is still told so.
cat >stuck.c <<'END'
#include <bide/bide.h>

static bide_notify never = BIDE_NOTIFY_INIT;

async int main(void)
{
    await bide_notify_wait(&never);
    return 0;
}
END
# shellcheck disable=SC2086
"$BIDE" cc "$CC" ${CFLAGS-} stuck.c -L"$BUILD/lib" -lbide -Wl,-rpath,"$BUILD/lib" -o stuck
if BIDE_CONSOLE=look ./stuck >out 2>&1; then
    fail "it is not stuck"
fi
expect '^bide: every task waits, and there is nothing left that could wake one:'
[ -z "$(ls look/*.bide 2>/dev/null | grep -v "/$shop.bide")" ] ||
    fail "a socket is left: $(ls look)"
