# Builds with make: several files at a time, the same file in several commands at once, headers that
# change, and the questions of a configure script.
set -eu
plain

. "$SRC/tests/harness/driver-cases"
command -v make >/dev/null || skip "no make"
unset MAKEFLAGS MAKELEVEL

begin "make -j with the usual dependencies"
mkdir p
for i in 1 2 3 4 5 6; do
    cat >p/part$i.c <<END
#include <bide/bide.h>
#include "part.h"
async int part$i(void);
async int part$i(void)
{
    await bide_yield();
    return $i * FACTOR;
}
END
done
echo '#define FACTOR 2' >p/part.h
cat >p/all.c <<'END'
#include <bide/bide.h>
#include <stdio.h>
async int part1(void), part2(void), part3(void), part4(void), part5(void), part6(void);
async int main(void)
{
    int n = await part1() + await part2() + await part3() + await part4() + await part5() +
            await part6();
    printf("%d\n", n);
    return 0;
}
END
cat >Makefile <<'END'
.RECIPEPREFIX = >
sources = $(wildcard p/*.c)
prog: $(sources:.c=.o)
> $(CC) $(LDFLAGS) -o $@ $^
%.o: %.c
> $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
-include $(sources:.c=.d)
END
ok make -j4 CC="bide cc $CC" CFLAGS="-O1 -Wall -Werror"
says 42 ./prog
sed -i 's/2/20/' p/part.h
ok make -j4 CC="bide cc $CC"
[ "$(grep -c -e ' -c ' out)" = 6 ] || fail "$what: not what depends on the header: $(cat out)"
says 420 ./prog
ok make CC="bide cc $CC"
has out 'up to date'
end

begin "the same file several times at once"
for i in 1 2 3 4; do
    $cc -O1 -c hello.c -o same$i.o 2>err$i &
done
wait
for i in 1 2 3 4; do
    [ ! -s err$i ] || fail "$what: $(cat err$i)"
    cmp same1.o same$i.o || fail "$what: the objects differ"
done
end

begin "what a configure script of autoconf asks, and automake's rule for dependencies"
cat >configure <<'END'
#!/bin/sh
set -e
fail() { echo "configure: $*" >&2; exit 1; }
program() { printf '%s\n' "$@" >conftest.c; }
program '#include <stdio.h>' 'int main(void) {' \
    'FILE *f = fopen("conftest.out", "w"); ; return ferror(f) || fclose(f) != 0; }'
$CC $CFLAGS conftest.c || fail "cannot create executables"
[ -f a.out ] || fail "no a.out"
$CC -o conftest conftest.c && ./conftest || fail "cannot run"
! $CC -V >log 2>&1 || fail "-V is known"
! $CC -qversion >log 2>&1 || fail "-qversion is known"
program 'int main(void) { return nothing_of_this_name; }'
! $CC -c conftest.c 2>log || fail "accepts a wrong program"
grep -q nothing_of_this_name log || fail "no message"
program 'char strtonever(); int main(void) { return strtonever(); }'
! $CC -o conftest conftest.c 2>log || fail "links an unknown function"
program 'char getpid(); int main(void) { return getpid() == 0; }'
$CC -w -o conftest conftest.c || fail "does not link getpid"
program '#include <limits.h>' ' Syntax error'
$CC -E conftest.c >log || fail "no preprocessor"
program '#include <ac_nonexistent.h>'
! $CC -E conftest.c >log 2>&1 || fail "a missing header passes"
program 'int main(void) { static int a[1 - 2 * !(sizeof(long) >= 4)]; return a[0]; }'
$CC -c conftest.c || fail "no sizes"
mkdir -p sub
echo '#include "conftst.h"' >sub/conftest.c
echo '/* dummy */' >sub/conftst.h
(cd sub && $CC -MD -MP -MF deps.TPo -MT conftest.o -c -o conftest.o conftest.c &&
    grep -q conftst.h deps.TPo) || fail "no dependencies"
$CC -c -o sub/c.o sub/conftest.c && [ -f sub/c.o ] || fail "-c and -o together"
$CC -print-prog-name=ld >log || fail "no linker"
printf '%s\n' '.RECIPEPREFIX = >' "CC = $CC" 'prog: main.o lib.o' '> $(CC) -o $@ $^' '.c.o:' \
    '> $(CC) -MT $@ -MD -MP -MF $*.Tpo -c -o $@ $<' '> mv -f $*.Tpo $*.Po' >Makefile
END
chmod +x configure
ok env CC="bide cc $CC" CFLAGS="-g -O2" ./configure
ok make
says 42 ./prog
has lib.Po '^lib.o: .*lib.c'
has lib.Po '^lib.h:$'
end
