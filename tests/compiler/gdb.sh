# At -O0 -g, gdb without a script of ours stops in the user's async function at the user's line,
# before an await and after it. It prints locals by name, also those that live in the frame. `next`
# goes to the next line, also over an await that does not have to wait. An await that waits needs a
# breakpoint after it; gdb_next.sh tests what `next` does in `bide gdb`.
set -eu

command -v gdb >/dev/null || skip "no gdb"
# The leak check cannot run in a program that is being traced.
export ASAN_OPTIONS=detect_leaks=0

cat >stop.c <<'END'
#include <bide/bide.h>
#include <stdio.h>

struct point {
    int x, y;
};

async int work(int argument)
{
    int before = argument * 2;
    char word[8] = "hello";
    struct point p = {1, 2};
    await bide_yield();
    p.x = before + 1;
    int after = before + p.x;
    printf("%d %s\n", after, word);
    return after;
}

async int main(void)
{
    int r = await work(20);
    return r == 81 ? 0 : 1;
}
END
"$BIDE" cc "$CC" -O0 -g stop.c -o stop
cat >commands <<'END'
set pagination off
set confirm off
set debuginfod enabled off
break stop.c:10
break stop.c:15
run
info line
print argument
continue
print before
print p.x
next
print after
print before + after
bt 1
delete
continue
END
timeout 60 gdb -nx -batch -x commands ./stop >out 2>err </dev/null || fail "$(cat out err)"
if grep -q 'ptrace: Operation not permitted\|Could not trace' err; then
    skip "gdb may not trace here"
fi

want()
{
    grep -q "$1" out || fail "no '$1' in:
$(cat out err)"
}

want 'Breakpoint 1, .* stop\.c:10'
want '^\$1 = 20'
want 'Breakpoint 2, .* stop\.c:15'
want '^\$2 = 40'
want '^\$3 = 41'
want '^16.*printf'
want '^\$4 = 81'
want '^\$5 = 121'
want 'work.* at stop\.c:16'
want '^81 hello'
want 'exited normally'

# ---- locals that live in the frame, awaits, branches, blocks ----

cat >frame.c <<'END'
#include <bide/bide.h>
#include <stdio.h>

struct point {
    int x, y;
};

static void fill(struct point *p, int v)
{
    p->x = v;
    p->y = v + 1;
}

static async int ready(int n)
{
    return n;
}

async int work(int argument)
{
    char word[8] = "hello";
    int numbers[3] = {1, 2, 3}, taken = argument, *to = &taken;
    char big[4096] = "a long one";
    const int fixed = argument + 1;
    struct point p = {1, 2};
    fill(&p, argument);
    await bide_yield();
    numbers[1] = p.x + await ready(2);
    *to += fixed;
    big[0] = 'A';
    int a = 0, b = 0;
    await bide_join(a = ready(7), b = ready(8));
    numbers[2] = a + b;
    for (int i = 0; i < 2; i++) {
        struct point inner = {i, i};
        fill(&inner, i + 30);
        await bide_yield();
        taken += inner.x;
    }
    return numbers[1] + numbers[2] + taken + word[0] + big[1];
}

async int main(void)
{
    int captured = 20;
    bide_task(int) t = bide_spawn(async ({
        await bide_yield();
        int n = await work(captured);
        n + 1;
    }));
    int n = 0;
    if (await bide_task_join(t, &n) < 0)
        return 1;
    printf("%d\n", n);
    return 0;
}
END
"$BIDE" cc "$CC" -O0 -g -Wall -Wextra frame.c -o frame
line()
{
    grep -n -m 1 -F -e "$1" frame.c | cut -d: -f1
}
cat >commands <<END
set pagination off
set confirm off
set debuginfod enabled off
break $(line 'fill(&p, argument)')
run
next
tbreak $(line 'numbers[1] = p.x')
continue
print word
print p
print p.y
print numbers
print taken
print *to
print big
print fixed
info locals
next
print numbers[1]
next
print taken
next
print big
next
next
next
print a
print b
info locals
tbreak $(line 'taken += inner.x')
continue
print inner
print i
delete
break $(line 'n + 1;')
continue
print n
print captured
continue
END
timeout 60 gdb -nx -batch -x commands ./frame >out 2>err </dev/null || fail "$(cat out err)"
sed -n 's/^\$[0-9]* = //p' out >values
cat >expected <<'END'
"hello\000\000"
{x = 20, y = 21}
21
{1, 2, 3}
20
20
"a long one"
21
22
41
"A long one"
7
8
{x = 30, y = 31}
0
275
20
END
sed 's/^0x[0-9a-f]* //' values | diff expected - >difference || fail "$(cat difference out err)"
want '^word = "hello'
want '^numbers = {1, 2, 3}'
want '^p = {x = 20, y = 21}'
