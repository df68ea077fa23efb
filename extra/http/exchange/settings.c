/*
 * exchange/settings.c: the options of a server, with their defaults; and complaints.
 */
#include "extra/http/exchange/exchange.h"

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
    duration(&o->handshake_timeout, BIDE_S(10));
    duration(&o->drain, (bide_duration){BIDE__HTTP_NEVER});
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
    s->limits = bide__http_limits_default;
    s->limits.head_max = s->o.head_bytes_max;
    s->limits.fields_max = s->o.headers_max;
    if (s->limits.target_max > s->o.head_bytes_max / 2)
        s->limits.target_max = s->o.head_bytes_max / 2;
    return server_line(s);
}

void bide__http_complain(const struct bide__http_settings *s, const bide_http_exchange *x,
                         int error, const char *text)
{
    char line[256];
    if (s->o.complain != NULL) {
        s->o.complain(x, error, text, s->o.complain_argument);
        return;
    }
    int size = snprintf(line, sizeof line, "bide: http: %s: %s\n", text, strerror(-error));
    if (size > 0)
        (void)bide__door.write(2, line,
                               (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}
