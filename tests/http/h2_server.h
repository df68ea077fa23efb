/*
 * h2_server.h: a server of HTTP/2 on one end of a pair in memory, with a handler for the tests, and
 * the wire at the other end (h2_wire.h).
 *
 *   /        reads the body and answers with "N bytes"
 *   /wait    waits for ever, or until its client goes away
 *   /big     answers with 200,000 bytes at once; /stream sends them in pieces
 *   /echo    sends back what it reads, piece by piece, and the trailers
 *   /held    as /, but reads only after h2_release
 *   /hint    sends 103 first
 *   /show    answers with what it sees of the request
 *   /fail    returns an error; /cut does so in the middle of its response
 *   /close   answers with "Connection: close"
 */
#ifndef BIDE_TESTS_H2_SERVER_H
#define BIDE_TESTS_H2_SERVER_H

#include "extra/http/exchange/meter.h"
#include "extra/http/h2/h2.h"

#include "lib/net/pause.h"

#include "h2_wire.h"

enum { H2_BIG = 200 * 1000 };

static char h2_big[H2_BIG];

static struct {
    unsigned served, ended;
    unsigned cancelled; /* in /wait */
} h2_count;

static async int h2_wait(void)
{
    bool over = false;
    defer {
        h2_count.cancelled += !over;
    }
    await bide_sleep(BIDE_S(1000 * 1000));
    over = true;
    return 0;
}

static async int h2_size(bide_http_exchange *x)
{
    char buffer[4096];
    size_t total = 0;
    ssize_t n;
    while ((n = await bide_http_body_read(x, buffer, sizeof buffer)) > 0)
        total += (size_t)n;
    return n < 0 ? (int)n : bide_http_reply_format(x, 200, "%zu bytes", total);
}

static async int h2_stream(bide_http_exchange *x)
{
    int rc = await bide_http_send_begin(x, 200);
    for (size_t at = 0, n; rc == 0 && at < H2_BIG; at += n) {
        n = H2_BIG - at < 1000 ? H2_BIG - at : 1000;
        rc = await bide_http_send_data(x, h2_big + at, n);
    }
    return rc;
}

static async int h2_echo(bide_http_exchange *x)
{
    char buffer[1000];
    bide_http_field field;
    size_t at = 0;
    int rc = await bide_http_send_begin(x, 200);
    ssize_t n = rc < 0 ? rc : 1;
    while (rc == 0 && (n = await bide_http_body_read(x, buffer, sizeof buffer)) > 0)
        rc = await bide_http_send_data(x, buffer, (size_t)n);
    while (rc == 0 && n == 0 && bide_http_request_trailer_next(x, &at, &field))
        rc = bide_http_trailer_add(x, field.name, field.value);
    return rc < 0 ? rc : (int)n;
}

static bide_notify h2_release = BIDE_NOTIFY_INIT;

static async int h2_held(bide_http_exchange *x)
{
    int rc = await bide_notify_wait(&h2_release);
    return rc < 0 ? rc : await h2_size(x);
}

static async int h2_hint(bide_http_exchange *x)
{
    int rc = bide_http_header_add(x, "Link", "</a.css>; rel=preload");
    if (rc == 0)
        rc = await bide_http_send_informational(x, 103);
    return rc < 0 ? rc : bide_http_reply_text(x, 200, "ok");
}

static int h2_show(bide_http_exchange *x)
{
    const char *cookie = bide_http_request_header(x, "cookie");
    bide_http_header_add(x, "X-Mixed-Case", "Yes");
    return bide_http_reply_format(
        x, 200, "%s %s|%s|%s|%s|%s|%s", bide_http_method(x), bide_http_target(x), bide_http_path(x),
        bide_http_query(x), bide_http_host(x), bide_http_scheme(x), cookie != NULL ? cookie : "");
}

static async int h2_cut(bide_http_exchange *x)
{
    int rc = await bide_http_send_begin(x, 200);
    if (rc == 0)
        rc = await bide_http_send_data(x, "half", 4);
    return rc < 0 ? rc : -EIO;
}

async int h2_handler(bide_http_exchange *x);

async int h2_handler(bide_http_exchange *x)
{
    const char *path = bide_http_path(x);
    h2_count.served++;
    defer {
        h2_count.ended++;
    }
    if (strcmp(path, "/wait") == 0)
        return await h2_wait();
    if (strcmp(path, "/big") == 0)
        return bide_http_reply_borrowed(x, 200, NULL, h2_big, H2_BIG);
    if (strcmp(path, "/stream") == 0)
        return await h2_stream(x);
    if (strcmp(path, "/echo") == 0)
        return await h2_echo(x);
    if (strcmp(path, "/held") == 0)
        return await h2_held(x);
    if (strcmp(path, "/hint") == 0)
        return await h2_hint(x);
    if (strcmp(path, "/show") == 0)
        return h2_show(x);
    if (strcmp(path, "/fail") == 0)
        return -EACCES;
    if (strcmp(path, "/cut") == 0)
        return await h2_cut(x);
    if (strcmp(path, "/close") == 0) {
        bide_http_header_set(x, "Connection", "close");
        return bide_http_reply_text(x, 200, "bye");
    }
    return await h2_size(x);
}

static struct bide__http_connection *h2_connection; /* while it is served */

/* The server is to end. */
static inline void h2_drain(void)
{
    atomic_store_explicit(&h2_connection->home->drains, true, memory_order_relaxed);
    bide__pause_end(&h2_connection->pause);
}

/* What was refused on the last connection. */
static struct bide__http_meter h2_meter;

static inline uint64_t h2_refused(enum bide__http_refusal why)
{
    static struct bide__http_counts sum;
    bide__http_meter_sum(&h2_meter, &sum);
    return sum.refused[why];
}

static inline async int h2_serve_with(bide_stream *stream, const bide_http_server_options *options,
                                      bide_http_handler handler)
{
    struct bide__http_settings settings;
    struct bide__http_home home = {.settings = &settings, .meter = &h2_meter};
    struct bide__http_connection c = {
        .settings = &settings, .home = &home, .stream = stream, .transport = stream};
    CHECK_EQ(bide__http_settings_fill(&settings, handler, options), 0);
    h2_connection = &c;
    bide__http_meter_init(&h2_meter);
    defer {
        bide_stream_close(stream);
    }
    int rc = await bide__h2_serve(&c);
    return rc;
}

static inline async int h2_serve(bide_stream *stream, const bide_http_server_options *options)
{
    return await h2_serve_with(stream, options, bide_ref(h2_handler));
}

#endif
