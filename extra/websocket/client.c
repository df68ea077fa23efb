/*
 * client.c: connects (RFC 6455, 4.1): TCP, TLS, the request, the answer. All of it has the time
 * connect_timeout.
 *
 * The answer is read into a buffer of its own, which goes when the connection is made: what stood
 * behind the answer is the first of what the server sends.
 */
#include "lib/async.h"

#include "extra/websocket/handshake.h"

#include "extra/http/message/parse.h"

#include <bide/net.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REQUEST_MAX = 16384, ANSWER_MAX = 16384, FIELDS_MAX = 100 };

/* What a handshake needs while it lasts. */
struct attempt {
    struct bide__ws_url url;
    const bide_websocket_options *options;
    char key[BIDE__WS_KEY + 1];
    size_t size; /* of the answer, up to now */
    struct bide__http_head head;
    struct bide__http_field fields[FIELDS_MAX];
    char text[REQUEST_MAX > ANSWER_MAX ? REQUEST_MAX : ANSWER_MAX];
};

static int __attribute__((format(printf, 4, 5)))
fail(const bide_websocket_options *options, int error, int status, const char *format, ...)
{
    bide_websocket_failure *f = options != NULL ? options->failure : NULL;
    va_list args;

    if (f == NULL)
        return error;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    f->error = error;
    f->status = status;
    return error;
}

static int draw_key(struct attempt *a)
{
    unsigned char bytes[16];
    ssize_t n = bide__door.getrandom(bytes, sizeof bytes, 0);

    if (n != (ssize_t)sizeof bytes)
        return n < 0 ? (int)n : -EAGAIN;
    bide__base64(bytes, sizeof bytes, a->key);
    return 0;
}

static struct attempt *new_attempt(const char *url, const bide_websocket_options *options,
                                   int *error)
{
    struct attempt *a = bide__alloc(sizeof *a);

    *error = -ENOMEM;
    if (a == NULL) {
        fail(options, -ENOMEM, 0, "no memory");
        return NULL;
    }
    a->options = options;
    a->size = 0;
    *error = bide__ws_url_read(url, &a->url);
    if (*error < 0)
        fail(options, *error, 0, "the URL is no good: %.100s", url != NULL ? url : "none");
    else if ((*error = bide__ws_options_check(options)) < 0)
        fail(options, *error, 0, "an option is out of range");
    else if ((*error = draw_key(a)) < 0)
        fail(options, *error, 0, "no random numbers: %s", strerror(-*error));
    if (*error == 0)
        return a;
    bide__free(a, sizeof *a);
    return NULL;
}

/* ---- over a stream ---- */

static bide_async int ask(struct attempt *a, bide_stream *stream)
{
    size_t size = bide__ws_request(a->text, sizeof a->text, &a->url, a->key, a->options);

    if (size == 0 || size >= sizeof a->text)
        return fail(a->options, -EINVAL, 0, "a header or a subprotocol is no good, or too large");
    int r = bide_await bide_stream_write_all(stream, a->text, size, NULL);
    return r < 0 ? fail(a->options, r, 0, "the request was not sent: %s", strerror(-r)) : 0;
}

/* Reads the answer; those that only inform are passed over. */
static bide_async int read_answer(struct attempt *a, bide_stream *stream)
{
    int r = 0;

    for (;;) {
        bide__http_head_begin(&a->head, BIDE__HTTP_RESPONSE, &bide__http_limits_default, a->fields,
                              FIELDS_MAX);
        a->head.answers = BIDE__METHOD_GET;
        while ((r = bide__http_head_parse(&a->head, a->text, a->size)) == 0) {
            if (a->size == sizeof a->text)
                return fail(a->options, -EPROTO, 0, "the server's answer is too large");
            ssize_t n =
                bide_await bide_stream_read(stream, a->text + a->size, sizeof a->text - a->size);
            if (n == 0)
                return fail(a->options, -ECONNABORTED, 0, "the server has ended the connection");
            if (n < 0)
                return fail(a->options, (int)n, 0, "no answer: %s", strerror((int)-n));
            a->size += (size_t)n;
        }
        if (r < 0)
            return fail(a->options, -EPROTO, 0, "the server's answer is no HTTP: %s",
                        a->head.why != NULL ? a->head.why : "it is malformed");
        if (a->head.status >= 200 || a->head.status == 101)
            return 0;
        a->size -= a->head.size;
        memmove(a->text, a->text + a->head.size, a->size);
    }
}

static int make(struct attempt *a, bide_stream *stream, bide_websocket **ws)
{
    struct bide__ws_agreed agreed;
    const char *subprotocol, *why;
    int status = a->head.status;

    why = bide__ws_check_answer(&a->head, a->key, a->options, &agreed, &subprotocol);
    if (why != NULL)
        return fail(a->options, -EPROTO, status != 101 ? status : 0, "%s (status %d)", why, status);
    int r = bide__ws_new(stream, true, a->options, &agreed, subprotocol, NULL, ws);
    if (r == 0)
        r = bide__ws_ahead(*ws, a->text + a->head.size, a->size - a->head.size);
    if (r < 0 && *ws != NULL) {
        bide__ws_abandon(*ws);
        *ws = NULL;
    }
    return r < 0 ? fail(a->options, r, 0, "no memory") : 0;
}

static bide_async int shake(struct attempt *a, bide_stream *stream, bide_websocket **ws)
{
    int r = bide_await ask(a, stream);

    if (r == 0)
        r = bide_await read_answer(a, stream);
    return r < 0 ? r : make(a, stream, ws);
}

/* ---- from a URL ---- */

static bide_async int connect_tls(struct attempt *a, const char *host, bide_stream **stream)
{
    const bide_websocket_options *o = a->options;
    bide_tls_context *own = NULL;
    bide_tls_failure why = {0};
    bide_stream *tls = NULL;
    int r = 0;

    bide_defer {
        bide_tls_context_drop(own);
    }
    if (o == NULL || o->tls == NULL) {
        static const char *const alpn[] = {"http/1.1"};
        const bide_tls_options options = {.alpn = alpn, .alpn_count = 1, .failure = &why};
        r = bide_tls_client_new(&options, &own);
    }
    const bide_tls_stream_options options = {.host = host, .failure = &why};
    if (r == 0)
        r = bide_await bide_tls_connect_with(own != NULL ? own : o->tls, *stream, &options, &tls);
    if (r < 0)
        return fail(o, r, 0, "no TLS: %s", why.text);
    *stream = tls;
    return 0;
}

static bide_async int connect_all(struct attempt *a, bide_websocket **ws)
{
    char host[256];
    bide_stream *stream = NULL;

    if (a->url.host_size >= sizeof host)
        return fail(a->options, -EINVAL, 0, "the host is too long");
    memcpy(host, a->url.host, a->url.host_size);
    host[a->url.host_size] = '\0';
    bide_defer {
        if (*ws == NULL)
            bide_stream_close(stream);
    }
    const bide_tcp_options tcp = {.nodelay = true};
    int r = bide_await bide_tcp_connect_with(host, a->url.port, &tcp, &stream);
    if (r < 0)
        return fail(a->options, r, 0, "no connection to %s, port %d: %s", host, a->url.port,
                    strerror(-r));
    if (a->url.is_secure)
        r = bide_await connect_tls(a, host, &stream);
    return r < 0 ? r : bide_await shake(a, stream, ws);
}

static bide_async int connect_some(struct attempt *a, bide_stream *stream, bide_websocket **ws)
{
    return stream == NULL ? bide_await connect_all(a, ws) : bide_await shake(a, stream, ws);
}

/* ---- in time ---- */

static bool time_of(const bide_websocket_options *options, bide_duration *time)
{
    *time =
        options != NULL && options->connect_timeout.ns != 0 ? options->connect_timeout : BIDE_S(30);
    return time->ns > 0;
}

/* `stream` NULL: one of its own. */
static bide_async int connect_in_time(bide_stream *stream, const char *url,
                                      const bide_websocket_options *options, bide_websocket **ws)
{
    bide_duration time;
    int r, late = 0;

    *ws = NULL;
    struct attempt *a = new_attempt(url, options, &r);
    if (a == NULL)
        return r;
    bide_defer {
        bide__free(a, sizeof *a);
    }
    if (!time_of(options, &time))
        return bide_await connect_some(a, stream, ws);
    late = bide_await bide_timeout(time, r = connect_some(a, stream, ws));
    return late < 0 ? fail(options, late, 0, "the server has not answered in time") : r;
}

bide_async int bide_websocket_connect(const char *url, const bide_websocket_options *options,
                                      bide_websocket **ws)
{
    return bide_await connect_in_time(NULL, url, options, ws);
}

bide_async int bide_websocket_connect_over(bide_stream *stream, const char *url,
                                           const bide_websocket_options *options,
                                           bide_websocket **ws)
{
    return bide_await connect_in_time(stream, url, options, ws);
}
