/* goto forwards, backwards, into and out of blocks and loops; labels as values; labels in all
 * places where they may be. */
#include "../step.h"

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async int count(int n)
{
    int i = 0;
again:
    i += await later(1);
    if (i < n)
        goto again;
    return i;
}

static async int into(int n)
{
    int i = n, sum = 0;
    if (n > 5)
        goto middle;
    for (i = 0; i < 3; i++) {
        sum += await later(1);
    middle:
        sum += 10;
        await bide_yield();
    }
    return sum;
}

static async int out(int n)
{
    int r;
    for (int i = 0;; i++) {
        while (1) {
            if (await later(i) == n) {
                r = i * 10;
                goto done;
            }
            break;
        }
    }
done:
    await bide_yield();
    return r;
}

static async int values(const char *program)
{
    static const void *const table[] = {&&add, &&twice, &&stop};
    int a = 1;
    const char *p = program;
    goto *table[*p++ - '0'];
add:
    a += await later(1);
    goto *table[*p++ - '0'];
twice:
    a *= 2;
    await bide_yield();
    goto *table[*p++ - '0'];
stop:
    return a;
}

static async int errors(int where)
{
    int err = -1, steps = 0;
    if (await later(where) == 0)
        goto none;
    steps++;
    if (where == 1)
        goto first;
    steps++;
    await bide_yield();
    err = 0;
    steps += 10;
first:
    steps += await later(100);
none:
    return err + steps;
}

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
    printf("%d %d %d %d\n", await count(5), await into(1), await into(6), await out(4));
    printf("%d %d\n", await values("0112"), await values("2"));
    printf("%d %d %d\n", await errors(0), await errors(1), await errors(2));
    for (suspends = 0; suspends < 2; suspends++) {
        printf("%d %d %d\n", await forwards(0), await forwards(11), await forwards(99));
        printf("%d %d\n", await backwards(1), await backwards(50));
        printf("%d %d\n", await computed("0101102"), await computed("2"));
        printf("%d %d %d\n", await nothing_after(1), await nothing_after(2), await local_labels(3));
    }
    return 0;
}
