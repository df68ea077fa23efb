/* Joins in joins, and frames in segments. */
#include <bide/bide.h>
#include <stdio.h>

static async int f(int n)
{
    await bide_yield();
    return n;
}

static async int inner(int n)
{
    int a = 0, b = 0;
    await bide_join(a = f(n), b = f(n + 1));
    return a + b;
}

static async int big(int n)
{
    char pad[700] = "x";
    if (n == 0)
        n = await inner(3);
    else
        n = await big(n - 1);
    pad[0]++;
    return n + pad[0];
}

async int main(void)
{
    int a = 0, b = 0;
    await bide_join(a = big(3), b = inner(7));
    a += b;
    await bide_join(a = inner(1), b = big(2));
    return a == 0;
}
