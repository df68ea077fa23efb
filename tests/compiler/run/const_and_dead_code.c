/* A const variable that is live over an await in code that nothing reaches, or that a path to it
 * does not set. */
#include "step.h"

static async int dead(int n)
{
    const long k = n;
    if (n > 0)
        return n;
    return (int)k;
    n = await step(n);
    return (int)k + n;
}

async int main(void)
{
    printf("%d %d\n", await dead(1), await dead(-2));
    return 0;
}
