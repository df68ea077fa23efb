# Options that name files, macros, dialects and targets.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

begin "the order of -D, -U, -imacros and -include"
cat >value.c <<'END'
#include <bide/bide.h>
#include <stdio.h>
async int main(void)
{
    printf("%d %d\n", VALUE, OTHER);
    await bide_yield();
    return 0;
}
END
echo '#define OTHER 1' >other.h
echo '#ifndef OTHER
#error imacros come first
#endif
#undef OTHER
#define OTHER 2' >next.h
silent $cc -DVALUE=1 -UVALUE -DVALUE=2 -include next.h -imacros other.h value.c -o value
says "2 2" ./value
silent $cc -D VALUE=1 -U VALUE -D VALUE=3 -imacrosother.h -include ./next.h value.c -o value
says "3 2" ./value
end

begin "-isystem, -idirafter, headers beside the file"
mkdir sys after sub
echo '#define FROM_SYS 4' >sys/s.h
echo '#define FROM_AFTER 5' >after/a.h
cat >sub/where.c <<'END'
#include <bide/bide.h>
#include <a.h>
#include <s.h>
#include "beside.h"
async int main(void)
{
    await bide_yield();
    return FROM_SYS + FROM_AFTER + BESIDE == 15 ? 0 : 1;
}
END
echo '#define BESIDE 6' >sub/beside.h
silent $cc -Wall -Wextra -isystem sys -idirafter after sub/where.c -o where
ok ./where
end

begin "macros of system headers warn as they do with the compiler alone"
mkdir sys
cat >sys/noisy.h <<'END'
#define SIGNS(x) ({ unsigned noisy = (x); int less = -1; noisy > less ? 0 : (int)noisy; })
#define EACH(i, n) for (unsigned i = 0; i < n; i++) if (i == n) ; else
#define SHADOWS(x) ({ int inner = (x); { int inner = 3; (void)inner; } inner; })
#define NARROW(x) ((short)(x) + (char)70000)
#define FALLS(x) switch (x) { case 1: x++; case 2: x--; }
#define COMMA(x) (x, 0)
#define ASSIGNS(x) if (x = 3) x++
#define PARTLY {1}
#define SELF(x) x = x
#define CAST(p) ((char *)(const char *)(p))
struct two { int a, b; };
static int never_used(void) { return 0; }
static inline int compares(int n) { unsigned u = n; return u == n; }
END
cat >noisy.c <<'END'
#include <bide/bide.h>
#include <noisy.h>
async int step(int n);
async int all(int n)
{
    int a = SIGNS(n) + SIGNS(await step(1)) + await step(SIGNS(2));
    EACH(i, n)
        a += await step((int)i);
    EACH(k, n)
        a += 2;
    a += NARROW(await step(2)) + compares(await step(3));
    a += SHADOWS(n) + SHADOWS(await step(3));
    SELF(a);
    FALLS(a);
    a += COMMA(n);
    ASSIGNS(a);
    struct two t = PARTLY, *p = &t;
    char *q = CAST("abc");
    await bide_join(({ a += SIGNS(await step(4)); }), step(SIGNS(5)));
    return a + p->a + await step(q[0]);
}
END
loud="-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wcast-qual"
messages() { sed -n 's/^noisy\.c:\([0-9]*\):[0-9:]*: \(warning\|error\)/\1 \2/p' err | sort; }
ok "$CC" $loud -isystem "$BUILD/include" -isystem sys -fsyntax-only noisy.c
messages >alone
for level in -O0 -O2; do
    ok $cc $loud $level -isystem sys -c noisy.c
    messages >ours
    cmp alone ours || fail "$what: $(diff alone ours)"
done
refused $cc $loud -Werror -I sys -c noisy.c
cat >quiet.c <<'END'
#include <bide/bide.h>
#include <noisy.h>
async int step(int n);
async int all(int n)
{
    int a = await step(2);
    SELF(a);
    return a + SHADOWS(n);
}
END
silent $cc -Wall -Wextra -Wshadow -Werror -isystem sys -c quiet.c -o quiet.o
[ -e quiet.o ] || fail "$what: no object"
end

case $("$CC" --version) in
*clang*)
    begin "clang does not complain about warnings that it does not know"
    cp hello.c unknown.c
    echo '#pragma GCC diagnostic ignored "-Wsuch-thing"' >>unknown.c
    silent $cc -Wno-unknown-warning-option -Wno-such-thing -Wsuch-thing -Wall -c unknown.c
    try $cc -c unknown.c
    grep -q "unknown warning group '-Wsuch-thing'" err || fail "$what: $(cat err)"
    end
    ;;
esac

begin "dialects"
for std in c11 gnu11 c17 gnu17 c2x gnu2x gnu99; do
    silent $cc -std=$std -Wall -Wextra -c hello.c
done
silent $cc -std=c11 -pedantic -Wall -Wextra -Werror hello.c -o hello
says "hello 42" ./hello
end

begin "warnings as errors"
sed 's/^async int twice/static &/' hello.c >strict.c
silent $cc -O2 -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Werror strict.c -o hello
says "hello 42" ./hello
end

begin "names outside ASCII, with a percent sign, and like an option"
mkdir "pfad-ä ö" "50%"
cp hello.c "pfad-ä ö/größe.c"
cp hello.h "pfad-ä ö"
cp hello.c hello.h "50%"
silent $cc -MMD -g "pfad-ä ö/größe.c" -o "pfad-ä ö/größe"
says "hello 42" "./pfad-ä ö/größe"
silent $cc -g -MMD -c "50%/hello.c" -o "50%/%s.o"
has "50%/%s.d" '50%/hello.c'
silent $cc -I. -c ./"pfad-ä ö/größe.c" -o -x.o
exists ./-x.o
sed 's/await twice/twice/' hello.c >"pfad-ä ö/größe.c"
refused $cc -c "pfad-ä ö/größe.c"
has err "^pfad-ä ö/größe.c:13:13: error: "
end

begin "response files in response files, quotes of both kinds, backslashes"
mkdir "a'b" 'c"d'
cp hello.c "a'b/one.c"
cat >outer <<'END'
"a'b/one.c" @inner
END
cat >inner <<'END'
-I. '-DGREETING="x y"' -o 'c"d'/pro\ gram
END
silent $cc @outer
says "x y 42" 'c"d/pro gram'
end

begin "preprocessed files, made by bide cc or by hand"
silent $cc -E hello.c -o hello.i
silent $cc -c hello.i -o hello.o
silent $cc hello.o -o hello
says "hello 42" ./hello
silent $cc -E -P plain.c -o plain.i
silent $cc plain.i -o plain
says plain ./plain
silent "$CC" -isystem "$BUILD/include" -D__BIDE__=1 -E hello.c -o by_hand
silent $cc -x cpp-output by_hand -o hello
says "hello 42" ./hello
end

begin "CC with words in it"
echo '#define ALL' >all.h
# With a precompiled header, the tool must find out that the compiler is clang.
[ -z "$is_clang" ] || silent $cc -O1 -x c-header all.h -o all.h.pch
says "env 42" env CC="bide cc $CC -DGREETING='\"env\"'" bide run hello.c
silent bide cc "$CC -O1 -include all.h" hello.c -o hello
says "hello 42" ./hello
end

if command -v ccache >/dev/null; then
    begin "ccache"
    CCACHE_DIR=$PWD/cache
    export CCACHE_DIR
    path=$(command -v "$CC")
    for i in 1 2; do
        silent bide cc ccache "$path" -g -O1 -MMD -c hello.c plain.c
        silent bide cc ccache "$path" -g -O1 -MMD -c hello.c -o hello.o
        mv hello.o hello$i.o
    done
    cmp hello1.o hello2.o || fail "$what: the objects differ"
    ok ccache -s
    grep -q 'Hits: *1 ' out || fail "$what: no hit: $(cat out)"
    silent $cc hello1.o -o hello
    says "hello 42" ./hello
    end
fi

begin "-H lists each header once, beside warnings or none"
sed 's/^async int main/static int unused_one;\n&/' hello.c >warns.c
for words in -H '-H -w' '-H -Wall' '-H -O1 -Wall' '-fsyntax-only -H' --trace-includes; do
    ok $cc $words -c warns.c -o warns.o
    [ "$(grep -c '^\. .*/bide/bide\.h$' err)" = 1 ] || fail "$words: $(cat err)"
    has err '^\.\. .*/lang\.h$'
done
end

begin "options that report on the compiler's own work count one run, and the text stays the same"
words=-fmem-report
[ -z "$is_clang" ] || words=-fproc-stat-report
ok "$CC" $words -c plain.c
lines=$(cat out err | wc -l)
ok $cc $words -Wall -c hello.c
[ "$(cat out err | wc -l)" -lt $((lines * 3 / 2 + 1)) ] || fail "$(cat out err)"
end

begin "a report of the compiler is not lost behind warnings"
sed 's/^async int main/static int unused_one;\n&/; s/{$/&\n    defer { }/' hello.c >warns.c
ok $cc -ftime-report -Wall -O1 -c warns.c
has err 'unused_one'
has err '[Tt]otal\|TOTAL'
end

begin "forms of messages: only those about the file, and once"
sed 's/^async int main/static int unused_one;\n&/; s/{$/&\n    defer { }/' hello.c >warns.c
for form in format=msvc format=vi absolute-paths print-source-range-info parseable-fixits; do
    [ -n "$is_clang" ] || case $form in format* | absolute* | print*) continue ;; esac
    ok $cc -fdiagnostics-$form -Wall -c warns.c
    [ "$(grep -c 'warning: .*unused_one' err)" = 1 ] || fail "$form: $(cat err)"
    has_not err bide__
done
end

begin "another target"
target=-m32
[ -z "$is_clang" ] || target=--target=i686-linux-gnu
printf '#include <stdio.h>\n#include <stdint.h>\n' >probe.c
if [ -z "$SANITIZE" ] && "$CC" $target -c probe.c -o probe.o 2>/dev/null; then
    silent $cc $target -Wall -Wextra -c hello.c
    readelf -h hello.o >header
    has header 'ELF32'
else
    echo "not tried: no headers for $target"
fi
if aarch64-linux-gnu-gcc -c probe.c -o probe.o 2>/dev/null; then
    silent bide cc aarch64-linux-gnu-gcc -O2 -Wall -Wextra -c hello.c
    readelf -h hello.o >header
    has header 'AArch64'
    silent bide cc aarch64-linux-gnu-gcc -c plain.c
else
    echo "not tried: no aarch64-linux-gnu-gcc with headers"
fi
end

begin "long names of options, and values in the next word"
mkdir inc
echo '#define turn() bide_yield()
#define co async
#define wait_for await' >inc/co.h
echo '#define NEXT 1' >next.h
cat >long.c <<'END'
#include <bide/bide.h>
#include <stdio.h>
co int main(void)
{
    wait_for turn();
#ifdef __STRICT_ANSI__
    printf("strict ");
#endif
    printf("%d\n", VALUE + NEXT);
    return 0;
}
END
for set in "--include-directory inc --include co.h --define-macro VALUE=4 --imacros next.h" \
    "--include-directory=inc --include=co.h --define-macro=VALUE=4 --imacros=next.h" \
    "--include-directory-after inc --include co.h --undefine-macro VALUE --define-macro VALUE=4
        -include next.h --optimize=2 --debug=1 --no-warnings --language c"; do
    silent $cc $set --compile long.c --output long.o
    silent $cc --output=long --for-linker -s long.o
    says "5" ./long
    silent $cc --std c99 $set long.c --output long
    says "strict 5" ./long
done
silent $cc --ansi --pedantic $set --all-warnings --extra-warnings --no-warnings long.c -o long
says "strict 5" ./long
silent $cc $set --write-dependencies -MF long.d --preprocess long.c --output long.i
grep -q 'co\.h' long.d || fail "--write-dependencies: $(cat long.d)"
if [ -n "$is_clang" ]; then
    silent $cc -resource-dir "$("$CC" -print-resource-dir)" -mthread-model posix $set long.c -o long
    says "5" ./long
else
    silent $cc --no-asm --machine arch=x86-64 --warn-no-all --specs /dev/null $set -c long.c
    ! $cc --pack-struct $set -c long.c 2>err || fail "--pack-struct"
    grep -q "'-fpack-struct' changes" err || fail "--pack-struct: $(cat err)"
fi
end
