/* Recursion a million deep, ready at once or suspended at the bottom; mutual recursion. */
#include "../step.h"

static async long down(long n)
{
    if (n == 0)
        return await step(1);
    return 1 + await down(n - 1);
}

static async int odd(int n);

static async int even(int n)
{
    return n == 0 ? 1 : await odd(n - 1);
}

static async int odd(int n)
{
    if (n == 0)
        return 0;
    return await even(n - 1);
}

static async long fibonacci(int n)
{
    if (n < 2)
        return await step(n);
    return await fibonacci(n - 1) + await fibonacci(n - 2);
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++)
        printf("%ld %d %d %ld\n", await down(1000000), await even(10001), await odd(333),
               await fibonacci(15));
    return 0;
}
