/*
 * calls.h: work that comes from outside: threads that run no worker make blocking calls. For models
 * in which the workers sleep meanwhile, however they do that.
 */
#ifndef BIDE_TESTS_EXPLORE_CALLS_H
#define BIDE_TESTS_EXPLORE_CALLS_H

#include "runtime.h"

static async int answer(int n)
{
    return n;
}

/* The second call comes while the worker of the first one goes to sleep. */
static void one_after_another(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(1)) == 1);
    explore_check(bide_block_on(answer(2)) == 2);
}

static void one(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(1)) == 1);
}

static void two(void)
{
    bide_runtime_enter(rt);
    explore_check(bide_block_on(answer(2)) == 2);
}

#endif
