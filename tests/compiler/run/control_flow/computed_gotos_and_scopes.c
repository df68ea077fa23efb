/* A computed goto reaches only labels whose address is taken; live variables are in scope there. */
#include "../step.h"

static async int count(int n)
{
    int sum = 0;
    {
        int fuel = 0;
    again:
        sum += await step(fuel);
        if (fuel++ < 2)
            goto again;
    }
    static void *const table[] = {&&even, &&odd};
    goto *table[await step(n) & 1];
odd:
    sum += 100;
even:
    switch (await step(n)) {
        int part;
    case 1:
        part = await step(5);
        sum += part + await step(1);
        break;
    default:
        part = await step(6);
        sum -= part;
    }
    return await step(sum);
}

async int main(void)
{
    printf("%d %d\n", await count(1), await count(2));
    suspends = 1;
    printf("%d %d\n", await count(1), await count(2));
    return 0;
}
