/*
 * gauge.h: what a live console counts of each task: polls, those that it has asked for itself, and
 * the time that they took.
 *
 * Nothing is counted while no console is attached. Then a worker measures some of its polls, and
 * counts each for all since the one before: at most one in a round, which is the polls between two
 * looks at anything else, at a place that is left to chance; but all of a worker that slept a
 * moment ago, up to BIDE__GAUGE_BURST in a row. So the counts of a program that mostly waits are
 * exact, those of a busy one are estimates, and two readings of the clock are shared by some 60
 * polls.
 *
 * The counts are in an array beside the chunk of the task's block (memory.h), which the owner of
 * the chunk makes when it is asked for its tasks. They are written by who polls the task, so by one
 * thread at a time.
 */
#ifndef BIDE_RUNTIME_TASK_GAUGE_H
#define BIDE_RUNTIME_TASK_GAUGE_H

#include "runtime/task/task.h"

enum { BIDE__GAUGE_BURST = 16 };

/* A console is attached. Any thread. */
extern _Atomic bool bide__gauges_on;

static inline bool bide__gauging(void)
{
    return __builtin_expect(atomic_load_explicit(&bide__gauges_on, memory_order_relaxed), 0);
}

/* A worker, when a round of `max` polls begins, or goes on after a poll that was measured: how many
 * polls come before the next one that is to be; `max` or more: none in this round. */
unsigned bide__gauge_next(struct bide__worker *worker, unsigned max);

/* A worker with hooks, before each poll: is it to be measured? */
bool bide__gauge_due(struct bide__worker *worker);

/* Runs a task, as bide__task_run_watched, and measures it. */
void bide__gauge_run(struct bide__worker *worker, struct bide__task *task);

/* hooks.c: before and after a poll that is measured. */
void bide__gauge_begin(struct bide__worker *worker, const struct bide__task *task);
void bide__gauge_end(struct bide__worker *worker, const struct bide__task *task);

/* The gauge of a task; NULL: it has none. Any thread that knows that its block is in use. */
struct bide__gauge *bide__gauge_of(const struct bide__task *task);

#endif
