# Calls that block beside a task that ticks, and in a server. What is certain, however slow the
# machine: nothing else runs beside a call that keeps the only worker, and something does beside one
# that does not. The watchdog names the first kind.

"$EXAMPLES/blocking" >out 2>err || fail "blocking: exit status $?: $(cat err)"
sed 's/: [1-9][0-9]* ticks$/: some ticks/' out | diff "$SRC/tests/programs/blocking.out" - ||
    fail "blocking prints something else"
for name in compute_wrongly ask_wrongly; do
    grep -q "^bide: worker 0: the task of $name (.*examples/blocking.c:[0-9]*) has not come to an \
await for 1[0-9][0-9][0-9] ms; use bide_blocking or bide_yield\$" err ||
        fail "blocking: the watchdog does not name $name: $(cat err)"
done
[ "$(wc -l <err)" = 2 ] || fail "blocking: the watchdog names others: $(cat err)"

"$EXAMPLES/blocking_server" >out 2>err || fail "blocking_server: exit status $?: $(cat err)"
sed 's/: [1-9][0-9]* pings/: some pings/; s/[0-9]*\.[0-9] ms/... ms/' out |
    diff "$SRC/tests/programs/blocking_server.out" - || fail "blocking_server prints something else"
awk '/^wrong, "read"/ && $(NF - 1) < 299 { exit 1 }' out ||
    fail "a ping is answered during a read that blocks: $(cat out)"
