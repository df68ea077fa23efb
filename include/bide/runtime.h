/*
 * bide/runtime.h: runtimes as objects, for plain C.
 *
 * A program in async C needs none of this: `async int main` has a runtime, and a blocking call from
 * plain C uses one of its own. These functions are for programs that choose when a runtime begins
 * and ends, or how.
 *
 * A runtime runs on the thread that blocks on it (bide_block_on, or the plain call of an async
 * function), and only meanwhile; tasks that were spawned wait for the next time. It may be used
 * from several threads one after another, never at the same time; what other threads may do at any
 * time is to wake (through wakers), bide_task_abort, bide_task_finished and to drop a handle.
 *
 * What a thread blocks on: the runtime that it has entered, else its own, which is made when it is
 * first needed and shut down when the thread exits (with BIDE_SHUTDOWN_DEFAULT; not when the
 * process exits). To block on anything on a thread that is running an executor stops the program
 * with a message: it could not make progress.
 *
 * Fairness: tasks run in the order in which they were woken. If the number of tasks is bounded, and
 * no task runs for ever between two awaits, then every task that was woken runs again within a
 * bounded time, and every timer, descriptor, wake of another thread and end of a blocking call is
 * seen within one: at the latest after 61 polls of tasks, counted over all calls that block on the
 * runtime, so a loop of short ones starves nothing. (An await of the library that is ready at once
 * lets the others run every 128th time.) Between two blocking calls nothing runs.
 *
 * `async int main` does three more things, and prints on stderr:
 *
 *  - A negative result is taken for a negative errno: it is printed, and the program exits with 1.
 *  - When every task waits and nothing is left that could wake one, it says so, prints the dump,
 *    unwinds all and exits with 1, where it would otherwise hang. It concludes that only when there
 *    is no timer, no wait for a descriptor or a signal and no call on the blocking pool, and when
 *    the process has no thread that bide did not start and no signal handler of its own; while such
 *    a thread lives it asks again, at growing intervals of up to 10 s.
 *  - SIGQUIT (Ctrl-\ at the terminal) prints the dump of the running program, which goes on; a
 *    second one within 1 s ends it. If the executor does not answer within 1 s, it says which task
 *    runs. This is off where the signal was ignored or had a handler at the start, in a child of
 *    fork(), and with BIDE_DUMP_SIGNAL=0 in the environment.
 *
 * After fork() the child must not use the runtimes of its parent: their tasks would run in both
 * processes. An await that has to wait there, a blocking call on a runtime that the parent made and
 * the thread has entered, a shutdown, and the end of the call of bide_blocking that forked stop the
 * child with a message (abort); no other task is polled before that. The child may call exec or
 * _exit, close streams, and return from `async int main`, which leaves the tasks to its parent.
 * bide_runtime_free returns -EBUSY. Plain code may go on with a runtime that the child makes; a
 * call that blocks on the thread's own gets a new one. A child of _Fork or clone is not noticed.
 */
#ifndef BIDE_RUNTIME_H
#define BIDE_RUNTIME_H

#include <bide/lang.h>

#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* whatever is in effect here */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

struct bide_runtime;

/* Zero in a member means the default. */
struct bide_runtime_options {
    uint32_t blocking_threads_max;      /* threads of the blocking pool; default 512 */
    struct bide_duration blocking_idle; /* after this a thread without work leaves; default 10 s */
};

/* How long `async int main` and threads that exit give their tasks to end. */
#define BIDE_SHUTDOWN_DEFAULT BIDE_S(10)

/*
 * Makes a runtime for one thread; options may be NULL. 0 and *out is the runtime, which the caller
 * frees; or -ENOMEM, -EMFILE, -ENFILE, and *out is NULL.
 */
bide_must_use int bide_runtime_new(struct bide_runtime **out bide_gives(bide_runtime_free),
                                   const struct bide_runtime_options *options);

/*
 * Frees a runtime. No task of it may be alive: call bide_runtime_shutdown first. Handles, futures
 * and wakers that remain may still be dropped. 0; or -EBUSY and nothing has happened: a task is
 * alive, a future has begun and not ended, or something that belongs to it (a socket) is open. NULL
 * is ignored.
 */
int bide_runtime_free(struct bide_runtime *rt);

/*
 * Ends all tasks, and then the futures that have begun and that nobody has dropped. It asks every
 * task to cancel, those spawned from now on too, and runs them until all have ended; a deferred
 * block may take its time. After `limit` the awaits in deferred blocks
 * return -ECANCELED as well, those of futures too, and what is ready runs on for a short time.
 *
 * 0: no task is alive, the threads of the blocking pool have ended; new tasks end with -ESHUTDOWN.
 * -ETIMEDOUT: something still runs (a deferred block that waits again and again, a call on the
 * blocking pool); nothing is freed and the runtime can go on: bide_runtime_dump names what is left,
 * and shutdown may be called again. Must not be called on a thread that is running an executor.
 */
int bide_runtime_shutdown(struct bide_runtime *rt, struct bide_duration limit);

/*
 * From now on this thread blocks and spawns on rt; NULL: on its own. Returns the runtime that it
 * had entered before (NULL: none), to be entered again. One thread at a time.
 */
struct bide_runtime *bide_runtime_enter(struct bide_runtime *rt);

/* The number of tasks that have not ended. On the thread that uses rt. */
size_t bide_runtime_tasks(const struct bide_runtime *rt);

/*
 * Describes every task that has not ended, and the futures that no task drives: a line for each,
 * and one for each function on its await chain, innermost first, with file and line of the await.
 * Calls `write` with pieces of text, each a whole line, not terminated by a zero. On the thread
 * that uses rt; also inside a task.
 */
void bide_runtime_dump(const struct bide_runtime *rt,
                       void (*write)(void *argument, const char *text, size_t size),
                       void *argument);

#ifdef __cplusplus
}
#endif
#pragma pack(pop)

#endif
