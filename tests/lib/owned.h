/*
 * A future that has begun, as an owner that shows whether it was let go of: its deferred block
 * runs.
 */
#ifndef BIDE_TESTS_OWNED_H
#define BIDE_TESTS_OWNED_H

#include <bide/bide.h>

#include <stdatomic.h>

static atomic_int made, dropped;

static async int lives(void)
{
    made++;
    defer {
        dropped++;
    }
    return await bide_sleep(BIDE_S(1000));
}

static async bide_future(int) begun(void)
{
    bide_future(int) f = bide_lazy(lives());
    (void)await bide_timeout(BIDE_US(10), bide_get(f));
    return f;
}

#endif
