# Programs of csmith made async, the same ones each time. In the long tier each configuration has a
# share of its own; those of one compiler make 300 programs.
set -eu
command -v csmith >/dev/null && [ -e /usr/include/csmith/csmith.h ] || skip "no csmith"
count=30 seed=1
if [ "$FULL" = 1 ]; then
    count=100
    case $(basename "$CMAKE_TREE") in
    release) seed=101 ;;
    debug) seed=201 ;;
    clang-asan) count=150 ;;
    clang) count=150 seed=151 ;;
    esac
fi
"$SRC/tools/fuzz-compiler" -n $count --seed $seed --compilers "$(basename "$CC")" \
    ${SANITIZE:+--built-in} --work "$WORK/kept" || fail "see $WORK/kept"
