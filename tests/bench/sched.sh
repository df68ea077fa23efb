# `./x bench sched` with a few operations: each workload does on every runtime that can be made what
# it claims to do, the rows name workloads that exist on both sides, and the verdicts and the exit
# status are right. A script that prints fixed numbers stands for Tokio.
set -eu
here=$SRC/bench/sched

"$BIDE" cc "$CC" -std=gnu11 -I"$SRC" -I"$SRC/bench" "$SRC/bench/sched.c" "$here"/*.c -o sched
./sched --smoke >smoke || fail "a workload: $(tail -n 1 smoke)"
./sched --list >names
while read -r name; do
    grep -q "^$name [0-9]" smoke || fail "$name has not run"
done <names
if grep -q "not built" smoke; then fail "there is no multi_thread"; fi

# The rows.
grep -v '^#' "$here/rows" | grep . >rows
[ "$(wc -l <rows)" -gt 40 ] || fail "few rows"
while read -r row rt peer n clock unit pairs pin ratio limit more; do
    [ -n "$limit" ] && [ -z "$more" ] || fail "$row: ten columns"
    [ "$ratio$limit" != -- ] || fail "$row $rt has no target"
    grep -qx "$row" names || fail "bide has no $row"
    other=${peer#=}
    case $peer in
    tokio) grep -q "(\"$row\", " "$here"/tokio/src/*.rs || fail "Tokio has no $row" ;;
    =*) grep -qx "${other%/*}" names || fail "$row: no $peer" ;;
    *) fail "$row: $peer" ;;
    esac
    case $rt$clock$unit$n$pairs$pin in
    ct[cw]*[0-9-] | mt[1-9][cw]*[0-9-]) ;;
    *) fail "$row: $rt $clock $unit $n $pairs $pin" ;;
    esac
done <rows

# Verdicts. Tokio is a script, whose first argument is the row. What seems slower is measured again.
cat >tokio <<'END'
#!/bin/sh
case $1 in
yield_1000) echo 1e9 1e9 ;;
yield_many) echo 0.001 0.001 ;;
yield_floor) # slower than it is in its first two runs
    echo >>runs
    if [ "$(wc -l <runs)" -gt 2 ]; then echo 1e9 1e9; else echo 0.001 0.001; fi
    ;;
*) exit 1 ;;
esac
END
chmod +x tokio
cat >fixed <<'END'
yield_1000  ct tokio     100 cpu  ns 3 - 0.2 -
yield_1000  ct =yield_1/ct 9 wall ns 1 - 1e9 1e9
yield_1000  ct tokio     100 wall ns 3 0 -   1e-9
yield_many  ct tokio     100 cpu  ns 2 - 0.2 -
yield_floor     ct tokio     100 cpu  ns 2 - 0.2 -
yield_1     ct tokio     100 cpu  ns 2 - 0.2 -
no_such_row ct tokio     100 cpu  ns 2 - 0.2 -
END
bench() # STATUS ARGUMENT...
{
    expected=$1 status=0
    shift
    OURS=$PWD/sched PEER=$PWD/tokio ROWS=$PWD/fixed BUILD=$PWD SRC=$SRC \
        sh "$SRC/bench/sched.sh" "$@" >out 2>errors || status=$?
    [ "$status" = "$expected" ] || fail "$*: exit status $status: $(cat out errors)"
}
bench 1
cat >verdicts <<'END'
yield_1000 yes
yield_1000 yes
yield_1000 no
yield_many SLOWER
yield_floor yes
yield_1 failed
no_such_row not built
7 rows: 3 meet their targets (42%), 1 do not, 1 are slower than Tokio, 1 failed, 1 are not built
END
words='yes\|no\|SLOWER\|failed\|not built'
sed -n "/^7 rows/p; s/^\([a-z_0-9]*\)  *ct .* \($words\)\>.*/\1 \2/p" out |
    diff verdicts - || fail "the table: $(cat out)"
bench 1 --json --pairs 1 --only yield_many
grep -q '"row": "yield_many", .*"peers": 0.001, .*"verdict": "SLOWER"' out || fail "$(cat out)"
bench 2 --nonsense
sed -n '1p;1p;1p;3p' fixed >three_of_four
sed -n '1p;1p;1p;1p;3p' fixed >four_of_five
mv three_of_four fixed
bench 1 --pairs 1
mv four_of_five fixed
bench 0 --pairs 1

# With a console: somebody is attached, gets an answer, and it lasts for a second. So few operations
# take no time that can be compared, so the verdicts are those of fixed numbers.
begin_ms=$(date +%s%3N)
BIDE_CONSOLE=$PWD/socket ./sched yield_1000 ct 20 watched >out || fail "with a console"
[ $(($(date +%s%3N) - begin_ms)) -ge 1000 ] || fail "it ended at once"
grep -q '^[0-9.]* [0-9.]*$' out || fail "the figures: $(cat out)"
BIDE_CONSOLE=$PWD/socket ./sched timers_fire mt2 20 watched >out || fail "on two workers"
status=0
env -u BIDE_CONSOLE ./sched yield_1000 ct 20 watched >out 2>errors || status=$?
[ "$status" = 1 ] && grep -q attached errors || fail "without one: $status, $(cat errors)"

cat >fake <<'END'
#!/bin/sh
echo "$* ${BIDE_CONSOLE+on}" >>calls
case "$* ${BIDE_CONSOLE+on}" in
a_9\ *) exit 1 ;;
*' watched on') echo "1 ${1##*_}" ;;
*' long ') echo 1 1 ;;
*' long on') echo 2 2 ;;
*) exit 2 ;;
esac
END
chmod +x fake
mv fake sched
cat >fixed <<'END'
a_1    ct  tokio  30 cpu  ns    2 - 0.2 -
a_1.02 ct  =b/ct  20 cpu  ns    2 - 2   -
a_1.06 ct  tokio  20 cpu  ns    2 - 1   -
a_1.06 ct  =a_1/x 20 cpu  ns    2 - 1   -
a_7    ct  tokio  20 cpu  bytes 2 - 1   -
a_7    ct  tokio  20 cpu  ns    2 0 1   -
a_1.03 mt2 tokio  20 cpu  ns    2 - 1   -
END
bench 0 --console
grep -q '^a_1.06  *ct  *1.06  *1 ns  *1.06  *1  *-  (beside off)$' out || fail "$(cat out)"
tail -n 1 out | grep -q '^4 rows: .* take 1.025 of .*; 1 to 1.06), 0 failed, 0 are not' ||
    fail "the last line: $(cat out)"
[ "$(wc -l <calls)" = 16 ] || fail "$(cat calls)"
grep -q '"row": "a_1.06", .*"ratio": 1.06, ' bench/sched-console.json || fail "no JSON"
bench 1 --console --only a_1.06
bench 0 --console=idle --only a_1.06 --pairs 1
grep -q '^a_1.06  *ct  *1.06  *2 ns  *0.53  *0.5  *-  (beside idle)$' out || fail "$(cat out)"
echo 'a_9 ct tokio 20 cpu ns 2 - 0.2 -' >>fixed
bench 1 --console --pairs 1 --json
grep -q '"row": "a_9", .*"verdict": "failed"' out || fail "$(cat out)"
tail -n 1 errors | grep -q '^4 rows: .*, 1 failed, 0 are not' || fail "$(cat errors)"
echo "$(wc -l <names) workloads, $(wc -l <rows) rows"
