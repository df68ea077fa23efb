# Programs of csmith made async, the same ones each time.
set -eu
command -v csmith >/dev/null && [ -e /usr/include/csmith/csmith.h ] || skip "no csmith"
count=30
if [ "$FULL" = 1 ]; then
    count=300
fi
"$SRC/tools/fuzz-compiler" -n $count --compilers "$(basename "$CC")" ${SANITIZE:+--built-in} \
    --work "$WORK/kept" || fail "see $WORK/kept"
