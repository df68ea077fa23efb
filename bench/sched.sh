# The scheduler and timers beside Tokio, in the same run: each row of bench/sched/rows is measured
# in pairs, bide and its peer in turn, and the medians of bide's figure, of the peer's and of the
# ratio are printed. The work of one thread is compared by the CPU time of the process, that of
# several by the clock; the column `other` has the median ratio by the one that is not used.
#
#   ./x bench sched [--console[=idle]] [--only PART] [--pairs N] [--instructions] [--json]
#
#   --console       not beside Tokio: with somebody attached to the console beside the same without
#                   a console; with =idle, beside the same with a console and nobody attached
#   --only PART     only rows whose "ROW RT" contains PART
#   --pairs N       N pairs for each row, instead of what the file says
#   --instructions  where perf cannot count the instructions of an operation of a row that one
#                   thread does, counts them under valgrind
#   --json          JSON on standard output, the table on standard error
#
# A peer that does not end in 30 s is given that time: its workers starve the tasks of others.
# The results are also left in build/bench/sched.json. Exit status: 1 if a row is slower than Tokio
# (its median ratio is over 1.05, and still so in three times as many pairs) or fails, or if fewer
# than 80% of the rows meet their target.
#
# With --console the rows whose figure is a time are measured for a second or more, in pairs; a
# process is attached that asks once a second, as `bide top` does (bench/sched/look.c). The console
# is a thread, so beside no console, rows of one thread also have the cost of a second one. The last
# line has the median of the rows' ratios; the exit status is 1 if that is above 1.03, or a row
# fails. The results are left in build/bench/sched-console.json.
set -eu
. "$SRC/bench/common/peers.sh"
here=$SRC/bench/sched
rows=${ROWS-$here/rows}
ours=${OURS-$BUILD/bench/sched}
peer=${PEER-}
sample_limit_s=30 only='' all_pairs='' counter='' json='' console=''

while [ $# -gt 0 ]; do
    case $1 in
    --console) console=off ;;
    --console=idle) console=idle ;;
    --only) only=$2 && shift ;;
    --pairs) all_pairs=$2 && shift ;;
    --instructions) counter=valgrind ;;
    --json) json=1 ;;
    *)
        echo "./x bench sched [--console[=idle]] [--only PART] [--pairs N]" \
            "[--instructions] [--json]" >&2
        exit 2
        ;;
    esac
    shift
done
begin "$json"

# Builds Tokio's side, and sets $peer and $version.
build_peer()
{
    place=$BUILD/bench/tokio
    echo "building Tokio's side" >&2
    if ! build_crate "$here/tokio" "$place" >"$work/log" 2>&1; then
        cat "$work/log" >&2
        echo "sched: needs cargo and Tokio (Debian: librust-tokio-dev)" >&2
        exit 1
    fi
    peer=$place/target/release/sched
    version=$(sed -n '/^name = "tokio"$/{n;s/.*"\(.*\)"/\1/p;}' "$place/Cargo.lock")
    version="Tokio $version ($(rustc --version | cut -d' ' -f1,2))"
}

# Makes the two sides of --console, and sets $ours and $peer.
build_console()
{
    cat >"$work/on" <<END_OF_SIDE
#!/bin/sh
BIDE_CONSOLE='$work/socket' exec '$ours' "\$@" watched
END_OF_SIDE
    cat >"$work/off" <<END_OF_SIDE
#!/bin/sh
unset BIDE_CONSOLE
exec '$ours' "\$@" long
END_OF_SIDE
    sed "s/ watched$/ long/" "$work/on" >"$work/idle"
    chmod +x "$work/on" "$work/off" "$work/idle"
    ours=$work/on peer=$work/$console
    sample_limit_s=120 # an answer may have a million tasks
}

# console_row: makes a row of Tokio's one of --console. False: it is left out.
console_row()
{
    case "$unit $pin $seen" in
    *" $row/$rt "* | ns\ [0-9]*) return 1 ;;
    ns*) seen="$seen$row/$rt " ;;
    *) return 1 ;;
    esac
    peer_name="=$console" target=- limit=-
}

# sample PROGRAM ROW RT N: prints both figures; the exit status is the program's, or 124 after too
# long a time.
sample()
{
    if [ "$pin" = - ]; then
        timeout "$sample_limit_s" "$@" 2>>"$work/errors"
    else
        timeout "$sample_limit_s" taskset -c "$pin" "$@" 2>>"$work/errors"
    fi
}

# counted COMMAND...: prints how many instructions the command has run.
counted()
{
    if [ "$counter" = perf ]; then
        perf stat -x, -e instructions:u -o "$work/count" "$@" >/dev/null 2>&1
        sed -n 's/^\([0-9]*\),.*instructions.*/\1/p' "$work/count"
    else
        valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$@" 2>&1 |
            sed -n 's/.*I  *refs: *//p' | tr -d ,
    fi
}

# instructions PROGRAM ROW RT: of an operation, from two runs of different length.
instructions()
{
    few=$(counted "$1" "$2" "$3" 10000 cold)
    many=$(counted "$1" "$2" "$3" 30000 cold)
    echo $(((many - few) / 20000))
}

# Measures pairs until there are $1, or one cannot be had: then it sets $verdict or $note.
measure_pairs()
{
    while [ "$count" -lt "$1" ] && [ -z "$verdict$note" ]; do
        count=$((count + 1))
        [ ! -t 2 ] || printf '\r%s %s %d/%d \033[K' "$row" "$rt" "$count" "$1" >&2
        status=0
        mine=$(sample "$ours" "$row" "$rt" "$n") || status=$?
        [ "$status" != 0 ] ||
            theirs=$(sample "$beside" "$other" "$other_rt" "$n") || status=peer_$?
        case $status in
        peer_124)
            least=$((sample_limit_s * 1000000000 / n))
            echo "$mine $least $least" >>"$work/pairs"
            note="the peer did not end in $sample_limit_s s"
            ;;
        0) echo "$mine $theirs" >>"$work/pairs" ;;
        77 | peer_77) verdict='not built' ;;
        *) verdict=failed ;;
        esac
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

judge()
{
    awk -v row="$row" -v rt="$rt" -v peer="$peer_name" -v unit="$unit" -v target="$target" \
        -v limit="$limit" -v clock="$clock" -v counts="$counts" -v note="$note" \
        -f "$here/judge.awk" "$work/pairs" >"$work/result"
}

# Measures one row and adds it to the results. Reads the variables that are set from the file. A row
# that seems slower than Tokio is measured three times as often before it is called so: the median
# of a few pairs of hand-overs between threads is above 1.05 by chance now and then.
measure()
{
    case $peer_name in
    tokio | =off | =idle) beside=$peer other=$row other_rt=$rt ;;
    =*)
        beside=$ours other=${peer_name#=}
        other_rt=${other#*/} other=${other%/*}
        ;;
    esac
    : >"$work/pairs"
    : >"$work/errors"
    verdict='' count=0 counts='' note=''
    measure_pairs "$pairs"
    if [ -n "$counter" ] && [ "$rt$clock$unit" = ctcpuns ] && [ "$row" != timers_fire ] &&
        [ -z "$verdict$note" ]; then
        counts=$(instructions "$ours" "$row" "$rt")
        counts="$counts $(instructions "$beside" "$other" "$other_rt")"
    fi
    [ -n "$verdict" ] || judge
    if [ -z "$verdict$note" ] && grep -q SLOWER "$work/result"; then
        measure_pairs $((3 * pairs))
        note=${note:-$count pairs}
        [ -n "$verdict" ] || judge
    fi
    if [ -n "$verdict" ]; then
        printf '%s\t%s\t%s\t%s\t-\t-\t-\t%s\t%s\t%s\t-\n' "$row" "$rt" "$peer_name" "$unit" \
            "$target" "$limit" "$verdict" >"$work/result"
        cat "$work/errors" >&2
    fi
    cat "$work/result" >>"$work/results"
    awk -f "$here/table.awk" "$work/result" >&3
}

version=Tokio result=sched title=peer seen=' '
if [ -n "$console" ]; then
    build_console
    counter=''
    version="itself, console $console" result=sched-console title=$console
else
    [ -n "$peer" ] || build_peer
    if perf stat -x, -e instructions:u true 2>&1 | grep -q '^[0-9]'; then
        counter=perf
    fi
fi
echo "bide $(cat "$SRC/VERSION") beside $version, $(nproc) cores, load $(cut -d' ' -f1 \
    /proc/loadavg)" >&3
printf '%-23s %-4s %10s %10s %-5s %7s %7s  %-15s %s\n' row rt bide $title unit ratio other target \
    met >&3
: >"$work/results"
while read -r row rt peer_name n clock unit pairs pin target limit; do
    case $row in '' | '#'*) continue ;; esac
    case "$row $rt" in *"$only"*) ;; *) continue ;; esac
    [ -z "$console" ] || console_row || continue
    pairs=${all_pairs:-$pairs}
    measure </dev/null
done <"$rows"
mkdir -p "$BUILD/bench"
awk -v json=1 -f "$here/table.awk" "$work/results" >"$BUILD/bench/$result.json"
[ -z "$json" ] || cat "$BUILD/bench/$result.json"
if [ -n "$console" ]; then
    LC_ALL=C sort -g -t "$(printf '\t')" -k 7 "$work/results" |
        awk -v beside="$console" -f "$here/console.awk" >&3
else
    awk -v sum=1 -f "$here/table.awk" "$work/results" >&3
fi
