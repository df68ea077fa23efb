/*
 * log.c: a line for each request.
 *
 * What a client has sent cannot end the line, nor look like another part of it, nor reach a
 * terminal: all but printable ASCII is escaped. A text that is too long is cut.
 */
#include "lib/async.h"

#include "extra/http/layer/layer.h"

#include <bide/time.h>

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MOST = 1000, LINE_MOST = 32 << 10, STATUS_GONE = 499 };

struct line {
    size_t size;
    bool is_json;
    char text[LINE_MOST];
};

/* What is told of a request. */
struct told {
    int status;
    uint64_t bytes;
    bide_duration time;
};

/* ---- texts ---- */

static void put(struct line *l, const char *text, size_t size)
{
    if (size > sizeof l->text - 2 - l->size)
        size = sizeof l->text - 2 - l->size;
    memcpy(l->text + l->size, text, size);
    l->size += size;
}

static void put_text(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

/* What comes from outside. In JSON a byte is written as the character with its number. */
static void put_foreign(struct line *l, const char *text)
{
    size_t n = strnlen(text, TEXT_MOST);
    char code[8];

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c < 127 && c != '"' && c != '\\') {
            put(l, text + i, 1);
            continue;
        }
        int size = snprintf(code, sizeof code, l->is_json ? "\\u%04x" : "\\x%02X", c);
        put(l, code, (size_t)size);
    }
}

static void put_format(struct line *l, const char *format, ...)
    __attribute__((__format__(__printf__, 2, 3)));

static void put_format(struct line *l, const char *format, ...)
{
    char text[256];
    va_list list;

    va_start(list, format);
    int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (n > 0)
        put(l, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* ---- parts ---- */

static const char *version(const bide_http_exchange *x)
{
    switch (bide_http_version_of(x)) {
    case BIDE_HTTP_1_0: return "HTTP/1.0";
    case BIDE_HTTP_1_1: return "HTTP/1.1";
    default: return "HTTP/2";
    }
}

/* The address without its port; "-" if there is none. */
static void put_address(struct line *l, const bide_http_exchange *x,
                        const bide_http_proxies *proxies)
{
    bide_address address;
    char text[BIDE_ADDRESS_MAX];

    if (bide_http_client_address(x, proxies, &address) < 0 ||
        bide_address_text(&address, text, sizeof text) < 0 || text[0] == '\0') {
        put_text(l, "-");
        return;
    }
    char *colon = bide_address_port(&address) >= 0 ? strrchr(text, ':') : NULL;
    if (colon != NULL)
        *colon = '\0';
    size_t n = strlen(text);
    bool has_brackets = n > 1 && text[0] == '[' && text[n - 1] == ']';
    if (has_brackets)
        text[n - 1] = '\0';
    put_foreign(l, text + has_brackets);
}

static void put_date(struct line *l, bool is_iso)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)bide__door.date();
    struct tm t;

    gmtime_r(&now, &t);
    if (is_iso)
        put_format(l, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                   t.tm_hour, t.tm_min, t.tm_sec);
    else
        put_format(l, "%02d/%.3s/%04d:%02d:%02d:%02d +0000", t.tm_mday,
                   months + (size_t)t.tm_mon * 3, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static void put_header(struct line *l, const bide_http_exchange *x, const char *name)
{
    const char *value = bide_http_request_header(x, name);
    put_text(l, " \"");
    put_foreign(l, value != NULL ? value : "-");
    put_text(l, "\"");
}

/* ---- formats ---- */

static double milliseconds(bide_duration time)
{
    return (double)time.ns / 1e6;
}

static void put_short(struct line *l, const bide_http_exchange *x, const struct told *t,
                      const bide_http_log_options *o)
{
    put_foreign(l, bide_http_method(x));
    put_text(l, " ");
    put_foreign(l, bide_http_target(x));
    put_format(l, " %d %llu %.3fms ", t->status, (unsigned long long)t->bytes,
               milliseconds(t->time));
    put_address(l, x, o->proxies);
}

static void put_common(struct line *l, const bide_http_exchange *x, const struct told *t,
                       const bide_http_log_options *o)
{
    put_address(l, x, o->proxies);
    put_text(l, " - - [");
    put_date(l, false);
    put_text(l, "] \"");
    put_foreign(l, bide_http_method(x));
    put_text(l, " ");
    put_foreign(l, bide_http_target(x));
    put_format(l, " %s\" %d ", version(x), t->status);
    if (t->bytes > 0)
        put_format(l, "%llu", (unsigned long long)t->bytes);
    else
        put_text(l, "-");
    if (o->format == BIDE_HTTP_LOG_COMBINED) {
        put_header(l, x, "Referer");
        put_header(l, x, "User-Agent");
    }
}

static void put_member(struct line *l, const char *name, const char *value)
{
    if (value == NULL)
        return;
    put_format(l, ",\"%s\":\"", name);
    put_foreign(l, value);
    put_text(l, "\"");
}

static void put_json(struct line *l, const bide_http_exchange *x, const struct told *t,
                     const bide_http_log_options *o)
{
    l->is_json = true;
    put_text(l, "{\"time\":\"");
    put_date(l, true);
    put_text(l, "\"");
    put_member(l, "method", bide_http_method(x));
    put_member(l, "target", bide_http_target(x));
    put_member(l, "route", bide_http_matched_path(x));
    put_member(l, "version", version(x));
    put_format(l, ",\"status\":%d,\"bytes\":%llu,\"ms\":%.3f", t->status,
               (unsigned long long)t->bytes, milliseconds(t->time));
    put_text(l, ",\"client\":\"");
    put_address(l, x, o->proxies);
    put_text(l, "\"");
    put_member(l, "agent", bide_http_request_header(x, "User-Agent"));
    put_member(l, "id", bide_http_id(x));
    put_text(l, "}");
}

/* ---- the layer ---- */

static void to_stderr(const char *line, size_t size, void *argument)
{
    (void)argument;
    (void)!bide__door.write(STDERR_FILENO, line, size);
}

static void tell(const bide_http_exchange *x, const struct told *t, const bide_http_log_options *o)
{
    struct line l;

    l.size = 0;
    l.is_json = false;
    if (o->format == BIDE_HTTP_LOG_SHORT)
        put_short(&l, x, t, o);
    else if (o->format == BIDE_HTTP_LOG_JSON)
        put_json(&l, x, t, o);
    else
        put_common(&l, x, t, o);
    l.text[l.size++] = '\n';
    l.text[l.size] = '\0';
    (o->write != NULL ? o->write : to_stderr)(l.text, l.size, o->argument);
}

static void tell_end(const bide_http_exchange *x, bool is_over, int error, bide_instant begin,
                     const bide_http_log_options *o)
{
    struct told t = {.time = bide_elapsed(begin)};
    bool has_begun = x->reply.stage != BIDE__HTTP_OPEN;

    if (!is_over || (error < 0 && x->is_gone))
        t.status = x->is_gone ? STATUS_GONE : 503;
    else if (error < 0 && !has_begun)
        t.status = bide__http_status_due(x, error);
    else
        t.status = x->reply.status != 0 ? x->reply.status : 204;
    t.bytes = has_begun ? x->reply.sent : error < 0 ? 0 : x->reply.size;
    tell(x, &t, o);
}

bide_async int bide_http_layer_log(bide_http_exchange *x)
{
    static const bide_http_log_options none = {0};
    const bide_http_log_options *o = bide_http_layer_data(x);
    bide_instant begin = bide_now();
    bool is_over = false;
    int r = 0;
    if (o == NULL)
        o = &none;
    bide_defer {
        tell_end(x, is_over, r, begin, o);
    }
    r = bide_await bide_http_next(x);
    is_over = true;
    return r;
}
