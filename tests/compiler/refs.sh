# Pointers to async functions between files: a table in one object whose functions another object
# calls, plain C that stores the pointers and calls them, and the same across the border of a shared
# object, where the program has a copy of the descriptor.
set -eu

cat >api.h <<'END'
#ifndef API_H
#define API_H
#include <bide/lang.h>

typedef bide_async_fn(int, int) step;

struct ops {
    const char *name;
    step run;
};

/* the library, async */
bide_async int api_add(int n);
bide_async int api_twice(step f, int n);
extern const struct ops api_ops[2];
step api_reference(void);

/* plain C */
void keep(step f);
step kept(void);
int call_kept(int n);
#endif
END
cat >api.c <<'END'
#include "api.h"
#include <bide/bide.h>

async int api_add(int n)
{
    await bide_yield();
    return n + 1;
}

static async int times_ten(int n)
{
    await bide_yield();
    return n * 10;
}

async int api_twice(step f, int n)
{
    int once = await (*f)(n);
    return await (*f)(once);
}

const struct ops api_ops[2] = {{"add", bide_ref(api_add)}, {"times", bide_ref(times_ten)}};

step api_reference(void)
{
    return bide_ref(api_add);
}
END
cat >plain.c <<'END'
#include "api.h"

static step one;

void keep(step f)
{
    one = f;
}

step kept(void)
{
    return one;
}

int call_kept(int n)
{
    return (*one)(n);
}
END
cat >program.c <<'END'
#include "api.h"
#include <bide/bide.h>
#include <stdio.h>

static async int minus(int n)
{
    await bide_yield();
    return n - 1;
}

static const struct ops own[] = {{"add", bide_ref(api_add)}, {"minus", bide_ref(minus)}};

static async void work(void)
{
    int a = 0, b = 0;
    printf("%d\n", own[0].run == api_ops[0].run && api_reference() == bide_ref(api_add));
    printf("%d %d\n", await (*own[0].run)(1), await (*api_ops[1].run)(2));
    printf("%d %d\n", await api_twice(bide_ref(minus), 9), await api_twice(api_ops[1].run, 3));
    keep(bide_ref(minus));
    await bide_join(a = (*kept())(5), b = (*api_reference())(5));
    printf("%d %d\n", a, b);
    bide_task(int) task = bide_spawn((*api_ops[1].run)(6));
    int error = await bide_task_join(task, &a);
    printf("%d %d\n", error, a);
}

int main(void)
{
    bide_block_on(work());
    keep(own[1].run);
    printf("%d\n", call_kept(3));
    keep(api_ops[1].run);
    printf("%d\n", call_kept(3));
    keep(bide_ref(api_add));
    printf("%d\n", call_kept(3));
    return 0;
}
END
cat >expected <<'END'
1
2 20
7 300
4 6
0 60
2
30
4
END

check()
{
    timeout 60 "$1" >out 2>err || fail "$1: exit status $?: $(cat err)"
    diff -u expected out || fail "$1: different output"
}

PATH=$(dirname "$BIDE"):$PATH # the path of the tool may have spaces
cc="bide cc $CC -Wall -Wextra -Werror"
$CC -Wall -Wextra -Werror -fPIC -I"$BUILD/include" -c plain.c -o plain.o
for level in -O0 -O2; do
    $cc $level program.c api.c plain.o -o together
    check ./together

    $cc $level -fPIC -c api.c -o api_pic.o
    $cc -shared api_pic.o plain.o -o libapi.so
    $cc $level program.c -L. -lapi -Wl,-rpath,"$PWD" -o shared
    check ./shared
    # not position-independent: the descriptor is copied into the program
    $cc $level -fno-pie -no-pie program.c -L. -lapi -Wl,-rpath,"$PWD" -o copied
    check ./copied
done

# Without wrappers plain C has nothing to call: the pointers are NULL.
cat >bare.c <<'END'
#include <bide/bide.h>
#include <stdio.h>

static async int one(void)
{
    return 1;
}

async int two(void)
{
    return 2;
}

static bide_async_fn(int, void) table[] = {bide_ref(one), bide_ref(two)};

async int main(void)
{
    int sum = await (*table[0])() + await (*table[1])();
    printf("%d %d %d\n", sum, *table[0] == NULL, *table[1] == NULL);
    return 0;
}
END
$cc -fno-bide-wrappers bare.c -o bare
timeout 60 ./bare >out
[ "$(cat out)" = "3 1 1" ] || fail "without wrappers: $(cat out)"
$cc bare.c -o bare
timeout 60 ./bare >out
[ "$(cat out)" = "3 0 0" ] || fail "with wrappers: $(cat out)"

# A plain object with a reference does not link, and the name of the missing symbol says why.
$CC -I"$BUILD/include" -c api.c -o plain_api.o
! $CC program.c -I"$BUILD/include" plain_api.o plain.o -o plain 2>out ||
    fail "a plain program with references was linked"
