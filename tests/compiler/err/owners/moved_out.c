#include <bide/bide.h>

async int work(int n);

struct pool {
    bide_task(int) tasks[4];
    int count;
};

static bide_task(int) kept;

/* fine: all of it */
async int fine(struct pool *pool, bide_task(int) given)
{
    bide_task(int) a = bide_spawn(work(1)), many[2] = {bide_spawn(work(2))};
    pool->tasks[pool->count++] = bide_move(a);
    pool->tasks[0] = bide_move(many[0]);
    a = pool->count ? bide_spawn(work(3)) : bide_move(given);
    if (a == NULL || !many[1])
        a = NULL;
    kept = bide_move(a);
    return await bide_task_wait(pool->tasks[0]);
}

bide_task(int) given_back(bide_task(int) task)
{
    return task;
}

bide_task(int) wrong(struct pool *pool, bide_task(int) task, int which)
{
    bide_task(int) block = bide_spawn(async ({
        bide_task(int) inner = bide_spawn(work(4));
        await bide_task_wait(inner);
        bide_task_detach(inner);
        0;
    }));
    pool->tasks[1] = which ? task : pool->tasks[2];
    pool->tasks[2] = (which++, block);
    return kept;
}
