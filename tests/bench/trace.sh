# `./x bench trace` with a few operations: each workload does what it claims, for bide and, where
# cargo and the crate are, for Rust's tracing; the verdicts and the exit status are right. Scripts
# that print fixed numbers stand for both there.
set -eu
here=$SRC/bench/trace
. "$SRC/tests/harness/bench-cases"

"$BIDE" cc "$CC" -std=gnu11 -I"$SRC" "$SRC/bench/trace.c" -L"$BUILD/lib" -lbide-trace \
    -Wl,-rpath,"$BUILD/lib" -o trace
./trace --list >names

# The workloads check themselves what a function has got; what a file has is here.
while read -r name; do
    ./trace "$name" 100 lines >figures || fail "$name"
    grep -q '^[0-9.]* [0-9.]*$' figures || fail "$name: $(cat figures)"
    case $name in
    event_text) grep -c '^.* INFO trace: an event n=[0-9]* text="abc"$' lines ;;
    event_json) grep -c '"n": *[0-9]*, *"text": *"abc"' lines ;;
    span_timeline) grep -c '"ph": *"b".*"a span"' lines ;;
    *) echo 111 ;;
    esac >count || :
    [ "$(cat count)" = 111 ] || fail "$name has written: $(head -n 3 lines)" # 11 to warm up
done <names
status=0
./trace no_such_row 1 || status=$?
[ "$status" = 77 ] || fail "exit status $status for no row"

# The rows.
grep -v '^#' "$here/rows" | grep . >rows
[ "$(wc -l <rows)" = "$(wc -l <names)" ] || fail "not a row for each workload"
while read -r row kind server conns n unit rounds pin tracing floor limit fails more; do
    [ -n "$fails" ] && [ -z "$more" ] || fail "$row: twelve columns"
    grep -qx "$row" names || fail "bide has no $row"
    case $kind,$server in
    tracing,- | tracing,bare) grep -q "(\"$row\", " "$here/rust/src/main.rs" || fail "no $row" ;;
    alone,-) ;;
    alone,*) grep -qx "$server" names || fail "bide has no $server" ;;
    *) fail "$row: $kind $server" ;;
    esac
    case $row,$limit in
    *_off,2 | *_other,2 | yield,-) ;;
    *_off,* | *_other,* | *,[!-]*) fail "$row: the limit is $limit" ;;
    esac
    case "$conns $n $unit $rounds $pin $fails" in
    1\ [1-9]*\ ns\ [1-9]\ no\ yes | 1\ [1-9]*\ ns\ [1-9]\ no\ -) ;;
    *) fail "$row: $conns $n $unit $rounds $pin $fails" ;;
    esac
done <rows

# Verdicts. The figure of tracing is 1, that of its bare subscriber 0.5, and bide's is the number of
# operations in tenths.
cat >ours <<'END_OF_OURS'
#!/bin/sh
[ "$1" != lost ] || exit 1
echo "$(($2 / 10)).$(($2 % 10)) 2"
END_OF_OURS
cat >theirs <<'END_OF_THEIRS'
#!/bin/sh
echo "$*" >>calls
case $1 in told) echo 1 4 ;; bare) echo 0.5 3 ;; *) exit 2 ;; esac
END_OF_THEIRS
chmod +x ours theirs
cat >fixed <<'END_OF_ROWS'
fast    tracing -     1 10 ns 3 no 1.05 - 2   yes
equal   tracing bare  1 11 ns 3 no 1.05 - 2   -
slower  tracing bare  1 11 ns 3 no 1.05 - 2   yes
long    tracing -     1 21 ns 3 no -    - 2   -
shown   tracing bare  1 30 ns 3 no -    - -   -
alone   alone   -     1 30 ns 3 no -    - -   -
beside  alone   other 1 30 ns 3 no -    - -   -
END_OF_ROWS
export ROWS="$PWD/fixed" OURS="$PWD/ours" PEER="$PWD/theirs"
bench 1
cat >verdicts <<'END_OF_VERDICTS'
fast bide-trace yes
equal bide-trace no
slower bide-trace SLOWER
long bide-trace no
shown bide-trace -
alone bide-trace -
beside bide-trace -
END_OF_VERDICTS
sed -n 's/^\([a-z]*\)  *\(bide-trace\) .*  \([a-zA-Z-]*\)$/\1 \2 \3/p' out | diff verdicts - ||
    fail "the table: $(cat out errors)"
cat >lines <<'END_OF_LINES'
fast bide-trace tracing
equal bide-trace tracing bare
slower bide-trace tracing bare
long bide-trace tracing
shown bide-trace tracing bare
alone bide-trace
beside bide-trace bare
END_OF_LINES
awk '$4 ~ /^[0-9]/ {
    if (!($1 in who)) order[++n] = $1
    who[$1] = who[$1] " " $2
} END { for (i = 1; i <= n; i++) print order[i] who[order[i]] }' out |
    diff lines - || fail "the lines: $(cat out)"
grep -q '^shown  *bide-trace  *3  *3  *3 ns  *3.000  *3.000  *6.000  *2  *0.500  -$' out ||
    fail "the ratios: $(cat out)"
grep -q '^4 rows of bide: 1 meet their targets, 2 do not, 1 are slower than tracing' out ||
    fail "$(cat out)"
bench 0 --only fast --json --rounds 2
grep -q '"who": "bide-trace", "median": 1, .*"to_tracing": 1.000, .*"verdict": "yes"' out ||
    fail "$(cat out)"
[ "$(grep -c '^told fast 10$' calls)" = 5 ] || fail "rounds: $(cat calls)"
bench 1 --only long # too slow, though beside nobody
bench 1 --only slower
bench 2 --nonsense
echo 'lost alone - 1 30 ns 3 no - - - -' >fixed
bench 1
grep -q '^lost  *bide-trace .* failed$' out || fail "$(cat out)"

# The other side itself. So few operations take no time that can be compared.
unset PEER
[ -d /usr/share/cargo/registry/tracing-0.1.37 ] || skip "no librust-tracing-dev"
command -v cargo >/dev/null && command -v rustc >/dev/null || skip "no cargo"
sed 's/^\([a-z_]*  *[a-z]*  *[a-z-]*\) .*/\1 1 1000 ns 1 no 1e9 - - -/' rows >fixed
OURS=$PWD/trace bench 0
if grep -q 'failed$\|not built$' out; then fail "$(cat out errors)"; fi
while read -r row kind server more; do
    grep -q "^$row  *bide-trace  *[0-9]" out || fail "$row: $(cat out)"
    [ "$kind" = alone ] || grep -q "^$row  *tracing  *[0-9]" out || fail "$row: $(cat out errors)"
    [ "$server" = - ] || grep -q "^$row  *bare  *[0-9]" out || fail "$row: $(cat out errors)"
done <rows
