/*
 * gauge.c: see gauge.h.
 */
#include "runtime/task/gauge.h"

_Atomic bool bide__gauges_on;

/* ---- which polls ---- */

unsigned bide__gauge_next(struct bide__worker *worker, unsigned max)
{
    struct bide__sampler *s = &worker->sampler;
    uint64_t parks = atomic_load_explicit(&worker->parks, memory_order_relaxed);

    if (parks != s->parks) {
        s->parks = parks;
        s->burst = BIDE__GAUGE_BURST;
    }
    if (s->burst > 0)
        return 0;
    uint32_t r = s->random != 0 ? s->random : (uint32_t)(uintptr_t)worker | 1;
    r ^= r << 13; /* xorshift; G. Marsaglia, 2003 */
    r ^= r >> 17;
    r ^= r << 5;
    s->random = r;
    return max > 0 ? r % max : 0;
}

bool bide__gauge_due(struct bide__worker *worker)
{
    return bide__gauge_next(worker, BIDE__TURNS) == 0;
}

/* ---- one poll ---- */

struct bide__gauge *bide__gauge_of(const struct bide__task *task)
{
    const struct bide__chunk *chunk = bide__chunk_of(task);
    struct bide__gauge *gauges = __atomic_load_n(&chunk->gauges, __ATOMIC_ACQUIRE);
    return gauges != NULL ? &gauges[bide__chunk_index(chunk, task)] : NULL;
}

void bide__gauge_run(struct bide__worker *worker, struct bide__task *task)
{
    worker->sampler.measures = true;
    bide__task_run_watched(worker, task);
}

/* The polls of the worker, this one too. It need not be exact. */
static uint64_t polls_of(const struct bide__worker *worker)
{
    return atomic_load_explicit(&worker->polls, memory_order_relaxed) + worker->turns;
}

void bide__gauge_begin(struct bide__worker *worker, const struct bide__task *task)
{
    struct bide__sampler *s = &worker->sampler;
    uint64_t polls = polls_of(worker), weight = polls - s->polls;

    s->weight = weight - 1 < 4 * BIDE__TURNS ? weight : 1; /* it has just been attached */
    s->polls = polls;
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
    atomic_store_explicit(&s->function, NULL, memory_order_relaxed);
    if (s->burst > 0)
        s->burst--;
    if (gauge == NULL)
        return;
    add(&gauge->polls, s->weight);
    add(&gauge->busy_ns, s->weight * (uint64_t)(bide__door_real.clock() - since_ns));
    if (worker->again != 0)
        add(&gauge->yields, s->weight);
}
