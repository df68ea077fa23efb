/* The missing await is not reported: it may follow from the other error. errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

static async int fetch(int id)
{
    await bide_yield();
    return id;
}

async int main(void)
{
    int n = fetch(1);
    int m = = 2;
    return n + m;
}
