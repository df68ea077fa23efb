/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

static async int fetch(strin *url)
{
    await bide_yield();
    return url != NULL;
}

async int main(void)
{
    return 0;
}
