/* The length of an array type is evaluated at its place, although an await follows. An operand that
 * is not evaluated may name variables that live in the frame. */
#include "../step.h"
#include <stddef.h>

static async int grow(int *n)
{
    *n += 10;
    return await step(*n);
}

static async int lengths(int n)
{
    int k = 3;
    int first = (int)sizeof(char[n]) + await grow(&n);
    int second = (int)sizeof(char[k++]) + await step(k);
    int third = (int)sizeof(char[n]) * (k + await step(1));
    return first * 10000 + second * 1000 + third;
}

static async int asserted(void)
{
    int x[3] = {1, 2, await step(3)};
    char buf[sizeof x];
    struct pair {
        char c[sizeof x];
        __typeof__(x[0]) n;
    } p = {.n = 4};
    int *px = x;
    char *pb = buf;
    struct pair *pp = &p;
    pb[sizeof x - 1] = 5;
    _Static_assert(sizeof x == 3 * sizeof(int), "x");
    _Static_assert(sizeof buf == sizeof x && sizeof p > sizeof buf, "buf" " and p");
    int sum = await step(px[2]) + pb[sizeof x - 1] + pp->n;
    switch (sum) {
        _Static_assert(sizeof p.c == sizeof x, "c");
    case sizeof x: return 1000 + sum + await step((int)offsetof(struct pair, n));
    default: return sum;
    }
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d\n", await lengths(3), await asserted());
    return 0;
}
