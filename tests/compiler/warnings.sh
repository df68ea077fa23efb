# A file with every form of the language gets the warnings that the compiler gives for its plain
# reading, with every warning that the compiler knows: the same (file, line, column, option), as
# often. Some are left out, as docs/diagnostics.md says: those about the order of evaluation in an
# expression that awaits, and those from paths that only the plain reading has.
#
# In the long tier with every dialect, and each warning alone.
set -eu

case $("$CC" --version) in
*clang*) family=clang ;;
*) family=gcc ;;
esac
include=$(echo '#include <bide/lang.h>' | "$BIDE" cc "$CC" -E -x c - |
    sed -n 's/^# 1 "\(.*\)\/bide\/lang.h".*/\1/p' | head -n 1)
[ -n "$include" ] || fail "where are the headers?"
cp "$SRC/tests/compiler/warnings/forms.c" .

# The names of all warnings that need no value.
all_warnings()
{
    if [ $family = clang ]; then
        echo -Weverything
    else
        "$CC" -Q --help=warnings,c --help=common,warnings | LC_ALL=C grep -oE '^ +-W[a-z0-9+-]+ ' |
            grep -vE -- '-Wsystem-headers|-Werror|-Wfatal-errors|-Wabi|-Wno-|-Wchkp|- $' | sort -u
    fi
}

# places FILE: prints "forms.c:12:5 [-Wx]" for each warning in FILE, sorted.
places()
{
    sed -nE 's/^([^ ]*:[0-9]+:[0-9]+): (warning|error): .*(\[-W[^]]*\])$/\1 \3/p' "$1" |
        grep -v -e '\[-Wbide-' | sort
}

# The warnings that are left out.
left_out='sequence-point|unsequenced|[a-z-]*uninitialized|use-after-free|unused-result'
left_out="$left_out|mismatched-dealloc|analyzer-[a-z-]*"

compare()
{
    LC_ALL=C "$CC" "$@" -S -o /dev/null -D__BIDE__=1 -DBIDE__PLAIN=1 -isystem "$include" forms.c \
        >plain.err 2>&1 || return 0
    LC_ALL=C "$BIDE" cc "$CC" "$@" -c forms.c -o forms.o >ours.err 2>&1 ||
        fail "$*: $(head -n 20 ours.err)"
    places plain.err | grep -vE -- "\[-W($left_out)\]" >plain || :
    places ours.err | grep -vE -- "\[-W($left_out)\]" >ours || :
    diff plain ours >difference || fail "$*: not the compiler's warnings: $(cat difference)"
    compared=$((compared + $(wc -l <plain)))
    # Every warning is one that the compiler gives.
    places plain.err >plain.all
    places ours.err >ours.all
    LC_ALL=C comm -13 plain.all ours.all >invented
    [ ! -s invented ] || fail "$*: $(cat invented)"
    LC_ALL=C grep -n 'bide__body\|bide__start' ours.err && fail "$*: of generated code" || :
}

compared=0
all=$(all_warnings)
compare -O2 $all
compare -O0 -Wall -Wextra
if [ -n "$LONG" ]; then
    [ $family = clang ] || compare -O1 -fanalyzer
    for dialect in gnu90 gnu99 c11 gnu11 c17 gnu17 gnu2x; do
        compare -O2 -std=$dialect $all
    done
    for warning in $all; do
        compare -O2 $warning
    done
fi
[ "$compared" -gt 25 ] || fail "only $compared warnings were compared"
echo "$compared warnings"
