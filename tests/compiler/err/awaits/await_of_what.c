#include <bide/bide.h>

async int fetch(int n);
int plain(int n);
extern int (*pointer)(int);

async int wrong(int n, bide_task(int) task)
{
    n += await plain(1);
    n += await n;
    n += await fetch;
    n += await 3;
    n += await task;
    n += await pointer(4);
    n += await (await fetch(5));
    n += await bide_block_on(fetch(6));
    await bide_task_abort(task);
    return n;
}
