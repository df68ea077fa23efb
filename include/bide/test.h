/*
 * bide/test.h: tests of async code. docs/testing.md is the guide.
 *
 * A test file is a program of its own. It has tests, and no main: this header brings one.
 *
 *   #include <bide/bide.h>
 *   #include <bide/test.h>
 *
 *   bide_test(a_sleep_takes_its_time)
 *   {
 *       bide_instant start = bide_now();
 *       bide_check_eq(await bide_sleep(BIDE_S(3600)), 0);
 *       bide_check_eq(bide_elapsed(start).ns, BIDE_S(3600).ns);
 *   }
 *
 * The body of a test is an async function. It runs in a process of its own, on a runtime of its
 * own, with a clock that stands still while anything can run and then jumps to the next timer
 * (bide_test_time_virtual in bide/testing.h). A test fails if
 *
 *  - a check fails, or it is ended by a signal or by exit with another status than 0;
 *  - it leaves a task behind: one that has not ended when the body has, and that does not end
 *    although it is not waited for anything. The task is named, with the line that spawned it;
 *  - it leaves open what belongs to its runtime: a stream, a listener, a future that has begun;
 *  - everything waits, and there is nothing left that could wake a task;
 *  - it takes longer than its limit, in real time. In the last two cases, what each task waits for
 *    is printed.
 *
 * The program:
 *
 *   NAME [--list] [--tap] [TEXT...]   run (or list) the tests whose name contains one of the TEXTs;
 *                                     with --tap, print what the Test Anything Protocol says
 *
 *   BIDE_TEST_SEED=N      what a failure printed: selects poll in the same order again, and
 *                         bide_test_random returns the same
 *   BIDE_TEST_NOFORK=1    for a debugger: the tests run in this process, without a limit, and the
 *                         first that fails ends it with abort()
 *   BIDE_TEST_SLOW=N      limits are N times as long, for sanitizers and valgrind
 *
 * It ends with 0 if all have passed, 1 if a test has failed, 77 if all were skipped, or 2 if the
 * arguments are wrong or name no test. What a test prints is shown if it fails.
 *
 * Several files of tests may be linked to one program. If BIDE_TEST_NO_MAIN is defined before this
 * header, it brings no main; one that calls bide_test_main is then the program's own.
 */
#ifndef BIDE_TEST_H
#define BIDE_TEST_H

#include <bide/io.h>
#include <bide/lang.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tests ---- */

/* How a test runs. Zero in a member means the default. */
typedef struct bide_test_options {
    bide_duration limit; /* in real time; 0: 10 s */
    bool real_time;      /* the clock is not stopped */
    /* For the runtime of the test; NULL: one thread. Its seed, its clock and its hooks are set by
     * the test. */
    const bide_runtime_options *runtime;
} bide_test_options;

#ifndef __cplusplus

/* Private. */
struct bide__test {
    const char *name, *file;
    uint32_t line;
    bide_async_fn(void, void) body;
    bide_test_options options;
    struct bide__test *next;
};
void bide__test_add(struct bide__test *test);

/*
 * bide_test(NAME) { ... }
 * bide_test_with(NAME, .limit = BIDE_S(60), .real_time = true) { ... }
 *
 * A test, with members of bide_test_options. `return;` ends it, and so does a check that fails.
 */
#define bide_test(name) bide_test_with(name, .real_time = false)
#define bide_test_with(name_, ...)                                                    \
    static bide_async void test_##name_(void) __attribute__((__used__));              \
    static void __attribute__((__constructor__)) bide__test_add_##name_(void)         \
    {                                                                                 \
        static struct bide__test test = {                                             \
            #name_, __FILE__, __LINE__, bide_ref(test_##name_), {__VA_ARGS__}, NULL}; \
        bide__test_add(&test);                                                        \
    }                                                                                 \
    static bide_async void test_##name_(void)

#endif

/* Runs the tests of the program, as its arguments say; returns its exit status. */
int bide_test_main(int argc, char **argv);

#if !defined(BIDE_TEST_NO_MAIN) && !defined(__cplusplus)
__attribute__((__weak__)) int main(int argc, char **argv)
{
    return bide_test_main(argc, argv);
}
#endif

/* Returns a random number, which BIDE_TEST_SEED brings again. Any thread; with several, which of
 * them gets which number is not repeated. */
uint64_t bide_test_random(void);

/* ---- checks ---- */

/*
 * A check that fails prints its place and ends the test. Checks may be in any function, async ones
 * too, and on any thread, and may await. Each evaluates its arguments once.
 */

/* The condition holds. */
#define bide_check(condition) \
    ((condition) ? (void)0 : bide__test_failed(__FILE__, __LINE__, "check failed: " #condition))

/* Two integers are equal: the one that the code has given, and the one that is right. */
#define bide_check_eq(got, expected)                                              \
    bide__test_equal(__FILE__, __LINE__, #got " is " #expected, (long long)(got), \
                     (long long)(expected))

/* The same for strings; either may be NULL. */
#define bide_check_str(got, expected) \
    bide__test_same(__FILE__, __LINE__, #got " is " #expected, (got), (expected))

/* The same for a result that is a negative errno if it is negative; prints the names of errors. */
#define bide_check_err(got, expected)                                              \
    bide__test_result(__FILE__, __LINE__, #got " is " #expected, (long long)(got), \
                      (long long)(expected))

/* Ends the test as failed, with this text. */
#define bide_test_give_up(text) bide__test_failed(__FILE__, __LINE__, (text))

/* Ends the test, which counts as skipped, for something that the machine lacks. */
void bide_test_skip(const char *reason) __attribute__((__noreturn__));

/* Private. */
void bide__test_failed(const char *file, int line, const char *what) __attribute__((__noreturn__));
void bide__test_equal(const char *file, int line, const char *what, long long got,
                      long long expected);
void bide__test_same(const char *file, int line, const char *what, const char *got,
                     const char *expected);
void bide__test_result(const char *file, int line, const char *what, long long got,
                       long long expected);

/* ---- scripted streams ---- */

/* A step of a script, made by one of the macros below. The members are private. */
typedef struct bide_test_step {
    int kind_, error_;
    const void *data_;
    size_t size_;
    bide_duration wait_;
} bide_test_step;
#define BIDE_TEST_STEP_INIT \
    {                       \
        0, 0, NULL, 0,      \
        {                   \
            0               \
        }                   \
    } /* reads nothing */

/* The code under test reads this; or gets this error, a negative errno, from a read. */
#define BIDE_TEST_READ(text) BIDE_TEST_READ_BYTES(text, sizeof("" text) - 1)
#define BIDE_TEST_READ_BYTES(d, size) \
    {                                 \
        0, 0, (d), (size),            \
        {                             \
            0                         \
        }                             \
    }
#define BIDE_TEST_READ_ERROR(error) \
    {                               \
        1, (error), NULL, 0,        \
        {                           \
            0                       \
        }                           \
    }
/* It writes this; or gets this error from a write. */
#define BIDE_TEST_WRITE(text) BIDE_TEST_WRITE_BYTES(text, sizeof("" text) - 1)
#define BIDE_TEST_WRITE_BYTES(d, size) \
    {                                  \
        2, 0, (d), (size),             \
        {                              \
            0                          \
        }                              \
    }
#define BIDE_TEST_WRITE_ERROR(error) \
    {                                \
        3, (error), NULL, 0,         \
        {                            \
            0                        \
        }                            \
    }
/* Nothing happens for so long, after the step before. */
#define BIDE_TEST_WAIT(duration)  \
    {                             \
        4, 0, NULL, 0, (duration) \
    }
/* The other side is silent from here on: reads wait until the stream is closed. Writes go on with
 * the steps after this one. */
#define BIDE_TEST_SILENCE \
    {                     \
        5, 0, NULL, 0,    \
        {                 \
            0             \
        }                 \
    }

/* The steps of a script, in order: BIDE_TEST_STEPS(BIDE_TEST_WRITE("hello"), ...). */
typedef struct bide_test_steps {
    const bide_test_step *steps;
    size_t count;
} bide_test_steps;

#define BIDE_TEST_STEPS(...)                                  \
    ((bide_test_steps){(const bide_test_step[]){__VA_ARGS__}, \
                       sizeof((const bide_test_step[]){__VA_ARGS__}) / sizeof(bide_test_step)})

/*
 * Makes a stream whose other side goes by a script. The steps are copied, their data is not. All
 * functions of bide/io.h work with it but bide_stream_fd, as with a pair in memory.
 *
 * The steps happen one after another. A read waits for its step, through those that are to be
 * written; after the last step it returns 0, the end. A step of bytes may be read and written in
 * pieces. A write takes the next step of a write, even if bytes to be read come before it, since
 * the two directions are independent; it does not pass a wait or an error.
 *
 * A write that differs from the script, or that it does not expect, fails the test; so does a close
 * before all that can come has come. Where no test of bide_test runs, the program is ended by
 * abort().
 *
 * Errors: -EINVAL (an unknown step, an error that is not negative), -ENOMEM; then *stream is NULL.
 */
bide_must_use int bide_test_stream(bide_test_steps steps,
                                   bide_stream **stream bide_gives(bide_stream_close));

/* ---- tasks polled by hand ---- */

/*
 * A task that runs only when the test polls it, with a waker that counts. It shows what a runtime
 * hides: whether a call suspends, what wakes it and how often, and whether it leaves wakers behind.
 * It may be polled inside a test, whose timers and streams wake it, or outside any runtime. For one
 * thread at a time; its wakers may be used on any.
 */
typedef struct bide_test_task bide_test_task;

#ifndef __cplusplus

/* Makes a task that will call function(argument): bide_test_task_new(bide_ref(f), &x, &task).
 * Nothing of it runs yet. Returns 0, or -ENOMEM with *task set to NULL. */
bide_must_use int bide_test_task_new(bide_async_fn(int, void *) function, void *argument,
                                     bide_test_task **task bide_gives(bide_test_task_free));

#endif

/* Polls the task, woken or not. Returns 1 if it has ended, 0 if it waits. Once it has ended it must
 * not be polled again. */
bide_must_use int bide_test_task_poll(bide_test_task *task);

/* What the function returned; if it was cancelled, or found no memory, the negative errno. Only
 * when it has ended. */
int bide_test_task_result(const bide_test_task *task);

/* How many wakes there have been since the last poll began. */
unsigned bide_test_task_wakes(const bide_test_task *task);

/* How many wakers of the task others hold: clones that were neither dropped nor used up. */
unsigned bide_test_task_wakers(const bide_test_task *task);

/* Asks the task to cancel. The next poll delivers the request. */
void bide_test_task_cancel(bide_test_task *task);

/* Frees the task. One that has not ended is cancelled, with force, and polled until it has. If it
 * does not end, or somebody still holds one of its wakers, the test fails. NULL is ignored. */
void bide_test_task_free(bide_test_task *task);

/* The next poll leaves it waiting; or ends it, with this result. */
#define bide_check_pending(task) \
    bide__test_pending(__FILE__, __LINE__, #task " waits", bide_test_task_poll(task))
#define bide_check_ready(task, result) \
    bide__test_ready(__FILE__, __LINE__, #task " ends with " #result, (task), (result))

/* Private. */
void bide__test_pending(const char *file, int line, const char *what, int ended);
void bide__test_ready(const char *file, int line, const char *what, bide_test_task *task,
                      int expected);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
