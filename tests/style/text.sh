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

while IFS= read -r file; do
    case $file in
    *.md) wide=0 ;;
    *) wide=100 ;;
    esac
    awk -v file="$file" -v wide="$wide" '
        wide && length($0) > wide { print file ":" NR ": over " wide " columns" }
        /\t/ && file !~ /Makefile$/ { print file ":" NR ": a tab" }
        /[ \r]$/ { print file ":" NR ": blank at the end" }' "$file" >>"$bad"
    case $file in
    *.[ch])
        case $file in
        ./compiler/* | ./core/* | ./runtime/* | ./lib/* | ./extra/* | ./include/*) most='800 60' ;;
        *) most='1200 80' ;;
        esac
        awk -v file="$file" -v file_most="${most% *}" -v function_most="${most#* }" '
            /^[{]/ { start = NR }
            /^[}]/ && start {
                if (NR - start > function_most)
                    print file ":" start ": a function of " NR - start " lines"
                start = 0
            }
            END { if (NR > file_most) print file ": " NR " lines" }' "$file" >>"$bad"
        ;;
    esac
done <"$WORK/all"

# The words are put together here so that this file does not have them.
words="\\<(TO""DO|FIX""ME|XX""X|HA""CK)\\>|/ho""me/|/wo""rk/"
tr '\n' '\0' <"$WORK/all" | xargs -0 grep -nHE "$words" >>"$bad" || true

if [ -s "$bad" ]; then
    cat "$bad" >&2
    fail "$(wc -l <"$bad") places"
fi
