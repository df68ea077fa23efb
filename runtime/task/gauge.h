/*
 * gauge.h: what a live console counts of each task: polls, those that it has asked for itself, and
 * the time that they took.
 *
 * Nothing is counted while no console is attached. Then a worker measures its polls, where that
 * costs little. A *round* is the polls between two looks at anything else. If a poll of the last
 * round took EXACT_NS or more, with the time between polls, all polls of this round are measured,
 * and the counts are *exact*: two readings of the clock are a few percent of that. Otherwise one
 * poll of the round is measured, at a place that is left to chance, and stands for as many as a
 * round may have. Each poll has the same chance, so what is counted for a task is right on the
 * average.
 *
 * A round in which polls take long ends after LATE_NS, so that a question of the console does not
 * wait for 60 of them.
 *
 * The counts are in an array beside the chunk of the task's block (memory.h), which the owner of
 * the chunk makes when it is asked for its tasks. They are written by who polls the task, so by one
 * thread at a time. A future has them too: the polls by which a task drives it.
 */
#ifndef BIDE_RUNTIME_TASK_GAUGE_H
#define BIDE_RUNTIME_TASK_GAUGE_H

#include "runtime/task/task.h"

/* A console is attached. Any thread. */
extern _Atomic bool bide__gauges_on;

static inline bool bide__gauging(void)
{
    return __builtin_expect(atomic_load_explicit(&bide__gauges_on, memory_order_relaxed), 0);
}

/* A worker: a round begins, of `max` polls at most; the last one had `polls`. Returns how many
 * polls come before the next one that is to be measured; `max` or more: none. */
unsigned bide__gauge_round(struct bide__worker *worker, unsigned polls, unsigned max);

/* A worker with hooks, before each poll: is it to be measured? */
bool bide__gauge_due(struct bide__worker *worker);

/* Runs a task, as bide__task_run_watched, and measures it. False: the round is to end. */
bool bide__gauge_run(struct bide__worker *worker, struct bide__task *task);

/* hooks.c: before and after a poll that is measured. */
void bide__gauge_begin(struct bide__worker *worker, const struct bide__task *task);
void bide__gauge_end(struct bide__worker *worker, const struct bide__task *task);

/* A leaf has polled the future that it drives. */
void bide__gauge_future(const struct bide__task *future);

/* The gauge of a task; NULL: it has none. Any thread that knows that its block is in use. */
struct bide__gauge *bide__gauge_of(const struct bide__task *task);

#endif
