# A function that is async in one file and plain in another. A file that awaits, spawns or refers
# to a plain function does not link, and the linker names the function. A plain caller of an async
# function calls its blocking form, which stops the program with a message if it would block an
# executor.
set -eu
PATH=$(dirname "$BIDE"):$PATH # the path of the tool may have spaces

cat >plain.c <<'END_OF_FILE'
int fetch(int a);
int fetch(int a)
{
    return a;
}
END_OF_FILE
cat >async.c <<'END_OF_FILE'
#include <bide/bide.h>
async int fetch(int a);
async int fetch(int a)
{
    await bide_yield();
    return a;
}
END_OF_FILE
cat >awaits.c <<'END_OF_FILE'
#include <bide/bide.h>
async int fetch(int a);
async int main(void)
{
    return await fetch(0);
}
END_OF_FILE
cat >spawns.c <<'END_OF_FILE'
#include <bide/bide.h>
async int fetch(int a);
async int main(void)
{
    bide_task(int) task = bide_spawn(fetch(0));
    return await bide_task_wait(task);
}
END_OF_FILE
cat >refers.c <<'END_OF_FILE'
#include <bide/bide.h>
async int fetch(int a);
static bide_async_fn(int, int) table[] = {bide_ref(fetch)};
int main(void)
{
    return (*table[0])(0);
}
END_OF_FILE
cat >blocks.c <<'END_OF_FILE'
#include <bide/bide.h>
async int fetch(int a);
int main(void)
{
    return bide_block_on(fetch(0));
}
END_OF_FILE
cat >calls.c <<'END_OF_FILE'
int fetch(int a);
int main(void)
{
    return fetch(0);
}
END_OF_FILE
cat >calls_inside.c <<'END_OF_FILE'
#include <bide/bide.h>
int fetch(int a);
async int main(void)
{
    await bide_yield();
    return fetch(0);
}
END_OF_FILE

cc="bide cc $CC -Wall -Wextra -Werror"
$cc -c plain.c -o plain.o
$cc -c async.c -o async.o
for caller in awaits spawns refers blocks; do
    $cc -c $caller.c -o $caller.o
    $cc $caller.o async.o -o $caller
    timeout 60 ./$caller || fail "$caller"
    ! $cc $caller.o plain.o -o mixed 2>err || fail "$caller links with a plain function"
    grep -q 'undefined reference.*bide__\(desc\|start\)_fetch' err || fail "$caller: $(cat err)"
done

$cc calls.c async.o -o calls
timeout 60 ./calls || fail "a plain caller"

$cc calls_inside.c plain.o -o inside
timeout 60 ./inside || fail "a plain callee"
$cc calls_inside.c async.o -o inside
! ASAN_OPTIONS=handle_abort=0 timeout 60 ./inside 2>err || fail "it blocked an executor"
grep -q 'fetch: a blocking call on a thread that is running an executor' err || fail "$(cat err)"
