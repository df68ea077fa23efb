/*
 * get.c: looking into a tree: values by path, with their type and their room checked; all children;
 * several values at once.
 */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- values ---- */

const bide_json *bide_json_get(const bide_json *j, const char *path)
{
    json_t *found;
    return bide__json_find(j, path, &found) == 0 ? bide__json_from(found) : NULL;
}

const bide_json *bide_json_member(const bide_json *j, const char *name)
{
    return bide__json_from(json_object_get(bide__json_of(j), name));
}

const bide_json *bide_json_item(const bide_json *j, size_t index)
{
    return bide__json_from(json_array_get(bide__json_of(j), index));
}

static bide_json_type type_of(const json_t *j)
{
    switch (j != NULL ? json_typeof(j) : JSON_NULL) {
    case JSON_OBJECT: return BIDE_JSON_OBJECT;
    case JSON_ARRAY: return BIDE_JSON_ARRAY;
    case JSON_STRING: return BIDE_JSON_TEXT;
    case JSON_INTEGER: return BIDE_JSON_INTEGER;
    case JSON_REAL: return BIDE_JSON_DOUBLE;
    case JSON_TRUE:
    case JSON_FALSE: return BIDE_JSON_BOOL;
    default: return BIDE_JSON_NULL;
    }
}

bide_json_type bide_json_type_of(const bide_json *j)
{
    return type_of(bide__json_of(j));
}

size_t bide_json_count(const bide_json *j)
{
    const json_t *v = bide__json_of(j);
    return json_is_object(v) ? json_object_size(v) : json_array_size(v);
}

/* ---- conversions: 0, -EBADMSG, -ERANGE, -EILSEQ; null is -ENODATA ---- */

static int to_i64(const json_t *j, int64_t *value)
{
    double d;
    if (json_is_integer(j)) {
        *value = json_integer_value(j);
        return 0;
    }
    if (!json_is_real(j))
        return -EBADMSG;
    d = json_real_value(j);
    if (!(d >= -0x1p63 && d < 0x1p63) || d != trunc(d))
        return -ERANGE;
    *value = (int64_t)d;
    return 0;
}

static int to_signed(const json_t *j, size_t size, void *out)
{
    int64_t n;
    int rc = to_i64(j, &n);
    if (rc < 0)
        return rc;
    if (size < sizeof n &&
        (n < -((int64_t)1 << (8 * size - 1)) || n >= (int64_t)1 << (8 * size - 1)))
        return -ERANGE;
    if (size == sizeof(short))
        *(short *)out = (short)n;
    else if (size == sizeof(int))
        *(int *)out = (int)n;
    else
        memcpy(out, &n, sizeof n);
    return 0;
}

static int to_unsigned(const json_t *j, size_t size, void *out)
{
    int64_t n;
    int rc = to_i64(j, &n);
    if (rc < 0)
        return rc;
    if (n < 0 || (size < sizeof n && n >= (int64_t)1 << (8 * size)))
        return -ERANGE;
    if (size == 1)
        *(unsigned char *)out = (unsigned char)n;
    else if (size == sizeof(unsigned short))
        *(unsigned short *)out = (unsigned short)n;
    else if (size == sizeof(unsigned))
        *(unsigned *)out = (unsigned)n;
    else
        memcpy(out, &n, sizeof n);
    return 0;
}

static int to_double(const json_t *j, double *value)
{
    int64_t n;
    double d;
    if (json_is_real(j)) {
        *value = json_real_value(j);
        return 0;
    }
    if (!json_is_integer(j))
        return -EBADMSG;
    n = json_integer_value(j);
    d = (double)n;
    if (d >= 0x1p63 || (int64_t)d != n)
        return -ERANGE;
    *value = d;
    return 0;
}

static int to_text(const json_t *j, bide_json_text *value)
{
    if (!json_is_string(j))
        return -EBADMSG;
    value->data = json_string_value(j);
    value->size = json_string_length(j);
    return 0;
}

static int to_string(const json_t *j, const char **value)
{
    bide_json_text text;
    int rc = to_text(j, &text);
    if (rc == 0 && memchr(text.data, 0, text.size) != NULL)
        rc = -EILSEQ;
    if (rc == 0)
        *value = text.data;
    return rc;
}

static int to_bool(const json_t *j, bool *value)
{
    if (!json_is_boolean(j))
        return -EBADMSG;
    *value = json_is_true(j);
    return 0;
}

static int convert(const json_t *j, uint32_t kind, size_t size, void *out)
{
    if (json_is_null(j))
        return -ENODATA;
    switch (kind) {
    case BIDE__JSON_BOOL: return to_bool(j, out);
    case BIDE__JSON_SIGNED: return to_signed(j, size, out);
    case BIDE__JSON_UNSIGNED: return to_unsigned(j, size, out);
    case BIDE__JSON_DOUBLE: return to_double(j, out);
    case BIDE__JSON_STRING: return to_string(j, out);
    case BIDE__JSON_TEXT: return to_text(j, out);
    case BIDE__JSON_VALUE: *(const bide_json **)out = (const bide_json *)(const void *)j; return 0;
    default: return -EINVAL;
    }
}

static int get(const bide_json *j, const char *path, uint32_t kind, size_t size, void *out)
{
    json_t *found;
    int rc = bide__json_find(j, path, &found);
    return rc < 0 ? rc : convert(found, kind, size, out);
}

int bide_json_get_bool(const bide_json *j, const char *path, bool *value)
{
    return get(j, path, BIDE__JSON_BOOL, sizeof *value, value);
}

int bide_json_get_int(const bide_json *j, const char *path, int *value)
{
    return get(j, path, BIDE__JSON_SIGNED, sizeof *value, value);
}

int bide_json_get_i64(const bide_json *j, const char *path, int64_t *value)
{
    return get(j, path, BIDE__JSON_SIGNED, sizeof *value, value);
}

int bide_json_get_double(const bide_json *j, const char *path, double *value)
{
    return get(j, path, BIDE__JSON_DOUBLE, sizeof *value, value);
}

int bide_json_get_text(const bide_json *j, const char *path, const char **value, size_t *size)
{
    bide_json_text text;
    if (size == NULL)
        return get(j, path, BIDE__JSON_STRING, sizeof *value, value);
    int rc = get(j, path, BIDE__JSON_TEXT, sizeof text, &text);
    if (rc == 0) {
        *value = text.data;
        *size = text.size;
    }
    return rc;
}

/* ---- all children ---- */

bide_json_each bide_json_each_of(const bide_json *j)
{
    bide_json_each each = {.of_ = j, .at_ = json_object_iter(bide__json_of(j))};
    return each;
}

int bide_json_each_next(bide_json_each *each, const char **name, const bide_json **value)
{
    json_t *of = bide__json_of(each->of_);
    const char *key = NULL;
    if (json_is_object(of)) {
        if (each->at_ == NULL)
            return 0;
        key = json_object_iter_key(each->at_);
        *value = bide__json_from(json_object_iter_value(each->at_));
        each->at_ = json_object_iter_next(of, each->at_);
    } else {
        if (each->index_ >= json_array_size(of))
            return 0;
        *value = bide__json_from(json_array_get(of, each->index_++));
    }
    if (name != NULL)
        *name = key;
    return 1;
}

/* ---- several values at once ---- */

static const char *name_of_kind(uint32_t kind)
{
    switch (kind) {
    case BIDE__JSON_BOOL: return "true or false";
    case BIDE__JSON_SIGNED:
    case BIDE__JSON_UNSIGNED: return "a whole number";
    case BIDE__JSON_DOUBLE: return "a number";
    default: return "a text";
    }
}

static const char *name_of_type(const json_t *j)
{
    static const char *const names[] = {"null",   "true or false", "a whole number", "a number",
                                        "a text", "an array",      "an object"};
    return names[type_of(j)];
}

/* For a number that the variable cannot have, of whatever kind: which ones it can. */
static void out_of_range(const bide_json_field *f, const char *path, bide_json_failure *failure)
{
    unsigned bits = 8 * f->size;
    int64_t max = INT64_MAX, min = INT64_MIN;
    if (f->kind == BIDE__JSON_DOUBLE) {
        bide__json_fails(failure, -EBADMSG, "%.80s: the number is out of range", path);
        return;
    }
    if (bits < 64) {
        max = ((int64_t)1 << (f->kind == BIDE__JSON_UNSIGNED ? bits : bits - 1)) - 1;
        min = -max - 1;
    }
    bide__json_fails(failure, -EBADMSG, "%.80s: a whole number from %lld to %lld is needed", path,
                     f->kind == BIDE__JSON_UNSIGNED ? 0LL : (long long)min, (long long)max);
}

/* Why a field has no value, in words. */
static int unpack_fails(const bide_json_field *f, int error, const json_t *found,
                        bide_json_failure *failure)
{
    const char *path = f->path != NULL && *f->path != 0 ? f->path : "the value";
    switch (error) {
    case -EINVAL: return bide__json_fails(failure, error, "%.80s: this is no path", path);
    case -ENODATA:
        bide__json_fails(failure, -EBADMSG, "%.80s: %s", path,
                         found != NULL ? "it is null" : "it is missing");
        break;
    case -ERANGE: out_of_range(f, path, failure); break;
    case -EILSEQ: bide__json_fails(failure, -EBADMSG, "%.80s: it has a zero byte", path); break;
    default:
        if (found != NULL)
            bide__json_fails(failure, -EBADMSG, "%.80s: %s is needed, and this is %s", path,
                             name_of_kind(f->kind), name_of_type(found));
        else
            bide__json_fails(failure, -EBADMSG,
                             "%.80s: what is on the way there is no object or array", path);
    }
    return -EBADMSG;
}

/* 1: *out is there; 0: it is missing, and may be; or an error. */
static int field(const bide_json *j, const bide_json_field *f, void *out,
                 bide_json_failure *failure)
{
    json_t *found = NULL;
    int rc = bide__json_find(j, f->path, &found);
    if (rc == 0)
        rc = convert(found, f->kind, f->size, out);
    if (rc == -ENODATA && f->optional)
        return 0;
    return rc < 0 ? unpack_fails(f, rc, found, failure) : 1;
}

int bide__json_unpack(const bide_json *j, const bide_json_field *fields, size_t count,
                      bide_json_failure *failure)
{
    union {
        int64_t number;
        bide_json_text text;
    } unused;
    for (size_t i = 0; i < count; i++) {
        int rc = field(j, &fields[i], &unused, failure);
        if (rc < 0)
            return rc;
    }
    for (size_t i = 0; i < count; i++)
        (void)field(j, &fields[i], fields[i].out, NULL);
    return 0;
}
