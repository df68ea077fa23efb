# Async code compiles in every dialect (-std=) that the compiler takes: dialect/forms.c has every
# form in C89, and other files of that folder have what is special to some dialects. Each prints
# what NAME.out says. The same holds for the options that change words, types or layouts. What
# cannot be compiled is refused with one clear message.
#
# In the fixed tier all dialects compile and a few run; in the long tier all run, and programs of
# run/ too.
set -eu

case $("$CC" --version) in
*clang*) family=clang ;;
*) family=gcc ;;
esac
here=$SRC/tests/compiler/dialect

names='c89 c90 iso9899:1990 iso9899:199409 gnu89 gnu90 c99 c9x iso9899:1999 iso9899:199x gnu99 gnu9x
    c11 c1x iso9899:2011 gnu11 gnu1x c17 c18 iso9899:2017 iso9899:2018 gnu17 gnu18 c2x gnu2x'

# compiled NAME OPTION...: compiles silently, and prints what NAME.out says
compiled()
{
    file=$1
    shift
    rm -f program
    "$BIDE" cc "$CC" "$@" "$file" -o program >log 2>&1 || fail "$file $*: $(cat log)"
    [ ! -s log ] || fail "$file $*: it said $(cat log)"
    timeout 60 ./program >out || fail "$file $*: exit status $?"
    diff -u "${file%.c}.out" out || fail "$file $*: different output"
}

# refused TEXT NAME OPTION...: gives exactly one error, and its message has this text
refused()
{
    text=$1 file=$2
    shift 2
    ! "$BIDE" cc "$CC" "$@" -c "$file" -o object.o >log 2>&1 || fail "$file $*: it compiles"
    [ "$(grep -c 'error: ' log)" = 1 ] && grep -q -e "$text" log || fail "$file $*: $(cat log)"
}

# --- the dialects ---

cat >tiny.c <<'END_OF_FILE'
#include <bide/bide.h>
static async int f(int n)
{
    await bide_yield();
    return n;
}
async int main(void)
{
    int a, b;
    await bide_join(a = f(1), b = f(2));
    await bide_sleep(BIDE_MS(1));
    return a + b + await f(-3);
}
END_OF_FILE
for std in ansi $(printf ' std=%s' $names); do
    "$BIDE" cc "$CC" "-$std" -w -pedantic-errors -S tiny.c -o tiny.s >log 2>&1 && [ ! -s log ] ||
        fail "-$std: $(cat log)"
    grep -q bide__start_f tiny.s || fail "-$std: not compiled as async code"
done
few='ansi std=iso9899:199409 std=gnu89 std=c99 std=c2x'
[ -z "$LONG" ] || few="ansi $(printf ' std=%s' $names)"
for std in $few; do
    compiled "$here/forms.c" "-$std" -w -pedantic-errors
done
compiled "$here/old_words.c" -std=c89
compiled "$here/implicit.c" -std=gnu89 -w
compiled "$here/implicit.c" -std=gnu17 -w
compiled "$here/large_numbers.c" -std=gnu89 -w
for std in c2x gnu2x; do
    compiled "$here/new.c" -std=$std
done

if [ -n "$LONG" ]; then
    # The list above is complete.
    {
        "$CC" -v --help 2>/dev/null | grep -o -e '-std=[^ ]*' | sed 's/-std=//'
        "$CC" -std=none -x c -fsyntax-only /dev/null 2>&1 | grep -o "'[^']*'" | tr -d "'"
    } | grep -E '^(c|gnu|iso)[0-9]' | sort -u >known
    while read -r name; do
        case " $(echo $names) " in *" $name "*) continue ;; esac
        "$CC" -std="$name" -x c -fsyntax-only /dev/null 2>/dev/null &&
            fail "-std=$name is not in the list of this test"
    done <known
    # Programs of run/ whose plain reading the compiler takes in the dialect.
    for name in control_flow/computed_gotos_that_await declarations/atomics \
        declarations/initializers dialects/assembly dialects/gnu99 expressions/generic \
        expressions/late_values expressions/operands functions/definitions \
        functions/recursion_a_million_deep functions/results groups/branches_and_other_forms \
        preprocessor/packing types/array_lengths types/typeof types/wide_bit_fields; do
        file=$SRC/tests/compiler/run/$name.c
        for std in c89 gnu89 c99 c2x; do
            "$CC" -std=$std -w -D__BIDE__ -DBIDE__PLAIN -isystem "$SRC/include" -fsyntax-only \
                "$file" 2>/dev/null || continue
            compiled "$file" -std=$std -w
        done
    done
fi

# --- options that change words, types or layouts ---

compiled "$here/old_words.c" -std=gnu89 -fno-asm
compiled "$here/forms.c" -w -fshort-enums -fshort-wchar -funsigned-char -ffreestanding \
    -fno-builtin -fgnu89-inline -fms-extensions -fwrapv -O2
compiled "$here/packed.c"
compiled "$here/wide.c" -w -fshort-wchar
refused "'-fpack-struct' changes the structs of bide's headers" tiny.c -fpack-struct
refused "'-fpack-struct' changes the structs of bide's headers" tiny.c -fpack-struct=4
case $("$CC" --version) in
*clang*) ;;
*) refused "'-fsso-struct' changes the structs of bide's headers" tiny.c -fsso-struct=big-endian ;;
esac
compiled "$here/forms.c" -w -fpack-struct -fno-pack-struct -fcommon -trigraphs
if [ $family = gcc ]; then
    compiled "$here/forms.c" -w -fplan9-extensions -fdirectives-only -fexec-charset=ISO-8859-1
    printf '#include <bide/bide.h>\n#include <stdio.h>\nstatic async int f(void)\n{\n' >latin.c
    printf '    char s[] = "\351";\n    await bide_yield();\n    puts(s);\n' >>latin.c
    printf '    return sizeof s;\n}\n' >>latin.c
    printf 'async int main(void)\n{\n    printf("%%d\\n", await f());\n    return 0;\n}\n' >>latin.c
    printf '\303\251\n3\n' >latin.out
    compiled latin.c -finput-charset=ISO-8859-1
    refused 'with async and other files in one command' latin.c -finput-charset=ISO-8859-1 \
        -fsyntax-only -x c /dev/null -x none
    refused 'a character beyond ASCII' latin.c -finput-charset=ISO-8859-1 -fexec-charset=ISO-8859-1
    refused "bide does not know the characters of '-fexec-charset=IBM1047'" tiny.c \
        -fexec-charset=IBM1047
    refused "bide's headers are not for '-traditional-cpp'" tiny.c -traditional-cpp
else
    compiled "$here/forms.c" -w -fmodules
fi
