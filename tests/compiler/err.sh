# Every err/TOPIC/NAME.c is refused: exit status 1, nothing on standard output, no object, and
# exactly NAME.err on standard error. Where the words are the compiler's own, the file is
# NAME.gcc.err or NAME.clang.err. The compiler is called in the folder, so messages have the bare
# name of the file. A comment in the first lines may say "flags: ...", which adds flags, or
# "exit: 0", for a file with warnings only.
#
#   ONLY=NAME    only this file; or TOPIC/NAME, or a whole TOPIC
#   UPDATE=1     writes the .err files
set -eu

case $("$CC" --version) in
*clang*) family=clang ;;
*) family=gcc ;;
esac
failed=
count=0
object=$WORK/object.o

programs "$SRC/tests/compiler/err" >list
[ -s list ] || fail "no file is called ${ONLY-}"
for file in $(cat list); do
    cd "$(dirname "$file")"
    file=$(basename "$file")
    name=${file%.c}
    expected=$name.err
    [ ! -e "$name.$family.err" ] || expected=$name.$family.err
    more=$(flags_of "$file")
    want=$(sed -n '1,10s/.*exit: *\([0-9]*\).*/\1/p' "$file")
    status=0
    timeout 60 "$BIDE" cc "$CC" $more -c "$file" -o "$object" >"$WORK/out" 2>"$WORK/err" ||
        status=$?
    [ "${UPDATE:-}" != 1 ] || cp "$WORK/err" "$expected"
    if [ "$status" != "${want:-1}" ]; then
        echo "FAILED: $name: exit status $status"
        cat "$WORK/err"
        failed=1
    elif [ -s "$WORK/out" ] || { [ "$status" != 0 ] && [ -e "$object" ]; }; then
        echo "FAILED: $name: it printed something or left an object"
        failed=1
    elif ! diff -u "$expected" "$WORK/err"; then
        echo "FAILED: $name: the messages differ"
        failed=1
    fi
    rm -f "$object"
    count=$((count + 1))
done
[ -z "$failed" ] || exit 1
echo "$count files"
