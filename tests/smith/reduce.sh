#!/bin/sh
# Reduces the program of a failure: reduce.sh FOLDER, where tools/fuzz-await has kept program.c and
# replay in FOLDER. Needs cvise or creduce (packages of these names) and takes minutes. Leaves the
# result in FOLDER/reduced.c, and the files that the reducer works with in FOLDER/reduce.
#
#   --jobs N     how many tries at a time; otherwise one for each processor
#   --replay T   the command that fails, instead of the one in `replay`:
#                "BIDE cc COMPILER FLAG... program.c ... && ./program MODE SEED"
#
# The prelude stays as it is. Of the cases only the first that fails is kept, and then reduced. A
# smaller program is taken when
#
#   - gcc builds it erased, without any warning that means undefined behaviour, except those that
#     the case has (the same for clang, where clang builds it);
#   - the erased program succeeds under AddressSanitizer and UBSan, with the branches of groups in
#     the opposite order and their times checked (reduce.h), and prints the same at -O0 and -O2;
#   - bide fails in the same way: the same error, the same internal error, no end within the time
#     limit, the same exit status, or another output than the erased program's.
#
# A program with forms (-f) checks itself against constants that the reducer does not know, so it
# is reduced only when it does not compile or crashes. Check the tasks of a reduced program by hand:
# two of them may touch the same variable.
set -eu

here=$(cd "$(dirname -- "$0")" && pwd -P)
folder='' jobs=$(nproc) replay=''
while [ $# -gt 0 ]; do
    case $1 in
    --jobs) jobs=$2 && shift ;;
    --replay) replay=$2 && shift ;;
    *) folder=$1 ;;
    esac
    shift
done
if [ ! -e "$folder/program.c" ]; then
    echo "reduce.sh FOLDER [--jobs N] [--replay TEXT], with FOLDER/program.c" >&2
    exit 2
fi
reducer=$(command -v cvise || command -v creduce) || {
    echo "reduce.sh: please install cvise or creduce" >&2
    exit 1
}
folder=$(cd "$folder" && pwd -P)
[ -n "$replay" ] || replay=$(grep -E '/bide.? cc .*program\.c' "$folder/replay" | tail -n 1)
bide=$(echo "$replay" | sed "s/^ *//; s/ cc .*//; s/'//g")
flags=$(echo "$replay" | sed 's/^[^ ]* cc //; s/ program\.c .*//; s/ -w$//')
run=$(echo "$replay" | sed -n 's,.*&& \./program *,,p')
work=$folder/reduce
rm -rf "$work"
mkdir "$work"
cd "$work"

# The prelude, and the rest with the prelude included.
awk '/^\/\* ---- case / { exit } { print }' "$folder/program.c" >prelude.h
{
    echo '#include "prelude.h"'
    awk '/^\/\* ---- case / { on = 1 } on' "$folder/program.c"
} >whole.c

form=''
if grep -q '^#define SMITH_FORMS' prelude.h; then
    form=1
fi

# Only the case k of whole.c.
only_case()
{
    awk -v k="$1" '
        /^\/\* ---- case / { on = $4 == k }
        /^async int main\(/ { main = 1; on = 1 }
        !main && (on || NR == 1) { print }
        main && /if \(wanted\(/ { skip = $0 !~ "wanted\\(" k "\\)" }
        main && !skip { print }
        skip && /^    }$/ { skip = 0 }' whole.c
}

# How case.c fails; nothing if it does not, or if it is not a program.
cat >verdict <<END
#!/bin/sh
# verdict: prints how case.c fails; nothing when it does not
bide='$bide' flags='$flags' run='$run' form='$form' work='$work' here='$here'
END
cat >>verdict <<'END'
quietly() { timeout 60 "$@" >/dev/null 2>&1; }
erased='gcc -std=gnu11'

# erased_at LEVEL FILE: what the erased program prints, into FILE
erased_at()
{
    quietly $erased -I"$work" -w "$1" case.c -o erased && timeout 10 ./erased >"$2" 2>/dev/null
}

# Cheap checks first: most tries are not programs, or do not fail.
if [ -z "$form" ]; then
    erased_at -O0 expected || exit 0
fi
answer='' status=0
if ! timeout 120 "$bide" cc $flags -w -I"$work" case.c -o program >log 2>&1; then
    answer=$(grep -v 'bide-kept' log | grep -m 1 'error:' |
        sed "s/^[^ ]*: *//; s/[0-9][0-9]*/N/g; s/[‘'][^’']*[’']//g")
else
    ASAN_OPTIONS=detect_leaks=0 timeout 20 ./program $run >output 2>errors || status=$?
    case $status in
    0) [ -n "$form" ] || cmp -s expected output || answer="prints something else" ;;
    124) answer="does not end" ;;
    *) answer="ends with status $status" ;;
    esac
fi
[ -n "$answer" ] || exit 0
if [ -z "$form" ]; then
    if [ -e "$work/clang-guards" ]; then
        quietly clang -std=gnu11 -I"$work" $(cat "$work/clang-guards") -fsyntax-only case.c ||
            exit 0
    fi
    echo '#include "prelude.h"' >checked.c
    echo '#include "reduce.h"' >>checked.c
    grep -v '^#include' case.c >>checked.c
    quietly $erased -I"$work" -I"$here" -O1 $(cat "$work/guards") -fsanitize=address,undefined \
        -fno-sanitize-recover=all checked.c -o checked || exit 0
    ASAN_OPTIONS=detect_leaks=0 timeout 10 ./checked >output 2>/dev/null || exit 0
    cmp -s expected output || exit 0
    erased_at -O2 output || exit 0
    cmp -s expected output || exit 0
fi
echo "$answer"
END
cat >interesting <<END
#!/bin/sh
[ "\$(sh '$work/verdict')" = "\$(cat '$work/expected-verdict')" ]
END
chmod +x verdict interesting

: >guards
verdict=''
for k in $(sed -n 's,^/\* ---- case \([0-9]*\) ----.*,\1,p' whole.c); do
    only_case "$k" >case.c
    verdict=$(sh ./verdict)
    [ -z "$verdict" ] || break
done
if [ -z "$verdict" ]; then
    cp whole.c case.c
    verdict=$(sh ./verdict)
fi
if [ -z "$verdict" ]; then
    echo "reduce.sh: the program does not fail ($bide cc $flags, $run)" >&2
    exit 1
fi
# Warnings that mean undefined behaviour become errors, except those that the case has.
: >guards
for w in uninitialized maybe-uninitialized return-type implicit-function-declaration implicit-int \
    int-conversion incompatible-pointer-types array-bounds sequence-point return-local-addr \
    strict-aliasing shift-count-overflow div-by-zero dangling-pointer discarded-qualifiers \
    stringop-overflow format switch-unreachable builtin-declaration-mismatch pointer-sign; do
    ! gcc -std=gnu11 -I. -O2 "-W$w" "-Werror=$w" -c case.c -o case.o 2>/dev/null ||
        echo "-W$w -Werror=$w" >>guards
done
if [ -z "$form" ] && clang -std=gnu11 -I. -w -fsyntax-only case.c 2>/dev/null; then
    : >clang-guards
    for w in unsequenced uninitialized return-type int-conversion array-bounds \
        return-stack-address; do
        ! clang -std=gnu11 -I. "-W$w" "-Werror=$w" -fsyntax-only case.c 2>/dev/null ||
            echo "-W$w -Werror=$w" >>clang-guards
    done
fi

echo "$verdict: $(wc -l <case.c) lines without the prelude"
echo "$verdict" >expected-verdict
case $reducer in
*cvise) cvise --n "$jobs" "$work/interesting" case.c >reducer.log 2>&1 ;;
*) creduce --n "$jobs" "$work/interesting" case.c >reducer.log 2>&1 ;;
esac || {
    tail -n 5 reducer.log >&2
    exit 1
}
{
    echo "/* $verdict: bide cc $flags, ./program $run */"
    cat prelude.h
    grep -v '^#include "prelude.h"' case.c
} >"$folder/reduced.c"
echo "$(wc -l <case.c) lines without the prelude: $folder/reduced.c"
