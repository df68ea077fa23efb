# Common parts of tools/fuzz-await and tools/fuzz-compiler: options, a process for each program,
# progress. These scripts source this file and define
#
#   usage, unit, unit_size   the text of their options; the name of what -n counts, and how many of
#                            those a program has
#   check_one                a function that tests program number $one in the folder $dir. It sets
#                            `erased` to the C file of the blocking program, or to nothing.
#
# This file sets `plain` to the flags with which gcc builds without sanitizers, where the library
# still poisons the memory of frames. The options of both scripts:
#
#   -n N            how many
#   --seed S        the number of the first program; the others follow
#   --keep-going    do not stop at the first failure
#   --compilers C   the user's compilers to try: 'gcc clang'
#   --built-in      these compilers add the sanitizers that the library needs; only some of the
#                   programs are built with them
#   --work DIR      where failures are kept (otherwise a new folder under /tmp)
#
# BUILD is the tree with bin/bide, SRC the source tree. A failure leaves the folder WORK/NUMBER with
# the program, the outputs, and `replay`, a script that repeats the failure.

count=$unit_size seed=1 keep_going='' compilers='gcc clang' built_in='' work='' one='' plain=''
while [ $# -gt 0 ]; do
    case $1 in
    -n) count=$2 && shift ;;
    --seed) seed=$2 && shift ;;
    --keep-going) keep_going=1 ;;
    --compilers) compilers=$2 && shift ;;
    --built-in) built_in=1 plain='-fno-sanitize=all -DBIDE__ASAN=1' ;;
    --work) work=$2 && shift ;;
    --one) one=$2 && shift ;;
    *)
        echo "$usage" >&2
        exit 2
        ;;
    esac
    shift
done
BUILD=${BUILD:-$SRC/build}
slow=${BIDE_TEST_SLOW:-1}
LC_ALL=C # the compilers' messages are looked at
export BUILD SRC LC_ALL

# The compiler of the erased programs, whose `defer` needs gcc's nested functions: the first gcc of
# the path that is one. A clang may be called so.
[ -n "${reference-}" ] || reference=$(
    IFS=:
    for folder in $PATH; do
        "$folder/gcc" --version 2>/dev/null | grep -q 'Free Software' && echo "$folder/gcc" && break
    done
)
export reference

# failed TEXT: check_one calls it; $flags and $mode are what it tries.
failed()
{
    echo "FAILED program $one ($flags): $*; see $dir"
    {
        echo '#!/bin/sh'
        echo "# $*"
        echo "cd '$dir'"
        echo "'$BUILD/bin/bide' cc $flags -w program.c -o program && ./program $mode $one"
    } >"$dir/replay"
    exit 0
}

# choose_flags K: sets $flags for $compiler. Kinds take turns, and slow ones come less often: gcc
# takes five times as long at -O2, or with its sanitizers, as at -O0.
choose_flags()
{
    if [ -n "$built_in" ]; then
        case $(($1 % 16)) in
        1) flags="-O2 $plain" ;;
        5) flags="-O1 $plain" ;;
        3 | 7) flags="-O0 -g" ;;
        11) flags="-O0 -g $plain" ;;
        *) flags="-O0 $plain" ;;
        esac
    else
        case $(($1 % 16)) in
        1) flags="-O2" ;;
        2) flags="-O0 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined" ;;
        3) flags="-O3 -fno-omit-frame-pointer" ;;
        5) flags="-O1" ;;
        6) flags="-O0 -fsanitize=address" ;;
        7) flags="-O0 -g" ;;
        *) flags="-O0" ;;
        esac
    fi
    flags="$compiler -std=gnu11 $flags"
}

# compile FLAG...: makes program.o and program, which is linked with the library's sanitizers.
compile()
{
    # shellcheck disable=SC2046,SC2086
    timeout $((120 * slow)) "$BUILD/bin/bide" cc $flags "$@" -c program.c -o program.o >log 2>&1 &&
        "$BUILD/bin/bide" cc $(echo "$flags" | sed 's, -fno-sanitize=[a-z]*,,g') program.o \
            -o program >>log 2>&1
}

# Whether the user's compiler alone makes the erased program print the same.
its_own()
{
    # shellcheck disable=SC2086
    [ -n "$erased" ] && $flags -w "$erased" -o own >own.log 2>&1 &&
        timeout $((20 * slow)) ./own >own.output 2>&1 && cmp -s own.output output
}

# Whether the erased program takes more than a tenth of our time limit with these flags: one that
# calls millions of small functions does, under the sanitizers.
is_slow_itself()
{
    # shellcheck disable=SC2086
    [ -n "$erased" ] && $flags -w "$erased" -o own >own.log 2>&1 || return 1
    slow_status=0
    timeout $((6 * slow)) ./own >own.output 2>&1 || slow_status=$?
    [ $slow_status = 124 ]
}

# run_modes MODE...: `program MODE SEED` must succeed and print what the file expected says.
run_modes()
{
    for mode; do
        status=0
        timeout $((60 * slow)) ./program "$mode" "$one" >output 2>errors || status=$?
        if [ $status = 124 ] && is_slow_itself; then
            echo "skipped $one"
            cd "$work" && rm -rf "$dir"
            exit 0
        fi
        cmp -s expected output || its_own || failed "mode $mode, another output: $(isolate)"
        [ $status = 0 ] || failed "mode $mode, exit status $status"
    done
}

# Runs check_one for each program, in a process of its own, several at a time.
check_all()
{
    if [ -n "$one" ]; then
        dir=$work/$one flags='' mode=0
        [ ! -e "$work/stop" ] || exit 0
        mkdir -p "$dir"
        cd "$dir" || exit 1
        check_one
        cd "$work" && rm -rf "$dir"
        exit 0
    fi
    [ -n "$work" ] || work=$(mktemp -d /tmp/fuzz.XXXXXX)
    mkdir -p "$work"
    work=$(cd "$work" && pwd -P)
    rm -f "$work/stop"
    prepare || exit 1
    start=$(date +%s)
    seq "$seed" $((seed + (count + unit_size - 1) / unit_size - 1)) |
        xargs -P "$(nproc)" -n 1 sh "$0" --work "$work" --compilers "$compilers" \
            ${built_in:+--built-in} --one |
        watch_all || exit 1
    rm -rf "$work"
}

# Reads the results, a line each: ok, skipped, or FAILED and the reason.
watch_all()
{
    good=0 bad=0 skipped=0
    while read -r word rest; do
        case $word in
        ok) good=$((good + 1)) ;;
        skipped) skipped=$((skipped + 1)) ;;
        *)
            bad=$((bad + 1))
            echo "$word $rest"
            [ -n "$keep_going" ] || touch "$work/stop"
            ;;
        esac
        if [ -t 1 ] || [ $(((good + bad + skipped) % 20)) = 0 ]; then
            took=$(($(date +%s) - start + 1))
            echo "$((good * unit_size)) $unit alike, $bad programs failed," \
                "$((good * unit_size * 10 / took))e-1 a second"
        fi
    done
    echo "$((good * unit_size)) $unit alike, $bad programs failed, $skipped skipped," \
        "seeds from $seed, $(($(date +%s) - start)) s"
    [ "$bad" = 0 ] && [ "$good" -gt 0 ]
}
