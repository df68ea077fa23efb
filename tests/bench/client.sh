# `./x bench client` with a few operations: bide, on both of its drivers, and the two loops on
# libcurl do what each row asks of them; the server notices a client that does not use its
# connections, and each client a wrong answer; the verdicts, the requests of a second and the exit
# status are right. A script that prints fixed numbers stands for the server there. In the long tier
# Go runs too.
set -eu
here=$SRC/bench/client
. "$SRC/tests/harness/bench-cases"

# The rows.
grep -v '^#' "$here/rows" | grep . >rows
[ "$(wc -l <rows)" -ge 3 ] || fail "few rows"
while read -r row kind server conns n unit rounds pin target floor limit fails more; do
    [ -n "$fails" ] && [ -z "$more" ] || fail "$row: twelve columns"
    case "$kind $server $conns $n $unit $rounds $pin $target $floor $limit $fails" in
    get\ small\ [1-9]*\ [1-9]*\ us\ [1-9]\ yes\ 1\ 1.15\ -\ yes) ;;
    get\ large\ [1-9]*\ [1-9]*\ us\ [1-9]\ yes\ 1\ 1.15\ -\ -) ;;
    *) fail "$row: $server $conns $n $unit $rounds $pin $target $floor $limit $fails" ;;
    esac
done <rows

# Verdicts. Of each row Go's figure is 100 and its time 10, and that of bide on epoll is what the
# row gives as the number of connections, and 8; those of the loops are 90 and 80.
cat >load <<'END'
#!/bin/sh
[ "$1" != --pin ] || shift
echo "$*" >>calls
case "$*" in
*' env BIDE_IO=epoll '*) echo "$1 8 0 epoll" ;;
*' env BIDE_IO=uring '*) exit 77 ;;
*/curl\ poll) echo "90 5 0 epoll" ;;
*/curl\ epoll) echo "80 5 0 epoll" ;;
*/go) echo "100 10 0 epoll" ;;
*) echo "1 1 0 epoll" ;; # the driver by default
esac
END
chmod +x load
cat >fixed <<'END'
good   get small 92  9 us 3 yes 1 1.15 - yes
floor  get small 93  9 us 3 yes 1 1.15 - yes
go     get large 101 9 us 3 yes 1 -    - yes
slower get large 106 9 us 3 yes 1 -    - yes
END
export LOAD="$PWD/load" ROWS="$PWD/fixed"
bench 1
cat >verdicts <<'END'
good yes
floor no
go no
slower SLOWER
END
sed -n 's/^\([a-z]*\)  *bide-epoll .* \(yes\|no\|SLOWER\)$/\1 \2/p' out | diff verdicts - ||
    fail "the table: $(cat out)"
grep -q '^row .* best  *go  *floor  *req/s  *c/go  *met$' out || fail "the heading: $(cat out)"
grep -q '^good  *bide-epoll  *92  *92  *92 us  *0.920  *0.920  *1.150  *125000  *0.800  yes' out ||
    fail "the ratios: $(cat out)"
grep -q '^good  *bide-uring .* not built$' out || fail "io_uring: $(cat out)"
grep -q '^good  *curl-poll  *90 .* 0.900  *1.125  *200000  *0.500 ' out || fail "curl: $(cat out)"
grep -q '^8 rows of bide: 1 meet their targets, 2 do not, 1 are slower than go' out ||
    fail "$(cat out)"
grep -v slower fixed >without
mv without fixed
bench 0 --only floor --rounds 2 --json
grep -q '"who": "bide-epoll", "median": 93, .*"to_go": 0.930, "to_floor": 1.163, "p50_us": 8' out ||
    fail "$(cat out)"
[ "$(grep -c '^93 9 small env BIDE_IO=epoll' calls)" = 5 ] || fail "rounds: $(cat calls)"
bench 2 --nonsense
unset LOAD ROWS

# The server.
$CC -O1 -I"$SRC/bench/common/load" "$SRC/bench/common/load/process.c" "$here"/load/*.c -o server
$CC -O1 "$here/peers/curl.c" -o curl -lcurl
refused() # WORDS COMMAND...
{
    words=$1 status=0
    shift
    ./server 2 20 small "$@" >out 2>errors || status=$?
    [ "$status" = 1 ] && grep -q "$words" errors || fail "$words: $status, $(cat out errors)"
}
sed 's/CURLOPT_NOSIGNAL/CURLOPT_FORBID_REUSE/' "$here/peers/curl.c" >closes.c
$CC -O1 closes.c -o closes -lcurl
refused 'does not keep its connections' ./closes poll
cat >one <<'END'
#!/bin/sh
exec ./curl epoll "$1" 1 "$3"
END
chmod +x one
refused 'has fewer connections' ./one
status=0
./server 1 10 small sh -c 'exit 77' || status=$?
[ "$status" = 77 ] || fail "a client that cannot do it: $status"

# Real clients. Each of them looks at the size of what it gets.
"$BIDE" cc "$CC" -std=gnu11 -I"$SRC" "$SRC/bench/client.c" -L"$BUILD/lib" -lbide-http \
    -Wl,-rpath,"$BUILD/lib" -o client
wrong() # WORDS PROGRAM ARGUMENT...
{
    words=$1
    shift
    printf '#!/bin/sh\nexec %s "$1" "$2" 99\n' "$*" >other
    chmod +x other
    refused "$words" ./other
}
wrong 'client: Protocol error' ./client
wrong 'curl: ' ./curl poll
while read -r row kind server conns n more; do
    [ "$conns" -lt 8 ] || conns=8
    [ "$n" -lt 50 ] || n=50
    echo "$row $kind $server $conns $n us 1 yes - - 1e9 -"
done <rows >few
export ROWS="$PWD/few" OURS="$PWD/client" WHO='bide-epoll bide-uring curl-poll curl-epoll'
bench 0
if grep -q ' failed$' out; then fail "$(cat out errors)"; fi
while read -r row more; do
    for who in bide-epoll curl-poll curl-epoll; do
        grep -q "^$row  *$who  *[0-9]" out || fail "$row, $who: $(cat out errors)"
    done
    grep -q "^$row  *bide-uring  *\([0-9].*\|.* refused: .*\)$" out ||
        fail "$row: $(cat out errors)"
done <few

[ -n "$FULL" ] || exit 0
command -v go >/dev/null || skip "no go"
go build -o gone "$here/go/main.go"
wrong 'the answer: 200, 100 bytes' ./gone
WHO='bide-epoll bide-uring go' bench 0
[ "$(grep -c '^[a-z0-9_]*  *go  *[0-9]' out)" = "$(wc -l <few)" ] || fail "Go: $(cat out errors)"
