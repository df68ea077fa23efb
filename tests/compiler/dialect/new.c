/* What only C2x has. */
#include <bide/bide.h>
#include <stdio.h>

[[nodiscard]] static async int four()
{
    await bide_yield();
    return 4;
}

static async int unnamed([[maybe_unused]] int a, int)
{
    await bide_yield();
    _Static_assert(sizeof(int) == 4);
    return a;
}

static async int number(int n)
{
    switch (n) {
    case 1: await bide_yield(); [[fallthrough]];
    case 2: {
        [[maybe_unused]] int k = 1;
        await bide_yield();
        return 1'000;
    }
    }
    if (await four() < 0)
        return 0;
    return 0b101;
}

async int main()
{
    bool b = true;
    int r;
    bide_task(int) t = bide_spawn(four());
    if (await bide_task_join(t, &r) < 0)
        return -1;
    printf("%d %d\n", await four(), await unnamed(1, 2));
    printf("%d %d\n", await number(1) + await number(3), r + b);
    return 0;
}
