/* flags: -Wno-return-type
 * Without a return the result is zero. In C only its use would be undefined. */
#include <bide/bide.h>
#include <stdio.h>

struct big {
    const char *word;
    int n[9];
};

static async int falls_off(int n)
{
    char dirt[64];
    for (int i = 0; i < 64; i++)
        dirt[i] = (char)n;
    await bide_yield();
    if (dirt[3] != 1)
        return dirt[3];
}

static async struct big big(int n)
{
    struct big b = {"given", {n}};
    defer { b.n[0]++; }
    if (n)
        return b;
    await bide_yield();
}

static async double half(int n)
{
    if (n)
        return;
    return 0.5;
}

async int main(void)
{
    printf("%d %d\n", await falls_off(5), await falls_off(1));
    printf("%d %d\n", (await big(1)).n[0], (await big(0)).word == NULL);
    printf("%.1f %.1f\n", await half(0), await half(1));
    return 0;
}
