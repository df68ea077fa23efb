/*
 * detached.h: a pool of threads for calls that nobody can stop and nobody waits for when they are
 * no longer wanted: look-ups of names, which may take many seconds.
 *
 * Requires wakers, and the blocking pool, with which its jobs are counted. Establishes that a job
 * which was given up keeps nobody: not the task that awaited it, not the blocking pool, not the
 * shutdown or the end of the runtime, and not the exit of the process.
 *
 * So a job has memory of its own, which all who refer to it share, and it must not touch anything
 * of the runtime or of the task that made it.
 */
#ifndef BIDE_RUNTIME_DETACHED_H
#define BIDE_RUNTIME_DETACHED_H

#include "runtime/leaf.h"

struct bide__detached;
struct bide__pool;

enum { BIDE__DETACHED_MAX = 16 }; /* threads of one runtime; jobs beyond wait in a queue */

struct bide__detached_job {
    void (*run)(struct bide__detached_job *job);     /* on a thread of the pool */
    void (*release)(struct bide__detached_job *job); /* the last reference has gone; any thread */
    _Atomic uint32_t refs;
    _Atomic uint32_t state; /* the rest is the pool's, under its mutex */
    struct bide__detached_job *next, *previous;
    struct bide__detached *pool;
    bide_waker waker;
};

/* The caller has the only reference. Any thread. */
void bide__detached_job_begin(struct bide__detached_job *job,
                              void (*run)(struct bide__detached_job *job),
                              void (*release)(struct bide__detached_job *job));
void bide__detached_job_drop(struct bide__detached_job *job);

/*
 * Gives a job to the pool of a runtime, once for each job. When it has run, a clone of `waker` is
 * woken on the pool's thread, and the runtime lives until then. Returns 0, -ENOMEM, or -EAGAIN:
 * there is no thread. Any thread that keeps the runtime from being freed.
 */
int bide__detached_submit(struct bide_runtime *rt, struct bide__detached_job *job,
                          bide_waker waker);

/* True: what was submitted wakes nobody any more; it may be running now. False: it has run, and its
 * waker may be about to be woken. */
bool bide__detached_give_up(struct bide_runtime *rt, struct bide__detached_job *job);

/* It has run, and was not given up. */
bool bide__detached_has_run(const struct bide__detached_job *job);

/*
 * Leaf: `async int bide__detached_run(struct bide__detached_job *job)`. Once for each job; the
 * caller keeps its reference. 0: it has run; -ENOMEM, -EAGAIN (there is no thread), -ENXIO (there
 * is no runtime): it never will. Cancelled: it may be running now; if no thread has begun it, it
 * never will.
 */
enum bide_poll bide__start_bide__detached_run(struct bide_cx *cx, struct bide_frame *parent,
                                              int *result, struct bide__detached_job *job);
extern const struct bide_fn bide__desc_bide__detached_run;

/* For the blocking pool, at its end, when no task is left: waits for the threads that run no job.
 * Those that do find their own way out. May be called again. */
void bide__detached_end(struct bide__pool *pool);

#endif
