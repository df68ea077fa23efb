# The C files are as clang-format 14 writes them (other versions differ). `./x fmt` mends it.
set -eu
formatter=$(command -v clang-format-14 || command -v clang-format) || skip "no clang-format"
"$formatter" --version | grep -q 'version 14' || skip "clang-format is not version 14"
sh "$SRC/x" fmt --check 2>"$WORK/bad" || {
    sed -n 's/^\([^ :]*\):[0-9].*/\1/p' "$WORK/bad" | sort -u >&2
    fail "not formatted; run ./x fmt"
}
