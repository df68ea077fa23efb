/*
 * The test harness. A test file is a list of tests like
 *
 *   TEST(a_wake_before_the_poll_is_not_lost)
 *   {
 *       CHECK(queue_is_empty(q));
 *       CHECK_EQ(bide_block_on(f()), 3);
 *       CHECK_ERR(bide_tcp_port(NULL), -EINVAL);
 *   }
 *
 * and is linked with check.c, which has main. Each test runs in its own child process with a time
 * limit; the output of a failed test is shown. The program:
 *
 *   NAME [--list] [TEXT...]   run (or list) the tests whose name contains one of the TEXTs
 *
 *   BIDE_TEST_NOFORK=1   for gdb: run one test, which must be named, in this process, without a
 *                        limit, and abort() when it fails
 *   BIDE_TEST_FLAVOUR=multi_thread   run each test on a runtime of this flavour,
 *                        which it has entered, and which is shut down and freed after it
 *   BIDE_TEST_EXCEPT="NAME ..."      without these tests
 *   BIDE_TEST_SLOW=N     make limits N times as long (sanitizers, valgrind)
 *
 * It ends with the line "AREA/NAME: N passed, N failed, N skipped" and exit status 0, 1 if a test
 * failed, or 77 if all were skipped.
 *
 * Checks may be used in any function, async ones too, and on any thread; each evaluates its
 * arguments once. A failed check prints its place and ends the test. A test also fails if a signal
 * kills it, or if the sanitizer finds a leak.
 */
#ifndef BIDE_TESTS_CHECK_H
#define BIDE_TESTS_CHECK_H

#include <stdbool.h>

struct check_test {
    const char *name;
    const char *file;
    int limit_seconds;
    void (*run)(void);
    struct check_test *next;
};

void check_register(struct check_test *test);

/* The test runs on a runtime with several workers, as BIDE_TEST_FLAVOUR asks: nobody knows in which
 * order they run its tasks. */
bool check_has_workers(void);

/* These two end the test. */
void check_fail(const char *file, int line, const char *what) __attribute__((noreturn));
void check_skip(const char *reason) __attribute__((noreturn));

void check_eq(const char *file, int line, const char *what, long long got, long long expected);
void check_str(const char *file, int line, const char *what, const char *got, const char *expected);
void check_err(const char *file, int line, const char *what, long long got, long long expected);

#define TEST(name) TEST_LIMIT(name, 10)

/* A test that may take seconds_ seconds of real time. */
#define TEST_LIMIT(name_, seconds_)                                                    \
    static void test_##name_(void);                                                    \
    static void __attribute__((constructor)) register_##name_(void)                    \
    {                                                                                  \
        static struct check_test test = {#name_, __FILE__, seconds_, test_##name_, 0}; \
        check_register(&test);                                                         \
    }                                                                                  \
    static void test_##name_(void)

#define CHECK(cond)                                \
    do {                                           \
        if (!(cond))                               \
            check_fail(__FILE__, __LINE__, #cond); \
    } while (0)

/* Integers: got, expected. */
#define CHECK_EQ(a, b)  check_eq(__FILE__, __LINE__, #a " == " #b, (long long)(a), (long long)(b))

/* Strings; either may be NULL. */
#define CHECK_STR(a, b) check_str(__FILE__, __LINE__, #a " is " #b, (a), (b))

/* A result that is 0 or a negative errno; shows their names. */
#define CHECK_ERR(expr, expected) \
    check_err(__FILE__, __LINE__, #expr " is " #expected, (long long)(expr), (long long)(expected))

/* Ends the test as skipped, for something that this machine lacks. */
#define SKIP(reason) check_skip(reason)

#endif
