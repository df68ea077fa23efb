/*
 * shutdown.h: what the tests of bide/shutdown.h have in common: a shutdown, its report, and
 * runtimes on which it ends the tasks. Each test has runtimes of its own, since no task lives long
 * on one that was shut down.
 */
#ifndef BIDE_TESTS_SHUTDOWN_H
#define BIDE_TESTS_SHUTDOWN_H

#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static bide_shutdown stop;
static bide_shutdown_result result;
static char report[65536];
static size_t report_size;

static inline void note(void *argument, const char *text, size_t size)
{
    (void)argument;
    CHECK(size > 0 && text[size - 1] == '\n' && report_size + size < sizeof report);
    memcpy(report + report_size, text, size);
    report_size += size;
    report[report_size] = '\0';
}

static const bide_shutdown_options noted = {.report = note, .exit_status = -1};

/* The report has this text. */
static inline bool says(const char *text)
{
    return strstr(report, text) != NULL;
}

static inline bide_runtime *begin(bide_flavour flavour)
{
    bide_runtime_options options = {.flavour = flavour,
                                    .workers = flavour == BIDE_CURRENT_THREAD ? 0 : 2};
    bide_runtime *rt;
    CHECK_EQ(bide_runtime_new(&options, &rt), 0);
    bide_runtime_enter(rt);
    memset(&stop, 0, sizeof stop);
    memset(&result, 0, sizeof result);
    report_size = 0;
    report[0] = '\0';
    return rt;
}

static inline void end(bide_runtime *rt)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

/* Blocks on the call on a runtime of this flavour. */
#define RUN(flavour_, call_)                 \
    do {                                     \
        bide_runtime *rt_ = begin(flavour_); \
        CHECK_EQ(bide_block_on(call_), 0);   \
        end(rt_);                            \
    } while (0)

static _Atomic int told;

/* Ends when it is told. */
static inline async void ends(void)
{
    CHECK_EQ(await bide_shutdown_wait(&stop), 0);
    told++;
}

#endif
