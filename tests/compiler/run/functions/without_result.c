/* Functions without a result: awaited as statements, in commas and conditionals, returned, cast. */
#include "../step.h"

static int total;

static async void add(int n)
{
    if (n < 0)
        return;
    total += await step(n);
}

static async void twice(int n)
{
    await add(n), await add(n);
}

static async void choose(int n)
{
    n > 2 ? await add(n) : await twice(n);
    n > 1 ? (void)total : await add(100);
    (void)(n && (await add(1), 1));
    for (await add(1000); n > 0; await add(10))
        n--;
    return await twice(n);
}

static async void nothing(void)
{
}

static async void *address(void)
{
    await nothing();
    return &total;
}

static async void last(int n)
{
    switch (n) {
    case 0: return;
    case 1: return (void)await step(n);
    default: await nothing();
    }
    return (await add(1), await nothing());
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        total = 0;
        for (int i = -1; i < 4; i++) {
            await choose(i);
            printf("%d ", total);
            await last(i);
        }
        printf("%d\n", *(int *)await address() == total);
        ({ await add(5); });
        bide_task(void) task = bide_spawn(add(7));
        await bide_task_wait(task);
        await bide_join(add(1), nothing(), twice(1));
        printf("%d\n", total);
    }
    return 0;
}
