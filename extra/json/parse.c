/*
 * parse.c: text to tree. First the limits are checked, without recursion and without memory, in a
 * walk over the text that only knows strings and brackets; then jansson parses it, whose own limit
 * of depth is fixed. Its errors become ours, in words.
 *
 * The walk need not understand what is no JSON: jansson refuses that. It must not count less than
 * jansson would make of the text up to its first mistake.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { VALUES = 100000, NEAR_MAX = 40 };

static const size_t size_default = (size_t)16 << 20, size_limit = (size_t)1 << 30;

/* ---- failures ---- */

int bide__json_fails(bide_json_failure *failure, int error, const char *format, ...)
{
    if (failure != NULL) {
        va_list arguments;
        memset(failure, 0, sizeof *failure);
        failure->error = error;
        va_start(arguments, format);
        vsnprintf(failure->text, sizeof failure->text, format, arguments);
        va_end(arguments);
    }
    return error;
}

/* Sets the place, by how many bytes stand before it. */
static void place(bide_json_failure *failure, const char *text, size_t position)
{
    failure->position = position;
    failure->line = failure->column = 1;
    for (size_t i = 0; i < position; i++) {
        if (text[i] == '\n') {
            failure->line++;
            failure->column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            failure->column++;
        }
    }
}

static int fails_at(bide_json_failure *failure, int error, const char *text, size_t position,
                    const char *words)
{
    bide_json_failure at;
    place(&at, text, position);
    bide__json_fails(failure, error, "line %zu, column %zu: %s", at.line, at.column, words);
    if (failure != NULL) {
        failure->position = position;
        failure->line = at.line;
        failure->column = at.column;
    }
    return error;
}

/* ---- limits ---- */

struct walk {
    const char *text;
    size_t size, at;
    size_t values;
    unsigned depth;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_string(struct walk *w)
{
    w->at++;
    while (w->at < w->size && w->text[w->at] != '"')
        w->at += w->text[w->at] == '\\' ? 2 : 1;
    w->at++;
}

/* A string that a colon follows is a name, and no value. */
static bool is_name(const struct walk *w)
{
    size_t at = w->at;
    while (at < w->size && is_blank(w->text[at]))
        at++;
    return at < w->size && w->text[at] == ':';
}

static bool ends_word(char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case ',':
    case ':':
    case '[':
    case ']':
    case '{':
    case '}':
    case '"':
    case 0: return true;
    default: return false;
    }
}

static void skip_word(struct walk *w)
{
    while (w->at < w->size && !ends_word(w->text[w->at]))
        w->at++;
}

/* Takes one token. */
static void step(struct walk *w)
{
    switch (w->text[w->at]) {
    case '{':
    case '[':
        w->depth++;
        w->values++;
        w->at++;
        break;
    case '}':
    case ']':
        w->depth -= w->depth > 0;
        w->at++;
        break;
    case '"':
        skip_string(w);
        w->values += !is_name(w);
        break;
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case ',':
    case ':': w->at++; break;
    default: w->values++; skip_word(w);
    }
}

static int check_limits(const char *text, size_t size, const bide_json_options *o,
                        bide_json_failure *failure)
{
    struct walk w = {.text = text, .size = size};
    char words[80];
    while (w.at < size) {
        size_t before = w.at;
        if (text[before] == 0) /* which jansson passes over behind a number */
            return fails_at(failure, -EBADMSG, text, before, "this is not JSON (a zero byte)");
        step(&w);
        if (w.depth > o->depth_max) {
            snprintf(words, sizeof words, "this is nested deeper than %u", o->depth_max);
            return fails_at(failure, -EMSGSIZE, text, before, words);
        }
        if (w.values > o->values_max) {
            snprintf(words, sizeof words, "there are more than %zu values", o->values_max);
            return fails_at(failure, -EMSGSIZE, text, before, words);
        }
    }
    return 0;
}

/* ---- jansson ---- */

/* Appends what jansson tells of the place, " near '...'", without what is not to be printed. */
static void add_near(char *words, size_t room, const char *from)
{
    const unsigned char *p = (const unsigned char *)strstr(from, " near ");
    size_t at = strlen(words), end = at + NEAR_MAX < room - 1 ? at + NEAR_MAX : room - 1;
    while (p != NULL && *p != 0 && at < end) {
        unsigned n = bide__json_utf8(p, strlen((const char *)p));
        if (n == 0 || *p < ' ' || *p == 127) {
            words[at++] = '?';
            p++;
        } else if (at + n <= end) {
            memcpy(words + at, p, n);
            at += n;
            p += n;
        } else {
            break;
        }
    }
    words[at] = 0;
}

static const char *words_for(const json_error_t *e)
{
    switch ((int)json_error_code(e)) {
    case json_error_invalid_utf8: return "this is no UTF-8";
    case json_error_premature_end_of_input: return "the text ends too early";
    case json_error_end_of_input_expected: return "more follows after the value";
    case json_error_null_character: return "a text has a zero byte";
    case json_error_null_byte_in_key: return "the name of a member has a zero byte";
    case json_error_duplicate_key: return "an object has two members of one name";
    case json_error_numeric_overflow: return "a number is too large";
    default: return "this is not JSON";
    }
}

static int fails_as(const json_error_t *e, const char *text, size_t size,
                    bide_json_failure *failure)
{
    char words[120], what[80];
    size_t position = e->position > 0 ? (size_t)e->position : 0;
    size_t length = strcspn(e->text, "\n");
    const char *near = strstr(e->text, " near ");
    if (near != NULL)
        length = (size_t)(near - e->text);
    if (length >= sizeof what)
        length = sizeof what - 1;
    memcpy(what, e->text, length);
    what[length] = 0;
    snprintf(words, sizeof words, "%s", words_for(e));
    if (json_error_code(e) == json_error_invalid_syntax)
        snprintf(words, sizeof words, "this is not JSON (%s)", what);
    add_near(words, sizeof words, e->text);
    return fails_at(failure, -EBADMSG, text, position < size ? position : size, words);
}

static size_t flags_of(const bide_json_options *o)
{
    return JSON_DECODE_ANY | (o->unique_keys ? (size_t)JSON_REJECT_DUPLICATES : 0) |
           (o->nul ? (size_t)JSON_ALLOW_NUL : 0);
}

static bool fill_in(const bide_json_options *given, bide_json_options *o)
{
    *o = given != NULL ? *given : (bide_json_options){0};
    if (o->size_max == 0)
        o->size_max = size_default;
    if (o->depth_max == 0)
        o->depth_max = BIDE__JSON_DEPTH;
    if (o->values_max == 0)
        o->values_max = VALUES;
    return o->size_max <= size_limit && o->depth_max <= BIDE__JSON_DEPTH_MAX;
}

int bide_json_parse(const void *data, size_t size, const bide_json_options *options,
                    bide_json_failure *failure, bide_json **j)
{
    bide_json_options o;
    json_error_t e;
    *j = NULL;
    if (!fill_in(options, &o))
        return bide__json_fails(failure, -EINVAL, "an option is too large");
    if (size > o.size_max)
        return bide__json_fails(failure, -EMSGSIZE, "the text is longer than %zu bytes",
                                o.size_max);
    if (size == 0)
        return bide__json_fails(failure, -EBADMSG, "the text is empty");
    int rc = check_limits(data, size, &o, failure);
    if (rc < 0)
        return rc;
    unsigned before = bide__json_shortages();
    json_t *root = json_loadb(data, size, flags_of(&o), &e);
    bool was_short = bide__json_shortages() != before;
    if (root != NULL && !was_short) {
        *j = bide__json_from(root);
        return 0;
    }
    json_decref(root);
    if (was_short || json_error_code(&e) == json_error_out_of_memory || e.text[0] == 0)
        return bide__json_fails(failure, -ENOMEM, "out of memory");
    return fails_as(&e, data, size, failure);
}
