/*
 * pack.c: formats such as "{s:I, 'tags': [s, s]}", read from left to right; each value goes to a
 * sink at once.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

struct reader {
    const struct bide__json_sink *sink;
    void *self;
    const char *format, *at;
    va_list arguments;
    bide_json_failure *failure;
    unsigned depth;
    bool one;     /* there must be exactly one value at depth 0 */
    bool has_one; /* and there was */
    bool has_key; /* in an object: the value is due */
    uint64_t is_object[(BIDE__JSON_DEPTH_MAX + 64) / 64]; /* a bit a level, from 0 */
};

static bool in_object(const struct reader *r)
{
    return (r->is_object[r->depth / 64] >> r->depth % 64 & 1) != 0;
}

static void set_object(struct reader *r, bool object)
{
    uint64_t bit = (uint64_t)1 << r->depth % 64, *word = &r->is_object[r->depth / 64];
    if (bit == 1) /* the word is used for the first time */
        *word = 0;
    *word = object ? *word | bit : *word & ~bit;
}

static int fails(struct reader *r, const char *words)
{
    size_t at = (size_t)(r->at - r->format);
    bide__json_fails(r->failure, -EINVAL, "the format \"%.60s\", after %zu characters: %s",
                     r->format, at, words);
    if (r->failure != NULL)
        r->failure->position = at;
    return -EINVAL;
}

/* ---- values ---- */

static int begin(struct reader *r, bool object)
{
    if (r->depth + 1 > BIDE__JSON_DEPTH_MAX)
        return -EMSGSIZE;
    int rc = r->sink->begin(r->self, object);
    if (rc == 0) {
        r->depth++;
        r->has_key = false;
        set_object(r, object);
    }
    return rc;
}

/* The argument of s, or of s%. */
static const char *text_argument(struct reader *r, size_t *size)
{
    const char *s = va_arg(r->arguments, const char *);
    bool sized = r->at[1] == '%';
    r->at += sized;
    if (sized)
        *size = va_arg(r->arguments, size_t);
    else
        *size = s != NULL ? strlen(s) : 0;
    return s;
}

static int text(struct reader *r)
{
    size_t size;
    const char *s = text_argument(r, &size);
    return r->sink->text(r->self, s, size);
}

/* The letter at r->at is a value. */
static int value(struct reader *r)
{
    const struct bide__json_sink *sink = r->sink;
    switch (*r->at) {
    case '{': return begin(r, true);
    case '[': return begin(r, false);
    case 's': return text(r);
    case 'i': return sink->i64(r->self, va_arg(r->arguments, int));
    case 'I': return sink->i64(r->self, va_arg(r->arguments, int64_t));
    case 'u': return sink->u64(r->self, va_arg(r->arguments, unsigned));
    case 'U': return sink->u64(r->self, va_arg(r->arguments, uint64_t));
    case 'f': return sink->real(r->self, va_arg(r->arguments, double));
    case 'b': return sink->boolean(r->self, va_arg(r->arguments, int) != 0);
    case 'n': return sink->text(r->self, NULL, 0);
    case 'O': return sink->tree(r->self, va_arg(r->arguments, const bide_json *));
    default: return fails(r, "no value has this letter");
    }
}

/* ---- the rest ---- */

static int key(struct reader *r)
{
    const char *name;
    size_t size;
    if (*r->at == '\'') {
        name = r->at + 1;
        size = strcspn(name, "'");
        if (name[size] == 0)
            return fails(r, "this name has no end");
        r->at = name + size;
    } else if (*r->at == 's') {
        name = text_argument(r, &size);
        if (name == NULL)
            return fails(r, "the name of a member is NULL");
    } else {
        return fails(r, "the name of a member is due, s or '...'");
    }
    r->has_key = true;
    return r->sink->key(r->self, name, size);
}

static int end(struct reader *r)
{
    if (r->depth == 0 || in_object(r) != (*r->at == '}'))
        return fails(r, "nothing is open that this would close");
    if (r->has_key)
        return fails(r, "the value of a member is missing");
    r->depth--;
    return r->sink->end(r->self);
}

/* Takes what is at r->at, which is no blank. */
static int part(struct reader *r)
{
    if (*r->at == '}' || *r->at == ']')
        return end(r);
    if (in_object(r) && !r->has_key)
        return key(r);
    if (r->depth == 0 && r->one && r->has_one)
        return fails(r, "a second value");
    r->has_one |= r->depth == 0;
    r->has_key = false;
    return value(r);
}

static int read_all(struct reader *r)
{
    for (; *r->at != 0; r->at++) {
        if (strchr(" \t\n,:", *r->at) != NULL)
            continue;
        int rc = part(r);
        if (rc < 0)
            return rc;
    }
    if (r->depth > 0)
        return fails(r, in_object(r) ? "an object has no end" : "an array has no end");
    if (r->has_key)
        return fails(r, "the value of a member is missing");
    return r->one && !r->has_one ? fails(r, "there is no value") : 0;
}

int bide__json_format(const struct bide__json_sink *sink, void *self, bool object, bool one,
                      const char *format, va_list arguments, bide_json_failure *failure)
{
    struct reader r; /* its bits are set as they are needed */
    r.sink = sink;
    r.self = self;
    r.format = r.at = format;
    r.failure = failure;
    r.depth = 0;
    r.one = one;
    r.has_one = r.has_key = false;
    set_object(&r, object);
    va_copy(r.arguments, arguments);
    int rc = read_all(&r);
    va_end(r.arguments);
    return rc;
}
