/*
 * inside.h: the parts of the exporter.
 *
 *   otlp.c   made and freed; what is told becomes spans in the queue
 *   span.c   a span, an event and a batch as JSON
 *   send.c   the thread that sends batches
 *
 * Invariants
 *  - Everything in the exporter but constants is under its mutex.
 *  - A span is in the queue, or in the batch that is being sent, or counted as sent or dropped.
 */
#ifndef BIDE_EXTRA_TRACE_OTLP_INSIDE_H
#define BIDE_EXTRA_TRACE_OTLP_INSIDE_H

#include "extra/trace/internal.h"

#include <bide/trace_otlp.h>

enum {
    OTLP_EVENTS_MAX = 128, /* of a span */
    OTLP_BATCH_MAX = 512,  /* spans */
    OTLP_BUCKETS = 64,
};

/* A span in the queue. */
struct otlp_item {
    struct otlp_item *next;
    size_t size; /* of the whole */
    size_t text_size;
    char text[];
};

/* The events of a span that has not ended. */
struct otlp_events {
    struct otlp_events *next; /* in its bucket */
    const bide_trace_span *span;
    struct bide__text text;
    unsigned count;
    bool failed; /* one of them was an error */
};

struct bide_trace_otlp {
    /* Constant. */
    _Atomic(bide_trace_output *) output; /* NULL: it is being made */
    char *url, *service, *authorization; /* in one block: */
    size_t texts_size;
    size_t queue_max;
    int64_t interval_ns, timeout_ns;
    pthread_t thread;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool ends;
    int64_t until_ns; /* if it ends: when no more is sent */
    struct otlp_item *first, **last;
    size_t bytes;   /* in the queue */
    unsigned count; /* spans in it */
    struct otlp_events *events[OTLP_BUCKETS];
    bide_trace_otlp_counts counts;
};

/* span.c */
void otlp_put_event(struct bide__text *t, const bide_trace_record *r);
/* `events` may be NULL. */
void otlp_put_span(struct bide__text *t, const bide_trace_record *r,
                   const bide_trace_output *output, const struct otlp_events *events);
void otlp_put_batch(struct bide__text *t, const char *service, uint64_t dropped,
                    const struct otlp_item *first);

/* send.c: the thread. */
void *otlp_run(void *otlp);

#endif
