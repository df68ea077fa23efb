# Files that are compiled separately call each other's async functions: as objects, from a shared
# object that `bide cc` made, and linked statically. The functions have results of every type, with
# and without arguments; calls go in both directions, through suspensions and cancellation.
set -eu

cat >api.h <<'END'
#ifndef API_H
#define API_H
#include <bide/lang.h>

struct big {
    long a[9];
    char tail;
};

bide_async void api_nothing(void);
bide_async int api_add(int a, int b);
bide_async double api_half(double x);
bide_async struct big api_big(struct big in, const char *word);
bide_async int api_call_back(int depth);
bide_async int api_wait_for_ever(int *cleaned);

/* In the program. */
bide_async int program_step(int depth);
#endif
END
cat >api.c <<'END'
#include "api.h"
#include <bide/bide.h>

async void api_nothing(void)
{
    await bide_yield();
}

async int api_add(int a, int b)
{
    return a + b;
}

async double api_half(double x)
{
    await bide_yield();
    return x / 2;
}

async struct big api_big(struct big in, const char *word)
{
    await bide_yield();
    in.a[8] += word[0];
    in.tail = word[1];
    return in;
}

async int api_call_back(int depth)
{
    if (depth == 0)
        return 0;
    await bide_yield();
    return 1 + await program_step(depth - 1);
}

async int api_wait_for_ever(int *cleaned)
{
    defer { ++*cleaned; }
    for (;;)
        await bide_yield();
    return 0;
}
END
cat >program.c <<'END'
#include "api.h"
#include <bide/bide.h>
#include <stdio.h>

async int program_step(int depth)
{
    return 10 + await api_call_back(depth);
}

async int main(void)
{
    struct big big = {.a[8] = 1};
    int cleaned = 0, a = 0;
    double half = 0;

    await api_nothing();
    printf("%d %.2f\n", await api_add(1, 2), await api_half(5));
    big = await api_big(big, "xy");
    printf("%ld %c\n", big.a[8], big.tail);
    printf("%d\n", await api_call_back(3));
    await bide_join(a = api_add(3, 4), half = api_half(3));
    printf("%d %.2f\n", a, half);
    int winner = await bide_select_biased(api_wait_for_ever(&cleaned), a = api_add(5, 6));
    printf("%d %d %d\n", winner, a, cleaned);
    bide_task(int) task = bide_spawn(api_add(7, 8));
    int err = await bide_task_join(task, &a);
    printf("%d %d\n", err, a);
    return 0;
}
END
cat >blocking.c <<'END'
#include "api.h"
#include <stdio.h>

int program_step(int depth)
{
    return depth;
}

int main(void)
{
    struct big big = {.a[8] = 1};
    api_nothing();
    printf("%d %.2f\n", api_add(1, 2), api_half(5));
    big = api_big(big, "xy");
    printf("%ld %c\n", big.a[8], big.tail);
    return 0;
}
END
cat >expected <<'END'
3 2.50
121 y
33
7 1.50
1 11 1
0 15
END
head -n 2 expected >expected_blocking

check()
{
    timeout 60 "$1" >out 2>err || fail "$1: exit status $?: $(cat err)"
    diff -u "$2" out || fail "$1: different output"
}

PATH=$(dirname "$BIDE"):$PATH # the path of the tool may have spaces
cc="bide cc $CC -Wall -Wextra -Werror"
for level in -O0 -O2; do
    $cc $level -c api.c -o api.o
    $cc $level -c program.c -o program.o
    $cc program.o api.o -o objects
    check ./objects expected

    $cc $level -g program.c api.c -o together
    check ./together expected

    $cc $level -fPIC -c api.c -o api_pic.o
    $cc -shared api_pic.o -o libapi.so
    $cc $level program.c -rdynamic -L. -lapi -Wl,-rpath,"$PWD" -o shared
    check ./shared expected

    ar rc libarchive.a api.o
    $cc program.o -L. -larchive -o archive
    check ./archive expected

    if [ -z "$SANITIZE" ]; then
        $cc $level -static program.c api.c -o static
        check ./static expected
        $cc $level -flto program.c api.c -o lto
        check ./lto expected
    fi
done

# A plain C file calls the same functions, which then block. program_step and the function that
# calls it back are left out.
sed '/program_step/d' api.h >plain.h
sed -e 's/api\.h/plain.h/' -e '/int program_step/,/^}/d' blocking.c >plain.c
sed -e 's/api\.h/plain.h/' -e '/api_call_back/,/^}/d' api.c >plain_api.c
$cc -c plain_api.c -o plain_api.o
$CC -Wall -Wextra -Werror -I"$BUILD/include" -c plain.c -o plain.o
$cc plain.o plain_api.o -o plain
check ./plain expected_blocking
