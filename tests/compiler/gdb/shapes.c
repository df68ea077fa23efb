/* Every form of await, to be stepped through line by line. */
#include <bide/bide.h>
#include <stdio.h>

static async int wait(int n)
{
    await bide_yield();
    return n;
}

static async int at_once(int n)
{
    return n;
}

static int plain(int a, int b)
{
    return a + b;
}

static async int shapes(int n)
{
    int sum = await wait(1) + await wait(2);
    if (sum && await wait(n))
        sum += 1;
    sum += n ? await wait(3) : await wait(4);
    sum = plain(await wait(sum), await at_once(1));
    if (n < 0)
        await wait(1);
    else
        await wait(2);
    if (n < 0)
        return n;
    while (await wait(n) < 3)
        n++;
    for (int i = await wait(0); i < await wait(1); i++)
        sum += plain(i, await wait(1));
    switch (await wait(n)) {
    case 3:
        sum += 3;
        break;
    default:
        sum = 0;
    }
    sum += await bide_blocking(plain(1, 2));
    bide_scope(s) {
        bide_scope_spawn(s, wait(1));
        bide_scope_spawn(s, wait(2));
    }
    {
        defer { await wait(9); }
        sum++;
    }
    bide_future(int) later = bide_lazy(wait(5));
    sum += await bide_get(later);
    int a = 0, b = 0;
    await bide_join(a = wait(1), b = at_once(2));
    int first = await bide_select(a = wait(3), b = wait(4));
    int late = await bide_timeout(BIDE_MS(1), bide_sleep(BIDE_S(60)));
    sum += first + late + b;
    await bide_join(({
        await bide_yield();
        a++;
    }), b = wait(2));
    bide_task(int) task = bide_spawn(async ({
        await bide_yield();
        int in = await wait(7);
        in + 1;
    }));
    await bide_task_join(task, &b);
    return await wait(sum);
}

async int main(void)
{
    int n = await shapes(2);
    n = n > 0;
    return n - 1;
}
