#include <bide/bide.h>

struct page {
    int length;
    int word[4];
};

async struct page *get(void);
async struct page page(void);

async int lengths(void)
{
    int n = await get()->length;
    n += await page().word[n];
    n += (await get())->length;
    return n;
}
