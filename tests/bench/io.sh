# `./x bench io`: the peers know all rows, and the verdicts and the exit status are right; scripts
# that print fixed numbers stand for the generator and for bide. In the long tier the benchmark
# itself runs, with a few operations: bide on both of its drivers, libuv and the floor do what each
# row asks of them.
set -eu
here=$SRC/bench/io
. "$SRC/tests/harness/bench-cases"

# The rows.
grep -v '^#' "$here/rows" | grep . >rows
[ "$(wc -l <rows)" -ge 25 ] || fail "few rows"
while read -r row kind server conns n unit rounds pin tokio floor limit fails more; do
    [ -n "$fails" ] && [ -z "$more" ] || fail "$row: twelve columns"
    [ "$tokio$floor$limit" != --- ] || fail "$row has no target"
    case "$conns $n $unit $rounds $pin $fails" in
    [1-9]*\ [1-9]*\ [un]s*\ [1-9]\ yes\ yes) ;;
    [1-9]*\ [1-9]*\ us\ [1-9]\ -\ yes) ;;
    *) fail "$row: $conns $n $unit $rounds $pin $fails" ;;
    esac
    case $kind,$server in
    run,tmpfs/* | run,disk/*) ;;
    run,*) fail "$row: $server" ;;
    *) grep -q "\"$kind\", load_$kind" "$here/load/kinds.c" || fail "no load $kind" ;;
    esac
    for peer in "$SRC/bench/io.c $here/*.c" "$here/peers/plain/*.c" "$here/peers/libuv/*.c" \
        "$here/tokio/src/*.rs" "$here/go/*.go"; do
        cat $peer | grep -q "\"${server#*/}\"" || fail "$peer: no $server"
    done
done <rows

# Verdicts. Of each row Tokio's figure is 100 and its time 10, and those of bide on epoll are what
# the row gives as connections and operations. libuv's figure is 80, the floor's 60.
cat >load <<'END'
#!/bin/sh
[ "$1" != --pin ] || shift
echo "$*" >>calls
case "$*" in
*' env BIDE_IO=epoll '*) echo "$2 $3 0 epoll" ;;
*' env BIDE_IO=uring '*) echo "90 10 0 uring" ;;
*/tokio/*) echo "100 10 0 epoll" ;;
*/libuv\ *) echo "80 10 0 epoll" ;;
*/plain\ *) echo "60 10 0 epoll" ;;
esac
END
cat >ours <<'END'
#!/bin/sh
case "$BIDE_IO $*" in
' driver') echo epoll ;;
'epoll run work 1 3 '*) echo 106 11 epoll ;;
'uring run work 1 3 '*) echo 90 11 uring ;;
*) exit 77 ;;
esac
END
chmod +x load ours
mkdir -p bench/io-peers/tokio/target/release
echo 'echo 100 10' >bench/io-peers/tokio/target/release/io
chmod +x bench/io-peers/tokio/target/release/io
cat >fixed <<'END'
good   tls   tls        95  10 us 3 yes 1.05 -   - yes
floor  tls   tls        95  10 us 3 yes 1.05 1.5 - yes
later  tls   tls        95  11 us 3 yes 1.05 -   - yes
slower tls   tls        106 10 us 3 yes 1.05 -   - yes
cheap  relay relay      106 10 us 3 yes 1.05 -   - -
mine   run   disk/work  1   3  us 3 -   1.05 -   - yes
other  run   disk/other 1   3  us 3 -   1.05 -   - yes
END
export LOAD="$PWD/load" ROWS="$PWD/fixed" OURS="$PWD/ours"
export WHO='bide-epoll bide-uring tokio libuv plain'
bench 1
cat >verdicts <<'END'
good bide-epoll yes
good bide-uring -
floor bide-epoll no
floor bide-uring -
later bide-epoll no
later bide-uring -
slower bide-epoll SLOWER
slower bide-uring -
cheap bide-epoll no
cheap bide-uring -
mine bide-epoll SLOWER
mine bide-uring -
other bide-epoll not built
other bide-uring not built
END
words='yes\|no\|SLOWER\|-\|not built\|failed'
sed -n "s/^\([a-z]*\)  *\(bide-[a-z]*\) .*  \($words\)\$/\1 \2 \3/p" out |
    diff verdicts - || fail "the table: $(cat out errors)"
grep -q '^later  *bide-epoll  *95  *95  *95 us  *1.188  *0.950  *1.583  *11  *1.100  no' out ||
    fail "the ratios: $(cat out)"
grep -q '^mine  *bide-epoll  *106 .* 1.060  *-  *11  *1.100  SLOWER' out || fail "$(cat out)"
bench 0 --only good --json --rounds 2
grep -q '"who": "bide-epoll", "median": 95, .*"p50_to_tokio": 1.000, "verdict": "yes"' out ||
    fail "$(cat out)"
[ "$(grep -c 'tls 95 10 env BIDE_IO=epoll' calls)" = 8 ] || fail "rounds: $(cat calls)"
bench 2 --nonsense

# Real processes, real loads.
[ -n "$FULL" ] && [ -z "$SANITIZE" ] || exit 0 # the peers free nothing at their end
unset LOAD ROWS OURS WHO
command -v openssl >/dev/null || skip "no openssl"
libraries=
for one in "$BUILD"/lib/libbide-tls.*; do
    [ ! -e "$one" ] || libraries='-DBENCH_TLS -lbide-tls -lssl -lcrypto'
done
# shellcheck disable=SC2086
"$BIDE" cc "$CC" -std=gnu11 -I"$SRC" "$SRC/bench/io.c" "$here"/*.c -L"$BUILD/lib" $libraries \
    -Wl,-rpath,"$BUILD/lib" -o io
OURS=$PWD/io WHO='bide-epoll bide-uring libuv plain' bench 0 --quick
if grep -q failed out; then fail "$(cat out errors)"; fi
while read -r row more; do
    case $row,$libraries in tls*,) continue ;; esac
    grep -q "^$row  *bide-epoll  *[0-9]" out || fail "$row on epoll: $(cat out)"
    grep -q "^$row  *bide-uring  *\([0-9].*\|.* refused: .*\)$" out || fail "$row: $(cat out)"
    grep -q "^$row  *libuv  *[0-9]" out || fail "$row, libuv: $(cat out)"
    grep -q "^$row  *plain  *[0-9]" out || fail "$row, the floor: $(cat out)"
done <rows
[ "$(grep -c '"row": ' bench/io.json)" = $((4 * $(wc -l <rows))) ] || fail "$(cat bench/io.json)"
