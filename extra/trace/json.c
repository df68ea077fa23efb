/*
 * json.c: lines of JSON. Each is an object:
 *
 *     {"timestamp":"...","level":"INFO","target":"db","message":"no answer","fields":{"why":"..."},
 *      "span":{"name":"query","id":7},"spans":[{"name":"request","path":"/x"},{"name":...}],
 *      "trace_id":"...","span_id":"..."}
 *
 * `span` is the innermost one and `spans` are all, the outermost first. A span's begin and end have
 * "message":"begin" or "end", and an end has "busy_ns" and "idle_ns".
 */
#include "internal.h"

static void put_hex(struct bide__text *t, const char *name, const uint8_t *bytes, size_t size)
{
    bide__text_print(t, ",\"%s\":\"", name);
    for (size_t i = 0; i < size; i++)
        bide__text_print(t, "%02x", bytes[i]);
    bide__text_put(t, "\"");
}

static void put_span(struct bide__text *t, const struct bide_trace_span *span)
{
    const bide_field *f;

    bide__text_put(t, "{\"name\":");
    bide__json_string(t, span->site->name, strlen(span->site->name));
    for (size_t at = 0; (f = bide_trace_span_field(span, &at)) != NULL;) {
        bide__text_put(t, ",");
        bide__json_string(t, f->name, strlen(f->name));
        bide__text_put(t, ":");
        bide__value_json(t, f);
    }
    bide__text_put(t, "}");
}

enum { SPANS_MAX = 64 };

static void put_spans(const bide_trace_output *o, struct bide__text *t,
                      const struct bide_trace_span *span)
{
    const struct bide_trace_span *spans[SPANS_MAX], *inner = bide__span_for(o, span);
    unsigned count = 0;

    if (inner == NULL)
        return;
    bide__text_put(t, ",\"span\":");
    put_span(t, inner);
    for (span = inner; span != NULL && count < SPANS_MAX; span = bide__span_for(o, span->parent))
        spans[count++] = span;
    for (unsigned i = count; i-- > 0;) {
        bide__text_put(t, i + 1 == count ? ",\"spans\":[" : ",");
        put_span(t, spans[i]);
    }
    bide__text_put(t, "]");
    put_hex(t, "trace_id", inner->trace_id, sizeof inner->trace_id);
    put_hex(t, "span_id", inner->span_id, sizeof inner->span_id);
}

static void put_time(const bide_trace_output *o, struct bide__text *t, const bide_trace_record *r)
{
    if (o->options.time == BIDE_TRACE_TIME_NONE)
        return;
    bide__text_put(t, "\"timestamp\":");
    if (o->options.time == BIDE_TRACE_TIME_UTC) {
        bide__text_put(t, "\"");
        bide__time_utc(t, r->time_ns);
        bide__text_put(t, "\"");
    } else {
        int64_t since_ns = r->time_ns - bide__trace_wall(o->begin_ns);
        bide__text_print(t, "%lld.%09d", (long long)(since_ns / 1000000000),
                         (int)(since_ns % 1000000000));
    }
    bide__text_put(t, ",");
}

static void put_line(const bide_trace_output *o, struct bide__text *t, const bide_trace_record *r)
{
    const char *message = r->what == BIDE_TRACE_EVENT        ? r->name
                          : r->what == BIDE_TRACE_SPAN_BEGIN ? "begin"
                                                             : "end";
    bide__text_put(t, "{");
    put_time(o, t, r);
    bide__text_print(t, "\"level\":\"%s\",\"target\":", bide__level_name(r->level));
    bide__json_string(t, r->target, r->target_size);
    bide__text_put(t, ",\"message\":");
    bide__json_string(t, message, strlen(message));
    if (r->what == BIDE_TRACE_EVENT && r->fields->kind != BIDE_FIELD_NONE) {
        bide__text_put(t, ",\"fields\":{");
        bide__json_fields(t, r->fields, false);
        bide__text_put(t, "}");
    }
    if (r->what == BIDE_TRACE_SPAN_END)
        bide__text_print(t, ",\"busy_ns\":%lld,\"idle_ns\":%lld", (long long)r->busy_ns,
                         (long long)r->idle_ns);
    put_spans(o, t, r->span);
    bide__text_put(t, "}\n");
}

static void json_told(bide_trace_output *o, const bide_trace_record *r)
{
    struct bide__text t;

    if (r->what != BIDE_TRACE_EVENT &&
        !(o->options.spans &
          (r->what == BIDE_TRACE_SPAN_BEGIN ? BIDE_TRACE_SPANS_BEGIN : BIDE_TRACE_SPANS_END)))
        return;
    bide__text_begin(&t);
    put_line(o, &t, r);
    if (t.failed)
        atomic_fetch_add_explicit(&o->dropped, 1, memory_order_relaxed);
    else
        bide__output_write(o, t.data, t.size);
    bide__text_end(&t);
}

const struct bide__output_kind bide__trace_json = {json_told, false};
