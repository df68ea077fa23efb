/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

async int main(void)
{
    int n = 1;
    if (n > 0)
        n = 2;
        await bide_yield();
    else
        n = 3;
    return n;
}
