/* Macros with awaits in their arguments and bodies. */
#include <bide/bide.h>
#include <stdio.h>

#define TWICE(x)          ((x) + (x))
#define WAIT(n)           await later(n)
#define CHECK_ZERO(x)     do { if ((x) != 0) return -1; } while (0)
#define EACH(i, n, body)  for (int i = 0; i < (n); i++) { body; }
#define ASYNC_FUNCTION(f) static async int f(int n) { return await later(n) + 1; }
#define PASTE(a, b)       a##b
#define GIVE              await bide_yield()

static async int later(int n)
{
    await bide_yield();
    return n;
}

ASYNC_FUNCTION(made)
ASYNC_FUNCTION(PASTE(ma, ker))

static async int checked(int n)
{
    CHECK_ZERO(await later(n));
    CHECK_ZERO(WAIT(0) + await later(0));
    return 1;
}

async int main(void)
{
    int sum = 0;
    printf("%d %d\n", TWICE(await later(2)), TWICE(WAIT(3) + 1));
    EACH(i, 3, sum += await later(i); GIVE)
    printf("%d %d %d\n", sum, await made(1), await maker(2));
    printf("%d %d\n", await checked(0),
           await checked(
               1));
    return sum - 3;
}
