# Compares what parked tasks hold with Rust's: prints the table of docs/frames.md again. Our side is
# measured. The Rust side is measured too if cargo finds tokio without the network (Debian:
# librust-tokio-dev); otherwise its recorded figures are used.
set -eu
. "$SRC/bench/common/peers.sh"
here=$SRC/bench/frames
begin ''

# rust FEATURES: prints a line a program: name, future, task.
rust()
{
    CARGO_TARGET_DIR=$work/target
    export CARGO_TARGET_DIR
    (cd "$work/rust" && cargo build --quiet --release --offline --features "$1") \
        >"$work/log" 2>&1 && "$work/target/release/frames"
}

measure_rust()
{
    command -v cargo >/dev/null 2>&1 || return 1
    cp -R "$here/rust" "$work/rust"
    crates_for "$work/rust"
    rust tokio-timers >"$work/real" && rust '' >"$work/small" || return 1
    tokio=$(sed -n '/^name = "tokio"$/{n;s/.*"\(.*\)"/\1/p;}' "$work/rust/Cargo.lock")
    echo "# $(rustc --version | cut -d' ' -f1,2), tokio $tokio: name, future, task; with timers" \
        "of 112 bytes: future, task" >"$work/rust.tsv"
    paste "$work/real" "$work/small" | cut -f1,2,3,5,6 >>"$work/rust.tsv"
    cp "$work/rust.tsv" "$here/rust.tsv"
}

measure_rust || echo "frames: Rust is not measured: the recorded figures stand" >&2
"$BUILD/bench/frames" >"$work/ours"
awk -f "$here/table.awk" "$here/rust.tsv" "$work/ours" >"$work/table"
cat "$work/table"
awk -v table="$work/table" '
    /^\| program \|/ { while ((getline line < table) > 0) print line; skip = 1 }
    skip && /^\|/ { next }
    { skip = 0; print }
' "$SRC/docs/frames.md" >"$work/frames.md"
cmp -s "$work/frames.md" "$SRC/docs/frames.md" || cp "$work/frames.md" "$SRC/docs/frames.md"
