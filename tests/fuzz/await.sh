# Random programs of tests/smith, the same each time: erased and compiled by bide they print the
# same. In the long tier each configuration has its own share; together those of one compiler have
# 10,000 functions.
set -eu
count=500 seed=1 # a program has 50 functions, and a number of its own
if [ "$FULL" = 1 ]; then
    case $(basename "$CMAKE_TREE") in
    asan) count=3000 ;;
    release) count=4000 seed=61 ;;
    debug) count=3000 seed=141 ;;
    clang-asan) count=4000 ;;
    clang) count=6000 seed=81 ;;
    esac
fi
"$SRC/tools/fuzz-await" -n $count --seed $seed --compilers "$(basename "$CC")" \
    ${SANITIZE:+--built-in} --work "$WORK/kept" || fail "see $WORK/kept"
