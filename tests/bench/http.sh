# `./x bench http` with a few operations: the generator notices a wrong answer, the loops in C and
# bide, on both of its drivers, do what each row asks of them, and the other peers know all servers;
# the verdicts and the exit status are right. A script that prints fixed numbers stands for the
# generator there. In the long tier all peers that are installed run.
set -eu
here=$SRC/bench/http
. "$SRC/tests/harness/bench-cases"
command -v openssl >/dev/null || skip "no openssl"

# The rows.
grep -v '^#' "$here/rows" | grep . >rows
[ "$(wc -l <rows)" -ge 15 ] || fail "few rows"
while read -r row kind server conns n unit rounds pin target floor limit fails more; do
    [ -n "$fails" ] && [ -z "$more" ] || fail "$row: twelve columns"
    [ "$target$floor$limit" != --- ] || fail "$row has no target"
    grep -q "{\"$kind\", &protocol_" "$here/load/kinds.c" || fail "no load $kind"
    grep -q "|$server\>" "$here/hyper/src/main.rs" || [ "$server" = plain ] || fail "no $server"
    case "$conns $n $unit $rounds $pin $fails" in
    [1-9]*\ [1-9]*\ us\ [1-9]\ yes\ yes | [1-9]*\ [1-9]*\ us\ [1-9]\ yes\ -) ;;
    *) fail "$row: $conns $n $unit $rounds $pin $fails" ;;
    esac
done <rows

# Verdicts. Of each row hyper's figure is 100, and that of bide on epoll is what the row gives as
# the number of connections; nginx's is 98, Node's 500, the floor's 60.
cat >load <<'END'
#!/bin/sh
[ "$1" != --pin ] || shift
echo "$*" >>calls
case "$*" in
*' env BIDE_IO=epoll '*) echo "$2 1 2 epoll" ;;
*' env BIDE_IO=uring '*) echo "90 1 2 uring" ;;
*/hyper/*) echo "100 1 2 epoll" ;;
*/nginx\ *) echo "98 1 2 epoll" ;;
*/node.js\ *) echo "500 1 2 epoll" ;;
*/http-peers/epoll\ *) echo "60 1 2 epoll" ;;
*/http-peers/uring\ *) exit 77 ;;
*) echo "1 1 2 epoll" ;; # the driver by default
esac
END
chmod +x load
cat >fixed <<'END'
good   plain plain 98  9 us 3 yes 1 -   - yes
nginx  plain plain 99  9 us 3 yes 1 -   - yes
hyper  plain plain 101 9 us 3 yes 1 -   - yes
floor  plain plain 68  9 us 3 yes 1 1.12 - yes
close  plain plain 67  9 us 3 yes 1 1.12 - yes
slower plain plain 106 9 us 3 yes 1 -   - yes
cheap  ws    ws    106 9 us 3 yes 1 -   - -
END
export LOAD="$PWD/load" ROWS="$PWD/fixed"
WHO='bide-epoll bide-uring hyper nginx node epoll uring' bench 1
cat >verdicts <<'END'
good yes
nginx no
hyper no
floor no
close yes
slower SLOWER
cheap no
END
sed -n 's/^\([a-z]*\)  *bide-epoll .* \(yes\|no\|SLOWER\)$/\1 \2/p' out | diff verdicts - ||
    fail "the table: $(cat out)"
grep -q '^row .* best  *hyper  *floor ' out || fail "the heading: $(cat out)"
grep -q '^good  *bide-epoll  *98  *98  *98 us  *1.000  *0.980  *1.633  *1  *2  yes' out ||
    fail "the ratios: $(cat out)"
grep -q '^good  *node  *500 .* 5.102  *5.000  *8.333 ' out || fail "Node's: $(cat out)"
grep -q '^good  *uring .* not built$' out || fail "the floor on io_uring: $(cat out)"
grep -q '^7 rows of bide: 2 meet their targets, 4 do not, 1 are slower than hyper' out ||
    fail "$(cat out)"
grep -v slower fixed >without
mv without fixed
WHO='bide-epoll hyper' bench 0 --only cheap --rounds 2 --json
grep -q '"who": "bide-epoll", "median": 106, .*"to_hyper": 1.060, .*"p50_to_hyper": 1.000' out ||
    fail "$(cat out)"
[ "$(grep -c 'ws 106 9 env BIDE_IO=epoll' calls)" = 5 ] || fail "rounds: $(cat calls)"
unset LOAD

# The generator: what is no right answer ends it.
$CC -O1 -I"$SRC/bench/common/load" "$SRC"/bench/common/load/*.c "$here"/load/*.c \
    -o generator -lssl -lcrypto
$CC -O1 "$here/peers/epoll.c" -o epoll -lssl -lcrypto
wrong() # WORD KIND
{
    if ./generator "$2" 1 10 ./epoll plain >out 2>errors; then fail "$2 is right"; fi
    grep -q "load: $1" errors || fail "$2: $(cat errors)"
}
wrong 'the server has closed' receive
sed 's/Hello, World!/Hello, world!/; s/Date/Data/' "$here/peers/answers.h" >answers.h
sed "s,\"answers.h\",\"$PWD/answers.h\"," "$here/peers/epoll.c" >changed.c
$CC -O1 changed.c -o epoll -lssl -lcrypto
wrong 'there is no Date' plain
sed 's/Hello, World!/Hello, world!/' "$here/peers/answers.h" >answers.h
$CC -O1 changed.c -o epoll -lssl -lcrypto
wrong 'the body' plain

# Real servers, real loads. So few operations take no time that can be compared.
libraries=
for one in websocket http-server json tls; do
    [ ! -e "$BUILD/lib/libbide-$one.a" ] && [ ! -e "$BUILD/lib/libbide-$one.so" ] ||
        libraries="$libraries -lbide-$one"
done
case $libraries in *-http-server\ -lbide-json\ *) ;; *) exit 0 ;; esac
words=-DBENCH_HTTP
case $libraries in *-websocket*) words="$words -DBENCH_WEBSOCKET" ;; esac
# shellcheck disable=SC2086
"$BIDE" cc "$CC" -std=gnu11 $words -I"$SRC" "$SRC/bench/http.c" "$here"/*.c -L"$BUILD/lib" \
    $libraries -Wl,-rpath,"$BUILD/lib" -o http
while read -r row kind server conns n unit rounds pin more; do
    case $FULL,$row in ,*_1000*) continue ;; esac
    [ "$conns" -lt 8 ] || conns=8
    [ "$n" -lt 50 ] || n=50
    echo "$row $kind $server $conns $n $unit 1 $pin - - 1e9 -"
done <rows >few
WHO='bide-epoll bide-uring epoll uring'
[ -z "$FULL" ] || [ -n "$SANITIZE" ] || WHO="$WHO hyper go nginx node"
export ROWS="$PWD/few" OURS="$PWD/http" WHO
export ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" # the generator ends with its connections
bench 0
if grep -q ' failed$' out; then fail "$(cat out errors)"; fi
while read -r row kind server more; do
    case $server,$words in ws,-DBENCH_HTTP) continue ;; esac
    grep -q "^$row  *bide-epoll  *[0-9]" out || fail "$row on epoll: $(cat out errors)"
    grep -q "^$row  *bide-uring  *\([0-9].*\|.* refused: .*\)$" out ||
        fail "$row: $(cat out errors)"
    case $server in
    plain | tls | ws) grep -q "^$row  *epoll  *[0-9]" out || fail "$row, the floor: $(cat out)" ;;
    esac
done <few
