# The compiler alone, and `bide cc` with it, write the same files with the same dependencies, and
# have the same exit status and standard output. A file with only async and await compiles without
# bide too, so each command can be run both ways.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

cat >src/two.c <<'END'
#include <bide/bide.h>
#include "hello.h"

async int thrice(int n)
{
    return 3 * n;
}
END
echo 'int number(void) { return 42; }' >src/number.c
cp src/hello.c src/hello.txt
echo "-DX='1 2' \"hello.c\" @more" >src/args
echo '-O1 "-I" .' >src/more
"$CC" -S src/number.c -o src/assembly.s
libs="-L'$BUILD/lib' -lbide -Wl,-rpath,'$BUILD/lib'"

# Runs the command line in a fresh folder, with the compiler in place of %.
run()
{
    mkdir "$1"
    cp src/* "$1"
    mkdir "$1/sub"
    (cd "$1" && eval "$(printf '%s' "$2" | sed "s#%#$3#")") >"$1.out" 2>"$1.err" </dev/null &&
        echo 0 >"$1.status" || echo $? >"$1.status"
    (cd "$1" && find . -type f | sort) >"$1.files"
}

same()
{
    case_number=$((case_number + 1))
    cd "$WORK"
    plain=$case_number-plain ours=$case_number-ours
    run "$plain" "$1" "\$CC -isystem '$BUILD/include'"
    run "$ours" "$1" "\$cc"
    for what in status files out; do
        cmp -s "$plain.$what" "$ours.$what" || fail "$1: $what differs:
$(diff "$plain.$what" "$ours.$what")
$(cat "$plain.err" "$ours.err")"
    done
    for file in $(cd "$plain" && find . -name '*.d' -o -name deps); do
        cmp -s "$plain/$file" "$ours/$file" || fail "$1: $file differs:
$(diff "$plain/$file" "$ours/$file")"
    done
    [ -z "$(ls -A "$temp")" ] || fail "$1: left in TMPDIR: $(ls -A "$temp")"
}

same "% -c hello.c"
same "% -c hello.c two.c number.c assembly.s"
same "% -S hello.c -o sub/hello.s"
same "% -fsyntax-only -MMD hello.c"
same "% -c -x c hello.txt -x none two.c assembly.s"
same "% -x c -c - -o out.o <hello.c"
same "% -x c -S - -o - <number.c"
same "% -c @args -o sub/a.o"
same "% -MMD -MF deps -MT x -c hello.c"
same "% -MMD -MFdeps -MQ 'x\$y' -c hello.c -o sub/h.o"
same "% -MMD hello.c number.c $libs -o hello"
same "% -MM -MG -DX hello.c"
same "% -Wp,-MMD,deps -c hello.c"
same "% --coverage hello.c two.c number.c $libs -o hello"
same "% -g -gsplit-dwarf -fstack-usage -c hello.c -o sub/h.o"
same "% -c hello.c nowhere.c >/dev/null; rm -f hello.o"
same "% -c hello.c -o nowhere/hello.o"
same "% --version"
if [ -n "$LONG" ]; then
    same "% -S hello.c number.c"
    same "% -MMD -c hello.c two.c number.c"
    same "% -MMD -MP -c hello.c -o sub/h.o"
    same "% -MMD -S hello.c"
    same "% -MMD -x c -c - -o out.o <hello.c"
    same "% -MMD hello.c $libs"
    same "% -MM -MF deps -MT foo hello.c"
    same "% --coverage -c hello.c -o sub/h.o"
    same "% -flto -pipe -c hello.c"
    same "% -E -P number.c -o out.i"
    same "% -include hello.h -c two.c -o two.o"
    same "% -nonsense -c hello.c"
    same "% -dumpversion -dumpmachine -print-search-dirs"
    same "% -print-prog-name=ld"
    same "%"
fi
if [ -z "$is_clang" ]; then # clang adds the target, and writes bitcode
    same "% -Wp,-MMD,deps -Wp,-MT,foo -c hello.c -o sub/h.o"
    same "% -save-temps -c hello.c"
    same "% -save-temps=obj -c hello.c -o sub/other.o"
fi
