/*
 * media.c: values with parameters and lists with weights; media.h has the rules.
 */
#include "extra/http/message/media.h"

#include "extra/http/message/bytes.h"

#include <errno.h>
#include <string.h>

static void skip_blanks(struct bide__http_text *s)
{
    while (s->size > 0 && is_blank(*s->at))
        s->at++, s->size--;
}

static struct bide__http_text token(struct bide__http_text *s)
{
    struct bide__http_text t = {s->at, 0};
    while (t.size < s->size && byte_is(s->at[t.size], BYTE_TOKEN))
        t.size++;
    s->at += t.size;
    s->size -= t.size;
    return t;
}

static bool skip_byte(struct bide__http_text *s, char byte)
{
    if (s->size == 0 || *s->at != byte)
        return false;
    s->at++;
    s->size--;
    return true;
}

/* What is between the quotes; s begins behind the first one. */
static bool quoted(struct bide__http_text *s, struct bide__http_text *inside)
{
    size_t n = 0;
    while (n < s->size && s->at[n] != '"') {
        n += s->at[n] == '\\';
        if (n >= s->size || !byte_is(s->at[n], BYTE_VALUE))
            return false;
        n++;
    }
    if (n >= s->size)
        return false;
    *inside = (struct bide__http_text){s->at, n};
    s->at += n + 1;
    s->size -= n + 1;
    return true;
}

int bide__http_param_next(struct bide__http_text *s, struct bide__http_param *param)
{
    bool separated = false;
    skip_blanks(s);
    while (skip_byte(s, ';')) {
        separated = true;
        skip_blanks(s);
    }
    if (s->size == 0)
        return 0;
    param->name = token(s);
    if (!separated || param->name.size == 0 || !skip_byte(s, '='))
        return -EINVAL;
    param->is_quoted = skip_byte(s, '"');
    if (param->is_quoted)
        return quoted(s, &param->value) ? 1 : -EINVAL;
    param->value = token(s);
    return param->value.size > 0 ? 1 : -EINVAL;
}

size_t bide__http_param_value(char *to, const struct bide__http_param *param)
{
    size_t n = 0;
    for (size_t i = 0; i < param->value.size; i++) {
        i += param->is_quoted && param->value.at[i] == '\\' && i + 1 < param->value.size;
        to[n++] = param->value.at[i];
    }
    return n;
}

ssize_t bide__http_quote(char *to, const char *s, size_t size)
{
    size_t n = 0;
    if (bide__http_value_size(s, size) != size)
        return -EINVAL;
    if (bide__http_is_token(s, size)) {
        memcpy(to, s, size);
        return (ssize_t)size;
    }
    to[n++] = '"';
    for (size_t i = 0; i < size; i++) {
        if (s[i] == '"' || s[i] == '\\')
            to[n++] = '\\';
        to[n++] = s[i];
    }
    to[n++] = '"';
    return (ssize_t)n;
}

int bide__http_media_parse(const char *s, size_t size, struct bide__http_media *media)
{
    struct bide__http_text rest = {s, size};
    struct bide__http_param param;
    int rc;
    skip_blanks(&rest);
    media->type = token(&rest);
    if (media->type.size == 0 || !skip_byte(&rest, '/'))
        return -EINVAL;
    media->subtype = token(&rest);
    if (media->subtype.size == 0)
        return -EINVAL;
    media->params = rest;
    while ((rc = bide__http_param_next(&rest, &param)) > 0)
        ;
    return rc;
}

static bool is_type(struct bide__http_text type, struct bide__http_text subtype, const char *wanted)
{
    const char *slash = strchr(wanted, '/');
    return slash != NULL && bide__http_same(type.at, type.size, wanted, (size_t)(slash - wanted)) &&
           bide__http_same(subtype.at, subtype.size, slash + 1, strlen(slash + 1));
}

bool bide__http_media_is(const struct bide__http_media *media, const char *type)
{
    return is_type(media->type, media->subtype, type);
}

bool bide__http_media_param(const struct bide__http_media *media, const char *name,
                            struct bide__http_param *param)
{
    struct bide__http_text rest = media->params;
    while (bide__http_param_next(&rest, param) > 0)
        if (bide__http_same(param->name.at, param->name.size, name, strlen(name)))
            return true;
    return false;
}

/* RFC 9110, 12.4.2: 0 to 1 with at most three digits after the point. */
static bool read_weight(struct bide__http_text t, unsigned *weight)
{
    if (t.size == 0 || t.size > 5 || (t.at[0] != '0' && t.at[0] != '1') ||
        (t.size > 1 && t.at[1] != '.'))
        return false;
    *weight = t.at[0] == '1' ? 1000 : 0;
    unsigned scale = 100;
    for (size_t i = 2; i < t.size; i++, scale /= 10) {
        if (!byte_is(t.at[i], BYTE_DIGIT))
            return false;
        *weight += (unsigned)(t.at[i] - '0') * scale;
    }
    return *weight <= 1000;
}

/* Cuts the weight, and whatever follows it, from a member. */
static bool split_weight(struct bide__http_text *value, unsigned *weight)
{
    const char *semicolon = memchr(value->at, ';', value->size);
    struct bide__http_text rest = {NULL, 0};
    struct bide__http_param param;
    int rc = 0;
    *weight = 1000;
    if (semicolon == NULL)
        return true;
    rest = (struct bide__http_text){semicolon, value->size - (size_t)(semicolon - value->at)};
    for (const char *end = semicolon; (rc = bide__http_param_next(&rest, &param)) > 0;
         end = rest.at)
        if (bide__http_same(param.name.at, param.name.size, "q", 1)) {
            while (end > value->at && is_blank(end[-1]))
                end--;
            value->size = (size_t)(end - value->at);
            return !param.is_quoted && read_weight(param.value, weight);
        }
    return rc == 0;
}

bool bide__http_weighted_next(struct bide__http_text *s, struct bide__http_text *value,
                              unsigned *weight)
{
    while (bide__http_member(&s->at, &s->size, &value->at, &value->size))
        if (split_weight(value, weight))
            return true;
    return false;
}

unsigned bide__http_accept_weight(const char *accept, size_t size, const char *type)
{
    struct bide__http_text rest = {accept, size}, value;
    unsigned weight, best = 0, found = size == 0 ? 1000 : 0;
    size_t group = strcspn(type, "/");
    while (bide__http_weighted_next(&rest, &value, &weight)) {
        const char *slash = memchr(value.at, '/', value.size);
        if (slash == NULL)
            continue;
        struct bide__http_text first = {value.at, (size_t)(slash - value.at)};
        struct bide__http_text second = {slash + 1, value.size - first.size - 1};
        bool any = bide__http_same(second.at, second.size, "*", 1);
        unsigned level = 0;
        if (is_type(first, second, type))
            level = 3;
        else if (any && bide__http_same(first.at, first.size, type, group))
            level = 2;
        else if (any && bide__http_same(first.at, first.size, "*", 1))
            level = 1;
        if (level > best) {
            best = level;
            found = weight;
        }
    }
    return found;
}
