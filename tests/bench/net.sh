# `./x bench net` with a few operations: each server in C does what each row asks of it, on both of
# bide's drivers, and the other peers know all rows; the verdicts and the exit status are right. A
# script that prints fixed numbers stands for the generator there.
set -eu
here=$SRC/bench/net
. "$SRC/tests/harness/bench-cases"
export OURS="$PWD/net"

"$BIDE" cc "$CC" -std=gnu11 -I"$SRC" "$SRC/bench/net.c" -o net

# The rows.
grep -v '^#' "$here/rows" | grep . >rows
[ "$(wc -l <rows)" -ge 9 ] || fail "few rows"
while read -r row kind server conns n unit rounds pin tokio floor limit fails more; do
    [ -n "$fails" ] && [ -z "$more" ] || fail "$row: twelve columns"
    [ "$tokio$floor$limit" != --- ] || fail "$row has no target"
    grep -q "\"$kind\", load_$kind" "$here/load/kinds.c" || fail "no load $kind"
    for peer in "$SRC/bench/net.c" "$here/tokio/src/main.rs" "$here/go/main.go"; do
        [ "$server" = echo ] || grep -q "\"$server\"" "$peer" || fail "$peer has no $server"
    done
    case "$conns $n $unit $rounds $pin $fails" in
    [1-9]*\ [1-9]*\ us*\ [1-9]\ yes\ yes | [1-9]*\ [1-9]*\ us*\ [1-9]\ yes\ -) ;;
    [1-9]*\ 1\ bytes\ [1-9]\ yes\ - | [1-9]*\ [1-9]*\ ms\ [1-9]\ no\ -) ;;
    *) fail "$row: $conns $n $unit $rounds $pin $fails" ;;
    esac
done <rows

# Real servers, real loads. So few operations take no time that can be compared.
while read -r row kind server conns n unit rounds pin more; do
    [ "$conns" -lt 20 ] || conns=20
    [ "$n" -lt 50 ] || n=50
    echo "$row $kind $server $conns $n $unit 1 $pin - - 1e9 -"
done <rows >few
export ROWS="$PWD/few" WHO='bide-epoll bide-uring epoll uring libuv'
bench 0
if grep -q failed out; then fail "$(cat out errors)"; fi
while read -r row kind server more; do
    grep -q "^$row  *bide-[a-z]*  *[0-9].* yes$" out || fail "$row, by default: $(cat out)"
    grep -q "^$row  *bide-epoll  *[0-9]" out || fail "$row on epoll: $(cat out)"
    grep -q "^$row  *bide-uring  *\([0-9].*\|.* refused: .*\)$" out || fail "$row: $(cat out)"
    [ "$server" != stuck ] || continue # those have no workers
    grep -q "^$row  *epoll  *[0-9]" out || fail "$row, the loop on epoll: $(cat out)"
    grep -q "^$row  *libuv  *[0-9]" out || fail "$row, libuv: $(cat out)"
    grep -q "^$row  *bide-uring .*refused\|^$row  *uring  *[0-9]" out ||
        fail "$row, the loop on io_uring: $(cat out)"
done <few
[ "$(grep -c '"row": ' bench/net.json)" = $((5 * $(wc -l <few))) ] ||
    fail "$(cat bench/net.json)"

# Verdicts. Of each row Tokio's figure is 100, and that of the others is what the row gives as the
# number of connections: bide's on epoll, on io_uring, libuv's, the floor's.
cat >load <<'END'
#!/bin/sh
[ "$1" != --pin ] || shift
echo "$*" >>calls
case "$*" in
*' env BIDE_IO=epoll '*) figure=${3%.*} driver=epoll ;;
*' env BIDE_IO=uring '*) figure=90 driver=uring ;;
*/tokio/*) figure=100 driver=epoll ;;
*/libuv\ *) figure=80 driver=epoll ;;
*/net-peers/epoll\ *) figure=60 driver=epoll ;;
*/net-peers/uring\ *) figure=50 driver=uring ;;
*) figure=1 driver=epoll ;; # the driver by default
esac
case "$*" in
stuck*BIDE_IO=uring*) exit 77 ;;
bulk*BIDE_IO=epoll*) exit 3 ;;
idle*BIDE_IO=uring*) driver=epoll ;;
udp*BIDE_IO*) ;;
udp*/net\ *) driver=uring ;;
esac
echo "$figure 1 2 $driver"
END
chmod +x load
cat >fixed <<'END'
good   echo  echo  1 95  us 3 yes 1    1.9 -   yes
floor  echo  echo  1 95  us 3 yes 1    1.8 -   yes
equal  echo  echo  1 105 us 3 yes 1    -   -   yes
slower echo  echo  1 106 us 3 yes 1    -   -   yes
cheap  storm echo  1 106 us 3 yes 1.05 -   -   -
uring  udp   udp   1 106 us 3 yes 1    1.8 -   yes
large  idle  lean  1 301 B  1 yes -    -   300 -
small  idle  lean  1 300 B  1 yes -    -   300 -
stuck  stuck stuck 1 9   ms 1 no  1.05 -   10  -
END
export LOAD="$PWD/load" ROWS="$PWD/fixed" WHO='bide-epoll bide-uring tokio libuv epoll uring'
bench 1
cat >verdicts <<'END'
good bide-epoll yes
good bide-uring -
floor bide-epoll no
floor bide-uring -
equal bide-epoll no
equal bide-uring -
slower bide-epoll SLOWER
slower bide-uring -
cheap bide-epoll no
cheap bide-uring -
uring bide-epoll -
uring bide-uring yes
large bide-epoll no
large bide-uring refused
small bide-epoll yes
small bide-uring refused
stuck bide-epoll yes
stuck bide-uring not built
END
words='yes\|no\|SLOWER\|-\|refused\|not built\|failed'
sed -n "s/^\([a-z]*\)  *\(bide-[a-z]*\) .*  \($words\)\(: .*\)*\$/\1 \2 \3/p" out |
    diff verdicts - || fail "the table: $(cat out)"
grep -q '^good  *bide-epoll  *95  *95  *95 us  *1.188  *0.950  *1.900  *1  *2  yes' out ||
    fail "the ratios: $(cat out)"
grep -q '^12 rows of bide: 4 meet their targets, 4 do not, 1 are slower' out || fail "$(cat out)"
bench 1 --json --only slower
grep -q '"who": "bide-epoll", "median": 106, .*"verdict": "SLOWER"' out || fail "$(cat out)"
grep -v slower fixed >without
mv without fixed
bench 0 --rounds 2
[ "$(grep -c 'echo 1 105 env BIDE_IO=epoll' calls)" = 5 ] || fail "rounds: $(cat calls)"
echo 'bulk bulk bulk 1 5 us 1 yes 1 - - -' >fixed
bench 1
grep -q '^bulk  *bide-epoll .* failed$' out || fail "$(cat out)"
bench 2 --nonsense
