/*
 * stress.h: what tests share that do random things for some time.
 *
 *   BIDE_STRESS_MS=N     each test runs so long; default: what the test says, or 200 s if FULL=1
 *   BIDE_STRESS_SEED=N   the seed of the first round, which is printed; default: the time
 *
 * With several threads a seed does not repeat a run, but it does what each task decides. A test
 * that hangs is ended by a signal some time after its end.
 */
#ifndef BIDE_TESTS_STRESS_H
#define BIDE_TESTS_STRESS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "full.h"

enum { STRESS_FULL_MS = 200000, STRESS_GRACE_S = 60 };

/* ---- random numbers: a state for each task and thread ---- */

static inline uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline unsigned below(uint64_t *state, unsigned n)
{
    *state = mix(*state);
    return (unsigned)((*state >> 33) % n);
}

/* ---- time ---- */

static inline int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline int pauses_us(int us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000L};
    nanosleep(&t, NULL);
    return us;
}

static inline int64_t stress_ms(int64_t default_ms)
{
    const char *ms = getenv("BIDE_STRESS_MS");
    if (ms != NULL)
        return atoll(ms);
    return is_full() ? STRESS_FULL_MS : default_ms;
}

/* Runs rounds for so long, each with a seed of its own. Returns how many. */
static inline unsigned stress_rounds(int64_t limit_ms, void (*round)(uint64_t seed, void *),
                                     void *argument)
{
    const char *given = getenv("BIDE_STRESS_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    int64_t begin_ms = now_ms();
    unsigned rounds = 0;
    const char *slow = getenv("BIDE_TEST_SLOW");
    int factor = slow != NULL ? atoi(slow) : 1;
    alarm((unsigned)(limit_ms / 1000 + STRESS_GRACE_S * (factor > 0 ? factor : 1)));
    fprintf(stderr, "BIDE_STRESS_SEED=%llu\n", (unsigned long long)seed);
    do {
        round(mix(seed + rounds), argument);
        rounds++;
    } while (now_ms() - begin_ms < limit_ms);
    return rounds;
}

#endif
