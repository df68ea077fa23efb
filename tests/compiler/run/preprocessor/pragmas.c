/* Pragmas before statements that are rewritten: a hint for a loop is removed if the loop awaits,
 * and otherwise stays; diagnostic pragmas stay in effect for the same lines. */
#include "../step.h"

static async int loops(int n)
{
    int sum = 0;
#pragma GCC unroll 4
    for (int i = 0; i < n; i++)
        sum += await step(i);
#pragma GCC unroll 2
    while (await step(n--) > 0)
        sum++;
#pragma GCC unroll 2
    for (int i = 0; i < 5; i++)
        sum += i;
    _Pragma("GCC unroll 3") do { sum++; }
    while (await step(0));
    if (sum)
#pragma GCC unroll 2
        for (int i = await step(1); i < 4; i++) {
            int *p = &i;
            sum += await step(*p);
        }
#pragma GCC unroll 2
    for (int i = 0; i < 3; i++) {
        const int *p = &i;
        sum += *p;
        if (i == 1)
#pragma GCC unroll 2
            for (int k = 0; k < 2; k++)
                sum += k;
    }
    defer {
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++)
            sum += await step(i);
        printf("%d\n", sum);
    }
    return await step(sum);
}

static async int diagnostics(int n)
{
    if (n > 5)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
        n = await step(n) < 3u;
#pragma GCC diagnostic ignored "-Wparentheses"
    if (n = await step(n))
        return n;
#pragma GCC diagnostic pop
    return n + 1;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d\n", await loops(4), await diagnostics(3));
    return 0;
}
