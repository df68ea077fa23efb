/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

async int main(void)
{
    int rc = await bide_timeout(BIDE_MS(5), bide_sleep(BIDE_MS(1));
    return rc;
}
