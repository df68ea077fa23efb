/*
 * bide/http.h: a request that may do harm is sent once. The server ends a kept connection when the
 * second request has arrived on it; libcurl by itself sends that request again. What counts is what
 * the server has received. Time is virtual.
 */
#include <bide/testing.h>

#include "http_wire.h"

static bide_http_client *client;

/* The first request of a connection is answered, and the second ends it. */
static async int answer_one(bide_stream *s)
{
    if (wire.nth == 2)
        return -EPIPE;
    return await wire_hello(s);
}

static async int send_it(bide_http_request q, const char *text)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    q.url = wire_url("/act");
    int n = await bide_http_send(client, &q, &r);
    if (n == 0)
        CHECK_STR(bide_http_body(r), "hello");
    else
        CHECK(strstr(bide_http_error(r), text) != NULL);
    return n;
}

/* Sends it on a connection that was used before. Returns how often it was received. */
static async int times(bide_http_request q, int expected)
{
    client = wire_client((bide_http_options){0});
    CHECK_EQ(await send_it((bide_http_request){0}, ""), 0);
    int before = wire.requests, accepted = wire.accepted;
    CHECK_ERR(await send_it(q, "twice"), expected);
    int count = wire.requests - before;
    CHECK_EQ(wire.accepted - accepted, expected == 0 ? 1 : 0);
    bide_http_client_free(client);
    return count;
}

static async int all_methods(void)
{
    bide_http_request q = {.body = "pay", .body_size = 3};
    CHECK_EQ(await times(q, -ECONNRESET), 1);
    CHECK_EQ(await times((bide_http_request){.method = "POST"}, -ECONNRESET), 1); /* no body */
    q.method = "PATCH";
    CHECK_EQ(await times(q, -ECONNRESET), 1);
    q.method = "TRANSFER";
    CHECK_EQ(await times(q, -ECONNRESET), 1);

    q.may_repeat = true;
    CHECK_EQ(await times(q, 0), 2);
    q = (bide_http_request){.method = "PUT", .body = "set", .body_size = 3};
    CHECK_EQ(await times(q, 0), 2);
    CHECK_EQ(await times((bide_http_request){.method = "DELETE"}, 0), 2);
    CHECK_EQ(await times((bide_http_request){0}, 0), 2);

    const bide_http_header form[] = {{"amount", "100"}};
    CHECK_EQ(await times((bide_http_request){.form = form, .form_count = 1}, -ECONNRESET), 1);
    return 0;
}

/* A streamed body, before a byte of it was given and after. */
static async int streamed(bool gives)
{
    bide_http_response *r = NULL;
    bide_http_request q = {.url = wire_url("/act"), .body_streamed = true, .may_repeat = true};
    client = wire_client((bide_http_options){0});
    CHECK_EQ(await send_it((bide_http_request){0}, ""), 0);
    int before = wire.requests;
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    if (gives)
        CHECK_EQ(await bide_http_upload(r, "pay", 3), 3);
    int n = await bide_http_answer(r);
    CHECK(strstr(bide_http_error(r), "twice") != NULL);
    CHECK_ERR(n, -ECONNRESET);
    CHECK_EQ(wire.requests - before, 1);
    bide_http_response_free(r);
    bide_http_client_free(client);
    return 0;
}

TEST(what_may_do_harm_is_sent_once)
{
    bide_test_time_virtual();
    wire_start(bide_ref(answer_one));
    CHECK_EQ(bide_block_on(all_methods()), 0);
    CHECK_EQ(bide_block_on(streamed(false)), 0);
    CHECK_EQ(bide_block_on(streamed(true)), 0);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

/* A redirection is no repetition: the second request is to another place. */
static async int move(bide_stream *s)
{
    if (!wire_has("POST /act "))
        return await wire_hello(s);
    return await wire_say(s, "HTTP/1.1 307 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
}

static async int moved(void)
{
    client = wire_client((bide_http_options){0});
    CHECK_EQ(await send_it((bide_http_request){.body = "pay", .body_size = 3}, ""), 0);
    CHECK_EQ(wire.requests, 2);
    CHECK(wire_has("POST /there "));
    CHECK_STR(wire.body, "pay");
    bide_http_client_free(client);
    return 0;
}

TEST(a_redirection_is_followed)
{
    bide_test_time_virtual();
    wire_start(bide_ref(move));
    CHECK_EQ(bide_block_on(moved()), 0);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}
