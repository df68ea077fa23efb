/*
 * bide/http.h: requests and answers, limits, and what goes wrong with either. Time is virtual.
 */
#include <bide/http.h>
#include <bide/testing.h>

#include "http_server.h"

static bide_http_client *client;
static bide_http_response *answer;

/* A test is an async function, run with a server and a client. */
#define HTTP_TEST(name) HTTP_TEST_WITH(name, .user_agent = NULL)
#define HTTP_TEST_WITH(name, ...)                              \
    static async int run_##name(void);                         \
    TEST(name)                                                 \
    {                                                          \
        begin(&(bide_http_options){.proxy = "", __VA_ARGS__}); \
        CHECK_EQ(bide_block_on(run_##name()), 0);              \
        end();                                                 \
    }                                                          \
    static async int run_##name(void)

static void begin(const bide_http_options *options)
{
    bide_test_time_virtual();
    server_start();
    CHECK_EQ(bide_http_client_new(options, &client), 0);
}

static void forget(void)
{
    bide_http_response_free(answer);
    answer = NULL;
}

static void end(void)
{
    forget();
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(server_stop()), 0);
}

static int milliseconds_since(bide_instant start)
{
    return (int)(bide_elapsed(start).ns / 1000000);
}

/* ---- what works ---- */

HTTP_TEST(get)
{
    CHECK_EQ(await bide_http_get(client, url("/hello"), &answer), 0);
    CHECK_EQ(bide_http_status(answer), 200);
    CHECK_STR(bide_http_body(answer), "hello");
    CHECK_EQ(bide_http_body_size(answer), 5);
    CHECK_STR(bide_http_error(answer), "");
    CHECK_STR(bide_http_header_value(answer, "content-TYPE"), "text/plain");
    CHECK_STR(bide_http_header_value(answer, "X-Empty"), "");
    CHECK_STR(bide_http_header_value(answer, "X-Other"), NULL);
    return 0;
}

HTTP_TEST(post)
{
    CHECK_EQ(await bide_http_post(client, url("/echo"), "text/x", "body", 4, &answer), 0);
    CHECK_STR(bide_http_body(answer), "POST|text/x||body");
    forget();
    CHECK_EQ(await bide_http_post(client, url("/echo"), NULL, "", 0, &answer), 0);
    CHECK_STR(bide_http_body(answer), "POST|application/octet-stream||");
    return 0;
}

static async int echo(const bide_http_request *request, const char *expected)
{
    CHECK_EQ(await bide_http_send(client, request, &answer), 0);
    CHECK_EQ(bide_http_status(answer), 200);
    CHECK_STR(bide_http_body(answer), expected);
    forget();
    return 0;
}

HTTP_TEST(methods_and_headers)
{
    const bide_http_header headers[] = {{"X-Test", "a: b; c"}, {"Content-Type", "t"}};
    bide_http_request q = {.url = url("/echo"), .headers = headers, .header_count = 2};
    await echo(&q, "GET|t|a: b; c|");
    q.method = "DELETE";
    await echo(&q, "DELETE|t|a: b; c|");
    q.header_count = 1;
    q.method = NULL;
    q.body = "b";
    q.body_size = 1;
    await echo(&q, "POST||a: b; c|b");
    q.method = "PUT";
    await echo(&q, "PUT||a: b; c|b");
    q.method = "GET";
    await echo(&q, "GET||a: b; c|b");
    q.method = "HEAD";
    q.body_size = 0;
    await echo(&q, "");
    q.method = "PUT";
    await echo(&q, "PUT||a: b; c|");
    return 0;
}

HTTP_TEST(headers_in_order)
{
    bide_http_header header;
    CHECK_EQ(await bide_http_get(client, url("/twice"), &answer), 0);
    CHECK_STR(bide_http_header_value(answer, "x-a"), "one");
    CHECK_EQ(bide_http_header_at(answer, 2, &header), 0);
    CHECK_STR(header.name, "x-b");
    CHECK_STR(header.value, "two");
    CHECK_EQ(bide_http_header_at(answer, 3, &header), 0);
    CHECK_STR(header.value, "three");
    CHECK_ERR(bide_http_header_at(answer, 4, &header), -ENOENT);
    CHECK_EQ(bide_http_body_size(answer), 0);
    CHECK_STR(bide_http_body(answer), "");
    return 0;
}

HTTP_TEST(any_status_is_an_answer)
{
    CHECK_EQ(await bide_http_get(client, url("/teapot"), &answer), 0);
    CHECK_EQ(bide_http_status(answer), 418);
    CHECK_STR(bide_http_body(answer), "short and stout");
    forget();
    CHECK_EQ(await bide_http_get(client, url("/nothing"), &answer), 0);
    CHECK_EQ(bide_http_status(answer), 204);
    return 0;
}

HTTP_TEST(redirections)
{
    CHECK_EQ(await bide_http_get(client, url("/to/to/hello"), &answer), 0);
    CHECK_EQ(bide_http_status(answer), 200);
    CHECK_STR(bide_http_body(answer), "hello");
    CHECK_STR(bide_http_header_value(answer, "X-Moved"), NULL);
    forget();
    CHECK_ERR(await bide_http_get(client, url("/loop"), &answer), -ELOOP);
    CHECK_EQ(bide_http_status(answer), 0);
    CHECK(bide_http_error(answer)[0] != '\0');
    return 0;
}

HTTP_TEST_WITH(redirections_can_be_refused, .redirects_max = -1, .user_agent = "test")
{
    CHECK_EQ(await bide_http_get(client, url("/to/hello"), &answer), 0);
    CHECK_EQ(bide_http_status(answer), 302);
    CHECK_STR(bide_http_header_value(answer, "X-Moved"), "yes");
    CHECK_STR(bide_http_body(answer), "not this");
    return 0;
}

HTTP_TEST(a_connection_is_used_again)
{
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(await bide_http_get(client, url("/hello"), &answer), 0);
        forget();
    }
    CHECK_EQ(server.accepted, 1);
    return 0;
}

HTTP_TEST(slow_answers_overlap)
{
    bide_http_response *more[3] = {NULL, NULL, NULL};
    int n[4];
    bide_instant start = bide_now();
    await bide_join(n[0] = bide_http_get(client, url("/slow/1000"), &answer),
                    n[1] = bide_http_get(client, url("/slow/700"), &more[0]),
                    n[2] = bide_http_get(client, url("/half/900"), &more[1]),
                    n[3] = bide_http_get(client, url("/hello"), &more[2]));
    CHECK_EQ(milliseconds_since(start), 1000);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(n[i], 0);
    CHECK_STR(bide_http_body(more[0]), "slow");
    CHECK_STR(bide_http_body(more[1]), "slow");
    CHECK_STR(bide_http_body(more[2]), "hello");
    for (int i = 0; i < 3; i++)
        bide_http_response_free(more[i]);
    return 0;
}

static async int get_slow(int *done)
{
    bide_http_response *r = NULL;
    int n = await bide_http_get(client, url("/slow/100"), &r);
    bide_http_response_free(r);
    *done += n == 0;
    return n;
}

HTTP_TEST(many_at_once)
{
    enum { MANY = 100 };
    static int done;
    bide_instant start = bide_now();
    bide_task(int) tasks[MANY];
    for (int i = 0; i < MANY; i++)
        tasks[i] = bide_spawn(get_slow(&done));
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(await bide_task_wait(tasks[i]), 0);
    CHECK_EQ(done, MANY);
    CHECK_EQ(milliseconds_since(start), 100);
    CHECK_EQ(server.accepted, MANY);
    return 0;
}

static async int get_after(int ms)
{
    char path[32];
    bide_http_response *r = NULL;
    snprintf(path, sizeof path, "/slow/%d", ms);
    int n = await bide_http_get(client, url(path), &r);
    bide_http_response_free(r);
    return n;
}

/* Also while few requests are left. */
HTTP_TEST(connections_of_many_are_kept)
{
    enum { MANY = 50 };
    for (int round = 0; round < 2; round++) {
        bide_task(int) tasks[MANY];
        for (int i = 0; i < MANY; i++)
            tasks[i] = bide_spawn(get_after(10 * (i + 1)));
        for (int i = 0; i < MANY; i++)
            CHECK_EQ(await bide_task_wait(tasks[i]), 0);
    }
    CHECK_EQ(server.accepted, MANY);
    return 0;
}

HTTP_TEST_WITH(connections_may_be_few, .connections_max = 2)
{
    static int done;
    bide_instant start = bide_now();
    bide_task(int) tasks[6];
    for (int i = 0; i < 6; i++)
        tasks[i] = bide_spawn(get_slow(&done));
    for (int i = 0; i < 6; i++)
        CHECK_EQ(await bide_task_wait(tasks[i]), 0);
    CHECK_EQ(done, 6);
    CHECK_EQ(milliseconds_since(start), 300);
    CHECK_EQ(server.accepted, 2);
    return 0;
}

HTTP_TEST(large_bodies)
{
    CHECK_EQ(await bide_http_get(client, url("/bytes/3000000"), &answer), 0);
    CHECK_EQ(bide_http_body_size(answer), 3000000);
    const char *body = bide_http_body(answer);
    for (size_t i = 0; i < 3000000; i++)
        CHECK(body[i] == 'x');
    CHECK_EQ(body[3000000], 0);
    return 0;
}

/* There is no runtime but the thread's own, which each call uses. */
TEST(from_plain_code)
{
    begin(&(bide_http_options){.proxy = ""});
    CHECK_EQ(bide_block_on(bide_http_get(client, url("/slow/50"), &answer)), 0);
    CHECK_STR(bide_http_body(answer), "slow");
    end();
}

/* ---- what goes wrong ---- */

static async int fails(const bide_http_request *request, int error)
{
    CHECK_ERR(await bide_http_send(client, request, &answer), error);
    CHECK(answer != NULL);
    CHECK_EQ(bide_http_status(answer), 0);
    CHECK_EQ(bide_http_body_size(answer), 0);
    CHECK(bide_http_error(answer)[0] != '\0');
    forget();
    return 0;
}

static async int get_fails(const char *path, int error)
{
    bide_http_request q = {.url = path};
    return await fails(&q, error);
}

HTTP_TEST(malformed_requests)
{
    const bide_http_header bad[] = {{"X-A", "b\r\nX-C: d"}, {"X A", "b"}, {"", "b"}};
    bide_http_request q = {.url = url("/hello"), .header_count = 1};
    for (int i = 0; i < 3; i++) {
        q.headers = &bad[i];
        await fails(&q, -EINVAL);
    }
    q.header_count = 0;
    q.method = "GET /hello";
    await fails(&q, -EINVAL);
    await get_fails(NULL, -EINVAL);
    await get_fails("http://a b/", -EINVAL);
    await get_fails("http://127.0.0.1:99999/", -EINVAL);
    await get_fails("file:///etc/passwd", -EPROTONOSUPPORT);
    CHECK_EQ(server.accepted, 0);
    return 0;
}

HTTP_TEST(nobody_there)
{
    bide_tcp_listener *other;
    char text[64];
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &other), 0);
    snprintf(text, sizeof text, "http://127.0.0.1:%d/", bide_tcp_port(other));
    bide_tcp_listener_close(other);
    await get_fails(text, -ECONNREFUSED);
    return 0;
}

HTTP_TEST(broken_answers)
{
    await get_fails(url("/cut"), -ECONNRESET);
    await get_fails(url("/reset"), -ECONNRESET);
    await get_fails(url("/silent"), -ECONNRESET);
    await get_fails(url("/garbage"), -EPROTO);
    /* None of them has harmed the client. */
    CHECK_EQ(await bide_http_get(client, url("/hello"), &answer), 0);
    return 0;
}

HTTP_TEST(timeouts)
{
    bide_instant start = bide_now();
    bide_http_request q = {.url = url("/slow/60000"), .timeout = BIDE_MS(500)};
    await fails(&q, -ETIMEDOUT);
    CHECK_EQ(milliseconds_since(start), 500);
    q.url = url("/half/60000");
    await fails(&q, -ETIMEDOUT);
    CHECK_EQ(milliseconds_since(start), 1000);
    q.timeout = BIDE_S(0);
    await fails(&q, -ETIMEDOUT);
    CHECK_EQ(milliseconds_since(start), 31000);
    q.timeout = BIDE_S(-1);
    CHECK_EQ(await bide_http_send(client, &q, &answer), 0);
    CHECK_EQ(milliseconds_since(start), 91000);
    return 0;
}

HTTP_TEST(bodies_too_large)
{
    bide_http_request q = {.url = url("/bytes/5000"), .response_max_bytes = 5000};
    CHECK_EQ(await bide_http_send(client, &q, &answer), 0);
    forget();
    q.response_max_bytes = 4999;
    await fails(&q, -EMSGSIZE);
    return 0;
}

TEST(limits_must_make_sense)
{
    CHECK_ERR(bide_http_client_new(&(bide_http_options){.connections_max = -1}, &client), -EINVAL);
}

TEST(nothing_is_an_answer_too)
{
    bide_http_header header;
    CHECK_EQ(bide_http_status(NULL), 0);
    CHECK_EQ(bide_http_body_size(NULL), 0);
    CHECK_STR(bide_http_body(NULL), "");
    CHECK_STR(bide_http_error(NULL), "out of memory");
    CHECK_STR(bide_http_header_value(NULL, "a"), NULL);
    CHECK_ERR(bide_http_header_at(NULL, 0, &header), -ENOENT);
    bide_http_response_free(NULL);
    bide_http_client_free(NULL);
}
