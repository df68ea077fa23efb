/* The types of sets: a wrong result, a wrong key, a wrong set. */
#include <bide/bide.h>

static async int number(int n)
{
    await bide_yield();
    return n;
}

static async long length(void)
{
    await bide_yield();
    return 1;
}

static async void nothing(void)
{
    await bide_yield();
}

static int plain(void)
{
    return 1;
}

async int wrong(bide_task_set(int) set, bide_task_map(int, int) map, bide_future_set(int) futures)
{
    int key = 1;
    long far = 1;
    bide_task_set_spawn(set, length());
    bide_task_set_spawn(set, nothing());
    bide_task_set_spawn(set, async({ await bide_yield(); 1L; }));
    bide_task_set_spawn(futures, number(1));
    bide_task_set_spawn(7, number(1));
    bide_task_set_spawn(set, plain());
    bide_task_set_spawn(set);
    bide_task_set_spawn(set, await number(1));
    bide_future_set_add(futures, length());
    bide_future_set_add(set, number(1));
    bide_task_map_spawn(map, &far, number(1));
    bide_task_map_spawn(map, key, number(1));
    bide_task_map_spawn(map, &key, length());
    bide_task_map_spawn(set, &key, number(1));
    await bide_task_set_spawn(set, number(1));
    return 0;
}

async int outs(bide_task_set(int) set)
{
    int n = 0;
    bide_task_set_next(set, &n);
    return n;
}

/* Nothing is wrong with these. */
async int right(bide_task_set(int) set, bide_task_map(int, int) map, bide_future_set(int) futures,
                bide_task_set(void) nothings)
{
    int key = 1, n = 0;
    uint64_t id = bide_task_set_spawn(set, number(1));
    id += bide_task_map_spawn(map, &key, number(1));
    id += bide_future_set_add(futures, number(1));
    bide_task_set_spawn(set, async({ await number(1); }));
    bide_task_set_spawn(nothings, nothing());
    bide_future_set_add(futures, number(*&key));
    await bide_task_set_next(set, &n);
    await bide_task_set_next(nothings, NULL);
    return id > 0 ? n : 0;
}

async int main(void)
{
    return 0;
}
