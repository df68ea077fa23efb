/* errors: 3 */
#include <bide/bide.h>
#include <stdio.h>

static async int fetch(int id)
{
    await bide_yield();
    return id;
}

static int twice(int id)
{
    return 2 * await fetch(id);
}

async int main(void)
{
    bide_task(int) task = bide_spawn(fetch(1));
    bide_task(int) copy = task;
    return fetch(twice(2)) + await bide_task_wait(copy);
}
