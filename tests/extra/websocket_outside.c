/*
 * Every async function of bide/websocket.h: outside any runtime, on another runtime than that of
 * the stream below, and at home. Nothing is taken or sent elsewhere: at home the calls then work.
 */
#include "outside.h"

#include <bide/http_server.h>
#include <bide/websocket.h>

#include <errno.h>

static bide_websocket *near, *far;

static async int open_both(void)
{
    bide_tcp_listener *listener;
    bide_stream *one = NULL, *other = NULL;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &one), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &other), 0);
    bide_tcp_listener_close(listener);
    CHECK_EQ(bide_websocket_of_stream(one, BIDE_WEBSOCKET_CLIENT, NULL, 0, NULL, &near), 0);
    CHECK_EQ(bide_websocket_of_stream(other, BIDE_WEBSOCKET_SERVER, NULL, 0, NULL, &far), 0);
    /* what the calls at home receive */
    CHECK_ERR(await bide_websocket_send_text(far, "hello"), 0);
    CHECK_ERR(await bide_websocket_send(far, BIDE_WEBSOCKET_BINARY, "", 0), 0);
    return 0;
}

static void prepare(void)
{
    CHECK_EQ(bide_block_on(open_both()), 0);
}

static void clean(void)
{
    bide_websocket_free(near);
    bide_websocket_free(far);
}

static async int receives(void)
{
    bide_websocket_message m;
    return await bide_websocket_recv(near, &m);
}

static async int receives_part(void)
{
    bide_websocket_message m;
    return await bide_websocket_recv_part(near, &m);
}

static async int sends(void)
{
    return await bide_websocket_send(near, BIDE_WEBSOCKET_TEXT, "hi", 2);
}

static async int sends_text(void)
{
    return await bide_websocket_send_text(near, "hi");
}

static async int sends_part(void)
{
    return await bide_websocket_send_part(near, BIDE_WEBSOCKET_TEXT, "hi", 2, false);
}

static async int pings(void)
{
    return await bide_websocket_ping(near, NULL, 0);
}

static async int closes(void)
{
    int closed = 1, answered = 1;
    bide_websocket_message m;
    await bide_join(closed = bide_websocket_close(near, 1000, NULL), ({
                        while ((answered = await bide_websocket_recv(far, &m)) > 0)
                            ;
                    }));
    CHECK_EQ(closed, answered);
    return closed;
}

/* The URL is looked at before anything else. */
static async int connects(void)
{
    bide_websocket *ws;
    return await bide_websocket_connect("http://a", NULL, &ws);
}

static async int connects_over(void)
{
    bide_websocket *ws;
    const bide_websocket_options options = {.connect_timeout = BIDE_S(-1)};
    bide_stream *stream = bide_websocket_stream(near);
    int r = 0;
    await bide_select_biased(r = bide_websocket_connect_over(stream, "ws://a", &options, &ws));
    return r;
}

static const struct row rows[] = {
    {"bide_websocket_recv", CALL_OF(receives), -ENXIO, -EXDEV, 1},
    {"bide_websocket_recv_part", CALL_OF(receives_part), -ENXIO, -EXDEV, 1},
    {"bide_websocket_send", CALL_OF(sends), -ENXIO, -EXDEV, 0},
    {"bide_websocket_send_text", CALL_OF(sends_text), -ENXIO, -EXDEV, 0},
    {"bide_websocket_send_part", CALL_OF(sends_part), -ENXIO, -EXDEV, 0},
    {"bide_websocket_ping", CALL_OF(pings), -ENXIO, -EXDEV, 0},
    {"bide_websocket_close", CALL_OF(closes), -ENXIO, -EXDEV, ROW_SKIP},
    {"bide_websocket_connect", CALL_OF(connects), -EINVAL, -EINVAL, -EINVAL},
    {"bide_websocket_connect_over", CALL_OF(connects_over), -ENXIO, -EXDEV, ROW_SKIP},
    /* of an exchange, which is at home where its handler runs */
    {"bide_websocket_accept", NULL, ROW_SKIP, ROW_SKIP, ROW_SKIP},
};

TEST_LIMIT(websocket_outside_elsewhere_and_at_home, 60)
{
    check_rows(rows, sizeof rows / sizeof *rows, prepare, clean);
}

/* What the calls that were refused have left undone. */
static async int works_still(void)
{
    bide_websocket_message m;
    CHECK_EQ(await bide_websocket_recv(near, &m), 1);
    CHECK_STR(m.data, "hello");
    CHECK_ERR(await bide_websocket_send_text(near, "hi"), 0);
    CHECK_EQ(await bide_websocket_recv(far, &m), 1);
    CHECK_STR(m.data, "hi");
    CHECK_EQ(bide_websocket_sent(near), 1);
    return 0;
}

TEST(a_call_elsewhere_takes_nothing)
{
    CHECK_EQ(bide_runtime_new(NULL, &row_home), 0);
    CHECK_EQ(bide_runtime_new(NULL, &row_other), 0);
    bide_runtime_enter(row_home);
    prepare();
    for (size_t i = 0; i < 6; i++) {
        CHECK_ERR(run_outside(rows[i].call), -ENXIO);
        CHECK_ERR(run_on(row_other, rows[i].call), -EXDEV);
    }
    CHECK_EQ(bide_block_on(works_still()), 0);
    clean();
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_shutdown(row_home, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_shutdown(row_other, BIDE_S(5)), 0);
    CHECK_EQ(bide_runtime_free(row_home), 0);
    CHECK_EQ(bide_runtime_free(row_other), 0);
}

TEST(every_async_function_of_websocket_has_a_row)
{
    CHECK_EQ(check_covers("websocket", rows, sizeof rows / sizeof *rows), 10);
}
