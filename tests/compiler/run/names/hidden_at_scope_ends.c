/* Code that runs at the end of a scope and awaits, where later names of the scope hide variables
 * that are live.
 * flags: -Wno-shadow */
#include "../step.h"

struct pair {
    int a, b;
};

static async int work(int n)
{
    return await step(n);
}

static async int dropped(struct pair x, int k)
{
    {
        bide_future(int) f = bide_lazy(work(1));
        int x = k;
        typedef char k;
        (void)x, (void)f, (void)sizeof(k);
    }
    return x.a + x.b + k;
}

static async int many_dropped(struct pair x)
{
    {
        bide_future(int) f[2] = {bide_lazy(work(1)), bide_lazy(work(2))};
        enum { x = 3 };
        (void)f, (void)x;
    }
    return x.a + x.b;
}

static async int deferred(struct pair x, int n)
{
    for (int i = 0; i < 3; i++) {
        defer { n += await step(i); }
        const char *x = "x";
        if (i == 1)
            continue;
        bide_future(int) f = bide_lazy(work(1));
        int i = x[0];
        (void)i, (void)f;
    }
    return x.a + x.b + n;
}

async int main(void)
{
    struct pair x = {1, 2};
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d %d\n", await dropped(x, 5), await many_dropped(x), await deferred(x, 10));
    return 0;
}
