/*
 * span.c: spans, events and batches in the JSON form of OTLP: ids are hexadecimal, and integers of
 * 64 bits are texts.
 */
#include "inside.h"

#include <math.h>

static void put_hex(struct bide__text *t, const char *name, const uint8_t *bytes, size_t size)
{
    bide__text_print(t, "\"%s\":\"", name);
    for (size_t i = 0; i < size; i++)
        bide__text_print(t, "%02x", bytes[i]);
    bide__text_put(t, "\"");
}

static void put_value(struct bide__text *t, const bide_field *f)
{
    switch (f->kind) {
    case BIDE_FIELD_INT:
        bide__text_print(t, "\"intValue\":\"%lld\"", (long long)f->value.i);
        return;
    case BIDE_FIELD_UINT:
        if (f->value.u <= INT64_MAX)
            bide__text_print(t, "\"intValue\":\"%lld\"", (long long)f->value.u);
        else
            bide__text_print(t, "\"stringValue\":\"%llu\"", (unsigned long long)f->value.u);
        return;
    case BIDE_FIELD_DOUBLE:
        bide__text_put(t, "\"doubleValue\":");
        if (isfinite(f->value.d))
            break;
        bide__text_put(t, isnan(f->value.d)  ? "\"NaN\""
                          : f->value.d > 0.0 ? "\"Infinity\""
                                             : "\"-Infinity\"");
        return;
    case BIDE_FIELD_BOOL: bide__text_put(t, "\"boolValue\":"); break;
    case BIDE_FIELD_ERROR:
        if (f->value.i >= 0) {
            bide__text_print(t, "\"intValue\":\"%lld\"", (long long)f->value.i);
            return;
        }
        bide__text_put(t, "\"stringValue\":");
        break;
    default: bide__text_put(t, "\"stringValue\":"); break;
    }
    bide__value_json(t, f);
}

static void put_attribute(struct bide__text *t, const bide_field *f, bool *is_first)
{
    bide__text_put(t, *is_first ? "{\"key\":" : ",{\"key\":");
    *is_first = false;
    bide__json_string(t, f->name, strlen(f->name));
    bide__text_put(t, ",\"value\":{");
    put_value(t, f);
    bide__text_put(t, "}}");
}

void otlp_put_event(struct bide__text *t, const bide_trace_record *r)
{
    const bide_field level = bide__f_text("level", bide__level_name(r->level));
    bool is_first = true;

    bide__text_print(t, "{\"timeUnixNano\":\"%lld\",\"name\":", (long long)r->time_ns);
    bide__json_string(t, r->name, strlen(r->name));
    bide__text_put(t, ",\"attributes\":[");
    put_attribute(t, &level, &is_first);
    for (const bide_field *f = r->fields; f->kind != BIDE_FIELD_NONE; f++)
        put_attribute(t, f, &is_first);
    bide__text_put(t, "]}");
}

static bool is_remote(const bide_trace_span *span)
{
    static const uint8_t zero[8];
    return span->parent == NULL && memcmp(span->remote_id, zero, sizeof zero) != 0;
}

static void put_ids(struct bide__text *t, const bide_trace_span *span,
                    const bide_trace_output *output)
{
    const bide_trace_span *parent = bide__span_for(output, span->parent), *s = span;

    bide__text_put(t, "{");
    put_hex(t, "traceId", span->trace_id, sizeof span->trace_id);
    bide__text_put(t, ",");
    put_hex(t, "spanId", span->span_id, sizeof span->span_id);
    while (s->parent != NULL)
        s = s->parent; /* the trace may have come from elsewhere */
    if (parent != NULL || is_remote(s)) {
        bide__text_put(t, ",");
        put_hex(t, "parentSpanId", parent != NULL ? parent->span_id : s->remote_id, 8);
    }
    if (s->state != NULL) {
        bide__text_put(t, ",\"traceState\":");
        bide__json_string(t, s->state, strlen(s->state));
    }
}

void otlp_put_span(struct bide__text *t, const bide_trace_record *r,
                   const bide_trace_output *output, const struct otlp_events *events)
{
    const bide_field *f;
    bool is_first = true;
    const bide_field own[] = {
        bide__f_int("busy_ns", r->busy_ns), bide__f_int("idle_ns", r->idle_ns),
        bide__f_bytes("code.namespace", r->target, r->target_size),
        bide__f_text("code.filepath", r->file), bide__f_int("code.lineno", r->line)};

    put_ids(t, r->span, output);
    bide__text_put(t, ",\"name\":");
    bide__json_string(t, r->name, strlen(r->name));
    bide__text_print(t, ",\"kind\":%d,\"startTimeUnixNano\":\"%lld\"", is_remote(r->span) ? 2 : 1,
                     (long long)bide__trace_wall(r->span->begin_ns));
    bide__text_print(t, ",\"endTimeUnixNano\":\"%lld\",\"attributes\":[", (long long)r->time_ns);
    for (size_t at = 0; (f = bide_trace_span_field(r->span, &at)) != NULL;)
        put_attribute(t, f, &is_first);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        put_attribute(t, &own[i], &is_first);
    bide__text_put(t, "]");
    if (events != NULL) {
        bide__text_put(t, ",\"events\":[");
        bide__text_add(t, events->text.data, events->text.size);
        bide__text_put(t, "]");
        if (events->failed)
            bide__text_put(t, ",\"status\":{\"code\":2}");
    }
    bide__text_put(t, "}");
}

void otlp_put_batch(struct bide__text *t, const char *service, uint64_t dropped,
                    const struct otlp_item *first)
{
    const bide_field resource[] = {
        bide__f_text("service.name", service), bide__f_text("telemetry.sdk.name", "bide"),
        bide__f_text("telemetry.sdk.language", "c"), bide__f_uint("bide.trace.dropped", dropped)};
    bool is_first = true;

    bide__text_put(t, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    for (size_t i = 0; i < sizeof resource / sizeof resource[0]; i++)
        put_attribute(t, &resource[i], &is_first);
    bide__text_put(t, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"bide\"},\"spans\":[");
    for (const struct otlp_item *item = first; item != NULL; item = item->next) {
        bide__text_add(t, item->text, item->text_size);
        if (item->next != NULL)
            bide__text_put(t, ",");
    }
    bide__text_put(t, "]}]}]}");
}
