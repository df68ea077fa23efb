/*
 * lib/test/check.c: checks, and the end of a test that fails.
 *
 * In a process of its own a test that fails ends with _exit: after that, leaks and tasks mean
 * nothing. For a debugger, and in a program that runs no tests, it ends with abort.
 */
#include "lib/async.h"

#include "lib/test/print.h"
#include "lib/test/test.h"

#include <stdio.h>
#include <stdlib.h>

void bide__test_end_failed(void)
{
    fflush(NULL);
    if (bide__test_run.no_fork)
        abort();
    _exit(1);
}

void bide__test_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    bide__test_end_failed();
}

static void say_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
}

void bide_test_skip(const char *reason)
{
    fprintf(stderr, "skipped: %s\n", reason);
    exit(BIDE__STATUS_SKIPPED);
}

void bide__test_equal(const char *file, int line, const char *what, long long got,
                      long long expected)
{
    if (got == expected)
        return;
    say_failed(file, line, what);
    fprintf(stderr, "    got %lld, expected %lld\n", got, expected);
    bide__test_end_failed();
}

void bide__test_same(const char *file, int line, const char *what, const char *got,
                     const char *expected)
{
    if (got == expected || (got != NULL && expected != NULL && strcmp(got, expected) == 0))
        return;
    say_failed(file, line, what);
    print_string("got     ", got);
    print_string("expected", expected);
    bide__test_end_failed();
}

void bide__test_result(const char *file, int line, const char *what, long long got,
                       long long expected)
{
    if (got == expected)
        return;
    say_failed(file, line, what);
    print_result("got     ", got);
    print_result("expected", expected);
    bide__test_end_failed();
}

/* ---- tasks polled by hand ---- */

void bide__test_pending(const char *file, int line, const char *what, int ended)
{
    if (ended == 0)
        return;
    say_failed(file, line, what);
    fputs("    it has ended\n", stderr);
    bide__test_end_failed();
}

void bide__test_ready(const char *file, int line, const char *what, bide_test_task *task,
                      int expected)
{
    if (bide_test_task_poll(task) == 1) {
        bide__test_result(file, line, what, bide_test_task_result(task), expected);
        return;
    }
    say_failed(file, line, what);
    fputs("    it waits\n", stderr);
    bide__test_end_failed();
}
