# Servers beside each other: bide on both of its drivers, Tokio, libuv, Go, and loops in C on epoll
# and on io_uring, which are the floor. One generator (bench/net/load) loads all of them; for each
# row of bench/net/rows they are measured in turn, round after round. The figure is the CPU time
# that the server takes for an operation, since the wall time is also the generator's. The ratios
# are to the best peer, to Tokio and to the floor; p50 and p99 are latencies in microseconds.
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
. "$SRC/bench/common.sh"
here=$SRC/bench/net
rows=${ROWS-$here/rows}
ours=${OURS-$BUILD/bench/net}
load=${LOAD-}
everyone='bide-epoll bide-uring tokio libuv go epoll uring'
wanted=${WHO-$everyone}
only='' all_rounds='' quick='' json=''

while [ $# -gt 0 ]; do
    case $1 in
    --only) only=$2 && shift ;;
    --rounds) all_rounds=$2 && shift ;;
    --quick) quick=1 all_rounds=1 ;;
    --json) json=1 ;;
    *)
        echo "./x bench net [--only PART] [--rounds N] [--quick] [--json]" >&2
        exit 2
        ;;
    esac
    shift
done
begin "$json"
place=$BUILD/bench/net-peers
mkdir -p "$place"

# --- building ---

# built WHO COMMAND...: runs the command; what it says is the reason why WHO has no figures.
built()
{
    who=$1
    shift
    case " $wanted " in *" $who "*) ;; *) return 0 ;; esac
    if ! "$@" >"$work/log" 2>&1; then
        echo "net: $who cannot be built:" >&2
        sed 's/^/  /' "$work/log" >&2
        echo "not built" >"$work/without_$who"
    fi
}

# of_c PROGRAM LIBRARIES FILE...
of_c()
{
    program=$place/$1 libraries=$2
    shift 2
    # shellcheck disable=SC2086
    ${CC-cc} -O2 "$@" -o "$program" $libraries
}

build_all()
{
    of_c load "" "$here"/load/*.c
    load=$place/load
    built epoll of_c epoll "" "$here/peers/epoll.c"
    built uring of_c uring -luring "$here/peers/uring.c"
    built libuv of_c libuv -luv "$here/peers/libuv.c"
    built go go build -o "$place/go" "$here/go/main.go"
    built tokio build_crate "$here/tokio" "$place/tokio"
}

# --- measuring ---

# sample WHO: prints "FIGURE P50 P99 DRIVER"; returns 77 if WHO cannot do this.
sample()
{
    case $1 in
    bide-*) set -- env BIDE_IO="${1#bide-}" "$ours" "$server" ;;
    tokio) set -- "$place/tokio/target/release/net" "$server" ;;
    *) set -- "$place/$1" "$server" ;;
    esac
    [ "$pin" != yes ] || set -- --pin "$kind" "$conns" "$n" "$@"
    [ "$pin" = yes ] || set -- "$kind" "$conns" "$n" "$@"
    timeout 60 "$load" "$@" 2>>"$work/errors"
}

# The driver that bide chooses for this server.
default_driver()
{
    case $kind in udp) with=udp ;; *) with=echo ;; esac
    chosen=$(env -u BIDE_IO "$load" "$with" 1 10 "$ours" "$server" 2>>"$work/errors") || return 0
    echo "${chosen##* }"
}

# measured WHO ROUND: adds a sample to the file of samples, or the reason why there is none.
measured()
{
    status=0
    line=$(sample "$1") || status=$?
    refused=$(sed -n 's/^bide: \(io_uring .*\)/\1/p' "$work/errors" | tail -n 1)
    case $status,$1 in
    0,bide-uring)
        if [ "${line##* }" = uring ]; then
            echo "$2 $1 ${line% *}"
        else
            echo "- $1 refused: it runs on ${line##* }"
        fi
        ;;
    0,*) echo "$2 $1 ${line% *}" ;;
    77,bide-uring) echo "- $1 ${refused:-not built}" | sed 's/ io_uring .*: / refused: /' ;;
    77,*) echo "- $1 not built" ;;
    *) echo "- $1 failed" ;;
    esac >>"$work/samples"
}

# Measures one row and adds it to the results. Reads the variables that are set from the file.
measure()
{
    : >"$work/samples"
    : >"$work/errors"
    driver=$(default_driver)
    for who in $wanted; do
        [ ! -e "$work/without_$who" ] ||
            echo "- $who $(cat "$work/without_$who")" >>"$work/samples"
    done
    round=0
    while [ "$round" -lt "$rounds" ]; do
        round=$((round + 1))
        for who in $wanted; do
            ! grep -q "^- $who " "$work/samples" || continue
            [ ! -t 2 ] || printf '\r%s %s %d/%d \033[K' "$row" "$who" "$round" "$rounds" >&2
            measured "$who" "$round"
        done
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
    awk -v row="$row" -v unit="$unit" -v order="$wanted" -v default="${driver:-epoll}" \
        -v tokio="$tokio" -v floor="$floor" -v limit="$limit" -v fails="$fails" \
        -f "$here/judge.awk" "$work/samples" >"$work/result"
    cat "$work/result" >>"$work/results"
    awk -f "$here/table.awk" "$work/result" >&3
    ! grep -q '^- .* failed$' "$work/samples" || cat "$work/errors" >&2
}

# fewer NUMBER MOST: the number, or with --quick not more than MOST.
fewer()
{
    if [ -n "$quick" ] && [ "$1" -gt "$2" ]; then echo "$2"; else echo "$1"; fi
}

[ -n "$load" ] || build_all
echo "bide $(cat "$SRC/VERSION"), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)," \
    "kernel $(uname -r)" >&3
printf '%-10s %-10s %9s %9s %9s %-6s %6s %6s %6s %8s %8s  %s\n' row who median least most unit \
    best tokio floor p50 p99 met >&3
: >"$work/results"
while read -r row kind server conns n unit rounds pin tokio floor limit fails; do
    case $row in '' | '#'*) continue ;; esac
    case $row in *"$only"*) ;; *) continue ;; esac
    rounds=${all_rounds:-$rounds} conns=$(fewer "$conns" 100) n=$(fewer "$n" 1000)
    measure </dev/null
done <"$rows"
awk -v json=1 -f "$here/table.awk" "$work/results" >"$BUILD/bench/net.json"
[ -z "$json" ] || cat "$BUILD/bench/net.json"
awk -v sum=1 -f "$here/table.awk" "$work/results" >&3
