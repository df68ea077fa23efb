/* exit: 0 */
#include <bide/bide.h>

async int work(int n);
bide_future(int) make(int n);
async bide_future(int) make_later(int n);

async void never(void)
{
    bide_future(int) f = bide_lazy(work(1)), g;
    bide_future(int) several[2] = {bide_lazy(work(2))};
    bide_lazy(work(3));
    make(4);
    await make_later(5);
    bide_drop(f);
    g = bide_lazy(async ({ await work(6); }));
    bide_drop(several[0]);
}

async int used(bide_future(int) not_looked_at)
{
    bide_future(int) f = bide_lazy(work(1)), g = make(2), silenced = bide_lazy(work(3));
    bide_future(int) all[2];
    (void)silenced;
    (void)bide_lazy(work(4));
    all[0] = bide_move(g);
    return await bide_get(f) + await bide_get(all[0]);
}

async int used_as_values(void)
{
    bide_future(int) f = ({ bide_lazy(work(1)); });
    bide_task(bide_future(int)) task = bide_spawn(async({ bide_lazy(work(2)); }));
    return await bide_get(f) + await bide_task_wait(task);
}
