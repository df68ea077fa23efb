/*
 * secure.c: headers that make browsers more careful. They are set before what is inside runs, so
 * that it may set them otherwise.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <stdio.h>

static int set(bide_http_exchange *x, const char *name, const char *value, const char *usual)
{
    const char *text = value != NULL ? value : usual;
    return text[0] != '\0' ? bide_http_header_set(x, name, text) : 0;
}

static int set_all(bide_http_exchange *x, const bide_http_secure_options *o)
{
    char text[64];
    int r = bide_http_header_set(x, "X-Content-Type-Options", "nosniff");

    if (r == 0)
        r = set(x, "Content-Security-Policy", o->content_policy, "default-src 'self'");
    if (r == 0)
        r = set(x, "X-Frame-Options", o->frame_options, "DENY");
    if (r == 0)
        r = set(x, "Referrer-Policy", o->referrer_policy, "no-referrer");
    if (r < 0 || o->hsts_s == 0 || strcmp(bide_http_client_scheme(x, o->proxies), "https") != 0)
        return r;
    snprintf(text, sizeof text, "max-age=%u", (unsigned)o->hsts_s);
    return bide_http_header_set(x, "Strict-Transport-Security", text);
}

bide_async int bide_http_layer_secure(bide_http_exchange *x)
{
    static const bide_http_secure_options none = {0};
    const bide_http_secure_options *o = bide_http_layer_data(x);
    int r = set_all(x, o != NULL ? o : &none);
    return r < 0 ? r : bide_await bide_http_next(x);
}
