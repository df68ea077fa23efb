/*
 * value.c: where threads count. See bide/metrics.h.
 *
 * A counter and a histogram have several stripes, of whole cache lines. Each thread has one of
 * them, so up to so many threads share none. A reader adds them up.
 *
 * A histogram adds to its sum before it counts, and a reader reads the sum last: so it never shows
 * a value without its part of the sum.
 */
#include "internal.h"

static uint64_t faults[BIDE__METRICS_FAULTS];

void bide__metrics_fault(enum bide__metrics_fault fault)
{
    bide__metrics_add(&faults[fault], 1);
}

uint64_t bide__metrics_faults(enum bide__metrics_fault fault)
{
    return bide__metrics_read(&faults[fault]);
}

unsigned bide__metrics_stripe(void)
{
    static unsigned next;
    static _Thread_local unsigned mine; /* from 1 on */

    if (__builtin_expect(mine == 0, 0))
        mine = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % BIDE__METRICS_STRIPES + 1;
    return mine - 1;
}

/* ---- counters ---- */

void bide_metrics_counter_add(bide_metrics_counter *c, uint64_t n)
{
    bide__metrics_add(&c->stripes_[bide__metrics_stripe()].value, n);
}

uint64_t bide_metrics_counter_read(const bide_metrics_counter *c)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < BIDE__METRICS_STRIPES; i++)
        sum += bide__metrics_read(&c->stripes_[i].value);
    return sum;
}

/* ---- gauges ---- */

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Adds to the double whose bits are there. False: the sum is no number. */
static bool add_double(uint64_t *to, double value)
{
    uint64_t before = __atomic_load_n(to, __ATOMIC_RELAXED), after;

    do {
        double sum = bide__metrics_double(before) + value;
        if (__builtin_isnan(sum))
            return false;
        after = bits_of(sum);
    } while (
        !__atomic_compare_exchange_n(to, &before, after, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return true;
}

void bide_metrics_gauge_set(bide_metrics_gauge *g, double value)
{
    if (__builtin_isnan(value))
        bide__metrics_fault(BIDE__METRICS_NAN);
    else
        __atomic_store_n(&g->value_, bits_of(value), __ATOMIC_RELAXED);
}

void bide_metrics_gauge_add(bide_metrics_gauge *g, double value)
{
    if (!add_double(&g->value_, value))
        bide__metrics_fault(BIDE__METRICS_NAN);
}

double bide_metrics_gauge_read(const bide_metrics_gauge *g)
{
    return bide__metrics_double(bide__metrics_read(&g->value_));
}

/* ---- histograms ---- */

const struct bide__metrics_bounds *bide__metrics_bounds_of(const bide_metrics_histogram *h)
{
    return h->family_ != NULL ? h->family_ : &h->bounds_;
}

/* The first bucket whose bound is not smaller; the last one has none. */
static uint32_t bucket_of(const struct bide__metrics_bounds *bounds, double value)
{
    uint32_t low = 0, high = bounds->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (value <= bounds->bound[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void bide_metrics_histogram_add(bide_metrics_histogram *h, double value)
{
    struct bide__metrics_bins *bins = &h->stripes_[bide__metrics_stripe()];

    /* A sum that is out of its range would never be a number again. */
    if (!__builtin_isfinite(value) || !add_double(&bins->sum, value)) {
        bide__metrics_fault(BIDE__METRICS_NAN);
        return;
    }
    __atomic_fetch_add(&bins->count[bucket_of(bide__metrics_bounds_of(h), value)], 1,
                       __ATOMIC_RELEASE);
}

void bide_metrics_histogram_add_time(bide_metrics_histogram *h, bide_duration time)
{
    bide_metrics_histogram_add(h, time.ns > 0 ? (double)time.ns / 1e9 : 0);
}

void bide__metrics_histogram_sum(const bide_metrics_histogram *h, uint64_t *count, double *sum)
{
    uint32_t buckets = bide__metrics_bounds_of(h)->count + 1;

    memset(count, 0, buckets * sizeof *count);
    *sum = 0;
    for (unsigned s = 0; s < BIDE__METRICS_STRIPES; s++)
        for (uint32_t i = 0; i < buckets; i++)
            count[i] += __atomic_load_n(&h->stripes_[s].count[i], __ATOMIC_ACQUIRE);
    for (unsigned s = 0; s < BIDE__METRICS_STRIPES; s++)
        *sum += bide__metrics_double(bide__metrics_read(&h->stripes_[s].sum));
}

uint64_t bide_metrics_histogram_read(const bide_metrics_histogram *h)
{
    uint64_t count[BIDE_METRICS_BOUNDS_MAX + 1], all = 0;
    double sum;

    bide__metrics_histogram_sum(h, count, &sum);
    for (uint32_t i = 0; i <= bide__metrics_bounds_of(h)->count; i++)
        all += count[i];
    return all;
}
