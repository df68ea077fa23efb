/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

async int main(void)
{
    int n = await fetch_all(1);
    n += await fetch_all(2);
    printf("%d\n", n);
    return n;
}
