# docs/frames.md: bide's figures are those of this build, Rust's are the recorded ones, and the rule
# holds: a frame is at most 16 bytes a level larger than Rust's, and a task is smaller than Tokio's.
# This is also compared with timers of 112 bytes.
set -eu

# Two are larger when compared with small timers:
# select_loop: each branch is only a leaf, but has a chain, and waits in its own frame.
# fetch_retry: its task has a reserve for the write, which is deeper than the wait for the answer.
future_larger=' select_loop '
task_larger=' select_loop fetch_retry '

"$BIDE" cc "$CC" -std=gnu11 -I"$SRC" "$SRC/bench/frames.c" "$SRC/bench/frames/programs.c" -o frames
./frames >ours
[ "$(wc -l <ours)" = 17 ] || fail "not all programs ran"

awk -f "$SRC/bench/frames/table.awk" "$SRC/bench/frames/rust.tsv" ours >table
sed -n '/^| program |/,/^$/p' "$SRC/docs/frames.md" | sed '/^$/d' >documented
diff -u documented table || fail "docs/frames.md is not what this build does: ./x bench frames"

awk -F '\t' -v future_larger="$future_larger" -v task_larger="$task_larger" '
    function excepted(set, name) { return index(set, " " name " ") != 0 }
    function check_future(what, theirs) {
        if ($4 > theirs + 16 * $3) { print $1 ": " $4 " bytes, " what theirs; bad = 1 }
    }
    function check_task(what, theirs) {
        if ($5 >= theirs) { print $1 ": the task takes " $5 " bytes, " what theirs; bad = 1 }
    }
    /^#/ { next }
    FNR == NR { for (i = 2; i <= 5; i++) rust[$1, i] = $i + 0; next }
    !(($1, 2) in rust) { print $1 ": not in Rust"; bad = 1; next }
    {
        check_future("Rust ", rust[$1, 2])
        check_task("Tokio ", rust[$1, 3])
        if (!excepted(future_larger, $1))
            check_future("Rust with small timers ", rust[$1, 4])
        if (!excepted(task_larger, $1))
            check_task("Tokio with small timers ", rust[$1, 5])
    }
    END { exit bad }
' "$SRC/bench/frames/rust.tsv" ours || fail "larger than it may be"
