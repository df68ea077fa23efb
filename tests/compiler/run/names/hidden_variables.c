/* flags: -Wno-shadow */
/* Parameters and variables that are live over awaits in a block where their name means an
 * enumerator, a type or another variable. */
#include "../step.h"

static async int enumerator(int poll)
{
    int n;
    {
        enum { poll = 50 };
        n = await step(poll);
    }
    return poll * 100 + n;
}

static async int type(int t)
{
    int n;
    {
        typedef short t;
        t x = (t)await step(3);
        n = x + await step(1);
    }
    return t * 100 + n;
}

static async int variable(double x)
{
    int n = 0;
    for (int x = await step(0); await step(x) < 4; x += await step(1))
        n += x;
    {
        int x = await step(3);
        n += x * await step(x);
    }
    return (int)x * 100 + n;
}

/* Copies for the debugger must not hit the inner x. */
static async int deferred(double x)
{
    int n = 0;
    for (int x = 0; x < 3; x++) {
        defer {
            await step(1);
            n += x;
        }
        await step(x);
    }
    for (int x = 0; x < 3; x++)
        if (x == 1)
            n += 10;
        else
            await step(n);
    for (int x = 0; x < 3; x++)
        if (x == 1)
            n += 100;
    for (int x = 0; x < 3; x++)
        if (x == 1) {
            double n = 5;
            await step((int)n);
        }
    if (n > 0) {
        char x = 1;
        defer { n += x; }
        await step(1);
    }
    return (int)x * 100 + n;
}

static async void try(void)
{
    printf("%d %d %d\n", await enumerator(1), await type(2), await variable(3));
    printf("%d\n", await deferred(4));
}

async int main(void)
{
    await try();
    suspends = 1;
    await try();
    return 0;
}
