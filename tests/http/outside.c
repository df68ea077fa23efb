/*
 * Every async function of bide/http_server.h: outside any runtime, on another runtime than that of
 * its listener or its connection, and at home. What a handler calls is awaited in the task of its
 * connection, so it is tried in one: over a pair in memory, which belongs to no runtime.
 */
#include "outside.h"

#include "peer.h"

#include "extra/http/server/inside.h"

static bide_tcp_listener *listener;
static bide_stream *here, *there;
static bide_shutdown stop = BIDE_SHUTDOWN_INIT;

/* All that a handler may await, once. */
static async int all(bide_http_exchange *x)
{
    char *data, byte;
    bide_stream *stream;
    CHECK_EQ(await bide_http_body_read(x, &byte, 1), 1);
    CHECK_EQ(await bide_http_body_all(x, &data, NULL), 0);
    CHECK_EQ(await bide_http_drain_wait(x), 0);
    CHECK_EQ(await bide_http_send_informational(x, 103), 0);
    CHECK_ERR(await bide_http_upgrade(x, "none", &stream), -EOPNOTSUPP);
    CHECK_EQ(await bide_http_send_begin(x, 200), 0);
    CHECK_EQ(await bide_http_send_data(x, data, 1), 0);
    CHECK_EQ(await bide_http_send_end(x), 0);
    return 0;
}

static void prepare_pair(void)
{
    static const char request[] =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab";
    CHECK_EQ(bide_http_server_new(bide_ref(all), NULL, &server), 0);
    bide__http_drain(server);
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    CHECK_EQ(bide_block_on(peer_send(here, request, strlen(request), false)), 0);
}

static void clean_pair(void)
{
    CHECK_EQ(bide_block_on(peer_receive(here)), 0);
    CHECK_EQ(answered("HTTP/1.1 200 OK"), 1);
    bide_stream_close(here);
    serve_end();
}

static async int serves(void)
{
    return await bide_http_server_serve_stream(server, there);
}

static void prepare_listener(void)
{
    stop = (bide_shutdown)BIDE_SHUTDOWN_INIT;
    CHECK_EQ(bide_http_server_new(bide_ref(all), NULL, &server), 0);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(bide_http_server_add_tcp(server, listener), 0);
    CHECK_EQ(bide_http_server_port(server), bide_tcp_port(listener));
}

static async int runs(void)
{
    bide_shutdown_begin(&stop);
    return await bide_http_server_run(server, &stop);
}

static int silent;

static void silence(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)error, (void)text, (void)argument;
    silent++;
}

static void prepare_quiet(void)
{
    prepare_listener();
    server->settings.o.complain = silence;
}

/* What a handler awaits is in the first call. Outside a runtime there are no segments, which a
 * select over a stream needs. */
static const struct row pairs[] = {
    {"bide_http_server_serve_stream", CALL_OF(serves), ROW_SKIP, 0, 0},
    {"bide_http_body_read", CALL_OF(serves), ROW_SKIP, 0, 0},
    {"bide_http_body_all", CALL_OF(serves), ROW_SKIP, 0, 0},
    {"bide_http_send_begin", CALL_OF(serves), ROW_SKIP, 0, 0},
    {"bide_http_send_data", CALL_OF(serves), ROW_SKIP, 0, 0},
    {"bide_http_send_end", CALL_OF(serves), ROW_SKIP, 0, 0},
    {"bide_http_send_informational", CALL_OF(serves), ROW_SKIP, 0, 0},
    {"bide_http_upgrade", CALL_OF(serves), ROW_SKIP, 0, 0},
    {"bide_http_drain_wait", CALL_OF(serves), ROW_SKIP, 0, 0},
};
static const struct row runs_row = {"bide_http_server_run", CALL_OF(runs), -ENXIO, -EXDEV, 0};

TEST(http_server_outside_elsewhere_and_at_home)
{
    check_rows(pairs, 1, prepare_pair, clean_pair);
    check_rows(&runs_row, 1, prepare_quiet, serve_end);
}

TEST(every_async_function_of_http_server_has_a_row)
{
    struct row rows[10];
    memcpy(rows, pairs, sizeof pairs);
    rows[9] = runs_row;
    CHECK_EQ(check_covers("http_server", rows, 10), 10);
}
