/*
 * metrics.c: what is put out of a metric or a family of the registry.
 */
#include "internal.h"

void bide__metrics_put_counter(bide_metrics_out *out, const void *what, const char *label)
{
    const bide_metrics_counter *c = what;

    (void)label;
    bide_metrics_out_begin(out, BIDE_METRICS_IS_COUNTER, c->name_, c->help_);
    bide_metrics_out_u64(out, NULL, bide_metrics_counter_read(c));
}

void bide__metrics_put_gauge(bide_metrics_out *out, const void *what, const char *label)
{
    const bide_metrics_gauge *g = what;

    (void)label;
    bide_metrics_out_begin(out, BIDE_METRICS_IS_GAUGE, g->name_, g->help_);
    bide_metrics_out_double(out, NULL, bide_metrics_gauge_read(g));
}

void bide__metrics_out_histogram(bide_metrics_out *out, const char *const *labels,
                                 const bide_metrics_histogram *h)
{
    const struct bide__metrics_bounds *bounds = bide__metrics_bounds_of(h);
    uint64_t counts[BIDE_METRICS_BOUNDS_MAX + 1];
    double sum;

    bide__metrics_histogram_sum(h, counts, &sum);
    bide_metrics_out_histogram(out, labels, bounds->bound, counts, bounds->count, sum);
}

void bide__metrics_put_histogram(bide_metrics_out *out, const void *what, const char *label)
{
    const bide_metrics_histogram *h = what;

    (void)label;
    bide_metrics_out_begin(out, BIDE_METRICS_IS_HISTOGRAM, h->name_, h->help_);
    bide__metrics_out_histogram(out, NULL, h);
}

/* ---- families ---- */

/* `labels` has room for all and NULL. */
static void set_labels(const struct bide__metrics_family *f, const struct bide__metrics_series *s,
                       const char **labels)
{
    size_t n = 0;

    for (; n < BIDE_METRICS_LABELS_MAX && f->labels[n] != NULL; n++) {
        labels[2 * n] = f->labels[n];
        labels[2 * n + 1] = s->values[n];
    }
    labels[2 * n] = NULL;
}

static void put_family(bide_metrics_out *out, const struct bide__metrics_family *f,
                       bide_metrics_kind kind)
{
    const char *labels[2 * BIDE_METRICS_LABELS_MAX + 1];
    const struct bide__metrics_series *s = __atomic_load_n(&f->first, __ATOMIC_ACQUIRE);

    bide_metrics_out_begin(out, kind, f->name, f->help);
    for (; s != NULL; s = __atomic_load_n(&s->next, __ATOMIC_ACQUIRE)) {
        set_labels(f, s, labels);
        if (kind == BIDE_METRICS_IS_COUNTER)
            bide_metrics_out_u64(out, labels, bide_metrics_counter_read(&s->is.counter));
        else if (kind == BIDE_METRICS_IS_GAUGE)
            bide_metrics_out_double(out, labels, bide_metrics_gauge_read(&s->is.gauge));
        else
            bide__metrics_out_histogram(out, labels, &s->is.histogram);
    }
}

void bide__metrics_put_counters(bide_metrics_out *out, const void *what, const char *label)
{
    (void)label;
    put_family(out, what, BIDE_METRICS_IS_COUNTER);
}

void bide__metrics_put_gauges(bide_metrics_out *out, const void *what, const char *label)
{
    (void)label;
    put_family(out, what, BIDE_METRICS_IS_GAUGE);
}

void bide__metrics_put_histograms(bide_metrics_out *out, const void *what, const char *label)
{
    (void)label;
    put_family(out, what, BIDE_METRICS_IS_HISTOGRAM);
}
