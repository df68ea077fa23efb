/* Types and declarations that may be left out in C89. */
#include <bide/bide.h>
#include <stdio.h>

static const k = 3;

static async f(int n)
{
    await bide_yield();
    return n;
}

async g(int a, const b)
{
    register x = a;
    auto y;
    await bide_yield();
    y = helper(b);
    {
        static z = 1;
        z++;
        await bide_yield();
        y += z;
    }
    return x + y + k;
}

helper(n)
{
    return n + k;
}

async main()
{
    printf("%d %d\n", await f(1), await g(2, 3));
    return 0;
}
