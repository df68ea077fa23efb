# chat, with nc as its clients: names and rooms; who types half a line holds up nobody; who does not
# read is dropped, and the others get every line; Ctrl-C says goodbye. On every flavour.

build() # FILE...
{
    # shellcheck disable=SC2086
    "$BIDE" cc "$CC" $CFLAGS -std=c11 -Wall -Wextra -Wconversion -I"$SRC/examples/chat" "$@" \
        >messages 2>&1 || fail "$(cat messages)"
    [ ! -s messages ] || fail "$(cat messages)"
}
for file in "$SRC"/examples/chat/*.c; do
    [ "$file" = "$SRC/examples/chat/main.c" ] || build -c "$file"
done
build "$SRC/examples/chat/main.c" ./*.o -o chat
for flavour in multi_thread thread_per_core; do
    sed "s/^async int main/bide_runtime($flavour);\n&/" "$SRC/examples/chat/main.c" >main.c
    build main.c ./*.o -o "chat_$flavour"
done
for address in 70000 nonsense:80 1.2.3.4.5:80; do
    if ./chat "$address" >out 2>&1; then fail "$address is no address: $(cat out)"; fi
    grep -q '^usage: chat' out || fail "$address: $(cat out)"
done
if ./chat 0 junk >out 2>&1; then fail "an argument is ignored: $(cat out)"; fi
grep -q '^usage: chat' out || fail "$(cat out)"
command -v nc >/dev/null || skip "there is no nc"

# client NAME: connects. What it types goes to the fifo NAME.in, what it reads is in NAME.
client()
{
    rm -f "$1.in"
    : >"$1"
    mkfifo "$1.in"
    nc 127.0.0.1 "$port" <"$1.in" >"$1" &
    clients="$clients $!"
}

begin() # PROGRAM
{
    : >log
    "./$1" >log 2>&1 &
    server=$! clients=''
    trap 'kill -9 $server $clients 2>/dev/null || :' EXIT # after a failure
    until_has 1 '^listening on port' log
    port=$(sed -n 's/^listening on port //p' log)
    client ada
    exec 3>ada.in
    until_has 1 '^\* Welcome. You are guest1, in the room hall' ada
    client bob
    exec 4>bob.in
    until_has 1 '^\* Welcome. You are guest2' bob
    client half
    exec 5>half.in
    until_has 1 '^\* Welcome. You are guest3' half
    printf 'half a li' >&5 # and now thinks
}

end()
{
    kill -INT "$server"
    wait "$server" || fail "exit status $? after Ctrl-C: $(cat log)"
    until_has 1 '^\* The server ends. Goodbye.$' ada
    until_has 1 '^\* The server ends. Goodbye.$' half
    grep -q '^stopping$' log || fail "$(cat log)"
    exec 3>&- 4>&- 5>&-
    # shellcheck disable=SC2086
    wait $clients || true
    trap - EXIT
}

talk()
{
    echo '/name ada' >&3
    until_has 1 '^\* you are ada$' ada
    until_has 1 '^\* guest1 is now ada$' bob
    printf '/name ada\r\n/name b b\n/name bob\n' >&4
    until_has 1 '^\* you are bob$' bob
    until_has 1 '^\* the name ada is taken$' bob
    until_has 1 '^\* a name has up to' bob
    printf 'hello\tthere\n' >&3
    until_has 1 '^ada: hello there$' bob
    until_has 1 '^ada: hello there$' half
    if grep -q 'hello there' ada; then fail "ada hears herself: $(cat ada)"; fi
    printf '/who\n/rooms\n' >&4
    until_has 1 '^\* in hall:.* bob' bob
    until_has 1 '^\* rooms: hall (3)$' bob

    echo '/join attic' >&4
    until_has 1 '^\* you are in attic$' bob
    until_has 1 '^\* bob has gone to attic$' ada
    echo 'is he gone?' >&3
    until_has 1 '^ada: is he gone?$' half
    printf 'alone\n/who\n/rooms\n' >&4
    until_has 1 '^\* in attic: bob$' bob
    until_has 1 '^\* rooms: attic (1) hall (2)$' bob
    if grep -q 'is he gone' bob || grep -q alone ada half; then fail "the walls are thin"; fi
    echo '/join hall' >&4
    until_has 1 '^\* bob has come$' ada
    head -c 3000 /dev/zero | tr '\0' x >&4
    printf '\nafter it\n/nonsense\n/quit\n' >&4
    until_has 1 '^\* that is too long$' bob
    until_has 1 '^bob: after it$' ada
    until_has 1 '^\* /join ROOM ' bob
    until_has 1 '^\* Goodbye.$' bob
    until_has 1 '^bob: has left$' log
    until_has 1 '^\* bob has gone$' ada
    echo 'ne' >&5
    until_has 1 '^guest3: half a line$' ada
}

# A client that is stopped does not read.
drop()
{
    client stopped
    stopped=$!
    exec 6>stopped.in
    until_has 1 '^\* Welcome. You are guest4' stopped
    echo '/name sleeper' >&6
    until_has 1 '^\* you are sleeper$' stopped
    kill -STOP "$stopped"
    line=$(head -c 900 /dev/zero | tr '\0' y)
    for speaker in 1 2 3; do
        { yes "$line" | head -n 150; echo "end of $speaker"; } | nc -N 127.0.0.1 "$port" \
            >/dev/null &
        clients="$clients $!"
    done
    until_has 1 '^sleeper: does not read, and is dropped$' log
    until_has 1 '^\* sleeper has gone$' ada
    for speaker in 1 2 3; do
        until_has 1 ": end of $speaker\$" ada
    done
    [ "$(grep -c ": $line\$" ada)" = 450 ] || fail "ada has missed something"
    kill -CONT "$stopped"
    exec 6>&-
}

begin chat
talk
drop
end
export BIDE_WORKERS=2
begin chat_multi_thread
talk
drop
end
begin chat_thread_per_core
talk
end
