/*
 * timeline.c: the format of Chrome's trace viewer: {"traceEvents":[...]}, an event a line.
 *
 * A span is a pair of events "b" and "e" of the same id, that of the trace's first span here, so
 * that a viewer shows the spans of one trace below each other, and those that overlap beside each
 * other. Its `args` have the ids of the span and its parent, for `bide trace view`; the end has the
 * time in which the span was polled. An event is an "n" in its trace, or an "i" outside of spans.
 *
 * Lines are collected and written in large pieces, under the output's mutex.
 */
#include "internal.h"

enum { PIECE = 16384 };

static void put_id(struct bide__text *t, const uint8_t *id)
{
    bide__text_put(t, "\"0x");
    for (size_t i = 0; i < 8; i++)
        bide__text_print(t, "%02x", id[i]);
    bide__text_put(t, "\"");
}

static void put_microseconds(struct bide__text *t, const char *name, int64_t ns)
{
    bide__text_print(t, "\"%s\":%lld.%03d", name, (long long)(ns / 1000), (int)(ns % 1000));
}

static void put_head(struct bide__text *t, const bide_trace_record *r, const char *phase)
{
    bide__text_print(t, "{\"ph\":\"%s\",\"name\":", phase);
    bide__json_string(t, r->name, strlen(r->name));
    bide__text_put(t, ",\"cat\":");
    bide__json_string(t, r->target, r->target_size);
    bide__text_put(t, ",");
    put_microseconds(t, "ts", r->time_ns);
    bide__text_print(t, ",\"pid\":1,\"tid\":%llu", (unsigned long long)r->task);
}

static void put_line(const bide_trace_output *o, struct bide__text *t, const bide_trace_record *r)
{
    const struct bide_trace_span *span = bide__span_for(o, r->span), *root = span;
    const char *phase = r->what == BIDE_TRACE_SPAN_BEGIN ? "b"
                        : r->what == BIDE_TRACE_SPAN_END ? "e"
                        : span != NULL                   ? "n"
                                                         : "i";

    while (root != NULL && bide__span_for(o, root->parent) != NULL)
        root = bide__span_for(o, root->parent);
    put_head(t, r, phase);
    if (root != NULL) {
        bide__text_put(t, ",\"id\":");
        put_id(t, root->span_id);
    } else {
        bide__text_put(t, ",\"s\":\"t\"");
    }
    bide__text_print(t, ",\"args\":{\"level\":\"%s\"", bide__level_name(r->level));
    if (span != NULL) {
        const struct bide_trace_span *parent = bide__span_for(o, span->parent);
        bide__text_put(t, ",\"span\":");
        put_id(t, span->span_id);
        if (parent != NULL && r->what == BIDE_TRACE_SPAN_BEGIN) {
            bide__text_put(t, ",\"parent\":");
            put_id(t, parent->span_id);
        }
    }
    if (r->what == BIDE_TRACE_SPAN_END) {
        const bide_field *f;
        bide__text_put(t, ",");
        put_microseconds(t, "busy_us", r->busy_ns);
        bide__text_put(t, ",");
        put_microseconds(t, "idle_us", r->idle_ns);
        for (size_t at = 0; (f = bide_trace_span_field(span, &at)) != NULL;) {
            const bide_field one[] = {*f, {.kind = BIDE_FIELD_NONE}};
            bide__json_fields(t, one, true);
        }
    } else {
        bide__json_fields(t, r->fields, true);
    }
    bide__text_put(t, "}}");
}

/* With the mutex. */
static void flush(bide_trace_output *o)
{
    if (o->kept.size > 0)
        bide__output_write(o, o->kept.data, o->kept.size);
    o->kept.size = 0;
    o->kept.failed = false;
}

static void timeline_told(bide_trace_output *o, const bide_trace_record *r)
{
    struct bide__text t;

    bide__text_begin(&t);
    put_line(o, &t, r);
    pthread_mutex_lock(&o->mutex);
    size_t before = o->kept.size;
    if (!t.failed) {
        bide__text_put(&o->kept, o->is_first ? "{\"traceEvents\":[\n" : ",\n");
        bide__text_add(&o->kept, t.data, t.size);
    }
    if (t.failed || o->kept.failed) {
        o->kept.size = before;
        o->kept.failed = false;
        atomic_fetch_add_explicit(&o->dropped, 1, memory_order_relaxed);
    } else {
        o->is_first = false;
    }
    if (o->kept.size >= PIECE)
        flush(o);
    pthread_mutex_unlock(&o->mutex);
    bide__text_end(&t);
}

void bide__timeline_end(bide_trace_output *o)
{
    flush(o);
    bide__text_put(&o->kept, o->is_first ? "{\"traceEvents\":[]}\n" : "\n]}\n");
    flush(o);
}

const struct bide__output_kind bide__trace_timeline = {timeline_told, true};
