/* flags: -Wbide-await-in-loop */
/* exit: 0 */
#include <bide/bide.h>

async int size_of(const char *url);
async int store(void *db, int n);

async int all(const char *const *urls, int count, void *db)
{
    int sizes[10] = {0}, sum = 0;
    for (int i = 0; i < count; i++)
        sizes[i] = await size_of(urls[i]);
    for (int i = 0; i < count; i++) {
        sum += await size_of(urls[i]);
    }
    /* Nothing is wrong with these. */
    for (int i = 0; i < count; i++)
        await store(db, sizes[i]);
    for (int i = 0; i < count; i++)
        await bide_sleep(BIDE_MS(i));
    for (int i = 0; i < count; i++)
        if (await size_of(urls[i]) < 0)
            return -1;
    return sum;
}
