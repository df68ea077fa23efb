/*
 * lazy: an async call as a value. Nothing of it runs until somebody awaits it.
 *
 *     bide run examples/lazy.c
 *
 * The compiler warns about `forgotten` below, which nobody ever awaits.
 */
#include <bide/bide.h>

#include <stdio.h>

static async int work(const char *name, int steps)
{
    printf("%s begins\n", name);
    /* This runs even if the call is dropped half-way. */
    defer {
        printf("%s ends\n", name);
    }

    for (int i = 1; i <= steps; i++) {
        await bide_sleep(BIDE_MS(250));
        printf("  %s: step %d of %d\n", name, i, steps);
    }
    return steps;
}

async int main(void)
{
    /* Keep a call and drop it: it never runs. (bide_spawn would have started a task.) */
    bide_future(int) forgotten = bide_lazy(work("forgotten", 1));
    bide_drop(forgotten);
    printf("nothing ran\n");

    /* bide_get drives a future and takes its value. A get that loses against the clock leaves the
     * future as it is, so the next get goes on with the work. */
    bide_future(int) report = bide_lazy(work("report", 3));
    int steps = 0;
    while (await bide_timeout(BIDE_MS(400), steps = bide_get(report)) < 0)
        printf("still waiting\n");
    printf("%d steps\n", steps);

    /* A future that is dropped half-way unwinds: its deferred blocks run. Leaving the scope of the
     * variable drops it too, as here at the end of main. */
    bide_future(int) too_slow = bide_lazy(work("too_slow", 100));
    if (await bide_timeout(BIDE_MS(600), steps = bide_get(too_slow)) < 0)
        printf("too slow, not waiting any longer\n");
    return 0;
}
