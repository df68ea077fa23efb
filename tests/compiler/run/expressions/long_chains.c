/* Chains of 2,500 operators and of 2,500 else-ifs. */
#include "../step.h"

#define FIVE(x) x x x x x
#define MANY(x) FIVE(FIVE(FIVE(FIVE(x x x x))))

static async int sum(int n)
{
    return await step(n) MANY(+n) + await step(n);
}

/* n, if there is an else-if for it; the last statement awaits. */
static async int find(int n)
{
    int left = n, found = 0;
    if (left <= 0)
        found = await step(-1);
    MANY(else if (--left == 0) found = n;)
    else
        found = await step(-2);
    return found + await step(0);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d %d %d\n", await sum(2), await find(-5), await find(2500), await find(2501));
    return 0;
}
