/*
 * trace_read.c: reads a timeline in the format of Chrome's trace viewer: an array of events, alone
 * or as "traceEvents" of an object. A small reader of JSON that keeps what a picture needs.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>

/* What is known of an event. */
struct line {
    const char *phase, *name, *target, *span, *parent, *level, *fields;
    int64_t at_ns, length_ns, busy_ns;
};

/* By the id of a span. */
struct known {
    struct known *next;
    struct trace_span *span;
};

enum { BUCKETS = 4096 };

struct build {
    struct trace *trace;
    struct known *bucket[BUCKETS];
};

/* ---- values ---- */

/* A string or a word; what has members is skipped, and is "...". */
static const char *read_value(struct json *r)
{
    char c = json_peek(r);
    if (c == '"')
        return json_read_string(r);
    if (c != '{' && c != '[')
        return json_read_word(r);
    json_skip(r);
    return "...";
}

/* Microseconds with a fraction, in nanoseconds. */
static int64_t nanoseconds(const char *text)
{
    char *rest;
    long long whole = strtoll(text, &rest, 10);
    int64_t part = 0, digits = 0;

    if (*rest == '.')
        for (rest++; digits < 3; digits++) {
            bool is_digit = *rest >= '0' && *rest <= '9';
            part = part * 10 + (is_digit ? *rest++ - '0' : 0);
        }
    if (whole > INT64_MAX / 2000 || whole < INT64_MIN / 2000)
        return 0;
    return whole * 1000 + part;
}

/* ---- events ---- */

static void add_field(struct buffer *fields, const char *name, const char *value)
{
    buffer_add(fields, "\n", 1);
    buffer_add(fields, name, strlen(name));
    buffer_add(fields, " = ", 3);
    buffer_add(fields, value, strlen(value));
}

static void read_args(struct json *r, struct line *l)
{
    struct buffer fields = {0};

    if (json_peek(r) != '{') {
        json_skip(r);
        return;
    }
    if (!json_opens(r, '{'))
        return;
    do {
        const char *name = json_read_string(r);
        json_expect(r, ':');
        const char *value = r->failed ? "" : read_value(r);
        if (strcmp(name, "span") == 0)
            l->span = value;
        else if (strcmp(name, "parent") == 0)
            l->parent = value;
        else if (strcmp(name, "busy_us") == 0)
            l->busy_ns = nanoseconds(value);
        else if (strcmp(name, "level") == 0)
            l->level = value;
        else if (strcmp(name, "idle_us") != 0)
            add_field(&fields, name, value);
    } while (json_goes_on(r, '}'));
    l->fields = arena_strndup(r->arena, fields.length > 0 ? fields.data : "", fields.length);
    buffer_free(&fields);
}

static void read_member(struct json *r, struct line *l)
{
    const char *name = json_read_key(r);

    if (r->failed)
        return;
    if (strcmp(name, "args") == 0) {
        read_args(r, l);
        return;
    }
    const char *value = read_value(r);
    if (strcmp(name, "ph") == 0)
        l->phase = value;
    else if (strcmp(name, "name") == 0)
        l->name = value;
    else if (strcmp(name, "cat") == 0)
        l->target = value;
    else if (strcmp(name, "ts") == 0)
        l->at_ns = nanoseconds(value);
    else if (strcmp(name, "dur") == 0)
        l->length_ns = nanoseconds(value);
}

static bool read_line(struct json *r, struct line *l)
{
    *l = (struct line){.phase = "",
                       .name = "",
                       .target = "",
                       .level = "",
                       .fields = "",
                       .length_ns = -1,
                       .busy_ns = -1};
    if (json_opens(r, '{'))
        do
            read_member(r, l);
        while (json_goes_on(r, '}'));
    return !r->failed;
}

static struct known **bucket_of(struct build *b, const char *id)
{
    unsigned hash = 5381;
    for (; *id; id++)
        hash = hash * 33 + (unsigned char)*id;
    return &b->bucket[hash % BUCKETS];
}

static struct trace_span *find(struct build *b, const char *id)
{
    if (id == NULL)
        return NULL;
    for (struct known *k = *bucket_of(b, id); k != NULL; k = k->next)
        if (strcmp(k->span->id, id) == 0)
            return k->span;
    return NULL;
}

static void add_span(struct arena *arena, struct build *b, const struct line *l)
{
    struct trace_span *s = arena_alloc(arena, sizeof *s);
    *s = (struct trace_span){.id = l->span != NULL ? l->span : "",
                             .name = l->name,
                             .target = l->target,
                             .fields = l->fields,
                             .parent = find(b, l->parent),
                             .begin_ns = l->at_ns,
                             .end_ns = l->at_ns,
                             .busy_ns = -1,
                             .number = b->trace->spans.count};
    if (l->length_ns >= 0) {
        s->end_ns = l->at_ns + l->length_ns;
        s->has_ended = true;
    } else {
        struct known *k = arena_alloc(arena, sizeof *k);
        *k = (struct known){*bucket_of(b, s->id), s};
        *bucket_of(b, s->id) = k;
    }
    list_add(arena, &b->trace->spans, s);
}

static void end_span(struct build *b, const struct line *l)
{
    struct trace_span *s = find(b, l->span);
    if (s == NULL || s->has_ended)
        return;
    s->end_ns = l->at_ns > s->begin_ns ? l->at_ns : s->begin_ns;
    s->busy_ns = l->busy_ns;
    s->fields = l->fields;
    s->has_ended = true;
}

static void add_event(struct arena *arena, struct build *b, const struct line *l)
{
    struct trace_event *e = arena_alloc(arena, sizeof *e);
    *e = (struct trace_event){.name = l->name,
                              .fields = l->fields,
                              .span = find(b, l->span),
                              .at_ns = l->at_ns,
                              .is_error = strcmp(l->level, "ERROR") == 0};
    list_add(arena, &b->trace->events, e);
}

static void add(struct arena *arena, struct build *b, const struct line *l)
{
    bool is_span =
        (l->phase[0] == 'b' && l->span != NULL) || (l->phase[0] == 'X' && l->length_ns >= 0);

    if (is_span)
        add_span(arena, b, l);
    else if (l->phase[0] == 'e')
        end_span(b, l);
    else if (l->phase[0] == 'n' || l->phase[0] == 'i')
        add_event(arena, b, l);
}

static void set_times(struct trace *t)
{
    t->begin_ns = INT64_MAX;
    t->end_ns = INT64_MIN;
    for (size_t i = 0; i < t->spans.count; i++) {
        const struct trace_span *s = t->spans.item[i];
        t->begin_ns = s->begin_ns < t->begin_ns ? s->begin_ns : t->begin_ns;
        t->end_ns = s->end_ns > t->end_ns ? s->end_ns : t->end_ns;
    }
    for (size_t i = 0; i < t->events.count; i++) {
        const struct trace_event *e = t->events.item[i];
        t->begin_ns = e->at_ns < t->begin_ns ? e->at_ns : t->begin_ns;
        t->end_ns = e->at_ns > t->end_ns ? e->at_ns : t->end_ns;
    }
    for (size_t i = 0; i < t->spans.count; i++) {
        struct trace_span *s = t->spans.item[i];
        if (!s->has_ended)
            s->end_ns = t->end_ns;
    }
}

bool trace_read(struct arena *arena, struct trace *trace, const char *text, size_t size)
{
    struct json r = {.arena = arena, .at = text, .end = text + size};
    struct build *b = arena_alloc(arena, sizeof *b);
    struct line l;

    b->trace = trace;
    if (json_takes(&r, '{')) /* other members may be before it */
        while (strcmp(json_read_key(&r), "traceEvents") != 0 && !r.failed) {
            json_skip(&r);
            json_expect(&r, ',');
        }
    if (json_opens(&r, '['))
        do {
            if (read_line(&r, &l))
                add(arena, b, &l);
        } while (json_goes_on(&r, ']'));
    set_times(trace);
    return trace->spans.count > 0;
}
