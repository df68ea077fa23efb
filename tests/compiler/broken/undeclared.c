/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

async int main(void)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        await bide_yield();
        n += i;
    }
    return n;
}
