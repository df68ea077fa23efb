/*
 * meter.h: what a client counts, for a registry (bide/http_metrics.h). It is written with the mutex
 * of the client, and read by any thread without it.
 */
#ifndef BIDE_EXTRA_HTTP_CLIENT_METER_H
#define BIDE_EXTRA_HTTP_CLIENT_METER_H

#include "extra/metrics/metrics.h"

#include <stdint.h>

struct bide__http_transfer;

enum { BIDE__HTTP_ERRORS = 135 }; /* all numbers of errors of Linux, and 0 for others */

struct bide__http_client_meter {
    uint64_t answers[6]; /* by the first digit of the status */
    uint64_t failures[BIDE__HTTP_ERRORS];
    uint64_t begun, gone; /* requests whose memory was taken, and given back */
    uint64_t opened, reused;
    bide_metrics_histogram times;
};

void bide__http_client_meter_init(struct bide__http_client_meter *meter);

/* The transfer has its result. */
void bide__http_client_count(const struct bide__http_transfer *t);

#endif
