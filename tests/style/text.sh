# The text files of the tree have no line over 100 columns, no tab, no trailing blank, and no word
# that marks something unfinished or private. A C file of the product has at most 800 lines, and a
# function in it at most 60 (1,200 and 80 elsewhere).
set -eu
cd "$SRC"
find . \( -name .git -o -name build -o -path './tests/*/*/*' \) -prune -o -type f \
    \( -name '*.[ch]' -o -name '*.sh' -o -name '*.md' -o -name '*.txt' -o -name '*.cmake' \
    -o -name '*.in' -o -name x -o -path './tools/*' -o -path './tests/harness/*' \) -print |
    sort >"$WORK/all"
[ -s "$WORK/all" ] || fail "found no files"
bad=$WORK/bad
: >"$bad"

cat >"$WORK/lines.awk" <<'END'
function end_of_file()
{
    if (is_c && lines > most_lines)
        print file ": " lines " lines"
}
FNR == 1 {
    end_of_file()
    file = FILENAME
    start = 0
    is_c = file ~ /\.[ch]$/
    is_product = file ~ /^\.\/(compiler|core|runtime|lib|extra|include)\//
    most_lines = is_product ? 800 : 1200
    most_in_function = is_product ? 60 : 80
    most_columns = file ~ /\.md$/ ? 0 : 100
}
{ lines = FNR }
most_columns && length($0) > most_columns { print file ":" FNR ": over " most_columns " columns" }
/\t/ && file !~ /Makefile$/ { print file ":" FNR ": a tab" }
/[ \r]$/ { print file ":" FNR ": blank at the end" }
is_c && /^[{]/ { start = FNR }
is_c && /^[}]/ && start {
    if (FNR - start > most_in_function)
        print file ":" start ": a function of " FNR - start " lines"
    start = 0
}
END { end_of_file() }
END
tr '\n' '\0' <"$WORK/all" | xargs -0 awk -f "$WORK/lines.awk" >>"$bad"

# The words are put together here so that this file does not have them.
words="\\<(TO""DO|FIX""ME|XX""X|HA""CK)\\>|/ho""me/|/wo""rk/"
tr '\n' '\0' <"$WORK/all" | xargs -0 grep -nHE "$words" >>"$bad" || true

if [ -s "$bad" ]; then
    cat "$bad" >&2
    fail "$(wc -l <"$bad") places"
fi
