/* A plain function cannot wait for a task: bide_block_on is no await. */
#include <bide/bide.h>

async int work(void);

static int by_itself(void)
{
    bide_task(int) task = bide_spawn(work());
    int n = 0;
    bide_task_join(task, &n);
    return n;
}

static int awaits(void)
{
    bide_task(int) task = bide_spawn(work());
    return await bide_task_wait(task);
}

int main(void)
{
    bide_task(int) task = bide_spawn(work());
    int n = 0;
    bide_block_on(bide_task_join(task, &n));
    bide_block_on((bide_timeout(BIDE_S(1), n = work())));
    return by_itself() + awaits() + n;
}
