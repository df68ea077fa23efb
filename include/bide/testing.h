/*
 * bide/testing.h: a world under the test's control.
 *
 * Everything that bide asks of the system goes through one table of named functions: the system
 * calls (accept4, connect, read, recv, epoll_ctl, ...) and alloc, free, clock, getrandom,
 * thread_create and others; runtime/door/door.h lists them. A test may count their calls, make some
 * of them fail, or replace one by a function of its own. It may also make time virtual.
 *
 * The first call of one of these functions must be made while no other thread of bide runs; it may
 * be bide_test_watch, for nothing but this. Any later call may be made at any time, also inside a
 * task: it holds for the calls that come after it. All of this applies to the whole process.
 */
#ifndef BIDE_TESTING_H
#define BIDE_TESTING_H

#include <bide/lang.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes the nth call from now on (1: the next one) and those after it fail with `error`, a negative
 * errno: `count` calls in all, or all that follow if `count` is 0. alloc returns NULL, whatever the
 * error is. There is one rule a name: a new rule replaces the old one, and nth 0 removes it.
 * Returns 0, or -EINVAL if there is no such call or it cannot fail.
 *
 *     bide_test_fail("accept4", 3, -EMFILE, 1);
 */
int bide_test_fail(const char *call, unsigned nth, int error, unsigned count);

/* How many calls the rule has made fail. In a test that lets the call fail at each position in
 * turn, 0 means that the last position was past the end. */
uint64_t bide_test_failed(const char *call);

/* Starts counting calls, from 0. */
void bide_test_watch(void);

/* Returns the number of calls since bide_test_watch, those that a rule made fail included, or
 * -EINVAL if there is no such call. */
int64_t bide_test_calls(const char *call);

/*
 * Puts `function` in the place of a call; NULL restores the original. The function must have the
 * call's type in runtime/door/door.h, cast to void (*)(void). Returns the function that was there
 * before, or NULL if there is no such call.
 */
void (*bide_test_replace(const char *call, void (*function)(void)))(void);

/*
 * Stops the clock. When a runtime has nothing to do (no task is ready, no descriptor that a task
 * waits for is ready, and no call runs on the blocking pool and no look-up of a name that somebody
 * waits for), the clock jumps to the next timer. If
 * no timer is left, or a blocking call runs, the runtime waits as usual. Workers move the clock
 * when all of them have nothing to do; but each core of a runtime that has cores (bide/runtime.h)
 * moves it by itself, even while the others run, so do not stop the clock of such a program.
 */
void bide_test_time_virtual(void);

/* Moves the virtual clock forward. What is due then runs in the runtime's next turn. */
void bide_test_time_advance(bide_duration duration);

/* Restores the original state: no rules, no replaced functions, no counting, real time. */
void bide_test_reset(void);

#ifdef __cplusplus
}
#endif
#endif
