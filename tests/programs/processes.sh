# processes: what the commands print and how they end; Ctrl-C kills those that run, also what a
# shell has started.
"$EXAMPLES/processes" 'echo one; echo err >&2' 'exit 3' 'kill -9 $$' 'yes | head -c 20000' >out ||
    fail "exit status $?"
cat >expected <<'END'
echo one; echo err >&2: exited with status 0
err
exit 3: exited with status 3
kill -9 $$: killed by SIGKILL
one
yes | head -c 20000: exited with status 0
END
grep -v '^y$' out | LC_ALL=C sort | diff expected - >&2 || fail "what it prints"
[ "$(grep -c '^y$' out)" = 5000 ] || fail "the limit of the output: $(grep -c '^y$' out) lines"

mkfifo begun
"$EXAMPLES/processes" 'sleep 600 & echo $! >begun; wait' 'exec sleep 600' &
program=$!
read -r sleeper <begun
kill -INT "$program"
status=0
wait "$program" || status=$?
[ "$status" = 130 ] || fail "Ctrl-C: exit status $status"
tries=0
while kill -0 "$sleeper" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "a process of a command has outlived Ctrl-C"
    sleep 0.1
done
