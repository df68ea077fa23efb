/* Values of a type with const members: they can be initialised, but not assigned. */
#include "../step.h"

struct fixed {
    const int k;
    int v;
};

union choice {
    const short s;
    int i;
};

static async struct fixed make(int k)
{
    return (struct fixed){await step(k), k + 1};
}

static async struct fixed same(struct fixed f)
{
    await step(1);
    return f;
}

static async union choice choose(int i)
{
    union choice c = {.i = await step(i)};
    await step(2);
    return c;
}

static struct fixed plain(int k)
{
    return (struct fixed){k, k + 1};
}

static int product(struct fixed f, int n)
{
    return f.k * f.v * n;
}

static async int take(struct fixed f, int n, union choice c)
{
    await step(1);
    return f.k * 100 + f.v * 10 + n + c.s;
}

static async void try(void)
{
    struct fixed f = await same(await make(3));
    union choice c = await choose(5);
    int sum = f.k + (await make(await step(7))).v;
    printf("%d %d %d %d\n", f.k, f.v, c.i, sum);
    printf("%d\n", product(plain(2), await step(7)));
    printf("%d\n", (c.i > 3 ? await same(f) : f).k + (await step(1), f).v +
                       ({ struct fixed g = await make(c.i); await step(2); g; }).v);
    printf("%d\n", await take((struct fixed){.k = await step(6)}, await step(2), await choose(3)) +
                       await take(f.k > 1 ? await same(f) : (struct fixed){0}, await step(4), c));
}

async int main(void)
{
    await try();
    suspends = 1;
    await try();
    return 0;
}
