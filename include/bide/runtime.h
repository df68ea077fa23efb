/*
 * bide/runtime.h: runtimes as objects, for plain C.
 *
 * A program in async C needs none of this: `async int main` has a runtime, and a blocking call from
 * plain C uses the thread's own. These functions are for programs that choose how a runtime is
 * made, or when it begins and ends.
 *
 * A runtime has one of three flavours; docs/runtime.md compares them. By default it runs on the
 * thread that blocks on it (by bide_block_on, or the plain call of an async function), and only
 * while that thread blocks, or while a loop of the program turns it ("inside another loop" below);
 * between such calls its tasks wait. Several threads may use it one after another, never at the
 * same time. Other threads may at any time wake its tasks (through wakers), spawn tasks
 * (bide_spawn_on), call bide_task_abort and bide_task_finished, and drop handles.
 *
 * A runtime of the flavour BIDE_MULTI_THREAD runs by itself, on threads of its own, its workers.
 * Any number of threads may have entered it, block on it and spawn at the same time; each of them
 * only waits. Tasks move between the workers, at awaits that wait. What one task does is seen by
 * the next poll of a task that it wakes or ends for; other data that tasks share needs a lock or
 * atomics. All uses of one future (get, drop, move) must be in one task. `async int main` after
 * `bide_runtime(multi_thread);` runs on a worker, too. BIDE_THREAD_PER_CORE is described below.
 *
 * A thread blocks on the runtime that it has entered. A thread that has entered none blocks on its
 * own, which is made when it is first needed and shut down when the thread exits (with
 * BIDE_SHUTDOWN_DEFAULT; not when the process exits). Blocking on a thread that is already running
 * an executor could never make progress, so it stops the program with a message.
 *
 * Fairness: tasks run in the order in which they were woken. If the number of tasks is bounded, and
 * no task runs for ever between two awaits, then every woken task runs again within a bounded time.
 * Every timer, descriptor, wake by another thread and end of a blocking call is noticed after 61
 * polls of tasks at the latest (event_interval in the options). If many timers are due while tasks
 * are ready, they are noticed in the order of their deadlines, one for every four polls at least.
 * Polls are counted over all calls that block on the runtime, so a loop of short calls starves
 * nothing. (An await of the library that is ready at once lets the others run every 128th time.)
 * Between two blocking calls nothing runs.
 *
 * Tasks of low priority (bide_spawn_low) run when no other task is ready, in the order in which
 * they were woken. While one of them waits for its turn, at least one of 61 polls is of such a
 * task (of event_interval or injector_interval, the smaller one; of two if that is 1). So what is
 * said above holds for them too, with bounds that are that many times as long.
 *
 * `async int main` does three more things; it prints on stderr:
 *
 *  - It takes a negative result for a negative errno, prints it, and the program exits with 1.
 *  - When every task waits and nothing is left that could wake one, the program would hang. Instead
 *    it reports this, prints the dump, unwinds all tasks and exits with 1. It does so only if there
 *    is no timer, no wait for a descriptor or a signal and no call on the blocking pool, and if the
 *    process has no signal handler of its own and no thread that bide did not start. While such a
 *    thread lives, it checks again, at growing intervals of up to 10 s.
 *  - SIGQUIT (Ctrl-\ at the terminal) prints the dump of the running program, which goes on; a
 *    second SIGQUIT within 1 s ends it. If the executor does not answer within 1 s, a message names
 *    the task that is running. This is off if the signal was ignored or had a handler at the start,
 *    in a child of fork(), and with BIDE_DUMP_SIGNAL=0 in the environment.
 *
 * After fork() the child must not use the runtimes of its parent: their tasks would run in both
 * processes. In the child, an await that has to wait, a blocking call on a runtime that the parent
 * made and the thread has entered, a shutdown, and the end of the bide_blocking call that forked
 * (on workers, that of bide_block_in_place too) stop the child with a message (abort); no other
 * task is polled before that. The child may call exec or _exit, close streams, and return from
 * `async int main`, which leaves the tasks to its parent; but where main has workers
 * (multi_thread), a return is too late: it stops the child, too, and an await may wait for ever for
 * a lock that another thread held. bide_runtime_free returns -EBUSY. Plain code in the child may
 * make a runtime of its own and use it; a call that blocks on the thread's own runtime gets a new
 * one. bide does not notice a child of _Fork or clone.
 */
#ifndef BIDE_RUNTIME_H
#define BIDE_RUNTIME_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* How a runtime uses threads. The words of bide_runtime(...) are the names without BIDE_. */
typedef enum bide_flavour {
    BIDE_CURRENT_THREAD = 0,  /* tasks run on the thread that blocks on the runtime */
    BIDE_MULTI_THREAD = 1,    /* workers with threads of their own share all tasks */
    BIDE_THREAD_PER_CORE = 2, /* each core has a thread and tasks of its own, see below */
} __attribute__((__mode__(__SI__))) bide_flavour;

/* In what a runtime waits for descriptors: its driver. */
typedef enum bide_io {
    BIDE_IO_AUTO = 0,
    BIDE_IO_EPOLL = 1,
    BIDE_IO_URING = 2, /* io_uring, of Linux 5.13 or later; better from 6.1 on */
} __attribute__((__mode__(__SI__))) bide_io;

/* What a hook is told of a task. The texts belong to the program's code; `function` is not NULL. */
typedef struct bide_task_info {
    uint64_t id;          /* what bide_task_id returns in the task */
    const char *function; /* whose call the task runs: "?" if it has no name */
    const char *file;     /* where that function is defined; NULL, and line 0: unknown */
    uint32_t line;
    /* In task_spawn, where it was spawned: "FILE:LINE". NULL: by code that was compiled with NDEBUG
     * or is no async C, or on another thread. NULL in the other hooks. */
    const char *place;
    const char *name; /* of bide_named or bide_task_name_set, for the time of the call, or NULL */
} bide_task_info;

/*
 * Functions of the program's own that a runtime calls, for profilers, watchdogs and logs. Any may
 * be NULL, and then costs nothing. `argument` is passed to each. With several workers, and for the
 * threads of the pool, they are called on several threads at the same time.
 *
 * A hook runs in the middle of the scheduler: it must return soon, and may call only functions of
 * bide that any thread may call and that do not block. bide_task_id returns 0 in it.
 *
 * For each task: task_spawn once, before its first poll; then for each poll task_poll_begin and
 * task_poll_end, on the thread that polls; after the last of these task_end, once, when the task
 * has ended, for whatever reason, and before those that wait for it go on. What blocks on the
 * runtime (bide_block_on) is a task too. A future is none: its polls are those of the task that
 * gets it. If a future is dropped where nothing can wait for its unwinding, it becomes a task at
 * that moment.
 *
 * task_spawn is called on the thread that spawns; a task that another thread spawns on a
 * current_thread runtime, or on a core, is told of on the thread of that, when it takes it over. On
 * a multi_thread runtime a future may become a task while locks of the runtime are held, so there
 * task_spawn may call no function of bide for that runtime.
 */
typedef struct bide_runtime_hooks {
    void *argument;
    /* A thread of the runtime begins (a worker, that of a core, one of the blocking pool; not the
     * thread that blocks on the runtime, nor the watchdog, nor one for look-ups of names, which may
     * outlive the runtime), before it does anything else; and ends. */
    void (*thread_start)(void *argument);
    void (*thread_stop)(void *argument);
    /* No task is ready: the thread that runs tasks is about to sleep until something happens; and
     * has slept. Not called if a loop turns the runtime (bide_runtime_turn) and waits itself. */
    void (*thread_park)(void *argument);
    void (*thread_unpark)(void *argument);
    void (*task_spawn)(void *argument, const bide_task_info *task);
    void (*task_poll_begin)(void *argument, const bide_task_info *task);
    void (*task_poll_end)(void *argument, const bide_task_info *task);
    void (*task_end)(void *argument, const bide_task_info *task);
} bide_runtime_hooks;

/*
 * What the histograms of a runtime measure, and their buckets (see bide_histogram). Zero in a
 * member means the default.
 */
typedef struct bide_histogram_options {
    /* One of so many polls, and of so many wakes, is measured: 1 (each) to 1000000. 0: none is, the
     * runtime has no histograms, and they cost nothing. */
    uint32_t interval;
    /* Two times that differ by less may be in one bucket, however short they are: 1 ns to 1 s,
     * rounded down to a power of two of ns. Default 128 ns. */
    bide_duration resolution;
    /* Longer times are all in the last bucket: `resolution` to 1 h, default 60 s. */
    bide_duration longest;
    /* How many buckets there are from a time to twice that time: 1, 2, 4, 8 or 16. Default 4: a
     * bucket is at most a quarter as wide as the times in it are long. */
    uint32_t steps;
} bide_histogram_options;

/*
 * How a runtime is made. Zero in a member means the default, so `{0}` is a current_thread runtime
 * with all defaults. What is given is copied, texts too.
 */
typedef struct bide_runtime_options {
    /* Threads of the blocking pool, 1 to 32768; default 512. More calls than that wait in their
     * order. Workers do not count. */
    uint32_t blocking_threads_max;
    bide_duration blocking_idle; /* an idle thread of the pool ends after this; default 10 s */
    bide_flavour flavour;        /* default BIDE_CURRENT_THREAD */
    /* Of a runtime with threads of its own, 1 to 1024. Default: BIDE_WORKERS from the environment,
     * else the number of cores that the process may use. A current_thread runtime has 1. */
    uint32_t workers;
    const char *name; /* of the runtime, for messages and dumps: 1 to 63 bytes; default: none */
    /* Begins the names of its threads, which are NAME-w0, NAME-w1... (workers; of cores from w1 on,
     * since core 0 has no thread), NAME-b0... (the blocking pool; each core has one), NAME-n0...
     * (look-ups of names) and NAME-d0 (the watchdog of multi_thread): 1 to 9 bytes; default
     * "bide". */
    const char *thread_name;
    /* Of its threads, 64 KiB to 1 GiB. Default: the system's, 8 MiB on most. */
    size_t thread_stack_size;
    /* After this many polls of tasks a worker looks at timers and descriptors even if tasks are
     * ready: 1 to 1000000, default 61. Smaller: they are noticed sooner. Larger: less overhead. */
    uint32_t event_interval;
    /* The same for what other threads have left: wakes, aborts, spawned tasks. Default: the
     * event_interval. */
    uint32_t injector_interval;
    uint32_t io_events_max; /* events taken from the system at a time, 1 to 65536; default 256 */
    /*
     * Default: BIDE_IO from the environment, which is "uring" or "epoll"; else epoll. Only the
     * runtime of `async int main`, unless it is a multi_thread one, has io_uring by default, if the
     * kernel has it, nothing forbids it (a sandbox, kernel.io_uring_disabled), and bide was built
     * with liburing: a ring is fastest for one thread that keeps it. The workers of a multi_thread
     * runtime share one epoll. With io_uring each has a ring of its own, so a worker that does not
     * come to an await holds up the descriptors that were opened on it.
     *
     * io_uring does part of its work on the thread that has asked for it, which may make a system
     * call of the program's own on that thread return -EINTR: of the thread that blocks on the
     * runtime, between such calls, and of a worker in bide_block_in_place.
     */
    bide_io io;
    /* multi_thread: a task that is woken by a task that runs waits for its turn like all others,
     * instead of running next. The other flavours never do that. */
    bool lifo_slot_off;
    /*
     * current_thread only: time is virtual from now on, as with bide_test_time_virtual
     * (bide/testing.h). It stands still while a task is ready, and jumps to the next timer when
     * nothing else can happen. The clock is that of the whole process, so this is refused with
     * -EBUSY if a runtime in real time exists, and time stays virtual until bide_test_reset.
     */
    bool start_paused;
    /* Where random numbers begin: the order in which selects poll, and from whom workers steal.
     * With the same seed, program and input a current_thread runtime in virtual time does the same
     * again. Default: another one each time. */
    uint64_t seed;
    bide_runtime_hooks hooks;
    /* How long polls take, and how long tasks wait for them. Together these need at most
     * BIDE_HISTOGRAM_BUCKETS buckets, or the runtime is not made (-EINVAL). */
    bide_histogram_options histograms;
} bide_runtime_options;

/* How long `async int main`, and a thread that exits, give their tasks to end. */
#define BIDE_SHUTDOWN_DEFAULT BIDE_S(10)

/*
 * Makes a runtime. `options` may be NULL, for all defaults. Returns 0 and stores the runtime in
 * *rt, for bide_runtime_free. Otherwise sets *rt to NULL, nothing was made, no thread is left,
 * and the result is
 *
 *   -EINVAL           an option is out of its range, or set for a flavour that cannot have it; or
 *                     BIDE_WORKERS, if it is used, is not a number from 1 to 1024, or BIDE_IO not
 *                     a driver, and a message on stderr says so
 *   -ENOSYS, -EPERM, -EOPNOTSUPP   io_uring is asked for, by the options or BIDE_IO, and cannot be
 *                     had; a message on stderr says why
 *   -EBUSY            start_paused, while a runtime in real time exists
 *   -ENOSYS           this flavour cannot be made on this system
 *   -ENOMEM, -EMFILE, -ENFILE, -EAGAIN   the system refused memory, descriptors or threads
 *
 * Any thread. A process may have any number of runtimes, of any flavours.
 */
bide_must_use int bide_runtime_new(const bide_runtime_options *options,
                                   bide_runtime **rt bide_gives(bide_runtime_free));

/*
 * Frees a runtime. Call bide_runtime_shutdown first, so that no task is alive. Handles, futures and
 * wakers that remain may still be dropped. Returns 0, or -EBUSY if a task is alive or another
 * thread has spawned one, a future has begun and not ended, or something that belongs to the
 * runtime (a socket) is open; then nothing has changed. NULL is ignored. No thread may be using
 * the runtime.
 */
int bide_runtime_free(bide_runtime *rt);

/*
 * Ends all tasks, and then the futures that have begun and that nobody has dropped. It asks every
 * task to cancel, those spawned from now on too, and runs them until all have ended; a deferred
 * block may take its time. After `limit`, the awaits in deferred blocks return -ECANCELED as well,
 * those of futures too, and what is ready runs on for a short time. Other threads that go on
 * spawning are refused (-ESHUTDOWN) after 1 s.
 *
 * Returns 0 if no task is alive and the threads of the blocking pool have ended; new tasks then end
 * with -ESHUTDOWN. Returns -ETIMEDOUT if something still runs: a deferred block that waits again
 * and again, or a call on the blocking pool. Then nothing is freed and the runtime can go on:
 * bide_runtime_dump names what is left, and shutdown may be called again. Must not be called on a
 * thread that is running an executor. On a multi_thread runtime several threads may call it at the
 * same time: one does it, and the others wait for that, each for its limit.
 */
int bide_runtime_shutdown(bide_runtime *rt, bide_duration limit);

/*
 * Asks all tasks to cancel, those spawned from now on too, and does not wait: the first step of
 * bide_runtime_shutdown, for a program that must not block. Of a runtime that has cores, those of
 * the others as soon as they come to an await. Then run the runtime, by its turns for
 * example, until bide_runtime_tasks(rt) is 0, and call bide_runtime_shutdown, which has little left
 * to wait for. May be called again, and inside a task. Call it on the thread that uses rt.
 */
void bide_runtime_cancel(bide_runtime *rt);

/*
 * From now on the calling thread blocks and spawns on rt, or on its own runtime if rt is NULL.
 * Returns the runtime that it had entered before (NULL: none), so that the caller can enter that
 * one again. Only one thread at a time may have entered a runtime, unless it is of the flavour
 * BIDE_MULTI_THREAD.
 */
bide_runtime *bide_runtime_enter(bide_runtime *rt);

/* The runtime that runs on the calling thread, else the one that the thread has entered, else the
 * thread's own; NULL if there is none. Any thread. */
bide_runtime *bide_runtime_current(void);

/*
 * A runtime of the flavour BIDE_THREAD_PER_CORE has `workers` cores, at most 256. Each has a
 * runtime like those of one thread, with a thread that is pinned to one core of the machine, if
 * that can be had. Core 0 is the runtime that bide_runtime_new makes. It runs on the thread that
 * blocks on it, and only then; bide pins that thread only for `async int main`.
 *
 * A task stays on its core. bide_spawn makes a task on the core of the caller, bide_spawn_at on the
 * core with this number; the call is sent there when the spawner's core next has its turn. The
 * handle is used on the core that has spawned: it is joined there, and what bide/task.h says of it
 * holds. Everything else belongs to the core that has made it, like the objects of any runtime.
 * bide_spawn_on with the runtime of a core (bide_runtime_current() on it) is for other threads.
 *
 * bide_runtime_shutdown of core 0 ends all cores together. What is still open of any of them after
 * that is closed on the thread that has shut them down. It must have ended them before
 * bide_runtime_free, which frees all. The runtimes of the other cores are not for these two.
 * bide_runtime_tasks counts the tasks of all cores, at slightly different moments; a task that was
 * spawned at another core counts on both. bide_runtime_dump and SIGQUIT describe those of all
 * cores. A core that does not come to an await within 1 s is left out; so is core 0 while no thread
 * blocks on it, unless it is the one that calls.
 *
 * bide_runtime_cores returns the number of cores (1 for other flavours), bide_core that of the core
 * on which the caller runs (0 also for other flavours). Any thread.
 */
uint32_t bide_runtime_cores(const bide_runtime *rt);
uint32_t bide_core(void);

/*
 * The workers of a runtime of the flavour BIDE_MULTI_THREAD have threads of their own, which run
 * from bide_runtime_new to bide_runtime_shutdown. Any number of threads may enter it and block on
 * it at the same time. A task moves between the workers, except those of bide_spawn_local. What a
 * poll that does not come to an await holds up is only its own task and the local ones of its
 * worker: the others take over the rest within some 4 ms. If it lasts for 1 s, a line on stderr
 * names its function. A shutdown, a dump and bide_runtime_cancel need the end of such polls: the
 * first waits for its limit and 1 s more, the second 1 s, the third for as long as it takes.
 *
 * While a worker calls a function in place (bide_block_in_place), a spare worker with a thread of
 * its own works in its stead, so `workers` of them work as before; at most 64 such calls have one.
 * Spares are made when they are needed, are called NAME-wN like the others, with N from `workers`
 * on, and end with the runtime.
 */

/* The number of tasks that have not ended; those that other threads have spawned are counted when
 * the runtime has run since. Whoever has seen that a task is no longer counted sees what it did.
 * Call it on the thread that uses rt. */
size_t bide_runtime_tasks(const bide_runtime *rt);

/* The driver that it has: BIDE_IO_EPOLL or BIDE_IO_URING. Any thread. */
bide_io bide_runtime_io(const bide_runtime *rt);

/* The name that the options gave, or "". Any thread; the text lives as long as the runtime. */
const char *bide_runtime_name(const bide_runtime *rt);

/* What a runtime has done and has to do. Counts are since it was made. With thread_per_core
 * `workers` is the number of cores, and the rest is of all cores together. */
typedef struct bide_runtime_metrics {
    uint32_t workers;
    size_t alive_tasks; /* tasks that have not ended: bide_runtime_tasks */
    /* Wakes by other threads that the worker has not taken over yet; multi_thread: tasks in the
     * queues that all workers share. */
    size_t injector_depth;
    /* The time in which workers ran tasks or looked for some, all together. On a current_thread
     * runtime a call that blocks counts from its first look at timers and descriptors on: without
     * the polls before that, 61 at most (event_interval), so that short calls read no clock. */
    bide_duration busy;
    uint64_t parks;            /* how often a worker found nothing to do and slept, */
    uint64_t unparks;          /* and how often it was back: less by 1 for each that sleeps */
    uint32_t blocking_threads; /* of the blocking pool: threads, */
    uint32_t blocking_idle;    /* those that wait for a call, */
    uint32_t blocking_queued;  /* and calls that wait for a thread */
    /* multi_thread: calls in place that workers make now (bide_block_in_place), and the spare
     * workers that were made for such calls, which are not counted in `workers`. */
    uint32_t in_place;
    uint32_t spare_workers;
    uint64_t spawned_tasks; /* tasks that were ever made; those not among alive_tasks have ended */
    /* Polls of tasks. A worker adds its own up when it looks at timers and descriptors: when it has
     * nothing to do, and after event_interval polls at the latest. */
    uint64_t polls;
    uint64_t steals;         /* multi_thread: how often a worker has taken tasks from another one */
    size_t timers;           /* that are armed */
    uint32_t descriptors;    /* that are registered with the driver, */
    uint32_t waits;          /* and how many waits for one there are */
    uint64_t blocking_calls; /* calls that threads of the blocking pool have begun, */
    bide_duration blocking_waited; /* and how long calls have waited for a thread, all together */
} bide_runtime_metrics;

/*
 * Fills *metrics and returns 0, or -EINVAL if rt or metrics is NULL. The numbers are read one after
 * another, so they may be of slightly different moments. Any thread, also in tasks and hooks. It
 * never blocks for long, and the workers do not notice it; counting costs a poll of a task nothing.
 */
int bide_runtime_metrics_read(const bide_runtime *rt, bide_runtime_metrics *metrics);

/* What one worker, or one core, has done. */
typedef struct bide_worker_metrics {
    bide_duration busy; /* these are as in bide_runtime_metrics */
    uint64_t parks;
    uint64_t unparks;
    uint64_t polls;
    uint64_t steals;
    size_t timers;
    uint32_t queued; /* multi_thread with several workers: tasks that wait in its own queue. A
                        worker that shares with nobody does not count them: 0 */
} bide_worker_metrics;

/* The same for one worker, by its number: from 0 to `workers`; the numbers from there on, up to
 * `spare_workers` of them, are those of spare workers. -EINVAL also if there is no such worker. The
 * sums over all of them are what bide_runtime_metrics_read tells. */
int bide_runtime_worker_metrics_read(const bide_runtime *rt, uint32_t worker,
                                     bide_worker_metrics *metrics);

/*
 * How often something took how long. Bucket i counts times from bide_histogram_start(h, i) to the
 * start of the next one; bucket 0 starts at 0. The buckets are log-linear: up to `steps` times the
 * resolution they are all as wide as that, and from there on each doubling is divided into `steps`
 * of the same width (bide_histogram_options). The idea is that of HdrHistogram, by Gil Tene.
 */
enum { BIDE_HISTOGRAM_BUCKETS = 256 };
typedef struct bide_histogram {
    uint32_t buckets; /* how many are used */
    uint32_t unit_log2_, steps_log2_;
    uint64_t total;                         /* times that were measured, in all buckets */
    bide_duration sum;                      /* of all of them, */
    bide_duration most;                     /* and the longest */
    uint64_t count[BIDE_HISTOGRAM_BUCKETS]; /* by bucket */
} bide_histogram;

/*
 * Fill *histogram, and return 0; -ENODATA if the runtime was made without (`interval` is 0), or
 * -EINVAL if an argument is NULL. Any thread; the workers do not notice it, so the sums may be a
 * few measurements apart.
 *
 * poll_times: how long polls of tasks took, each from one await that waits to the next. A long one
 * holds up what runs on the same worker.
 *
 * wake_delays: how long tasks were ready, woken or spawned, before they were polled: what a task
 * waits for the others. Of the wakes that are to be measured up to 32 are at a time; those that
 * come while so many wait are left out. With each core's own tasks; a task that was sent to another
 * core is measured there.
 *
 * Times are of the clock of bide_now, so in virtual time they are 0 unless a task moves the clock.
 */
int bide_runtime_poll_times_read(const bide_runtime *rt, bide_histogram *histogram);
int bide_runtime_wake_delays_read(const bide_runtime *rt, bide_histogram *histogram);

/* The shortest time that bucket `bucket` counts; past the last bucket, the longest time that there
 * is. Any thread. */
bide_duration bide_histogram_start(const bide_histogram *histogram, uint32_t bucket);

/* A time that `percent` (0 to 100) of the measured times are not longer than: the end of the bucket
 * in which that is so, or `most` if that is shorter. 0 if nothing was measured. Any thread. */
bide_duration bide_histogram_percentile(const bide_histogram *histogram, double percent);

/*
 * Describes every task that has not ended, and the futures that no task drives: a line for each,
 * then a line for each function on its await chain, innermost first, with file and line of the
 * await. `write` receives pieces of text, each a whole line, which do not end in a zero byte. Call
 * it on the thread that uses rt; a task may call it too.
 *
 * With BIDE_THREAD_PER_CORE the tasks of each core follow a line "core N:"; see above.
 * Of a task that waits for a lock (bide/lock.h) it tells which task has locked it, and where. Lines
 * at the end name what will never go on: "deadlock:" tasks that wait for each other in a circle,
 * "futurelock:" a future that nobody polls and that has what others wait for. A task that waits for
 * a descriptor has a line "for descriptor N to receive, in io_uring" with the operation and the
 * driver, which the first line names too, with the number of descriptors, if there are any.
 *
 * With BIDE_MULTI_THREAD any thread may call it. The workers stand meanwhile, so `write` must not
 * call bide, nor wait for a task. If a worker does not come to an await within 1 s, the dump names
 * what each such worker runs, and since when, and leaves out the tasks.
 */
void bide_runtime_dump(const bide_runtime *rt,
                       void (*write)(void *argument, const char *text, size_t size),
                       void *argument);

/* ---- inside another loop ---- */

/*
 * A program that has a loop of its own (GLib, Qt, libuv, a game) runs a runtime inside it: the loop
 * watches one descriptor, and calls bide_runtime_turn when that is readable.
 *
 *     bide_runtime_enter(rt);
 *     g_unix_fd_add(bide_runtime_fd(rt), G_IO_IN, on_ready, NULL);
 *
 * (on_ready calls bide_runtime_turn(rt, 0) and returns G_SOURCE_CONTINUE; examples/desktop and
 * examples/libuv.c are whole programs.)
 *
 * All tasks then run inside turns, on the thread of the loop, so they may call its functions and
 * change its objects, and no locks are needed. Between two turns the callbacks of the loop may do
 * all that plain code may: spawn (the thread must have entered rt), abort, send to a channel,
 * notify, close a stream. What that wakes runs in the next turn, which the descriptor asks for. So
 * the result of a call comes back without a callback: spawn an async function that awaits the call
 * and then uses the result.
 *
 * A callback that blocks (the plain call of an async function) runs all tasks meanwhile, but holds
 * up the loop. A task must not run the loop itself and get a turn inside its own: the program is
 * stopped with a message. (GLib prevents this, as long as the source may not recurse.)
 *
 * To end, either call bide_runtime_shutdown, which blocks until all tasks have unwound. Or call
 * bide_runtime_cancel, let the loop go on, and leave it when bide_runtime_tasks(rt) is 0; then call
 * bide_runtime_shutdown. In both cases stop watching the descriptor before bide_runtime_free.
 *
 * A runtime with threads of its own needs no loop: spawn on it from anywhere, and let the task hand
 * its result over as the loop allows (g_idle_add, uv_async_send).
 */

/*
 * Returns a descriptor that is readable when a turn of rt has something to do: a task is ready, a
 * timer is due, a descriptor that a task waits for is ready, another thread has woken a task. It
 * stays readable until the next turn, so level-triggered and edge-triggered loops both work, by
 * poll(2), epoll and whatever rests on them. Otherwise it is not readable: an idle runtime costs
 * its loop nothing. It is the same descriptor in each call.
 *
 * It stays the runtime's: do not read, write or close it. It is valid until bide_runtime_free.
 * Returns a negative errno if there is none: -EMFILE, -ENFILE, -ENOMEM, -ENOSPC, -EAGAIN (the
 * system takes nothing just now), -EINVAL (rt has threads of its own), or -ENOSYS (rt is the
 * runtime of `async int main`, in which that blocks, and has io_uring). Call it on the thread that
 * uses rt.
 *
 * In virtual time (bide/testing.h) it is readable as long as there is a timer, and a turn that
 * finds nothing else to do moves the clock to the next one.
 */
int bide_runtime_fd(bide_runtime *rt);

/*
 * Runs what is ready: takes wakes from other threads, timers that are due and events, and runs the
 * tasks, those that they wake too, until none is ready or until `polls_max` polls of tasks were
 * made (0: 256). It never waits. A poll takes as long as the task runs between two awaits.
 *
 * Returns 1 if there is more to do at once: then call it again soon, after the loop has looked at
 * its other events (bide_runtime_fd is readable, so a loop that watches it need not look at this).
 * Returns 0 if nothing is ready, or -EINVAL if rt has threads of its own. May be used without
 * bide_runtime_fd, by a loop that turns at regular intervals anyway.
 *
 * Call it on the thread that uses rt, outside of all tasks; on a thread that is running an executor
 * it stops the program with a message.
 */
int bide_runtime_turn(bide_runtime *rt, size_t polls_max);

#ifdef __cplusplus
}
#endif
#pragma pack(pop)

#endif
