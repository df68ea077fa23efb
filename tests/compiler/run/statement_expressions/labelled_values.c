/* A label before the last expression of a statement expression: it is still the value. */
#include "../step.h"

static async int value(int n)
{
    int first = ({
        if (n > 1)
            goto over;
        n += await step(10);
    over:
        n + await step(1);
    });
    int second = ({
        if (n > 1)
            goto on;
        n += 10;
    on:
        n + 2;
    });
    int third = ({
        defer { n++; }
        if (await step(n) > 1)
            goto there;
        n += 20;
    there:
        n + 3;
    });
    if (n > 100)
        goto here_not;
    await step(0);
here_not:
    return first * 10000 + second * 100 + third;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int n = 0;
        printf("%d %d\n", await value(0), await value(2));
        int which = await bide_try_join(({
            await step(1);
            if (n == 0)
                goto end;
            n = 5;
        end:
            await step(-7);
        }));
        printf("%d %d\n", which, n);
    }
    return 0;
}
