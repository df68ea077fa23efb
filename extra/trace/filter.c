/*
 * filter.c: filters: read from text, and asked. The grammar is in bide/trace.h.
 *
 * A filter is one block: the directives, then a copy of the text, in which they point. What a
 * directive with brackets asks is compared with values as text, at most 200 bytes of them.
 */
#include "internal.h"

#include <errno.h>
#include <strings.h>

enum { CONDITIONS_MAX = 8, DIRECTIVES_MAX = 1000 };

struct piece {
    const char *text;
    size_t size;
};

struct condition {
    struct piece name, value;
    bool has_value;
};

struct directive {
    struct piece target, span; /* size 0: any */
    struct condition condition[CONDITIONS_MAX];
    unsigned count;
    bool has_brackets;
    int level;
};

struct bide__filter {
    size_t size, count;
    struct directive directive[];
};

/* ---- reading ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static struct piece trimmed(const char *from, const char *to)
{
    while (from < to && is_blank(*from))
        from++;
    while (to > from && is_blank(to[-1]))
        to--;
    return (struct piece){from, (size_t)(to - from)};
}

static bool is_equal(struct piece p, const char *text)
{
    return p.size == strlen(text) && strncasecmp(p.text, text, p.size) == 0;
}

/* -1: it is not a level. */
static int level_of(struct piece p)
{
    if (p.size == 1 && p.text[0] >= '0' && p.text[0] <= '5')
        return p.text[0] - '0';
    for (int level = 0; level <= BIDE_TRACE_TRACE; level++)
        if (is_equal(p, bide__level_name(level)))
            return level;
    return -1;
}

static bool is_name(struct piece p)
{
    for (size_t i = 0; i < p.size; i++)
        if (strchr("[]{}=,\"", p.text[i]) != NULL || (unsigned char)p.text[i] <= ' ')
            return false;
    return p.size > 0;
}

/* FIELD or FIELD=VALUE. */
static bool read_condition(struct piece p, struct directive *d)
{
    const char *equals = memchr(p.text, '=', p.size);
    struct condition *c = &d->condition[d->count];

    if (d->count == CONDITIONS_MAX)
        return false;
    *c = (struct condition){.name = p};
    if (equals != NULL) {
        c->name = trimmed(p.text, equals);
        c->value = trimmed(equals + 1, p.text + p.size);
        c->has_value = true;
        if (c->value.size >= 2 && c->value.text[0] == '"' &&
            c->value.text[c->value.size - 1] == '"')
            c->value = (struct piece){c->value.text + 1, c->value.size - 2};
    }
    d->count++;
    return is_name(c->name);
}

/* The conditions between `from` and `to`, with commas between them. Returns where it is wrong, or
 * NULL. */
static const char *read_conditions(const char *from, const char *to, struct directive *d)
{
    for (;;) {
        const char *end = from;
        for (bool quoted = false; end < to && (*end != ',' || quoted); end++)
            quoted ^= *end == '"';
        if (!read_condition(trimmed(from, end), d))
            return from;
        if (end == to)
            return NULL;
        from = end + 1;
    }
}

/* What is between the brackets: SPAN, SPAN{CONDITIONS}, {CONDITIONS} or FIELD=VALUE,... */
static const char *read_brackets(const char *from, const char *to, struct directive *d)
{
    const char *brace = memchr(from, '{', (size_t)(to - from));

    d->has_brackets = true;
    if (brace == NULL && memchr(from, '=', (size_t)(to - from)) != NULL)
        return read_conditions(from, to, d);
    d->span = trimmed(from, brace != NULL ? brace : to);
    if (d->span.size > 0 ? !is_name(d->span) : brace == NULL)
        return from;
    if (brace == NULL)
        return NULL;
    struct piece rest = trimmed(brace + 1, to);
    if (rest.size == 0 || rest.text[rest.size - 1] != '}')
        return brace;
    return read_conditions(rest.text, rest.text + rest.size - 1, d);
}

/* TARGET, LEVEL, TARGET=LEVEL, or with brackets after the target, which may be missing then. */
static const char *read_directive(struct piece p, struct directive *d)
{
    const char *end = p.text + p.size, *open = memchr(p.text, '[', p.size), *after = p.text;
    const char *wrong = NULL;

    *d = (struct directive){.level = BIDE_TRACE_TRACE};
    if (open != NULL) {
        const char *close = end;
        while (close > open && *close != ']')
            close--;
        if (close == open)
            return open;
        wrong = read_brackets(open + 1, close, d);
        after = close + 1;
    }
    if (wrong != NULL)
        return wrong;
    const char *equals = memchr(after, '=', (size_t)(end - after));
    d->target = trimmed(p.text, open != NULL ? open : equals != NULL ? equals : end);
    if (equals == NULL && open == NULL && level_of(d->target) >= 0) {
        d->level = level_of(d->target);
        d->target.size = 0;
        return NULL;
    }
    if (d->target.size > 0 ? !is_name(d->target) : open == NULL)
        return p.text;
    if (open != NULL && trimmed(after, equals != NULL ? equals : end).size > 0)
        return after;
    if (equals == NULL)
        return NULL;
    d->level = level_of(trimmed(equals + 1, end));
    return d->level >= 0 ? NULL : equals + 1;
}

/* The end of the directive at `from`: a comma outside of brackets and quotes. */
static const char *directive_end(const char *from)
{
    bool quoted = false;

    for (int depth = 0; *from != '\0' && (*from != ',' || depth > 0 || quoted); from++) {
        quoted ^= *from == '"';
        if (!quoted)
            depth += (*from == '[' || *from == '{') - (*from == ']' || *from == '}');
    }
    return from;
}

/* Reads all, into `d` unless that is NULL; *count is how many there are. Returns where it is
 * wrong, or NULL. */
static const char *read_all(const char *text, struct directive *d, size_t *count)
{
    struct directive one;

    *count = 0;
    for (const char *from = text, *end;; from = end + 1) {
        end = directive_end(from);
        struct piece p = trimmed(from, end);
        if (p.size > 0) {
            const char *wrong = read_directive(p, d != NULL ? &d[*count] : &one);
            if (wrong != NULL)
                return wrong;
            if (++*count > DIRECTIVES_MAX)
                return from;
        }
        if (*end == '\0')
            return NULL;
    }
}

int bide__filter_new(const char *text, struct bide__filter **filter, size_t *place)
{
    size_t count, again, length = strlen(text) + 1;
    const char *wrong = read_all(text, NULL, &count);

    *filter = NULL;
    if (wrong != NULL) {
        *place = (size_t)(wrong - text);
        return -EINVAL;
    }
    size_t size = sizeof(struct bide__filter) + count * sizeof(struct directive) + length;
    struct bide__filter *f = bide__alloc(size);
    if (f == NULL)
        return -ENOMEM;
    char *copy = (char *)&f->directive[count];
    memcpy(copy, text, length);
    f->size = size;
    f->count = count;
    read_all(copy, f->directive, &again);
    *filter = f;
    return 0;
}

void bide__filter_free(struct bide__filter *filter)
{
    if (filter != NULL)
        bide__free(filter, filter->size);
}

int bide_trace_filter_check(const char *filter, size_t *place)
{
    size_t count;
    const char *wrong = read_all(filter, NULL, &count);

    if (place != NULL)
        *place = wrong != NULL ? (size_t)(wrong - filter) : 0;
    return wrong != NULL ? -EINVAL : 0;
}

/* ---- asking ---- */

/* The target is that of the directive, or one below it. */
static bool has_target(const struct directive *d, const struct bide__callsite *site)
{
    size_t size = d->target.size;

    if (size == 0)
        return true;
    if (size > site->target_size || memcmp(d->target.text, site->target, size) != 0)
        return false;
    return size == site->target_size || strchr("./:", site->target[size]) != NULL;
}

enum bide__verdict bide__filter_site(const struct bide__filter *filter,
                                     const struct bide__callsite *site)
{
    const struct directive *best = NULL;
    bool asks = false;

    for (size_t i = 0; i < filter->count; i++) {
        const struct directive *d = &filter->directive[i];
        if (!has_target(d, site))
            continue;
        if (d->has_brackets)
            asks |= d->level >= site->level;
        else if (best == NULL || d->target.size >= best->target.size)
            best = d;
    }
    if (best != NULL && best->level >= site->level)
        return BIDE__FILTER_YES;
    return asks ? BIDE__FILTER_ASK : BIDE__FILTER_NO;
}

static bool has_value(const struct condition *c, const bide_field *f)
{
    struct bide__text text;

    if (strlen(f->name) != c->name.size || memcmp(f->name, c->name.text, c->name.size) != 0)
        return false;
    if (!c->has_value)
        return true;
    bide__text_begin(&text);
    bide__value_text(&text, f, false);
    bool is_same = text.size == c->value.size && memcmp(text.data, c->value.text, text.size) == 0;
    bide__text_end(&text);
    return is_same;
}

static bool is_met(const struct condition *c, const bide_field *fields,
                   const struct bide_trace_span *span)
{
    const bide_field *f;

    if (span == NULL) {
        for (f = fields; f->kind != BIDE_FIELD_NONE; f++)
            if (has_value(c, f))
                return true;
        return false;
    }
    for (size_t at = 0; (f = bide_trace_span_field(span, &at)) != NULL;)
        if (has_value(c, f))
            return true;
    return false;
}

static bool are_met(const struct directive *d, const bide_field *fields,
                    const struct bide_trace_span *span)
{
    for (unsigned i = 0; i < d->count; i++)
        if (!is_met(&d->condition[i], fields, span))
            return false;
    return true;
}

static bool has_name(const struct directive *d, const struct bide__callsite *site)
{
    return d->span.size == 0 || (site->is_span && strlen(site->name) == d->span.size &&
                                 memcmp(site->name, d->span.text, d->span.size) == 0);
}

bool bide__filter_ask(const struct bide__filter *filter, const struct bide__callsite *site,
                      const bide_field *fields, const struct bide_trace_span *span)
{
    for (size_t i = 0; i < filter->count; i++) {
        const struct directive *d = &filter->directive[i];
        if (!d->has_brackets || d->level < site->level || !has_target(d, site))
            continue;
        if (has_name(d, site) && are_met(d, fields, NULL))
            return true;
        for (const struct bide_trace_span *s = span; s != NULL; s = s->parent)
            if (has_name(d, s->site) && are_met(d, NULL, s))
                return true;
    }
    return false;
}
