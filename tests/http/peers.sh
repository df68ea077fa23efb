# An HTTP server of bide and programs of others: curl over HTTP/1.1, HTTP/2 and TLS, and wrk, whose
# thousands of requests must all succeed; on both drivers.
set -eu
command -v openssl >/dev/null || skip "no openssl"
command -v curl >/dev/null || skip "no curl"
unset SSL_CERT_FILE SSL_CERT_DIR http_proxy https_proxy HTTPS_PROXY || :
here=$SRC/tests/http/peers

server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || :' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>log || fail "$(cat log)"
"$BIDE" cc "$CC" -std=gnu11 "$here/server.c" -L"$BUILD/lib" -lbide-http-server -lbide-tls \
    -Wl,-rpath,"$BUILD/lib" -o server || fail "the server"

. "$here/begin.sh"

# asked FILE ARGUMENT...: curl; the body goes to FILE.
asked()
{
    to=$1
    shift
    curl -sS --max-time 60 --cacert cert.pem -o "$to" "$@" >about 2>errors ||
        fail "curl $*: $(cat errors about said)"
}

# is WHAT GOT EXPECTED
is() { [ "$2" = "$3" ] || fail "$1: '$2' instead of '$3' ($(cat about errors said))"; }

h2=
[ ! -d "$SRC/extra/http/h2" ] || h2=1

head -c 10485760 /dev/urandom >ten
size=$(wc -c <ten)
head -c 100000 ten >small

talk() # URL VERSION CURL-ARGUMENT...
{
    url=$1 version=$2
    shift 2
    asked body "$@" -w '%{http_code} %{http_version} %{content_type}' "$url/hello"
    is hello "$(cat about)" "200 $version text/plain; charset=utf-8"
    is hello "$(cat body)" hello

    # Ten requests, one connection.
    set -- "$@" --write-out '%{num_connects} '
    asked /dev/null "$@" "$url/hello" $(
        for i in 1 2 3 4 5 6 7 8 9; do echo "-o /dev/null $url/hello"; done
    )
    is "connections for ten requests" "$(cat about)" "1 0 0 0 0 0 0 0 0 0 "

    # Bodies: with a length and in chunks, both ways; ten megabytes; what waits to be told to go on.
    asked got "$@" --data-binary @small "$url/echo"
    cmp -s got small || fail "a body with a length"
    asked got "$@" -H 'Transfer-Encoding: chunked' --data-binary @small "$url/echo"
    cmp -s got small || fail "a body in chunks"
    asked got "$@" -T ten -H 'Expect:' "$url/echo"
    cmp -s got ten || fail "10 MiB there and back"
    asked got "$@" -T ten -H 'Expect: 100-continue' "$url/all"
    is "10 MiB" "$(cut -d' ' -f1 got)" "$size"
    asked got "$@" "$url/large"
    is "8 MiB" "$(wc -c <got)" 8388608

    # HEAD, errors, and a body that nobody reads.
    asked head "$@" -I "$url/body"
    grep -qi '^content-length: 4096' head || fail "HEAD: $(cat head)"
    asked /dev/null "$@" -w '%{http_code}' "$url/nothing"
    is "nothing" "$(cat about | sed 's/.* //')" 404
    asked body "$@" --data-binary @small "$url/hello"
    is "a body that nobody reads" "$(cat body)" hello
}

for driver in epoll uring; do
    begin "$driver" plain || continue
    talk "http://127.0.0.1:$port" 1.1 --http1.1
    # The response begins before the body is read, so nothing tells the client to go on.
    asked got -T small -H 'Expect: 100-continue' "http://127.0.0.1:$port/echo"
    cmp -s got small || fail "the response before the body"
    asked body --http1.0 "http://127.0.0.1:$port/echo" --data-binary @small
    cmp -s body small || fail "HTTP/1.0"
    if command -v wrk >/dev/null; then
        wrk -t1 -c32 -d1s "http://127.0.0.1:$port/hello" >wrk.out
        if grep -q 'Socket errors\|Non-2xx' wrk.out; then fail "wrk: $(cat wrk.out)"; fi
        [ "$(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' wrk.out)" -gt 100 ] ||
            fail "wrk: $(cat wrk.out)"
    fi
    [ -z "$h2" ] || talk "http://127.0.0.1:$port" 2 --http2-prior-knowledge
    end
    [ "$driver" = epoll ] || [ -n "$FULL" ] || continue
    begin "$driver" tls || continue
    talk "https://localhost:$port" 1.1 --http1.1
    [ -z "$h2" ] || talk "https://localhost:$port" 2 --http2
    end
done
