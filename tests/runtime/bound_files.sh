# A value of one thread three files away from the spawn: the compiler sees no mistake in any of the
# files, and the program refuses the spawn, if its runtime has several threads.
set -eu

cat >api.h <<'END_API'
#include <bide/bide.h>

bide_async int third(int n);
bide_async int second(int n);
bide_async int first(int n);
END_API

cat >third.c <<'END_THIRD'
#include "api.h"
#include <stdio.h>
#include <stdlib.h>

async int third(int n)
{
    const char *home = getenv("HOME");
    await bide_yield();
    return home ? n + 1 : 0;
}
END_THIRD

cat >second.c <<'END_SECOND'
#include "api.h"

async int second(int n)
{
    return n > 0 ? await second(n - 1) : await third(n);
}
END_SECOND

cat >first.c <<'END_FIRST'
#include "api.h"

async int first(int n)
{
    int r = 0;
    await bide_join(bide_yield(), ({ r = await second(n); }));
    return r;
}
END_FIRST

cat >main.c <<'END_MAIN'
#include "api.h"
#include <stdio.h>

async int main(void)
{
    int n = 0;
    bide_task(int) task = bide_spawn(first(2));
    int error = await bide_task_join(task, &n);
    printf("%d %d\n", error, n);
    bide_spawn(first(3));
    task = bide_spawn_local(first(2));
    error = await bide_task_join(task, &n);
    printf("%d %d\n", error, n);
    return 0;
}
END_MAIN

sed 's/^async int main/bide_runtime(multi_thread);\n&/' main.c >many.c
for file in third second first main many; do
    "$BIDE" cc "$CC" -Wall -Werror -c $file.c
done
for main in main many; do
    "$BIDE" cc "$CC" third.o second.o first.o $main.o -o $main
done
HOME=/ ./main >out || fail "exit status $?"
printf '0 1\n0 1\n' | diff - out || fail "on one thread the program does something else"
HOME=/ ./many >out 2>err || fail "exit status $?: $(cat err)"
printf -- '-1 0\n0 1\n' | diff - out || fail "on several threads the program does something else"
sed 's/, but belongs to one thread$//; s/: its task may .*//' err >said
diff - said <<'END' || fail "the report differs"
bide: third.c:8: 'home' of type 'const char *' is held across this 'await'
bide: third.c:7: 'home' is declared here, in 'third'
bide: 'third' is awaited by 'second'
bide: 'second' is awaited by 'first_branch_1'
bide: 'first_branch_1' is awaited by 'first'
bide: 'first' is refused (EPERM)
END
