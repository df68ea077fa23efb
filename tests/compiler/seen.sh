# What the warnings see, and what they do not blame: every line of seen/NAME.c that ends in a
# comment `want: -WNAME ...` gets these warnings, and no other line gets any. A line may get one
# from bide and the same from the compiler.
#
#   ONLY=NAME    only this one
set -eu

cd "$SRC/tests/compiler/seen"
count=0
for file in ${ONLY:-*}.c; do
    "$BIDE" cc "$CC" -Wall -Wextra -Wno-unused-parameter -c "$file" -o "$WORK/object.o" \
        2>"$WORK/err" || fail "$file: $(cat "$WORK/err")"
    # clang has another name for the address of a local that is returned; gcc has a warning of its
    # own for one that is kept, which it finds in code that no sanitizer has changed, and more often
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
