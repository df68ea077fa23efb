#include <bide/bide.h>

async unsigned short small(int n);
async int whole(int n);
async void nothing(void);
async int take(bide_task(int) t, int n);
void keep(bide_future(long) f);

struct job {
    bide_task(long) task;
};

bide_task(int) begin(void)
{
    return bide_spawn(small(1));
}

async int types(struct job *job)
{
    bide_future(int) f = bide_lazy(small(1));
    bide_task(int) t = bide_spawn(async({ await small(2); }));
    bide_task(int) list[] = {bide_spawn(whole(1)), bide_spawn(small(2))};
    bide_task(int) other = bide_lazy(whole(1));
    bide_task(void) none = bide_spawn(nothing()), any = bide_spawn(whole(1));
    job->task = bide_spawn(whole(3));
    keep((bide_lazy(whole(4))));
    return await take(bide_spawn(nothing()), 1) + await take(bide_move(t), 2);
}
