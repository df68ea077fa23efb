# catbot: ten users are served in about the time of one, also through a gateway that cuts the
# connection; the reply reports what goes wrong; the page shows it; the server shuts down cleanly.

seconds='[0-9]+\.[0-9]+ s'
libraries='-lbide-http -lbide-sqlite -lbide-websocket -lbide-http-server -lbide-json -lbide-tls'
libraries="$libraries -lbide-trace"
[ -x "$EXAMPLES/catbot" ] || skip "a library that it needs is not there"

# In virtual time every figure is exact. The slow picture is the seventh.
# shellcheck disable=SC2086
{
    $CC $CFLAGS -I"$BUILD/include" -c "$SRC/tests/programs/virtual/virtual.c" -o virtual.o
    "$BIDE" cc "$CC" $CFLAGS "$SRC"/examples/catbot/*.c virtual.o \
        -L"$BUILD/lib" $libraries -Wl,-rpath,"$BUILD/lib" -o catbot-virtual
}
./catbot-virtual >out 2>err || fail "exit status $?: $(cat out err)"
[ ! -s err ] || fail "said: $(cat err)"
[ "$(tail -n 1 out)" = "catbot: 10 replies in 1.50 s, slowest 1.50 s, one alone 1.00 s" ] ||
    fail "other figures: $(cat out)"
[ "$(grep -c 'fetch 1.50 s' out)" = 1 ] || fail "not one slow picture: $(cat out)"
[ "$(grep -Ec 'fetch (0\.[89]|1\.[01])' out)" = 10 ] ||
    fail "the slow picture has delayed others: $(cat out)"
grep -qF ': Countess Ada: =^..^=' out || fail "no nickname: $(cat out)"

# The same on a worker with a thread of its own; of more than one, its structs would need locks.
sed 's/^async int main/bide_runtime(multi_thread);\n&/' "$SRC/examples/catbot/main.c" >main.c
# shellcheck disable=SC2086
# shellcheck disable=SC2086
"$BIDE" cc "$CC" $CFLAGS -I"$SRC/examples/catbot" main.c "$SRC"/examples/catbot/[!m]*.c virtual.o \
    -L"$BUILD/lib" $libraries -Wl,-rpath,"$BUILD/lib" -o catbot-worker
BIDE_WORKERS=1 ./catbot-worker >out 2>err || fail "on a worker: exit status $?: $(cat out err)"
[ "$(tail -n 1 out)" = "catbot: 10 replies in 1.50 s, slowest 1.50 s, one alone 1.00 s" ] ||
    fail "other figures on a worker: $(cat out)"

# In real time, into a pipe.
"$EXAMPLES/catbot" >first || fail "exit status $?"
tail -n 1 first >out
grep -Eq "^catbot: 10 replies in $seconds, slowest $seconds, one alone $seconds\$" out ||
    fail "the last line is: $(cat out)"
awk '{ gsub(",", ""); if ($5 > 4 * $12) exit 1 }' out || fail "not at the same time: $(cat out)"

grep -q '^catbot: to see this in a browser: catbot --page' first ||
    fail "it does not say how to see the page: $(cat first)"

# With a file of spans, of which a picture is drawn: eleven messages, a picture and a nickname each.
"$EXAMPLES/catbot" --trace spans.json >out || fail "exit status $?: $(cat out)"
"$BIDE" trace view spans.json || fail "there is no picture of the spans"
grep -q '33 spans, ' spans.html || fail "other spans: $(grep -o '[0-9]* spans' spans.html)"
[ "$(grep -c '"ph":"b","name":"picture"' spans.json)" = 11 ] || fail "not eleven pictures"

# Through the gateway: WebSocket over TLS with JSON. It cuts the connection after half of the
# messages; the session is resumed, and each message has one reply.
"$EXAMPLES/catbot" --gateway >out || fail "the gateway: exit status $?: $(cat out)"
grep -q '^catbot: the gateway has cut the connection; sessions resumed: 1$' out ||
    fail "not resumed: $(cat out)"
tail -n 1 out | grep -Eq "^catbot: 11 replies in $seconds" || fail "not eleven replies: $(cat out)"
[ "$(grep -c 'Dr. Goto: ' out)" = 1 ] || fail "a message was lost, or answered twice: $(cat out)"

# The page, with the events that make it move; in a browser in the long tier.
"$EXAMPLES/catbot" --gateway --page 0 >out &
bot=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    page=$(sed -n 's/^catbot: the timeline is at \(.*\)/\1/p' out)
    [ -z "$page" ] || break
    sleep 0.1
done
[ -n "$page" ] || fail "there is no page: $(cat out)"
curl -s "$page" | grep -q "new EventSource('events')" || fail "the page is another one"
curl -s --max-time 4 "${page}events" >events || true
grep -q '^data: {"now":[0-9]*,"rows":\[{"who":"ada","begin":[0-9]*,"end":0,' events ||
    fail "no event of a request that runs: $(head -c 500 events)"
tail -n 2 events | grep -q '"note":"Dr. Goto: ' ||
    fail "the last event has not all: $(tail -n 2 events)"
grep -q '^catbot: all have their cats' out || fail "it has not ended its play: $(cat out)"
browser=$(command -v chromium || command -v chromium-browser || true)
if [ -n "${FULL:-}" ] && [ -n "$browser" ]; then
    for _ in 1 2 3 4 5; do # it does not wait for the first event
        "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/browser" \
            --window-size=1100,420 --timeout=3000 --screenshot="$PWD/page.png" \
            --dump-dom "$page" >dom 2>browser.err || fail "the browser: $(cat browser.err)"
        ! grep -q 'class="row"' dom || break
    done
    [ "$(grep -o 'class="row"' dom | wc -l)" = 11 ] || fail "not eleven rows: $(cat dom)"
    # The requests of the ten overlap: each bar begins before the first of them has ended.
    grep -o 'class="bar fetch" style="left: [0-9.]*%; width: [0-9.]*%' dom |
        sed 's/[^0-9. ]//g' | awk 'NR > 1 { b[NR] = $1; e = $1 + $2; if (!m || e < m) m = e }
            END { for (i in b) if (b[i] >= m) exit 1; if (NR != 11) exit 1 }' ||
        fail "the bars do not overlap: $(cat dom)"
fi
kill -INT "$bot"
wait "$bot" || fail "exit status $? after Ctrl-C: $(cat out)"

# On a terminal there are bars, and the cursor comes back.
if command -v script >/dev/null; then
    TERM=xterm script -qec "'$EXAMPLES/catbot'" typescript >screen </dev/null ||
        fail "on a terminal"
    grep -q "$(printf '\033\\[44m')" screen || fail "no bars"
    grep -q "$(printf '\033\\[?25h')" screen || fail "the cursor is gone"
    grep -q 'catbot: 10 replies' screen || fail "no totals"
fi

# A service that is down.
"$EXAMPLES/catbot" --url http://127.0.0.1:1/ >out || fail "a service that is down ends the bot"
[ "$(grep -c ', failed: .*connect to 127.0.0.1' out)" = 11 ] || fail "not told: $(cat out)"
grep -q '^catbot: 10 of them without a cat$' out || fail "failures are not counted: $(cat out)"
"$EXAMPLES/catbot" --url nonsense://x >out || fail "a bad URL ends the bot"
grep -q ', failed: Countess Ada: the URL' out || fail "not told: $(cat out)"

# Mistakes on the command line.
! "$EXAMPLES/catbot" --listen nonsense >out 2>&1 || fail "listens on nonsense"
! "$EXAMPLES/catbot" --what >out 2>&1 || fail "takes any option"

# As a server. Neither a silent user nor one who does not wait for the reply delays its end.
command -v nc >/dev/null || skip "there is no nc"
"$EXAMPLES/catbot" --listen 127.0.0.1:0 >out 2>&1 &
bot=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    port=$(sed -n 's/^catbot: listening on port \([0-9]*\).*/\1/p' out)
    [ -z "$port" ] || break
    sleep 0.1
done
[ -n "$port" ] || fail "it does not listen: $(cat out)"
mkfifo nothing
nc 127.0.0.1 "$port" <nothing >silent &
silent=$!
exec 3>nothing
printf 'ken: in a hurry\n' | nc -q 0 127.0.0.1 "$port" >/dev/null
: >reply
printf 'grace: one\nnobody: two\n' | nc -q 5 127.0.0.1 "$port" >reply &
talking=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    [ "$(wc -l <reply)" -lt 2 ] || break
    sleep 0.2
done
kill -INT "$bot"
wait "$bot" || fail "exit status $? after Ctrl-C: $(cat out)"
wait "$talking" || true
exec 3>&-
wait "$silent" || true
grep -q '^Admiral Grace, here is your cat: ' reply || fail "the reply is: $(cat reply)"
grep -q '^nobody, here is your cat: ' reply || fail "the reply is: $(cat reply)"
tail -n 1 out | grep -Eq "^catbot: 3 replies in $seconds" || fail "no totals: $(cat out)"
