/*
 * failing.h: makes a constructor fail at each call of the door in turn.
 *
 *   int failures = fails_everywhere(make, destroy)
 *
 * make() calls the constructor and returns its result. On an error it checks that the stored object
 * is NULL and the arguments are untouched. It is called with the first, second, ... call of each
 * kind failing, until none fails. After each failure the process must have as many descriptors as
 * before, and the object can be made without a failure. Lost memory is left to the leak checker.
 * Returns the number of failures.
 *
 *   for (unsigned nth = 1, more = 1; more; nth++) {
 *       alloc_fails(nth);
 *       more = alloc_has_failed(bide_block_on(f()));
 *   }
 *
 * runs a function that returns 0, or -ENOMEM, with the first, second, ... allocation failing, until
 * none fails.
 */
#ifndef BIDE_TESTS_FAILING_H
#define BIDE_TESTS_FAILING_H

#include <bide/bide.h>
#include <bide/testing.h>

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "check.h"

static inline int open_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    CHECK(directory != NULL);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

/* A driver may close a descriptor a moment after its owner has let go of it. Lets the runtime of
 * this thread run until so many are open; false: they never are. */
static inline bool descriptors_become(int expected)
{
    for (int i = 0; i < 1000 && open_descriptors() != expected; i++)
        bide_block_on(bide_sleep(BIDE_MS(1)));
    return open_descriptors() == expected;
}

/* epoll_ctl can lack a resource only when it adds, so only that fails. */
static unsigned failing_additions;
static bool failing_has_failed;

static inline int failing_epoll_ctl(int ep, int op, int fd, struct epoll_event *event)
{
    if (op == EPOLL_CTL_ADD && failing_additions > 0 && --failing_additions == 0) {
        failing_has_failed = true;
        return -ENOSPC;
    }
    int n = epoll_ctl(ep, op, fd, event);
    return n < 0 ? -errno : n;
}

static inline void failing_begin(const char *call, unsigned nth, int error)
{
    failing_has_failed = false;
    failing_additions = 0;
    if (strcmp(call, "epoll_ctl") == 0)
        failing_additions = nth;
    else
        CHECK_EQ(bide_test_fail(call, nth, error, 1), 0);
}

static inline bool failing_end(const char *call)
{
    bool failed = failing_has_failed || bide_test_failed(call) > 0;
    failing_additions = 0;
    CHECK_EQ(bide_test_fail(call, 0, 0, 0), 0);
    return failed;
}

static inline int fails_everywhere(int (*make)(void), void (*destroy)(void))
{
    static const struct {
        const char *call;
        int error;
    } calls[] = {
        {"alloc", -ENOMEM},      {"epoll_create1", -EMFILE}, {"epoll_ctl", -ENOSPC},
        {"eventfd", -EMFILE},    {"socket", -EMFILE},        {"bind", -EADDRINUSE},
        {"listen", -EADDRINUSE}, {"setsockopt", -ENOBUFS},   {"fcntl", -EIO},
        {"fstat", -EIO},         {"getaddrinfo", -ENOMEM},   {"thread_create", -EAGAIN},
        {"sigaction", -EINVAL},  {"accept4", -EMFILE},       {"connect", -EADDRNOTAVAIL},
    };
    int failures = 0;
    CHECK(bide_test_replace("epoll_ctl", (void (*)(void))failing_epoll_ctl) != NULL);
    /* Makes now what is made only once, such as a thread's runtime. */
    CHECK_EQ(make(), 0);
    destroy();
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned nth = 1;; nth++) {
            int before = open_descriptors();
            failing_begin(calls[i].call, nth, calls[i].error);
            int n = make();
            bool failed = failing_end(calls[i].call);
            fprintf(stderr, "%s, the %u.: %d\n", calls[i].call, nth, n);
            CHECK(n <= 0);
            if (n == 0)
                destroy();
            CHECK(descriptors_become(before));
            if (!failed) {
                CHECK_EQ(n, 0);
                break;
            }
            failures += n < 0;
            CHECK_EQ(make(), 0);
            destroy();
        }
    }
    return failures;
}

static inline void alloc_fails(unsigned nth)
{
    CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
}

/* `rc`: what the run has returned. True: an allocation has failed. */
static inline bool alloc_has_failed(int rc)
{
    bool has_failed = bide_test_failed("alloc") > 0;
    CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
    CHECK_ERR(rc, rc != 0 ? -ENOMEM : 0);
    CHECK(has_failed || rc == 0);
    return has_failed;
}

#endif
