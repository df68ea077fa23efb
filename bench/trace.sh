# Spans and events beside Rust's tracing, round after round: those that nobody wants, and those that
# go to a function which looks at each field. The figure is the CPU time of an operation, with one
# thread, in nanoseconds; `clock` is the time that passes. `tracing` and `floor` are ratios of the
# figures, and `c/tracing` is that of `clock`.
#
#   ./x bench trace [--only PART] [--rounds N] [--quick] [--json]
#
#   --only PART   only rows whose name contains PART
#   --rounds N    N rounds for each row, instead of what the file says
#   --quick       one round, few operations: to see that it works
#   --json        JSON on standard output, the table on standard error
#
# An event has a text and two fields, a span one field; a span is entered, and ends with its block.
# With `off` there is no output, and no subscriber; with `other` there is one, which wants another
# target. With `sink` there is one that wants them:
#
#   bide-trace   a sink. It is told the time of an event, the task and the span that it is in; of a
#                span the begin and the end, with the fields at both, and the times polled and idle.
#                So the span and a copy of its fields are kept, and the clock is read when it begins
#                and when it ends. A span has random ids (W3C), and a lock is taken for reading,
#                once for each record, since outputs come and go.
#   tracing      a subscriber that tells the same (told.rs): spans and copies of fields are kept,
#                and the clock is read four times for each, since making a span and entering it are
#                two calls there. There are no random ids and no lock: it stays to the end.
#   bare         tracing with a subscriber that only looks at the fields (bare.rs): it reads no
#                clock, keeps nothing, and does not tell ends. In rows of polls: without a span.
#
# tracing-subscriber, which programs use, is not measured: Debian 12 does not have it. Rows without
# a line for tracing are bide's alone. The results are also left in build/bench/trace.json. Exit
# status: 1 if bide takes more than 2 ns for what nobody wants, or, in a row of bench/trace/rows
# that says so, more than 1.05 x tracing's time (the medians of the rounds), or if a row fails.
set -eu
name=trace
everyone='bide-trace tracing bare'
. "$SRC/bench/common/beside.sh"
peers=tracing rival=tracing floors=bare
theirs=${PEER-}

build_all()
{
    theirs=$place/rust/target/release/trace
    built tracing build_crate "$here/rust" "$place/rust"
    [ ! -e "$work/without_tracing" ] || cp "$work/without_tracing" "$work/without_bare"
}

sample()
{
    case $1,$kind,$server in
    bide-*) set -- "$ours" "$row" "$n" ;;
    tracing,tracing,*) set -- "$theirs" told "$row" "$n" ;;
    bare,tracing,bare) set -- "$theirs" bare "$row" "$n" ;;
    bare,alone,[a-z]*) set -- "$ours" "$server" "$n" ;;
    *) return 78 ;;
    esac
    line=$(timeout 60 "$@") || return
    echo "$line 0 here"
}

default_driver()
{
    echo trace
}

[ -n "$theirs" ] || build_all
heading clock c/tracing
measure_rows 1 100000
if cut -f 12 "$work/results" | grep -qx no; then exit 1; fi
