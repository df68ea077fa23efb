/*
 * sets.h: what the tests of sets share: children that are counted, and results of some types.
 */
#ifndef TESTS_LIB_SETS_H
#define TESTS_LIB_SETS_H

#include <bide/bide.h>
#include <bide/testing.h>

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

/* ended: returned; most: of those alive at once; left: who has unwound, in order. */
static struct {
    atomic_int begun, alive, most, ended;
    atomic_uint gone;
    char left[16];
} seen;

static inline void begin(void)
{
    bide_test_time_virtual();
    memset(&seen, 0, sizeof seen);
}

static inline void enters(void)
{
    seen.begun++;
    int alive = ++seen.alive, most = seen.most;
    while (most < alive && !atomic_compare_exchange_weak(&seen.most, &most, alive))
        continue;
}

static inline void leaves(int result)
{
    unsigned n = seen.gone++;
    if (n < sizeof seen.left - 1)
        seen.left[n] = (char)('a' + result % 26);
    seen.alive--;
}

/* Takes `ms` to work, and `cleanup_ms` to clean up. */
static async int child(int ms, int result, int cleanup_ms)
{
    enters();
    defer {
        if (cleanup_ms > 0)
            await bide_sleep(BIDE_MS(cleanup_ms));
        leaves(result);
    }
    if (ms > 0)
        await bide_sleep(BIDE_MS(ms));
    seen.ended++;
    return result;
}

/* ---- results ---- */

struct big {
    _Alignas(64) char text[128];
};

static inline async struct big make_big(char c)
{
    _Alignas(128) char own[128];
    struct big big;
    CHECK((uintptr_t)own % 128 == 0);
    await bide_yield();
    memset(&big, c, sizeof big);
    memset(own, c, sizeof own);
    return big;
}

static inline async void make_nothing(void)
{
    await bide_yield();
}

#endif
