/*
 * http_server.h: a small HTTP server for the tests, on bide's own TCP, in the runtime of the
 * client.
 *
 *   /hello     200, "hello"
 *   /echo      200, the method, the headers Content-Type and X-Test, and the body of the request
 *   /slow/MS   "slow", after MS milliseconds
 *   /half/MS   the same, with the head and half of the body at once
 *   /bytes/N   N bytes, in pieces
 *   /twice     a header that comes twice
 *   /to/PATH   a redirection to /PATH
 *   /loop      a redirection to itself
 *   /nothing   204
 *   /teapot    418 with a body
 *   /cut       ends the connection in mid-body
 *   /reset     resets it in mid-body
 *   /silent    ends it without an answer
 *   /garbage   something that is not HTTP
 */
#ifndef BIDE_TESTS_HTTP_SERVER_H
#define BIDE_TESTS_HTTP_SERVER_H

#include <bide/bide.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "check.h"

static struct {
    bide_tcp_listener *listener;
    int open;     /* connections */
    int accepted; /* so far */
    int answered;
    bide_notify one_closed;
} server;

struct server_request {
    char method[16], path[64], type[64], test[64];
    char body[256];
    size_t body_size;
};

/* The URL of a path, in one of several buffers that are used in turn. */
static const char *url_at(const char *host, const char *path)
{
    static char texts[8][128];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    int port = bide_tcp_port(server.listener);
    snprintf(text, sizeof texts[0], "http://%s:%d%s", host, port, path);
    return text;
}

static inline const char *url(const char *path)
{
    return url_at("127.0.0.1", path);
}

/* Reads a request. Returns 1, 0 at the end of the connection, or an error. */
static async int server_read(bide_reader *reader, struct server_request *q)
{
    char *line;
    int n = await bide_reader_line(reader, &line, NULL);
    if (n <= 0)
        return n;
    *q = (struct server_request){0};
    CHECK_EQ(sscanf(line, "%15s %63s", q->method, q->path), 2);
    while ((n = await bide_reader_line(reader, &line, NULL)) == 1 && line[0] != '\0') {
        sscanf(line, "Content-Length: %zu", &q->body_size);
        sscanf(line, "Content-Type: %63[^\r]", q->type);
        sscanf(line, "X-Test: %63[^\r]", q->test);
    }
    CHECK(q->body_size < sizeof q->body);
    for (size_t done = 0; n == 1 && done < q->body_size;) {
        ssize_t size = await bide_reader_read(reader, q->body + done, q->body_size - done);
        if (size <= 0)
            return (int)size;
        done += (size_t)size;
    }
    return n;
}

static async int server_say(bide_stream *s, const char *text)
{
    return await bide_stream_write_all(s, text, strlen(text), NULL);
}

static async int server_give(bide_stream *s, const char *status, const char *headers,
                             const char *body)
{
    char text[1024];
    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", status,
             strlen(body), headers, body);
    return await server_say(s, text);
}

static async int server_bytes(bide_stream *s, size_t size)
{
    char text[128], piece[1000];
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    int n = await server_say(s, text);
    memset(piece, 'x', sizeof piece);
    while (n == 0 && size > 0) {
        size_t part = size < sizeof piece ? size : sizeof piece;
        n = await bide_stream_write_all(s, piece, part, NULL);
        size -= part;
    }
    return n;
}

static async int server_half(bide_stream *s, int ms)
{
    int n = await server_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl");
    await bide_sleep(BIDE_MS(ms));
    return n < 0 ? n : await server_say(s, "ow");
}

/* Makes the close of the connection, which the caller does, send a reset. */
static int server_reset(bide_stream *s)
{
    struct linger linger = {1, 0};
    setsockopt(bide_stream_fd(s), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return -ECONNRESET;
}

static async int server_break(bide_stream *s, const char *path)
{
    if (strcmp(path, "/silent") == 0)
        return -EPIPE;
    if (strcmp(path, "/garbage") == 0) {
        await server_say(s, "what do you want?\r\n\r\n");
        return -EPIPE;
    }
    await server_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nso far");
    if (strcmp(path, "/cut") == 0)
        return -EPIPE;
    await bide_sleep(BIDE_MS(10)); /* a reset would discard what the client has not read yet */
    return server_reset(s);
}

static async int server_answer(bide_stream *s, const struct server_request *q)
{
    char text[640];
    const char *path = q->path;
    if (strcmp(path, "/hello") == 0)
        return await server_give(s, "200 OK", "Content-Type: text/plain\r\nX-Empty:\r\n", "hello");
    if (strcmp(path, "/echo") == 0) {
        snprintf(text, sizeof text, "%s|%s|%s|%s", q->method, q->type, q->test, q->body);
        return await server_give(s, "200 OK", "", strcmp(q->method, "HEAD") == 0 ? "" : text);
    }
    if (strncmp(path, "/slow/", 6) == 0) {
        await bide_sleep(BIDE_MS(atoi(path + 6)));
        return await server_give(s, "200 OK", "", "slow");
    }
    if (strncmp(path, "/half/", 6) == 0)
        return await server_half(s, atoi(path + 6));
    if (strncmp(path, "/bytes/", 7) == 0)
        return await server_bytes(s, (size_t)atol(path + 7));
    if (strcmp(path, "/twice") == 0)
        return await server_give(s, "200 OK", "X-A: one\r\nx-b:two \r\nX-A: three\r\n", "");
    if (strncmp(path, "/to/", 4) == 0) {
        snprintf(text, sizeof text, "Location: %s\r\nX-Moved: yes\r\n", path + 3);
        return await server_give(s, "302 Found", text, "not this");
    }
    if (strcmp(path, "/loop") == 0)
        return await server_give(s, "302 Found", "Location: /loop\r\n", "");
    if (strcmp(path, "/nothing") == 0)
        return await server_say(s, "HTTP/1.1 204 No Content\r\n\r\n");
    if (strcmp(path, "/teapot") == 0)
        return await server_give(s, "418 I'm a teapot", "", "short and stout");
    return await server_break(s, path);
}

static async void server_serve(bide_stream *s)
{
    server.open++;
    server.accepted++;
    bide_reader *reader = NULL;
    defer {
        bide_reader_free(reader);
        bide_stream_close(s);
        server.open--;
        bide_notify_one(&server.one_closed);
    }
    CHECK_EQ(bide_reader_new(s, 4096, &reader), 0);
    /* Without this the kernel may hold back small pieces for a while, in real time. */
    CHECK_EQ(bide_tcp_set_nodelay(s, true), 0);
    struct server_request q;
    while (await server_read(reader, &q) == 1 && await server_answer(s, &q) == 0)
        server.answered++;
}

static async void server_accept(void)
{
    bide_stream *s;
    while (await bide_tcp_accept(server.listener, &s) == 0)
        bide_spawn(server_serve(s));
}

static void server_start(void)
{
    memset(&server, 0, sizeof server);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &server.listener), 0);
    bide_spawn(server_accept());
}

/* Stops the server when the clients have gone. */
static async int server_stop(void)
{
    bide_tcp_listener_close(server.listener);
    while (server.open > 0)
        await bide_notify_wait(&server.one_closed);
    return 0;
}

#endif
