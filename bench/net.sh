# Servers beside each other: bide on both of its drivers, Tokio, libuv, Go, and loops in C on epoll
# and on io_uring, which are the floor. One generator (bench/common/load, bench/net/load) loads all
# of them; for each row of bench/net/rows they are measured in turn, round after round. The figure
# is the CPU time that the server takes for an operation, since the wall time is also the
# generator's. The ratios are to the best peer, to Tokio and to the floor; p50 and p99 are latencies
# in microseconds.
#
#   ./x bench net [--only PART] [--rounds N] [--quick] [--json]
#
#   --only PART   only rows whose name contains PART
#   --rounds N    N rounds for each row, instead of what the file says
#   --quick       one round, few connections and operations: to see that it works
#   --json        JSON on standard output, the table on standard error
#
# Where io_uring is not allowed, or a peer cannot be built, the row says so. The results are also
# left in build/bench/net.json. Exit status: 1 if bide, with the driver that it chooses itself,
# takes more than 1.05 x Tokio's time for an echo (the median of the rounds), or fails.
set -eu
name=net
everyone='bide-epoll bide-uring tokio libuv go epoll uring'
. "$SRC/bench/common/beside.sh"
load=${LOAD-}

build_all()
{
    load=$place/load
    c_built "$load" "" -I"$common/load" "$common"/load/*.c "$here"/load/*.c
    built epoll c_built "$place/epoll" "" "$here/peers/epoll.c"
    built uring c_built "$place/uring" -luring "$here/peers/uring.c"
    built libuv c_built "$place/libuv" -luv "$here/peers/libuv.c"
    built go go build -o "$place/go" "$here/go/main.go"
    built tokio build_crate "$here/tokio" "$place/tokio"
}

sample()
{
    case $1 in
    bide-*) set -- env BIDE_IO="${1#bide-}" "$ours" "$server" ;;
    tokio) set -- "$place/tokio/target/release/net" "$server" ;;
    *) set -- "$place/$1" "$server" ;;
    esac
    [ "$pin" != yes ] || set -- --pin "$kind" "$conns" "$n" "$@"
    [ "$pin" = yes ] || set -- "$kind" "$conns" "$n" "$@"
    timeout 60 "$load" "$@"
}

default_driver()
{
    case $kind in udp) with=udp ;; *) with=echo ;; esac
    chosen=$(env -u BIDE_IO "$load" "$with" 1 10 "$ours" "$server") || return 0
    echo "${chosen##* }"
}

[ -n "$load" ] || build_all
heading p50 p99
measure_rows 100 1000
