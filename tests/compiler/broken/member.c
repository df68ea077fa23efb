/* errors: 1 */
#include <bide/bide.h>
#include <stdio.h>

struct page {
    int length;
};

static async int load(struct page *page)
{
    await bide_yield();
    return page->size;
}

async int main(void)
{
    struct page page = {1};
    return await load(&page);
}
