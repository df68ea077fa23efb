# clang is started before its text is there. It writes and prints the same as with a file; a text
# that does not come, or only a part of it, gives no object.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

# Not $CC: that is a script here.
find_clang()
{
    IFS=:
    for folder in $PATH; do
        real=$(realpath -e "$folder/clang" 2>/dev/null) || continue
        case ${real##*/} in clang*) ;; *) continue ;; esac
        [ "$(head -c 4 "$real" | tail -c 3)" = ELF ] || continue
        echo "$folder/clang"
        return
    done
}
clang=$(find_clang)
[ -n "$clang" ] || skip "there is no clang"
cc="bide cc $clang"

wait_for()
{
    i=0
    until eval "$1"; do
        i=$((i + 1))
        [ $i -lt 500 ] || fail "$what: waited in vain for $1: $(ls -AR "$temp")"
        sleep 0.02
    done
}

# The preprocessor waits for this header; with -w it alone reads it.
begin_slow()
{
    begin "$1"
    mkfifo later.h
    sed -i '1i #include "later.h"' hello.c
}

# Is there a compiler that reads a text of the private folder?
compiler_runs()
{
    grep -qs -a -e "$temp/bide-.*/hello.i" /proc/[0-9]*/cmdline
}

# Has the compiler opened its text? Then it has the pipe open twice.
compiler_reads()
{
    for process in $(grep -ls -a -e "$temp/bide-.*/hello.i" /proc/[0-9]*/cmdline); do
        pipes=$(ls -l "${process%/cmdline}/fd" 2>/dev/null | grep -o 'pipe:.*' | sort | uniq -d)
        [ -z "$pipes" ] || return 0
    done
    return 1
}

begin "compiled a second time, since the file uses a name of the generated code"
cat >names.c <<'END'
#include <bide/bide.h>
async int f(int n)
{
    return await bide_yield(), n;
}
const void *const descriptor = &bide__desc_f;
END
silent $cc -Wall -c names.c
exists names.o
sed 's/^{/{ int unused;/' names.c >names2.c
ok $cc -Wall -c names2.c
[ "$(grep -c 'warning: ' err)" = 1 ] || fail "$(cat err)"
refused $cc -Wall -Werror -c names2.c -o names3.o
has err 'error: unused'
missing names3.o
end

begin_slow "started before its text is there"
$cc -w -O2 -c hello.c >out 2>err &
wait_for '[ -L "$temp"/bide-*/1/hello.i ] && compiler_runs'
missing hello.o
echo '#define GREETING "later"' >later.h
wait $!
[ ! -s err ] || fail "$what: $(cat err)"
rm later.h
echo '#define GREETING "later"' >later.h
ok bide cc env "$clang" -O2 -c hello.c -o file.o
cmp hello.o file.o || fail "$what: the objects differ"
end

# Without -w the plain reading is compiled at the same time; it must end too.
for signal in TERM INT HUP QUIT; do
    more=
    [ $signal != INT ] || more=-w
    begin_slow "SIG$signal while it waits"
    env --default-signal=INT,QUIT $cc $more -c hello.c >out 2>&1 &
    pid=$!
    wait_for compiler_reads
    kill -$signal $pid
    status=0
    wait $pid 2>/dev/null || status=$?
    [ "$status" -gt 128 ] || fail "$what: exit status $status"
    compiler_runs && fail "$what: it still waits"
    grep -qs -a "$temp" /proc/[0-9]*/environ && fail "$what: a compiler still runs"
    missing hello.o
    end
done

begin_slow "SIGKILL while it waits"
setsid sh -c 'echo $$ >leader; exec "$@"' - $cc -w -c hello.c >out 2>&1 &
wait_for compiler_reads
kill -KILL "$(cat leader)"
wait_for '! compiler_runs'
kill -KILL -"$(cat leader)" 2>/dev/null || :
missing hello.o
wait_for '[ -z "$(ls -A "$temp")" ]'
wait
end

begin "a text that does not come"
echo old >hello.o
sed 's/2 \* n/2 * m/' hello.c >bad.c
mv bad.c hello.c
refused $cc -c hello.c
has err "hello.c:7:.*undeclared identifier 'm'"
missing hello.o
sed -i '1i #include "nowhere.h"' hello.c
refused $cc -c hello.c
has err "hello.c:1:10: fatal error: 'nowhere.h'"
missing hello.o
end

begin "a file that only mentions async"
echo '/* no async */ int number(void) { return 42; }' >word.c
silent $cc -c word.c
exists word.o
end

begin "a script named clang gets a file"
mkdir bin
cat >bin/clang <<END
#!/bin/sh
for word; do
    case \$word in *.i) cat "\$word" "\$word" >twice ;; esac
done
exec $clang "\$@"
END
chmod +x bin/clang
silent bide cc env "$clang" -c hello.c -o file.o
silent bide cc bin/clang -c hello.c
cmp hello.o file.o || fail "$what: the objects differ"
mv bin/clang bin/other
ln -s other bin/clang
rm hello.o
silent bide cc bin/clang -c hello.c
cmp hello.o file.o || fail "$what: the objects differ"
end

# The same command with a file, which a compiler gets that another program starts.
same()
{
    begin "$1"
    for way in pipe file; do
        cd "$WORK"
        mkdir "$case_number/same"
        cd "$case_number/same"
        cp "$WORK"/src/* .
        mkdir sub "with space"
        cp hello.c "with space/it's \"hello\".c"
        cp hello.h "with space"
        compiler=$clang
        [ $way = pipe ] || compiler="env $clang"
        try eval "bide cc $compiler $1"
        echo "$status" >status
        # Some kinds of debug information name the file in the private folder.
        find . -type f -exec sed -i 's#/bide-[A-Za-z0-9]*/1/#/bide-XXXXXX/1/#g' {} +
        cd ..
        mv same $way
    done
    if ! diff -r pipe file >diff; then
        fail "$what: $(cat diff)"
    fi
    end
}

cat >"$WORK"/src/unused.c <<'END'
#include <bide/bide.h>
async int f(int n)
{
    int unused;
    if (n = 1)
        return n;
    return await f(n);
}
END
same "-c -O2 hello.c"
same "-S -g -O1 hello.c -o -"
same "-c -g -gsplit-dwarf -ffunction-sections -fstack-usage hello.c -o sub/h.o"
same "-c -MMD -MF deps -Wall unused.c"
same "-c -Wall -Werror unused.c"
same "-c -g -x c \"with space/it's \\\\\"hello\\\\\".c\" -o sub/out.o"
same "-c --no-such-option hello.c"
if [ -n "$LONG" ]; then
    same "-c -O0 -g hello.c"
    same "-c -O2 -g hello.c"
    same "-S -O2 hello.c"
    same "-c -g3 -fdebug-macro -gdwarf-4 hello.c"
    same "-c -g -O2 -flto hello.c"
    same "-c -g -O2 -no-integrated-as hello.c"
    same "-c -O1 --coverage hello.c"
    same "-c -O1 -fsanitize=address,undefined hello.c"
    same "-c -DX='1 2' -emit-llvm -g hello.c"
    same "-c -Weverything -pedantic hello.c"
    same "-c -Wall unused.c --serialize-diagnostics diagnostics"
    same "-c hello.c -o nowhere/hello.o"
fi
