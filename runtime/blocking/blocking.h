/*
 * blocking.h: the pool of threads for calls that block.
 *
 * Requires wakers, and the hub of the runtime (task/). Establishes that the waker of a job that was
 * submitted is woken when the job has run, unless the job was taken back.
 */
#ifndef BIDE_RUNTIME_BLOCKING_H
#define BIDE_RUNTIME_BLOCKING_H

#include "runtime/thread.h"

struct bide_job; /* bide/abi.h */
struct bide__detached;
struct bide__hub;
struct bide__options;

/*
 * Gives the job to the pool. When it has run, a clone of `waker` is woken, on the pool's thread;
 * after that the pool does nothing more with the job. False: there is no thread to run it.
 */
bool bide__job_submit(struct bide_runtime *rt, struct bide_job *job, bide_waker waker);

/* True: no thread had begun the job; it will never run and wake nobody. */
bool bide__job_take_back(struct bide_job *job);

/* Of a job that was submitted. True: it has run. bide__job_poll, false: it has not, and this waker
 * is woken in the place of the one before, which was `*before`. */
bool bide__job_has_run(const struct bide_job *job);
bool bide__job_poll(struct bide_job *job, bide_waker *before, bide_waker waker);

/* ---- for the scheduler ---- */

/* Owner of a current_thread runtime, who has nothing to do: waits for the end of a job, if there is
 * one, as long as that pays. True: there may be something to take over. */
bool bide__pool_answers(struct bide_runtime *rt);

struct bide__pool {
    pthread_mutex_t mutex;
    _Atomic uint32_t calls; /* a futex: changes when a thread that sleeps is called */
    uint32_t sleeping;      /* threads that sleep, and that were called but have not come yet */
    pthread_cond_t gone;    /* the last thread has left */
    struct bide_job *first, *last;
    uint32_t threads, threads_max;
    _Atomic uint32_t queued; /* written under the mutex */
    uint64_t calls_begun;    /* jobs that a thread has taken */
    /* How long jobs were queued, all together, up to `queued_at_ns`, when their number was last
     * another one: the sum over time of how many there are. So no job keeps its own time. */
    int64_t waited_ns, queued_at_ns;
    _Atomic uint32_t idle;         /* threads that have no job; */
    _Atomic uint32_t looking;      /* those of them that will look for one without being told */
    struct bide__patience jobs;    /* of threads that look for the next job, */
    struct bide__patience answers; /* and of the owner, for the end of a job */
    int64_t idle_ns;
    bool closing;
    bool to_join; /* `left` is a thread that has left, after joining the one before it */
    pthread_t left;
    _Atomic uint32_t in_flight; /* jobs that have not yet ended and reported that, also detached */
    struct bide__hub *hub;
    const struct bide__options *options;
    _Atomic uint32_t named;          /* threads that were ever begun */
    struct bide__detached *detached; /* detached.h; under the mutex; NULL: no job yet */
    struct bide__ambient *carried;   /* values that go along with jobs in the queue, in its order */
    struct bide__ambient **carried_end;
};

void bide__pool_init(struct bide__pool *pool, struct bide__hub *hub,
                     const struct bide__options *options);

/* How many threads there are, how many of them are idle, and how many jobs wait. Any thread. */
void bide__pool_count(struct bide__pool *pool, uint32_t *threads, uint32_t *idle, uint32_t *queued);

/* How many jobs threads have taken, and how long jobs have waited for that. Any thread. */
void bide__pool_waits(struct bide__pool *pool, uint64_t *begun, int64_t *waited_ns);

/* The number of threads that have not left; a thread that has left may still be on its way out. */
uint32_t bide__pool_threads(struct bide__pool *pool);

/* Waits for the threads, which have nothing more to do, and joins them. */
void bide__pool_end(struct bide__pool *pool);
void bide__pool_free(struct bide__pool *pool);

#endif
