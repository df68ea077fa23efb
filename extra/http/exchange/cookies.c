/*
 * exchange/cookies.c: cookies in both directions, and headers as values.
 */
#include "extra/http/exchange/typed.h"

#include "extra/http/message/cookie.h"

enum { COOKIE_MOST = 4096 };

const char *bide_http_cookie(bide_http_exchange *x, const char *name)
{
    const struct bide__http_fields *f = &x->request.fields;
    size_t wanted = strlen(name), name_size, value_size;
    const char *at, *found, *value;

    for (uint32_t i = 0; i < f->count; i++) {
        if (f->list[i].known != BIDE__FIELD_COOKIE)
            continue;
        const char *text = bide__http_field_value(f, &f->list[i]);
        size_t size = f->list[i].value_size;
        for (at = text;
             bide__http_cookie_next(&at, &size, &found, &name_size, &value, &value_size);) {
            if (name_size != wanted || memcmp(found, name, wanted) != 0)
                continue;
            if (value_size >= 2 && value[0] == '"' && value[value_size - 1] == '"')
                return bide__http_copy(x, value + 1, value_size - 2);
            return bide__http_copy(x, value, value_size);
        }
    }
    return NULL;
}

int bide_http_cookie_set(bide_http_exchange *x, const char *name, const char *value,
                         const bide_http_cookie_options *options)
{
    static const bide_http_cookie_options none = {0};
    const bide_http_cookie_options *o = options != NULL ? options : &none;
    static const enum bide__http_same_site sites[] = {
        BIDE__HTTP_SAME_SITE_LAX, BIDE__HTTP_SAME_SITE_STRICT, BIDE__HTTP_SAME_SITE_NONE};
    char text[COOKIE_MOST + 1];

    if ((unsigned)o->same_site >= sizeof sites / sizeof sites[0])
        return bide__http_misused(x, "bide_http_cookie_set: %d is no same_site", (int)o->same_site);
    struct bide__http_set_cookie cookie = {
        .name = name,
        .value = value,
        .path = o->path != NULL ? o->path : "/",
        .domain = o->domain,
        .max_age_s = o->max_age_s < 0 ? 0 : o->max_age_s,
        .expires_s = o->max_age_s < 0 ? 1 : 0,
        .same_site = sites[o->same_site],
        .has_max_age = o->max_age_s != 0,
        .secure = o->secure,
        .http_only = !o->for_scripts,
        .partitioned = o->partitioned,
    };
    ssize_t n = bide__http_set_cookie_write(text, COOKIE_MOST, &cookie);
    if (n < 0) { /* the value may be the client's; the rest is the program's */
        cookie.value = "";
        return bide__http_set_cookie_write(text, COOKIE_MOST, &cookie) >= 0
                   ? -EINVAL
                   : bide__http_misused(
                         x, "bide_http_cookie_set: a name or options that no cookie may have");
    }
    text[n] = '\0';
    return bide_http_header_add(x, "Set-Cookie", text);
}

int bide_http_request_header_i64(bide_http_exchange *x, const char *name, int64_t *value)
{
    const char *text = bide_http_request_header(x, name);

    if (text == NULL)
        return bide__http_fail_at(x, -EINVAL, 400, name, "it is missing");
    return bide_http_as_i64(x, name, text, value);
}
