# The documents name files and functions that exist: "`folder/file.c`" is a file of the tree, and in
# "`name` (`folder/file.c`)" the file has the word `name`. No decision of ARCHITECTURE.md, which
# begins with its claim in bold, stands there twice.
set -eu

cd "$SRC"
for doc in README.md ARCHITECTURE.md CONTRIBUTING.md docs/*.md; do
    # the whole page as one line, without its blocks of code
    sed '/^ *```/,/^ *```/d' "$doc" | tr '\n' ' ' | tr -s ' ' >"$WORK/text"
    folders='compiler|core|runtime|lib|extra|include|examples|tests|bench|tools|cmake|docs'
    grep -oE "\`($folders)/[a-zA-Z0-9_/.-]+\.(c|h|sh|py|md)\`" "$WORK/text" | tr -d '`' |
        sort -u >"$WORK/files"
    while IFS= read -r file; do
        [ -e "$file" ] || echo "$doc: there is no $file" >>"$WORK/bad"
    done <"$WORK/files"
    grep -oE "\`[a-z_]+\` \(\`($folders)/[a-zA-Z0-9_/.-]+\.(c|h)\`" "$WORK/text" | tr -d '`(' |
        sort -u >"$WORK/names"
    while read -r name file; do
        grep -qw -e "$name" "$file" 2>/dev/null || echo "$doc: $file has no $name" >>"$WORK/bad"
    done <"$WORK/names"
    cat "$WORK/files" "$WORK/names" >>"$WORK/all"
done
tr '\n' ' ' <ARCHITECTURE.md | tr -s ' ' | grep -oE -e '- \*\*[^*]+\*\*' | sort >"$WORK/claims"
[ "$(wc -l <"$WORK/claims")" -gt 20 ] || fail "found only $(cat "$WORK/claims")"
uniq -d "$WORK/claims" | sed 's/^/ARCHITECTURE.md: twice: /' >>"$WORK/bad"
[ "$(wc -l <"$WORK/all")" -gt 20 ] || fail "found only $(cat "$WORK/all")"
[ ! -s "$WORK/bad" ] || fail "$(cat "$WORK/bad")"
echo "$(wc -l <"$WORK/all") names"
