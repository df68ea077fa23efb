/* bide_named: where it stands, and what it is given. */
#include <bide/bide.h>
#include <bide/set.h>

async int work(int n);
async int fill(int *to);
int plain(int n);

async int wrong(bide_future_set(int) futures, bide_task_set(double) doubles)
{
    int local = 0;
    bide_task(int) h = bide_named("a", work(1));
    bide_spawn(bide_named(work(1)));
    bide_spawn(bide_named("a", work(1), 2));
    bide_spawn(bide_named(7, work(1)));
    bide_spawn(bide_named("a", plain(1)));
    bide_spawn(bide_named("a", await work(1)));
    bide_spawn(bide_named("a", fill(&local)));
    bide_spawn(bide_named("a", bide_named("b", work(1))));
    bide_spawn_blocking(bide_named("a", work(1)));
    bide_task_set_spawn(doubles, bide_named("a", work(1)));
    bide_future_set_add(futures, bide_named("a", work(1)));
    bide_future(int) f = bide_lazy(bide_named("a", work(1)));
    await bide_named("a", work(1));
    await bide_join(bide_named("a", work(1)), work(2));
    return await bide_get(f);
}

int blocks(void)
{
    return bide_block_on(bide_named("a", work(1)));
}
