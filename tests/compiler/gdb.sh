# At -O0 -g gdb stops in the user's async function at the user's line, after an await as before it,
# prints its locals by name, and steps to the next line.
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
