# Random programs of tests/smith, the same each time: erased and compiled by bide they print the
# same. Each configuration has its own share. In the long tier those of one compiler have 3,000
# functions together; ./x fuzz await goes on from there. The seed decides the flags too
# (tests/smith/fuzz.sh): the first seeds of both shares are 16 apart, so gcc and clang are tried
# with the same ones.
set -eu
count=250 seed=1 # a program has 50 functions, and a number of its own
[ "$(basename "$CMAKE_TREE")" != clang-asan ] || seed=17
if [ "$FULL" = 1 ]; then
    case $(basename "$CMAKE_TREE") in
    asan) count=1000 seed=1 ;;
    release) count=2000 seed=21 ;;
    clang-asan) count=1000 seed=1 ;;
    clang) count=2000 seed=21 ;;
    esac
fi
"$SRC/tools/fuzz-await" -n $count --seed $seed --compilers "$(basename "$CC")" \
    ${SANITIZE:+--built-in} --work "$WORK/kept" || fail "see $WORK/kept"
