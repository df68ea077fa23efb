# The warnings find mistakes, and do not blame correct code: every line of seen/NAME.c that ends in
# a comment `want: -WNAME ...` gets these warnings, and no other line gets any. A line may get the
# same warning both from bide and from the compiler.
#
#   ONLY=NAME    only this file
set -eu

cd "$SRC/tests/compiler/seen"
count=0
for file in ${ONLY:-*}.c; do
    "$BIDE" cc "$CC" -Wall -Wextra -Wno-unused-parameter -c "$file" -o "$WORK/object.o" \
        2>"$WORK/err" || fail "$file: $(cat "$WORK/err")"
    # clang has another name for the warning of a returned address of a local. gcc has a warning of
    # its own for an address that is kept; it finds these in code that no sanitizer has changed, and
    # more of them, so they are left out.
    sed -n 's/-Wreturn-stack-address/-Wreturn-local-addr/;/-Wdangling-pointer=/d
        s/^[^:]*:\([0-9]*\):[0-9]*: warning: .*\[\(-W.*\)\]$/\1 \2/p' "$WORK/err" |
        sort -u >"$WORK/found"
    awk '/want: /{ line = $0; sub(/.*want: /, "", line); sub(/ *\*\/.*/, "", line)
        n = split(line, w, " "); for (i = 1; i <= n; i++) print NR, w[i] }' "$file" |
        sort -u >"$WORK/wanted"
    diff -u "$WORK/wanted" "$WORK/found" >"$WORK/diff" || fail "$file: $(cat "$WORK/diff")"
    [ -s "$WORK/wanted" ] || fail "$file wants nothing"
    count=$((count + 1))
done
echo "$count files"
