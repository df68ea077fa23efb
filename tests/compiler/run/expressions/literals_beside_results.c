/* An expression reads the result of an await after it has written a compound literal: the two share
 * no bytes. */
#include "../step.h"

union bytes {
    unsigned u;
    unsigned char c[4];
};

static int numbers[4] = {10, 20, 30, 40};

static async int *address(int *p)
{
    await step(0);
    return p;
}

static async int sum(const int *p, int n)
{
    await step(0);
    return p[0] + p[1] + n;
}

static async void pause_here(void)
{
    await step(0);
}

static async int arguments(unsigned u)
{
    int total = 0;
    for (int i = 0; i < 2; i++) {
        short here =
            (short)await sum(await address(numbers), ((union bytes){.u = u * 0x01010101u}).c[0]);
        await pause_here();
        total += here;
    }
    return total;
}

static async int operands(unsigned u)
{
    int n = *await address(numbers + 1) + ((union bytes){.u = u}).c[await step(1)];
    return n + (await step(1) ? *await address(numbers) : ((union bytes){.u = u}).c[0]);
}

static async void try(void)
{
    printf("%d %d\n", await arguments(5), await operands(0x300));
}

async int main(void)
{
    await try();
    suspends = 1;
    await try();
    return 0;
}
