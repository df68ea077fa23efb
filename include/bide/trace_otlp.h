/*
 * bide/trace_otlp.h: spans go to a collector, by OTLP over HTTP, as JSON. Link with
 * -lbide-trace-otlp.
 *
 *     bide_trace_otlp *otlp;
 *     if (bide_trace_otlp_new(&(bide_trace_otlp_options){.service = "shop"}, &otlp) < 0)
 *         puts("no exporter");
 *     ...
 *     bide_trace_otlp_free(otlp);
 *
 * A span is sent after its end, with its fields as attributes and the events in it. An event of the
 * level error makes its span one that has failed. Events outside of spans are not sent, nor are
 * spans of a trace that another process has begun and does not sample.
 *
 * Whatever the collector does, the program does not wait for it. What has ended is put into a
 * queue, from which a thread of the exporter sends batches. When the queue is full, spans are
 * dropped, and counted. A collector that answers 429, 502, 503 or 504, or cannot be reached, is
 * asked three times, with pauses; then, and after any other answer but 2xx, the batch is dropped
 * and counted. Each batch says how many spans were dropped so far, in the attribute
 * bide.trace.dropped of its resource.
 */
#ifndef BIDE_TRACE_OTLP_H
#define BIDE_TRACE_OTLP_H

#include <bide/http.h>
#include <bide/trace.h>

/* Zero in a member means the default. Texts are copied. */
typedef struct bide_trace_otlp_options {
    const char *filter; /* as in bide_trace_options */
    /* NULL: that of the environment variable OTEL_EXPORTER_OTLP_TRACES_ENDPOINT; or that of
     * OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces behind it; or
     * http://localhost:4318/v1/traces */
    const char *url;
    const char *service;       /* service.name; NULL: OTEL_SERVICE_NAME, or "unknown_service" */
    const char *authorization; /* the value of a header Authorization; NULL: there is none */
    size_t queue_max_bytes;    /* 0: 4 MiB */
    bide_duration interval;    /* how long a span waits for others at most; 0: 5 s */
    bide_duration timeout;     /* of one request; 0: 10 s */
} bide_trace_otlp_options;

typedef struct bide_trace_otlp bide_trace_otlp;

typedef struct bide_trace_otlp_counts {
    uint64_t sent;             /* spans that the collector has taken */
    uint64_t dropped;          /* spans that were lost: the queue, no memory, the collector */
    uint64_t events_dropped;   /* a span has 128 events at most */
    uint64_t requests, failed; /* those that were sent, and those of them without a 2xx */
} bide_trace_otlp_counts;

/* Makes an exporter and begins its thread. Returns 0; -EINVAL: a filter or a URL that is none;
 * -ENOMEM, -ENOSPC as in bide/trace.h, or what thread_create fails with. `options` may be NULL. */
bide_must_use int bide_trace_otlp_new(const bide_trace_otlp_options *options,
                                      bide_trace_otlp **otlp);

/* Sends what is in the queue, until one request fails or the timeout is over, and ends the
 * exporter. A request that is under way keeps its own timeout. It blocks meanwhile; async code
 * calls it on the blocking pool. NULL is ignored. */
void bide_trace_otlp_free(bide_trace_otlp *otlp);

/* What happened so far. Any thread. */
void bide_trace_otlp_count(bide_trace_otlp *otlp, bide_trace_otlp_counts *counts);

#endif
