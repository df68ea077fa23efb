/* Unreachable code: a const variable that is live across an await in it, or that a path to it does
 * not set; a variable of an operand that is not evaluated; the end of a function. */
#include "../step.h"

static async int dead(int n)
{
    const long k = n;
    if (n > 0)
        return n;
    return (int)k;
    n = await step(n);
    return (int)k + n;
}

static async int jumped_past(int n)
{
    if (7 > 5)
        goto in;
    if (n == 2) {
        n += await step(n);
        {
            __typeof__(({
                long long t = await step(2);
                t;
            })) k = await step(3);
            n += (int)k;
        }
    in:
        n += await step(n);
    }
    return n;
}

static async void left(int *n)
{
    if (sizeof(*n) != 21) {
        *n += await step(4);
        return;
    }
    *n = await step(5);
    *n += 1;
}

static async int left_with_result(int n)
{
    if (sizeof(n) != 21)
        return await step(n);
    await step(5);
    n++;
}

async int main(void)
{
    for (suspends = 0; suspends < 2; suspends++) {
        int n = 1;
        await left(&n);
        printf("%d %d %d %d %d\n", await dead(1), await dead(-2), await jumped_past(3), n,
               await left_with_result(8));
    }
    return 0;
}
