# echo: lines come back as they were sent, also the last one without an end; a line that is too long
# ends its client and nobody else; Ctrl-C closes the connections that are open, and the program ends
# well. So on one thread, and on two workers. The guide shows this program.

sed -n '/^#include/,$p' "$SRC/examples/echo.c" >program
awk '/^```c echo.c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$SRC/docs/guide.md" |
    diff program - || fail "docs/guide.md has another program"
"$BIDE" cc "$CC" $CFLAGS -std=c11 -Wall -Wextra -Wconversion "$SRC/examples/echo.c" -o echo \
    >messages 2>&1 || fail "$(cat messages)"
[ ! -s messages ] || fail "$(cat messages)"
sed 's/^async int main/bide_runtime(multi_thread);\n&/' "$SRC/examples/echo.c" >echo_multi.c
"$BIDE" cc "$CC" $CFLAGS echo_multi.c -o echo_multi

for arguments in 70000 -1 nonsense 12x '1 2'; do
    # shellcheck disable=SC2086
    if "$EXAMPLES/echo" $arguments >out 2>&1; then fail "'$arguments' is no port"; fi
    grep -qx 'usage: echo \[PORT\]' out || fail "$arguments: $(cat out)"
done
command -v nc >/dev/null || skip "there is no nc"

# serve PROGRAM
serve()
{
    "./$1" >out 2>&1 &
    server=$!
    until_has 1 '^listening on port' out
    port=$(sed -n 's/^listening on port //p' out)

    nc 127.0.0.1 "$port" <silence >silent & # stays to the end
    silent=$!
    exec 3>silence
    trap 'kill "$server" "$silent" 2>/dev/null || :' EXIT # after a failure
    until_has 1 '^client 1: connected' out
    echo 'still here' >&3
    until_has 1 '^still here' silent

    printf 'one\r\n\ntwo' | nc -N 127.0.0.1 "$port" >reply
    printf 'one\n\ntwo\n' | diff - reply || fail "other lines come back"
    until_has 1 '^client 2: closed' out
    head -c 5000 /dev/zero | tr '\0' x | nc -N 127.0.0.1 "$port" >reply || true
    until_has 1 '^client 3: closed' out
    [ ! -s reply ] || fail "a line that is too long comes back"
    ! grep -q '^client 1: closed' out || fail "client 1 was closed early: $(cat out)"

    kill -INT "$server"
    wait "$server" || fail "exit status $? after Ctrl-C: $(cat out)"
    exec 3>&-
    wait "$silent" || true
    tail -n 2 out | diff "$SRC/tests/programs/echo.out" - ||
        fail "it ends in another way: $(cat out)"
    trap - EXIT
}

mkfifo silence
serve echo
export BIDE_WORKERS=2
serve echo_multi
