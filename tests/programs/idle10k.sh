# idle10k: 1,000 connections, in the long tier 10,000, in two processes; nc asks how the server is;
# when the clients have gone, so have the connections. On every flavour.

count=1000
[ -z "$FULL" ] || count=10000
if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt $((count + 200)) ]; then
    skip "only $(ulimit -Hn) descriptors are allowed"
fi
for flavour in current_thread multi_thread thread_per_core; do
    sed "s/^async int main/bide_runtime($flavour);\n&/" "$SRC/examples/idle10k.c" >idle10k.c
    # shellcheck disable=SC2086
    "$BIDE" cc "$CC" $CFLAGS -std=c11 -Wall -Wextra -Wconversion idle10k.c -o "idle_$flavour" \
        >messages 2>&1 || fail "$(cat messages)"
    [ ! -s messages ] || fail "$(cat messages)"
done
for arguments in 70000 help -1 '--connect 1' '--connect x 1' '--connect 1 0' '--what 1 1'; do
    # shellcheck disable=SC2086
    if ./idle_current_thread $arguments >out 2>&1; then fail "$arguments: $(cat out)"; fi
    grep -q '^usage: idle10k' out || fail "$arguments: $(cat out)"
done
if ./idle_current_thread --connect 1 3 >out 2>&1; then fail "no server: $(cat out)"; fi

# has PATTERN FILE: waits until the file has the pattern.
has()
{
    tries=0
    until grep -q "$1" "$2"; do
        tries=$((tries + 1))
        [ "$tries" -lt 3000 ] || fail "no '$1' in $2: $(cat "$2")"
        sleep 0.02
    done
}

# counts N FLAVOUR: waits until the server has N connections. It reports that once a second, which
# is seen once; on the other flavours it is asked, and counts whoever asks.
counts()
{
    if [ "$2" = current_thread ] || ! command -v nc >/dev/null; then
        has "^$1 connections, " server
        return
    fi
    tries=0
    until printf 'status\n' | nc -N 127.0.0.1 "$port" >reply &&
        grep -q "^$(($1 + 1)) connections, " reply; do
        tries=$((tries + 1))
        [ "$tries" -lt 3000 ] || fail "not $1 connections: $(cat reply server)"
        sleep 0.02
    done
    cat reply >>asked
}

# serve FLAVOUR
serve()
{
    : >server
    : >client
    : >asked
    "./idle_$1" >server 2>&1 &
    server=$! client=
    trap 'kill -9 "$server" $client 2>/dev/null || :' EXIT # after a failure
    has '^listening on port' server
    port=$(sed -n 's/^listening on port //p' server)
    ./idle_current_thread --connect "$port" "$count" >client 2>&1 &
    client=$!
    has "^$count connections\$" client
    if command -v nc >/dev/null; then
        printf 'anything\n' | nc -N 127.0.0.1 "$port" >reply
        echo pong | diff - reply || fail "no pong"
        printf 'status\r\n' | nc -N 127.0.0.1 "$port" >reply
        grep -q "^$((count + 1)) connections, [0-9.]* MiB, [0-9]* bytes a connection\$" reply ||
            fail "the status: $(cat reply)"
        head -c 100 /dev/zero | tr '\0' x | nc -N 127.0.0.1 "$port" >reply || true
        [ ! -s reply ] || fail "a line without an end is answered: $(cat reply)"
    fi
    counts "$count" "$1"
    grep -q "^$((count + 1)) connections, .* bytes a connection\$" asked ||
        grep -q "^$count connections, .* bytes a connection\$" server ||
        fail "no bytes a connection: $(cat asked server)"
    [ -n "$SANITIZE" ] || awk '/ a connection$/ && $(NF - 3) > 1000 { exit 1 }' server asked ||
        fail "so much memory: $(cat server asked)"
    kill -INT "$client"
    wait "$client" || fail "the client: exit status $?: $(cat client)"
    client=
    counts 0 "$1"
    kill -INT "$server"
    wait "$server" || fail "exit status $? after Ctrl-C: $(cat server)"
    grep -q '^stopping; 0 connections left$' server || fail "$(cat server)"
    trap - EXIT
}

serve current_thread
export BIDE_WORKERS=2
serve multi_thread
serve thread_per_core
