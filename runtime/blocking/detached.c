/*
 * detached.c: see detached.h.
 *
 * A job is QUEUED until a thread takes it, then BEGUN. When it has run it is FINISHED, and its
 * waker is woken; unless the leaf gave it up meanwhile (GIVEN_UP), and took the waker away. All of
 * this is decided under the pool's mutex. While a job is in the queue or under way the pool has a
 * reference to it. Who gives a job up counts it off in the runtime; who finishes it does so after
 * the wake.
 *
 * A thread that runs a job (`running`) touches nothing of the runtime: that may be gone when the
 * job returns. Any other thread may, and so the runtime waits for those before it ends. The object
 * of the pool belongs to the runtime and to the threads; the last of them frees it. The threads are
 * not joined.
 *
 * A thread is made when a job finds no idle one, up to a limit, and leaves after a time without
 * work. Users' hooks for threads are not called: the thread may outlive what they refer to.
 */
#include "runtime/blocking/detached.h"

#include "core/assert.h"
#include "runtime/blocking/blocking.h"
#include "runtime/options.h"
#include "runtime/task/task.h"

#include <bide/abi.h>

enum { IDLE, QUEUED, BEGUN, GIVEN_UP, FINISHED };

struct bide__detached {
    pthread_mutex_t mutex;
    pthread_cond_t work; /* there is a job, or the end */
    pthread_cond_t gone; /* a thread has left, or runs a job */
    struct bide__detached_job *first, *last;
    uint32_t threads, idle, running, queued;
    uint32_t named; /* threads that were ever begun */
    bool closing;
    int64_t idle_ns;
    struct bide__pool *pool; /* of the runtime; not for threads that run a job */
};

/* ---- jobs ---- */

void bide__detached_job_begin(struct bide__detached_job *job,
                              void (*run)(struct bide__detached_job *job),
                              void (*release)(struct bide__detached_job *job))
{
    *job = (struct bide__detached_job){.run = run, .release = release, .refs = 1};
}

void bide__detached_job_drop(struct bide__detached_job *job)
{
    if (job != NULL && atomic_fetch_sub_explicit(&job->refs, 1, memory_order_acq_rel) == 1)
        job->release(job);
}

static uint32_t state_of(const struct bide__detached_job *job)
{
    return atomic_load_explicit(&job->state, memory_order_acquire);
}

static void set_state(struct bide__detached_job *job, uint32_t state)
{
    atomic_store_explicit(&job->state, state, memory_order_release);
}

/* With the mutex. */
static void enqueue(struct bide__detached *d, struct bide__detached_job *job)
{
    job->next = NULL;
    job->previous = d->last;
    *(d->last != NULL ? &d->last->next : &d->first) = job;
    d->last = job;
    d->queued++;
    set_state(job, QUEUED);
}

/* With the mutex. */
static void unlink_job(struct bide__detached *d, struct bide__detached_job *job)
{
    *(job->previous != NULL ? &job->previous->next : &d->first) = job->next;
    *(job->next != NULL ? &job->next->previous : &d->last) = job->previous;
    d->queued--;
}

/* ---- threads ---- */

static void free_pool(struct bide__detached *d)
{
    pthread_cond_destroy(&d->work);
    pthread_cond_destroy(&d->gone);
    pthread_mutex_destroy(&d->mutex);
    bide__free(d, sizeof *d);
}

/* The thread is not `running`, so the runtime is there. After its last job the owner is notified,
 * as for the jobs of the blocking pool: virtual time may pass now. */
static void count_off(struct bide__pool *pool)
{
    if (atomic_fetch_sub_explicit(&pool->in_flight, 1, memory_order_acq_rel) == 1)
        bide__hub_notify(pool->hub);
}

/* With the mutex, which it gives back meanwhile. */
static void run_first(struct bide__detached *d)
{
    struct bide__detached_job *job = d->first;
    bide_waker waker = {0};

    BIDE__ASSERT(state_of(job) == QUEUED, "detached job: begin: it is not queued");
    unlink_job(d, job);
    set_state(job, BEGUN);
    d->running++;
    if (d->closing)
        pthread_cond_signal(&d->gone);
    pthread_mutex_unlock(&d->mutex);
    job->run(job);
    pthread_mutex_lock(&d->mutex);
    d->running--;
    bool finished = state_of(job) == BEGUN;
    if (finished) {
        waker = job->waker;
        job->waker.bits = 0;
        set_state(job, FINISHED);
    }
    pthread_mutex_unlock(&d->mutex);
    if (finished) {
        bide_waker_wake(waker);
        count_off(d->pool);
    }
    bide__detached_job_drop(job);
    pthread_mutex_lock(&d->mutex);
}

/* With the mutex. False: nothing has come for a long time. */
static bool wait_for_job(struct bide__detached *d)
{
    int r = 0;
    d->idle++;
    while (d->first == NULL && !d->closing && r != -ETIMEDOUT)
        r = bide__door.cond_wait(&d->work, &d->mutex, d->idle_ns);
    d->idle--;
    return d->first != NULL;
}

static void *thread_main(void *argument)
{
    struct bide__detached *d = argument;

    pthread_mutex_lock(&d->mutex);
    bide__options_thread_name(d->pool->options, 'n', d->named++);
    while (d->first != NULL || (!d->closing && wait_for_job(d)))
        run_first(d);
    d->threads--;
    bool last = d->threads == 0 && d->pool == NULL;
    pthread_cond_signal(&d->gone);
    pthread_mutex_unlock(&d->mutex);
    if (last)
        free_pool(d);
    return NULL;
}

/* With the mutex: finds a thread for one more job. 0, or -EAGAIN: there is none at all. */
static int have_thread(struct bide__detached *d)
{
    pthread_t thread;

    if (d->queued > d->idle && d->threads < BIDE__DETACHED_MAX &&
        bide__door.thread_create(&thread, d->pool->options->thread_stack_size, thread_main, d) ==
            0) {
        bide__door.thread_detach(thread);
        d->threads++;
    }
    pthread_cond_signal(&d->work);
    return d->threads > 0 ? 0 : -EAGAIN;
}

/* ---- the pool of a runtime ---- */

static struct bide__detached *new_pool(struct bide__pool *pool)
{
    struct bide__detached *d = bide__alloc(sizeof *d);
    pthread_condattr_t monotonic;

    if (d == NULL)
        return NULL;
    *d = (struct bide__detached){.pool = pool, .idle_ns = pool->idle_ns};
    pthread_mutex_init(&d->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&d->work, &monotonic);
    pthread_cond_init(&d->gone, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return d;
}

/* Made for the first job. NULL: no memory. */
static struct bide__detached *pool_of(struct bide_runtime *rt)
{
    struct bide__pool *pool = rt->pool;

    pthread_mutex_lock(&pool->mutex);
    if (pool->detached == NULL)
        pool->detached = new_pool(pool);
    struct bide__detached *d = pool->detached;
    pthread_mutex_unlock(&pool->mutex);
    return d;
}

/* No task is left that could submit a job, so nobody makes another pool. */
static struct bide__detached *take_out(struct bide__pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct bide__detached *d = pool->detached;
    pool->detached = NULL;
    pthread_mutex_unlock(&pool->mutex);
    return d;
}

void bide__detached_end(struct bide__pool *pool)
{
    struct bide__detached *d = take_out(pool);

    if (d == NULL)
        return;
    pthread_mutex_lock(&d->mutex);
    d->closing = true;
    pthread_cond_broadcast(&d->work);
    while (d->threads > d->running)
        bide__door.cond_wait(&d->gone, &d->mutex, -1);
    d->pool = NULL;
    bool last = d->threads == 0;
    pthread_mutex_unlock(&d->mutex);
    if (last)
        free_pool(d);
}

/* ---- jobs that are submitted ---- */

bool bide__detached_has_run(const struct bide__detached_job *job)
{
    return state_of(job) == FINISHED;
}

int bide__detached_submit(struct bide_runtime *rt, struct bide__detached_job *job, bide_waker waker)
{
    struct bide__detached *d = pool_of(rt);

    if (d == NULL)
        return -ENOMEM;
    BIDE__ASSERT(state_of(job) == IDLE, "detached job: submit: it was submitted before");
    bide_waker clone = bide_waker_clone(waker);
    atomic_fetch_add_explicit(&rt->pool->in_flight, 1, memory_order_relaxed);
    pthread_mutex_lock(&d->mutex);
    job->pool = d;
    job->waker = clone;
    atomic_fetch_add_explicit(&job->refs, 1, memory_order_relaxed);
    enqueue(d, job);
    int r = have_thread(d);
    if (r < 0) {
        unlink_job(d, job);
        set_state(job, GIVEN_UP);
    }
    pthread_mutex_unlock(&d->mutex);
    if (r < 0) {
        atomic_fetch_sub_explicit(&rt->pool->in_flight, 1, memory_order_relaxed);
        bide_waker_drop(clone);
        bide__detached_job_drop(job);
    }
    return r;
}

bool bide__detached_give_up(struct bide_runtime *rt, struct bide__detached_job *job)
{
    struct bide__detached *d = job->pool;

    pthread_mutex_lock(&d->mutex);
    uint32_t state = state_of(job);
    bide_waker waker = job->waker;
    if (state == QUEUED)
        unlink_job(d, job);
    if (state != FINISHED) {
        job->waker.bits = 0;
        set_state(job, GIVEN_UP);
    }
    pthread_mutex_unlock(&d->mutex);
    if (state == FINISHED)
        return false;
    atomic_fetch_sub_explicit(&rt->pool->in_flight, 1, memory_order_acq_rel);
    bide_waker_drop(waker);
    if (state == QUEUED)
        bide__detached_job_drop(job);
    return true;
}

/* ---- the leaf ---- */

/* The leaf is polled with another waker than before. False: the job has finished. */
static bool change_waker(struct bide__detached_job *job, bide_waker waker)
{
    struct bide__detached *d = job->pool;
    bide_waker old = bide_waker_clone(waker);

    pthread_mutex_lock(&d->mutex);
    bool changes = state_of(job) != FINISHED;
    if (changes) {
        bide_waker before = job->waker;
        job->waker = old;
        old = before;
    }
    pthread_mutex_unlock(&d->mutex);
    bide_waker_drop(old);
    return changes;
}

struct detached {
    struct bide_frame h;
    struct bide__detached_job *job;
    struct bide_runtime *runtime;
    bide_waker waker; /* the one in the job */
};

enum { HELD = 1, SUBMITTED = 2 };

static enum bide_poll begin(struct bide_cx *cx, struct detached *f)
{
    f->runtime = bide__runtime_running();
    f->waker = cx->waker;
    if (f->runtime == NULL)
        return bide__leaf_finish(cx, &f->h, bide__no_runtime(f->h.fn->info->name));
    if (bide__will_ask(cx->chain)) {
        f->h.state = HELD;
        return bide_frame_suspend(cx, &f->h);
    }
    int r = bide__detached_submit(f->runtime, f->job, cx->waker);
    if (r < 0)
        return bide__leaf_finish(cx, &f->h, r);
    f->h.state = SUBMITTED;
    return bide_frame_suspend(cx, &f->h);
}

static enum bide_poll detached_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct detached *f = (struct detached *)(void *)h;

    if (h->state != SUBMITTED)
        return begin(cx, f);
    if (!bide__detached_has_run(f->job)) {
        if (f->waker.bits == cx->waker.bits)
            return bide_frame_suspend(cx, h);
        f->waker = cx->waker;
        if (change_waker(f->job, cx->waker))
            return bide_frame_suspend(cx, h);
    }
    return bide__leaf_finish(cx, h, (int)0);
}

static enum bide_answer detached_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct detached *f = (struct detached *)(void *)h;

    (void)cx;
    if (h->state == SUBMITTED && !bide__detached_give_up(f->runtime, f->job))
        return BIDE_COMPLETED;
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(int, bide__detached_run, struct detached, BIDE__NOT_NOW, detached_poll,
                 detached_cancel, (struct bide__detached_job *, job));
