/*
 * thread_per_core.c: the cores of a thread_per_core runtime: made, run, shut down, freed.
 *
 * The thread of a core runs its executor until the *stage* changes, and then does what the new
 * stage says. Core 0 has no thread of its own; the one that blocks on it takes part in shutdowns.
 *
 * A shutdown ends all cores together. A core *rests* when it has no task. But mail may still bring
 * one, so it stays until all rest: `busy` counts those that do not. A crossing is a task of the
 * core that sent it until the other core's task has ended, so while a mail is under way somebody is
 * counted, and when nobody is, it is over. From the moment when a core rests first, its hub takes
 * no more tasks from other threads; and at the latest after a short time, or threads that spawn
 * without a pause could keep it from resting.
 *
 * All cores have the same deadline. Past it each forces its tasks, and after FORCED_NS more it
 * gives up. If any has tasks left then, the cores run on.
 */
#include "runtime/schedule/cores.h"

#include "runtime/blocking/blocking.h"
#include "runtime/io/io.h"
#include "runtime/options.h"
#include "runtime/time/time.h"

#include <bide/runtime.h>

static const int64_t FORCED_NS = INT64_C(200000000);

/* ---- stages ---- */

static void enter_stage(struct bide__cores *all, uint32_t stage)
{
    uint32_t now = atomic_load_explicit(&all->stage, memory_order_relaxed);

    pthread_mutex_lock(&all->mutex);
    atomic_store(&all->stage, (now / BIDE__CORES_STAGES + 1) * BIDE__CORES_STAGES + stage);
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->mutex);
    for (unsigned i = 0; i < all->count; i++)
        bide__core_poke(&all->core[i]);
}

/* In a shutdown. */
static void set_rest(struct bide__core *core, bool rests)
{
    struct bide__cores *all = core->all;

    if (core->rests == rests)
        return;
    core->rests = rests;
    core->futures_stay &= rests;
    if (!rests)
        atomic_fetch_add(&all->busy, 1);
    else if (atomic_fetch_sub(&all->busy, 1) == 1)
        for (unsigned i = 0; i < all->count; i++)
            bide__core_poke(&all->core[i]);
}

bool bide__core_returns(struct bide__core *core)
{
    struct bide__worker *worker = core->worker;
    uint32_t stage = atomic_load(&core->all->stage);

    if (stage != core->stage_seen)
        return true;
    if (stage % BIDE__CORES_STAGES != BIDE__CORES_CLOSE)
        return false;
    if (worker->hub->alive == 0 && worker->hub->futures > 0 && !core->futures_stay) {
        set_rest(core, false);
        return true;
    }
    if (worker->hub->alive == 0 && !core->rests)
        bide__hub_refuse(worker->hub, worker, true);
    set_rest(core, worker->hub->alive == 0);
    return atomic_load(&core->all->busy) == 0;
}

/* Runs until all cores rest. 0 or -ETIMEDOUT. */
static int run_out(struct bide__core *core, int64_t deadline_ns)
{
    struct bide__worker *worker = core->worker;

    for (;;) {
        int r = bide__run(worker, NULL, deadline_ns);
        if (r < 0 || core->rests)
            return r;
        bide__futures_close(worker);
        core->futures_stay = worker->hub->alive == 0;
    }
}

/* The core's part of a shutdown. */
static void close_core(struct bide__core *core)
{
    struct bide__cores *all = core->all;
    struct bide__worker *worker = core->worker;

    core->rests = core->futures_stay = false;
    bide__cancel_all(core->runtime, false);
    int r = run_out(core, bide__accept_until(all->deadline_ns));
    if (r < 0) {
        bide__hub_refuse(worker->hub, worker, true);
        r = run_out(core, all->deadline_ns);
    }
    if (r < 0) {
        bide__cancel_all(core->runtime, true);
        r = run_out(core, bide__clock_ns() + FORCED_NS);
        core->runtime->forcing = false;
    }
    core->timed_out = r < 0;
    pthread_mutex_lock(&all->mutex);
    if (--all->closing == 0)
        pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->mutex);
}

static void wait_for_stage(struct bide__cores *all, uint32_t after)
{
    pthread_mutex_lock(&all->mutex);
    while (atomic_load(&all->stage) == after)
        pthread_cond_wait(&all->changed, &all->mutex);
    pthread_mutex_unlock(&all->mutex);
}

/* ---- threads ---- */

/* The n-th core of the machine that the process may use, from the beginning again after the last.
 * If that cannot be had, the thread runs where it may. */
static void pin(unsigned n)
{
    cpu_set_t may, one;

    if (bide__door.sched_getaffinity(0, sizeof(may), &may) < 0 || CPU_COUNT(&may) == 0)
        return;
    n %= (unsigned)CPU_COUNT(&may);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &may) && n-- == 0) {
            CPU_SET(i, &one);
            break;
        }
    }
    (void)bide__door.sched_setaffinity(0, sizeof(one), &one);
}

void bide__cores_pin(struct bide_runtime *rt)
{
    pin(rt->worker->core->number);
}

static void *core_main(void *argument)
{
    struct bide__core *core = argument;
    struct bide__cores *all = core->all;

    pin(core->number);
    bide__options_thread_begin(core->runtime->options, 'w', core->number);
    bide__thread.entered = core->runtime;
    bide__thread.running = core->worker;
    for (;;) {
        uint32_t stage = core->stage_seen = atomic_load(&all->stage);
        uint32_t kind = stage % BIDE__CORES_STAGES;
        if (kind == BIDE__CORES_STOP)
            break;
        if (kind == BIDE__CORES_RUN) {
            bide__hub_refuse(core->worker->hub, core->worker, false);
            bide__run(core->worker, NULL, INT64_MAX);
        } else {
            close_core(core);
            wait_for_stage(all, stage);
        }
    }
    if (core->runtime->ended) {
        bide__pool_end(core->runtime->pool);
        bide__fds_stop(core->runtime->fds, core->worker->driver);
    }
    bide__thread.running = NULL;
    bide__thread.entered = NULL;
    bide__options_thread_end(core->runtime->options);
    return NULL;
}

static void join_threads(struct bide__cores *all)
{
    for (unsigned i = 1; i < all->count; i++) {
        if (all->core[i].has_thread)
            bide__door.thread_join(all->core[i].thread);
        all->core[i].has_thread = false;
    }
}

/* ---- asked ---- */

uint32_t bide_runtime_cores(const struct bide_runtime *rt)
{
    const struct bide__core *core = rt->worker->core;
    return core != NULL ? core->all->count : 1;
}

uint32_t bide_core(void)
{
    const struct bide_runtime *rt = bide__runtime_here();
    return rt != NULL && rt->worker->core != NULL ? rt->worker->core->number : 0;
}

/* ---- to cancel ---- */

/* A request that comes meanwhile is another message, or is seen here. */
static void cancel_own(struct bide__post *post)
{
    struct bide__core *core =
        (struct bide__core *)(void *)((char *)post - offsetof(struct bide__core, cancel));

    atomic_store(&core->is_to_cancel, false);
    bide__cancel_all(core->runtime, atomic_load(&core->is_to_force));
}

void bide__cores_cancel_others(struct bide_runtime *rt, bool force)
{
    struct bide__cores *all = rt->worker->core->all;

    for (unsigned i = 0; i < all->count; i++) {
        struct bide__core *core = &all->core[i];
        if (core->runtime == rt)
            continue;
        atomic_store(&core->is_to_force, force);
        if (!atomic_exchange(&core->is_to_cancel, true))
            bide__runtime_post(core->runtime, &core->cancel);
    }
}

/* ---- made and freed ---- */

static size_t in_lines(size_t size)
{
    return (size + BIDE__CACHE_LINE - 1) / BIDE__CACHE_LINE * BIDE__CACHE_LINE;
}

static void attach(struct bide__core *core, struct bide_runtime *rt)
{
    core->runtime = rt;
    core->worker = rt->worker;
    rt->worker->core = core;
}

int bide__cores_new(struct bide_runtime *rt, unsigned *count)
{
    unsigned n = *count < BIDE__CORES_MAX ? *count : BIDE__CORES_MAX;
    size_t own = in_lines(sizeof(struct bide__cores)), cores = n * sizeof(struct bide__core);
    size_t size = own + cores + (size_t)n * n * sizeof(struct bide__lane);
    struct bide__cores *all = bide__door.alloc(size, BIDE__CACHE_LINE);
    pthread_condattr_t monotonic;

    if (all == NULL)
        return -ENOMEM;
    memset(all, 0, size);
    *count = all->count = n;
    all->size = size;
    all->core = (struct bide__core *)(void *)((char *)all + own);
    all->lane = (struct bide__lane *)(void *)((char *)all + own + cores);
    pthread_mutex_init(&all->mutex, NULL);
    pthread_cond_init(&all->changed, NULL);
    pthread_mutex_init(&all->report_mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&all->reported, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (unsigned i = 0; i < n; i++) {
        all->core[i].all = all;
        all->core[i].number = i;
        all->core[i].cancel.run = cancel_own;
    }
    attach(&all->core[0], rt);
    return 0;
}

void bide__cores_add(struct bide_runtime *rt, unsigned number, struct bide_runtime *made)
{
    attach(&rt->worker->core->all->core[number], made);
}

int bide__cores_start(struct bide_runtime *rt)
{
    struct bide__cores *all = rt->worker->core->all;
    int r = 0;

    for (unsigned i = 1; i < all->count && r == 0; i++) {
        struct bide__core *core = &all->core[i];
        r = bide__door.thread_create(&core->thread, rt->options->thread_stack_size, core_main,
                                     core);
        core->has_thread = r == 0;
    }
    if (r < 0) {
        enter_stage(all, BIDE__CORES_STOP);
        join_threads(all);
    }
    return r;
}

bool bide__cores_have_ended(const struct bide_runtime *rt)
{
    const struct bide__cores *all = rt->worker->core->all;

    for (unsigned i = 1; i < all->count; i++) {
        const struct bide__core *core = &all->core[i];
        if (core->runtime->fds->open > 0 || core->worker->hub->futures > 0)
            return false;
    }
    return rt->ended;
}

struct bide_runtime *bide__cores_detach(struct bide_runtime *rt, unsigned number)
{
    struct bide__core *core = &rt->worker->core->all->core[number];

    if (core->runtime != NULL)
        core->worker->core = NULL;
    return core->runtime;
}

void bide__cores_free(struct bide_runtime *rt)
{
    struct bide__cores *all = rt->worker->core->all;

    bide__cores_detach(rt, 0);
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->mutex);
    pthread_cond_destroy(&all->reported);
    pthread_mutex_destroy(&all->report_mutex);
    bide__door.free(all, all->size);
}

/* ---- shutdown ---- */

int bide__cores_shutdown(struct bide_runtime *rt, struct bide_duration limit)
{
    struct bide__core *first = rt->worker->core;
    struct bide__cores *all = first->all;
    bool timed_out = false;

    all->deadline_ns = bide__deadline(limit);
    atomic_store(&all->busy, all->count);
    all->closing = all->count;
    enter_stage(all, BIDE__CORES_CLOSE);
    first->stage_seen = atomic_load(&all->stage);
    bide__thread.running = first->worker;
    close_core(first);
    bide__thread.running = NULL;
    pthread_mutex_lock(&all->mutex);
    while (all->closing > 0)
        pthread_cond_wait(&all->changed, &all->mutex);
    pthread_mutex_unlock(&all->mutex);
    for (unsigned i = 0; i < all->count; i++)
        timed_out |= all->core[i].timed_out;
    if (timed_out) {
        bide__hub_refuse(first->worker->hub, first->worker, false);
        enter_stage(all, BIDE__CORES_RUN);
        return -ETIMEDOUT;
    }
    for (unsigned i = 0; i < all->count; i++)
        all->core[i].runtime->ended = true;
    enter_stage(all, BIDE__CORES_STOP);
    bide__pool_end(rt->pool);
    join_threads(all);
    return 0;
}
