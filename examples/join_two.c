/*
 * join_two: two activities that take a second each, in one second, on one thread.
 *
 *     bide run examples/join_two.c
 */
#include <bide/bide.h>

#include <stdio.h>

static async void work(const char *name)
{
    printf("%s starts\n", name);
    await bide_sleep(BIDE_S(1));
    printf("%s is done\n", name);
}

async int main(void)
{
    bide_instant start = bide_now();

    /* Runs both and waits for both. Nothing is allocated; both are parts of main's own task. */
    await bide_join(work("one"), work("two"));

    printf("about %.0f s in all\n", (double)bide_elapsed(start).ns / 1e9);
    return 0;
}
