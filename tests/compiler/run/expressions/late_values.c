/* An await in every operand position; each awaited function has to wait for its value. */
#include <bide/bide.h>
#include <stdio.h>

struct pair {
    int a, b;
};

static async int later(int n)
{
    await bide_yield();
    return n;
}

static async int now(int n)
{
    return n;
}

static async int *pick(int *array, int i)
{
    await bide_yield();
    return &array[i];
}

static async struct pair pair(int a, int b)
{
    await bide_yield();
    return (struct pair){a, b};
}

static int three(int a, int b, int c)
{
    return a * 100 + b * 10 + c;
}

static async int operators(int n)
{
    int a = await later(1) + await later(2) * await now(3) - -await later(4);
    int b = (await later(n) << await later(2)) | (await now(1) & ~await later(2));
    int c = !await later(0) + (await later(5) > await later(4)) + (await now(7) % await later(4));
    double d = (double)await later(3) / await later(2);
    printf("%d %d %d %.2f\n", a, b, c, d);
    return a + b + c;
}

static async void logic(int n)
{
    int calls = 0;
    int a = await later(n) && await later(++calls);
    int b = await later(0) && await later(++calls);
    int c = await later(n) || await later(++calls);
    int d = await later(0) || await later(++calls);
    int e = (n && await later(0)) || (calls++, await later(6));
    printf("%d %d %d %d %d %d\n", a, b, c, d, e, calls);
    int f = await later(n) ? await later(10) : await later(20);
    int g = await later(0) ? 1 : await later(30);
    int h = n ? await now(2) + await later(3) : 0;
    int i = (await later(0) ?: await later(40)) + (await later(50) ?: 1);
    printf("%d %d %d %d\n", f, g, h, i);
    if (await later(n) && (await later(0) || await later(n)) && !await later(0))
        printf("if\n");
    printf("%d\n", (await later(1), await later(2), n + await later(3)));
}

static async void places(int n)
{
    int array[4] = {1, 2, 3, 4};
    int matrix[2][2] = {{1, 2}, {3, await later(4)}};
    array[await later(1)] = await later(20);
    array[await later(2)] += await later(30);
    array[n + await now(0)] <<= await later(1);
    *await pick(array, await later(0)) = await later(10);
    (*await pick(array, 3))++;
    printf("%d %d %d %d\n", array[0], array[1], array[2], array[3]);
    printf("%d %d\n", matrix[await later(1)][await later(1)], (await later(1))[array]);
    struct pair p = {.b = await later(2), .a = await later(1)};
    p.a += await later(p.b);
    p.b = (await pair(5, 6)).b;
    struct pair *q = &p;
    q->a -= await later(1);
    printf("%d %d %d\n", p.a, q->b, (await pair(await later(7), 8)).a);
}

static async void calls(void)
{
    int (*f)(int, int, int) = three;
    printf("%d %d\n", three(await later(1), 2, await later(3)),
           f(await later(4), await later(5), await now(6)));
    printf("%d\n", three(1, three(0, await later(0), 2), await later(await later(3))));
    printf("%d\n", (await later(1) ? three : f)(7, await later(8), 9));
}

static async int types(void)
{
    long long wide = await later(3) * 10000000000LL;
    unsigned char byte = (unsigned char)(250 + await later(10));
    _Bool flag = await later(2);
    short sum = (short)(byte + await later(1));
    float third = 1.0F / (float)await later(3);
    char *text = &"hello"[await later(1)];
    printf("%lld %d %d %d %.3f %s\n", wide, byte, flag, sum, (double)third, text);
    int untouched = 5;
    unsigned long size = sizeof(await later(untouched)) + sizeof(untouched);
    __typeof__(await later(untouched)) typed = 6;
    int chosen = _Generic(await later(1), int: 1, default: 2);
    printf("%lu %d %d %d\n", size, untouched, typed, chosen);
    return (await later(1), await later(2)) + await later(3);
}

async int main(void)
{
    printf("%d\n", await operators(await later(3)));
    await logic(1);
    await places(2);
    await calls();
    printf("%d\n", await types());
    return await later(0) + await now(0);
}
