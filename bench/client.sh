# Clients of HTTP beside each other: bide's on both of its drivers, libcurl's multi interface in
# plain C, in a loop on curl_multi_poll and in one on epoll, and Go's net/http. They all ask the
# same server (bench/client/load), which is one loop in C, with 1 and with 64 connections; for each
# row of bench/client/rows they are measured in turn, round after round. The figure is the CPU time
# that the client takes for a request, since the wall time is also the server's; req/s are the
# requests of a second. bide's client stands on libcurl, so the floor is the better one of the two
# loops on it. It has easy handles that are set up once, and keeps nothing of an answer but its
# body. The ratios are to the best peer, to Go and to the floor; `c/go` is that of the time that
# passes for a request.
#
#   ./x bench client [--only PART] [--rounds N] [--quick] [--json]
#
#   --only PART   only rows whose name contains PART
#   --rounds N    N rounds for each row, instead of what the file says
#   --quick       one round, few connections and operations: to see that it works
#   --json        JSON on standard output, the table on standard error
#
# The targets: not more CPU time than Go, and at most 1.15 x the floor; a row that misses one says
# no. Where io_uring is not allowed, or a peer cannot be built, the row says so. The results are
# also left in build/bench/client.json. Exit status: 1 if bide, with the driver that it chooses
# itself, takes more than 1.05 x Go's time for a request (the median of the rounds) in a row that
# counts, or fails.
set -eu
name=client
everyone='bide-epoll bide-uring curl-poll curl-epoll go'
. "$SRC/bench/common/beside.sh"
peers=go floors='curl-poll curl-epoll' rival=go
load=${LOAD-}
unset http_proxy all_proxy ALL_PROXY # the server is here

build_all()
{
    load=$place/load
    c_built "$load" "" -I"$common/load" "$common/load/process.c" "$here"/load/*.c
    built curl-poll c_built "$place/curl" -lcurl "$here/peers/curl.c"
    built curl-epoll c_built "$place/curl" -lcurl "$here/peers/curl.c"
    built go go build -o "$place/go" "$here/go/main.go"
}

sample()
{
    case $1 in
    bide-*) set -- env BIDE_IO="${1#bide-}" "$ours" ;;
    curl-*) set -- "$place/curl" "${1#curl-}" ;;
    *) set -- "$place/$1" ;;
    esac
    set -- "$conns" "$n" "$server" "$@"
    [ "$pin" != yes ] || set -- --pin "$@"
    timeout 60 "$load" "$@"
}

default_driver()
{
    chosen=$(env -u BIDE_IO "$load" 1 10 small "$ours") || return 0
    echo "${chosen##* }"
}

[ -n "$load" ] || build_all
heading req/s c/go
measure_rows 8 100
