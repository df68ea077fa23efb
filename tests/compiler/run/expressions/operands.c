/* Awaits in every operand position; evaluation is from left to right, each operand once. */
#include "../step.h"

static int counter;

/* Counts its evaluations. */
static int next(int x)
{
    printf("<%d>", x);
    counter++;
    return x;
}

static async int say(int x)
{
    printf("[%d]", x);
    return await step(x);
}

static int three(int a, int b, int c) { return a * 100 + b * 10 + c; }

struct pair {
    int a, b;
};

static async struct pair make(int a, int b)
{
    struct pair p = {await step(a), b};
    return p;
}

static async int *address(int *p)
{
    await step(0);
    return p;
}

static async void nothing(int x)
{
    await step(x);
    printf("(%d)", x);
}

static async int order(void)
{
    int r = 0;
    r += three(next(1), await say(2), next(3));
    r += await say(4) + next(5) * await say(6);
    r += (next(7), await say(8));
    r -= next(9) - await say(10);
    r += three(await say(1), await say(2), await say(3));
    r += await say(await say(11) + await say(12));
    puts("");
    return r;
}

static async int lazy(int x)
{
    int r = 0;
    r += x && await say(1);
    r += !x && await say(2);
    r += x || await say(3);
    r += !x || await say(4);
    r += (x && await say(0)) || (await say(5) && next(6));
    r += x ? await say(7) : next(8);
    r += !x ? await say(9) : next(10);
    r += await say(x) ? next(11) : next(12);
    r += await say(x) ?: await say(13);
    r += (x > 5) ? (next(20), await say(14)) : await say(15);
    x ? await nothing(1) : (void)next(2);
    (void)(x && await say(16));
    (void)(!x || await say(17));
    puts("");
    return r;
}

static async int places(void)
{
    int a[4] = {1, 2, 3, 4}, i = 0;
    struct pair p = {1, 2}, *q = &p;
    struct {
        unsigned low : 3, high : 5;
    } bits = {1, 2};
    a[i++] = await step(10);
    a[await step(1)] += await step(20);
    a[i] *= await step(i + 1);
    *await address(&a[2]) = await step(5);
    (await address(a))[3]++;
    q->a += await step(q->b);
    (*q).b = -await step(q->a);
    bits.low = (unsigned)await step(5) & 7u;
    bits.high = (bits.high + (unsigned)await step(bits.low)) & 31u;
    printf("%d %d %d %d i=%d p=%d,%d bits=%u,%u\n", a[0], a[1], a[2], a[3], i, p.a, p.b, bits.low,
           bits.high);
    printf("%d %d\n", (await make(3, 4)).a, (await make(5, await step(6))).b);
    int k = ~await step(1) + !await step(0) - -await step(4) + (int)sizeof(char[3]);
    k <<= await step(2);
    k ^= *&a[await step(2)];
    return k;
}

/* The old value is read after the right side, so a change in between is not lost. */
static int shared;

static async int change(int x)
{
    await step(0);
    shared += 100;
    return x;
}

static async int late(void)
{
    int local = 1, kept = 5;
    int *p = &local;
    shared = 1;
    shared += await change(10);
    int before = shared + await change(0);
    *p = 7;
    local += await step(*p + 3);
    kept = kept + await step(kept + 1);
    printf("%d %d %d %d\n", shared, before, local, kept);
    return kept;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        counter = 0;
        printf("%d\n", await order());
        printf("%d\n", await lazy(1));
        printf("%d\n", await lazy(0));
        printf("%d\n", await lazy(9));
        printf("%d\n", await places());
        await late();
        printf("%d\n", counter);
    }
    return 0;
}
