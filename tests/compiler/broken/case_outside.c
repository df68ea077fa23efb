/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

async int main(void)
{
    int n = await bide_sleep(BIDE_MS(1));
    case 1: n = 2;
    return n;
}
