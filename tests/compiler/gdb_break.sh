# `break NAME` in `bide gdb` stops at the first line of an async function, once for each call. The
# function may be external or static, share its name with another one, be main, or be in a library
# that is loaded later; a condition may use its arguments. `bide tasks` lists all tasks, also in a
# core dump.
set -eu

command -v gdb >/dev/null || skip "no gdb"
export ASAN_OPTIONS=detect_leaks=0

cat >one.c <<'END'
#include <bide/bide.h>
#include <stdio.h>

static async int child(int n) { await bide_sleep(BIDE_MS(1)); return n; }

static async int twin(int n)
{
    int m = n * 2;
    await bide_yield();
    await bide_yield();
    return m;
}

async int work(int argument)
{
    int before = argument + 1;
    await bide_yield();
    return before + await twin(2);
}

async int other(int n);
__attribute__((noinline)) int plain(int n);

int plain(int n) { __asm__ volatile("" : "+r"(n)); return n + 1; }

async int main(void)
{
    int a = await child(1);
    a += await child(2);
    a += await work(3);
    a += await other(4);
    a += plain(5);
    printf("%d\n", a);
    return a == 27 ? 0 : 1;
}
END
cat >two.c <<'END'
#include <bide/bide.h>

static async int twin(int n)
{
    int m = n * 3;
    await bide_yield();
    return m;
}

async int other(int n)
{
    return await twin(n) - 2;
}
END

# session PROGRAM: runs gdb with the commands from standard input.
session()
{
    {
        printf 'set pagination off\nset confirm off\nset debuginfod enabled off\n'
        cat
    } >commands
    timeout $((60 * ${BIDE_TEST_SLOW:-1})) "$BIDE" gdb -nx -batch -x commands "$@" >out 2>err \
        </dev/null || :
    if grep -q 'ptrace: Operation not permitted\|Could not trace' err; then
        skip "gdb may not trace here"
    fi
}

want()
{
    grep -q -e "$1" out || fail "no '$1' in:
$(cat out err)"
}

# stops LINE...: gdb showed these lines at its stops, in this order.
stops()
{
    # In optimized code, the first lines of main and work may have no beginning.
    stop='\(Breakpoint\|Temporary breakpoint\|Thread .* hit .*reakpoint\) [0-9.]*,'
    sed -n "s/one.c:27\$/one.c:28/
        s/one.c:15\$/one.c:16/
        s/^$stop .* \([a-z]*\.c:[0-9]*\)\$/\2/p" out >stopped
    printf '%s\n' "$@" | diff - stopped >difference || fail "$(cat difference out err)"
}

for level in -O0 -O2; do
    "$BIDE" cc "$CC" $level -g one.c two.c -o program
    session ./program <<'END'
break child
break twin
tbreak work
b main
break plain
run
continue
continue
continue
print argument
bide tasks
continue
continue
bide bt
continue
continue
END
    stops one.c:28 one.c:4 one.c:4 one.c:16 one.c:8 two.c:5 one.c:24
    want '^#0  twin at two.c:5'
    want '^#1  other at two.c:12'
    want '^task 0x[0-9a-f]* runs'
    want '^  work at one.c:1[56]'
    [ "$level" != -O0 ] || want '^\$1 = 3'
    want 'exited normally'

    session ./program <<'END'
break child if n == 2
tbreak one.c:twin if n > 1
break two.c:twin if n == 1
break one.c:32
info breakpoints
run
continue
continue
continue
END
    if [ "$level" = -O0 ]; then
        stops one.c:4 one.c:8 one.c:32
    fi
    want 'exited normally'
done

# --- code on the line of the opening brace; with the source, and without it ---
cat >brace.c <<'END'
#include <bide/bide.h>
static async int first(int n) { int m = n;
    await bide_yield();
    return m; }
static async int second(int n)
{ await bide_yield(); return n;
}
static async int third(int n) { /* nothing here */
    await bide_yield();
    return n;
}
async int main(void)
{ int a = await first(1); a += await second(2); a += await third(3); return a - 6;
}
END
"$BIDE" cc "$CC" -O0 -g brace.c -o brace
for i in 1 2; do
    session ./brace <<'END'
break first
break second
break third
break main
run
continue
continue
continue
continue
END
    if [ "$i" = 1 ]; then
        stops brace.c:13 brace.c:2 brace.c:6 brace.c:9
    else
        stops brace.c:13 brace.c:3 brace.c:6 brace.c:9
    fi
    want 'exited normally'
    rm -f brace.c
done

# --- a deferred block first; a branch on the line of the join ---
cat >first.c <<'END'
#include <bide/bide.h>
static int ends;
static async int deferred(int n)
{
    defer { ends++; }
    defer {
        ends++;
    }
    await bide_sleep(BIDE_MS(1));
    return n;
}
static async int joins(int n)
{
    await bide_join(({
        await bide_yield();
        n++;
    }), bide_yield());
    return n;
}
async int main(void)
{
    int n = await deferred(1);
    n += await deferred(2);
    n += await joins(3);
    return n - 7;
}
END
"$BIDE" cc "$CC" -O0 -g first.c -o first
session ./first <<'END'
break deferred
run
continue
continue
END
stops first.c:9 first.c:9
want 'exited normally'
session ./first <<'END'
python print("locations", gdb.VERSION.split(".")[0] >= "13")
break joins
run
continue
END
if grep -q 'locations True' out; then
    stops first.c:14
    want 'exited normally'
fi

# --- without a process ---
session ./brace <<'END'
bide bt
END
grep -qx 'The program is not being run\.' err || fail "$(cat out err)"
session ./brace <<'END'
bide tasks
END
grep -qx 'The program is not being run\.' err || fail "$(cat out err)"

# --- pending breakpoints, names that do not exist ---
cat >library.c <<'END'
#include <bide/bide.h>
static async int hidden(int n)
{
    n += 3;
    await bide_yield();
    return n;
}
async int inside(int n);
async int inside(int n)
{
    await bide_yield();
    return await hidden(n);
}
END
cat >user.c <<'END'
#include <bide/bide.h>
async int inside(int n);
async int main(void)
{
    return await inside(2) - 5;
}
END
"$BIDE" cc "$CC" -O0 -g -fPIC -shared library.c -o liblibrary.so
"$BIDE" cc "$CC" -O0 -g user.c -L. -llibrary "-Wl,-rpath,$PWD" -o user
session ./user <<'END'
set breakpoint pending on
break hidden if n == 2
break inside
run
continue
continue
END
stops library.c:11 library.c:4
want 'exited normally'
session ./user <<'END'
break nothing
END
grep -q 'answered N' err || fail "$(cat out err)"
session ./user <<'END'
set breakpoint pending off
break nothing
END
grep -q 'Function "nothing" not defined' err || fail "$(cat out err)"

# --- all tasks ---
cat >tasks.c <<'END'
#include <bide/bide.h>
#include <stdlib.h>
static async int nap(int ms)
{
    return await bide_sleep(BIDE_MS(ms));
}
static async int waits(bide_task(int) task)
{
    return await bide_task_wait(task);
}
static async int both(void)
{
    int a, b;
    await bide_join(a = nap(60000),
        b = nap(50000));
    return a + b;
}
async int main(void)
{
    bide_task(int) first = bide_spawn(nap(40000));
    bide_task(int) second = bide_spawn(both());
    bide_future(int) later = bide_lazy(nap(3));
    bide_task(int) third = bide_spawn(waits(bide_move(first)));
    for (int i = 0; i < 3; i++)
        await bide_yield();
    abort();
    return await bide_get(later) + await bide_task_wait(second) + await bide_task_wait(third);
}
END
"$BIDE" cc "$CC" -O0 -g tasks.c -o tasks
# listed: the output of `bide tasks` is right
listed()
{
    sed -n 's/0x[0-9a-f]*/AT/g;s/ at [^ ]*\/\([a-z_]*\.c:[0-9]*\)$/ at \1/
        /^task\|^future\|^  /p' out >list
    for line in '^task AT runs' '^  main at tasks.c:2[56]' '^task AT waits, awaited by AT' \
        '^  bide_sleep' '^  nap at tasks.c:5' '^  (join, select or timeout)' '^    branch 0:' \
        '^      nap at tasks.c:5' '^    branch 1:' '^  both at tasks.c:1[45]' \
        '^future AT has not begun' '^  bide_task_wait\|^  waits at tasks.c:9'; do
        grep -q "$line" list || fail "no '$line' in: $(cat list out err)"
    done
}
session ./tasks <<'END'
run
bide tasks
END
listed
[ -z "$SANITIZE" ] || exit 0 # a sanitizer's memory is too large for a core dump
session ./tasks <<'END'
run
generate-core-file core.of.tasks
END
grep -q 'Saved corefile' out || fail "no core: $(cat out err)"
session ./tasks core.of.tasks <<'END'
bide tasks
END
listed
