/*
 * exchange/settings.c: the options of a server, with their defaults; and complaints.
 */
#include "extra/http/exchange/exchange.h"

#include <stdarg.h>
#include <stdio.h>

static void duration(bide_duration *d, bide_duration usual)
{
    if (d->ns == 0)
        *d = usual;
    else if (d->ns < 0)
        d->ns = BIDE__HTTP_NEVER;
}

static void number(uint32_t *n, uint32_t usual)
{
    if (*n == 0)
        *n = usual;
}

static void wide(uint64_t *n, uint64_t usual)
{
    if (*n == 0)
        *n = usual;
}

static void fill(bide_http_server_options *o)
{
    number(&o->head_bytes_max, 16 * 1024);
    number(&o->headers_max, 100);
    duration(&o->head_timeout, BIDE_S(10));
    wide(&o->body_bytes_max, 2 * 1024 * 1024);
    duration(&o->body_timeout, BIDE_S(20));
    number(&o->body_bytes_per_s, 1024);
    wide(&o->unread_bytes_max, 256 * 1024);
    duration(&o->write_timeout, BIDE_S(20));
    duration(&o->linger, BIDE_S(2));
    duration(&o->idle_timeout, BIDE_S(60));
    number(&o->requests_max, 1000 * 1000);
    number(&o->connections_max, 10000);
    number(&o->h2_streams_max, 100);
    number(&o->h2_stream_window, 64 * 1024);
    number(&o->h2_window, 1024 * 1024);
    number(&o->h2_frames_max, 1000);
    number(&o->h2_frames_per_s, 100);
    number(&o->h2_resets_max, 200);
    number(&o->h2_resets_per_s, 20);
    duration(&o->handshake_timeout, BIDE_S(10));
    duration(&o->drain, (bide_duration){BIDE__HTTP_NEVER});
}

/* Windows are numbers of 31 bits, and that of a connection begins with 65535 (RFC 9113, 6.9). */
static void clamp_windows(bide_http_server_options *o)
{
    if (o->h2_stream_window > INT32_MAX)
        o->h2_stream_window = INT32_MAX;
    if (o->h2_window > INT32_MAX)
        o->h2_window = INT32_MAX;
    if (o->h2_window < 65535)
        o->h2_window = 65535;
}

enum { HEAD_MIN = 64, HEAD_MAX = 16 * 1024 * 1024, HEADERS_MAX = 10000 };

static int server_line(struct bide__http_settings *s)
{
    const char *name = s->o.server_header == NULL ? "bide" : s->o.server_header;
    size_t size = strlen(name);
    if (size > 100 || !bide__http_is_value(name, size))
        return -EINVAL;
    if (size > 0)
        s->server_line_size = (uint32_t)sprintf(s->server_line, "Server: %s\r\n", name);
    s->o.server_header = NULL;
    return 0;
}

int bide__http_settings_fill(struct bide__http_settings *s, bide_http_handler handler,
                             const bide_http_server_options *options)
{
    *s = (struct bide__http_settings){.handler = handler};
    if (options != NULL)
        s->o = *options;
    fill(&s->o);
    if (handler == NULL || s->o.head_bytes_max < HEAD_MIN)
        return -EINVAL;
    if (s->o.head_bytes_max > HEAD_MAX)
        s->o.head_bytes_max = HEAD_MAX;
    if (s->o.headers_max > HEADERS_MAX)
        s->o.headers_max = HEADERS_MAX;
    clamp_windows(&s->o);
    s->limits = bide__http_limits_default;
    s->limits.head_max = s->o.head_bytes_max;
    s->limits.fields_max = s->o.headers_max;
    if (s->limits.target_max > s->o.head_bytes_max / 2)
        s->limits.target_max = s->o.head_bytes_max / 2;
    return server_line(s);
}

/* "GET /users/{id}: ", or with the path of the request if it has no route; "" without a request. */
static void name_request(const bide_http_exchange *x, char *name, size_t size)
{
    size_t path_size = 0;
    *name = '\0';
    uint32_t method_size = x == NULL ? 0 : x->request.method_text.size;
    if (method_size == 0)
        return;
    const char *path = bide__http_request_path(x, &path_size);
    if (x->route_text != NULL) {
        path = x->route_text;
        path_size = strlen(path);
    }
    snprintf(name, size, "%.*s %.*s: ", (int)(method_size < 32 ? method_size : 32),
             x->request.fields.base + x->request.method_text.at,
             path_size < 200 ? (int)path_size : 200, path);
}

void bide__http_complain(const struct bide__http_settings *s, const bide_http_exchange *x,
                         int error, const char *text)
{
    char line[640], name[256];
    if (s->o.complain != NULL) {
        s->o.complain(x, error, text, s->o.complain_argument);
        return;
    }
    name_request(x, name, sizeof name);
    int size =
        snprintf(line, sizeof line, "bide: http: %s%.256s: %s\n", name, text, strerror(-error));
    if (size > 0)
        (void)bide__door.write(2, line,
                               (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

int bide__http_misused(bide_http_exchange *x, const char *format, ...)
{
    char text[256];
    va_list arguments;

    x->is_misused = true;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bide__http_complain(x->settings, x, -ENXIO, text);
    return -ENXIO;
}

int64_t bide__http_body_time(const bide_http_exchange *x, int64_t spent_ns)
{
    const bide_http_server_options *o = &x->settings->o;
    int64_t ns = o->body_timeout.ns, more;

    if (ns == BIDE__HTTP_NEVER || o->body_bytes_per_s == UINT32_MAX)
        return ns;
    if (__builtin_mul_overflow((int64_t)(x->body.got / o->body_bytes_per_s), INT64_C(1000000000),
                               &more) ||
        __builtin_add_overflow(ns, more, &ns))
        ns = INT64_MAX - 1; /* some time, and not for ever */
    return ns - spent_ns > 1 ? ns - spent_ns : 1;
}
