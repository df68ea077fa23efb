# rustc gives the messages that the documents quote: a block "```rust NAME" is compiled as a
# library, and the block "```text NAME" after it must be the beginning of the messages; only the
# lines that count messages may follow. A line "..." stands for any lines. Only with the version of
# rustc that the guide names.
set -eu

version=$(sed -n 's/.*rustc \([0-9]*\.[0-9]*\) says.*/\1/p' "$SRC/docs/guide.md" | head -n 1)
[ -n "$version" ] || fail "the guide names no rustc"
command -v rustc >/dev/null || skip "no rustc"
case $(rustc --version) in
"rustc $version."*) ;;
*) skip "$(rustc --version), not $version" ;;
esac

for doc in "$SRC"/docs/*.md; do
    awk '
        /^```/ && inside { inside = 0; close(out); next }
        /^```(rust|text) [a-z_]+\.rs$/ {
            inside = 1; out = ($1 == "```text" ? $2 ".text" : $2); printf "" > out; next
        }
        inside { print > out }
    ' "$doc"
done
count=0
for text in *.rs.text; do
    name=${text%.text}
    rustc --edition 2021 --crate-type lib --emit=metadata -o out "$name" >/dev/null 2>got || :
    awk -v text="$text" '
        { got[++n] = $0 }
        END {
            at = 1
            while ((getline line < text) > 0) {
                if (line == "...") { skips = 1; continue }
                while (skips && at <= n && got[at] != line) at++
                skips = 0
                if (at > n || got[at++] != line) { print "not said: " line; exit 1 }
            }
            counts = "^(|error: aborting .*|warning: .* emitted|Some errors .*|For more .*)$"
            for (; at <= n; at++)
                if (got[at] !~ counts) { print "left out: " got[at]; exit 1 }
        }
    ' got >bad || fail "$name: $(cat bad)"
    count=$((count + 1))
done
[ "$count" -gt 0 ] || fail "the documents quote nothing"
echo "$count programs"
