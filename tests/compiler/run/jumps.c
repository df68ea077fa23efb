/* goto forwards, backwards, into and out of blocks; computed goto; labels where they may stand. */
#include "step.h"

static async int forwards(int x)
{
    int sum = 0, i = 1;
    if (x == 0)
        goto inside;
    for (i = 0; i < 3; i++) {
        sum += await step(i);
        if (sum == x)
            goto done;
    inside:
        sum += 10;
    }
done:
    return sum + await step(1);
}

static async int backwards(int x)
{
again:;
    int n = x;
    n += await step(1);
    if (n < 10) {
        x = n * 2;
        goto again;
    }
more:
    if (n++ < 20) {
        await step(n);
        goto more;
    }
    return n * 100 + x;
}

static async int computed(const char *program)
{
    static const void *const ops[] = {&&add, &&twice, &&stop};
    int value = 0;
    goto *ops[*program++ - '0'];
add:
    value += await step(3);
    goto *ops[*program++ - '0'];
twice:
    value *= await step(2);
    goto *ops[*program++ - '0'];
stop:
    return value;
}

static async int nothing_after(int x)
{
    {
        if (await step(x) > 1)
            goto end;
        x = 7;
    end:;
    }
    return x;
}

static async int local_labels(int x)
{
    int sum = 0;
    for (int i = 0; i < 2; i++) {
        __label__ found;
        for (int k = 0; k < 5; k++)
            if (await step(k) == x)
                goto found;
        continue;
    found:
        sum += x;
    }
    return sum;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d %d %d\n", await forwards(0), await forwards(11), await forwards(99));
        printf("%d %d\n", await backwards(1), await backwards(50));
        printf("%d %d\n", await computed("0101102"), await computed("2"));
        printf("%d %d %d\n", await nothing_after(1), await nothing_after(2), await local_labels(3));
    }
    return 0;
}
