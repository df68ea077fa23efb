/*
 * spawn_two: tasks go on by themselves. Their handles are dropped, which does not cancel them.
 *
 *     bide run examples/spawn_two.c
 */
#include <bide/bide.h>

#include <stdio.h>

async int main(void)
{
    {
        /* An async block is a function without a name. It gets copies of the locals that it uses,
         * since it may well outlive them. Its result is its last expression. */
        int seconds = 1;
        bide_task(int) one = bide_spawn(async ({
            await bide_sleep(BIDE_S(seconds));
            printf("one is done\n");
            seconds;
        }));
        printf("one is %s\n", bide_task_finished(one) ? "done already" : "under way");
    } /* Here the handle `one` goes. The task stays: it is detached. */

    /* A handle that nobody keeps is dropped at once. */
    bide_spawn(async ({
        await bide_sleep(BIDE_MS(1500));
        printf("two is done\n");
    }));

    printf("main sleeps for 2 s\n");
    await bide_sleep(BIDE_S(2));
    printf("main is done\n");
    return 0; /* Tasks that were still running now would be cancelled. */
}
