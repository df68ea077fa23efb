/*
 * cookie.c: reading Cookie and writing Set-Cookie; cookie.h has the rules.
 */
#include "extra/http/message/cookie.h"

#include "extra/http/message/bytes.h"
#include "extra/http/message/date.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_cookie_value(const char *s, size_t size)
{
    if (size >= 2 && s[0] == '"' && s[size - 1] == '"')
        s++, size -= 2;
    for (size_t i = 0; i < size; i++)
        if (!byte_is(s[i], BYTE_COOKIE))
            return false;
    return true;
}

bool bide__http_cookie_next(const char **s, size_t *size, const char **name, size_t *name_size,
                            const char **value, size_t *value_size)
{
    const char *at = *s, *end = *s + *size;
    while (at < end) {
        const char *stop = memchr(at, ';', (size_t)(end - at)), *next;
        next = stop ? stop + 1 : end;
        stop = stop ? stop : end;
        while (at < stop && is_blank(*at))
            at++;
        while (stop > at && is_blank(stop[-1]))
            stop--;
        const char *equal = memchr(at, '=', (size_t)(stop - at));
        if (equal != NULL && bide__http_is_token(at, (size_t)(equal - at)) &&
            is_cookie_value(equal + 1, (size_t)(stop - equal - 1))) {
            *name = at;
            *name_size = (size_t)(equal - at);
            *value = equal + 1;
            *value_size = (size_t)(stop - equal - 1);
            *s = next;
            *size = (size_t)(end - next);
            return true;
        }
        at = next;
    }
    *s = end;
    *size = 0;
    return false;
}

/* The value of an attribute: no control byte, no semicolon, and blanks only inside. */
static bool is_attribute(const char *s)
{
    return s == NULL ||
           (*s != '\0' && bide__http_is_value(s, strlen(s)) && strpbrk(s, ";\t") == NULL);
}

static bool is_valid(const struct bide__http_set_cookie *c)
{
    if (c->name == NULL || !bide__http_is_token(c->name, strlen(c->name)) ||
        (c->value != NULL && !is_cookie_value(c->value, strlen(c->value))) ||
        !is_attribute(c->path) || !is_attribute(c->domain))
        return false;
    if ((unsigned)c->same_site > BIDE__HTTP_SAME_SITE_NONE ||
        (c->domain != NULL && !bide__http_is_host(c->domain, strlen(c->domain))))
        return false;
    if (!c->secure && (c->same_site == BIDE__HTTP_SAME_SITE_NONE || c->partitioned ||
                       strncasecmp(c->name, "__Secure-", 9) == 0))
        return false;
    return strncasecmp(c->name, "__Host-", 7) != 0 ||
           (c->secure && c->domain == NULL && c->path != NULL && strcmp(c->path, "/") == 0);
}

struct out {
    char *to;
    size_t size, room; /* the size may be above the room */
};

static void put(struct out *o, const char *s, size_t size)
{
    if (o->size + size <= o->room)
        memcpy(o->to + o->size, s, size);
    o->size += size;
}

static void put_text(struct out *o, const char *before, const char *s)
{
    put(o, before, strlen(before));
    put(o, s, strlen(s));
}

ssize_t bide__http_set_cookie_write(char *to, size_t room, const struct bide__http_set_cookie *c)
{
    static const char *const same_sites[] = {"", "Lax", "Strict", "None"};
    struct out o = {to, 0, room};
    char text[32];
    if (!is_valid(c))
        return -EINVAL;
    put_text(&o, c->name, "=");
    put_text(&o, "", c->value ? c->value : "");
    if (c->path != NULL)
        put_text(&o, "; Path=", c->path);
    if (c->domain != NULL)
        put_text(&o, "; Domain=", c->domain);
    if (c->has_max_age) {
        snprintf(text, sizeof text, "%lld", (long long)c->max_age_s);
        put_text(&o, "; Max-Age=", text);
    }
    if (c->expires_s != 0) {
        bide__http_date_write(text, c->expires_s);
        text[BIDE__HTTP_DATE_SIZE] = '\0';
        put_text(&o, "; Expires=", text);
    }
    if (c->secure)
        put_text(&o, "; Secure", "");
    if (c->http_only)
        put_text(&o, "; HttpOnly", "");
    if (c->same_site != BIDE__HTTP_SAME_SITE_UNSET)
        put_text(&o, "; SameSite=", same_sites[c->same_site]);
    if (c->partitioned)
        put_text(&o, "; Partitioned", "");
    return o.size <= room ? (ssize_t)o.size : -ENOSPC;
}
