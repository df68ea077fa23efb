/* Calls to step into and to finish; lines to put breakpoints at. */
#include <bide/bide.h>
#include <stdio.h>

struct pair {
    int a, b;
};

static int plain(int x)
{
    int y = x + 1;
    return y;
}

static async int leaf(int n)
{
    int twice = n * 2;
    await bide_yield();
    return twice;
}

static async struct pair both(int n)
{
    struct pair p = {n, 0};
    p.b = await leaf(n);
    await bide_sleep(BIDE_MS(1));
    return p;
}

static async void one_line(void) { await bide_yield(); }

static async int outer(int n, bide_async_fn(int, int) f)
{
    int sum = await leaf(n);
    sum += plain(await leaf(sum));
    struct pair p = await both(sum);
    sum += p.a;
    sum += await (*f)(1);
    await one_line();
    for (int i = 0; i < 3; i++)
        sum += await leaf(i);
    int a = 0;
    await bide_join(a = leaf(1), both(2));
    return await leaf(sum + a);
}

async int main(void)
{
    int n = await outer(5, bide_ref(leaf));
    printf("%d\n", n);
    return 0;
}
