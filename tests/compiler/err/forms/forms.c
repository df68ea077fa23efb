#include <bide/bide.h>

async int work(int n);
int plain(int n);

async int wrong(int n)
{
    int a = 0;
    bide_join(a = work(1), work(2));
    await bide_join();
    await bide_join(a = plain(1), work(2));
    await bide_join(await work(1), 3);
    a = await bide_timeout(100, a = work(1));
    a = await bide_timeout(BIDE_MS(1));
    a += await bide_blocking(work(3));
    a += await bide_blocking(n);
    a += bide_blocking(plain(n));
    a += bide_block_on(work(1));
    return a;
}

int outside(void)
{
    return bide_block_on(plain(3)) + bide_block_on(3) + bide_select(work(1));
}
