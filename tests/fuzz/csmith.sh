# Programs of csmith made async, the same each time. Each configuration has its own share of them.
# In the long tier the configurations of one compiler have 100 programs together; ./x fuzz compiler
# goes on from there. The seed also decides the flags (tests/smith/fuzz.sh): the 15 seeds from 9 on,
# or from 24 on, have every kind.
set -eu
command -v csmith >/dev/null && [ -e /usr/include/csmith/csmith.h ] || skip "no csmith"
count=15 seed=9
[ "$(basename "$CMAKE_TREE")" != clang-asan ] || seed=24
if [ "$FULL" = 1 ]; then
    count=40 seed=1
    case $(basename "$CMAKE_TREE") in
    release | clang) count=60 seed=41 ;;
    esac
fi
"$SRC/tools/fuzz-compiler" -n $count --seed $seed --compilers "$(basename "$CC")" \
    ${SANITIZE:+--built-in} --work "$WORK/kept" || fail "see $WORK/kept"
