/* Sets that a cancelled task would lose: their close belongs into a deferred block. */
/* exit: 0 */
#include <bide/bide.h>

async int work(int n);

async int task_set(void)
{
    bide_task_set(int) set;
    int rc = bide_task_set_new(4, &set);
    if (rc < 0)
        return rc;
    bide_task_set_spawn(set, work(1));
    rc = await work(2);
    await bide_task_set_close(set);
    return rc;
}

async int task_map(void)
{
    bide_task_map(int, int) map;
    int rc = bide_task_map_new(4, &map);
    if (rc < 0)
        return rc;
    rc = await work(2);
    bide_task_map_free(map);
    return rc;
}

async int future_set(void)
{
    bide_future_set(int) set;
    int rc = bide_future_set_new_ordered(0, &set);
    if (rc < 0)
        return rc;
    rc = await work(2);
    await bide_future_set_close(set);
    return rc;
}

/* Nothing is wrong with these: it is closed, it is another one's, it is not made. */
async int closed(void)
{
    bide_task_set(int) set;
    int rc = bide_task_set_new(4, &set);
    if (rc < 0)
        return rc;
    defer { await bide_task_set_close(set); }
    bide_task_set_spawn(set, work(1));
    return await work(2);
}

struct owner {
    bide_task_set(int) set;
};

async int kept(struct owner *owner)
{
    int rc = bide_task_set_new(4, &owner->set);
    return rc < 0 ? rc : await work(2);
}

async int made_by_another(bide_future_set(int) set)
{
    int rc = await work(2);
    await bide_future_set_close(set);
    return rc;
}

async int not_made(void)
{
    bide_future_set(int) set;
    if (bide_future_set_new(0, &set) < 0)
        return await work(2);
    bide_future_set_free(set);
    return 0;
}
