# bide/tls.h with programs of others, and the example tls_echo: openssl s_client and s_server, curl,
# and, in the long tier, testssl.sh, whose severe findings fail. A table of four bad certificates is
# made by the openssl command: each is refused with OpenSSL's words.
set -eu
command -v openssl >/dev/null || skip "no openssl"
command -v curl >/dev/null || skip "no curl"
unset SSL_CERT_FILE SSL_CERT_DIR http_proxy https_proxy HTTPS_PROXY || :

servers=
trap 'for one in $servers; do kill "$one" 2>/dev/null || :; done' EXIT

# --- certificates ---

# authority NAME SUBJECT
authority()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$2" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
        -keyout "$1.key" -out "$1.pem" 2>>log || fail "openssl req: $(cat log)"
}

# certificate NAME HOST AUTHORITY [END]: `openssl ca` is what can set an end in the past.
certificate()
{
    mkdir -p "$1.ca"
    : >"$1.ca/index"
    cat >"$1.ca/config" <<END
[ca]
default_ca = own
[own]
database = $1.ca/index
new_certs_dir = $1.ca
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
x509_extensions = server
[any]
commonName = supplied
[server]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectAltName = DNS:$2
authorityInfoAccess = OCSP;URI:http://ocsp.invalid/
END
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
        -keyout "$1.key" -out "$1.csr" 2>>log || fail "openssl req: $(cat log)"
    openssl ca -batch -config "$1.ca/config" -cert "$3.pem" -keyfile "$3.key" -in "$1.csr" \
        -startdate 20200101000000Z -enddate "${4-$(date -u -d '+60 days' +%Y%m%d%H%M%SZ)}" \
        -notext -out "$1.pem" 2>>log || fail "openssl ca: $(cat log)"
}

authority ca "the authority"
authority stranger "a stranger"
certificate good localhost ca
certificate named named.example ca
certificate expired localhost ca 20210101000000Z
certificate wrong other.example ca
certificate untrusted localhost stranger
certificate ada ada ca
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout own.key -out own.pem 2>>log || fail "own"

# --- servers ---

# until_has FILE TEXT: waits until the file has the text; it is made by another process.
until_has()
{
    tries=0
    until grep -q "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "no '$2' in $1: $(cat "$1")"
        sleep 0.1
    done
}

# s_server NAME: that of openssl, with a certificate; it sends each line back, reversed. Sets $port.
s_server()
{
    openssl s_server -accept 127.0.0.1:0 -rev -cert "$1.pem" -key "$1.key" >"$1.out" 2>&1 &
    servers="$servers $!"
    until_has "$1.out" ACCEPT
    port=$(sed -n 's/^ACCEPT.*:\([0-9]*\)$/\1/p' "$1.out" | head -n 1)
}

# https NAME ARGUMENT...: ours. Sets $port.
https()
{
    name=$1
    shift
    ./https "$@" >"$name.port" 2>"$name.err" &
    servers="$servers $!"
    until_has "$name.port" '^[0-9]'
    port=$(cat "$name.port")
}

"$BIDE" cc "$CC" -Wall -Wextra "$SRC/tests/extra/tls_tools/https.c" -o https -lbide-tls \
    2>log2 || fail "https.c: $(cat log2)"
[ ! -s log2 ] || fail "https.c: $(cat log2)"

# --- our client, their server ---

line='level
'
echo_client()
{
    "$EXAMPLES/tls_echo" client 127.0.0.1 "$port" localhost ca.pem "$line" >client.out 2>&1
}

s_server good
echo_client || fail "a good certificate: $(cat client.out)"
grep -q '^TLSv1.3, TLS_.*: level$' client.out || fail "a good certificate: $(cat client.out)"
for row in "expired:certificate has expired" "wrong:hostname mismatch" \
    "own:self-signed certificate" "untrusted:unable to get local issuer certificate"; do
    s_server "${row%%:*}"
    ! echo_client || fail "${row%%:*}: it was accepted"
    grep -q "no handshake: the certificate of the peer: ${row#*:}" client.out ||
        fail "${row%%:*}: $(cat client.out)"
done

# --- our server, their clients ---

"$EXAMPLES/tls_echo" server 127.0.0.1 0 good.pem good.key >echo.out 2>&1 &
servers="$servers $!"
until_has echo.out 'listening on port'
port=$(sed -n 's/listening on port //p' echo.out)
echo_client || fail "both are ours: $(cat client.out)"

# s_client OPTION...: says a line, and waits until that has come back.
s_client()
{
    mkfifo said
    openssl s_client -connect "127.0.0.1:$port" -servername localhost -CAfile ca.pem \
        -verify_return_error "$@" <said >s_client.out 2>&1 &
    client=$!
    exec 3>said
    echo "hello, server" >&3
    until_has s_client.out "^hello, server"
    exec 3>&-
    wait "$client" || fail "s_client $*: $(cat s_client.out)"
    rm said
}

s_client -tls1_3 -sess_out session
grep -q 'Verify return code: 0' s_client.out || fail "s_client: $(cat s_client.out)"
s_client -tls1_2
grep -q 'Cipher *: ECDHE-' s_client.out || fail "TLS 1.2: $(cat s_client.out)"
s_client -tls1_3 -sess_in session
grep -q '^Reused, TLSv1.3' s_client.out || fail "not resumed: $(cat s_client.out)"
! openssl s_client -connect "127.0.0.1:$port" -tls1_1 -cipher DEFAULT@SECLEVEL=0 </dev/null \
    >s_client.out 2>&1 || fail "TLS 1.1: $(cat s_client.out)"

https first good.pem good.key named.example named.pem named.key
web()
{
    curl -sS --cacert ca.pem --noproxy '*' --resolve "localhost:$port:127.0.0.1" \
        --resolve "named.example:$port:127.0.0.1" "$@" 2>curl.err
}
for version in 1.2 1.3; do
    got=$(web --tlsv$version --tls-max $version "https://localhost:$port/") ||
        fail "curl: $(cat curl.err)"
    [ "$got" = "TLSv$version alpn=http/1.1 host=localhost resumed=0 peer=nobody" ] ||
        fail "curl: $got"
done
got=$(web "https://named.example:$port/") || fail "curl: $(cat curl.err)"
[ "$got" = "TLSv1.3 alpn=http/1.1 host=named.example resumed=0 peer=nobody" ] || fail "curl: $got"
! curl -sS --cacert stranger.pem --noproxy '*' --resolve "localhost:$port:127.0.0.1" \
    "https://localhost:$port/" >curl.out 2>&1 || fail "curl: it was accepted"
web_port=$port
https second require ca.pem good.pem good.key
got=$(web --cert ada.pem --key ada.key "https://localhost:$port/") || fail "curl: $(cat curl.err)"
[ "$got" = "TLSv1.3 alpn=http/1.1 host=localhost resumed=0 peer=CN=ada" ] || fail "curl: $got"
! web "https://localhost:$port/" >curl.out || fail "curl without a certificate: $(cat curl.out)"
! web --cert own.pem --key own.key "https://localhost:$port/" >curl.out || fail "curl with its own"

# --- testssl.sh ---

[ -n "${FULL-}" ] && [ -z "$SANITIZE" ] || exit 0
command -v testssl >/dev/null || exit 0
port=$web_port
testssl --quiet --color 0 --warnings off --add-ca ca.pem --ip 127.0.0.1 --severity HIGH \
    --jsonfile testssl.json "localhost:$port" >testssl.out 2>&1 </dev/null || :
grep -q 'Testing vulnerabilities' testssl.out || fail "testssl: $(tail -n 40 testssl.out)"
! grep -A 2 -B 4 '"severity" *: *"\(HIGH\|CRITICAL\|FATAL\)"' testssl.json >&2 ||
    fail "testssl has severe findings"
