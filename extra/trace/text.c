/*
 * text.c: lines for people:
 *
 *     2026-11-30T07:22:35.123456Z  INFO request{path="/x"}:query{id=7}: db: no answer why="Timeout"
 *     time, level, the spans around it with their fields, target, text, fields
 */
#include "internal.h"

static const char *const colours[] = {"",         "\033[31m", "\033[33m",
                                      "\033[32m", "\033[34m", "\033[35m"};

static void put_styled(const bide_trace_output *o, struct bide__text *t, const char *style,
                       const char *text, size_t size)
{
    if (o->coloured)
        bide__text_put(t, style);
    bide__text_add(t, text, size);
    if (o->coloured)
        bide__text_put(t, "\033[0m");
}

static void put_time(const bide_trace_output *o, struct bide__text *t, int64_t time_ns)
{
    struct bide__text time;

    if (o->options.time == BIDE_TRACE_TIME_NONE)
        return;
    bide__text_begin(&time);
    if (o->options.time == BIDE_TRACE_TIME_UTC) {
        bide__time_utc(&time, time_ns);
    } else {
        int64_t since_ns = time_ns - bide__trace_wall(o->begin_ns);
        bide__text_print(&time, "%3lld.%06ds", (long long)(since_ns / 1000000000),
                         (int)(since_ns / 1000 % 1000000));
    }
    put_styled(o, t, "\033[2m", time.data, time.size);
    bide__text_put(t, " ");
    bide__text_end(&time);
}

static void put_field(const bide_trace_output *o, struct bide__text *t, const bide_field *f)
{
    put_styled(o, t, "\033[3m", f->name, strlen(f->name));
    bide__text_put(t, "=");
    bide__value_text(t, f, true);
}

static void put_span(const bide_trace_output *o, struct bide__text *t,
                     const struct bide_trace_span *span)
{
    const char *before = "{";
    const bide_field *f;

    put_styled(o, t, "\033[1m", span->site->name, strlen(span->site->name));
    for (size_t at = 0; (f = bide_trace_span_field(span, &at)) != NULL; before = " ") {
        bide__text_put(t, before);
        put_field(o, t, f);
    }
    bide__text_put(t, *before == ' ' ? "}:" : ":");
}

enum { SPANS_MAX = 64 }; /* of one line: the innermost */

static void put_spans(const bide_trace_output *o, struct bide__text *t,
                      const struct bide_trace_span *span)
{
    const struct bide_trace_span *spans[SPANS_MAX];
    unsigned count = 0;

    for (span = bide__span_for(o, span); span != NULL && count < SPANS_MAX;
         span = bide__span_for(o, span->parent))
        spans[count++] = span;
    for (unsigned i = count; i-- > 0;)
        put_span(o, t, spans[i]);
    if (count > 0)
        bide__text_put(t, " ");
}

static void put_duration(struct bide__text *t, const char *name, int64_t ns)
{
    bide__text_print(t, " %s=", name);
    if (ns < 1000)
        bide__text_print(t, "%lldns", (long long)ns);
    else if (ns < 1000000)
        bide__text_print(t, "%.3gus", (double)ns / 1e3);
    else if (ns < 1000000000)
        bide__text_print(t, "%.3gms", (double)ns / 1e6);
    else
        bide__text_print(t, "%.3fs", (double)ns / 1e9);
}

static void put_line(const bide_trace_output *o, struct bide__text *t, const bide_trace_record *r)
{
    put_time(o, t, r->time_ns);
    const char *level = bide__level_name(r->level);
    if (strlen(level) < 5)
        bide__text_put(t, " ");
    put_styled(o, t, colours[r->level], level, strlen(level));
    bide__text_put(t, " ");
    put_spans(o, t, r->span);
    if (!o->options.no_target) {
        put_styled(o, t, "\033[2m", r->target, r->target_size);
        bide__text_put(t, ": ");
    }
    if (r->what == BIDE_TRACE_EVENT) {
        bide__text_put(t, r->name);
        for (const bide_field *f = r->fields; f->kind != BIDE_FIELD_NONE; f++) {
            bide__text_put(t, " ");
            put_field(o, t, f);
        }
    } else if (r->what == BIDE_TRACE_SPAN_BEGIN) {
        bide__text_put(t, "begin");
    } else {
        bide__text_put(t, "end");
        put_duration(t, "busy", r->busy_ns);
        put_duration(t, "idle", r->idle_ns);
    }
    bide__text_put(t, "\n");
}

static bool is_wanted(const bide_trace_output *o, const bide_trace_record *r)
{
    return r->what == BIDE_TRACE_EVENT ||
           o->options.spans &
               (r->what == BIDE_TRACE_SPAN_BEGIN ? BIDE_TRACE_SPANS_BEGIN : BIDE_TRACE_SPANS_END);
}

static void text_told(bide_trace_output *o, const bide_trace_record *r)
{
    struct bide__text t;

    if (!is_wanted(o, r))
        return;
    bide__text_begin(&t);
    put_line(o, &t, r);
    if (t.failed)
        atomic_fetch_add_explicit(&o->dropped, 1, memory_order_relaxed);
    else
        bide__output_write(o, t.data, t.size);
    bide__text_end(&t);
}

const struct bide__output_kind bide__trace_text = {text_told, false};
