# Programs of tools/awaitsmith, the same ones each time: as erased and as compiled by bide alike.
set -eu
count=500
if [ "$FULL" = 1 ]; then
    count=10000
fi
"$SRC/tools/fuzz-await" -n $count --compilers "$(basename "$CC")" ${SANITIZE:+--built-in} \
    --work "$WORK/kept" || fail "see $WORK/kept"
