/*
 * fiber.h: for ThreadSanitizer, each task of a multi_thread runtime is a thread of its own.
 *
 * ThreadSanitizer takes what two tasks do one after another on one worker for ordered, although on
 * another day they run on two workers at once. So in a build with ThreadSanitizer a task has a
 * *fiber*: a thread that exists only in the books of ThreadSanitizer, under whose name the task is
 * polled. Then a race between two tasks is reported wherever they run. What orders two tasks is
 * what the API promises: a spawn, a wake, an end that is waited for, and the locks and atomics that
 * the program, or the library for it, uses.
 *
 *  - A task is entered before its state says that it runs, and left before it says that it does
 *    not any more. What is written before a wake is seen after that: the transition of the state by
 *    whoever wakes is the release, and that of the entered task the acquire. A task that ends
 *    releases its state and its scope itself.
 *  - The scheduler is *quiet*: what it does for a task (queues, memory) is neither checked nor
 *    taken for an order. With BIDE_TSAN_TASKS=0 in the environment there are no fibers, and all of
 *    the runtime is checked, as are tasks, but as the threads that they run on.
 *  - Fibers of one worker share its stack and its thread-local variables, and tasks that follow one
 *    another share memory. So what was noted about such memory is forgotten when another task gets
 *    it: at each entry that of the stack, as far as STACK_BYTES, and the thread-local variables.
 *  - Tasks that are bound to a worker are ordered among each other. They have one fiber, the
 *    worker's *home*, and so have the tasks that come when FIBERS_MAX others are alive.
 *
 * In other builds all of this is nothing.
 */
#ifndef BIDE_RUNTIME_FIBER_H
#define BIDE_RUNTIME_FIBER_H

#include "runtime/thread.h"

#ifdef BIDE__FIBERS

#include <stdatomic.h>

/* There are fibers. Does not change once there is a worker. */
extern _Atomic bool bide__fibers;

static inline bool bide__has_fibers(void)
{
    return atomic_load_explicit(&bide__fibers, memory_order_relaxed);
}

/* Before workers begin; when all of a runtime's are gone. */
void bide__fibers_begin(void);
void bide__fibers_end(void);

/* Worker, on its thread: it has a home, and is quiet. */
void bide__home_begin(struct bide__worker *worker);
void bide__home_end(struct bide__worker *worker);

/* Any thread. NULL: there are no more. */
void *bide__fiber_new(const char *name);
void bide__fiber_free(void *fiber);

/* Worker: from here on it runs under the name of the fiber (NULL: its home), on the stack from
 * `frame` on. */
void bide__fiber_enter(struct bide__worker *worker, void *fiber, void *frame);

/* Under that name: no longer. Orders whatever follows for the worker, not for others. */
void bide__fiber_leave(struct bide__worker *worker);

/* Any thread: whoever acquires what is at this address comes after what this one has done. */
void bide__fiber_release(void *at);
void bide__fiber_acquire(void *at);

/* Any thread: forgets what was noted about this memory. */
void bide__fiber_forget(void *memory, size_t size);

void bide__quiet_begin_slow(void);
void bide__quiet_end_slow(void);

/* Any thread: what it does from here on is the scheduler's. `multi`: for a multi_thread runtime;
 * else this does nothing. Nests. */
static inline void bide__quiet_begin(bool multi)
{
    if (multi && bide__has_fibers())
        bide__quiet_begin_slow();
}

static inline void bide__quiet_end(bool multi)
{
    if (multi && bide__has_fibers())
        bide__quiet_end_slow();
}

#else

static inline void bide__fibers_begin(void)
{
}

static inline void bide__fibers_end(void)
{
}

static inline void bide__home_begin(struct bide__worker *worker)
{
    (void)worker;
}

static inline void bide__home_end(struct bide__worker *worker)
{
    (void)worker;
}

static inline void bide__fiber_acquire(void *at)
{
    (void)at;
}

static inline void bide__fiber_forget(void *memory, size_t size)
{
    (void)memory, (void)size;
}

static inline void bide__quiet_begin(bool multi)
{
    (void)multi;
}

static inline void bide__quiet_end(bool multi)
{
    (void)multi;
}

#endif

#endif
