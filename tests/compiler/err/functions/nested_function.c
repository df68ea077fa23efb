#include <bide/bide.h>

async int work(int n);

async int outer(int n)
{
    int inner(int k) { return k + n; }
    return await work(inner(2));
}

int plain(int n)
{
    int inner(int k) { return bide_block_on(work(k + n)); }
    int fine(int k) { return k + n; }
    return inner(2) + fine(3) + bide_block_on(work(n));
}
