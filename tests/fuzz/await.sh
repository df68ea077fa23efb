# Random programs of tests/smith, the same each time. They print the same whether the async words
# are erased or bide compiles them. Each configuration has its own share of them. In the long tier
# the configurations of one compiler have 3,000 functions together; ./x fuzz await goes on from
# there. The seed also decides the flags (tests/smith/fuzz.sh). The first seeds of both shares are
# 16 apart, so gcc and clang are tried with the same flags.
set -eu
count=250 seed=1 # functions; a program has 50 of them, and one number (seed)
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
