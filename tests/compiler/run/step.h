/* Most programs of this folder await `step`. It returns its argument, at once or after it has
 * suspended; each program runs both ways. What is certain on one thread only, a program checks if
 * `has_one_worker`. */
#ifndef STEP_H
#define STEP_H

#include <bide/bide.h>
#include <bide/runtime.h>
#include <stdio.h>

static int suspends;

static async __attribute__((unused)) int step(int x)
{
    if (suspends)
        await bide_yield();
    return x;
}

static __attribute__((unused)) int has_one_worker(void)
{
    struct bide_runtime_metrics m = {.workers = 1};
    (void)bide_runtime_metrics_read(bide_runtime_current(), &m);
    return m.workers == 1;
}

#endif
