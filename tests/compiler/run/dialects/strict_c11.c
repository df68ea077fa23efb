/* flags: -std=c11 -pedantic */
/* Standard C without GNU keywords. */
#include <bide/bide.h>
#include <stdio.h>

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async double mixed(int n)
{
    const double kept = n;
    int asm = await later(n), typeof = 2;
    defer { printf("deferred\n"); }
    for (int i = 0; i < 2; i++)
        asm += await later(i) * typeof;
    return kept + asm;
}

async int main(void)
{
    int a = 0;
    double b = 0;
    await bide_join(a = later(1), b = mixed(3));
    printf("%d %.1f\n", a, b);
    return 0;
}
