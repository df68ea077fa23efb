# Servers of HTTP beside each other: bide on both of its drivers, hyper, Go, nginx, Node, and loops
# in C that do nothing but the calls, of which the one on epoll is the floor. One generator
# (bench/common/load, bench/http/load) loads all of them; for each row of bench/http/rows they are
# measured in turn, round after round. The figure is the CPU time that the server takes for a
# request, since the wall time is also the generator's. The ratios are to the best peer, to hyper
# and to the floor; p50 and p99 are latencies in microseconds.
#
#   ./x bench http [--only PART] [--rounds N] [--quick] [--json]
#
#   --only PART   only rows whose name contains PART
#   --rounds N    N rounds for each row, instead of what the file says
#   --quick       one round, few connections and operations: to see that it works
#   --json        JSON on standard output, the table on standard error
#
# After the servers `./x` measures the clients (bench/client.sh), unless it gets --only or --json.
#
# Where io_uring is not allowed, or a peer cannot be built, or has no such server, the row says so.
# The results are also left in build/bench/http.json. Exit status: 1 if bide, with the driver that
# it chooses itself, takes more than 1.05 x hyper's time for a request (the median of the rounds),
# or fails.
set -eu
name=http
everyone='bide-epoll bide-uring hyper go nginx node epoll uring'
. "$SRC/bench/common/beside.sh"
peers='hyper go nginx node' floors=epoll rival=hyper also=nginx
load=${LOAD-}

build_all()
{
    load=$place/load
    c_built "$load" "-lssl -lcrypto" -I"$common/load" "$common"/load/*.c "$here"/load/*.c
    built epoll c_built "$place/epoll" "-lssl -lcrypto" "$here/peers/epoll.c"
    built uring c_built "$place/uring" -luring "$here/peers/uring.c"
    built nginx nginx_built
    built node cp "$here/peers/node.js" "$place/node.js"
    built go go_built
    built hyper build_crate "$here/hyper" "$place/hyper"
}

nginx_built()
{
    PATH=$PATH:/usr/sbin nginx -v && c_built "$place/nginx" "" "$here/peers/nginx.c"
}

# With Debian's packages of Go's libraries.
go_built()
{
    (cd "$here/go" && GO111MODULE=off GOPATH=/usr/share/gocode go build -o "$place/go" .)
}

# Makes the certificate and the file that servers have.
prepare()
{
    export HTTP_DATA="$work/data"
    mkdir "$HTTP_DATA"
    head -c 1048576 /dev/zero >"$HTTP_DATA/large"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -subj /CN=localhost -keyout "$HTTP_DATA/key.pem" -out "$HTTP_DATA/cert.pem" \
        2>"$work/log" || { cat "$work/log" >&2 && exit 1; }
}

sample()
{
    case $1 in
    bide-*) set -- env BIDE_IO="${1#bide-}" "$ours" "$server" ;;
    hyper) set -- "$place/hyper/target/release/http-bench" "$server" ;;
    node) set -- env NODE_PATH=/usr/share/nodejs node "$place/node.js" "$server" ;;
    *) set -- "$place/$1" "$server" ;;
    esac
    set -- "$kind" "$conns" "$n" "$@"
    [ "$pin" != yes ] || set -- --pin "$@"
    timeout 60 "$load" "$@"
}

default_driver()
{
    chosen=$(env -u BIDE_IO "$load" plain 1 10 "$ours" plain) || return 0
    echo "${chosen##* }"
}

[ -n "$load" ] || build_all
prepare
heading p50 p99
measure_rows 100 1000
