/*
 * lock.h: what models of locks share. Threads without a runtime wait on futexes (runtime/park.c),
 * so that is explored, too. Each has a number of its own, by which a lock knows it.
 */
#ifndef BIDE_TESTS_EXPLORE_LOCK_H
#define BIDE_TESTS_EXPLORE_LOCK_H

#define bide_async /* plain functions, which block */

#include "tools/explore/explore.h"

#include "runtime/door/door.h"

#include <bide/lock.h>

#include <sys/single_threaded.h>

static pid_t number_of_thread(void)
{
    return 1 + explore_thread();
}

static inline void begin_threads(void)
{
    bide__door.gettid = number_of_thread;
    __libc_single_threaded = 0; /* to libc they are not threads */
}

#endif
