# What debuggers, coverage tools and build tools read names the user's files, macros and folders.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

begin "-g3: the file's macros"
cat >macro.c <<'END'
#include <bide/bide.h>
#define TWICE(n) ((n)*2)

async int twice(int n);
async int twice(int n)
{
    await bide_yield();
#define INSIDE 5
    return TWICE(n) + INSIDE;
#undef INSIDE
}
END
silent $cc -g3 -c macro.c
silent $cc -g3 -O2 -Wall -Wextra -c macro.c
if [ -z "$is_clang" ]; then # clang writes no macros without -fdebug-macro
    silent $cc -g3 -c macro.c
    readelf --debug-dump=macro macro.o >macros 2>/dev/null
    has macros 'TWICE(n) ((n)\*2)'
    has macros 'lineno : 8 macro : INSIDE 5'
    has macros 'DW_MACRO_undef.*lineno : 10 macro : INSIDE'
fi
end

begin "-ffile-prefix-map, -fdebug-prefix-map"
silent $cc -g -ffile-prefix-map="$PWD"=/there -c "$PWD/hello.c"
readelf --debug-dump=info hello.o >info 2>/dev/null
grep DW_AT_comp_dir info | head -n 1 | grep -q /there || fail "$what: $(head -n 20 info)"
grep DW_AT_name info | head -n 1 | grep -q '/there/hello.c' || fail "$what: $(head -n 20 info)"
silent $cc -g -fdebug-prefix-map="$PWD"=/there -c hello.c
readelf --debug-dump=info hello.o >info 2>/dev/null
grep DW_AT_comp_dir info | head -n 1 | grep -q /there || fail "$what: $(head -n 20 info)"
silent $cc -Wall -Werror -fmacro-prefix-map="$PWD"=/there -c "$PWD/hello.c"
end

begin "the same object from the same file, in whatever folder the text lay"
silent $cc -g -O2 -c hello.c -o one.o
TMPDIR=$WORK/$case_number silent $cc -g -O2 -c hello.c -o two.o
cmp one.o two.o || fail "$what: the objects differ"
end

begin "coverage of a file in another folder"
mkdir sub build
mv hello.c hello.h sub
gcov=gcov
[ -z "$is_clang" ] || gcov="llvm-cov-14 gcov"
cd build
ok $cc --coverage -c ../sub/hello.c -o hello.o
ok $cc --coverage hello.o -o hello
ok ./hello
exists hello.gcno hello.gcda
if command -v ${gcov%% *} >/dev/null; then
    ok $gcov hello.gcno
    has hello.c.gcov '[1-9][0-9]*\**: *13:.*await twice'
    has hello.c.gcov 'Source:../sub/hello.c'
fi
cd ..
end

begin "-MJ"
if [ -n "$is_clang" ]; then
    silent $cc -MJ command.json -I. -DQUOTE='"a b"' -c hello.c plain.c
    cat >want <<END
{ "directory": "$PWD", "file": "hello.c", "output": "hello.o", "arguments": ["$CC", "-xc", \
"hello.c", "-I.", "-DQUOTE=\\"a b\\"", "-c"]},
{ "directory": "$PWD", "file": "plain.c", "output": "plain.o", "arguments": ["$CC", "-xc", \
"plain.c", "-I.", "-DQUOTE=\\"a b\\"", "-c"]},
END
    cmp want command.json || fail "$what: $(cat command.json)"
    name=$(printf 'caf\351.c') # Latin-1
    cp hello.c "$name"
    silent $cc -MJ command.json -c "$name"
    LC_ALL=C grep -qF "\"file\": \"$name\"" command.json || fail "$what: $(cat command.json)"
else
    refused $cc -MJ command.json -c hello.c
fi
end

begin "link time optimization"
silent $cc -O2 -flto -c main.c lib.c
silent $cc -O2 -flto main.o lib.o -o both
says 42 ./both
end
