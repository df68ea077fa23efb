/*
 * bench/sched/rows.h: the workloads of `./x bench sched`, bide's side. tokio/src/ has the same
 * ones, name by name; the file rows says which are run, how often, and what is expected.
 *
 * A workload does `n` operations on the runtime that the thread has entered, between run_begin and
 * run_end, and checks that they were done. One that measures something else than time sets `value`.
 * It is called twice, a tenth first to warm up, unless it is marked `once`; or again and again for
 * a second.
 */
#ifndef BENCH_SCHED_ROWS_H
#define BENCH_SCHED_ROWS_H

#include <bide/runtime.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run {
    long n;
    unsigned workers; /* threads of a multi_thread runtime; 0: current_thread */
    bide_runtime *rt;
    int64_t wall_from_ns, cpu_from_ns;
    double wall_ns, cpu_ns; /* of an operation */
    double value;           /* 0: the two above are the result */
};

struct row {
    const char *name; /* NULL ends a list */
    void (*run)(struct run *);
    bool once;
    bool several; /* needs more than one thread that runs tasks */
};

extern const struct row spawn_rows[], remote_rows[], talk_rows[], channel_rows[], group_rows[],
    set_rows[], time_rows[], lock_rows[], whole_rows[];

void run_begin(struct run *run);
void run_end(struct run *run);

/* Stops the program with a message unless the two are equal. */
void expect(const char *what, long got, long expected);

int64_t clock_ns(void); /* CLOCK_MONOTONIC */

/* The bytes of memory that the process has resident. */
double resident_bytes(void);

/* Sorts `count` times and returns the one that `part` (0 to 1) of them are below. */
double quantile(int64_t *ns, long count, double part);

/* ---- the console ---- */

/* Makes the process that looks at this one through the console that BIDE_CONSOLE names; before the
 * first runtime. */
void look_prepare(void);

/* If there is one: wait until it is attached; until it has got an answer. */
void look_begin(void);
void look_end(void);

/* ---- the end of a crowd of detached tasks ---- */

/* Prepares for `count` tasks that will each call crowd_leave. */
void crowd_begin(long count);
void crowd_leave(void);

/* Waits until all have called it. */
bide_async void crowd_wait(void);

#endif
