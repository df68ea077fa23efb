/*
 * bide/metrics.h: metrics in Prometheus' text format (0.0.4). Link with -lbide-metrics.
 *
 *     static bide_metrics_counter orders =
 *         BIDE_METRICS_COUNTER("shop_orders_total", "Orders that were placed.");
 *     static bide_metrics_gauges stock =
 *         BIDE_METRICS_GAUGES("shop_stock_items", "What is on the shelves.", "article", "shop");
 *     static bide_metrics_histogram payments = BIDE_METRICS_HISTOGRAM(
 *         "shop_payment_seconds", "How long payments take.", BIDE_METRICS_SECONDS);
 *     ...
 *     bide_metrics_counter_add(&orders, 1);
 *     bide_metrics_gauge_set(bide_metrics_gauges_at(&stock, "apple", "Berlin"), 12);
 *     bide_metrics_histogram_add_time(&payments, took);
 *
 * A *counter* only grows, a *gauge* is a value of now, and a *histogram* counts values by size.
 * Each has a name and words of help; it is a static object, declared by a macro. The plural types
 * are *families*: one of them has a series for each combination of the values of its labels.
 *
 * A *registry* is what is told to somebody who asks: bide_metrics_add_ puts a metric into it, and
 * bide_metrics_write sends all of it as text, to a stream. bide/http_metrics.h has the same as a
 * handler for a route, and the metrics of HTTP servers and clients; bide_metrics_add_runtime adds
 * those of a runtime.
 *
 * Counting costs an atomic addition without an order, in one of several places, so that threads do
 * not get into each other's way; it never locks or allocates, and works whether or not the metric
 * is in a registry. Making the text reads these places, and nobody who counts waits for it. What is
 * read is of one moment as far as that can be without a lock: the count of a histogram is always
 * the sum of its buckets, and its sum has all values that are counted, and perhaps some that are
 * about to be.
 *
 * Names are letters, digits, "_" and ":", labels the same without ":", and neither begins with a
 * digit. Values of labels are any text in UTF-8. A value that is no number (NaN) is never taken.
 *
 * Threads: any thread may call everything here, with a runtime or without one.
 */
#ifndef BIDE_METRICS_H
#define BIDE_METRICS_H

#include <bide/io.h>
#include <bide/lang.h>

#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BIDE_METRICS_LABELS_MAX = 8,    /* of a family */
    BIDE_METRICS_SERIES_MAX = 1000, /* of a family */
    BIDE_METRICS_VALUE_MAX = 128,   /* bytes of the value of a label */
    BIDE_METRICS_BOUNDS_MAX = 30,   /* of a histogram */
};

/* What a metric is. */
typedef enum bide_metrics_kind {
    BIDE_METRICS_IS_COUNTER,
    BIDE_METRICS_IS_GAUGE,
    BIDE_METRICS_IS_HISTOGRAM,
} __attribute__((__mode__(__SI__))) bide_metrics_kind;

/* ---- private parts of the objects ---- */

enum { BIDE__METRICS_STRIPES = 8, BIDE__METRICS_CHAINS = 64 };

struct bide__metrics_stripe {
    uint64_t value;
    uint64_t rest_[7]; /* of its cache line */
};

struct bide__metrics_bins {
    uint64_t count[BIDE_METRICS_BOUNDS_MAX + 1];
    uint64_t sum; /* the bits of a double */
};

struct bide__metrics_family {
    const char *name, *help;
    const char *labels[BIDE_METRICS_LABELS_MAX + 1];
    struct bide__metrics_series *chains[BIDE__METRICS_CHAINS]; /* by the hash of their values */
    struct bide__metrics_series *first, *last;                 /* in the order of their beginning */
    uint32_t lock, count;
};

struct bide__metrics_bounds {
    double bound[BIDE_METRICS_BOUNDS_MAX];
    uint32_t count;
};

/* ---- metrics ---- */

typedef struct bide_metrics_counter {
    const char *name_, *help_;
    struct bide__metrics_stripe stripes_[BIDE__METRICS_STRIPES] __attribute__((__aligned__(64)));
} bide_metrics_counter;

typedef struct bide_metrics_gauge {
    const char *name_, *help_;
    uint64_t value_ __attribute__((__aligned__(8))); /* the bits of a double */
} bide_metrics_gauge;

typedef struct bide_metrics_histogram {
    const char *name_, *help_;
    const struct bide__metrics_bounds *family_; /* NULL: those that follow */
    struct bide__metrics_bounds bounds_;
    struct bide__metrics_bins stripes_[BIDE__METRICS_STRIPES] __attribute__((__aligned__(64)));
} bide_metrics_histogram;

/* Families: static memory, which they keep; the series are never freed. */
typedef struct bide_metrics_counters {
    struct bide__metrics_family family_;
} bide_metrics_counters;

typedef struct bide_metrics_gauges {
    struct bide__metrics_family family_;
} bide_metrics_gauges;

typedef struct bide_metrics_histograms {
    struct bide__metrics_family family_;
    struct bide__metrics_bounds bounds_;
} bide_metrics_histograms;

/* Initializers. The texts must live as long as the metric. A family has 1 to
 * BIDE_METRICS_LABELS_MAX names of labels after its help. */
#define BIDE_METRICS_COUNTER(name, help) \
    {                                    \
        (name), (help),                  \
        {                                \
            {                            \
                0,                       \
                {                        \
                    0                    \
                }                        \
            }                            \
        }                                \
    }
#define BIDE_METRICS_GAUGE(name, help) \
    {                                  \
        (name), (help), 0              \
    }
#define BIDE_METRICS_HISTOGRAM(name, help, bounds) \
    {                                              \
        (name), (help), NULL, bounds,              \
        {                                          \
            {                                      \
                {0}, 0                             \
            }                                      \
        }                                          \
    }
#define BIDE_METRICS_COUNTERS(name, help, ...)                      \
    {                                                               \
        {                                                           \
            (name), (help), {__VA_ARGS__}, {NULL}, NULL, NULL, 0, 0 \
        }                                                           \
    }
#define BIDE_METRICS_GAUGES(name, help, ...) BIDE_METRICS_COUNTERS(name, help, __VA_ARGS__)
#define BIDE_METRICS_HISTOGRAMS(name, help, bounds, ...)                  \
    {                                                                     \
        {(name), (help), {__VA_ARGS__}, {NULL}, NULL, NULL, 0, 0}, bounds \
    }

/* The bounds of a histogram's buckets: 1 to BIDE_METRICS_BOUNDS_MAX numbers, each larger than the
 * one before. A bucket has the values up to its bound, with that; one more has the larger ones.
 * BIDE_METRICS_SECONDS are bounds for times, from 0.5 ms to 10 s. */
#define BIDE_METRICS_BOUNDS(...)                                        \
    {                                                                   \
        {__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double) \
    }
#define BIDE_METRICS_SECONDS                                                                     \
    BIDE_METRICS_BOUNDS(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, \
                        5, 10)

/* Adds to a counter; past 2^64 it begins at 0 again. */
void bide_metrics_counter_add(bide_metrics_counter *counter, uint64_t n);

/* What it has counted. */
uint64_t bide_metrics_counter_read(const bide_metrics_counter *counter);

/* Sets a gauge, or adds to it (less than 0: takes from it). With a NaN nothing happens; nor if a
 * sum would be one. Infinite values are allowed. */
void bide_metrics_gauge_set(bide_metrics_gauge *gauge, double value);
void bide_metrics_gauge_add(bide_metrics_gauge *gauge, double value);
double bide_metrics_gauge_read(const bide_metrics_gauge *gauge);

/* Counts a value; or a time, as seconds. What is not finite is left out; a time below 0 counts as
 * 0. */
void bide_metrics_histogram_add(bide_metrics_histogram *histogram, double value);
void bide_metrics_histogram_add_time(bide_metrics_histogram *histogram, bide_duration time);

/* How many values it has counted. */
uint64_t bide_metrics_histogram_read(const bide_metrics_histogram *histogram);

/*
 * The series of a family for these values of its labels, `count` of them, in the order of the
 * labels. It is made when it is first asked for, and valid for ever: who counts the same series
 * often keeps the pointer. The result is never NULL.
 *
 * The number of series is bounded, so that values that come from outside cannot fill the memory of
 * the program, and of whoever stores its metrics: beyond BIDE_METRICS_SERIES_MAX all others are one
 * series, whose labels all have the value "other". So are values that are too many or too few,
 * longer than BIDE_METRICS_VALUE_MAX, NULL or no UTF-8, and series for which there is no memory.
 */
bide_metrics_counter *bide_metrics_counters_find(bide_metrics_counters *family,
                                                 const char *const *values, size_t count);
bide_metrics_gauge *bide_metrics_gauges_find(bide_metrics_gauges *family, const char *const *values,
                                             size_t count);
bide_metrics_histogram *bide_metrics_histograms_find(bide_metrics_histograms *family,
                                                     const char *const *values, size_t count);

/* The same, with the values as arguments. */
#define bide__metrics_values(...)         \
    ((const char *const[]){__VA_ARGS__}), \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)
#define bide_metrics_counters_at(family, ...) \
    bide_metrics_counters_find((family), bide__metrics_values(__VA_ARGS__))
#define bide_metrics_gauges_at(family, ...) \
    bide_metrics_gauges_find((family), bide__metrics_values(__VA_ARGS__))
#define bide_metrics_histograms_at(family, ...) \
    bide_metrics_histograms_find((family), bide__metrics_values(__VA_ARGS__))

/* ---- a registry ---- */

typedef struct bide_metrics bide_metrics;

/* Makes an empty registry. 0, or -ENOMEM; then *metrics is NULL. */
bide_must_use int bide_metrics_new(bide_metrics **metrics bide_gives(bide_metrics_free));

/* Frees a registry, which nobody uses any more. What is in it stays. NULL is ignored. */
void bide_metrics_free(bide_metrics *metrics);

/*
 * Put a metric into a registry; it may be in several. It must stay until it is removed, or the
 * registry is freed. Return 0; -EINVAL: a name or a label is none, a label stands twice or is "le"
 * in a histogram, or begins with "__", the help is NULL, or the bounds do not ascend or are not
 * finite; -EEXIST: there is one with this name; -ENOMEM.
 */
bide_must_use int bide_metrics_add_counter(bide_metrics *metrics, bide_metrics_counter *counter);
bide_must_use int bide_metrics_add_counters(bide_metrics *metrics, bide_metrics_counters *family);
bide_must_use int bide_metrics_add_gauge(bide_metrics *metrics, bide_metrics_gauge *gauge);
bide_must_use int bide_metrics_add_gauges(bide_metrics *metrics, bide_metrics_gauges *family);
bide_must_use int bide_metrics_add_histogram(bide_metrics *metrics,
                                             bide_metrics_histogram *histogram);
bide_must_use int bide_metrics_add_histograms(bide_metrics *metrics,
                                              bide_metrics_histograms *family);

/*
 * Puts what a runtime does into a registry (bide_runtime_metrics_read, of bide/runtime.h); `name`
 * is the value of the label `runtime`, and is copied. Remove the runtime before you free it.
 * Returns 0; -EINVAL: an argument is NULL, or the name longer than BIDE_METRICS_VALUE_MAX or no
 * UTF-8; -EEXIST: it is there, or another one with this name; -ENOMEM.
 */
bide_must_use int bide_metrics_add_runtime(bide_metrics *metrics, const bide_runtime *rt,
                                           const char *name);

/* Takes out what was added: a metric, a runtime, or the argument of a function that collects. It
 * waits for texts that are being made, which takes a millisecond or so. 0, or -ENOENT. */
int bide_metrics_remove(bide_metrics *metrics, const void *what);

/* ---- what others count ---- */

/* What a function that collects puts its samples into. */
typedef struct bide_metrics_out bide_metrics_out;

/*
 * Puts a function into a registry that is called whenever a text is made, on the thread that makes
 * it, and puts out what it knows: the numbers that some other library keeps, say. It must not wait,
 * and call nothing that takes this registry. `argument` is what bide_metrics_remove takes. Returns
 * 0; -EINVAL; -EEXIST: there is one with this argument; -ENOMEM.
 *
 *     bide_metrics_out_begin(out, BIDE_METRICS_IS_GAUGE, "pool_idle", "Idle connections.");
 *     bide_metrics_out_u64(out, NULL, pool_idle());
 */
bide_must_use int bide_metrics_add_collector(bide_metrics *metrics,
                                             void (*collect)(bide_metrics_out *out, void *argument),
                                             void *argument);

/*
 * Begins a metric: what follows are samples of it. Several functions that collect may begin the
 * same one, with other values of labels, if its kind is the same. The texts are used during the
 * call only.
 *
 * Samples are left out, and counted in bide_metrics_faults_total, if the name or a label is none,
 * the name is that of a metric in the registry, or of another kind, or there is a sample with the
 * same labels; and so are values that are NaN.
 */
void bide_metrics_out_begin(bide_metrics_out *out, bide_metrics_kind kind, const char *name,
                            const char *help);

/* Put out a sample. `labels` are names and values by turns, and NULL; or NULL: it has none. A time
 * becomes seconds. */
void bide_metrics_out_u64(bide_metrics_out *out, const char *const *labels, uint64_t value);
void bide_metrics_out_double(bide_metrics_out *out, const char *const *labels, double value);
void bide_metrics_out_time(bide_metrics_out *out, const char *const *labels, bide_duration value);

/* The same for a histogram: `counts` has a number for each of the `count` bounds, which ascend, of
 * values that are not larger, but larger than the bound before; and one more for the rest. */
void bide_metrics_out_histogram(bide_metrics_out *out, const char *const *labels,
                                const double *bounds, const uint64_t *counts, size_t count,
                                double sum);

/* ---- the text ---- */

/* The Content-Type of a text. */
#define BIDE_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef struct bide_metrics_text bide_metrics_text;

/* Makes a text of all that is in the registry now, sorted by the names. 0, or -ENOMEM; then *text
 * is NULL. */
bide_must_use int bide_metrics_text_new(
    bide_metrics *metrics, bide_metrics_text **text bide_gives(bide_metrics_text_free));
void bide_metrics_text_free(bide_metrics_text *text);

/* Its bytes, with a zero byte behind them; *size is their number (NULL is allowed). */
const char *bide_metrics_text_data(const bide_metrics_text *text, size_t *size);

/* Makes such a text and writes it to a stream. 0, -ENOMEM, or an error of bide_stream_write_all.
 * Cancelled: some of it may have been written. */
bide_must_use bide_async int bide_metrics_write(bide_metrics *metrics, bide_stream *stream);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
