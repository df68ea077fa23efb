#include <bide/bide.h>

async int work(int n);
bide_task(int) begin(void);
async bide_future(int) make(void);

async int lost(void)
{
    bide_task(int) kept = begin();
    if (bide_spawn(work(1)))
        await work(2);
    while (!bide_lazy(work(3)))
        await work(4);
    if (await make() && kept)
        return bide_move(kept) ? 1 : 2;
    return kept == 0 || !kept;
}
