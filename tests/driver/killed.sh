# Whatever ends the driver or the compiler, nothing is left behind, and the parent process sees the
# same end.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

# A compiler that reports its start, and then never ends.
slow()
{
    cat >slow <<END
#!/bin/sh
case " \$* " in
*" -E "*) exec $CC "\$@" ;;
esac
touch started
exec sleep 60
END
    chmod +x slow
}

wait_for()
{
    i=0
    until eval "$1"; do
        i=$((i + 1))
        [ $i -lt 500 ] || fail "$what: waited in vain for $1: $(ls -AR "$temp")"
        sleep 0.02
    done
}

for signal in TERM INT HUP QUIT; do
    begin "SIG$signal: no temporary file, no output"
    slow
    # A background job of a script ignores SIGINT; env restores the default.
    env --default-signal=INT,QUIT bide cc ./slow -c hello.c >out 2>&1 &
    pid=$!
    wait_for '[ -e started ]'
    [ -n "$(ls -A "$temp")" ] || fail "$what: there is no private folder, so this tests nothing"
    kill -$signal $pid
    status=0
    wait $pid 2>/dev/null || status=$?
    [ "$status" -gt 128 ] || fail "$what: exit status $status"
    missing hello.o
    end
done

begin "SIGKILL: no temporary file"
slow
setsid sh -c 'echo $$ >leader; exec "$@"' - bide cc ./slow -c hello.c >out 2>&1 &
wait_for '[ -e started ]'
[ -n "$(ls -A "$temp")" ] || fail "$what: there is no private folder, so this tests nothing"
kill -KILL "$(cat leader)"
wait_for '[ -z "$(ls -A "$temp")" ]'
kill -KILL -"$(cat leader)" 2>/dev/null || : # the compiler has heard nothing, if it had begun
wait
end

begin "SIGKILL to the whole process group: no temporary file"
slow
setsid sh -c 'echo $$ >leader; exec "$@"' - bide cc ./slow -c hello.c >out 2>&1 &
wait_for '[ -e started ]'
[ -n "$(ls -A "$temp")" ] || fail "$what: there is no private folder, so this tests nothing"
kill -KILL -"$(cat leader)"
wait_for '[ -z "$(ls -A "$temp")" ]'
wait
end

# A compiler that starts another program to compile, as gcc does. That program never ends, and is
# not told when its parent ends; the preprocessor ends when that program has started.
forks()
{
    cat >forks <<END
#!/bin/sh
case " \$* " in
*" -E "*)
    until [ -e begun ]; do sleep 0.02; done
    exec $CC "\$@"
    ;;
esac
sleep 60 >/dev/null 2>&1 &
echo \$! >child
mv child begun
wait
END
    chmod +x forks
}

child_has_ended()
{
    ! grep -q '^State:.[^XZ]' "/proc/$(cat begun)/status" 2>/dev/null
}

begin "an error ends the plain reading with all its processes"
forks
sed 's/await //' hello.c >bad.c
refused bide cc ./forks -c bad.c
wait_for child_has_ended
end

for signal in TERM INT KILL; do
    begin "SIG$signal: the plain reading ends with all its processes"
    forks
    sed -i 's/exec .*/touch started; exec sleep 1/' forks # in the middle of that
    env --default-signal=INT,QUIT bide cc ./forks -c hello.c >out 2>&1 &
    pid=$!
    wait_for '[ -e started ]'
    kill -$signal $pid
    wait $pid 2>/dev/null || :
    wait_for child_has_ended
    wait_for '[ -z "$(ls -A "$temp")" ]'
    end
done

begin "bide dies by the signal that killed the compiler"
cat >dies <<END
#!/bin/sh
case " \$* " in
*" -E "*) exec $CC "\$@" ;;
esac
kill -TERM \$\$
END
chmod +x dies
sh -c '"$@"; echo $? >status' - bide cc ./dies -c hello.c >out 2>&1
[ "$(cat status)" = 143 ] || fail "$what: $(cat status): $(cat out)"
sed -i 's/kill -TERM.*/exit 9/' dies
try bide cc ./dies -c hello.c
[ "$status" = 9 ] || fail "$what: exit status $status"
try bide cc ./dies -c plain.c
[ "$status" = 9 ] || fail "$what: exit status $status"
end

begin "nobody reads the messages"
sed 's/2 \* n/2 * m/' hello.c >bad.c
sh -c '"$@" 2>&1 | true' - $cc -c bad.c
wait_for '[ -z "$(ls -A "$temp")" ]'
end

begin "no other process keeps our output open"
sh -c '"$@" 2>&1 | cat' - $cc -c hello.c >out
exists hello.o
end

begin "without a folder for temporary files, the next one is taken, as gcc does"
touch file
mkdir closed relative
chmod 500 closed
long=$PWD/$(printf '%03500d' 0 | sed 's/0\{100\}/&\//g')
mkdir -p "$long"
longer=$long/$(printf '%02000d' 0 | sed 's/0\{100\}/&\//g')
for folder in "$PWD/nowhere" "$PWD/file" '' /dev/null relative "$PWD/closed" "$long" "$longer"; do
    TMPDIR=$folder TMP=$temp silent $cc -c hello.c
    exists hello.o
    rm hello.o
    TMPDIR=$folder TMP='' TEMP=$temp silent $cc -c hello.c
    rm hello.o
done
[ -z "$(ls -A relative)$(ls -A closed)" ] || fail "left something"
case $("$CC" --version) in
*clang*) ;; # clang itself cannot link without that folder
*) TMPDIR=$PWD/nowhere TMP=file TEMP= silent bide run hello.c ;;
esac
TMPDIR=$PWD/nowhere silent bide size hello.c
chmod 700 closed
end
