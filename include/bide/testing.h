/*
 * bide/testing.h: a world under the test's control.
 *
 * Everything that bide asks of the system goes through one table of functions with names: those of
 * the system calls (accept4, connect, read, recv, epoll_ctl, ...) and alloc, free, clock,
 * getrandom, thread_create and others; runtime/door/door.h lists them. A test may count their
 * calls, make some of them fail, or put its own function in their place. And time may be virtual.
 *
 * Call these functions while no runtime runs (the functions that only ask, at any time;
 * bide_test_fail and bide_test_time_advance also inside a task). All of this is for the whole
 * process.
 */
#ifndef BIDE_TESTING_H
#define BIDE_TESTING_H

#include <bide/lang.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The nth call from now on (1: the next one) fails with `error`, a negative errno, and so do the
 * calls after it, `count` in all; 0: for ever. alloc then returns no memory, whatever the error is.
 * One rule a name: a new one replaces it, and nth 0 removes it. 0; -EINVAL: there is no such call,
 * or it cannot fail.
 *
 *     bide_test_fail("accept4", 3, -EMFILE, 1);
 */
int bide_test_fail(const char *call, unsigned nth, int error, unsigned count);

/* How many calls have failed by the rule; 0 after a test that went through a call at each position
 * means that the last position was past the end. */
uint64_t bide_test_failed(const char *call);

/* Begins to count calls, from 0. */
void bide_test_watch(void);

/* Calls since bide_test_watch, those that failed by a rule included. -EINVAL: there is no such
 * call. */
int64_t bide_test_calls(const char *call);

/*
 * Puts `function` in the place of a call; NULL: the original. It must be of the call's type in
 * runtime/door/door.h, cast to void (*)(void). Returns what was there before, NULL: there is no
 * such call.
 */
void (*bide_test_replace(const char *call, void (*function)(void)))(void);

/*
 * The clock stands still from now on. When a runtime has nothing to do (no task is ready, no
 * descriptor that a task waits for is ready, no call runs on the blocking pool) it jumps to the
 * next timer. When no timer is left, or a blocking call runs, the runtime waits as usual.
 */
void bide_test_time_virtual(void);

/* Lets the virtual clock pass by that much; what is due runs when the runtime has its next turn. */
void bide_test_time_advance(bide_duration duration);

/* Everything is as at first: no rule, no replaced function, real time, nothing is counted. */
void bide_test_reset(void);

#ifdef __cplusplus
}
#endif
#endif
