# BIDE_S and its sisters: a number with a fraction is an error and is not cut off, in every dialect,
# as a constant too, for `bide cc` as for the plain reading; integers of every type are silent.
set -eu

case $("$CC" --version) in
*clang*) family=clang ;;
*) family=gcc ;;
esac
cxx=$family++
[ $family = clang ] || cxx=g++
headers=$SRC/include

cat >integers.c <<'END_OF_FILE'
#include <bide/lang.h>
#ifndef __cplusplus
#include <stdbool.h>
#endif

enum level { BELOW = -3, ABOVE = 7 };
enum kind { NONE, SOME };
struct fields {
    unsigned u : 3;
    int i : 4;
};
static const bide_duration at_file_scope[] = {
    BIDE_NS(sizeof(int)), BIDE_NS('a'), BIDE_US(2u),     BIDE_MS(-3L),
    BIDE_S(ABOVE),        BIDE_S(SOME), BIDE_S(1 == 1), BIDE_S(4ULL),
};

int64_t small(bool b, char c, signed char sc, unsigned char uc, short s, unsigned short us);
int64_t small(bool b, char c, signed char sc, unsigned char uc, short s, unsigned short us)
{
    return BIDE_S(b).ns + BIDE_S(!b).ns + BIDE_S(b && c).ns + BIDE_MS(c).ns + BIDE_US(sc).ns +
           BIDE_NS(uc).ns + BIDE_S(s).ns + BIDE_S(us).ns;
}

int64_t large(int i, unsigned u, long l, unsigned long ul, enum level e, enum kind k);
int64_t large(int i, unsigned u, long l, unsigned long ul, enum level e, enum kind k)
{
    return BIDE_S(i).ns + BIDE_S(i < 3).ns + BIDE_S(i ? i : -1).ns + BIDE_MS(i * 2 + 1).ns +
           BIDE_S(u).ns + BIDE_S(l).ns + BIDE_S(ul).ns + BIDE_S(e).ns + BIDE_S(k).ns;
}

int64_t others(struct fields f, const volatile unsigned *v, int i);
int64_t others(struct fields f, const volatile unsigned *v, int i)
{
    return BIDE_S(f.u).ns + BIDE_S(f.i).ns + BIDE_S(*v).ns + at_file_scope[i].ns;
}
END_OF_FILE
cat >initializers.c <<'END_OF_FILE'
#include <bide/lang.h>

struct limits {
    bide_duration after;
    int n;
};
static const struct limits limits = {BIDE_S_INIT(10), 1}, *const same = &limits;
static const bide_duration spans[] = {BIDE_NS_INIT(-1), BIDE_US_INIT(2u), BIDE_MS_INIT('a')};
typedef char is_a_constant[sizeof spans / sizeof *spans == 3 ? 1 : -1];

int main(void)
{
    is_a_constant one = {0};
    return one[0] == 0 && same->after.ns == BIDE_S(10).ns && spans[0].ns == BIDE_NS(-1).ns &&
                   spans[1].ns == BIDE_US(2).ns && spans[2].ns == BIDE_MS(97).ns
               ? 0
               : 1;
}
END_OF_FILE
cat >fraction.c <<'END_OF_FILE'
#include <bide/lang.h>
#ifdef AT_FILE_SCOPE
static const bide_duration pause = NUMBER;
#endif
bide_async int64_t f(double half);
bide_async int64_t f(double half)
{
#ifdef AT_FILE_SCOPE
    (void)half;
    return pause.ns;
#else
    bide_duration pause = NUMBER;
    return half > 1 ? pause.ns : 0;
#endif
}
END_OF_FILE

# silent COMMAND...: succeeds without a word.
silent() { "$@" >out 2>&1 && [ ! -s out ] || fail "$*: $(cat out)"; }
# refused COMMAND...: fails because of the operands.
refused() { ! "$@" >out 2>&1 && grep -q 'invalid operands' out || fail "$*: $(cat out)"; }

pedantic="-Wall -Wextra -Wconversion -Wsign-conversion -Wbool-operation -Wbad-function-cast"
case $family in
gcc) pedantic="$pedantic -Wlogical-op -Wenum-conversion" ;;
clang)
    pedantic="$pedantic -Wenum-enum-conversion -Wassign-enum -Wbool-conversion
        -Wbitwise-conditional-parentheses -Wimplicit-int-conversion"
    ;;
esac
for std in gnu90 c99 gnu99 c11 gnu17 c2x; do
    silent "$CC" -std=$std $pedantic -Werror -I "$headers" -c integers.c -o out.o
    silent "$BIDE" cc "$CC" -std=$std $pedantic -Werror -c integers.c -o out.o
    refused "$CC" -std=$std -I "$headers" -fsyntax-only '-DNUMBER=BIDE_S(0.5)' fraction.c
    refused "$BIDE" cc "$CC" -std=$std -fsyntax-only '-DNUMBER=BIDE_S(0.5)' fraction.c
done
for std in c99 gnu99 c11 gnu17 c2x; do
    silent "$CC" -std=$std $pedantic -Wpedantic -Werror -I "$headers" initializers.c -o initializers
    ./initializers || fail "the initializers are not what the durations are"
    silent "$BIDE" cc "$CC" -std=$std $pedantic -Wpedantic -Werror -c initializers.c -o out.o
done
for number in 'BIDE_S(0.5)' 'BIDE_MS(1.5)' 'BIDE_US(1.0f)' 'BIDE_NS(1e3L)'; do
    refused "$CC" -I "$headers" -fsyntax-only -DAT_FILE_SCOPE "-DNUMBER=$number" fraction.c
    refused "$BIDE" cc "$CC" -c -o out.o -DAT_FILE_SCOPE "-DNUMBER=$number" fraction.c
done
refused "$BIDE" cc "$CC" -c -o out.o '-DNUMBER=BIDE_S(half)' fraction.c
"$BIDE" cc "$CC" -E '-DNUMBER=BIDE_S(half)' fraction.c -o fraction.i
refused "$BIDE" cc "$CC" -c -o out.o fraction.i

if command -v $cxx >/dev/null; then
    for std in c++11 c++20; do
        for file in integers.c initializers.c; do
            silent $cxx -std=$std -Wall -Wextra -Wconversion -Wsign-conversion -Werror \
                -I "$headers" -x c++ -c $file -o out.o
        done
        refused $cxx -std=$std -I "$headers" -fsyntax-only '-DNUMBER=BIDE_S(0.5)' -x c++ fraction.c
    done
fi
