/*
 * meter.h: how long polls take, and how long a task that is ready waits for its poll: what the
 * histograms of bide/runtime.h are made of.
 *
 * Only a runtime that was asked for them has meters, one for each worker, which the worker alone
 * writes; readers add up. A worker with a meter counts as watched, so that the loops for others
 * know nothing of it (hooks.c). Polls are measured one out of `interval`, counted by the worker.
 *
 * A wait begins where a task becomes ready, on any thread, and ends where it is polled, perhaps on
 * another worker. A task has no room for the time in between. So one wake out of `interval` takes a
 * *probe*, which has the task and the time; the poll of that task gives it back. A wake that finds
 * no probe free is not measured. A task that is ready is always polled or, if it is a future that
 * has ended, taken out of the queue likewise, so no probe is lost; and it comes after the wake, so
 * it finds the probe.
 */
#ifndef BIDE_RUNTIME_TASK_METER_H
#define BIDE_RUNTIME_TASK_METER_H

#include "runtime/options.h"
#include "runtime/task/task.h"

enum { BIDE__PROBES = 32 };

/* Counts are written by one worker, and read by any thread. */
struct bide__times {
    _Atomic uint64_t count[BIDE_HISTOGRAM_BUCKETS];
    _Atomic uint64_t sum_ns;
    _Atomic uint64_t most_ns;
};

struct bide__meter {
    const struct bide__options *options;
    struct bide__times polls, waits;
    uint32_t to_poll, to_wake; /* polls, and wakes by this worker, until one is measured */
    int64_t poll_since_ns;     /* INT64_MIN: this poll is not measured */
};

/* Of a hub. */
struct bide__probes {
    uint32_t interval;
    _Atomic uint32_t used;  /* a bit for each probe */
    _Atomic uint32_t wakes; /* by threads that run no worker of the runtime */
    struct {
        _Atomic(const struct bide__task *) task;
        _Atomic int64_t since_ns;
    } probe[BIDE__PROBES];
};

/* A worker gets a meter if the options ask for one, and the hub its probes with the first. 0 or
 * -ENOMEM. The hub frees the probes when it is closed. */
int bide__meter_new(struct bide__worker *worker, const struct bide__options *options);
void bide__meter_free(struct bide__worker *worker);

/* For `schedule` of the worker of a current_thread runtime that has a meter. */
void bide__schedule_measured(struct bide__worker *worker, struct bide__task *task, bool again);

/* Whoever makes a task ready, before it is put into a queue. `worker`: of this thread, or NULL. */
void bide__probe_wake(struct bide__probes *probes, struct bide__worker *worker,
                      const struct bide__task *task);

/* A worker with a meter: has taken the task out of a queue; its poll begins, and ends. */
void bide__meter_taken(struct bide__worker *worker, const struct bide__task *task);
void bide__meter_begin(struct bide__worker *worker);
void bide__meter_end(struct bide__worker *worker);

#endif
