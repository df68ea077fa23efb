/*
 * tree.c: the life of a tree, and changes by path.
 */
#include "internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>

void bide_json_free(bide_json *j)
{
    json_decref(bide__json_of(j));
}

int bide_json_copy(const bide_json *j, bide_json **copy)
{
    *copy = NULL;
    if (j == NULL)
        return -EINVAL;
    unsigned before = bide__json_shortages();
    json_t *made = json_deep_copy(bide__json_of(j));
    if (made == NULL || bide__json_shortages() != before) {
        json_decref(made);
        return -ENOMEM;
    }
    *copy = bide__json_from(made);
    return 0;
}

bool bide_json_equal(const bide_json *a, const bide_json *b)
{
    return json_equal(bide__json_of(a), bide__json_of(b)) != 0;
}

/* ---- changes ---- */

/* The step is good for a place in j. */
static int fits(const json_t *j, const struct bide__json_step *step)
{
    if (step->name != NULL) {
        if (!json_is_object(j))
            return -EBADMSG;
        return bide__json_is_utf8(step->name, step->size) ? 0 : -EILSEQ;
    }
    if (!json_is_array(j))
        return -EBADMSG;
    long size = (long)json_array_size(j);
    return step->appends || (step->index >= -size && step->index <= size) ? 0 : -EBADMSG;
}

/* Puts a value at a place that fits. It takes the value, also if it fails. */
static int put(json_t *j, const struct bide__json_step *step, json_t *value)
{
    int rc;
    if (step->name != NULL) {
        rc = json_object_setn_new_nocheck(j, step->name, step->size, value);
    } else {
        size_t size = json_array_size(j);
        size_t at = step->index < 0 ? size - (size_t)-step->index : (size_t)step->index;
        if (step->appends || at == size)
            rc = json_array_append_new(j, value);
        else
            rc = json_array_set_new(j, at, value);
    }
    return rc == 0 ? 0 : -ENOMEM;
}

/* The child for the step, in which `next` will be a step; made if it is missing. */
static int child(json_t *j, const struct bide__json_step *step, const struct bide__json_step *next,
                 json_t **out)
{
    int rc = step->appends ? -ENODATA : bide__json_child(j, step, out);
    if (rc != -ENODATA)
        return rc;
    rc = fits(j, step);
    if (rc < 0)
        return rc;
    json_t *made = next->name != NULL ? json_object() : json_array();
    if (made == NULL)
        return -ENOMEM;
    *out = made;
    return put(j, step, made);
}

/* Takes `value`, also if it fails. */
static int set(json_t *at, const char *path, json_t *value)
{
    struct bide__json_step steps[2]; /* this one, and the next */
    unsigned i = 0, depth = 0;
    int rc = bide__json_step(&path, true, &steps[0]);
    if (rc <= 0 || at == NULL || value == NULL || value == at) {
        json_decref(value != at ? value : NULL);
        return -EINVAL;
    }
    while ((rc = bide__json_step(&path, false, &steps[!i])) > 0) {
        rc = ++depth < BIDE__JSON_DEPTH ? child(at, &steps[i], &steps[!i], &at) : -EMSGSIZE;
        if (rc < 0)
            break;
        i = !i;
    }
    if (rc == 0)
        rc = fits(at, &steps[i]);
    if (rc == 0)
        return put(at, &steps[i], value);
    json_decref(value);
    return rc;
}

int bide_json_set(bide_json *j, const char *path, bide_json *value)
{
    return set(bide__json_of(j), path, bide__json_of(value));
}

/* A new value, or NULL: there was no memory for it. */
static int set_new(bide_json *j, const char *path, json_t *value)
{
    return value != NULL ? set(bide__json_of(j), path, value) : -ENOMEM;
}

int bide_json_set_null(bide_json *j, const char *path)
{
    return set_new(j, path, json_null());
}

int bide_json_set_bool(bide_json *j, const char *path, bool value)
{
    return set_new(j, path, json_boolean(value));
}

int bide_json_set_i64(bide_json *j, const char *path, int64_t value)
{
    return set_new(j, path, json_integer(value));
}

int bide_json_set_double(bide_json *j, const char *path, double value)
{
    return isfinite(value) ? set_new(j, path, json_real(value)) : -ERANGE;
}

int bide_json_set_text(bide_json *j, const char *path, const char *value)
{
    if (value == NULL)
        return bide_json_set_null(j, path);
    if (!bide__json_is_utf8(value, strlen(value)))
        return -EILSEQ;
    return set_new(j, path, json_string_nocheck(value));
}

int bide_json_remove(bide_json *j, const char *path)
{
    struct bide__json_step steps[2];
    unsigned i = 0;
    json_t *at = bide__json_of(j), *last;
    int rc = bide__json_step(&path, true, &steps[0]), result = 0;
    if (rc <= 0 || at == NULL)
        return -EINVAL;
    while ((rc = bide__json_step(&path, false, &steps[!i])) > 0) {
        if (result == 0)
            result = bide__json_child(at, &steps[i], &at);
        i = !i;
    }
    if (rc == 0 && result == 0)
        result = bide__json_child(at, &steps[i], &last);
    if (rc < 0 || result == -EINVAL)
        return -EINVAL;
    if (result < 0)
        return -ENODATA;
    if (steps[i].name != NULL)
        return json_object_deln(at, steps[i].name, steps[i].size) == 0 ? 0 : -ENODATA;
    size_t size = json_array_size(at);
    size_t index = steps[i].index < 0 ? size - (size_t)-steps[i].index : (size_t)steps[i].index;
    return json_array_remove(at, index) == 0 ? 0 : -ENODATA;
}
