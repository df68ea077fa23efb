/*
 * runtime.h: what models of a whole runtime share: it is made and ended, tasks wait for signals of
 * other threads. Only what lies between is explored; the workers sleep when it begins.
 *
 * Waits do not end by time (timeouts -1), so that a wake that is lost is a deadlock, although the
 * watchdog would make up for it.
 */
#ifndef BIDE_TESTS_EXPLORE_RUNTIME_H
#define BIDE_TESTS_EXPLORE_RUNTIME_H

#include "tools/explore/explore.h"
#include "tools/explore/signal.h"

#include <bide/bide.h>
#include <bide/runtime.h>

#include "runtime/leaf.h"
#include "runtime/task/task.h"

static struct bide_runtime *rt;

/* 0 workers: a current_thread runtime. */
static inline void runtime_begin(unsigned workers)
{
    struct bide_runtime_options o = {
        .flavour = workers > 0 ? BIDE_MULTI_THREAD : BIDE_CURRENT_THREAD, .workers = workers};
    explore_focus(false);
    explore_check(bide_runtime_new(&o, &rt) == 0);
    explore_settle();
    explore_focus(true);
}

static inline void begin_one_thread(void)
{
    runtime_begin(0);
}

static inline void begin_two_workers(void)
{
    runtime_begin(2);
}

static inline void runtime_end(void)
{
    explore_focus(false);
    explore_check(bide_runtime_shutdown(rt, BIDE_SHUTDOWN_DEFAULT) == 0);
    explore_check(bide_runtime_free(rt) == 0);
}

#endif
