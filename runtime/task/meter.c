/*
 * meter.c: see meter.h.
 */
#include "runtime/task/meter.h"

/* ---- buckets ---- */

/* One writer, so no locked instruction. */
static void add(_Atomic uint64_t *to, uint64_t n)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static void record(struct bide__times *times, const struct bide__options *o, int64_t ns)
{
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;

    add(&times->count[bide__bucket_of(o, value)], 1);
    add(&times->sum_ns, value);
    if (value > atomic_load_explicit(&times->most_ns, memory_order_relaxed))
        atomic_store_explicit(&times->most_ns, value, memory_order_relaxed);
}

/* ---- made and freed ---- */

int bide__meter_new(struct bide__worker *worker, const struct bide__options *options)
{
    struct bide__hub *hub = worker->hub;

    if (options->measure_interval == 0)
        return 0;
    if (hub->probes == NULL) {
        hub->probes = bide__alloc(sizeof(*hub->probes));
        if (hub->probes == NULL)
            return -ENOMEM;
        memset(hub->probes, 0, sizeof(*hub->probes));
        hub->probes->interval = options->measure_interval;
    }
    struct bide__meter *meter = bide__alloc(sizeof(*meter));
    if (meter == NULL)
        return -ENOMEM;
    memset(meter, 0, sizeof(*meter));
    meter->options = options;
    meter->to_poll = meter->to_wake = options->measure_interval;
    worker->meter = meter;
    worker->watched = true;
    return 0;
}

void bide__meter_free(struct bide__worker *worker)
{
    bide__free(worker->meter, sizeof(*worker->meter));
    worker->meter = NULL;
}

/* ---- waits ---- */

/* Is this wake measured? */
static bool is_due(struct bide__probes *probes, struct bide__worker *worker)
{
    uint32_t interval = probes->interval;

    if (worker == NULL || worker->meter == NULL)
        return atomic_fetch_add_explicit(&probes->wakes, 1, memory_order_relaxed) % interval == 0;
    if (--worker->meter->to_wake > 0)
        return false;
    worker->meter->to_wake = interval;
    return true;
}

void bide__probe_wake(struct bide__probes *probes, struct bide__worker *worker,
                      const struct bide__task *task)
{
    if (!is_due(probes, worker))
        return;
    uint32_t used = atomic_load_explicit(&probes->used, memory_order_relaxed);
    while (used != UINT32_MAX) {
        uint32_t bit = ~used & (used + 1); /* the lowest that is free */
        if (!atomic_compare_exchange_weak_explicit(&probes->used, &used, used | bit,
                                                   memory_order_acquire, memory_order_relaxed))
            continue;
        unsigned i = (unsigned)__builtin_ctz(bit);
        atomic_store_explicit(&probes->probe[i].since_ns, bide__clock_ns(), memory_order_relaxed);
        atomic_store_explicit(&probes->probe[i].task, task, memory_order_release);
        return;
    }
}

void bide__meter_taken(struct bide__worker *worker, const struct bide__task *task)
{
    struct bide__probes *probes = worker->hub->probes;
    uint32_t used = atomic_load_explicit(&probes->used, memory_order_relaxed);

    for (; used != 0; used &= used - 1) {
        unsigned i = (unsigned)__builtin_ctz(used);
        if (atomic_load_explicit(&probes->probe[i].task, memory_order_acquire) != task)
            continue;
        int64_t since_ns = atomic_load_explicit(&probes->probe[i].since_ns, memory_order_relaxed);
        atomic_store_explicit(&probes->probe[i].task, NULL, memory_order_relaxed);
        atomic_fetch_and_explicit(&probes->used, ~(UINT32_C(1) << i), memory_order_release);
        record(&worker->meter->waits, worker->meter->options, bide__clock_ns() - since_ns);
    }
}

void bide__schedule_measured(struct bide__worker *worker, struct bide__task *task, bool again)
{
    (void)again;
    bide__probe_wake(worker->hub->probes, worker, task);
    bide__queue_push(&worker->queue, task);
}

/* ---- polls ---- */

void bide__meter_begin(struct bide__worker *worker)
{
    struct bide__meter *meter = worker->meter;

    meter->poll_since_ns = INT64_MIN;
    if (--meter->to_poll > 0)
        return;
    meter->to_poll = meter->options->measure_interval;
    meter->poll_since_ns = bide__clock_ns();
}

void bide__meter_end(struct bide__worker *worker)
{
    struct bide__meter *meter = worker->meter;

    if (meter->poll_since_ns != INT64_MIN)
        record(&meter->polls, meter->options, bide__clock_ns() - meter->poll_since_ns);
}
