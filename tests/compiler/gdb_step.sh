# In `bide gdb`, `step` goes to the first line of an awaited function, and at its end back to the
# function that awaits it; `finish` runs until the function has really ended, and shows its value.
# `bide bt` shows who awaits whom. A breakpoint at a line is one place, hit once each time. Front
# ends that use MI get the same, and the user's hooks are kept.
set -eu
plain

. "$SRC/tests/harness/gdb-cases"
compile steps

# ---- step ----

{
    echo "tbreak steps.c:$(line 'int sum = await')"
    echo run
    repeat 46 step
} | session steps
# gdb stops at the closing brace of a plain function with one compiler, and not with the other.
shown | sed '/^await one_line();/q' | grep -v '^}$' >walk
cat >expected <<'END'
int sum = await leaf(n);
int twice = n * 2;
await bide_yield();
return twice;
sum += plain(await leaf(sum));
int twice = n * 2;
await bide_yield();
return twice;
int y = x + 1;
return y;
struct pair p = await both(sum);
struct pair p = {n, 0};
p.b = await leaf(n);
int twice = n * 2;
await bide_yield();
return twice;
await bide_sleep(BIDE_MS(1));
return p;
sum += p.a;
sum += await (*f)(1);
int twice = n * 2;
await bide_yield();
return twice;
await one_line();
END
diff expected walk || fail "$(cat out err)"
want '^bide__body_leaf (.* at steps.c'
want '^plain (x=20) at steps.c'
{
    echo "tbreak steps.c:$(line 'await one_line')"
    echo run
    echo step
    echo next
    echo 'info symbol $pc'
} | session steps
want '^bide__body_one_line (.* at steps.c'

# ---- finish ----

{
    echo "break steps.c:$(line 'int twice')"
    echo run
    echo 'delete'
    echo finish
    echo "tbreak steps.c:$(line 'p.b = await')"
    echo continue
    echo finish
    echo 'print $.b'
    echo "tbreak steps.c:$(line 'int twice') if n == 1"
    echo continue
    echo finish
    echo "tbreak steps.c:$(line 'int y')"
    echo 'kill'
    echo run
    echo next
    echo finish
    echo next
} | session steps
want '^Value returned is \$[0-9]* = 10$'
want '^Value returned is \$[0-9]* = {a = 31, b = 62}$'
want '^\$[0-9]* = 62$'
want '^Value returned is \$[0-9]* = 2$'
want 'bide__body_outer (.* at steps.c'
shown | tail -n 1 >walk
echo 'struct pair p = await both(sum);' | diff - walk || fail "$(cat out err)"

# ---- who awaits whom ----

{
    echo "break steps.c:$(line 'int twice')"
    echo run
    echo 'bide bt'
    repeat 2 next
    echo 'bide bt'
    echo delete
    echo "tbreak steps.c:$(line 'p.b = await') if n == 2"
    echo continue
    repeat 2 next
    echo 'bide bt'
    echo "tbreak steps.c:$(line 'printf')"
    echo continue
    echo 'bide bt'
    echo 'finish'
    echo 'bide bt'
} | session steps
sed -n 's/^#\([0-9]\)  *\(.*\)/\1 \2/p' out >walk
cat >expected <<END
0 leaf at steps.c:$(line 'int twice')
1 outer at steps.c:$(line 'int sum')
2 main at steps.c:$(line 'outer(5')
0 leaf at steps.c:$(line 'return twice')
1 outer at steps.c:$(line 'int sum')
2 main at steps.c:$(line 'outer(5')
0 both at steps.c:$(line 'return p')
1 (join, select or timeout)
2 outer at steps.c:$(line 'await bide_join')
3 main at steps.c:$(line 'outer(5')
0 main at steps.c:$(line 'printf')
END
diff expected walk || fail "$(cat out err)"
grep -q '^No async function is running here' err out || fail "$(cat out err)"

compile nested
{
    echo "tbreak nested.c:$(line 'await bide_yield') if n == 3"
    echo run
    echo next
    echo 'bide bt'
    repeat 7 next
} | session nested
sed -n 's/^#\([0-9]\)  *\(.*\)/\1 \2/p' out >walk
cat >expected <<END
0 f at nested.c:$(line 'return n;')
1 (join, select or timeout)
2 inner at nested.c:$(line 'await bide_join')
3 big at nested.c:$(line 'await inner(3)')
4 big at nested.c:$(line 'await big(n - 1)')
5 big at nested.c:$(line 'await big(n - 1)')
6 big at nested.c:$(line 'await big(n - 1)')
7 (join, select or timeout)
8 main at nested.c:$(line 'a = big(3)')
END
diff expected walk || fail "$(cat out err)"
shown | sed '1,3d; /^pad/q' >walk
cat >expected <<'END'
return a + b;
}
pad[0]++;
END
diff expected walk || fail "$(cat out err)"
compile steps

# ---- breakpoints: one place for each line, hit once each time ----

# The last line is left out: a sanitizer puts a function of its own there.
{
    i=0
    while [ $((i += 1)) -lt "$(grep -c '' steps.c)" ]; do
        echo "break steps.c:$i"
    done
    echo 'info breakpoints'
    echo delete
    echo "break steps.c:$(line '        sum += await leaf(i)')"
    echo "break steps.c:$(line 'await bide_join')"
    echo "tbreak steps.c:$(line 'printf')"
    echo run
    repeat 4 continue
    echo 'info breakpoints'
} | session steps
! grep '^[0-9]*\.2 ' out || fail "a line is several places: $(cat out)"
[ "$(grep -c 'already hit' out)" = 2 ] || fail "$(cat out err)"
want 'already hit 3 times'
want 'already hit 1 time$'

# ---- at the prompt, where an empty line repeats the command ----

cat >commands <<END
set debuginfod enabled off
set confirm off
tbreak steps.c:$(line 'await bide_yield')
run
next


finish
bide bt
kill
quit
END
timeout $((100 * ${BIDE_TEST_SLOW:-1})) "$BIDE" gdb -nx -q ./steps <commands >said 2>err ||
    fail "$(cat said err)"
sed 's/^(gdb) //' said >out
shows <<'END'
await bide_yield();
return twice;
}
sum += plain(await leaf(sum));
int n = await outer(5, bide_ref(leaf));
END
want '^#0  main at steps.c'

# ---- MI; a hook-stop of the user; the script loaded twice ----

cat >mi <<END
-break-insert -t steps.c:$(line 'await bide_yield')
-exec-run
END
cat >>mi <<'END'
-exec-next
-exec-next
-exec-next
-gdb-exit
END
# Each command waits for the end of the command before it.
cat >drive.sh <<'END'
while read -r line; do
    echo "$line"
    n=0
    wanted=$(grep -c '^\*stopped,reason' mi.out)
    case $line in
    -exec*) wanted=$((wanted + 1)) ;;
    esac
    while [ "$(grep -c '^\*stopped,reason' mi.out)" -lt $wanted ] && [ $((n += 1)) -lt 600 ]; do
        sleep 0.1
    done
done <mi
END
: >mi.out
sh drive.sh |
    timeout $((100 * ${BIDE_TEST_SLOW:-1})) "$BIDE" gdb -nx -q -i=mi2 ./steps >mi.out 2>err
sed -n 's/^\*stopped,reason="\([a-z-]*\)".*func="\([a-z_]*\)".*line="\([0-9]*\)".*/\1 \2 \3/p' \
    mi.out >walk
cat >expected <<END
breakpoint-hit bide__body_leaf $(line 'await bide_yield')
end-stepping-range bide__body_leaf $(line 'return twice')
end-stepping-range bide__body_leaf $(($(line 'return twice') + 1))
end-stepping-range bide__body_outer $(($(line 'int sum = await') + 1))
END
diff expected walk || fail "$(cat mi.out err)"

cat >user <<'END'
define hook-stop
echo the user's hook\n
end
END
script=$(dirname "$(dirname "$BIDE")")/share/bide/bide-gdb.py
timeout $((100 * ${BIDE_TEST_SLOW:-1})) gdb -nx -batch -x user -x "$script" -x "$script" \
    -ex "tbreak steps.c:$(line 'await bide_yield')" -ex run -ex next -ex 'info skip' ./steps \
    >out 2>err || fail "$(cat out err)"
[ "$(grep -c "^the user's hook" out)" = 2 ] || fail "$(cat out err)"
want 'return twice;$'
[ "$(grep -c '\^bide_' out)" = 1 ] || fail "$(cat out err)"

# ---- no gdb ----

status=0
GDB=./missing "$BIDE" gdb ./steps >out 2>err || status=$?
[ "$status" = 127 ] || fail "status $status without gdb"
grep -q "missing" err || fail "$(cat err)"
