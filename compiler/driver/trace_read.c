/*
 * trace_read.c: reads a timeline in the format of Chrome's trace viewer: an array of events, alone
 * or as "traceEvents" of an object. A small reader of JSON that keeps what a picture needs.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct reader {
    struct arena *arena;
    const char *at, *end;
    bool failed;
};

/* What is known of an event. */
struct line {
    const char *phase, *name, *target, *id, *span, *parent, *level;
    int64_t at_ns, length_ns, busy_ns;
    char *fields;
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

/* ---- JSON ---- */

static char peek(struct reader *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at) != NULL)
        r->at++;
    return r->at < r->end ? *r->at : '\0';
}

static bool takes(struct reader *r, char c)
{
    if (peek(r) != c)
        return false;
    r->at++;
    return true;
}

static void expect(struct reader *r, char c)
{
    if (!takes(r, c))
        r->failed = true;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

/* What follows a backslash. */
static char *read_escape(struct reader *r, char *to)
{
    static const char from[] = "nrtbf", into[] = "\n\r\t\b\f";
    char c = *r->at++;

    if (c == 'u' && r->end - r->at >= 4) {
        char digits[5] = {r->at[0], r->at[1], r->at[2], r->at[3], '\0'};
        r->at += 4;
        unsigned code = (unsigned)strtoul(digits, NULL, 16);
        return put_utf8(to, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code > 0 ? code : 0xFFFD);
    }
    const char *known = c != '\0' ? strchr(from, c) : NULL;
    *to++ = known != NULL ? into[known - from] : c;
    return to;
}

/* "" if there is none. */
static const char *read_string(struct reader *r)
{
    expect(r, '"');
    const char *close = r->at;
    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (r->failed || close >= r->end) {
        r->failed = true;
        return "";
    }
    char *text = arena_alloc(r->arena, (size_t)(close - r->at) + 1), *to = text;
    while (r->at < close) {
        char c = *r->at++;
        if (c == '\\')
            to = read_escape(r, to);
        else
            *to++ = c;
    }
    *to = '\0';
    r->at = close + 1;
    return text;
}

/* A number, true, false or null, as it is written. */
static const char *read_word(struct reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && strchr(",]} \t\r\n", *r->at) == NULL)
        r->at++;
    r->failed |= r->at == from;
    return arena_strndup(r->arena, from, (size_t)(r->at - from));
}

static void skip(struct reader *r, unsigned depth)
{
    char open = peek(r), close = open == '{' ? '}' : ']';

    if (open == '"') {
        (void)read_string(r);
    } else if (open == '{' || open == '[') {
        r->failed |= depth >= DEPTH_MAX;
        r->at++;
        if (takes(r, close))
            return;
        do {
            if (open == '{') {
                (void)read_string(r);
                expect(r, ':');
            }
            if (!r->failed)
                skip(r, depth + 1);
        } while (!r->failed && takes(r, ','));
        expect(r, close);
    } else {
        (void)read_word(r);
    }
}

/* A string or a word; what has members is skipped, and is "...". */
static const char *read_value(struct reader *r)
{
    char c = peek(r);
    if (c == '"')
        return read_string(r);
    if (c != '{' && c != '[')
        return read_word(r);
    skip(r, 0);
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

static void read_args(struct reader *r, struct line *l)
{
    if (!takes(r, '{')) {
        skip(r, 0);
        return;
    }
    if (takes(r, '}'))
        return;
    do {
        const char *name = read_string(r);
        expect(r, ':');
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
            l->fields = arena_printf(r->arena, "%s\n%s = %s", l->fields, name, value);
    } while (!r->failed && takes(r, ','));
    expect(r, '}');
}

static void read_member(struct reader *r, struct line *l)
{
    const char *name = read_string(r);

    expect(r, ':');
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
    else if (strcmp(name, "id") == 0)
        l->id = value;
    else if (strcmp(name, "ts") == 0)
        l->at_ns = nanoseconds(value);
    else if (strcmp(name, "dur") == 0)
        l->length_ns = nanoseconds(value);
}

static bool read_line(struct reader *r, struct line *l)
{
    *l = (struct line){.phase = "",
                       .name = "",
                       .target = "",
                       .level = "",
                       .length_ns = -1,
                       .busy_ns = -1,
                       .fields = arena_printf(r->arena, "%s", "")};
    expect(r, '{');
    if (r->failed || takes(r, '}'))
        return !r->failed;
    do
        read_member(r, l);
    while (!r->failed && takes(r, ','));
    expect(r, '}');
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
    struct reader r = {arena, text, text + size, false};
    struct build *b = arena_alloc(arena, sizeof *b);
    struct line l;

    b->trace = trace;
    if (takes(&r, '{')) { /* other members may be before it */
        while (strcmp(read_string(&r), "traceEvents") != 0 && !r.failed) {
            expect(&r, ':');
            skip(&r, 0);
            expect(&r, ',');
        }
        expect(&r, ':');
    }
    expect(&r, '[');
    if (!r.failed && peek(&r) != ']')
        do {
            if (read_line(&r, &l))
                add(arena, b, &l);
        } while (!r.failed && takes(&r, ','));
    set_times(trace);
    return trace->spans.count > 0;
}
