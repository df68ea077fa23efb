/*
 * otlp.c: an exporter, made and freed; what it is told.
 *
 * What is told comes on the thread that traces, so nothing here waits: a span becomes JSON, and
 * goes into the queue, or is dropped.
 */
#include "inside.h"

#include <errno.h>
#include <stdlib.h>

enum { QUEUE_MAX = 4 << 20, INTERVAL_S = 5, TIMEOUT_S = 10 };

static const char default_url[] = "http://localhost:4318/v1/traces", path[] = "/v1/traces";

/* ---- events of open spans, with the mutex ---- */

static struct otlp_events **events_of(struct bide_trace_otlp *o, const bide_trace_span *span)
{
    uint64_t hash = (uint64_t)(uintptr_t)span * UINT64_C(11400714819323198485);
    struct otlp_events **at = &o->events[hash >> 58];

    while (*at != NULL && (*at)->span != span)
        at = &(*at)->next;
    return at;
}

static void events_free(struct otlp_events *e)
{
    bide__text_end(&e->text);
    bide__free(e, sizeof *e);
}

static void add_event(struct bide_trace_otlp *o, const bide_trace_record *r)
{
    struct otlp_events **at = events_of(o, r->span), *e = *at;

    if (e == NULL) {
        e = bide__alloc(sizeof *e);
        if (e == NULL) {
            o->counts.events_dropped++;
            return;
        }
        *e = (struct otlp_events){.span = r->span};
        bide__text_begin(&e->text);
        *at = e;
    }
    e->failed |= r->level == BIDE_TRACE_ERROR;
    size_t before = e->text.size;
    if (e->count < OTLP_EVENTS_MAX) {
        bide__text_put(&e->text, e->count > 0 ? "," : "");
        otlp_put_event(&e->text, r);
    }
    if (e->count == OTLP_EVENTS_MAX || e->text.failed) {
        e->text.size = before;
        e->text.failed = false;
        o->counts.events_dropped++;
        return;
    }
    e->count++;
}

/* ---- spans ---- */

static struct otlp_item *item_new(const struct bide__text *t)
{
    size_t size = sizeof(struct otlp_item) + t->size;
    struct otlp_item *item = t->failed ? NULL : bide__alloc(size);

    if (item == NULL)
        return NULL;
    *item = (struct otlp_item){.size = size, .text_size = t->size};
    memcpy(item->text, t->data, t->size);
    return item;
}

static void add_span(struct bide_trace_otlp *o, const bide_trace_record *r)
{
    struct otlp_events **at = events_of(o, r->span), *e = *at;
    struct bide__text text;

    if (e != NULL)
        *at = e->next;
    if (r->span->flags & 1) {
        bide__text_begin(&text);
        otlp_put_span(&text, r, o->output, e);
        struct otlp_item *item = text.size <= o->queue_max - o->bytes ? item_new(&text) : NULL;
        bide__text_end(&text);
        if (item != NULL && item->size > o->queue_max - o->bytes) {
            bide__free(item, item->size);
            item = NULL;
        }
        if (item != NULL) {
            *o->last = item;
            o->last = &item->next;
            o->bytes += item->size;
            if (++o->count == OTLP_BATCH_MAX)
                pthread_cond_signal(&o->changed);
        } else {
            o->counts.dropped++;
        }
    }
    if (e != NULL)
        events_free(e);
}

/* A span that is older than the output does not come to it at its end. */
static void told(void *argument, const bide_trace_record *r)
{
    struct bide_trace_otlp *o = argument;
    const bide_trace_output *output = atomic_load(&o->output);

    if (r->span == NULL || r->what == BIDE_TRACE_SPAN_BEGIN || output == NULL)
        return;
    pthread_mutex_lock(&o->mutex);
    if (r->what == BIDE_TRACE_SPAN_END)
        add_span(o, r);
    else if (atomic_load_explicit(&r->span->own, memory_order_relaxed) != NULL &&
             r->span->begin_ns >= output->begin_ns)
        add_event(o, r);
    else
        o->counts.events_dropped++; /* its span has ended, or is older */
    pthread_mutex_unlock(&o->mutex);
}

/* ---- made and freed ---- */

struct texts {
    const char *url, *suffix, *service, *authorization;
};

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static void choose(const bide_trace_otlp_options *options, struct texts *t)
{
    *t = (struct texts){options->url, "", options->service, options->authorization};
    if (t->url == NULL)
        t->url = environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    if (t->url == NULL && (t->url = environment("OTEL_EXPORTER_OTLP_ENDPOINT")) != NULL)
        t->suffix = t->url[strlen(t->url) - 1] == '/' ? path + 1 : path;
    if (t->url == NULL)
        t->url = default_url;
    if (t->service == NULL)
        t->service = environment("OTEL_SERVICE_NAME");
    if (t->service == NULL)
        t->service = "unknown_service";
}

static bool copy_texts(struct bide_trace_otlp *o, const struct texts *t)
{
    size_t url = strlen(t->url), suffix = strlen(t->suffix), service = strlen(t->service) + 1;
    size_t authorization = t->authorization != NULL ? strlen(t->authorization) + 1 : 0;

    o->texts_size = url + suffix + 1 + service + authorization;
    o->url = bide__alloc(o->texts_size);
    if (o->url == NULL)
        return false;
    memcpy(o->url, t->url, url);
    memcpy(o->url + url, t->suffix, suffix + 1);
    o->service = o->url + url + suffix + 1;
    memcpy(o->service, t->service, service);
    if (authorization > 0) {
        o->authorization = o->service + service;
        memcpy(o->authorization, t->authorization, authorization);
    }
    return true;
}

static void otlp_free(struct bide_trace_otlp *o)
{
    for (unsigned i = 0; i < OTLP_BUCKETS; i++) {
        while (o->events[i] != NULL) {
            struct otlp_events *e = o->events[i];
            o->events[i] = e->next;
            events_free(e);
        }
    }
    while (o->first != NULL) {
        struct otlp_item *item = o->first;
        o->first = item->next;
        bide__free(item, item->size);
    }
    pthread_cond_destroy(&o->changed);
    pthread_mutex_destroy(&o->mutex);
    bide__free(o->url, o->texts_size);
    bide__free(o, sizeof *o);
}

static struct bide_trace_otlp *otlp_alloc(const bide_trace_otlp_options *options)
{
    struct bide_trace_otlp *o = bide__alloc(sizeof *o);
    pthread_condattr_t monotonic;
    struct texts texts;

    if (o == NULL)
        return NULL;
    *o = (struct bide_trace_otlp){
        .queue_max = options->queue_max_bytes > 0 ? options->queue_max_bytes : QUEUE_MAX,
        .interval_ns =
            options->interval.ns > 0 ? options->interval.ns : INTERVAL_S * INT64_C(1000000000),
        .timeout_ns =
            options->timeout.ns > 0 ? options->timeout.ns : TIMEOUT_S * INT64_C(1000000000)};
    o->last = &o->first;
    choose(options, &texts);
    if (!copy_texts(o, &texts)) {
        bide__free(o, sizeof *o);
        return NULL;
    }
    pthread_mutex_init(&o->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&o->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return o;
}

static bool is_url(const char *url)
{
    return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

int bide_trace_otlp_new(const bide_trace_otlp_options *options, bide_trace_otlp **otlp)
{
    static const bide_trace_otlp_options defaults;
    struct bide_trace_otlp *o = otlp_alloc(options != NULL ? options : &defaults);

    *otlp = NULL;
    if (o == NULL)
        return -ENOMEM;
    bide_trace_output *output = NULL;
    int r = is_url(o->url) ? 0 : -EINVAL;
    if (r == 0)
        r = bide_trace_sink_new(
            told, o, &(bide_trace_options){.filter = options != NULL ? options->filter : NULL},
            &output);
    atomic_store(&o->output, output);
    if (r == 0)
        r = bide__door.thread_create(&o->thread, 0, otlp_run, o);
    if (r < 0) {
        bide_trace_output_free(output);
        otlp_free(o);
        return r;
    }
    *otlp = o;
    return 0;
}

void bide_trace_otlp_free(bide_trace_otlp *otlp)
{
    if (otlp == NULL)
        return;
    bide_trace_output_free(otlp->output);
    pthread_mutex_lock(&otlp->mutex);
    otlp->until_ns = bide__door.clock() + otlp->timeout_ns;
    otlp->ends = true;
    pthread_cond_signal(&otlp->changed);
    pthread_mutex_unlock(&otlp->mutex);
    (void)bide__door.thread_join(otlp->thread);
    otlp_free(otlp);
}

void bide_trace_otlp_count(bide_trace_otlp *otlp, bide_trace_otlp_counts *counts)
{
    pthread_mutex_lock(&otlp->mutex);
    *counts = otlp->counts;
    pthread_mutex_unlock(&otlp->mutex);
}
