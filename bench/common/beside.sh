# What `./x bench net`, `io`, `http`, `client` and `trace` have in common: programs that do the
# same are measured in turn, round after round, and the medians and the ratios of each row are
# printed.
#
# A script sets, before it sources this file:
#   name       its own name; the rows are in bench/NAME/rows, the results in build/bench/NAME.json
#   everyone   who is measured; bide is in it as bide-DRIVER, once or for each driver
# Then it defines `sample WHO`, which prints "FIGURE P50 P99 DRIVER", and returns 77 if WHO cannot
# do this, or 78 if WHO has no part in the row; and `default_driver`, which prints the driver that
# bide itself chooses for the row. Both read the columns of the row: row kind server conns n unit
# pin. It builds everyone with `built`, says which columns its table has with `heading`, and ends
# with `measure_rows`. It may set `peers`, `floors`, `rival`, the peer that bide must not be slower
# than, `also`, peers beside which the same target counts, and `clock`, a target for bide's p50
# beside the rival's; - is none.
#
# Options: --only PART, --rounds N, --quick (one round, few connections and operations), --json.
# Variables, for tests: ROWS (another file), OURS (bide's program), WHO (instead of everyone).

. "$SRC/bench/common/peers.sh"
here=$SRC/bench/$name
common=$SRC/bench/common
rows=${ROWS-$here/rows}
ours=${OURS-$BUILD/bench/$name}
wanted=${WHO-$everyone}
place=$BUILD/bench/$name-peers
only='' all_rounds='' quick='' json='' first='' second=p99
peers='tokio libuv go' floors='epoll uring plain' rival=tokio also='' clock=-

while [ $# -gt 0 ]; do
    case $1 in
    --only) only=$2 && shift ;;
    --rounds) all_rounds=$2 && shift ;;
    --quick) quick=1 all_rounds=1 ;;
    --json) json=1 ;;
    *)
        echo "./x bench $name [--only PART] [--rounds N] [--quick] [--json]" >&2
        exit 2
        ;;
    esac
    shift
done
begin "$json"
mkdir -p "$place"
: >"$work/results"

# built WHO COMMAND...: runs the command; what it says is the reason why WHO has no figures.
built()
{
    who=$1
    shift
    case " $wanted " in *" $who "*) ;; *) return 0 ;; esac
    if ! "$@" >"$work/log" 2>&1; then
        echo "$name: $who cannot be built:" >&2
        sed 's/^/  /' "$work/log" >&2
        echo "not built" >"$work/without_$who"
    fi
}

# measured WHO ROUND: adds a sample to the file of samples, or the reason why there is none.
measured()
{
    status=0
    line=$(sample "$1" 2>>"$work/errors") || status=$?
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
    78,*) echo "- $1 -" ;;
    *) echo "- $1 failed" ;;
    esac >>"$work/samples"
}

# Measures one row and adds it to the results. Reads the variables that are set from the file.
measure()
{
    : >"$work/samples"
    : >"$work/errors"
    driver=$(default_driver 2>>"$work/errors") || driver=''
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
        -v target="$target" -v floor="$floor" -v limit="$limit" -v fails="$fails" \
        -v clock="$clock" -v peers="$peers" -v floors="$floors" \
        -v rival="$rival" -v also="$also" \
        -f "$common/judge.awk" "$work/samples" >"$work/result"
    cat "$work/result" >>"$work/results"
    awk -v first="$first" -v second="$second" -v rival="$rival" -f "$common/table.awk" \
        "$work/result" >&3
    ! grep -q '^- .* failed$' "$work/samples" || cat "$work/errors" >&2
}

# fewer NUMBER MOST: the number, or with --quick not more than MOST.
fewer()
{
    if [ -n "$quick" ] && [ "$1" -gt "$2" ]; then echo "$2"; else echo "$1"; fi
}

# heading FIRST SECOND: prints it; the last two columns before the verdict are named so. FIRST is a
# time, or with req/s as many operations as there are in a second, if one takes that time. SECOND is
# p99, or the ratio of the times to the rival's.
heading()
{
    first=$1 second=$2
    echo "bide $(cat "$SRC/VERSION"), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)," \
        "kernel $(uname -r)" >&3
    awk -v titles="$*" -v rival="$rival" -f "$common/table.awk" /dev/null >&3
}

# measure_rows MOST_CONNS MOST: measures what the file has, with --quick not more than that many
# connections and operations. The exit status is that of the last lines (table.awk).
measure_rows()
{
    while read -r row kind server conns n unit rounds pin target floor limit fails; do
        case $row in '' | '#'*) continue ;; esac
        case $row in *"$only"*) ;; *) continue ;; esac
        rounds=${all_rounds:-$rounds} conns=$(fewer "$conns" "$1") n=$(fewer "$n" "$2")
        measure </dev/null
    done <"$rows"
    awk -v json=1 -v rival="$rival" -f "$common/table.awk" "$work/results" \
        >"$BUILD/bench/$name.json"
    [ -z "$json" ] || cat "$BUILD/bench/$name.json"
    awk -v sum=1 -v rival="$rival" -f "$common/table.awk" "$work/results" >&3
}
