/*
 * schedule.h: the executor: what a worker does between two polls of tasks, and when it ends.
 *
 * Requires tasks in the worker's run queue (bide__schedule in task/), timers, a driver, the pool
 * and the hub. Establishes that a task in the queue is run, and that timers, events and requests of
 * other threads are handled within a bounded number of polls.
 */
#ifndef BIDE_RUNTIME_SCHEDULE_H
#define BIDE_RUNTIME_SCHEDULE_H

#include "runtime/worker.h"

/*
 * Runs tasks until `until` is DONE (NULL: until no task is alive) or the clock reaches deadline_ns.
 * 0, -ETIMEDOUT, or -EDEADLK (for a program only): nothing can ever wake a task. The caller has set
 * bide__thread.running.
 */
int bide__run(struct bide__worker *worker, const struct bide__task *until, int64_t deadline_ns);

/* Runs tasks that are ready, for at most this number of polls, and never waits. */
void bide__run_ready(struct bide__worker *worker, size_t polls);

/* ---- a runtime in a foreign loop: embed.c ---- */

/* The worker, which has run, stops for now: a loop that turns it waits in its place. True: there is
 * more to do at once. To be called after every run of a worker with `touched`. */
bool bide__rest(struct bide__worker *worker);

/* For embed.c: takes over what other threads have left, passes time and asks the driver; never
 * waits. */
void bide__look_around(struct bide__worker *worker);

/* For embed.c, in virtual time: see current_thread.c. */
bool bide__pool_is_idle(struct bide__worker *worker);
bool bide__pass_virtual_time(struct bide__worker *worker, int64_t until_ns);

#endif
