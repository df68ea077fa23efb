/* Values that a cast to void drops: assignments, conditionals, commas. */
#include "../step.h"

struct pair {
    int a, b;
};

static async struct pair swapped(struct pair p)
{
    return (struct pair){await step(p.b), p.a};
}

static async void try(void)
{
    int x = 0, a[2] = {0};
    struct pair p = {1, 2};

    (void)(x = await step(3));
    (void)(x += await step(4));
    (void)(a[await step(1)] = await step(5));
    (void)(p = await swapped(p));
    (void)(x++, a[0] = await step(x));
    (void)(x > 3 ? await step(1) : x);
    (void)(await step(1), (void)(x -= await step(1)));
    (void)await step(2);
    printf("%d %d %d %d %d\n", x, a[0], a[1], p.a, p.b);
}

async int main(void)
{
    await try();
    suspends = 1;
    await try();
    return 0;
}
