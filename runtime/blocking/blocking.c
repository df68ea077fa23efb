/*
 * blocking.c: calls that block, on threads of their own.
 *
 * A job stands in the frame that awaits it, or in an object of the library's that submits it. It is
 * QUEUED, first in first out, until a thread takes it; then it is BEGUN, and belongs to that thread
 * until it is FINISHED. The thread takes the waker out before it says so: from then on the frame
 * may be gone. The waker is a clone, so its task is not. When it has woken that, it counts the job
 * off: whether anybody looks at the end is nothing to the runtime.
 *
 * A request to cancel takes a QUEUED job back, and one that is open already when the job would be
 * queued keeps it from that. A job that has BEGUN is waited for: it may write to what its caller
 * owns.
 *
 * Threads are made when a job finds none idle, up to a limit, and leave after a time without work.
 * One that leaves joins the one that left before it, so that at most one is waiting to be joined.
 * If no thread can be made and there is none, the job runs on the executor, inside the await; so it
 * does where there is no runtime.
 *
 * `state` of a job is written under the pool's mutex, but for FINISHED.
 */
#include "runtime/worker.h"

#include <bide/abi.h>

enum { IDLE, QUEUED, BEGUN, FINISHED };

/* ---- threads ---- */

void bide__pool_init(struct bide__pool *pool, struct bide__hub *hub, uint32_t threads_max,
                     int64_t idle_ns)
{
    pthread_condattr_t monotonic;
    *pool = (struct bide__pool){.hub = hub, .threads_max = threads_max, .idle_ns = idle_ns};
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->work, &monotonic);
    pthread_cond_init(&pool->gone, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* With the mutex. */
static struct bide_job *take_first(struct bide__pool *pool)
{
    struct bide_job *job = pool->first;
    pool->queued--;
    pool->first = job->next;
    if (pool->first != NULL)
        pool->first->previous = NULL;
    else
        pool->last = NULL;
    atomic_store_explicit(&job->state, BEGUN, memory_order_relaxed);
    return job;
}

/* A job has ended, and whom it wakes was told. The last one tells the owner that time may pass and
 * that it may be stuck: nobody else does if nobody drives the future in which the job was. */
static void job_ended(struct bide__pool *pool)
{
    if (atomic_fetch_sub_explicit(&pool->in_flight, 1, memory_order_acq_rel) == 1)
        bide__hub_notify(pool->hub);
}

static void *thread_main(void *argument)
{
    struct bide__pool *pool = argument;
    unsigned forks = bide__forks;

    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        if (pool->first != NULL) {
            struct bide_job *job = take_first(pool);
            pthread_mutex_unlock(&pool->mutex);
            job->run(job);
            /* A child has this thread alone, and whoever awaits the job is the parent's. */
            if (forks != bide__forks)
                bide__misuse_forked();
            pthread_mutex_lock(&pool->mutex);
            bide_waker waker = job->waker;
            atomic_store_explicit(&job->state, FINISHED, memory_order_release);
            /* Who is woken may bring the next job before this thread is back: it is for this one,
             * not for a new thread. */
            pool->idle++;
            pthread_mutex_unlock(&pool->mutex);
            bide_waker_wake(waker);
            job_ended(pool);
            pthread_mutex_lock(&pool->mutex);
            pool->idle--;
            continue;
        }
        if (pool->closing)
            break;
        pool->idle++;
        int r = bide__door.cond_wait(&pool->work, &pool->mutex, pool->idle_ns);
        pool->idle--;
        if (r < 0 && pool->first == NULL)
            break;
    }

    bool join = pool->to_join;
    pthread_t before = pool->left;
    pool->to_join = true;
    pool->left = pthread_self();
    pool->threads--;
    if (pool->threads == 0)
        pthread_cond_signal(&pool->gone);
    pthread_mutex_unlock(&pool->mutex);
    if (join)
        bide__door.thread_join(before);
    return NULL;
}

uint32_t bide__pool_threads(struct bide__pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    uint32_t threads = pool->threads;
    pthread_mutex_unlock(&pool->mutex);
    return threads;
}

void bide__pool_end(struct bide__pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->threads > 0)
        bide__door.cond_wait(&pool->gone, &pool->mutex, -1);
    bool join = pool->to_join;
    pthread_t left = pool->left;
    pool->to_join = false;
    pthread_mutex_unlock(&pool->mutex);
    if (join)
        bide__door.thread_join(left);
}

void bide__pool_free(struct bide__pool *pool)
{
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->gone);
    pthread_mutex_destroy(&pool->mutex);
}

/* With the mutex: finds a thread for one more job. False: there is none at all. An idle thread that
 * was called and has not come yet still counts as idle, and the job it is to take as queued. */
static bool have_thread(struct bide__pool *pool)
{
    pthread_t thread;
    if (pool->queued > pool->idle && pool->threads < pool->threads_max && !pool->closing &&
        bide__door.thread_create(&thread, 0, thread_main, pool) == 0)
        pool->threads++;
    else
        pthread_cond_signal(&pool->work);
    return pool->threads > 0;
}

/* ---- jobs ---- */

/* With the mutex. */
static void unlink_job(struct bide__pool *pool, struct bide_job *job)
{
    if (job->previous != NULL)
        job->previous->next = job->next;
    else
        pool->first = job->next;
    if (job->next != NULL)
        job->next->previous = job->previous;
    else
        pool->last = job->previous;
    pool->queued--;
    atomic_store_explicit(&job->state, IDLE, memory_order_relaxed);
}

bool bide__job_submit(struct bide_runtime *rt, struct bide_job *job, bide_waker waker)
{
    struct bide__pool *pool = &rt->pool;
    job->pool = pool;
    job->waker = bide_waker_clone(waker);
    pthread_mutex_lock(&pool->mutex);
    job->next = NULL;
    job->previous = pool->last;
    if (pool->last != NULL)
        pool->last->next = job;
    else
        pool->first = job;
    pool->last = job;
    pool->queued++;
    pool->in_flight++;
    atomic_store_explicit(&job->state, QUEUED, memory_order_relaxed);
    bool submitted = have_thread(pool);
    if (!submitted)
        unlink_job(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    if (!submitted) {
        pool->in_flight--;
        bide_waker_drop(job->waker);
    }
    return submitted;
}

bool bide__job_take_back(struct bide_job *job)
{
    struct bide__pool *pool = job->pool;
    pthread_mutex_lock(&pool->mutex);
    bool queued = atomic_load_explicit(&job->state, memory_order_relaxed) == QUEUED;
    if (queued)
        unlink_job(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    if (queued) {
        pool->in_flight--;
        bide_waker_drop(job->waker);
    }
    return queued;
}

/* The leaf is polled with another waker than before: a future that was moved to another task. */
static void change_waker(struct bide_job *job, bide_waker waker)
{
    struct bide__pool *pool = job->pool;
    bide_waker unused = bide_waker_clone(waker);
    pthread_mutex_lock(&pool->mutex);
    if (atomic_load_explicit(&job->state, memory_order_relaxed) != FINISHED) {
        bide_waker before = job->waker;
        job->waker = unused;
        unused = before;
    }
    pthread_mutex_unlock(&pool->mutex);
    bide_waker_drop(unused);
}

/* ---- the leaf ---- */

enum { NOT_BEGUN, SUBMITTED, HAS_RUN, HELD };

struct blocking {
    struct bide_frame h;
    struct bide_job *job;
    bide_waker waker; /* as it stands in the job */
};

struct blocking_args {
    struct bide_job *job;
};

static bool finished(const struct bide_job *job)
{
    return atomic_load_explicit(&job->state, memory_order_acquire) == FINISHED;
}

static enum bide_poll go(struct bide_cx *cx, struct blocking *f)
{
    if (f->h.state == SUBMITTED && !finished(f->job)) {
        if (f->waker.bits != cx->waker.bits) {
            change_waker(f->job, cx->waker);
            f->waker = cx->waker;
        }
        return bide_frame_suspend(cx, &f->h);
    }
    f->h.state = HAS_RUN;
    return bide_frame_finish(cx, &f->h);
}

static enum bide_poll begin(struct bide_cx *cx, struct blocking *f, struct bide_job *job)
{
    struct bide_runtime *rt = bide__runtime_running();

    f->job = job;
    f->waker = cx->waker;
    if (bide__will_ask(cx->chain)) {
        f->h.state = HELD;
        return bide_frame_suspend(cx, &f->h);
    }
    f->h.state = SUBMITTED;
    if (rt != NULL && bide__job_submit(rt, job, cx->waker))
        return bide_frame_suspend(cx, &f->h);
    job->run(job);
    f->h.state = HAS_RUN;
    return go(cx, f);
}

static enum bide_poll blocking_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct blocking *f = (struct blocking *)(void *)h;
    if (h->state == HELD)
        return begin(cx, f, f->job);
    if (h->state != NOT_BEGUN)
        return go(cx, f);
    return begin(cx, f, ((const struct blocking_args *)bide__args(cx, h))->job);
}

static enum bide_answer blocking_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct blocking *f = (struct blocking *)(void *)h;
    (void)cx;
    if (h->state == HELD)
        return BIDE_CANCELLED;
    if (finished(f->job))
        return BIDE_COMPLETED;
    return bide__job_take_back(f->job) ? BIDE_CANCELLED : BIDE_WAIT;
}

BIDE__LEAF_OF(bide_blocking, struct blocking, struct blocking_args, 0, 0, NULL, blocking_poll,
              blocking_cancel);

enum bide_poll bide__start_bide_blocking(struct bide_cx *cx, struct bide_frame *parent,
                                         void *result, struct bide_job *job)
{
    struct blocking *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_blocking, parent, result);
    return f != NULL ? begin(cx, f, job) : BIDE_PENDING;
}
