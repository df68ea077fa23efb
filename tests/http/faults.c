/*
 * An HTTP server without memory, in small steps, and cancelled at every await.
 */
#include "peer.h"

#include "cancel.h"
#include "failing.h"

#define TRAILER "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n"

/* All ways to answer. */
static async int answer(bide_http_exchange *x)
{
    char *data;
    size_t size;
    int rc = await bide_http_body_all(x, &data, &size);
    if (rc < 0)
        return rc;
    switch (bide_http_path(x)[1]) {
    case 's':
        rc = bide_http_header_set(x, "X-Way", "pieces");
        if (rc == 0)
            rc = await bide_http_send_begin(x, 200);
        for (int i = 0; i < 3 && rc == 0; i++) {
            await bide_yield();
            rc = await bide_http_send_data(x, data, size);
        }
        return rc < 0 ? rc : bide_http_trailer_add(x, "X-Sum", "9");
    case 'i':
        rc = await bide_http_send_informational(x, 103);
        return rc < 0 ? rc : bide_http_reply_format(x, 200, "%*d", 6000, 1);
    case 'w': await bide_sleep(BIDE_MS(1)); return bide_http_reply_html(x, 200, "<p>");
    default: return bide_http_reply(x, 200, "text/plain", data, size);
    }
}

static const char dialogue[] =
    GET("/") "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"
             "POST /s HTTP/1.1\r\nHost: a\r\n" TRAILER GET("/w")
                 GET("/i") "HEAD /s HTTP/1.1\r\n"
                           "Host: a\r\n\r\n"
                           "GET /w HTTP/1.0\r\n\r\n";

static char expected[16384];

static void begin(void)
{
    serve_with(bide_ref(answer), NULL);
    CHECK(strlen(ask(dialogue)) < sizeof expected);
    strcpy(expected, peer_answer);
    CHECK_EQ(answered("HTTP/1.1 200 OK"), 7);
    CHECK_EQ(answered("HTTP/1.1 103"), 1);
    CHECK_EQ(answered("X-Sum: 9"), 1);
}

/* ---- small steps ---- */

static async int talk_through(size_t capacity)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(capacity, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    await bide_join((void)bide_http_server_serve_stream(server, there),
                    (void)peer_send(here, dialogue, strlen(dialogue), false),
                    (void)peer_receive(here));
    return 0;
}

/* But for the 100 that is sent if the body has not come with the head. */
TEST_LIMIT(reads_and_writes_are_short, 30)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    begin();
    for (size_t capacity = 1; capacity < 200; capacity = capacity * 5 / 4 + 1) {
        CHECK_EQ(bide_block_on(talk_through(capacity)), 0);
        char *at = strstr(peer_answer, go_on);
        if (at != NULL)
            memmove(at, at + strlen(go_on), strlen(at + strlen(go_on)) + 1);
        CHECK_STR(peer_answer, expected);
    }
    serve_end();
}

/* ---- no memory ---- */

/* What is answered is right as far as it goes; then there is an error, or the connection ends. */
static void check_prefix(void)
{
    size_t same = 0;
    while (peer_answer[same] != 0 && peer_answer[same] == expected[same])
        same++;
    if (peer_answer[same] != 0)
        CHECK(strstr(peer_answer, "HTTP/1.1 503 Service Unavailable\r\n") != NULL);
}

static async int talk_again(void)
{
    bide_stream *here, *there;
    int rc = bide_stream_pair(PEER_PIPE, &here, &there);
    if (rc < 0)
        return rc;
    defer {
        bide_stream_close(here);
    }
    await bide_join(rc = bide_http_server_serve_stream(server, there),
                    (void)peer_send(here, dialogue, strlen(dialogue), false),
                    (void)peer_receive(here));
    return rc;
}

TEST_LIMIT(every_allocation_of_a_request_fails_in_turn, 30)
{
    unsigned failures = 0;
    bide_test_time_virtual();
    for (unsigned nth = 1, more = 1; more; nth++) {
        begin();
        bide_http_server_free(server);
        server = NULL;
        serve_with(bide_ref(answer), NULL); /* nothing is kept from before */
        peer_answer[0] = 0;
        alloc_fails(nth);
        int rc = bide_block_on(talk_again());
        more = bide_test_failed("alloc") > 0;
        bide_test_fail("alloc", 0, 0, 0);
        failures += more;
        check_prefix();
        CHECK_ERR(rc, rc != 0 ? -ENOMEM : 0);
        if (!more)
            CHECK_STR(peer_answer, expected);
        else if (peer_answer[0] == 0) /* nothing was said to the client: the caller is told */
            CHECK_ERR(rc, -ENOMEM);
        CHECK_STR(ask(dialogue), expected);
        serve_end();
    }
    CHECK(failures >= 3);
}

/* ---- cancelled ---- */

async int talk_once(void *state);
extern const struct bide_fn bide__desc_talk_once;

async int talk_once(void *state)
{
    (void)state;
    return await talk_again();
}

static void nothing_is_left(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(run->error == 0 || run->error == -ECANCELED);
    bide_http_server_metrics m;
    bide_http_server_metrics_read(server, &m);
    CHECK_EQ(m.connections, 0);
    if (run->error == 0)
        CHECK_STR(peer_answer, expected);
}

TEST_LIMIT(cancelled_at_every_await, 30)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_talk_once, NULL, NULL, nothing_is_left) > 10);
    CHECK_STR(ask(dialogue), expected);
    serve_end();
}
