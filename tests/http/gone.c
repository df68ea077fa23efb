/*
 * Clients that go away, at every await of a handler and at every byte of a request.
 */
#include "peer.h"

#include <bide/net.h>

static int stage, unwound, finished;
static bool seen_gone;

static void begin(bide_http_exchange *x)
{
    stage = unwound = finished = 0;
    seen_gone = false;
    if (strstr(bide_http_query(x), "cancel") != NULL)
        bide_http_gone_set(x, BIDE_HTTP_GONE_CANCEL);
    if (strstr(bide_http_query(x), "run") != NULL)
        bide_http_gone_set(x, BIDE_HTTP_GONE_RUN);
}

static async int inner(void)
{
    await bide_yield();
    await bide_sleep(BIDE_S(1));
    return 0;
}

/* Waits in some ways, a second each. */
static async int waits(bide_http_exchange *x)
{
    static bide_mutex mutex = BIDE_MUTEX_INIT;
    char *data;
    begin(x);
    defer {
        unwound++;
        await bide_sleep(BIDE_MS(100));
        unwound++;
    }
    if (bide_http_body_length(x) != 0)
        CHECK_EQ(await bide_http_body_all(x, &data, NULL), 0);
    stage = 1;
    await bide_sleep(BIDE_S(1));
    stage = 2;
    CHECK_EQ(await inner(), 0);
    stage = 3;
    bide_locked(&mutex) {
        await bide_join(bide_sleep(BIDE_S(1)), bide_sleep(BIDE_MS(200)));
    }
    stage = 4;
    CHECK_EQ(await bide_timeout(BIDE_S(1), bide_sleep(BIDE_S(5))), -ETIMEDOUT);
    stage = 5;
    bide_scope(s) {
        bide_scope_spawn(s, inner());
    }
    stage = 6;
    seen_gone = bide_http_is_gone(x);
    finished = 1;
    return bide_http_reply_text(x, 200, "late");
}

/* The client leaves some time after it has sent the request. */
static async int leave_after(const char *request, int64_t ms)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    int rc = -1;
    await bide_join(rc = bide_http_server_serve_stream(server, there), ({
                        (void)await peer_send(here, request, strlen(request), false);
                        await bide_sleep(BIDE_MS(ms));
                        bide_stream_close(here);
                    }));
    return rc;
}

static void check_cancelled(const char *request)
{
    for (int at = 1; at <= 5; at++) {
        CHECK_EQ(bide_block_on(leave_after(request, at * 1000 - 500)), 0);
        CHECK_EQ(stage, at);
        CHECK_EQ(unwound, 2);
        CHECK_EQ(finished, 0);
    }
}

static void check_runs(const char *request)
{
    for (int at = 1; at <= 5; at++) {
        CHECK_EQ(bide_block_on(leave_after(request, at * 1000 - 500)), 0);
        CHECK_EQ(unwound, 2);
        CHECK_EQ(finished, 1);
        CHECK(seen_gone);
    }
}

#define POST(target) "POST " target " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
#define CHUNKED(target)                                                         \
    "POST " target " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" \
    "3\r\nabc\r\n0\r\n\r\n"

TEST(handlers_of_get_and_head_are_cancelled_at_every_await)
{
    serve_with(bide_ref(waits), NULL);
    check_cancelled(GET("/"));
    check_cancelled("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    serve_end();
}

TEST(others_run_to_their_end)
{
    serve_with(bide_ref(waits), NULL);
    check_runs(POST("/"));
    check_runs(CHUNKED("/"));
    check_runs("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
    serve_end();
}

TEST(a_handler_may_decide_otherwise)
{
    serve_with(bide_ref(waits), NULL);
    check_cancelled(POST("/?cancel"));
    check_cancelled(CHUNKED("/?cancel"));
    check_runs(GET("/?run"));
    serve_end();
}

/* ---- ends of one direction ---- */

static async int half_closed(const char *request)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    await bide_join((void)bide_http_server_serve_stream(server, there),
                    (void)peer_send(here, request, strlen(request), true),
                    (void)peer_receive(here));
    return 0;
}

/* It decides when the client has gone already. */
static async int decides_late(bide_http_exchange *x)
{
    stage = unwound = 0;
    defer {
        unwound = 1;
    }
    bide_http_gone_set(x, BIDE_HTTP_GONE_RUN);
    await bide_sleep(BIDE_S(2));
    CHECK(bide_http_is_gone(x));
    bide_http_gone_set(x, BIDE_HTTP_GONE_CANCEL);
    await bide_sleep(BIDE_MS(1));
    stage = 1;
    return 0;
}

TEST(a_handler_may_decide_when_the_client_has_gone)
{
    bide_test_time_virtual();
    serve_with(bide_ref(decides_late), NULL);
    CHECK_EQ(bide_block_on(leave_after(GET("/"), 500)), 0);
    CHECK_EQ(unwound, 1);
    CHECK_EQ(stage, 0);
    serve_end();
}

TEST(a_client_that_ends_its_half_has_gone_unless_the_options_say_otherwise)
{
    serve_with(bide_ref(waits), NULL);
    CHECK_EQ(bide_block_on(half_closed(GET("/"))), 0);
    CHECK_EQ(finished, 0);
    CHECK_EQ(peer_size, 0);
    serve_end();
    serve_with(bide_ref(waits), &(bide_http_server_options){.half_close = true});
    CHECK_EQ(bide_block_on(half_closed(GET("/"))), 0);
    CHECK_EQ(finished, 1);
    CHECK(!seen_gone);
    CHECK_EQ(answered("late"), 1);
    serve_end();
}

/* ---- in the middle of a body ---- */

static ssize_t body_rc;

static async int reads(bide_http_exchange *x)
{
    char some[100];
    while ((body_rc = await bide_http_body_read(x, some, sizeof some)) > 0)
        continue;
    return body_rc < 0 ? (int)body_rc : bide_http_reply_text(x, 200, "whole");
}

TEST(a_read_of_the_body_fails)
{
    serve_with(bide_ref(reads), NULL);
    CHECK_EQ(
        bide_block_on(half_closed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")), 0);
    CHECK_ERR(body_rc, -ECONNRESET);
    CHECK_EQ(peer_size, 0);
    CHECK_EQ(bide_block_on(half_closed(
                 "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")),
             0);
    CHECK_ERR(body_rc, -ECONNRESET);
    CHECK_EQ(peer_size, 0);
    serve_end();
}

static int send_rc;

static async int sends(bide_http_exchange *x)
{
    send_rc = await bide_http_send_begin(x, 200);
    while (send_rc == 0) {
        send_rc = await bide_http_send_data(x, "something", 9);
        await bide_sleep(BIDE_MS(1));
    }
    CHECK_ERR(await bide_http_send_data(x, "something", 9), -EPROTO);
    return send_rc;
}

TEST(a_send_fails)
{
    serve_with(bide_ref(sends), NULL);
    CHECK_EQ(bide_block_on(leave_after(POST("/"), 1000)), 0);
    CHECK(send_rc == -EPIPE || send_rc == -ECONNRESET);
    serve_end();
}

/* ---- at every byte ---- */

static const char dialogue[] =
    GET("/?run") POST("/x") CHUNKED("/y") "GET /z HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

static async int short_wait(bide_http_exchange *x)
{
    char *data;
    int rc = await bide_http_body_all(x, &data, NULL);
    await bide_yield();
    return rc < 0 ? rc : bide_http_reply_text(x, 200, "yes");
}

static async int leave_in(bide_stream *here, size_t size, bool resets)
{
    (void)await peer_send(here, dialogue, size, false);
    for (int i = 0; i < 5; i++)
        await bide_yield();
    if (resets)
        bide_tcp_abort(here);
    else
        bide_stream_close(here);
    return 0;
}

static async int leave_at(size_t size)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    int rc = -1;
    await bide_join(rc = bide_http_server_serve_stream(server, there),
                    (void)leave_in(here, size, false));
    return rc;
}

TEST(a_client_leaves_at_every_byte)
{
    serve_with(bide_ref(short_wait), NULL);
    for (size_t size = 0; size < sizeof dialogue; size++)
        CHECK_EQ(bide_block_on(leave_at(size)), 0);
    bide_http_server_metrics m;
    bide_http_server_metrics_read(server, &m);
    CHECK_EQ(m.connections, 0);
    CHECK_EQ(m.accepted, sizeof dialogue);
    serve_end();
}

static async int reset_at(bide_tcp_listener *listener, size_t size)
{
    bide_stream *here = NULL, *there = NULL;
    int connected = -1, accepted = -1, rc = -1;
    await bide_join(connected =
                        bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &here),
                    accepted = bide_tcp_accept(listener, &there));
    CHECK_EQ(connected, 0);
    CHECK_EQ(accepted, 0);
    await bide_join(rc = bide_http_server_serve_stream(server, there),
                    (void)leave_in(here, size, size % 2 == 0));
    return rc;
}

TEST_LIMIT(a_client_of_a_socket_leaves_or_resets_at_every_byte, 30)
{
    bide_tcp_listener *listener;
    serve_with(bide_ref(short_wait), NULL);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    for (size_t size = 0; size < sizeof dialogue; size++)
        CHECK_EQ(bide_block_on(reset_at(listener, size)), 0);
    bide_tcp_listener_close(listener);
    serve_end();
}
