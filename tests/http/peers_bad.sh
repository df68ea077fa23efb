# An HTTP server of bide and clients that behave badly (peers/client.c): heads and bodies that come
# byte by byte, readers that do not read, beside which good clients keep nine tenths of the service;
# clients that leave at every byte of requests and responses; and many at once. On both drivers.
# In the long tier slowhttptest, and ten thousand connections.
set -eu
here=$SRC/tests/http/peers

server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || :' EXIT

"$BIDE" cc "$CC" -std=gnu11 "$here/server.c" -L"$BUILD/lib" -lbide-http-server -lbide-tls \
    -Wl,-rpath,"$BUILD/lib" -o server || fail "the server"
$CC -std=gnu11 -O1 "$here/client.c" -o client || fail "the client"

. "$here/begin.sh"

bad() # ARGUMENT...
{
    ./client "$@" >client.out 2>&1 || fail "client $*: $(cat client.out said)"
    echo "$driver: $(cat client.out)"
}

if [ -n "$FULL" ]; then most=10000; else most=1000; fi
ulimit -n "$(ulimit -H -n)" || :
limit=$(ulimit -n)
[ "$limit" = unlimited ] || [ "$limit" -gt $((most + 200)) ] || most=$((limit - 200))
step=1

for driver in epoll uring; do
    begin "$driver" plain || continue
    bad many "$port" "$most"
    bad leave "$port" "$step"
    [ -n "$FULL" ] || step=3
    bad slow "$port" "$server"
    end
    begin "$driver" plain impatient || continue
    bad cut "$port"
    end
    [ -n "$FULL" ] && command -v slowhttptest >/dev/null || continue
    begin "$driver" plain impatient
    # A reader that does not read costs the kernel some megabytes, whatever the server does. So
    # there are fewer of these, and those that write get no large answer before they have written:
    # with it the tester, which takes it all, has no time to ask whether the service is there.
    for kind in "all -H -c 1000" "all -B -c 1000" "large -X -c 200 -w 1 -y 8"; do
        # shellcheck disable=SC2086
        slowhttptest ${kind#* } -r 500 -l 5 -i 1 -p 1 -u "http://127.0.0.1:$port/${kind%% *}" \
            >slow.out 2>&1 || fail "slowhttptest $kind: $(tail -n 30 slow.out)"
        if ! grep -q 'service available:.*YES' slow.out || grep -q 'available:.*NO' slow.out; then
            fail "slowhttptest $kind: $(tail -n 30 slow.out)"
        fi
    done
    end
done
