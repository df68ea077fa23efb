/*
 * bide/http.h: what one request asks for is nothing to the next one of the same client, which is
 * sent with the same handle of libcurl. Each of many requests is sent after each other one, and
 * must be, to the byte, what it is from a new client. Time is virtual.
 */
#include <bide/http_stream.h>
#include <bide/testing.h>

#include "http_wire.h"

#include "runtime/leaf.h"

#include <sys/epoll.h>

static const bide_http_header some[] = {{"X-Some", "1"}, {"Accept", "text/*"}, {"Expect", "x"}},
                              typed[] = {{"Content-Type", "a/b"}}, pairs[] = {{"a b", "c"}};

#define WITH(list) .headers = list, .header_count = sizeof list / sizeof *list
#define BODY(text) .body = text, .body_size = sizeof text - 1

/* `url` is only the path. */
static const struct {
    bide_http_request q;
    bool streams, gives; /* its answer is read in pieces; its body is given so */
    int result;          /* a status or an error */
} rows[] = {
    {{.url = "/"}, .result = 200},
    {{.url = "/", .username = "me", .password = "secret"}, .result = 200},
    {{.url = "/", .bearer = "t0ken"}, .result = 200},
    {{.url = "/", WITH(some)}, .result = 200},
    {{.url = "/", .query = pairs, .query_count = 1}, .result = 200},
    {{.url = "/", BODY("body"), .content_type = "text/plain"}, .result = 200},
    {{.url = "/", BODY("longer body"), WITH(typed)}, .result = 200},
    {{.url = "/", .form = pairs, .form_count = 1}, .result = 200},
    {{.url = "/", .method = "POST"}, .result = 200},
    {{.url = "/", .method = "PUT"}, .result = 200},
    {{.url = "/", .method = "PUT", BODY("put")}, .result = 200},
    {{.url = "/", .method = "GET", BODY("got")}, .result = 200},
    {{.url = "/", .method = "DELETE"}, .result = 200},
    {{.url = "/", .method = "HEAD"}, .result = 200},
    {{.url = "/chunks"}, .result = 200},
    {{.url = "/move", .username = "me", BODY("moves")}, .result = 200},
    {{.url = "/", .response_max_bytes = 1, BODY("large")}, .result = -EMSGSIZE},
    {{.url = "/mute", .timeout = BIDE_MS(1), BODY("late")}, .result = -ETIMEDOUT},
    {{.url = "/cut", .bearer = "cut"}, .result = -ECONNRESET},
    {{.url = "/", .bearer = "streams"}, .streams = true, .result = 200},
    {{.url = "/mute", .bearer = "leaves"}, .streams = true, .result = 0},
    {{.url = "/", .method = "PUT"}, .streams = true, .gives = true, .result = 200},
    {{.url = "/", .username = "gives"}, .streams = true, .gives = true, .result = 200},
};

enum { ROWS = sizeof rows / sizeof *rows };

static char heads[ROWS][sizeof wire.head], bodies[ROWS][sizeof wire.body];

static async int answer(bide_stream *s)
{
    static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    if (wire_has(" /mute "))
        await bide_sleep(BIDE_S(1));
    if (wire_has(" /cut "))
        return await wire_say(s, hello) + 1;
    if (wire_has(" /move "))
        return await wire_say(s, "HTTP/1.1 302 M\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n");
    if (wire_has(" /chunks "))
        return await wire_say(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
    if (wire_has("HEAD "))
        return await wire_say(s, hello);
    return await wire_hello(s);
}

static async int stream(bide_http_client *client, const bide_http_request *q, bool gives, int want)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    char body[16];
    bide_http_request streamed = *q;
    streamed.body_streamed = gives;
    streamed.body_size = gives ? 4 : 0;
    int n = bide_http_start(client, &streamed, &r);
    if (n == 0 && gives)
        n = await bide_http_upload_all(r, "give", 4, NULL);
    if (n == 0 && gives)
        n = bide_http_upload_end(r);
    int requests = wire.requests;
    if (want == 0) { /* it is given up when the server has it */
        while (wire.requests == requests)
            await bide_yield();
        return 0;
    }
    if (n == 0)
        n = await bide_http_answer(r);
    CHECK_EQ(await bide_http_response_read(r, body, sizeof body), 5);
    CHECK_EQ(await bide_http_response_read(r, body, sizeof body), 0);
    return n < 0 ? n : bide_http_status(r);
}

static async int whole(bide_http_client *client, const bide_http_request *q)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_send(client, q, &r);
    if (n < 0)
        return n;
    bool is_head = q->method != NULL && strcmp(q->method, "HEAD") == 0;
    CHECK_STR(bide_http_body(r), is_head ? "" : "hello");
    CHECK_EQ(bide_http_response_length(r), strstr(q->url, "/chunks") != NULL ? -1 : 5);
    return bide_http_status(r);
}

static async void send_row(bide_http_client *client, int i)
{
    bide_http_request q = rows[i].q;
    q.url = wire_url(q.url);
    int n = rows[i].streams ? await stream(client, &q, rows[i].gives, rows[i].result)
                            : await whole(client, &q);
    CHECK_EQ(n, rows[i].result);
}

static async int each_after_each(void)
{
    for (int i = 0; i < ROWS; i++) {
        bide_http_client *client = wire_client((bide_http_options){0});
        await send_row(client, i);
        memcpy(heads[i], wire.head, sizeof wire.head);
        memcpy(bodies[i], wire.body, sizeof wire.body);
        bide_http_client_free(client);
    }
    bide_http_client *client = wire_client((bide_http_options){0});
    defer {
        bide_http_client_free(client);
    }
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < ROWS; k++) {
            await send_row(client, i);
            await send_row(client, k);
            CHECK_STR(wire.head, heads[k]);
            CHECK_STR(wire.body, bodies[k]);
        }
    return 0;
}

TEST_LIMIT(each_request_after_each_other_one, 60)
{
    bide_test_time_virtual();
    wire_start(bide_ref(answer));
    CHECK_EQ(bide_block_on(each_after_each()), 0);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

/* ---- what libcurl keeps in a handle, and no option takes back ---- */

static async int get(bide_http_client *client, const char *host)
{
    bide_http_response *r = NULL;
    const bide_http_header header = {"Host", host};
    const bide_http_request q = {
        .url = wire_url("/"), .headers = &header, .header_count = host != NULL};
    int n = await bide_http_send(client, &q, &r);
    bide_http_response_free(r);
    return n;
}

static async int cookies_of_another_host(void)
{
    bide_http_client *client = wire_client((bide_http_options){.cookies = true});
    CHECK_EQ(bide_http_client_add_cookie(client, "s=secret; domain=bank.test; path=/"), 0);
    CHECK_EQ(await get(client, "bank.test"), 0);
    CHECK(wire_has("Cookie: s=secret\r\n"));
    CHECK_EQ(await get(client, NULL), 0);
    CHECK(!wire_has("Cookie:"));
    bide_http_client_free(client);
    return 0;
}

TEST(a_name_of_a_host_is_for_one_request)
{
    bide_test_time_virtual();
    wire_start(bide_ref(answer));
    CHECK_EQ(bide_block_on(cookies_of_another_host()), 0);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

/* The second request on a connection ends it. */
static async int answer_once(bide_stream *s)
{
    return wire.nth == 1 ? await wire_hello(s) : -EPIPE;
}

static async int many_tries(void)
{
    bide_http_client *client = wire_client((bide_http_options){0});
    for (int i = 0; i < 20; i++)
        CHECK_EQ(await get(client, NULL), 0);
    CHECK_EQ(wire.accepted, 20);
    bide_http_client_free(client);
    return 0;
}

/* libcurl gives up the sixth. */
TEST(tries_are_counted_for_one_request)
{
    bide_test_time_virtual();
    wire_start(bide_ref(answer_once));
    CHECK_EQ(bide_block_on(many_tries()), 0);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

/* ---- a socket that stays in the client's set ---- */

/* Of the runtime's own set, sockets are taken out by their close. */
static int never_leave(int set, int op, int fd, struct epoll_event *event)
{
    int type;
    socklen_t size = sizeof type;
    if (op == EPOLL_CTL_DEL && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0)
        return -EIO;
    return bide__door_real.epoll_ctl(set, op, fd, event);
}

static async int three_requests(void)
{
    bide_http_client *client = wire_client((bide_http_options){0});
    for (int i = 0; i < 3; i++)
        CHECK_EQ(await get(client, NULL), 0);
    CHECK_EQ(wire.accepted, 1);
    bide_http_client_free(client);
    return 0;
}

TEST(a_socket_that_cannot_be_taken_out_is_used_again)
{
    bide_test_time_virtual();
    wire_start(bide_ref(answer));
    bide_test_replace("epoll_ctl", (void (*)(void))never_leave);
    CHECK_EQ(bide_block_on(three_requests()), 0);
    bide_test_replace("epoll_ctl", NULL);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}
