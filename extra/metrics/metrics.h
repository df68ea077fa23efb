/*
 * metrics.h: the face of the room: how another library of bide puts an object of its own into a
 * registry.
 */
#ifndef BIDE_EXTRA_METRICS_H
#define BIDE_EXTRA_METRICS_H

#include <bide/metrics.h>

/* Puts out what is known of `what`; `label` is its name among others of its kind. */
typedef void bide__metrics_collect(bide_metrics_out *out, const void *what, const char *label);

/*
 * Puts an object into a registry: `label` (which is copied) tells it from others for which
 * `collect` is the same. Errors as those of bide_metrics_add_runtime.
 */
int bide__metrics_add_object(bide_metrics *metrics, bide__metrics_collect *collect,
                             const void *what, const char *label);

/* In which of several places the calling thread counts: 0 to BIDE__METRICS_STRIPES - 1. */
unsigned bide__metrics_stripe(void);

/* Adds without an order; and reads. */
static inline void bide__metrics_add(uint64_t *count, uint64_t n)
{
    __atomic_fetch_add(count, n, __ATOMIC_RELAXED);
}

static inline uint64_t bide__metrics_read(const uint64_t *count)
{
    return __atomic_load_n(count, __ATOMIC_RELAXED);
}

/* Puts out a histogram that is no static object. */
void bide__metrics_out_histogram(bide_metrics_out *out, const char *const *labels,
                                 const bide_metrics_histogram *histogram);

#endif
