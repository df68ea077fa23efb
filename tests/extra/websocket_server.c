/*
 * bide/websocket.h with bide/http_server.h and bide/tls.h: a server that answers ordinary requests
 * and upgrades, a client over TCP and TLS, and the end of the server, at which each WebSocket gets
 * 1001.
 */
#include <bide/bide.h>
#include <bide/http_route.h>
#include <bide/testing.h>
#include <bide/websocket.h>

#include <stdio.h>
#include <string.h>

#include "tls_peers.h"

static const char *const protocols[] = {"echo.v2", "echo.v1"};
static const char *const origins[] = {"https://good.example"};
static const bide_websocket_options accepted = {.subprotocols = protocols,
                                                .subprotocol_count = 2,
                                                .origins = origins,
                                                .origin_count = 1,
                                                .deflate = {.on = true, .size_min = 1}};
static _Atomic int ended, refused;

static async int echo(bide_http_exchange *x)
{
    bide_websocket *ws;
    bide_websocket_message m;
    if (strcmp(bide_http_path(x), "/echo") != 0)
        return bide_http_reply_text(x, 200, "hello\n");
    int r = await bide_websocket_accept(x, &accepted, &ws);
    if (r <= 0) {
        refused++;
        return r;
    }
    defer {
        bide_websocket_free(ws);
        ended++;
    }
    while ((r = await bide_websocket_recv(ws, &m)) > 0)
        if ((r = await bide_websocket_send(ws, m.kind, m.data, m.size)) < 0)
            break;
    return r;
}

static async int talks(const char *url, const bide_websocket_options *options, int count)
{
    bide_websocket *ws;
    bide_websocket_message m;
    char text[3000];
    int r = await bide_websocket_connect(url, options, &ws);
    if (r < 0)
        return r;
    defer {
        bide_websocket_free(ws);
    }
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%0*d", 1 + i % 100 * 29, i);
        CHECK_ERR(await bide_websocket_send_text(ws, text), 0);
        CHECK_EQ(await bide_websocket_recv(ws, &m), 1);
        CHECK_STR(m.data, text);
    }
    if (options != NULL && options->subprotocol_count > 0)
        CHECK_STR(bide_websocket_subprotocol(ws), "echo.v2");
    CHECK_EQ(bide_websocket_is_compressed(ws), options != NULL && options->deflate.on);
    return await bide_websocket_close(ws, 1000, "done");
}

static bide_shutdown stop;
static bide_http_server *server;
static char url[100];

/* Also in plain text, by hand. */
static async int asks_by_hand(const char *request, const char *expected)
{
    bide_stream *stream;
    char answer[2000] = "";
    size_t size = 0;
    ssize_t n;
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_http_server_port(server), &stream),
             0);
    CHECK_EQ(await bide_stream_write_all(stream, request, strlen(request), NULL), 0);
    while (size < sizeof answer - 1 &&
           (n = await bide_stream_read(stream, answer + size, sizeof answer - 1 - size)) > 0)
        size += (size_t)n;
    bide_stream_close(stream);
    if (strstr(answer, expected) == NULL)
        fprintf(stderr, "%s\n", answer);
    CHECK(strstr(answer, expected) != NULL);
    return 0;
}

static async void refusals(void)
{
#define HEAD  "Host: a\r\nConnection: close\r\n"
#define WANTS "Host: a\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\n"
    await asks_by_hand("GET / HTTP/1.1\r\n" HEAD "\r\n", "200 OK");
    await asks_by_hand("GET /echo HTTP/1.1\r\n" HEAD "\r\n", "HTTP/1.1 426 ");
    await asks_by_hand("GET /echo HTTP/1.1\r\n" HEAD "\r\n", "Sec-WebSocket-Version: 13\r\n");
    await asks_by_hand("POST /echo HTTP/1.1\r\nContent-Length: 0\r\n" WANTS "\r\n",
                       "HTTP/1.1 405 ");
    await asks_by_hand("GET /echo HTTP/1.1\r\n" WANTS "\r\n", "HTTP/1.1 400 ");
    await asks_by_hand("GET /echo HTTP/1.1\r\n" WANTS
                       "Sec-WebSocket-Version: 13\r\nOrigin: https://evil.example\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                       "HTTP/1.1 403 ");
}

static async int waits_for_the_end(const bide_websocket_options *options)
{
    bide_websocket *ws;
    bide_websocket_message m;
    int r = await bide_websocket_connect(url, options, &ws);
    CHECK_ERR(r, 0);
    defer {
        bide_websocket_free(ws);
    }
    r = await bide_websocket_recv(ws, &m);
    CHECK_EQ(bide_websocket_end_code(ws), BIDE_WEBSOCKET_GOING_AWAY);
    return r;
}

enum { CLIENTS = 10 };

static async void serves(const bide_websocket_options *options)
{
    bide_task(int) clients[CLIENTS], running = bide_spawn(bide_http_server_run(server, &stop));
    const bide_websocket_options zip = {.subprotocols = protocols,
                                        .subprotocol_count = 2,
                                        .origin = "https://good.example",
                                        .tls = options->tls,
                                        .deflate.on = true},
                                 evil = {.origin = "https://evil.example", .tls = options->tls};
    bide_websocket_failure why = {0};
    int r;
    CHECK_ERR(await talks(url, options, 100), 0);
    CHECK_ERR(await talks(url, &zip, 100), 0);
    bide_websocket_options told = evil;
    told.failure = &why;
    CHECK_ERR(await talks(url, &told, 1), -EPROTO);
    CHECK_EQ(why.status, 403);
    if (options->tls == NULL)
        await refusals();
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = bide_spawn(waits_for_the_end(options));
    await bide_sleep(BIDE_MS(100));
    bide_shutdown_begin(&stop);
    for (int i = 0; i < CLIENTS; i++) {
        CHECK_EQ(await bide_task_join(clients[i], &r), 0);
        CHECK_ERR(r, 0);
    }
    CHECK_EQ(await bide_task_join(running, &r), 0);
    CHECK_ERR(r, 0);
    CHECK_EQ(ended, 2 + CLIENTS);
    CHECK_EQ(refused, options->tls == NULL ? 6 : 1);
}

/* ---- refusals as all errors of the server ---- */

static int told_status;

static int tell(bide_http_exchange *x, int error, int status, void *argument)
{
    (void)argument;
    CHECK(error < 0 && bide_http_problem(x) != NULL);
    told_status = status;
    return bide_http_reply_format(x, status, "mine: %s", bide_http_problem(x));
}

static async void asks_who_refuses(void)
{
    bide_task(int) running = bide_spawn(bide_http_server_run(server, &stop));
    await asks_by_hand("GET /echo HTTP/1.1\r\n" HEAD "\r\n",
                       "\r\n\r\nmine: this is a WebSocket, of version 13");
    await asks_by_hand("GET /echo HTTP/1.1\r\n" HEAD "\r\n", "Sec-WebSocket-Version: 13\r\n");
    CHECK_EQ(told_status, 426);
    await asks_by_hand("POST /echo HTTP/1.1\r\nContent-Length: 0\r\n" WANTS "\r\n",
                       "Allow: GET\r\n");
    CHECK_EQ(told_status, 405);
    bide_shutdown_begin(&stop);
    int r = -1;
    CHECK_EQ(await bide_task_join(running, &r), 0);
    CHECK_ERR(r, 0);
}

TEST_LIMIT(refusals_are_errors_of_the_server, 30)
{
    const bide_http_server_options options = {.error = tell};
    stop = (bide_shutdown)BIDE_SHUTDOWN_INIT;
    CHECK_EQ(bide_http_server_new(bide_ref(echo), &options, &server), 0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    bide_block_on(asks_who_refuses());
    bide_http_server_free(server);
}

static void run(const bide_websocket_options *options, bide_tls_context *tls)
{
    const bide_http_server_options of_server = {.tls = tls};
    stop = (bide_shutdown)BIDE_SHUTDOWN_INIT;
    CHECK_EQ(bide_http_server_new(bide_ref(echo), &of_server, &server), 0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    snprintf(url, sizeof url, "%s://127.0.0.1:%d/echo", tls != NULL ? "wss" : "ws",
             bide_http_server_port(server));
    bide_block_on(serves(options));
    bide_http_server_free(server);
}

TEST_LIMIT(over_tcp, 30)
{
    const bide_websocket_options options = {0};
    run(&options, NULL);
}

TEST_LIMIT(over_tls, 30)
{
    peers_begin();
    const bide_websocket_options options = {.tls = peers.of_client};
    run(&options, peers.of_server);
    peers_end();
}

/* ---- no memory ---- */

static async int shakes_hands(bide_websocket_failure *why)
{
    bide_stream *here = NULL, *there = NULL;
    bide_websocket *ws = NULL;
    const bide_websocket_options options = {.subprotocols = protocols,
                                            .subprotocol_count = 2,
                                            .origin = origins[0],
                                            .deflate = {.on = true, .size_min = 1},
                                            .failure = why};
    int r = bide_stream_pair(4096, &here, &there);
    if (r < 0)
        return r;
    defer {
        if (ws == NULL)
            bide_stream_close(here);
        bide_websocket_free(ws);
    }
    await bide_join((void)bide_http_server_serve_stream(server, there), ({
                        r = await bide_websocket_connect_over(here, "ws://a/echo", &options, &ws);
                        if (r == 0)
                            r = await bide_websocket_close(ws, 1000, NULL);
                    }));
    return r;
}

/* Each allocation of a connect and of an accept fails in turn: the client has no memory, or is told
 * 503 by a server that has none, or finds the connection ended. */
TEST_LIMIT(a_handshake_without_memory, 60)
{
    unsigned nth = 0, refusals = 0, failures = 0;
    bide_websocket_failure why = {0};
    bide_test_time_virtual();
    for (bool more = true; more;) {
        CHECK_EQ(bide_http_server_new(bide_ref(echo), NULL, &server), 0);
        why = (bide_websocket_failure){0};
        CHECK_EQ(bide_test_fail("alloc", ++nth, -ENOMEM, 1), 0);
        int r = bide_block_on(shakes_hands(&why));
        more = bide_test_failed("alloc") > 0;
        CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
        if (r == -EPROTO)
            CHECK_EQ(why.status, 503);
        else if (r != -ECONNABORTED && r != -EPIPE)
            CHECK_ERR(r, r != 0 ? -ENOMEM : 0);
        failures += r == -ENOMEM;
        refusals += r == -EPROTO;
        CHECK(more || r == 0);
        CHECK_ERR(bide_block_on(shakes_hands(&why)), 0);
        bide_http_server_free(server);
    }
    CHECK(failures >= 3 && refusals >= 3);
}

static async int connects_nowhere(void)
{
    bide_websocket *ws;
    bide_websocket_failure why = {0};
    const bide_websocket_options options = {.failure = &why};
    int r = await bide_websocket_connect("ws://127.0.0.1:1/", &options, &ws);
    CHECK(ws == NULL && why.error == r && strstr(why.text, "127.0.0.1") != NULL);
    CHECK_ERR(await bide_websocket_connect("http://a/", &options, &ws), -EINVAL);
    return r;
}

TEST(nobody_is_there)
{
    CHECK_ERR(bide_block_on(connects_nowhere()), -ECONNREFUSED);
}
