/*
 * exchange/meter.h: what is counted of a server's requests, once somebody wants to know.
 *
 * A server has a meter from the time when it was first added to a registry until it is freed. An
 * exchange that begins without one is not counted. Every count is in several places, one for each
 * of several threads, and is added up by whoever reads it.
 */
#ifndef BIDE_EXTRA_HTTP_METER_H
#define BIDE_EXTRA_HTTP_METER_H

#include "extra/http/message/parse.h"
#include "extra/metrics/metrics.h"

#include <stdint.h>

struct bide__http_home;
struct bide_http_exchange;

enum bide__http_refusal {
    BIDE__HTTP_REFUSED_OTHER,
    BIDE__HTTP_REFUSED_MALFORMED,
    BIDE__HTTP_REFUSED_HEAD_BYTES,
    BIDE__HTTP_REFUSED_TARGET_BYTES,
    BIDE__HTTP_REFUSED_HEAD_TIMEOUT,
    BIDE__HTTP_REFUSED_BODY_BYTES,
    BIDE__HTTP_REFUSED_BODY_TIMEOUT,
    BIDE__HTTP_REFUSED_WRITE_TIMEOUT,
    BIDE__HTTP_REFUSED_CONNECTIONS,
    BIDE__HTTP_REFUSED_HANDSHAKE,
    BIDE__HTTP_REFUSED_H2_STREAMS,
    BIDE__HTTP_REFUSED_H2_FRAMES,
    BIDE__HTTP_REFUSED_H2_RESETS,
    BIDE__HTTP_REFUSALS,
};

enum {
    BIDE__HTTP_METHODS = BIDE__METHOD_PATCH + 1,
    BIDE__HTTP_CLASSES = 6, /* of statuses, by their first digit; 0: there was no whole response */
};

struct bide__http_counts {
    uint64_t ended[BIDE__HTTP_METHODS][BIDE__HTTP_CLASSES];
    uint64_t begun, in_bytes, out_bytes;
    uint64_t refused[BIDE__HTTP_REFUSALS];
};

struct bide__http_meter {
    bide_metrics_histogram times[BIDE__HTTP_CLASSES];
    struct bide__http_counts stripes[BIDE__METRICS_STRIPES] __attribute__((__aligned__(64)));
};

/* Sets up a meter. */
void bide__http_meter_init(struct bide__http_meter *meter);

/* Adds all stripes up. */
void bide__http_meter_sum(const struct bide__http_meter *meter, struct bide__http_counts *sum);

/* The exchange begins, and its `home` is set; or ends: it has a meter. */
void bide__http_meter_begin(struct bide_http_exchange *x);
void bide__http_meter_end(struct bide_http_exchange *x);

/* The exchange is refused with this status. */
void bide__http_meter_refuse(struct bide_http_exchange *x, int status);

/* A connection, or something that has no exchange, is refused. */
void bide__http_refused(struct bide__http_home *home, enum bide__http_refusal why);

#endif
