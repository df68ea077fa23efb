/*
 * schedule.h: the executor: what a worker does between two polls of tasks, and when it ends.
 *
 * Requires tasks in the worker's run queue (bide__schedule in task/), timers, a driver, the pool
 * and the hub. Establishes that a task in the queue is run, and that timers, events and requests of
 * other threads are handled within a bounded number of polls.
 */
#ifndef BIDE_RUNTIME_SCHEDULE_H
#define BIDE_RUNTIME_SCHEDULE_H

#include "runtime/task/task.h"
#include "runtime/worker.h"

/* For a new worker, and after each look elsewhere: how many tasks may run before the next one. */
void bide__turns_begin(struct bide__worker *worker);

/*
 * Runs tasks until `until` is DONE (NULL: until no task is alive) or the clock reaches deadline_ns.
 * 0, -ETIMEDOUT, or -EDEADLK (for a program only): nothing can ever wake a task. The caller has set
 * bide__thread.running.
 */
int bide__run(struct bide__worker *worker, const struct bide__task *until, int64_t deadline_ns);

/* ---- multi_thread: see multi.h ---- */

/* multi_thread: makes the workers and starts their threads, as the options of rt say. rt has its
 * hub and its driver. 0, -ENOMEM, -EAGAIN: no thread. */
int bide__workers_begin(struct bide_runtime *rt);

/* Any thread: sets what only such a runtime has; and its worker with this number, spare ones after
 * the others, or NULL. */
struct bide_runtime_metrics;
void bide__workers_count(const struct bide_runtime *rt, struct bide_runtime_metrics *out);
const struct bide__worker *bide__workers_at(const struct bide_runtime *rt, unsigned i);

/* Any thread: how many tasks wait in the queue of a worker of such a runtime; 0 if it is the only
 * one, whose queue is a list that does not tell. */
uint32_t bide__worker_depth(const struct bide__worker *worker);

/* bide_runtime_shutdown of a multi_thread runtime; it has not ended before. */
int bide__workers_shutdown(struct bide_runtime *rt, struct bide_duration limit);

/* Asks all tasks but `spared` to cancel, those to come too; with `force` below shields too. False:
 * a worker did not come to the end of its poll within this time, and nobody was asked. */
bool bide__workers_cancel(struct bide_runtime *rt, const struct bide__task *spared, bool force,
                          int64_t patience_ns);

/* Any thread: says on stderr which workers have not come to the end of a poll for long. */
void bide__workers_tell(const struct bide_runtime *rt);

/* Ends the threads, once they have finished what they poll; and frees the workers. */
void bide__workers_stop(struct bide_runtime *rt);
void bide__workers_free(struct bide_runtime *rt);

/*
 * Any thread: from `stop` to `go` no worker of the runtime runs a task; see world.c. False: one of
 * them has not come to the end of its poll within this time (`go` has to be called nevertheless).
 * On a current_thread runtime nothing happens.
 */
bool bide__world_stop(struct bide_runtime *rt, int64_t patience_ns);
void bide__world_go(struct bide_runtime *rt);

/* ---- closer.c ---- */

/* Any thread: closes the descriptor on the blocking pool. False: it cannot. */
bool bide__close_elsewhere(struct bide_runtime *rt, int fd);

/* ---- report.c ---- */

/* Writes bide_runtime_dump to stderr. */
void bide__dump_to_stderr(const struct bide_runtime *rt);

/* ---- ask.c ---- */

/*
 * Any thread, while nobody frees the runtime: asks its workers for their tasks (trace/census.h), of
 * cores all. Returns how many it has asked. A worker answers when it comes to an await; that of a
 * runtime on which nobody blocks does not.
 */
unsigned bide__workers_ask(const struct bide_runtime *rt, uint32_t number);

/* Any thread likewise, of a multi_thread runtime: the tasks that were made by threads which run
 * none of its workers. */
struct bide__scroll;
void bide__workers_tell_outside(const struct bide_runtime *rt, struct bide__scroll *tasks);

/* What a worker polls that has not come to an await for a while. */
struct bide__polled {
    const struct bide__task *task; /* only to be told: it may be gone */
    const struct bide_fn *fn;      /* NULL: it is not known */
    int64_t ns;                    /* 0: it is not known */
    char label[BIDE__TASK_LABEL];  /* as bide__task_label */
};

/* Any thread likewise: of the worker with this number. False: it polls nothing. */
bool bide__worker_polls(const struct bide_runtime *rt, unsigned i, struct bide__polled *out);

/* Any thread likewise: the worker with this number, of any flavour, a spare one after the others;
 * or NULL. */
const struct bide__worker *bide__worker_number(const struct bide_runtime *rt, unsigned i);

/* ---- thread_per_core: see cores.h ---- */

/* Makes *count cores, or fewer, of which rt is the first; the caller adds the runtimes of the
 * others and starts their threads. 0 or -ENOMEM. */
int bide__cores_new(struct bide_runtime *rt, unsigned *count);
void bide__cores_add(struct bide_runtime *rt, unsigned number, struct bide_runtime *made);
int bide__cores_start(struct bide_runtime *rt);

/* This thread is that of core 0: it is to run on one core of the machine. */
void bide__cores_pin(struct bide_runtime *rt);

/* bide_runtime_shutdown of the first core; all end together. */
int bide__cores_shutdown(struct bide_runtime *rt, struct bide_duration limit);

/* Is there nothing of any core that is still used? */
bool bide__cores_have_ended(const struct bide_runtime *rt);

/* Asks the tasks of all cores but that of rt to cancel, those to come too, as soon as they come to
 * an await; with `force` below shields too. Any thread. */
void bide__cores_cancel_others(struct bide_runtime *rt, bool force);

/* Any thread: the runtime of the core with this number, or NULL. */
const struct bide_runtime *bide__cores_at(const struct bide_runtime *rt, unsigned number);

/* bide_runtime_tasks and bide_runtime_dump, of all cores; on the thread of rt, which is one. */
size_t bide__cores_tasks(const struct bide_runtime *rt);
void bide__cores_dump(const struct bide_runtime *rt,
                      void (*write)(void *argument, const char *text, size_t size), void *argument);

/* The runtime of the core with this number, or NULL, which is no core any more; the caller frees
 * it. Then what is left of the cores is freed. */
struct bide_runtime *bide__cores_detach(struct bide_runtime *rt, unsigned number);
void bide__cores_free(struct bide_runtime *rt);

/* Makes a task on another core. NULL: *error is -EINVAL (no such core) or -ENOMEM. */
struct bide__task *bide__core_spawn(struct bide__worker *worker, uint32_t core,
                                    const struct bide_fn *fn, const void *args, int *error);

/* For the executor of a core. No task is ready: is bide__run to return? */
bool bide__core_returns(struct bide__core *core);
/* Reads the mail from other cores. */
void bide__core_receive(struct bide__core *core);
/* Before and after it waits in the driver. False: there is mail. */
bool bide__core_sleep(struct bide__core *core);
void bide__core_awake(struct bide__core *core);

/* In a shutdown: until then other threads may spawn, whose tasks are cancelled too; in ns. */
int64_t bide__accept_until(int64_t deadline_ns);

/* Asks all tasks to cancel, those to come too; with `force` below shields too. */
void bide__cancel_all(struct bide_runtime *rt, bool force);

/*
 * Asked before a new task is polled without going through the queue. True: no task is ready that it
 * would overtake, and it is not yet time to look elsewhere; it is counted as run.
 */
static inline bool bide__run_now(struct bide__worker *worker)
{
    if (worker->queue.first != NULL || worker->turns >= worker->turns_max || worker->closing)
        return false;
    worker->turns++;
    return true;
}

/* Runs tasks that are ready, for at most this number of polls, and never waits. */
void bide__run_ready(struct bide__worker *worker, size_t polls);

/* ---- a runtime in a foreign loop: embed.c ---- */

/* The worker, which has run, stops for now: a loop that turns it waits in its place. True: there is
 * more to do at once. To be called after every run of a runtime with is_turned. */
bool bide__rest(struct bide__worker *worker);

/* For embed.c: runs at most `polls` tasks that are ready, and no more than run between two looks
 * around. Returns how many. */
size_t bide__run_row(struct bide__worker *worker, size_t polls);

/* For embed.c: takes over what other threads have left, passes time and asks the driver; never
 * waits. */
void bide__look_around(struct bide__worker *worker);

/* For embed.c, in virtual time: see current_thread.c. */
bool bide__pool_is_idle(struct bide__worker *worker);
bool bide__pass_virtual_time(struct bide__worker *worker, int64_t until_ns);

#endif
