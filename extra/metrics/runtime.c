/*
 * runtime.c: what a runtime does, as metrics: those of bide/runtime.h, under names that Prometheus
 * would choose.
 */
#include "internal.h"

#include <bide/runtime.h>

#include <stdio.h>

static void u64(bide_metrics_out *out, const char *runtime, bide_metrics_kind kind,
                const char *name, const char *help, uint64_t value)
{
    const char *labels[] = {"runtime", runtime, NULL};
    bide_metrics_out_begin(out, kind, name, help);
    bide_metrics_out_u64(out, labels, value);
}

static void gauge(bide_metrics_out *out, const char *runtime, const char *name, const char *help,
                  uint64_t value)
{
    u64(out, runtime, BIDE_METRICS_IS_GAUGE, name, help, value);
}

static void counter(bide_metrics_out *out, const char *runtime, const char *name, const char *help,
                    uint64_t value)
{
    u64(out, runtime, BIDE_METRICS_IS_COUNTER, name, help, value);
}

/* ---- workers ---- */

/* What the numbers of a worker are called. */
static const struct {
    const char *name, *help;
    bide_metrics_kind kind;
} of_worker[] = {
    {"bide_worker_busy_seconds_total", "Time in which the worker ran tasks or looked for some.",
     BIDE_METRICS_IS_COUNTER},
    {"bide_worker_polls_total", "Polls of tasks.", BIDE_METRICS_IS_COUNTER},
    {"bide_worker_parks_total", "How often the worker found nothing to do and slept.",
     BIDE_METRICS_IS_COUNTER},
    {"bide_worker_steals_total", "How often the worker took tasks from another one.",
     BIDE_METRICS_IS_COUNTER},
    {"bide_worker_queue_depth", "Tasks that wait in the worker's own queue.",
     BIDE_METRICS_IS_GAUGE},
    {"bide_worker_timers", "Timers that are armed.", BIDE_METRICS_IS_GAUGE},
};

static void put_worker(bide_metrics_out *out, const char *runtime, uint32_t number,
                       const bide_worker_metrics *w)
{
    char worker[16];
    const char *labels[] = {"runtime", runtime, "worker", worker, NULL};
    const uint64_t values[] = {0, w->polls, w->parks, w->steals, w->queued, w->timers};

    snprintf(worker, sizeof worker, "%u", number);
    for (size_t i = 0; i < sizeof of_worker / sizeof *of_worker; i++) {
        bide_metrics_out_begin(out, of_worker[i].kind, of_worker[i].name, of_worker[i].help);
        if (i == 0)
            bide_metrics_out_time(out, labels, w->busy);
        else
            bide_metrics_out_u64(out, labels, values[i]);
    }
}

/* ---- tasks, blocking calls ---- */

static void put_tasks(bide_metrics_out *out, const char *runtime, const bide_runtime_metrics *m)
{
    uint64_t alive = m->alive_tasks, spawned = m->spawned_tasks;

    gauge(out, runtime, "bide_runtime_tasks", "Tasks that have not ended.", alive);
    counter(out, runtime, "bide_runtime_tasks_spawned_total", "Tasks that were made.", spawned);
    counter(out, runtime, "bide_runtime_tasks_ended_total", "Tasks that have ended.",
            spawned > alive ? spawned - alive : 0);
    gauge(out, runtime, "bide_runtime_injector_depth",
          "Tasks and wakes that no worker has taken over yet.", m->injector_depth);
    gauge(out, runtime, "bide_runtime_workers", "Workers, without spare ones.", m->workers);
    gauge(out, runtime, "bide_runtime_spare_workers", "Spare workers.", m->spare_workers);
    gauge(out, runtime, "bide_runtime_calls_in_place", "Blocking calls that workers make now.",
          m->in_place);
    gauge(out, runtime, "bide_runtime_descriptors", "Descriptors that are registered.",
          m->descriptors);
    gauge(out, runtime, "bide_runtime_descriptor_waits", "Waits for descriptors.", m->waits);
    gauge(out, runtime, "bide_runtime_timers", "Timers that are armed.", m->timers);
}

static void put_blocking(bide_metrics_out *out, const char *runtime, const bide_runtime_metrics *m)
{
    const char *labels[] = {"runtime", runtime, NULL};
    uint32_t busy =
        m->blocking_threads > m->blocking_idle ? m->blocking_threads - m->blocking_idle : 0;

    gauge(out, runtime, "bide_blocking_threads", "Threads of the blocking pool.",
          m->blocking_threads);
    gauge(out, runtime, "bide_blocking_running", "Threads of the pool that make a call.", busy);
    gauge(out, runtime, "bide_blocking_queued", "Calls that wait for a thread.",
          m->blocking_queued);
    counter(out, runtime, "bide_blocking_calls_total", "Calls that threads have begun.",
            m->blocking_calls);
    bide_metrics_out_begin(out, BIDE_METRICS_IS_COUNTER, "bide_blocking_wait_seconds_total",
                           "How long calls have waited for a thread, all together.");
    bide_metrics_out_time(out, labels, m->blocking_waited);
}

static void put_info(bide_metrics_out *out, const bide_runtime *rt, const char *runtime)
{
    const char *labels[] = {"runtime", runtime, "driver",
                            bide_runtime_io(rt) == BIDE_IO_URING ? "io_uring" : "epoll", NULL};

    bide_metrics_out_begin(out, BIDE_METRICS_IS_GAUGE, "bide_runtime_info",
                           "1; the driver in which the runtime waits.");
    bide_metrics_out_u64(out, labels, 1);
}

/* ---- histograms ---- */

/* Of the buckets of a histogram, those that end where the time has doubled: more would be a series
 * each. */
static void put_histogram(bide_metrics_out *out, const char *runtime, const char *name,
                          const char *help, const bide_histogram *h)
{
    const char *labels[] = {"runtime", runtime, NULL};
    double bounds[BIDE_METRICS_BOUNDS_MAX];
    uint64_t counts[BIDE_METRICS_BOUNDS_MAX + 1] = {0};
    size_t count = 0;
    int64_t next_ns = 0;

    for (uint32_t i = 0; i < h->buckets; i++) {
        int64_t end_ns = bide_histogram_start(h, i + 1).ns;
        counts[count] += h->count[i];
        if (i + 1 == h->buckets || end_ns < next_ns || count == BIDE_METRICS_BOUNDS_MAX)
            continue;
        bounds[count++] = (double)end_ns / 1e9;
        next_ns = 2 * end_ns;
    }
    bide_metrics_out_begin(out, BIDE_METRICS_IS_HISTOGRAM, name, help);
    bide_metrics_out_histogram(out, labels, bounds, counts, count, (double)h->sum.ns / 1e9);
}

static void put_histograms(bide_metrics_out *out, const bide_runtime *rt, const char *runtime)
{
    bide_histogram h;

    if (bide_runtime_poll_times_read(rt, &h) == 0)
        put_histogram(out, runtime, "bide_runtime_poll_seconds", "How long polls of tasks took.",
                      &h);
    if (bide_runtime_wake_delays_read(rt, &h) == 0)
        put_histogram(out, runtime, "bide_runtime_wake_delay_seconds",
                      "How long tasks were ready before they were polled.", &h);
}

static void put_runtime(bide_metrics_out *out, const void *what, const char *runtime)
{
    const bide_runtime *rt = what;
    bide_runtime_metrics m;
    bide_worker_metrics w;

    if (bide_runtime_metrics_read(rt, &m) < 0)
        return;
    put_info(out, rt, runtime);
    put_tasks(out, runtime, &m);
    put_blocking(out, runtime, &m);
    for (uint32_t i = 0; bide_runtime_worker_metrics_read(rt, i, &w) == 0; i++)
        put_worker(out, runtime, i, &w);
    put_histograms(out, rt, runtime);
}

int bide_metrics_add_runtime(bide_metrics *m, const bide_runtime *rt, const char *name)
{
    return bide__metrics_add_object(m, put_runtime, rt, name);
}
