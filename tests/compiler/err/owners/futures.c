#include <alloca.h>
#include <bide/bide.h>

async int work(int n);
bide_future(int) make(int n);
int plain(int n);

async int wrong(int n)
{
    bide_future(int) f = bide_lazy(work(1));
    bide_task(int) task = bide_spawn(work(2));
    double *p = bide_get(f);
    n += await bide_get(task);
    n += await bide_get(make(1));
    n += bide_get(f);
    n += await f;
    await bide_drop(f);
    bide_drop(task);
    bide_drop(n);
    bide_drop(make(2));
    bide_future(int) g = f;
    g = bide_lazy(plain(1));
    g = bide_lazy(f);
    g = bide_lazy(await work(1));
    await bide_select(n = bide_get(f), bide_drop(g));
    return n + *p;
}

int not_async(int n)
{
    bide_future(int) f = make(n);
    bide_drop(f);
    return await bide_get(f);
}

async int lengths(int n)
{
    bide_future(int) early = make(1);
    int r = await bide_get(early);
    char text[n];
    bide_drop(early);
    early = make(2);
    {
        bide_future(int) late = make(3);
        (void)late;
    }
    char *memory = alloca((unsigned)n);
    return r + text[0] + memory[0];
}
