/* flags: -Wno-conversion */
/* join, try_join, select, timeout: values, order, losers, nesting. */
#include <bide/bide.h>
#include <errno.h>
#include <stdio.h>

static async int after(int turns, int value)
{
    defer { printf("(%d)", value); }
    for (int i = 0; i < turns; i++)
        await bide_yield();
    printf("[%d]", value);
    return value;
}

static async const char *name(int n)
{
    await bide_yield();
    return n ? "yes" : "no";
}

static async void nothing(int turns)
{
    for (int i = 0; i < turns; i++)
        await bide_yield();
}

static int argument(int n)
{
    printf("<%d>", n);
    return n;
}

struct pair {
    int a;
    unsigned b : 5;
    const char *text;
};

static async void joins(void)
{
    int a = 0, array[2] = {0, 0};
    struct pair p = {0, 0, NULL}, *q = &p;
    await bide_join(a = after(argument(3), argument(1)), array[argument(1)] = after(1, 2),
                    q->text = name(1), after(2, 3), nothing(5));
    printf(" %d %d %s\n", a, array[1], p.text);
    await bide_join(q->a = after(0, 4), q->b = after(1, 5));
    printf(" %d %d\n", p.a, (int)p.b);
    int err = await bide_try_join(a = after(1, 6), nothing(2));
    printf(" %d %d\n", err, a);
    err = await bide_try_join(a = after(1, -7), array[0] = after(5, 8));
    printf(" %d %d %d\n", err, a, array[0]);
}

static async int selects(void)
{
    int a = -1, b = -1;
    switch (await bide_select(a = after(3, 1), b = after(1, 2))) {
    case 0: printf(" first\n"); break;
    case 1: printf(" second %d %d\n", a, b); break;
    }
    int winner = await bide_select_biased(after(0, 3), after(0, 4));
    printf(" %d\n", winner);
    int turns = 0;
    while (await bide_select_biased(a = after(turns, 5), nothing(2)) == 0)
        turns++;
    printf(" %d\n", turns);
    return a;
}

static async void timeouts(void)
{
    int a = -1;
    int err = await bide_timeout(BIDE_S(10), a = after(1, 1));
    printf(" %d %d\n", err, a);
    err = await bide_timeout(BIDE_MS(2), bide_sleep(BIDE_S(1000)));
    printf("%d\n", err == -ETIMEDOUT);
    bide_task(int) h = bide_spawn(after(2, 9));
    int r = 0;
    err = await bide_timeout(BIDE_S(10), r = bide_task_wait(h));
    printf(" %d %d\n", err, r);
}

static async int nested(int level)
{
    int a = 0, b = 0;
    if (level == 0)
        return await after(1, 1);
    await bide_join(a = nested(level - 1), b = nested(level - 1));
    return a + b;
}

static async void in_expressions(int n)
{
    int a = 0, b = 0;
    int r = n + await bide_select_biased(nothing(3), a = after(1, 7)) * 10;
    if (await bide_try_join(a = after(1, -1), b = after(1, 1)) < 0 && n)
        printf(" refused");
    printf(" %d %d\n", r, a);
}

async int main(void)
{
    await joins();
    printf("%d\n", await selects());
    await timeouts();
    int sum = await nested(3);
    printf(" %d\n", sum);
    await in_expressions(5);
    return 0;
}
