#include <bide/bide.h>

async int work(int n);
async void nothing(void);
int plain(int n);

async int branches(int n)
{
    int a = 0;
    const int fixed = 1;
    int (*pointer)(int) = plain;
    await bide_join(a += work(1), pointer(2), n ? work(3) : 0);
    await bide_select(({ await work(4); }) + 1, bide_spawn(work(5)), await work(5));
    await bide_timeout(BIDE_MS(1), n);
    await bide_try_join(work(6), bide_select(work(7), plain(8)), bide_join(work(9)));
    bide_spawn(async ({
        await bide_join(n = work(10), a = work(fixed), ({ n++; }));
        a;
    }));
    await bide_join(a = nothing(), a = ({ nothing(); }), a = bide_join(work(1)));
    return a;
}
