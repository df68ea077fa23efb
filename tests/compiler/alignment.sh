# Objects of every alignment at every place where bide puts one: alignment/places.h, in one program
# for the powers of two up to 4096 (without FULL=1 for three of them). UBSan checks the accesses.
set -eu

flags="-Wall -Wextra -Werror -Wno-psabi -I$SRC/tests/compiler/alignment -fsanitize=alignment
    -fno-sanitize-recover=alignment"
aligns='16 128 4096'
levels=-O1
if [ "$FULL" = 1 ]; then
    aligns='1 2 4 8 16 32 64 128 256 512 1024 2048 4096'
    levels='-O0 -O2'
fi

echo '#include "check.h"' >all.c
for align in $aligns; do
    printf '#define N %s\n#include "places.h"\n' "$align"
done >>all.c
{
    printf 'async int main(void)\n{\n'
    printf '    await all_%s();\n' $aligns
    printf '    return bad != 0;\n}\n'
} >>all.c
for level in $levels; do
    "$BIDE" cc "$CC" $flags $level all.c -o all || fail "does not compile with $level"
    timeout $((20 * ${BIDE_TEST_SLOW:-1})) ./all || fail "$level: exit status $?"
done
