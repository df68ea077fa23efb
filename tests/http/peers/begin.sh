# tests/http/peers/begin.sh: how the scripts start the server, which is ./server, and end it.

# begin DRIVER ARGUMENT...: starts the server; sets $server and $port. False: there is no such
# driver.
begin()
{
    rm -f port
    BIDE_IO=$1
    export BIDE_IO
    shift
    ./server "$@" >port 2>said &
    server=$!
    until [ -s port ] && read -r port <port; do
        if ! kill -0 "$server" 2>/dev/null; then
            server=
            grep -q 'io_uring' said || fail "the server has ended: $(cat said)"
            return 1
        fi
        sleep 0.02
    done
}

# It ends by itself, with the status 0, and nothing was complained of.
end()
{
    kill "$server"
    wait "$server" || fail "the end of the server: $(cat said)"
    server=
    if [ -s said ]; then fail "the server complains: $(cat said)"; fi
}
