/*
 * blocking.c: see blocking.h.
 *
 * A job is in the frame that awaits it, or in an object of the library. It is QUEUED, first in
 * first out, until a thread takes it; then it is BEGUN and belongs to that thread until it is
 * FINISHED. The thread takes the waker out of the job before it sets FINISHED, since the frame may
 * be gone from then on. The waker is a clone, which keeps its task. After the wake the thread
 * counts the job off, whether or not anybody looks at the end.
 *
 * The mutex is for the queue, the number of threads and their sleep. The end of a job needs no
 * lock: a leaf that changes the waker and the thread that takes it both exchange the word. A leaf
 * that comes too late for that is about to see FINISHED, and polls itself again.
 *
 * A request to cancel takes a QUEUED job back. A request that is open when the job would be queued
 * prevents that. A job that has BEGUN is waited for: it may write to what its caller owns.
 *
 * A thread is made when a job finds no idle one, up to a limit, and leaves after a time without
 * work. A thread that leaves joins the one that left before it, so at most one is waiting to be
 * joined. If no thread can be made and there is none, the job runs on the executor, inside the
 * await; so it does where there is no runtime.
 *
 * `state` of a job is written under the pool's mutex, except for FINISHED. A thread is woken after
 * the mutex was given back, since it would only wake to wait for it. It sleeps on a futex: after a
 * condition, libc gives the mutex back by one more system call.
 *
 * A thread that has run a job looks for the next one for a short time before it sleeps (struct
 * bide__patience); while it does it need not be called.
 */
#include "runtime/blocking/blocking.h"

#include "core/ambient.h"
#include "core/assert.h"
#include "runtime/blocking/detached.h"
#include "runtime/options.h"
#include "runtime/task/task.h"
#include "runtime/thread.h"

#include <bide/abi.h>

#include <limits.h>

enum { IDLE, QUEUED, BEGUN, FINISHED };

/* ---- threads ---- */

void bide__pool_init(struct bide__pool *pool, struct bide__hub *hub,
                     const struct bide__options *options)
{
    pthread_condattr_t monotonic;
    *pool = (struct bide__pool){.hub = hub,
                                .threads_max = options->blocking_threads_max,
                                .idle_ns = options->blocking_idle_ns,
                                .options = options};
    pool->carried_end = &pool->carried;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->gone, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* With the mutex, to a number that is written only under it. */
static void add(_Atomic uint32_t *to, uint32_t n)
{
    uint32_t before = atomic_load_explicit(to, memory_order_relaxed);
    atomic_store_explicit(to, before + n, memory_order_relaxed);
}

/* With the mutex. */
static void count_queued(struct bide__pool *pool, uint32_t n)
{
    int64_t now_ns = bide__clock_ns();

    pool->waited_ns += (int64_t)pool->queued * (now_ns - pool->queued_at_ns);
    pool->queued_at_ns = now_ns;
    add(&pool->queued, n);
}

/* With the mutex. */
static struct bide_job *take_first(struct bide__pool *pool)
{
    struct bide_job *job = pool->first;
    BIDE__ASSERT(atomic_load_explicit(&job->state, memory_order_relaxed) == QUEUED,
                 "job: begin: it is not queued");
    count_queued(pool, -1U);
    pool->calls_begun++;
    pool->first = job->next;
    if (pool->first != NULL)
        pool->first->previous = NULL;
    else
        pool->last = NULL;
    atomic_store_explicit(&job->state, BEGUN, memory_order_relaxed);
    return job;
}

/* A job has ended, and its waker was woken. After the last one the owner is notified: virtual time
 * may pass now, or the program may be stuck, and if nobody drives the future that the job was in,
 * nothing else tells the owner. */
static void job_ended(struct bide__pool *pool)
{
    if (atomic_fetch_sub_explicit(&pool->in_flight, 1, memory_order_acq_rel) == 1)
        bide__hub_notify(pool->hub);
}

/* The job has run: takes the waker out of it and lets go of it. */
static bide_waker finish(struct bide__pool *pool, struct bide_job *job)
{
    bide_waker waker = {__atomic_exchange_n(&job->waker.bits, 0, __ATOMIC_ACQUIRE)};

    /* The task may submit its next job as soon as it sees the end. That job is for this thread, not
     * for a new one. */
    atomic_fetch_add_explicit(&pool->idle, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&pool->looking, 1, memory_order_relaxed);
    atomic_store_explicit(&job->state, FINISHED, memory_order_release);
    return waker;
}

/* True: it has come. */
static bool wait_awake(struct bide__patience *patience, bool (*has_come)(struct bide__pool *pool),
                       struct bide__pool *pool)
{
    uint32_t most = atomic_load_explicit(&patience->turns, memory_order_relaxed), n = 0;

    if (most == 0)
        return false;
    while (n < most && !has_come(pool)) {
        bide__pause();
        n++;
    }
    bide__patience_learn(patience, n < most ? n : BIDE__PATIENCE);
    return n < most;
}

static bool has_job(struct bide__pool *pool)
{
    return atomic_load_explicit(&pool->queued, memory_order_relaxed) > 0;
}

static bool has_answer(struct bide__pool *pool)
{
    return atomic_load_explicit(&pool->hub->pending, memory_order_relaxed);
}

bool bide__pool_answers(struct bide_runtime *rt)
{
    struct bide__pool *pool = rt->pool;

    if (atomic_load_explicit(&pool->in_flight, memory_order_relaxed) == 0)
        return false;
    return wait_awake(&pool->answers, has_answer, pool);
}

/* With the mutex: one thread that sleeps, or all, are to be woken by `wake` without the mutex. */
static void call(struct bide__pool *pool)
{
    uint32_t calls = atomic_load_explicit(&pool->calls, memory_order_relaxed);
    atomic_store_explicit(&pool->calls, calls + 1, memory_order_relaxed);
}

static void wake(struct bide__pool *pool, int threads)
{
    bide__door.futex_wake(&pool->calls, threads);
}

/* With the mutex, which it gives back meanwhile. False: nobody has called for a long time. */
static bool sleep_until_called(struct bide__pool *pool)
{
    uint32_t calls = atomic_load_explicit(&pool->calls, memory_order_relaxed);

    pool->sleeping++;
    atomic_fetch_add_explicit(&pool->idle, 1, memory_order_relaxed);
    pthread_mutex_unlock(&pool->mutex);
    int r = bide__door.futex_wait(&pool->calls, calls, pool->idle_ns);
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_sub_explicit(&pool->idle, 1, memory_order_relaxed);
    pool->sleeping--;
    return r != -ETIMEDOUT;
}

/* ---- the current value of who submits (core/ambient.h) goes along with the job ---- */

/* It has no chain; its owner is the job. */
static void carry(struct bide__pool *pool, const struct bide_job *job, struct bide__ambient *value)
{
    value->owner = job;
    value->below = NULL;
    *pool->carried_end = value;
    pool->carried_end = &value->below;
}

/* With the mutex. NULL: the job has none. */
static struct bide__ambient *take_carried(struct bide__pool *pool, const struct bide_job *job)
{
    for (struct bide__ambient **at = &pool->carried; *at != NULL; at = &(*at)->below) {
        struct bide__ambient *value = *at;
        if (value->owner == job) {
            *at = value->below;
            if (pool->carried_end == &value->below)
                pool->carried_end = at;
            return value;
        }
    }
    return NULL;
}

/* With the mutex: of the job that was the first in the queue. */
static struct bide__ambient *carried_first(struct bide__pool *pool, const struct bide_job *job)
{
    bool is_first = pool->carried != NULL && pool->carried->owner == job;
    return is_first ? take_carried(pool, job) : NULL;
}

static void let_go(struct bide__ambient *value)
{
    if (value != NULL)
        value->release(value);
}

static void run(struct bide_job *job, struct bide__ambient *value)
{
    bide__here.value = value != NULL ? value->value : NULL;
    job->run(job);
    bide__here.value = NULL;
    let_go(value);
}

static void serve(struct bide__pool *pool)
{
    unsigned forks = bide__forks;

    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        if (pool->first != NULL) {
            struct bide_job *job = take_first(pool);
            struct bide__ambient *value = carried_first(pool, job);
            pthread_mutex_unlock(&pool->mutex);
            run(job, value);
            /* A child has only this thread, and the task that awaits the job is the parent's. */
            if (forks != bide__forks)
                bide__misuse_forked();
            bide_waker_wake(finish(pool, job));
            job_ended(pool);
            wait_awake(&pool->jobs, has_job, pool);
            pthread_mutex_lock(&pool->mutex);
            pool->looking--;
            pool->idle--;
            continue;
        }
        if (pool->closing)
            break;
        if (!sleep_until_called(pool) && pool->first == NULL)
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
}

static void *thread_main(void *argument)
{
    struct bide__pool *pool = argument;
    bide__options_thread_begin(pool->options, 'b', atomic_fetch_add(&pool->named, 1));
    serve(pool);
    bide__options_thread_end(pool->options);
    return NULL;
}

void bide__pool_count(struct bide__pool *pool, uint32_t *threads, uint32_t *idle, uint32_t *queued)
{
    pthread_mutex_lock(&pool->mutex);
    *threads = pool->threads;
    *idle = pool->idle;
    *queued = pool->queued;
    pthread_mutex_unlock(&pool->mutex);
}

void bide__pool_waits(struct bide__pool *pool, uint64_t *begun, int64_t *waited_ns)
{
    pthread_mutex_lock(&pool->mutex);
    count_queued(pool, 0);
    *begun = pool->calls_begun;
    *waited_ns = pool->waited_ns;
    pthread_mutex_unlock(&pool->mutex);
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
    bide__detached_end(pool);
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    call(pool);
    wake(pool, INT_MAX);
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
    pthread_cond_destroy(&pool->gone);
    pthread_mutex_destroy(&pool->mutex);
}

/* With the mutex. */
static bool add_thread(struct bide__pool *pool)
{
    pthread_t thread;
    size_t stack = pool->options->thread_stack_size;

    if (bide__door.thread_create(&thread, stack, thread_main, pool) != 0)
        return false;
    if (pool->threads == 0 && bide__options_processors() > 1) {
        bide__patience_begin(&pool->jobs);
        bide__patience_begin(&pool->answers);
    }
    pool->threads++;
    return true;
}

/* With the mutex: finds a thread for one more job. False: there is no thread at all. *signal: one
 * that sleeps is to be called. An idle thread that was called and has not come yet still counts as
 * idle, and its job as queued. */
static bool have_thread(struct bide__pool *pool, bool *signal)
{
    *signal = pool->queued > pool->looking && pool->sleeping > 0;
    if (pool->queued > pool->idle && pool->threads < pool->threads_max && !pool->closing &&
        add_thread(pool))
        *signal = false;
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
    count_queued(pool, -1U);
    atomic_store_explicit(&job->state, IDLE, memory_order_relaxed);
}

bool bide__job_submit(struct bide_runtime *rt, struct bide_job *job, bide_waker waker)
{
    struct bide__pool *pool = rt->pool;
    struct bide__ambient *value = bide__ambient_heir_here();
    job->pool = pool;
    job->waker = bide_waker_clone(waker);
    pthread_mutex_lock(&pool->mutex);
    if (value != NULL)
        carry(pool, job, value);
    job->next = NULL;
    job->previous = pool->last;
    if (pool->last != NULL)
        pool->last->next = job;
    else
        pool->first = job;
    pool->last = job;
    count_queued(pool, 1);
    atomic_fetch_add_explicit(&pool->in_flight, 1, memory_order_relaxed);
    atomic_store_explicit(&job->state, QUEUED, memory_order_relaxed);
    bool signal, submitted = have_thread(pool, &signal);
    if (!submitted) {
        unlink_job(pool, job);
        value = take_carried(pool, job);
    }
    if (signal)
        call(pool);
    pthread_mutex_unlock(&pool->mutex);
    if (signal)
        wake(pool, 1);
    if (!submitted) {
        let_go(value);
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
    struct bide__ambient *value = queued ? take_carried(pool, job) : NULL;
    if (queued)
        unlink_job(pool, job);
    pthread_mutex_unlock(&pool->mutex);
    let_go(value);
    if (queued) {
        pool->in_flight--;
        bide_waker_drop(job->waker);
    }
    return queued;
}

void bide__job_forget(struct bide_job *job)
{
    if (job->owns == 0)
        return;
    job->owns = BIDE__JOB_FORGETS;
    job->run(job);
}

/* The leaf is polled with another waker than before: its future has moved to another task. False: a
 * thread has taken the waker, and the job is as good as FINISHED. */
static bool change_waker(struct bide_job *job, bide_waker waker)
{
    uintptr_t before = __atomic_load_n(&job->waker.bits, __ATOMIC_RELAXED);
    bide_waker clone = bide_waker_clone(waker);

    /* Only the thread changes it meanwhile, and only to 0. */
    bool changed =
        before != 0 && __atomic_compare_exchange_n(&job->waker.bits, &before, clone.bits, false,
                                                   __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    bide_waker_drop(changed ? (bide_waker){before} : clone);
    return changed;
}

bool bide__job_has_run(const struct bide_job *job)
{
    return atomic_load_explicit(&job->state, memory_order_acquire) == FINISHED;
}

bool bide__job_poll(struct bide_job *job, bide_waker *before, bide_waker waker)
{
    if (bide__job_has_run(job))
        return true;
    if (before->bits == waker.bits)
        return false;
    if (change_waker(job, waker))
        *before = waker;
    else
        bide_waker_wake_by_ref(waker);
    return false;
}

/* ---- the leaf ---- */

enum { NOT_BEGUN, SUBMITTED, HAS_RUN, HELD };

struct blocking {
    struct bide_frame h;
    struct bide_job *job;
    bide_waker waker; /* the one in the job */
};

static enum bide_poll go(struct bide_cx *cx, struct blocking *f)
{
    if (f->h.state == SUBMITTED && !bide__job_poll(f->job, &f->waker, cx->waker))
        return bide_frame_suspend(cx, &f->h);
    f->h.state = HAS_RUN;
    return bide_frame_finish(cx, &f->h);
}

static enum bide_poll begin(struct bide_cx *cx, struct blocking *f)
{
    struct bide_runtime *rt = bide__runtime_running();

    f->waker = cx->waker;
    if (bide__will_ask(cx->chain)) {
        f->h.state = HELD;
        return bide_frame_suspend(cx, &f->h);
    }
    f->h.state = SUBMITTED;
    if (rt != NULL && bide__job_submit(rt, f->job, cx->waker))
        return bide_frame_suspend(cx, &f->h);
    f->job->run(f->job);
    f->h.state = HAS_RUN;
    return go(cx, f);
}

static enum bide_poll blocking_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct blocking *f = (struct blocking *)(void *)h;
    return h->state == NOT_BEGUN || h->state == HELD ? begin(cx, f) : go(cx, f);
}

static enum bide_answer blocking_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct blocking *f = (struct blocking *)(void *)h;
    (void)cx;
    if (h->state != HELD && bide__job_has_run(f->job))
        return BIDE_COMPLETED;
    if (h->state != HELD && !bide__job_take_back(f->job))
        return BIDE_WAIT;
    bide__job_forget(f->job);
    return BIDE_CANCELLED;
}

BIDE__LEAF_ARGS(bide_blocking, (struct bide_job *, job))

enum bide_poll bide__start_bide_blocking(struct bide_cx *cx, struct bide_frame *parent,
                                         void *result, struct bide_job *job)
{
    struct blocking *f = bide_frame_push(cx, sizeof(*f), &bide__desc_bide_blocking, parent, result);

    if (f == NULL) {
        bide__job_forget(job);
        return BIDE_PENDING;
    }
    f->job = job;
    return blocking_poll(cx, &f->h);
}

BIDE__LEAF_REST(void, bide_blocking, struct blocking, NULL, blocking_poll, blocking_cancel,
                (struct bide_job *, job));
