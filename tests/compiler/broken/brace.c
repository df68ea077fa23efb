/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

static async int fetch(int id)
{
    if (id > 1) {
        await bide_sleep(BIDE_MS(id));
    return id;
}
