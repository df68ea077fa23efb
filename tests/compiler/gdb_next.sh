# In `bide gdb`, `next` over an await stops at the next line of the same activation, whatever the
# await waits for, in whatever thread the function goes on, and whatever other tasks run the same
# function meanwhile. At the end of a function, `next` goes to the function that awaits it. Other
# stops on the way are shown as usual.
set -eu

. "$SRC/tests/harness/gdb-cases"

# ---- every form, in the order of the lines; then the function that was suspended ----

compile shapes
{
    echo "tbreak shapes.c:$(line 'int sum = await')"
    echo run
    repeat 50 next
} | session shapes
# If an await, like a call, has several lines, gdb may stop at more than one of them, and more than
# once.
several='await bide_join(({|}), b = wait(2));'
{
    shown | grep -vxE "$(echo "$several" | sed 's/[({})]/[&]/g')" | sed '/^n = n > 0;/q'
} >walk
cat >expected <<'END'
int sum = await wait(1) + await wait(2);
if (sum && await wait(n))
sum += 1;
sum += n ? await wait(3) : await wait(4);
sum = plain(await wait(sum), await at_once(1));
if (n < 0)
await wait(2);
if (n < 0)
while (await wait(n) < 3)
n++;
while (await wait(n) < 3)
for (int i = await wait(0); i < await wait(1); i++)
sum += plain(i, await wait(1));
for (int i = await wait(0); i < await wait(1); i++)
switch (await wait(n)) {
sum += 3;
break;
sum += await bide_blocking(plain(1, 2));
bide_scope(s) {
bide_scope_spawn(s, wait(1));
bide_scope_spawn(s, wait(2));
}
sum++;
defer { await wait(9); }
bide_future(int) later = bide_lazy(wait(5));
sum += await bide_get(later);
int a = 0, b = 0;
await bide_join(a = wait(1), b = at_once(2));
int first = await bide_select(a = wait(3), b = wait(4));
int late = await bide_timeout(BIDE_MS(1), bide_sleep(BIDE_S(60)));
sum += first + late + b;
bide_task(int) task = bide_spawn(async ({
await bide_task_join(task, &b);
return await wait(sum);
}
n = n > 0;
END
diff expected walk || fail "$(cat out err)"
want '^bide__body_main .* at shapes.c'

# ---- a branch, an async block as a task, the end of a task ----

{
    echo "tbreak shapes.c:$(($(line '        a++;') - 1))"
    echo "tbreak shapes.c:$(line 'int in = await')"
    echo run
    repeat 3 next
    echo continue
    repeat 3 next
} | session shapes
shows <<'END'
await bide_yield();
a++;
}), b = wait(2));
int in = await wait(7);
in + 1;
}));
[bide: the task of shapes_block_1 has ended]
END
want 'bide__body_shapes (.* at shapes.c'

# ---- plain statements: as in plain C; the locals in the frame are right at each stop ----

compile lines
walk_lines()
{
    {
        echo "tbreak lines.c:$(line 'int r = 0')"
        echo run
        i=0
        while [ $((i += 1)) -le 110 ]; do
            echo next
            echo 'print n == *pn && r == *pr && sum == *ps'
        done
    } | session lines
    shown | sed '/^return \*pn/q' >"$1"
}
case $("$CC" --version) in
*clang*) ;; # ends a block with code on the line of its brace
*)
    walk_lines walk
    sed '/return \*pn/q' out >until_end
    ! grep -q '^\$[0-9]* = 0$' until_end || fail "$(cat until_end)"
    cp lines async_lines
    "$CC" -DPLAIN -O0 -g lines.c -o lines
    walk_lines plain
    diff plain walk || fail "$(cat out err)"
    cp async_lines lines
    ;;
esac
{
    echo "break lines.c:$(line 'if (set(&r, 1) == 2)')"
    echo "break lines.c:$(line 'if (r < 0)')"
    echo run
    repeat 3 continue
} | session lines
[ "$(grep -c '[0-9].*if (r < 0)' out)" = 1 ] || fail "$(cat out err)"
[ "$(grep -c '[0-9].*if (set(&r, 1) == 2)' out)" = 1 ] || fail "$(cat out err)"

# ---- three tasks in the same function: always the same one ----

compile tasks
{
    echo "tbreak tasks.c:$(line 'sum += await nap') if who == 2"
    echo run
    echo 'python first = int(gdb.parse_and_eval("(long)frame"))'
    for i in 1 2 3 4 5 6 7 8 9; do
        echo next
        echo 'python print("same", int(gdb.parse_and_eval("(long)frame")) == first)'
        echo 'print who'
    done
    repeat 2 next
} | session tasks
shows <<'END'
sum += await nap(who);
sum += 1000;
for (int i = 0; i < 3; i++) {
sum += await nap(who);
sum += 1000;
for (int i = 0; i < 3; i++) {
sum += await nap(who);
sum += 1000;
for (int i = 0; i < 3; i++) {
return sum;
}
[bide: the task of work has ended]
END
[ "$(grep -c '^same True$' out)" = 9 ] || fail "$(cat out err)"
[ "$(grep -c '^\$[0-9]* = 2$' out)" = 9 ] || fail "$(cat out err)"

# ---- `next N` ends where it has to wait; `until` does what `next` does ----

{
    echo "tbreak tasks.c:$(line 'int sum = 0;') if who == 3"
    echo run
    echo 'next 20'
    repeat 2 next
    echo until
    echo 'print i'
} | session tasks
shows <<'END'
int sum = 0;
sum += 1000;
for (int i = 0; i < 3; i++) {
sum += await nap(who);
sum += 1000;
END
want '^\$1 = 1$'

# ---- cancelled: to the deferred block; without one, to the awaiting function or the end ----

{
    echo "tbreak tasks.c:$(line 'await bide_sleep(BIDE_S(60));')"
    echo run
    repeat 5 next
} | session tasks
shown | sed '/^all += late;/q' >walk
cat >expected <<'END'
await bide_sleep(BIDE_S(60));
await bide_yield();
*flag = 1;
}
all += late;
END
diff expected walk || fail "$(cat out err)"

sleep_line=$(grep -n 'await bide_sleep(BIDE_S(60));' tasks.c | sed -n 's/:.*//; 2p')
{
    echo "break tasks.c:$sleep_line"
    echo run
    echo next
    echo continue
    echo next
} | session tasks
shown | sed '4!b; q' >walk
shown | sed -n '5p' >>walk
cat >expected <<'END'
await bide_sleep(BIDE_S(60));
[bide: untidy was cancelled]
all -= late;
await bide_sleep(BIDE_S(60));
[bide: untidy was cancelled]
END
diff expected walk || fail "$(cat out err)"

# ---- breakpoints, signals and the end of the program meanwhile ----

{
    echo "tbreak tasks.c:$(line 'flag = 4;')"
    echo "break tasks.c:$(line 'flag = 3;')"
    echo run
    repeat 2 next
    repeat 2 next
} | session tasks
shown | sed -n '1,3p' >walk
cat >expected <<'END'
flag = 4;
await bide_task_wait(noisy);
flag = 3;
END
diff expected walk || fail "$(cat out err)"
want '^Breakpoint 2[.0-9]*, bide__body_main_block_1' # the library may have a file of this name
want 'received signal SIGUSR1'
{
    echo "tbreak tasks.c:$(line 'flag = 4;')"
    echo 'handle SIGUSR1 stop'
    echo run
    repeat 2 next
    echo 'info program'
} | session tasks
want 'received signal SIGUSR1'
want 'stopped with signal SIGUSR1'
{
    echo "break tasks.c:$sleep_line"
    echo 'handle SIGUSR1 nostop noprint'
    echo run
    repeat 2 continue
    echo next
} | session tasks
want 'exited normally'

# ---- several threads run the same function; a chain runs in another thread each time ----

compile threads
{
    echo "tbreak threads.c:$(line 'int sum = n;') if n == 3"
    echo run
    echo 'python first = int(gdb.parse_and_eval("(long)frame"))'
    for i in 1 2 3 4 5; do
        echo next
        echo 'python print("same", int(gdb.parse_and_eval("(long)frame")) == first)'
    done
} | session threads
shows <<'END'
int sum = n;
await bide_sleep(BIDE_MS(5 + n));
sum += n;
await bide_sleep(BIDE_MS(5));
return sum;
}
END
[ "$(grep -c '^same True$' out)" = 5 ] || fail "$(cat out err)"
{
    echo "tbreak threads.c:$(line 'int seen = n;')"
    echo run
    echo 'python first = int(gdb.parse_and_eval("$_thread"))'
    repeat 2 next
    echo 'print seen'
    echo 'python print("another", int(gdb.parse_and_eval("$_thread")) != first)'
    repeat 2 next
    echo 'print seen'
    repeat 3 next
} | session threads
shows <<'END'
int seen = n;
await bide_yield();
seen++;
await bide_yield();
seen++;
printf("%d\n", seen);
}
[bide: the task of hop has ended]
END
want '^another True'
want '^\$1 = 40'
want '^\$2 = 41'

# ---- plain C that blocks on a call: `next` goes on in the plain C ----

{
    echo "tbreak threads.c:$(line 'int sum = n;') if n == 10"
    echo run
    repeat 6 next
} | session threads
shows <<'END'
int sum = n;
await bide_sleep(BIDE_MS(5 + n));
sum += n;
await bide_sleep(BIDE_MS(5));
return sum;
}
last += n[0] + n[1] + n[2];
END
