# Long tier: what our HTTP/1.1 parser accepts, nginx, HAProxy, Go and Node refuse or frame in the
# same way (law/law.c), over Unix sockets. MUTANTS sets how many, LAW_SEED which; both compilers
# together try a million. Peers that are not there are left out, but one of them must be.
set -eu
[ -n "$LONG" ] || skip "only in the long tier, without sanitizers"
law=$SRC/tests/http/law
seed=1
case $("$CC" --version) in
*clang*) seed=2 ;;
esac

"$CC" -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -I"$SRC" -I"$SRC/include" "$law"/*.c \
    "$SRC"/extra/http/message/*.c -o law.bin || fail "the law does not compile"

# The paths of sockets are short.
folder=$(mktemp -d /tmp/law.XXXXXX)
peers='' started=''
trap 'for one in $started; do kill "$one" 2>/dev/null || :; done; wait; rm -rf "$folder"' EXIT

# peer NAME COMMAND...: starts a peer that listens at $folder/NAME
peer()
{
    name=$1
    shift
    "$@" >"$name.log" 2>&1 &
    started="$started $!"
    tries=0
    until [ -S "$folder/$name" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 1000 ] || fail "$name does not listen: $(cat "$name.log")"
        sleep 0.01
    done
    peers="$peers $name=$folder/$name"
}

PATH=$PATH:/usr/sbin
if command -v nginx >/dev/null; then
    mkdir -p "$folder/logs"
    cat >nginx.conf <<END
daemon off;
user $(id -un) $(id -gn);
worker_processes 1;
error_log /dev/null;
pid $folder/nginx.pid;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    large_client_header_buffers 4 64k;
    server {
        listen unix:$folder/nginx;
        location / {
            add_header X-T \$request_uri always;
            return 200 "x";
        }
    }
}
END
    peer nginx nginx -p "$folder" -c "$PWD/nginx.conf"
fi
if command -v haproxy >/dev/null; then
    cat >haproxy.cfg <<END
global
    nbthread 1
defaults
    mode http
    timeout client 600s
    timeout connect 5s
    timeout server 5s
    timeout http-request 600s
    option http-buffer-request
frontend law
    bind unix@$folder/haproxy
    http-request return status 200 content-type a string x hdr X-T %[path] hdr X-B %[req.body_len]
END
    peer haproxy haproxy -f haproxy.cfg
fi
if command -v go >/dev/null; then
    GOCACHE=$PWD/cache GOFLAGS=-mod=mod go build -o go.bin "$law/peer.go" || fail "peer.go"
    peer go env GOMAXPROCS=1 ./go.bin "$folder/go"
fi
if command -v node >/dev/null; then
    peer node node "$law/peer.js" "$folder/node"
fi
[ -n "$peers" ] || skip "none of nginx, haproxy, go and node"

tables="$SRC/tests/http/accepted.txt $SRC/tests/http/refused.txt"
# shellcheck disable=SC2086
./law.bin "${MUTANTS:-500000}" "${LAW_SEED:-$seed}" $tables -- $peers || fail "see above"
