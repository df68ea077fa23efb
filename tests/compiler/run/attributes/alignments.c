/* Locals and results that need more alignment than a frame has by itself. */
#include "../step.h"
#include <stdint.h>

struct wide {
    _Alignas(64) char c[64];
};
typedef int vector __attribute__((vector_size(16)));

static async vector add(vector a, vector b)
{
    await step(0);
    return a + b;
}

static async struct wide fill(int c)
{
    struct wide w;
    for (int i = 0; i < 64; i++)
        w.c[i] = (char)(c + await step(i));
    return w;
}

static async int aligned(int x)
{
    _Alignas(128) char buffer[3] = "ab";
    int counter __attribute__((aligned(32))) = x;
    int *p = &counter;
    long double l = await step(x);
    __int128 big = (__int128)1 << 100;
    struct wide w = await fill(x);
    vector v = {1, 2, 3};
    await step(0);
    v = await add(v, (vector){10, 20, 30, 40});
    int ok = (uintptr_t)buffer % 128 == 0 && (uintptr_t)p % 32 == 0 && (uintptr_t)w.c % 64 == 0;
    await step(0);
    return ok * 1000 + buffer[1] + *p + (int)l + (int)(big >> 98) + w.c[63] + v[0] + v[3];
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%d %d\n", await aligned(3), await aligned(5));
    return 0;
}
