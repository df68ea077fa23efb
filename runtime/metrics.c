/*
 * metrics.c: what a runtime and its workers have done, as numbers: bide_runtime_metrics_read and
 * the histograms of bide/runtime.h.
 *
 * Every count has one writer, its worker, and is an atomic that any thread may read; a reader adds
 * up what it finds, so the workers never wait for it, nor know of it. What has a mutex anyway (the
 * pool, wakes by other threads) is read under that.
 */
#include "runtime/blocking/blocking.h"
#include "runtime/fiber.h"
#include "runtime/io/io.h"
#include "runtime/options.h"
#include "runtime/schedule/schedule.h"
#include "runtime/task/meter.h"
#include "runtime/task/task.h"
#include "runtime/time/time.h"

#include <bide/runtime.h>

static void read_worker(const struct bide__worker *w, bide_worker_metrics *out)
{
    /* First how often it was back: it is never more than how often it slept. */
    out->unparks = atomic_load_explicit(&w->unparks, memory_order_acquire);
    out->parks = atomic_load_explicit(&w->parks, memory_order_relaxed);
    out->busy.ns = bide__busy_ns(w);
    out->polls = atomic_load_explicit(&w->polls, memory_order_relaxed);
    out->steals = atomic_load_explicit(&w->steals, memory_order_relaxed);
    out->queued = w->runtime->multi ? bide__worker_depth(w) : 0;
    out->timers = atomic_load_explicit(&w->wheel->count, memory_order_relaxed);
}

int bide_runtime_worker_metrics_read(const bide_runtime *rt, uint32_t worker,
                                     bide_worker_metrics *metrics)
{
    const struct bide__worker *w =
        rt != NULL && metrics != NULL ? bide__worker_number(rt, worker) : NULL;

    if (w == NULL)
        return -EINVAL;
    read_worker(w, metrics);
    return 0;
}

/* What one runtime has, be it the whole or that of a core. */
static void add_runtime(const bide_runtime *rt, bide_runtime_metrics *out)
{
    uint32_t threads, idle, queued;
    uint64_t begun;
    int64_t waited_ns;

    if (!rt->multi)
        out->injector_depth += bide__hub_depth(rt->hub);
    bide__pool_count(rt->pool, &threads, &idle, &queued);
    out->blocking_threads += threads;
    out->blocking_idle += idle;
    out->blocking_queued += queued;
    bide__pool_waits(rt->pool, &begun, &waited_ns);
    out->blocking_calls += begun;
    out->blocking_waited.ns += waited_ns;
    out->descriptors += atomic_load_explicit(&rt->fds->open, memory_order_relaxed);
    out->waits += atomic_load_explicit(&rt->fds->waiting, memory_order_relaxed);
    out->spawned_tasks += bide__hub_made(rt->hub);
}

size_t bide_runtime_tasks(const bide_runtime *rt)
{
    size_t n = rt->worker->core != NULL ? bide__cores_tasks(rt) : bide__hub_alive(rt->hub);
    bide__fiber_acquire(rt->hub); /* what was done by those that are no longer counted */
    return n;
}

int bide_runtime_metrics_read(const bide_runtime *rt, bide_runtime_metrics *metrics)
{
    const struct bide__worker *w;

    if (rt == NULL || metrics == NULL)
        return -EINVAL;
    *metrics = (bide_runtime_metrics){.alive_tasks = bide_runtime_tasks(rt)};
    if (rt->multi && rt->workers != NULL)
        bide__workers_count(rt, metrics);
    for (uint32_t i = 0; (w = bide__worker_number(rt, i)) != NULL; i++) {
        bide_worker_metrics one;
        read_worker(w, &one);
        metrics->busy.ns += one.busy.ns;
        metrics->parks += one.parks;
        metrics->unparks += one.unparks;
        metrics->polls += one.polls;
        metrics->steals += one.steals;
        metrics->timers += one.timers;
        if (!rt->multi)
            add_runtime(w->runtime, metrics);
        metrics->workers = i + 1;
    }
    if (rt->multi) {
        add_runtime(rt, metrics);
        metrics->workers = rt->options->workers;
    }
    return 0;
}

/* ---- histograms ---- */

static void add_times(const struct bide__times *times, bide_histogram *out)
{
    uint64_t most_ns = atomic_load_explicit(&times->most_ns, memory_order_relaxed);

    for (uint32_t i = 0; i < out->buckets; i++) {
        uint64_t count = atomic_load_explicit(&times->count[i], memory_order_relaxed);
        out->count[i] += count;
        out->total += count;
    }
    out->sum.ns += (int64_t)atomic_load_explicit(&times->sum_ns, memory_order_relaxed);
    if (most_ns > (uint64_t)out->most.ns)
        out->most.ns = (int64_t)most_ns;
}

static int read_times(const bide_runtime *rt, size_t which, bide_histogram *out)
{
    const struct bide__worker *w;

    if (rt == NULL || out == NULL)
        return -EINVAL;
    *out = (bide_histogram){.total = 0};
    if (rt->options->measure_interval == 0)
        return -ENODATA;
    out->buckets = rt->options->buckets;
    out->unit_log2_ = rt->options->unit_log2;
    out->steps_log2_ = rt->options->steps_log2;
    for (uint32_t i = 0; (w = bide__worker_number(rt, i)) != NULL; i++)
        add_times((const struct bide__times *)(const void *)((const char *)w->meter + which), out);
    return 0;
}

int bide_runtime_poll_times_read(const bide_runtime *rt, bide_histogram *histogram)
{
    return read_times(rt, offsetof(struct bide__meter, polls), histogram);
}

int bide_runtime_wake_delays_read(const bide_runtime *rt, bide_histogram *histogram)
{
    return read_times(rt, offsetof(struct bide__meter, waits), histogram);
}

bide_duration bide_histogram_start(const bide_histogram *h, uint32_t bucket)
{
    uint32_t steps = UINT32_C(1) << h->steps_log2_;
    uint64_t units = bucket;

    if (bucket >= h->buckets)
        return (bide_duration){INT64_MAX};
    if (bucket >= steps)
        units = (uint64_t)(steps + bucket % steps) << (bucket / steps - 1);
    return (bide_duration){(int64_t)(units << h->unit_log2_)};
}

bide_duration bide_histogram_percentile(const bide_histogram *h, double percent)
{
    uint64_t seen = 0;

    if (h->total == 0)
        return (bide_duration){0};
    for (uint32_t i = 0; i + 1 < h->buckets; i++) {
        seen += h->count[i];
        if ((double)seen * 100 >= percent * (double)h->total && seen > 0) {
            bide_duration end = bide_histogram_start(h, i + 1);
            return end.ns < h->most.ns ? end : h->most;
        }
    }
    return h->most;
}
