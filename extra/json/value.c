/*
 * value.c: what a writer writes between commas: texts with their escapes, numbers, trees.
 *
 * RFC 8259, section 7: quotes, backslashes and the characters below U+0020 are escaped, no others.
 */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- texts ---- */

enum { ESCAPE_MAX = 12 }; /* a pair of \uXXXX */

static const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;

/* A byte of x is 0. True also for some words without one that have a byte of 1 above one of 0. */
static uint64_t zero_bytes(uint64_t x)
{
    return (x - ones) & ~x & tops;
}

/* How many bytes at p need no look: neither escapes nor parts of other characters than ASCII. */
static size_t plain(const unsigned char *p, size_t size)
{
    size_t n = 0;
    for (; size - n >= 8; n += 8) {
        uint64_t x;
        memcpy(&x, p + n, 8);
        uint64_t small = (x - ones * 0x20) & ~x & tops;
        if (((x & tops) | small | zero_bytes(x ^ ones * '"') | zero_bytes(x ^ ones * '\\')) != 0)
            break;
    }
    while (n < size && p[n] >= 0x20 && p[n] < 0x80 && p[n] != '"' && p[n] != '\\')
        n++;
    return n;
}

static size_t put_unit(char *out, unsigned unit)
{
    static const char digits[] = "0123456789abcdef";
    out[0] = '\\';
    out[1] = 'u';
    for (int i = 0; i < 4; i++)
        out[2 + i] = digits[unit >> (12 - 4 * i) & 15];
    return 6;
}

static size_t put_escape(char *out, unsigned char c)
{
    static const char letters[] = "btn\0fr"; /* from 8 on */
    char letter = c >= 8 && c <= 13 ? letters[c - 8] : 0;
    if (c == '"' || c == '\\')
        letter = (char)c;
    if (letter == 0)
        return put_unit(out, c);
    out[0] = '\\';
    out[1] = letter;
    return 2;
}

/* A character of n bytes, 2 to 4, as escapes: RFC 8259, section 7. */
static size_t put_ascii(char *out, const unsigned char *p, unsigned n)
{
    unsigned c = p[0] & (0x7F >> n);
    for (unsigned i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    if (c < 0x10000)
        return put_unit(out, c);
    c -= 0x10000;
    put_unit(out, 0xD800 + (c >> 10));
    return 6 + put_unit(out + 6, 0xDC00 + (c & 0x3FF));
}

/* Puts what is at p, which is not plain. Returns how many bytes that was; 0: an error, noted. */
static size_t put_special(bide_json_writer *w, const unsigned char *p, size_t size)
{
    if (bide__json_writer_room(w, ESCAPE_MAX) < 0)
        return 0;
    if (p[0] < 0x80) {
        w->size += put_escape(w->data + w->size, p[0]);
        return 1;
    }
    unsigned n = bide__json_utf8(p, size);
    if (n == 0) {
        bide__json_writer_fails(w, -EILSEQ, "a text is no UTF-8");
    } else if (w->options.ascii) {
        w->size += put_ascii(w->data + w->size, p, n);
    } else {
        memcpy(w->data + w->size, p, n);
        w->size += n;
    }
    return n;
}

int bide__json_writer_quote(bide_json_writer *w, const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    if (bide__json_writer_room(w, 2) < 0)
        return w->error;
    w->data[w->size++] = '"';
    for (size_t at = 0; at < size;) {
        size_t n = plain(p + at, size - at);
        if (n > 0) {
            if (bide__json_writer_room(w, n) < 0)
                return w->error;
            memcpy(w->data + w->size, p + at, n);
            w->size += n;
        } else {
            n = put_special(w, p + at, size - at);
            if (n == 0)
                return w->error;
        }
        at += n;
    }
    if (bide__json_writer_room(w, 2) < 0) /* the newline after a value has its room, too */
        return w->error;
    w->data[w->size++] = '"';
    return 0;
}

int bide_json_writer_text_sized(bide_json_writer *w, const char *text, size_t size)
{
    size_t before = w->size;
    int rc = bide__json_writer_begin_value(w, size < SIZE_MAX / 8 ? size + 2 : 2);
    if (rc == 0)
        rc = bide__json_writer_quote(w, text, size);
    if (rc < 0) {
        w->size = before;
        return rc;
    }
    return bide__json_writer_end_value(w);
}

int bide_json_writer_text(bide_json_writer *w, const char *text)
{
    return text != NULL ? bide_json_writer_text_sized(w, text, strlen(text))
                        : bide_json_writer_null(w);
}

/* ---- numbers and words ---- */

int bide_json_writer_raw(bide_json_writer *w, const char *text, size_t size)
{
    int rc = bide__json_writer_begin_value(w, size);
    if (rc < 0)
        return rc;
    if (size > 0)
        memcpy(w->data + w->size, text, size);
    w->size += size;
    return bide__json_writer_end_value(w);
}

int bide_json_writer_bool(bide_json_writer *w, bool value)
{
    return value ? bide_json_writer_raw(w, "true", 4) : bide_json_writer_raw(w, "false", 5);
}

int bide_json_writer_null(bide_json_writer *w)
{
    return bide_json_writer_raw(w, "null", 4);
}

int bide_json_writer_i64(bide_json_writer *w, int64_t value)
{
    int rc = bide__json_writer_begin_value(w, BIDE__JSON_NUMBER_MAX);
    if (rc < 0)
        return rc;
    w->size += bide__json_put_i64(w->data + w->size, value);
    return bide__json_writer_end_value(w);
}

int bide_json_writer_u64(bide_json_writer *w, uint64_t value)
{
    int rc = bide__json_writer_begin_value(w, BIDE__JSON_NUMBER_MAX);
    if (rc < 0)
        return rc;
    w->size += bide__json_put_u64(w->data + w->size, value);
    return bide__json_writer_end_value(w);
}

int bide_json_writer_double(bide_json_writer *w, double value)
{
    if (w->error == 0 && !isfinite(value))
        return bide__json_writer_fails(w, -ERANGE, "the double is infinite, or no number");
    int rc = bide__json_writer_begin_value(w, BIDE__JSON_NUMBER_MAX);
    if (rc < 0)
        return rc;
    w->size += bide__json_put_double(w->data + w->size, value);
    return bide__json_writer_end_value(w);
}

/* ---- trees ---- */

static int write_tree(bide_json_writer *w, json_t *j);

static int write_member(bide_json_writer *w, void *member)
{
    int rc = bide_json_writer_key(w, json_object_iter_key(member));
    return rc < 0 ? rc : write_tree(w, json_object_iter_value(member));
}

static int compare_members(const void *a, const void *b)
{
    return strcmp(json_object_iter_key(*(void *const *)a), json_object_iter_key(*(void *const *)b));
}

static int write_sorted(bide_json_writer *w, json_t *j)
{
    size_t count = json_object_size(j), n = 0, bytes = count * sizeof(void *);
    if (count == 0)
        return 0;
    void **members = bide__alloc(bytes);
    if (members == NULL)
        return bide__json_writer_fails(w, -ENOMEM, "out of memory");
    for (void *m = json_object_iter(j); m != NULL; m = json_object_iter_next(j, m))
        members[n++] = m;
    qsort(members, n, sizeof *members, compare_members);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = write_member(w, members[i]);
    bide__free(members, bytes);
    return rc;
}

static int write_object(bide_json_writer *w, json_t *j)
{
    int rc = bide_json_writer_begin_object(w);
    if (rc == 0 && w->options.sorted)
        rc = write_sorted(w, j);
    else
        for (void *m = json_object_iter(j); rc == 0 && m != NULL; m = json_object_iter_next(j, m))
            rc = write_member(w, m);
    return rc < 0 ? rc : bide_json_writer_end(w);
}

static int write_array(bide_json_writer *w, json_t *j)
{
    size_t size = json_array_size(j);
    int rc = bide_json_writer_begin_array(w);
    for (size_t i = 0; rc == 0 && i < size; i++)
        rc = write_tree(w, json_array_get(j, i));
    return rc < 0 ? rc : bide_json_writer_end(w);
}

/* The writer's limit of depth ends the recursion. */
static int write_tree(bide_json_writer *w, json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT: return write_object(w, j);
    case JSON_ARRAY: return write_array(w, j);
    case JSON_STRING:
        return bide_json_writer_text_sized(w, json_string_value(j), json_string_length(j));
    case JSON_INTEGER: return bide_json_writer_i64(w, json_integer_value(j));
    case JSON_REAL: return bide_json_writer_double(w, json_real_value(j));
    case JSON_TRUE: return bide_json_writer_bool(w, true);
    case JSON_FALSE: return bide_json_writer_bool(w, false);
    default: return bide_json_writer_null(w);
    }
}

int bide_json_writer_json(bide_json_writer *w, const bide_json *j)
{
    if (w->error != 0)
        return w->error;
    return j != NULL ? write_tree(w, bide__json_of(j)) : bide_json_writer_null(w);
}

int bide_json_dump(const bide_json *j, const bide_json_writer_options *options,
                   bide_json_writer **writer)
{
    int rc = bide_json_writer_new(options, writer);
    if (rc < 0)
        return rc;
    rc = bide_json_writer_json(*writer, j);
    if (rc < 0) {
        bide_json_writer_free(*writer);
        *writer = NULL;
    }
    return rc;
}
