# catbot: ten users are served in about the time of one; the reply reports what goes wrong; the
# server shuts down cleanly.

seconds='[0-9]+\.[0-9]+ s'

# In virtual time every figure is exact. The slow picture is the seventh.
# shellcheck disable=SC2086
{
    $CC $CFLAGS -I"$BUILD/include" -c "$SRC/tests/programs/virtual/virtual.c" -o virtual.o
    "$BIDE" cc "$CC" $CFLAGS "$SRC"/examples/catbot/*.c virtual.o \
        -L"$BUILD/lib" -lbide-http -lbide-sqlite -Wl,-rpath,"$BUILD/lib" -o catbot-virtual
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
"$BIDE" cc "$CC" $CFLAGS -I"$SRC/examples/catbot" main.c "$SRC"/examples/catbot/[!m]*.c virtual.o \
    -L"$BUILD/lib" -lbide-http -lbide-sqlite -Wl,-rpath,"$BUILD/lib" -o catbot-worker
BIDE_WORKERS=1 ./catbot-worker >out 2>err || fail "on a worker: exit status $?: $(cat out err)"
[ "$(tail -n 1 out)" = "catbot: 10 replies in 1.50 s, slowest 1.50 s, one alone 1.00 s" ] ||
    fail "other figures on a worker: $(cat out)"

# In real time, into a pipe.
"$EXAMPLES/catbot" | tail -n 1 >out
grep -Eq "^catbot: 10 replies in $seconds, slowest $seconds, one alone $seconds\$" out ||
    fail "the last line is: $(cat out)"
awk '{ gsub(",", ""); if ($5 > 4 * $12) exit 1 }' out || fail "not at the same time: $(cat out)"

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
