/*
 * sequential_vs_concurrent: calling an async function does not make anything concurrent. Awaiting
 * two calls one after another takes the sum of their times, joining them the longer time.
 *
 *     bide run examples/sequential_vs_concurrent.c
 */
#include <bide/bide.h>

#include <stdio.h>

/* Stands for a request to a server that takes `ms` to answer. */
static async int fetch(const char *name, int ms)
{
    await bide_sleep(BIDE_MS(ms));
    printf("  fetched %s\n", name);
    return ms;
}

static bide_instant start;

static void print_time(const char *what)
{
    /* In steps of 10 ms, so that the output is always the same. */
    printf("%s: about %.0f0 ms\n", what, (double)bide_elapsed(start).ns / 10e6);
    start = bide_now();
}

async int main(void)
{
    int a, b, c = 0;

    start = bide_now();
    await fetch("a", 100);
    await fetch("b", 50);
    print_time("one after another");

    await bide_join(a = fetch("a", 100), b = fetch("b", 50));
    print_time("at the same time");

    /* A spawned task begins without being awaited; main goes on meanwhile. */
    bide_task(int) task = bide_spawn(fetch("c", 75));
    printf("c is under way\n");
    if (await bide_task_join(task, &c) < 0)
        return 1;

    printf("%d bytes in all\n", a + b + c);
    return 0;
}
