/* goto backwards, forwards, into and out of blocks and loops; labels as values. */
#include <bide/bide.h>
#include <stdio.h>

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

async int main(void)
{
    printf("%d %d %d %d\n", await count(5), await into(1), await into(6), await out(4));
    printf("%d %d\n", await values("0112"), await values("2"));
    printf("%d %d %d\n", await errors(0), await errors(1), await errors(2));
    return 0;
}
