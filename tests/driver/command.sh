# The driver: every way in which people and build tools call a compiler.
#
# The programs are small and do not wait. The tests are about the command line: what is written
# where, what is printed, what is left behind.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

# ---- one file ----

begin "compile and link in one command"
silent $cc -O2 hello.c -o hello
says "hello 42" ./hello
end

begin "the default output"
silent $cc hello.c
says "hello 42" ./a.out
end

begin "-c, then link"
silent $cc -c hello.c
silent $cc hello.o -o hello
says "hello 42" ./hello
end

begin "-o for an object in another folder"
mkdir sub
silent $cc -c hello.c -o sub/x.o
exists sub/x.o
missing hello.o hello.i
end

begin "-S"
silent $cc -S hello.c
has hello.s bide__start_twice
end

begin "-E shows what the front end reads, and that can be compiled"
silent $cc -E hello.c -o hello.i
has hello.i bide_await
silent $cc hello.i -o hello
says "hello 42" ./hello
end

begin "-fsyntax-only"
silent $cc -fsyntax-only hello.c
missing a.out hello.o
end

begin "-D, -include and -I reach the preprocessor"
mkdir inc
mv hello.h inc
silent $cc -Iinc -DGREETING='"good day"' hello.c -o hello
says "good day 42" ./hello
echo '#define GREETING "hi"' >first.h
silent $cc -I inc -include first.h hello.c -o hello
says "hi 42" ./hello
end

begin "standard input with -x c"
silent $cc -x c - -o hello <hello.c
says "hello 42" ./hello
silent $cc -x c -c -o plain.o - <plain.c
silent $cc plain.o -o plain
says plain ./plain
end

begin "-x for several files, then none"
cp hello.c hello.txt
silent $cc -c -x c hello.txt -x none -o hello.o
silent $cc hello.o -o hello
says "hello 42" ./hello
end

begin "paths with spaces and quotes"
mkdir "a b" "o'u t"
cp hello.c "a b/it's \"it\".c"
cp hello.h "a b"
silent $cc "a b/it's \"it\".c" -o "o'u t/pro gram"
says "hello 42" "./o'u t/pro gram"
TMPDIR="$WORK/$case_number/a b" silent $cc hello.c -o hello
[ "$(ls "a b" | wc -l)" = 2 ] || fail "left in TMPDIR: $(ls "a b")"
end

# ---- several files ----

begin "two files in one command"
silent $cc main.c lib.c -o both
says 42 ./both
end

begin "two files of the same name"
mkdir x y
cp main.c x/a.c
cp lib.c y/a.c
silent $cc -I. x/a.c y/a.c -o both
says 42 ./both
end

begin "-c with several files"
silent $cc -c main.c lib.c
silent $cc main.o lib.o -o both
says 42 ./both
end

begin "an async file, a plain file, assembly, an object and an archive together"
cat >number.S <<'END'
#include "number.h"
.globl number
number = NUMBER
.section .note.GNU-stack,"",%progbits
END
echo '#define NUMBER 42' >number.h
echo 'int plain_one(void) { return ONE; }' >one.c
echo 'int two(void) { return 2; }' >two.c
echo 'int three(void) { return 3; }' >three.c
silent $cc -c two.c three.c
ar rc libthree.a three.o
cat >all.c <<'END'
#include <bide/bide.h>
#include <stdio.h>
extern char number[];
int plain_one(void), two(void), three(void);
async int sum(void)
{
    return plain_one() + two() + three();
}
async int main(void)
{
    printf("%d %d\n", await sum(), (int)(unsigned long)number);
    return ONE - 1;
}
END
silent $cc -no-pie -fno-pie -I. -DONE=1 all.c number.S one.c two.o -L. -lthree -o all
says "6 42" ./all
end

# ---- dependencies ----

begin "-MMD names the user's file, its headers and the object"
silent $cc -MMD -c hello.c
has hello.d '^hello.o: hello.c hello.h'
has_not hello.d "$temp"
mkdir sub
silent $cc -MMD -MP -c hello.c -o sub/h.o
has sub/h.d '^sub/h.o: hello.c hello.h'
has sub/h.d '^hello.h:$'
silent $cc -MD -MF deps -MT 'target one' -c hello.c
has deps '^target one:'
has deps ' hello\.c'
has deps 'bide/lang.h'
silent $cc -Wp,-MMD,wp.d -c hello.c -o sub/h.o
has wp.d '^sub/h.o: hello.c hello.h'
silent $cc -MM hello.c
has out '^hello.o: hello.c hello.h'
end

begin "-MMD is the compiler's own choice of names"
plain_names=$(mkdir p && cd p && sed -e s/async// -e s/await// ../hello.c |
    grep -v bide/ >hello.c && cp ../hello.h . && $CC -MMD hello.c -o prog && ls ./*.d && cat ./*.d)
our_names=$(mkdir q && cd q && cp ../hello.c ../hello.h . && $cc -MMD hello.c -o prog &&
    ls ./*.d && cat ./*.d)
[ "$plain_names" = "$our_names" ] || fail "$what: $plain_names, ours $our_names"
end

# ---- the rest of the command line ----

begin "response files"
mkdir "with space"
cp hello.c "with space/h.c"
cat >args <<'END'
-O1 -I. "with space/h.c"
-DGREETING='"from a file"'
@more.txt
END
echo '-o hello' >more.txt
silent $cc @args
says "from a file 42" ./hello
silent $cc -c hello.c
echo 'hello.o -o linked' >link.txt
silent $cc @link.txt
says "hello 42" ./linked
end

begin "a command that is too long for the system"
silent $cc -c lib.c
ar rc a_library_with_quite_a_long_name_that_fills_the_command_line.a lib.o
i=0
while [ $i -lt 4000 ]; do
    echo "./a_library_with_quite_a_long_name_that_fills_the_command_line.a"
    i=$((i + 1))
done >args
silent $cc main.c @args -o both
says 42 ./both
end

begin "-save-temps keeps the generated text"
ok $cc -save-temps -c hello.c
has hello.i bide__start_twice
exists hello.s hello.o
mkdir sub
ok $cc -save-temps=obj -c hello.c -o sub/hello.o
exists sub/hello.i sub/hello.o
end

begin "-pipe, -g, -fPIC, -shared"
silent $cc -pipe -g -fPIC -shared lib.c -o libanswer.so
silent $cc main.c -L. -lanswer -Wl,-rpath,"$PWD" -o both
says 42 ./both
end

begin "debug information names the user's file and folder"
silent $cc -g -c hello.c
readelf --debug-dump=info hello.o >info 2>/dev/null
grep 'DW_AT_name' info | head -n 1 | grep -q 'hello\.c$' || fail "$what: $(head -n 20 info)"
grep 'DW_AT_comp_dir' info | head -n 1 | grep -q "$PWD" || fail "$what: $(head -n 20 info)"
readelf -s hello.o | grep -q 'FILE .* hello\.c' || fail "$what: $(readelf -s hello.o)"
! grep -q "$temp" hello.o || fail "$what: the object names the private folder"
end

begin "--coverage counts the user's lines"
gcov=gcov
[ -z "$is_clang" ] || gcov="llvm-cov-14 gcov"
ok $cc --coverage hello.c -o hello
ok ./hello
note=$(ls ./*.gcno)
if command -v ${gcov%% *} >/dev/null; then
    ok $gcov "$note"
    has hello.c.gcov '[1-9][0-9]*\**: *13:.*await twice'
fi
end

begin "options of bide do not reach the compiler"
silent $cc -fno-bide-wrappers -fbide-anything -c lib.c
nm lib.o >symbols
has_not symbols ' T answer$'
silent $cc -c lib.c
nm lib.o >symbols
has symbols ' T answer$'
silent $cc -fno-bide-wrappers -Wno-bide-anything plain.c -o plain
says plain ./plain
end

begin "static"
if [ -z "$SANITIZE" ]; then
    silent $cc -static plain.c -o plain
    says plain ./plain
    ok $cc -static hello.c -o hello # the linker warns of getaddrinfo
    says "hello 42" ./hello
fi
end

begin "only what the program uses is linked"
silent $cc plain.c -o plain
readelf -d plain >dynamic
has_not dynamic libbide
silent $cc hello.c -o hello
readelf -d hello >dynamic
has dynamic libbide
end

begin "the compiler as a path, with a launcher, from the environment"
path=$(command -v "$CC")
silent "$BIDE" cc "$path" hello.c -o hello
says "hello 42" ./hello
mkdir bin
cat >bin/ccache <<'END'
#!/bin/sh
echo launched >>launches
exec "$@"
END
chmod +x bin/ccache
silent env PATH="$PWD/bin:$PATH" "$BIDE" cc ccache "$CC" -c hello.c
[ "$(cat launches)" = launched ] || fail "$what: $(cat launches)"
silent env PATH="$PWD/bin:$PATH" "$BIDE" cc "ccache $CC" -c plain.c
[ "$(wc -l <launches)" = 2 ] || fail "$what: $(cat launches)"
cp bin/ccache bin/my-launcher
silent "$BIDE" cc bin/my-launcher "$path" -c hello.c
[ "$(wc -l <launches)" = 3 ] || fail "$what: $(cat launches)"
silent env PATH="$PWD/bin:$PATH" "$BIDE" cc my-launcher ccache "$CC" -c plain.c
[ "$(wc -l <launches)" = 5 ] || fail "$what: $(cat launches)"
ln -s "$path" bin/some-board-elf-gcc
silent "$BIDE" cc bin/some-board-elf-gcc -c hello.c
silent env CC="$CC" "$BIDE" cc -c hello.c
end

begin "questions to the compiler pass"
ok $cc --version
ok "$CC" --version
same=$("$CC" -dumpmachine)
says "$same" $cc -dumpmachine
says "$(basename "$0" >/dev/null; "$CC" -print-file-name=crt1.o)" $cc -print-file-name=crt1.o
end

# ---- files that are not ours ----

begin "a file without async words is compiled as it is"
cat >bin_cc <<'END'
#!/bin/sh
echo "$@" >>calls
END
chmod +x bin_cc
silent "$BIDE" cc ./bin_cc -O2 -c plain.c -o plain.o
[ "$(wc -l <calls)" = 1 ] || fail "$what: $(cat calls)"
has calls '^-O2 -c plain.c -o plain.o'
has_not calls __BIDE__
end

begin "a file that includes no header of bide has names like bide's words"
cat >names.c <<'END'
#include <stdio.h>
int main(void)
{
    int async = 1, await = 2, defer = 3;
    printf("%d\n", async + await + defer);
    return 0;
}
END
silent $cc names.c -o names
says 6 ./names
silent $cc -x c - -o names <names.c
says 6 ./names
end

begin "async code in an included .c file"
echo '#include "hello.c"' >unity.c
silent $cc unity.c -o unity
says "hello 42" ./unity
end

begin "a plain file that includes the header of an async library"
cat >user.c <<'END'
#include "lib.h"
#include <stdio.h>
int main(void)
{
    printf("%d\n", answer());
    return 0;
}
END
silent $cc user.c lib.c -o user
says 42 ./user
end

# ---- mistakes ----

begin "a type error is the compiler's, at the user's line and column, once"
sed 's/2 \* n/2 * m/' hello.c >bad.c
touch bad.o
refused $cc -Wall -c bad.c
missing bad.o
has err '^bad.c:7:1[26]: error: '
[ "$(grep -c 'error:' err)" = 1 ] || fail "$what: $(cat err)"
has_not err 'internal'
refused $cc bad.c -o bad
missing bad
end

begin "a syntax error"
sed 's/2 \* n;/2 * ;/' hello.c >bad.c
refused $cc -MMD -c bad.c
missing bad.o bad.d
has err '^bad.c:7:16: error: '
has_not err 'internal'
end

begin "bide reports an async mistake, in the same form"
sed 's/await twice/twice/' hello.c >bad.c
touch bad
refused $cc bad.c -o bad
missing bad
has err '^bad.c:13:13: error: '
has err '^   13 |     int n = twice(20 + argc);$'
has err '^      |             ^~~~~'
end

begin "a missing header"
sed 's/hello.h/nowhere.h/' hello.c >bad.c
refused $cc -c bad.c
has err '^bad.c:3:.*nowhere.h'
[ "$(grep -c 'error:' err)" = 1 ] || fail "$what: $(cat err)"
end

begin "warnings appear once, also the preprocessor's"
sed -e 's/(void)argv;/int unused;/' -e '3a#warning careful' hello.c >warn.c
ok $cc -Wall -Wextra -c warn.c
[ "$(grep -c 'unused variable' err)" = 1 ] || fail "$what: $(cat err)"
[ "$(grep -c 'warning: .*careful' err)" = 1 ] || fail "$what: $(cat err)"
has err '^warn.c:13:9: warning: unused variable'
sed -e '3a#warning careful' hello.c >warn.c
ok $cc -c warn.c
[ "$(grep -c 'warning: .*careful' err)" = 1 ] || fail "$what: $(cat err)"
refused $cc -Wall -Werror -c warn.c
[ "$(grep -c 'careful' err)" -ge 1 ] || fail "$what: $(cat err)"
missing warn.o
end

begin "a link error is the linker's"
refused $cc main.c -o both
has err 'undefined reference to .*answer'
has_not err 'internal'
end

begin "a warning of the linker is shown, also about a place"
cat >linked.c <<'END'
__asm__(".section .gnu.warning.warned,\"\",%progbits; .ascii \"do not use it\\0\"; .previous");
int warned(void);
int warned(void) { return 1; }
END
cat >user.c <<'END'
int warned(void);
int uses(void);
int uses(void) { return warned(); }
END
cat >uses.c <<'END'
#include <bide/bide.h>
int uses(void);
async int main(void) { return uses() - 1; }
END
$CC -g -c linked.c user.c
ok $cc uses.c user.o linked.o -o linked
has err 'user.c:3: warning: do not use it'
end

begin "generated code that does not compile is an error of bide, and is kept"
cat >picky <<END
#!/bin/sh
case "\$*" in
*hello.i*) echo "hello.c:5:1: error: boom" >&2; exit 1 ;;
esac
exec $CC "\$@"
END
chmod +x picky
refused "$BIDE" cc ./picky hello.c -o hello
has err '^hello.c:5:1: error: boom'
has err "internal error: the code generated for 'hello.c'"
kept=$(sed -n "s/.*report it with '\\(.*\\)', which.*/\\1/p" err)
has "$kept" bide__start_twice
rm -r "$(dirname "$kept")"
missing hello
# What a lock has become is correct C, too.
sed -i 's/hello.c:5:1/locked.c:7:5/; s/hello.i/locked.i/' picky
cat >locked.c <<'END'
#include <bide/bide.h>
static bide_mutex mutex;
async int f(int n);
async int f(int n)
{
    int sum = 0;
    bide_locked(&mutex)
        for (int i = 0; i < n; i++)
            sum += await f(i);
    return sum;
}
END
refused "$BIDE" cc ./picky -c locked.c
has err '^locked.c:7:5: error: boom'
has err "internal error: the code generated for 'locked.c'"
rm -r "$(dirname "$(sed -n "s/.*report it with '\\(.*\\)', which.*/\\1/p" err)")"
end

begin "an input file that does not exist"
refused $cc -c nowhere.c
has err 'nowhere.c'
refused "$BIDE" cc
has err 'needs a compiler'
try "$BIDE" cc no-such-compiler -c hello.c
[ "$status" = 127 ] || fail "$what: $status"
[ "$(grep -c "cannot run" err)" = 1 ] || fail "$(cat err)"
end

begin "colours when asked for"
sed 's/await twice/twice/' hello.c >bad.c
refused $cc -fdiagnostics-color=always -c bad.c
has err "$(printf '\033')\[01;31m"
sed 's/2 \* n/2 * m/' hello.c >bad.c
refused $cc -fdiagnostics-color=always -c bad.c
has err "$(printf '\033')\["
end

# ---- bide run, bide emit ----

begin "bide run: output, arguments, exit status"
export CC
says "hello 42" "$BIDE" run hello.c
says "hello 46" "$BIDE" run hello.c a b
says "hello 44" "$BIDE" run hello.c -- -x
says "hi 42" "$BIDE" run -DGREETING='"hi"' hello.c
sed 's/return 0/return 7/' hello.c >seven.c
try "$BIDE" run seven.c
[ "$status" = 7 ] || fail "$what: $status"
refused "$BIDE" run nowhere.c
refused "$BIDE" run
says plain "$BIDE" run plain.c
end

begin "bide run: libraries that the file names"
cat >root.c <<'END'
/* Prints a root.
 *
 * needs: m */
#include <math.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    (void)argv;
    printf("%.3f\n", sqrt(argc + 1.0));
    return 0;
}
END
says 1.414 "$BIDE" run root.c
end

begin "bide run: signals go to the program, and bide dies by the program's signal"
cat >wait.c <<'END'
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    fclose(fopen("started", "w"));
    sleep(60);
    return 0;
}
END
rm -f started
"$BIDE" run wait.c &
pid=$!
i=0
while [ ! -e started ]; do
    i=$((i + 1))
    [ $i -lt 500 ] || fail "$what: did not start"
    sleep 0.02
done
kill -TERM $pid
status=0
wait $pid 2>/dev/null || status=$?
[ "$status" = 143 ] || fail "$what: exit status $status"
end

begin "bide emit"
silent "$BIDE" emit hello.c
cp out emitted.c
has emitted.c bide__start_twice
has_not emitted.c "$SRC"
silent "$CC" -I"$BUILD/include" emitted.c -L"$BUILD/lib" -Wl,-rpath,"$BUILD/lib" -lbide -o hello
says "hello 42" ./hello
silent "$BIDE" emit -o again.c hello.c
cmp emitted.c again.c || fail "$what: not the same twice"
silent "$BIDE" emit plain.c
cmp out plain.c || fail "$what: plain C is not itself"
sed 's/await twice/twice/' hello.c >bad.c
refused "$BIDE" emit bad.c
[ ! -s out ] || fail "$what: printed something for a mistake"
end

begin "the tool's own messages"
ok "$BIDE" --version
has out '^bide [0-9]'
ok "$BIDE" help
has out 'bide run'
refused "$BIDE" nonsense
refused "$BIDE"
end
