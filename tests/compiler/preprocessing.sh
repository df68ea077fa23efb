# The text that bide reads has the tokens that the user's preprocessor gives, with every option that
# changes how bide calls the preprocessor. Tried with generated macros that have comments in and
# before their arguments, and with sources of bide. __BIDE__ is defined for both runs, so they have
# the same words of the language.
set -eu

# A file of macros: comments in arguments, before parentheses, between ## and #, in nested calls.
awk 'BEGIN {
    srand(7)
    split("/**/|/* c */|/* a\n b */|// x\n|/* fall through */|", comment, "|")
    print "#include <bide/bide.h>"
    print "#define STR(...) #__VA_ARGS__"
    print "#define XSTR(...) STR(__VA_ARGS__)"
    print "#define CAT(a, b) a##b"
    print "#define FN(x) ((x) + 1)"
    print "#define ID /* object */ FN"
    print "#define EMPTY(x)"
    print "#define LAST(a, /* more */...) CAT(a, __VA_ARGS__)"
    print "int FN /* declared */;"
    for (i = 0; i < 200; i++) {
        for (k = 0; k < 6; k++)
            c[k] = comment[1 + int(rand() * 6)]
        kind = int(rand() * 6)
        if (kind == 0) s = "STR(a" c[0] "b " c[1] "+" c[2] "c)"
        if (kind == 1) s = "XSTR(CAT(x," c[0] "y" c[1] ") FN" c[2] "(3))"
        if (kind == 2) s = "FN" c[0] "(FN " c[1] "(" c[2] "1))"
        if (kind == 3) s = "ID" c[0] "(" c[1] "2" c[2] ")"
        if (kind == 4) s = "LAST(p" c[0] ", q" c[1] ") EMPTY" c[2] "(z)"
        if (kind == 5) s = "1 +" c[0] "+ 2 -" c[1] "- EMPTY() - 3 /" c[2] "4"
        print "line_" i ": " s ";"
    }
    print "async int f(void);"
}' >macros.c

# Prints one token or character a line, without line markers and the facts of the target.
tokens()
{
    grep -v '^# *[0-9]' "$1" | grep -oE '[A-Za-z0-9_$.]+|"([^"\\]|\\.)*"|[^[:space:]]' >"$2"
}

compared=0
compare()
{
    file=$1
    shift
    "$CC" -E -D__BIDE__=1 -isystem "$include" "$@" "$file" >theirs.i 2>/dev/null || return 0
    "$BIDE" cc "$CC" -E "$@" "$file" -o ours.i 2>/dev/null || fail "$file $*"
    tokens theirs.i theirs
    tokens ours.i ours
    cmp -s theirs ours || fail "$file $*: $(diff theirs ours | head)"
    compared=$((compared + 1))
}

include=$(echo '#include <bide/lang.h>' | "$BIDE" cc "$CC" -E -x c - |
    sed -n 's/^# 1 "\(.*\)\/bide\/lang.h".*/\1/p' | head -n 1)
for options in "" -Wextra -W -Wimplicit-fallthrough -C -CC "-g3 -dD"; do
    compare macros.c $options
done

# A program that prints its own preprocessed text prints the same with and without bide.
awk 'BEGIN { print "#include <stdio.h>\n#ifdef WITH\n#include <bide/bide.h>\n" \
    "async int unused_one(void);\n#endif" } /^#define/' macros.c >program.c
{
    echo 'int main(void) {'
    sed -n '/^line_[0-9]*: STR\|^line_[0-9]*: XSTR/p' macros.c |
        sed 's/^line_[0-9]*: //; s/;$/); /; s/^/puts(/' | grep '); $'
    echo 'return FN /* here */ (0) - 1; }'
} >>program.c
"$CC" -w program.c -o theirs.run
./theirs.run >theirs.out
for options in -Wextra -W -Wimplicit-fallthrough -g3 -save-temps -Wall; do
    "$BIDE" cc "$CC" -w $options -DWITH program.c -o ours.run || fail "$options"
    ./ours.run >ours.out
    cmp theirs.out ours.out || fail "$options: $(diff theirs.out ours.out | head)"
done
[ -s ours.out ] || fail "the program prints nothing"

limit=6
[ -z "$LONG" ] || limit=1000
for file in $(programs "$SRC/tests/compiler/run" | head -n $limit); do
    compare "$file" -Wextra
    compare "$file" -fbide-force
done
[ "$compared" -gt 10 ] || fail "only $compared were compared"
echo "$compared texts"
