/*
 * timed_join: what a join saves, measured.
 *
 *     bide run examples/timed_join.c
 */
#include <bide/bide.h>

#include <stdio.h>

/* Two values that take their time, as from a sensor or a database. */
static async double read_temperature(void)
{
    await bide_sleep(BIDE_MS(300));
    return 21.5;
}

static async double read_humidity(void)
{
    await bide_sleep(BIDE_MS(200));
    return 40;
}

/* In steps of 10 ms, so that the output is always the same. */
static double milliseconds_since(bide_instant start)
{
    return (double)(bide_elapsed(start).ns / 10000000 * 10);
}

async int main(void)
{
    double t, h;

    /* 300 ms, then 200 ms: nobody asks for the second value while the first one is on its way. */
    bide_instant start = bide_now();
    t = await read_temperature();
    h = await read_humidity();
    printf("in sequence: %.1f C, %.0f %%, %.0f ms\n", t, h, milliseconds_since(start));

    /* Both are on their way at once, and the longer one decides: max(300, 200), not 300 + 200. */
    start = bide_now();
    await bide_join(t = read_temperature(), h = read_humidity());
    printf("joined:      %.1f C, %.0f %%, %.0f ms\n", t, h, milliseconds_since(start));
    return 0;
}
