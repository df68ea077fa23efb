/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

static async int fetch(int id)
{
    await bide_sleep(BIDE_MS(id))
    return id;
}

async int main(void)
{
    int n = await fetch(1);
    printf("%d\n", n);
    return 0;
}
