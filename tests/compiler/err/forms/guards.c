#include <bide/bide.h>

async int work(int n);

struct pair {
    int a, b;
};

async int guards(int n, struct pair p)
{
    int a = 0;
    bide_if(n, work(1));
    await bide_if(n, work(2));
    await bide_join(bide_if(p, work(3)), bide_if(n, n), bide_if(n));
    await bide_join(bide_if(n, work(4), work(5)));
    await bide_select(a = bide_if(n, work(6)), bide_if(n, bide_if(a, work(7))));
    await bide_select(n && work(8));
    await bide_timeout(BIDE_MS(1), bide_if(n, work(9)));
    await bide_try_join(bide_if(n, await work(10)), bide_if(work(11), work(12)));
    await bide_join(bide_if(await work(13), a = ({ await work(14); })));
    return a;
}
