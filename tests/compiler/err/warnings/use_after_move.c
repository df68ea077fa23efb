/* exit: 0 */
#include <bide/bide.h>

async int work(int n);
void keep(bide_future(int) f);
void keep_task(bide_task(int) task);
void look(bide_future(int) *f);

async int straight(void)
{
    bide_future(int) f = bide_lazy(work(1)), g = bide_lazy(work(2)), h = bide_lazy(work(3));
    bide_task(int) task = bide_spawn(work(4));
    int n = 0;
    keep(bide_move(f));
    n += await bide_get(f);
    bide_drop(g);
    keep(bide_move(g));
    n += await bide_get(h);
    n += await bide_select(bide_get(h), work(5));
    bide_task_detach(task);
    n += await bide_task_wait(task);
    return n;
}

async bide_future(int) on_every_way(int n)
{
    bide_future(int) f = bide_lazy(work(1));
    if (n > 0)
        keep(bide_move(f));
    else if (n < 0)
        bide_drop(f);
    else
        return f;
    while (n-- > 0)
        await bide_timeout(BIDE_S(1), bide_get(f));
    return f;
}

async int right(int n)
{
    bide_future(int) f = bide_lazy(work(1)), g = bide_lazy(work(2)), shown = bide_lazy(work(3));
    if (n > 0)
        keep(bide_move(f));
    if (n <= 0)
        await bide_get(f);
    for (int i = 0; i < n; i++) {
        n += await bide_get(g);
        g = bide_lazy(work(i));
    }
    bide_drop(g);
    g = bide_lazy(work(5));
    bide_drop(g);
    bide_drop(g);
    look(&shown);
    bide_drop(shown);
    look(&shown);
    while (await bide_timeout(BIDE_S(1), n = bide_get(f)) < 0 && n < 10)
        n++;
    return n + await bide_get(shown);
again:
    if (n > 0)
        keep(bide_move(f));
    f = bide_lazy(work(1));
    switch (n) {
    case 1: bide_drop(f); break;
    case 2: await bide_get(f); break;
    default: goto again;
    }
    return await bide_get(f);
}
