/*
 * bide/runtime.h: runtimes as objects, for plain C.
 *
 * A program in async C needs none of this: `async int main` has a runtime, and a blocking call from
 * plain C uses the thread's own. These functions are for programs that choose how a runtime is
 * made, or when it begins and ends.
 *
 * A runtime runs on the thread that blocks on it (by bide_block_on, or the plain call of an async
 * function), and only while that thread blocks; between such calls its tasks wait. Several threads
 * may use it one after another, never at the same time. Other threads may at any time wake its
 * tasks (through wakers), call bide_task_abort and bide_task_finished, and drop handles.
 *
 * A thread blocks on the runtime that it has entered. A thread that has entered none blocks on its
 * own, which is made when it is first needed and shut down when the thread exits (with
 * BIDE_SHUTDOWN_DEFAULT; not when the process exits). Blocking on a thread that is already running
 * an executor could never make progress, so it stops the program with a message.
 *
 * Fairness: tasks run in the order in which they were woken. If the number of tasks is bounded, and
 * no task runs for ever between two awaits, then every woken task runs again within a bounded time.
 * Every timer, descriptor, wake by another thread and end of a blocking call is noticed after 61
 * polls of tasks at the latest. These are counted over all calls that block on the runtime, so a
 * loop of short calls starves nothing. (An await of the library that is ready at once lets the
 * others run every 128th time.) Between two blocking calls nothing runs.
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
 * stop the child with a message (abort); no other task is polled before that. The child may call
 * exec or _exit, close streams, and return from `async int main`, which leaves the tasks to its
 * parent. bide_runtime_free returns -EBUSY. Plain code in the child may make a runtime of its own
 * and use it; a call that blocks on the thread's own runtime gets a new one. bide does not notice a
 * child of _Fork or clone.
 */
#ifndef BIDE_RUNTIME_H
#define BIDE_RUNTIME_H

#include <bide/lang.h>

#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

struct bide_runtime;

/* How a runtime uses threads. The words of bide_runtime(...) are the names without BIDE_. */
enum bide_flavour {
    BIDE_CURRENT_THREAD = 0,  /* tasks run on the thread that blocks on the runtime */
    BIDE_MULTI_THREAD = 1,    /* workers with threads of their own share all tasks */
    BIDE_THREAD_PER_CORE = 2, /* each core has a thread and tasks of its own */
};

/* Zero in a member means the default. */
struct bide_runtime_options {
    uint32_t blocking_threads_max;      /* threads of the blocking pool; default 512 */
    struct bide_duration blocking_idle; /* an idle thread ends after this; default 10 s */
    enum bide_flavour flavour;
    /* Of a runtime with threads of its own. Default: BIDE_WORKERS from the environment, else the
     * number of cores that the process may use. */
    uint32_t workers;
};

/* How long `async int main`, and a thread that exits, give their tasks to end. */
#define BIDE_SHUTDOWN_DEFAULT BIDE_S(10)

/*
 * Makes a runtime, which one thread uses at a time. `options` may be NULL. Returns 0 and stores the
 * runtime in *out, for bide_runtime_free; or returns -ENOMEM, -EMFILE, -ENFILE, -EINVAL (there is
 * no such flavour) or -ENOSYS (that flavour cannot be made here) and sets *out to NULL. Any thread.
 */
bide_must_use int bide_runtime_new(struct bide_runtime **out bide_gives(bide_runtime_free),
                                   const struct bide_runtime_options *options);

/*
 * Frees a runtime. Call bide_runtime_shutdown first, so that no task is alive. Handles, futures and
 * wakers that remain may still be dropped. Returns 0, or -EBUSY if a task is alive, a future has
 * begun and not ended, or something that belongs to the runtime (a socket) is open; then nothing
 * has changed. NULL is ignored. No thread may be using the runtime.
 */
int bide_runtime_free(struct bide_runtime *rt);

/*
 * Ends all tasks, and then the futures that have begun and that nobody has dropped. It asks every
 * task to cancel, those spawned from now on too, and runs them until all have ended; a deferred
 * block may take its time. After `limit`, the awaits in deferred blocks return -ECANCELED as well,
 * those of futures too, and what is ready runs on for a short time.
 *
 * Returns 0 if no task is alive and the threads of the blocking pool have ended; new tasks then end
 * with -ESHUTDOWN. Returns -ETIMEDOUT if something still runs: a deferred block that waits again
 * and again, or a call on the blocking pool. Then nothing is freed and the runtime can go on:
 * bide_runtime_dump names what is left, and shutdown may be called again. Must not be called on a
 * thread that is running an executor.
 */
int bide_runtime_shutdown(struct bide_runtime *rt, struct bide_duration limit);

/*
 * From now on the calling thread blocks and spawns on rt, or on its own runtime if rt is NULL.
 * Returns the runtime that it had entered before (NULL: none), so that the caller can enter that
 * one again. Only one thread at a time may have entered a runtime.
 */
struct bide_runtime *bide_runtime_enter(struct bide_runtime *rt);

/* The number of tasks that have not ended. Call it on the thread that uses rt. */
size_t bide_runtime_tasks(const struct bide_runtime *rt);

/*
 * Describes every task that has not ended, and the futures that no task drives: a line for each,
 * then a line for each function on its await chain, innermost first, with file and line of the
 * await. `write` receives pieces of text, each a whole line, which do not end in a zero byte. Call
 * it on the thread that uses rt; a task may call it too.
 */
void bide_runtime_dump(const struct bide_runtime *rt,
                       void (*write)(void *argument, const char *text, size_t size),
                       void *argument);

#ifdef __cplusplus
}
#endif
#pragma pack(pop)

#endif
