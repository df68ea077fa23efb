/* Most programs of this folder await `step`. It returns its argument, at once or after it has
 * suspended; each program runs both ways. */
#ifndef STEP_H
#define STEP_H

#include <bide/bide.h>
#include <stdio.h>

static int suspends;

static async __attribute__((unused)) int step(int x)
{
    if (suspends)
        await bide_yield();
    return x;
}

#endif
