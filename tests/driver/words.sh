# Which files are async: also those whose words come from headers, macros or options. No file that
# includes bide's headers and uses its words is taken for plain C. A file that uses such words as
# its own names is left alone.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

# async FILE OPTION...: FILE is compiled as async code
async()
{
    silent $cc "$@" -c -o object.o
    nm object.o | grep -q bide__start_f || fail "not async: $*"
}

plain()
{
    silent $cc "$@" -c -o object.o
    ! nm object.o | grep -q bide__start_ || fail "async: $*"
}

prepare()
{
    begin "$1"
    cat >co.h <<'E'
#include <bide/bide.h>
#define co async
#define wait_for await
#define TURN bide_yield()
E
    cat >body <<'E'
co int f(int n)
{
    wait_for TURN;
    return n;
}
E
    mkdir inc
    cp co.h inc/co2.h
    echo '#include "co.h"' >mid.h
}

# with LINE...: writes a.c, which has these lines and then the function
with()
{
    printf '%s\n' "$@" | cat - body >a.c
}

prepare "macros of headers"
with '#include "co.h"'
async a.c
with '#include <co2.h>'
async a.c -Iinc
async a.c -isystem inc
with '#include "co2.h"'
async a.c -iquote inc
async a.c -idirafter inc
with '#include "mid.h"'
async a.c
with '#define H "co.h"' '#include H'
async a.c
with '#  include /* a */ "co.h" // b'
async a.c
with '#inc\' 'lude \' '"co.h"'
async a.c
with '/* a' '*/ %:include "co.h"'
async a.c
with '?''?=include "co.h"'
async a.c -trigraphs -Wno-trigraphs
with '#include "co.h"'
echo '#include "a.c"' >part.c
async part.c
mv a.c a.inc
echo '#include "a.inc"' >part.c
async part.c
end

prepare "macros that make words"
echo '#include <bide/bide.h>' >only.h
with '#include "only.h"' '#define P_(a, b) a##b' '#define P(a, b) P_(a, b)' \
    '#define co P(as, ync)' '#define wait_for P(aw, ait)' '#define TURN P(bid, e_yield)()'
async a.c
end

prepare "options"
with ''
async a.c -include co.h
async a.c -include ./mid.h
async a.c -include bide/bide.h -Dco=async -Dwait_for=await '-DTURN=bide_yield()'
async a.c -Wp,-include,co.h
async a.c -Xpreprocessor -include -Xpreprocessor co.h
[ -z "$is_clang" ] || async a.c -Xclang -include -Xclang co.h
echo '-include co.h' >options
async a.c @options
async -xc - -include co.h <a.c
end

prepare "-E"
with '#include "co.h"'
silent $cc -E a.c -o a.i
async a.i
end

begin "headers that define functions"
cat >lib.h <<'E'
#include <bide/bide.h>
async int f(int n);
static inline async int twice(int n)
{
    return await f(n) + await f(n);
}
#ifdef LIB_HERE
async int f(int n)
{
    await bide_yield();
    return n;
}
#endif
E
printf '#define LIB_HERE\n#include "lib.h"\n' >a.c
async a.c
printf '#include "lib.h"\nint main(void) { return twice(0) + f(0); }\n' >b.c
plain b.c
silent $cc a.c b.c -o both
ok ./both
end

begin "a header as the main file"
cp hello.c main.h
silent $cc -x c -I. main.h -o main
says "hello 42" ./main
end

begin "bide's headers without the facts of the target"
cat >d.c <<'E'
#include <bide/bide.h>
async int f(int n)
{
    await bide_yield();
    return n;
}
E
{ echo '#define BIDE_TARGET_H' && cat d.c; } >a.c
refused $cc -c a.c
has err "^bide: error: 'a.c' includes bide's headers, but"
missing a.o
for macro in '__SIZEOF_INT__ none' '__SIZE_TYPE__ none' __WCHAR_TYPE__ BIDE_BIDE_H \
    'bide__target x'; do
    { echo "#undef ${macro% *}" && echo "#define $macro" && cat d.c; } >e.c
    refused $cc -w -c e.c
    has_not err 'internal error'
done
cat >c.c <<'E'
async int f(int n)
{
    return n;
}
E
refused $cc -imacros bide/bide.h -c c.c
has err "^bide: error: 'c.c' includes bide's headers, but"
silent "$CC" -isystem "$BUILD/include" -E d.c -o d.i
refused $cc -c d.i
has err "bide: note: preprocess it with 'bide cc'"
end

begin "the user's own names that are like bide's words"
cat >own.c <<'E'
struct async {
    int await, defer;
} async;
extern const char *text;
const char *text = "bide_async <bide/bide.h> bide__target[sizeof(\"bide target:\"";
int defer(int await);
int defer(int await)
{
    async.await = await + (text != 0);
    return async.await;
}
E
plain own.c
plain own.c -std=c89 -Wall -Wextra -pedantic-errors
{ cat own.c && echo 'int g(void) { async.await = undeclared; return async.none; }'; } >bad.c
refused $cc -c bad.c
has_not err 'bide.h'
end

# forgotten PLACE WORD: the file on standard input, as bad.c, gets the hint at the word
forgotten()
{
    cat >bad.c
    refused $cc -c bad.c
    has err "^bad.c:$1: note: '$2' is a word of '<bide/bide.h>'; did you forget to"
    [ "$(grep -c 'did you forget' err)" = 1 ] || fail "more than one hint: $(cat err)"
}

begin "a forgotten include"
echo 'async int f(int x) { return x; }' | forgotten 1:1 async
echo 'static async int f(int x) { return x; }' | forgotten 1:8 async
echo 'int async f(int x) { return x; }' | forgotten 1:5 async
echo 'int f(int x) { return await f(x); }' | forgotten 1:23 await
echo 'int f(int x) { int y = await f(x); return y; }' | forgotten 1:24 await
echo 'int f(int x) { defer { f(x); } return x; }' | forgotten 1:16 defer
echo 'bide_async int f(int x) { return x; }' | forgotten 1:1 bide_async
echo 'bide_duration pause;' | forgotten 1:1 bide_duration
printf '#include "lib2.h"\nint async(void);\n' >bad.c
echo 'async int f(int x);' >lib2.h
refused $cc -c bad.c
has err "lib2.h:1:1: note: 'async' is a word of"
echo 'async int f(int x) { return x; }' >bad.c
try $cc -xc -c - -o bad.o <bad.c
has err "^<stdin>:1:1: note: 'async' is a word of"
refused $cc --error-format=json -c bad.c
has err '"severity":"note","message":"'"'async' is a word of"
refused $cc hello.c bad.c -o bad
has err "^bad.c:1:1: note: 'async' is a word of"
printf '#include <bide/lang.h>\nasync int f(int x);\n' | forgotten 2:1 async
end
