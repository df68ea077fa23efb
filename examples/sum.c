/*
 * sum: tasks have results. A join waits for a task and takes its result.
 *
 *     bide run examples/sum.c
 */
#include <bide/bide.h>

#include <stdio.h>

static async int work(int n)
{
    await bide_sleep(BIDE_MS(n));
    return n * 2;
}

async int main(void)
{
    bide_task(int) first = bide_spawn(work(10));
    bide_task(int) second = bide_spawn(work(20));
    int a = 0, b = 0;

    /* A join returns 0, or why there is no result: -ECANCELED, -ENOMEM. */
    if (await bide_task_join(first, &a) < 0 || await bide_task_join(second, &b) < 0)
        return 1;

    printf("%d + %d = %d\n", a, b, a + b);
    return 0;
}
