/*
 * peer.h: a client of an HTTP server, over a pair in memory. Time is virtual, so a server that
 * waits for another request closes the connection at once, and the date stands still.
 *
 *     serve_with(bide_ref(handler), &options);
 *     CHECK_STR(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), OK("hello"));
 *     serve_end();
 */
#ifndef BIDE_TESTS_HTTP_PEER_H
#define BIDE_TESTS_HTTP_PEER_H

#include <bide/bide.h>
#include <bide/http_server.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define DATE               "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: bide\r\n"
#define TEXT               "Content-Type: text/plain; charset=utf-8\r\n"

/* A response of the server's own making: the status line, what is behind the date. */
#define HEAD(status, rest) "HTTP/1.1 " status "\r\n" DATE rest "\r\n"
#define GET(path)          "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static bide_http_server *server;

static int64_t peer_date(void)
{
    return 784111777;
}

static inline void serve_with(bide_http_handler handler, const bide_http_server_options *options)
{
    bide_test_time_virtual();
    bide_test_replace("date", (void (*)(void))peer_date);
    CHECK_EQ(bide_http_server_new(handler, options, &server), 0);
}

static inline void serve_end(void)
{
    bide_http_server_free(server);
    server = NULL;
}

enum { PEER_PIPE = 4096, PEER_ANSWER = 1 << 20 };

static char peer_answer[PEER_ANSWER + 1];
static size_t peer_size;

static inline async int peer_send(bide_stream *to, const char *data, size_t size, bool ends)
{
    int rc = await bide_stream_write_all(to, data, size, NULL);
    if (rc == 0 && ends)
        (void)bide_stream_shutdown(to);
    return 0;
}

static inline async int peer_receive(bide_stream *from)
{
    ssize_t n;
    peer_size = 0;
    while ((n = await bide_stream_read(from, peer_answer + peer_size, PEER_ANSWER - peer_size)) > 0)
        peer_size += (size_t)n;
    peer_answer[peer_size] = 0;
    return (int)n;
}

/* Sends the bytes, and then the end if `ends`; receives all that comes. */
static inline async int peer_talk(const char *data, size_t size, bool ends)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    int served = 0;
    await bide_join(served = bide_http_server_serve_stream(server, there),
                    (void)peer_send(here, data, size, ends), (void)peer_receive(here));
    return served;
}

static inline const char *ask_bytes(const char *data, size_t size)
{
    CHECK_EQ(bide_block_on(peer_talk(data, size, false)), 0);
    return peer_answer;
}

static inline const char *ask(const char *text)
{
    return ask_bytes(text, strlen(text));
}

/* How often a text occurs in the answer. */
static inline int answered(const char *text)
{
    int n = 0;
    for (const char *at = peer_answer; (at = strstr(at, text)) != NULL; at += strlen(text))
        n++;
    return n;
}

#endif
