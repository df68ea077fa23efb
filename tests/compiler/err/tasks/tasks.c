#include <bide/bide.h>

async int work(int n);
async void nothing(void);

async int wrong(int n)
{
    double half = 0;
    bide_task(int) a = bide_spawn(work(1));
    bide_task(void) b = bide_spawn(nothing());
    int err = await bide_task_join(a, &half);
    err += await bide_task_join(b, &n);
    err += await bide_task_join(n, &n);
    bide_task_abort(err);
    bide_spawn(n);
    bide_spawn(await work(3));
    err += await bide_task_join(a, NULL);
    return err;
}
