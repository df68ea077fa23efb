/*
 * The test harness. A test file is a list of
 *
 *   TEST(a_wake_before_the_poll_is_not_lost)
 *   {
 *       CHECK(queue_is_empty(q));
 *       CHECK_EQ(bide_block_on(f()), 3);
 *       CHECK_ERR(bide_tcp_port(NULL), -EINVAL);
 *   }
 *
 * and is linked with check.c, which has main. Every test runs in a child process of its own with a
 * time limit; one that fails shows what it wrote. The program:
 *
 *   NAME [--list] [TEXT...]   only the tests whose name contains one of the TEXTs
 *
 *   BIDE_TEST_NOFORK=1   in this process, without a limit, abort() at the failure: for gdb; name
 *                        one test
 *   BIDE_TEST_SLOW=N     limits are N times as long (sanitizers, valgrind)
 *
 * It ends with the line "AREA/NAME: N passed, N failed, N skipped" and exit status 0, 1 when a test
 * failed, 77 when all were skipped.
 *
 * The checks may stand in any function and thread, async functions too: each expands its arguments
 * once. A failed check says where, and ends the test. A test also fails when a signal kills it, or
 * when it leaves a leak that the sanitizer sees.
 */
#ifndef BIDE_TESTS_CHECK_H
#define BIDE_TESTS_CHECK_H

struct check_test {
    const char *name;
    const char *file;
    int limit_seconds;
    void (*run)(void);
    struct check_test *next;
};

void check_register(struct check_test *test);

/* Both end the test. */
void check_fail(const char *file, int line, const char *what) __attribute__((noreturn));
void check_skip(const char *reason) __attribute__((noreturn));

void check_eq(const char *file, int line, const char *what, long long got, long long expected);
void check_str(const char *file, int line, const char *what, const char *got, const char *expected);
void check_err(const char *file, int line, const char *what, long long got, long long expected);

#define TEST(name) TEST_LIMIT(name, 10)

/* A test that may take as many seconds of real time. */
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

/* Strings, of which either may be NULL. */
#define CHECK_STR(a, b) check_str(__FILE__, __LINE__, #a " is " #b, (a), (b))

/* A result that is 0 or a negative errno; shows their names. */
#define CHECK_ERR(expr, expected) \
    check_err(__FILE__, __LINE__, #expr " is " #expected, (long long)(expr), (long long)(expected))

/* Ends the test as skipped: something that it needs is not on this machine. */
#define SKIP(reason) check_skip(reason)

#endif
