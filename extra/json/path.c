/*
 * path.c: paths such as "user.tags[0]", taken apart step by step, and the value at one.
 */
#include "internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* A name in quotes; a quote in it is doubled. */
static int quoted_name(const char **path, struct bide__json_step *step)
{
    const char *p = *path + 1;
    size_t size = 0;
    for (; *p != 0; p++) {
        if (*p == '\'' && *++p != '\'') {
            step->name = step->unquoted;
            step->size = size;
            *path = p;
            return 1;
        }
        if (size == sizeof step->unquoted)
            return -EINVAL;
        step->unquoted[size++] = *p;
    }
    return -EINVAL;
}

static int plain_name(const char **path, struct bide__json_step *step)
{
    step->name = *path;
    step->size = strcspn(*path, ".[]'");
    *path += step->size;
    return step->size > 0 ? 1 : -EINVAL;
}

static int an_index(const char **path, struct bide__json_step *step)
{
    const char *p = *path + 1;
    bool negative = *p == '-';
    long n = 0;
    step->name = NULL;
    step->appends = *p == ']';
    if (step->appends) {
        *path = p + 1;
        return 1;
    }
    p += negative;
    const char *digits = p;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (n > LONG_MAX / 20)
            return -EINVAL;
        n = 10 * n + (*p - '0');
    }
    if (p == digits || *p != ']' || (negative && n == 0))
        return -EINVAL;
    step->index = negative ? -n : n;
    *path = p + 1;
    return 1;
}

int bide__json_step(const char **path, bool is_first, struct bide__json_step *step)
{
    const char *p = *path;
    int rc;
    if (p == NULL || *p == 0)
        return 0;
    step->appends = false;
    if (*p == '[') {
        rc = an_index(&p, step);
    } else {
        if (!is_first && *p++ != '.')
            return -EINVAL;
        rc = *p == '\'' ? quoted_name(&p, step) : plain_name(&p, step);
    }
    *path = p;
    return rc;
}

int bide__json_child(json_t *j, const struct bide__json_step *step, json_t **child)
{
    *child = NULL;
    if (step->name == NULL && step->appends)
        return -EINVAL;
    if (j == NULL || json_is_null(j))
        return -ENODATA;
    if (step->name != NULL && json_is_object(j)) {
        *child = json_object_getn(j, step->name, step->size);
    } else if (step->name == NULL && json_is_array(j)) {
        size_t size = json_array_size(j);
        if (step->index >= 0)
            *child = json_array_get(j, (size_t)step->index);
        else if ((size_t)-step->index <= size)
            *child = json_array_get(j, size - (size_t)-step->index);
    } else {
        return -EBADMSG;
    }
    return *child != NULL ? 0 : -ENODATA;
}

int bide__json_find(const bide_json *j, const char *path, json_t **found)
{
    struct bide__json_step step;
    json_t *at = bide__json_of(j);
    int rc, result = at != NULL ? 0 : -ENODATA;
    *found = NULL;
    for (bool first = true; (rc = bide__json_step(&path, first, &step)) > 0; first = false) {
        if (step.appends)
            return -EINVAL;
        if (result == 0) /* else the path is still checked */
            result = bide__json_child(at, &step, &at);
    }
    if (rc < 0)
        return rc;
    if (result == 0)
        *found = at;
    return result;
}
