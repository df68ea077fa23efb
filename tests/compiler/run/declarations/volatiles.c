/* volatile: scalars, members, arrays, volatile pointers and pointers to volatile, parameters. They
 * are updated across awaits, and by other tasks at the same time. */
#include "../step.h"

struct device {
    volatile int status;
    int data[2];
};

static volatile int shared = 1;

static async int set(volatile int *p, int n)
{
    *p = await step(n);
    return *p;
}

static async int uses(volatile int given, struct device *device)
{
    volatile int local = await step(2), *p = &local, *volatile q = &shared;
    volatile char text[4] = "ab";
    const volatile unsigned fixed = 9;
    volatile struct device copy = {await step(3), {4, await step(5)}};
    volatile double half = 0.5;
    int a = 0;
    await bide_join(a = set(p, 6), set(q, 7), set(&device->status, 8));
    given += await step(*p) + *q;
    text[2] = (char)(text[1] + await step(1));
    copy.status += (await step(1), copy.data[1]);
    half *= await step(3);
    q = p;
    *q += await step(10);
    while (local > await step(20) || shared-- > await step(6))
        ;
    struct device plain = {.status = copy.status, .data = {copy.data[0]}};
    await step(0);
    printf("%d %d %d %s %u %.1f %d %d %d\n", given, local, shared, (const char *)text, fixed, half,
           plain.status, plain.data[0], device->status);
    return a;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        struct device device = {0};
        printf("%d\n", await uses(1, &device));
    }
    return 0;
}
