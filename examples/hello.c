/*
 * hello: the first program. While main sleeps, its thread is free, and another task runs on it.
 *
 *     bide run examples/hello.c
 */
#include <bide/bide.h>

#include <stdio.h>

/* An async function may wait. While it does, other tasks have the thread. */
static async void tick(void)
{
    for (int i = 1; i <= 3; i++) {
        await bide_sleep(BIDE_MS(300));
        printf("  tick %d\n", i);
    }
}

async int main(void)
{
    bide_task(void) ticking = bide_spawn(tick());

    printf("hello\n");
    await bide_sleep(BIDE_S(1)); /* this waits; the thread does not */
    printf("world\n");

    await bide_task_wait(ticking);
    return 0;
}
