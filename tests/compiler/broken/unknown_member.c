/* errors: 1 */
#include <bide/bide.h>

struct page {
    int size;
};

static async int later(int n)
{
    await bide_yield();
    return n;
}

async int main(void)
{
    struct page page = {1};
    return page.sise ?: await later(7);
}
