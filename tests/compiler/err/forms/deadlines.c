#include <bide/bide.h>

async int work(int n);

async int wrong(int n)
{
    int a = 0;
    a = await bide_timeout_at(BIDE_MS(5), a = work(1));
    a = await bide_timeout_at(5, work(1));
    a = await bide_timeout(bide_now(), work(1));
    a = await bide_timeout_at(bide_now());
    a = await bide_timeout_at(bide_now(), bide_if(n, work(1)));
    a = await bide_timeout_at(bide_now(), n);
    a = bide_timeout_at(bide_now(), work(1));
    return a;
}
