# Streams, files, folders and processes beside each other: bide on both of its drivers, Tokio with
# OpenSSL, libuv, Go, and the bare calls in C, which are the floor (`plain`). For each row of
# bench/io/rows they are measured in turn, round after round.
#
# Servers (TLS, copies, lines) are loaded by one generator (bench/common/load, bench/io/load). The
# figure is the CPU time that the server takes for an operation; `clock` is the median latency in
# microseconds, if there is one. All other rows are processes that measure themselves: the figure is
# the CPU time of the process, with all its threads and without its children, and `clock` the
# microseconds of an operation that pass. `best`, `tokio` and `floor` are ratios of the figures, and
# `c/tokio` is that of `clock`.
#
#   ./x bench io [--only PART] [--rounds N] [--quick] [--json]
#
#   --only PART   only rows whose name contains PART
#   --rounds N    N rounds for each row, instead of what the file says
#   --quick       one round, few connections and operations: to see that it works
#   --json        JSON on standard output, the table on standard error
#
# The data is made in /dev/shm (tmp) and in the build folder (disk), about 300 MB each, and removed
# at the end. Where io_uring is not allowed, or a peer cannot be built, the row says so. The results
# are also left in build/bench/io.json. Exit status: 1 if bide, with the driver that it chooses
# itself, takes more than 1.05 x Tokio's CPU time (the median of the rounds), or fails.
set -eu
name=io
everyone='bide-epoll bide-uring tokio libuv go plain'
. "$SRC/bench/common/beside.sh"
clock=1.05
load=${LOAD-}
disk=$place/data tmpfs=''

build_all()
{
    load=$place/load
    c_built "$load" "-lssl -lcrypto" -I"$common/load" "$common"/load/*.c "$here"/load/*.c
    c_built "$place/plain" "-lssl -lcrypto" -I"$here" "$here"/peers/plain/*.c
    c_built "$place/child" -static "$here/peers/child.c"
    built libuv c_built "$place/libuv" "-luv -lssl -lcrypto" -I"$here" "$here"/peers/libuv/*.c
    built go go_built
    built tokio build_crate "$here/tokio" "$place/tokio"
}

go_built()
{
    (cd "$here/go" && go build -o "$place/go" .)
}

# Makes the data, and the certificate that all servers have.
prepare()
{
    if [ -d /dev/shm ] && [ -w /dev/shm ]; then
        tmpfs=$(mktemp -d /dev/shm/bide-io.XXXXXX)
    else
        echo "io: there is no /dev/shm; the rows with tmp are in $work" >&2
        tmpfs=$work/data
    fi
    trap 'rm -rf "$work" "$disk" "$tmpfs"' EXIT
    trap 'exit 1' HUP INT TERM # with what is done at the exit
    for folder in "$disk" "$tmpfs"; do
        mkdir -p "$folder"
        "$place/plain" prepare "$folder"
        cp "$place/child" "$folder/child"
    done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -subj /CN=localhost -keyout "$disk/key.pem" -out "$disk/cert.pem" 2>"$work/log" ||
        { cat "$work/log" >&2 && exit 1; }
    export IO_DATA="$disk"
}

# sample_run PROGRAM...: a process that measures itself.
sample_run()
{
    case $server in tmpfs/*) data=$tmpfs ;; *) data=$disk ;; esac
    line=$(timeout 60 "$@" run "${server#*/}" "$conns" "$n" "$data") || return
    # shellcheck disable=SC2086
    set -- $line
    echo "$1 $2 0 ${3-epoll}"
}

sample()
{
    case $1 in
    bide-*) set -- env BIDE_IO="${1#bide-}" "$ours" ;;
    tokio) set -- "$place/tokio/target/release/io" ;;
    *) set -- "$place/$1" ;;
    esac
    if [ "$kind" = run ]; then
        sample_run "$@"
        return
    fi
    set -- "$kind" "$conns" "$n" "$@" "$server"
    [ "$pin" != yes ] || set -- --pin "$@"
    timeout 60 "$load" "$@"
}

default_driver()
{
    env -u BIDE_IO "$ours" driver
}

if [ -z "$load" ]; then
    build_all
    prepare
fi
heading clock c/tokio
measure_rows 100 100
