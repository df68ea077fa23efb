# docs/frames.md: our figures are those of this build, Rust's those recorded, and the law holds:
# ours is at most Rust's and 16 bytes a level, and the task smaller than Tokio's.
set -eu

# Whose task is larger, and why: a read of a socket waits in the frame.
larger=' echo '

"$BIDE" cc "$CC" -std=gnu11 -I"$SRC" "$SRC/bench/frames.c" "$SRC/bench/frames/programs.c" -o frames
./frames >ours
[ "$(wc -l <ours)" = 17 ] || fail "not all programs ran"

awk -f "$SRC/bench/frames/table.awk" "$SRC/bench/frames/rust.tsv" ours >table
sed -n '/^| program |/,/^$/p' "$SRC/docs/frames.md" | sed '/^$/d' >documented
diff -u documented table || fail "docs/frames.md is not what this build does: ./x bench frames"

awk -F '\t' -v larger="$larger" '
    /^#/ { next }
    FNR == NR { future[$1] = $2; task[$1] = $3; next }
    !($1 in future) { print $1 ": not in Rust"; bad = 1; next }
    $4 > future[$1] + 16 * $3 { print $1 ": " $4 " bytes, Rust " future[$1]; bad = 1 }
    $5 >= task[$1] && index(larger, " " $1 " ") == 0 {
        print $1 ": the task takes " $5 " bytes, Tokio'"'"'s " task[$1]; bad = 1
    }
    END { exit bad }
' "$SRC/bench/frames/rust.tsv" ours || fail "larger than it may be"
