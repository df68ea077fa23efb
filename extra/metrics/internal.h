/*
 * internal.h: how the parts of libbide-metrics fit together.
 *
 *   check.c     names, labels, values and bounds that are allowed
 *   value.c     counters, gauges and histograms: where threads count
 *   series.c    families: the series for some values of labels
 *   registry.c  a registry, and what is in it
 *   metrics.c   what is put out of a metric or a family
 *   out.c       samples come and are gathered by metric
 *   number.c    numbers as text
 *   text.c      the whole text
 *   write.c     a text goes to a stream
 *   runtime.c   what a runtime does
 *
 * Invariants
 *  - Who counts takes no lock. The lock of a family is for those who make a series; one that is
 *    there is found without it, since series are never removed.
 *  - The lock of a registry is shared by those who make texts, so they do not wait for each other.
 *    Who adds or removes waits for them.
 *  - A sample is whole or not there: what runs out of memory gives no text at all.
 */
#ifndef BIDE_EXTRA_METRICS_INTERNAL_H
#define BIDE_EXTRA_METRICS_INTERNAL_H

#include "lib/runtime.h"

#include "extra/metrics/metrics.h"

#include <pthread.h>
#include <string.h>

/* ---- check.c ---- */

/* May have ":" in it, or may not. */
bool bide__metrics_is_name(const char *name, bool colon);

/* It may be the name of a label of such a metric. */
bool bide__metrics_is_label(const char *name, bide_metrics_kind kind);

/* A text in UTF-8 that is not too long; *size is its size. */
bool bide__metrics_is_value(const char *value, size_t *size);
bool bide__metrics_is_utf8(const char *text);

bool bide__metrics_are_bounds(const double *bounds, size_t count);

/* ---- value.c ---- */

static inline double bide__metrics_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

const struct bide__metrics_bounds *bide__metrics_bounds_of(const bide_metrics_histogram *h);

/* Reads it: count[0] to count[bounds] and the sum of the values. */
void bide__metrics_histogram_sum(const bide_metrics_histogram *h, uint64_t *count, double *sum);

/* What happened that a sample does not tell: bide_metrics_faults_total. */
enum bide__metrics_fault {
    BIDE__METRICS_NAN,    /* a value that is no number */
    BIDE__METRICS_SERIES, /* a series became one of "other" */
    BIDE__METRICS_SAMPLE, /* what a function put out was left out */
    BIDE__METRICS_FAULTS,
};

void bide__metrics_fault(enum bide__metrics_fault fault);
uint64_t bide__metrics_faults(enum bide__metrics_fault fault);

/* ---- series.c ---- */

struct bide__metrics_series {
    struct bide__metrics_series *next, *chained;
    uint64_t hash;
    const char *values[BIDE_METRICS_LABELS_MAX];
    union {
        bide_metrics_counter counter;
        bide_metrics_gauge gauge;
        bide_metrics_histogram histogram;
    } is;
};

/* ---- registry.c ---- */

/* Something in a registry. */
struct bide__metrics_item {
    const void *what;
    const char *name; /* of a metric; NULL: it has several */
    bide__metrics_collect *collect;
    void (*function)(bide_metrics_out *out, void *argument); /* the user's; or `collect` */
    bool is_labelled; /* an object: `label` tells it from others for which `collect` is the same */
    char label[BIDE_METRICS_VALUE_MAX + 1];
};

struct bide_metrics {
    pthread_rwlock_t lock;
    struct bide__metrics_item *items;
    size_t count, room;
};

/* True: a metric with this name is in it. With the lock. */
bool bide__metrics_has(const bide_metrics *metrics, const char *name);

/* ---- metrics.c ---- */

bide__metrics_collect bide__metrics_put_counter, bide__metrics_put_counters,
    bide__metrics_put_gauge, bide__metrics_put_gauges, bide__metrics_put_histogram,
    bide__metrics_put_histograms;

/* ---- number.c ---- */

enum { BIDE__METRICS_NUMBER = 40 };

/* Write a number, with a zero byte behind it; return its size. */
size_t bide__metrics_put_u64(char *to, uint64_t value);
size_t bide__metrics_put_double(char *to, double value);
size_t bide__metrics_put_time(char *to, int64_t ns);

/* ---- out.c ---- */

struct bide__metrics_buffer {
    char *data;
    size_t size, room;
};

/* A metric of the text. */
struct bide__metrics_block {
    char *name, *help;
    bide_metrics_kind kind;
    struct bide__metrics_buffer samples;
    uint64_t *seen; /* hashes of the labels of its samples */
    size_t seen_count, seen_room;
};

struct bide_metrics_out {
    const bide_metrics *metrics;
    struct bide__metrics_block *blocks; /* sorted by name */
    size_t count, room;
    struct bide__metrics_block *now; /* NULL: samples are left out */
    bool is_own;                     /* what is put out is a metric of the registry */
    int error;
};

void bide__metrics_buffer_add(bide_metrics_out *out, struct bide__metrics_buffer *buffer,
                              const char *data, size_t size);
void bide__metrics_buffer_free(struct bide__metrics_buffer *buffer);
void bide__metrics_out_end(bide_metrics_out *out);

/* Puts a text in which backslashes and line ends are escaped; with `quotes`, these too. */
void bide__metrics_put_escaped(bide_metrics_out *out, struct bide__metrics_buffer *buffer,
                               const char *text, bool quotes);

#endif
