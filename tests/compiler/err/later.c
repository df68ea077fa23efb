#include <bide/bide.h>

async int work(int n);

async int not_yet(int n)
{
    bide_future(int) f = bide_lazy(work(1));
    n += await bide_get(f);
    bide_drop(f);
    return n;
}
