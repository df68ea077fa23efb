/*
 * cors.c: which other sites may use this one from a browser (Fetch, §3.2).
 *
 * The headers are set before what is inside runs, so that they are on streams and errors, too. With
 * credentials a star would be read as a name, so what was asked for is written in its place, and
 * Vary says that the answer depends on it.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <stdio.h>

enum { MAX_AGE_DEFAULT = 600, LIST_MOST = 1024 };

/* A list of the options. */
struct list {
    const char *const *texts;
    size_t count;
};

static struct list origins_of(const bide_http_cors_options *o)
{
    return (struct list){o->origins, o->origin_count};
}

static bool has(struct list list, const char *text)
{
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.texts[i], text) == 0)
            return true;
    return false;
}

static bool allows_all(struct list list)
{
    return has(list, "*");
}

static bool allows_origin(const bide_http_cors_options *o, const char *origin)
{
    return allows_all(origins_of(o)) || has(origins_of(o), origin) ||
           (o->allows != NULL && o->allows(origin, o->argument));
}

/* Every site gets the same answer. */
static bool is_open(const bide_http_cors_options *o)
{
    return allows_all(origins_of(o)) && !o->credentials;
}

/* 1: the origin is allowed, and the headers that say so are set; 0: it is not. */
static int set_origin(bide_http_exchange *x, const bide_http_cors_options *o)
{
    const char *origin = bide_http_request_header(x, "Origin");
    int r = is_open(o) ? 0 : bide__http_vary(x, "Origin");

    if (r < 0 || origin == NULL || !allows_origin(o, origin))
        return r;
    r = bide_http_header_set(x, "Access-Control-Allow-Origin", is_open(o) ? "*" : origin);
    if (r == 0 && o->credentials)
        r = bide_http_header_set(x, "Access-Control-Allow-Credentials", "true");
    return r < 0 ? r : 1;
}

/* The list as a header; nothing if it is empty. */
static int set_list(bide_http_exchange *x, const char *name, struct list list)
{
    char text[LIST_MOST];
    size_t n = 0;

    for (size_t i = 0; i < list.count; i++) {
        int size = snprintf(text + n, sizeof text - n, "%s%s", n > 0 ? ", " : "", list.texts[i]);
        if (size < 0 || (size_t)size >= sizeof text - n)
            return -E2BIG;
        n += (size_t)size;
    }
    return n > 0 ? bide_http_header_set(x, name, text) : 0;
}

/* What was asked for, if all of it are tokens: it comes from outside. */
static int set_asked(bide_http_exchange *x, const char *name, const char *asked)
{
    const char *rest = asked, *member;
    size_t size = strlen(asked), member_size;

    while (bide__http_member(&rest, &size, &member, &member_size))
        if (!bide__http_is_token(member, member_size))
            return 0;
    return *asked != '\0' ? bide_http_header_set(x, name, asked) : 0;
}

static int set_methods(bide_http_exchange *x, const bide_http_cors_options *o, const char *method)
{
    static const char name[] = "Access-Control-Allow-Methods";
    const struct list list = {o->methods, o->method_count};

    if (!allows_all(list))
        return set_list(x, name, list);
    return o->credentials ? set_asked(x, name, method) : bide_http_header_set(x, name, "*");
}

/* A star does not stand for Authorization, so what was asked for is written in its place. */
static int set_headers(bide_http_exchange *x, const bide_http_cors_options *o)
{
    static const char name[] = "Access-Control-Allow-Headers";
    const char *asked = bide_http_request_header(x, "Access-Control-Request-Headers");
    const struct list list = {o->headers, o->header_count};

    if (!allows_all(list))
        return set_list(x, name, list);
    return asked != NULL ? set_asked(x, name, asked) : 0;
}

static int set_private(bide_http_exchange *x, const bide_http_cors_options *o)
{
    const char *asked = bide_http_request_header(x, "Access-Control-Request-Private-Network");

    if (!o->private_network || asked == NULL || strcmp(asked, "true") != 0)
        return 0;
    return bide_http_header_set(x, "Access-Control-Allow-Private-Network", "true");
}

static int preflight(bide_http_exchange *x, const bide_http_cors_options *o, const char *method)
{
    char age[16];
    int allowed = set_origin(x, o);
    int r = allowed < 0 ? allowed : bide__http_vary(x, "Access-Control-Request-Method");

    if (r == 0)
        r = bide__http_vary(x, "Access-Control-Request-Headers");
    if (r == 0 && allowed > 0) {
        snprintf(age, sizeof age, "%u",
                 (unsigned)(o->max_age_s != 0 ? o->max_age_s : MAX_AGE_DEFAULT));
        r = set_methods(x, o, method);
        if (r == 0)
            r = set_headers(x, o);
        if (r == 0)
            r = set_private(x, o);
        if (r == 0)
            r = bide_http_header_set(x, "Access-Control-Max-Age", age);
    }
    return r < 0 ? r : bide_http_reply_status(x, 204);
}

bide_async int bide_http_layer_cors(bide_http_exchange *x)
{
    static const bide_http_cors_options none = {0};
    const bide_http_cors_options *o = bide_http_layer_data(x);
    const char *method = bide_http_request_header(x, "Access-Control-Request-Method");
    if (o == NULL)
        o = &none;
    if (x->request.method == BIDE__METHOD_OPTIONS && method != NULL &&
        bide_http_request_header(x, "Origin") != NULL)
        return preflight(x, o, method);
    int r = set_origin(x, o);
    if (r > 0)
        r = set_list(x, "Access-Control-Expose-Headers",
                     (struct list){o->exposed, o->exposed_count});
    return r < 0 ? r : bide_await bide_http_next(x);
}
