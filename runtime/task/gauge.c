/*
 * gauge.c: see gauge.h.
 */
#include "runtime/task/gauge.h"

static const int64_t EXACT_NS = INT64_C(2000), LATE_NS = INT64_C(1000000);

_Atomic bool bide__gauges_on;

/* ---- which polls ---- */

static uint32_t random_of(struct bide__worker *worker)
{
    uint32_t r = worker->sampler.random;

    if (r == 0)
        r = (uint32_t)((uintptr_t)worker >> 6) | 1;
    r ^= r << 13; /* xorshift; G. Marsaglia, 2003 */
    r ^= r >> 17;
    r ^= r << 5;
    worker->sampler.random = r;
    return r;
}

unsigned bide__gauge_round(struct bide__worker *worker, unsigned polls, unsigned max)
{
    struct bide__sampler *s = &worker->sampler;
    int64_t now_ns = bide__door_real.clock();
    bool exact = now_ns - s->round_ns >= (int64_t)polls * EXACT_NS;

    s->round_ns = now_ns;
    s->weight = exact ? 1 : max;
    atomic_store_explicit(&s->exact, exact, memory_order_relaxed);
    return exact || max == 0 ? 0 : random_of(worker) % max;
}

bool bide__gauge_due(struct bide__worker *worker)
{
    const struct bide__sampler *s = &worker->sampler;

    return atomic_load_explicit(&s->exact, memory_order_relaxed) ||
           (s->weight > 0 && random_of(worker) % s->weight == 0);
}

/* ---- one poll ---- */

struct bide__gauge *bide__gauge_of(const struct bide__task *task)
{
    const struct bide__chunk *chunk = bide__chunk_of(task);
    struct bide__gauge *gauges = __atomic_load_n(&chunk->gauges, __ATOMIC_ACQUIRE);
    return gauges != NULL ? &gauges[bide__chunk_index(chunk, task)] : NULL;
}

bool bide__gauge_run(struct bide__worker *worker, struct bide__task *task)
{
    struct bide__sampler *s = &worker->sampler;

    s->measures = true;
    bide__task_run_watched(worker, task);
    return s->end_ns - s->round_ns < LATE_NS;
}

void bide__gauge_begin(struct bide__worker *worker, const struct bide__task *task)
{
    struct bide__sampler *s = &worker->sampler;

    atomic_store_explicit(&s->since_ns, bide__door_real.clock(), memory_order_relaxed);
    atomic_store_explicit(&s->function, bide__task_fn(task), memory_order_release);
}

static void add(_Atomic uint64_t *to, uint64_t n)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void bide__gauge_end(struct bide__worker *worker, const struct bide__task *task)
{
    struct bide__sampler *s = &worker->sampler;
    struct bide__gauge *gauge = bide__gauge_of(task);
    int64_t since_ns = atomic_load_explicit(&s->since_ns, memory_order_relaxed);

    s->measures = false;
    s->end_ns = bide__door_real.clock();
    atomic_store_explicit(&s->function, NULL, memory_order_relaxed);
    if (gauge == NULL)
        return;
    add(&gauge->polls, s->weight);
    add(&gauge->busy_ns, s->weight * (uint64_t)(s->end_ns - since_ns));
    if (worker->again != 0)
        add(&gauge->yields, s->weight);
}

void bide__gauge_future(const struct bide__task *future)
{
    struct bide__gauge *gauge = bide__gauge_of(future);

    if (gauge != NULL)
        add(&gauge->polls, 1);
}
