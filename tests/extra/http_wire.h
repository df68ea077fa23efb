/*
 * http_wire.h: a server for tests of the HTTP client that keeps what it was sent, to the byte, and
 * answers as the test says.
 *
 *   static async int answer(bide_stream *s) { return await wire_say(s, "HTTP/1.1 204 N\r\n\r\n"); }
 *   wire_start(bide_ref(answer));
 *   ... bide_http_get(client, wire_url("/x"), &r) ...
 *   CHECK_EQ(wire.requests, 1);
 *   CHECK(wire_has("GET /x HTTP/1.1\r\n"));
 *   await wire_stop();
 *
 * A function that answers returns 0 to keep the connection, and anything else to end it.
 */
#ifndef BIDE_TESTS_HTTP_WIRE_H
#define BIDE_TESTS_HTTP_WIRE_H

#include <bide/bide.h>
#include <bide/http_stream.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"

typedef bide_async_fn(int, bide_stream *) wire_answer;

static struct {
    bide_tcp_listener *listener;
    wire_answer answer;
    int accepted, open;
    int requests;     /* whose head was read */
    int nth;          /* of the last request on its connection, from 1 */
    bool leaves_body; /* `answer` reads the body, if it wants it */
    char head[8192];  /* of the last request */
    char body[8192];  /* its beginning */
    size_t body_size;
    bide_notify one_closed;
} wire;

static const char *wire_url_of(const char *scheme, const char *host, const char *path)
{
    static char texts[8][256];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    snprintf(text, sizeof texts[0], "%s%s:%d%s", scheme, host, bide_tcp_port(wire.listener), path);
    return text;
}

static inline const char *wire_url(const char *path)
{
    return wire_url_of("http://", "127.0.0.1", path);
}

/* True if the head of the last request has this text. */
static inline bool wire_has(const char *text)
{
    return strstr(wire.head, text) != NULL;
}

static async int wire_say(bide_stream *s, const char *text)
{
    return await bide_stream_write_all(s, text, strlen(text), NULL);
}

static inline async int wire_hello(bide_stream *s)
{
    return await wire_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

/* Reads a head, byte by byte, so that nothing after it is taken. Returns 1, or 0 at the end. */
static async int wire_head(bide_stream *s)
{
    size_t size = 0;
    while (size < 4 || memcmp(wire.head + size - 4, "\r\n\r\n", 4) != 0) {
        char c;
        ssize_t n = await bide_stream_read(s, &c, 1);
        if (n <= 0)
            return 0;
        CHECK(size < sizeof wire.head - 1);
        wire.head[size++] = c;
        wire.head[size] = '\0';
    }
    return 1;
}

static async int wire_body(bide_stream *s)
{
    const char *length = strstr(wire.head, "Content-Length: ");
    size_t size = length == NULL ? 0 : (size_t)strtoul(length + 16, NULL, 10);
    wire.body_size = 0;
    wire.body[0] = '\0';
    while (wire.body_size < size) {
        char piece[4096];
        size_t part = size - wire.body_size;
        ssize_t n = await bide_stream_read(s, piece, part < sizeof piece ? part : sizeof piece);
        if (n <= 0)
            return 0;
        if (wire.body_size + (size_t)n < sizeof wire.body)
            memcpy(wire.body + wire.body_size, piece, (size_t)n);
        wire.body_size += (size_t)n;
    }
    wire.body[size < sizeof wire.body ? size : 0] = '\0';
    return 1;
}

static async void wire_serve(bide_stream *s)
{
    wire.accepted++;
    wire.open++;
    defer {
        bide_stream_close(s);
        wire.open--;
        bide_notify_one(&wire.one_closed);
    }
    for (int nth = 1; await wire_head(s) == 1; nth++) {
        wire.requests++;
        wire.nth = nth;
        if (!wire.leaves_body && await wire_body(s) != 1)
            break;
        if (await (*wire.answer)(s) != 0)
            break;
    }
}

static async void wire_accept(void)
{
    bide_stream *s;
    while (await bide_tcp_accept(wire.listener, &s) == 0) {
        CHECK_EQ(bide_tcp_set_nodelay(s, true), 0);
        bide_task(void) task = bide_spawn(wire_serve(s));
        if (bide_task_is_unmade(task)) /* an allocation fails, and it may be this one */
            bide_stream_close(s);
    }
}

static void wire_start(wire_answer answer)
{
    memset(&wire, 0, sizeof wire);
    wire.answer = answer;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &wire.listener), 0);
    bide_spawn(wire_accept());
}

/* When the clients have gone. */
static async int wire_stop(void)
{
    bide_tcp_listener_close(wire.listener);
    while (wire.open > 0)
        await bide_notify_wait(&wire.one_closed);
    return 0;
}

static inline bide_http_client *wire_client(bide_http_options options)
{
    bide_http_client *client;
    if (options.proxy == NULL)
        options.proxy = "";
    CHECK_EQ(bide_http_client_new(&options, &client), 0);
    return client;
}

#endif
