/*
 * pack.c: formats such as "{s:I, 'tags': [s, s]}", read from left to right; each value goes to a
 * sink at once.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct reader {
    const struct bide__json_sink *sink;
    void *self;
    const char *format, *at;
    const char *letters; /* of the arguments that are left; NULL: they are not known */
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

/* ---- arguments ---- */

static const char *name_of(char letter)
{
    switch (letter) {
    case 's': return "a text";
    case 'f': return "a double";
    case 'O': return "a tree";
    case '0': return "a void *";
    case '?': return "of a type that none has";
    default: return "a whole number";
    }
}

/* The letter of the next argument, which must be one of `good`. 0: it is not, which is noted. */
static char take_letter(struct reader *r, const char *good)
{
    char words[80], letter = *r->letters;
    if (letter == 0) {
        fails(r, "an argument is missing");
        return 0;
    }
    r->letters++;
    if (strchr(good, letter) != NULL)
        return letter;
    snprintf(words, sizeof words, "this needs %s, and the argument is %s", name_of(*good),
             name_of(letter));
    fails(r, words);
    return 0;
}

struct number {
    bool is_unsigned, is_real;
    int64_t i;
    uint64_t u;
    double f;
};

/* Takes a number of the type of the argument; `letter` says it if nothing else does. */
static int take_number(struct reader *r, const char *good, char letter, struct number *n)
{
    *n = (struct number){0};
    if (r->letters != NULL)
        letter = take_letter(r, good);
    n->is_unsigned = letter == 'u' || letter == 'L';
    n->is_real = letter == 'f';
    switch (letter) {
    case 0: return -EINVAL;
    case 'i': n->i = va_arg(r->arguments, int); break;
    case 'l': n->i = va_arg(r->arguments, int64_t); break;
    case 'u': n->u = va_arg(r->arguments, unsigned); break;
    case 'L': n->u = va_arg(r->arguments, uint64_t); break;
    default: n->f = va_arg(r->arguments, double);
    }
    return 0;
}

static int take_pointer(struct reader *r, const char *good, const void **p)
{
    if (r->letters != NULL && take_letter(r, good) == 0)
        return -EINVAL;
    *p = va_arg(r->arguments, const void *);
    return 0;
}

/* The argument of s, or the two of s%. */
static int take_text(struct reader *r, const char **text, size_t *size)
{
    const void *p;
    struct number n;
    int rc = take_pointer(r, "s0", &p);
    if (rc < 0)
        return rc;
    *text = p;
    *size = p != NULL && r->at[1] != '%' ? strlen(p) : 0;
    if (r->at[1] != '%')
        return 0;
    r->at++;
    rc = take_number(r, "Llui", sizeof(size_t) == 8 ? 'L' : 'u', &n);
    if (rc == 0 && n.i < 0)
        return fails(r, "the size of a text is negative");
    if (rc == 0)
        *size = n.is_unsigned ? (size_t)n.u : (size_t)n.i;
    return rc;
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

static int text(struct reader *r)
{
    const char *s;
    size_t size;
    int rc = take_text(r, &s, &size);
    return rc < 0 ? rc : r->sink->text(r->self, s, size);
}

static int whole(struct reader *r, char letter)
{
    struct number n;
    int rc = take_number(r, "ilLu", letter, &n);
    if (rc < 0)
        return rc;
    return n.is_unsigned ? r->sink->u64(r->self, n.u) : r->sink->i64(r->self, n.i);
}

static int real(struct reader *r)
{
    struct number n;
    int rc = take_number(r, "filLu", 'f', &n);
    if (rc < 0)
        return rc;
    if (!n.is_real)
        n.f = n.is_unsigned ? (double)n.u : (double)n.i;
    return r->sink->real(r->self, n.f);
}

static int boolean(struct reader *r)
{
    struct number n;
    int rc = take_number(r, "ilLu", 'i', &n);
    return rc < 0 ? rc : r->sink->boolean(r->self, n.is_unsigned ? n.u != 0 : n.i != 0);
}

static int tree(struct reader *r)
{
    const void *p;
    int rc = take_pointer(r, "O0", &p);
    return rc < 0 ? rc : r->sink->tree(r->self, p);
}

/* The letter at r->at is a value. */
static int value(struct reader *r)
{
    switch (*r->at) {
    case '{': return begin(r, true);
    case '[': return begin(r, false);
    case 's': return text(r);
    case 'i': return whole(r, 'i');
    case 'I': return whole(r, 'l');
    case 'u': return whole(r, 'u');
    case 'U': return whole(r, 'L');
    case 'f': return real(r);
    case 'b': return boolean(r);
    case 'n': return r->sink->text(r->self, NULL, 0);
    case 'O': return tree(r);
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
        int rc = take_text(r, &name, &size);
        if (rc < 0)
            return rc;
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
    if (r->letters != NULL && *r->letters != 0)
        return fails(r, "there are more arguments");
    return r->one && !r->has_one ? fails(r, "there is no value") : 0;
}

int bide__json_format(const struct bide__json_sink *sink, void *self, bool object, bool one,
                      const char *letters, const char *format, va_list arguments,
                      bide_json_failure *failure)
{
    struct reader r; /* its bits are set as they are needed */
    r.sink = sink;
    r.self = self;
    r.format = r.at = format;
    r.letters = letters != NULL ? letters + 1 : NULL; /* without that of the format */
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
