/*
 * lib/test/test.h: the parts of bide_test_main, for each other.
 *
 *   main.c     the arguments, which tests run, what is printed
 *   process.c  a process for each test, its limit and its output
 *   run.c      one test in this process: its runtime, and what it must not leave behind
 *   tasks.c    the tasks of that runtime that have not ended, and where they were spawned
 *   check.c    checks, and the end of a test that fails
 *   script.c   streams that go by a script
 *   task.c     tasks polled by hand
 *
 * A program that includes bide/test.h only gets those parts that it uses.
 */
#ifndef BIDE_LIB_TEST_TEST_H
#define BIDE_LIB_TEST_TEST_H

#define BIDE_TEST_NO_MAIN
#include <bide/test.h>

enum bide__outcome { BIDE__PASSED, BIDE__FAILED, BIDE__SKIPPED };

/* ---- main.c ---- */

/* What is the same for all tests of a run. */
extern struct bide__test_run {
    uint64_t seed;
    bool no_fork;
    bool tap;
} bide__test_run;

/* ---- process.c ---- */

/*
 * Runs the test in a child process. In *why, for a test that has failed, is a text for people; what
 * the test has printed is in *output, to be given to bide__process_forget.
 */
struct bide__output {
    char *text;
    size_t size;
};
enum bide__outcome bide__process_run(const struct bide__test *test, char *why, size_t why_size,
                                     struct bide__output *output);
void bide__process_forget(struct bide__output *output);

/* A random number of the system. */
uint64_t bide__process_random(void);

/* ---- run.c ---- */

/* Runs the test on a runtime of its own. If it returns, the test has passed. */
void bide__test_body(const struct bide__test *test);

/* ---- tasks.c ---- */

/* The hooks that keep the list, in these options. The list must be empty. */
void bide__tasks_watch(bide_runtime_options *options);

/* How many tasks there are; `id` does not count. And prints each of them, and returns how many. */
size_t bide__tasks_count(uint64_t id);
size_t bide__tasks_print(const struct bide_runtime *rt);

/* ---- check.c ---- */

enum { BIDE__STATUS_SKIPPED = 77 };

/* Ends the test as failed; what there is to say was said. */
void bide__test_end_failed(void) __attribute__((noreturn));

#endif
