/* The sisters of bide_spawn, and bide_block_in_place: what they are given. */
#include <bide/bide.h>
#include <bide/runtime.h>

async int work(int n);
async int fill(int *to);
int plain(int n);
bide_task(int) global = bide_spawn_low(work(1));

async int wrong(struct bide_runtime *rt, struct bide_duration d)
{
    int local = 0;
    bide_spawn_on(work(1));
    bide_spawn_on(&local, work(1));
    bide_spawn_on(rt, plain(1));
    bide_spawn_on(rt, await work(1));
    bide_spawn_on(rt, fill(&local));
    bide_spawn_at(1);
    bide_spawn_at(d, work(1));
    bide_spawn_at(1, plain(1));
    bide_spawn_at(1, fill(&local));
    bide_spawn_local(1, work(1));
    bide_spawn_local(plain(1));
    bide_spawn_local(fill(&local));
    bide_spawn_low(3);
    bide_spawn_low(fill(&local));
    await bide_spawn_low(work(1));
    bide_task(double) other = bide_spawn_local(work(2));
    bide_task(int) h = bide_spawn_on(rt, work(1)), copy = h;
    if (bide_spawn_low(work(1)))
        return 1;
    return local;
}

async int in_place(void)
{
    int n = bide_block_in_place(plain(1));
    n += await bide_block_in_place(work(1));
    n += await bide_block_in_place(3);
    return n + await bide_block_in_place(plain(1), 2);
}

int not_async(struct bide_runtime *rt)
{
    bide_spawn_on(rt, work(1));
    return await bide_block_in_place(plain(1));
}
