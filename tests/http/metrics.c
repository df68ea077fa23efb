/*
 * bide/http_metrics.h: what a server counts of its requests, and the route that tells it.
 */
#include "peer.h"

#include <bide/http_layer.h>
#include <bide/http_metrics.h>
#include <bide/http_route.h>
#include <bide/unix.h>

#include <unistd.h>

static bide_metrics *registry;
static bide_http_router *router;

static void complain(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)error, (void)text;
    if (argument != NULL)
        ++*(int *)argument;
}

/* ---- handlers ---- */

static async int hello(bide_http_exchange *x)
{
    return bide_http_reply_text(x, 200, "hello");
}

static async int slow(bide_http_exchange *x)
{
    await bide_sleep(BIDE_MS(300));
    return bide_http_reply_text(x, 200, "slow");
}

static async int pieces(bide_http_exchange *x)
{
    int rc = await bide_http_send_begin(x, 200);
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = await bide_http_send_data(x, "1234567890", 10);
    return rc;
}

static async int broken(bide_http_exchange *x)
{
    int rc = await bide_http_send_begin(x, 200);
    return rc < 0 ? rc : -EIO;
}

/* More than the pipe takes, in one write or in pieces. */
static async int large(bide_http_exchange *x)
{
    static char body[3 * PEER_PIPE];
    if (bide_http_query(x)[0] == '\0')
        return bide_http_reply(x, 200, "text/plain", body, sizeof body);
    int rc = await bide_http_send_begin(x, 200);
    while (rc == 0)
        rc = await bide_http_send_data(x, body, 100);
    return rc;
}

static char file[] = "http_metrics-XXXXXX";

static async int in_a_file(bide_http_exchange *x)
{
    return await bide_http_reply_file(x, file, NULL);
}

static async int takes(bide_http_exchange *x)
{
    char *data;
    int rc = await bide_http_body_all(x, &data, NULL);
    return rc < 0 ? rc : bide_http_reply_status(x, 204);
}

static unsigned nth;     /* allocation that fails */
static uint64_t starved; /* it has failed */

static async int starve(bide_http_exchange *x)
{
    CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
    int rc = await bide_http_serve_metrics(x);
    starved = bide_test_failed("alloc");
    CHECK_EQ(bide_test_fail("alloc", 0, 0, 0), 0);
    CHECK_ERR(rc, starved > 0 ? -ENOMEM : 0);
    return rc;
}

static void begin_with(const bide_http_server_options *options)
{
    bide_http_server_options o = *options;
    CHECK_EQ(bide_metrics_new(&registry), 0);
    bide_http_route routes[] = {
        {.method = "GET", .path = "/hello", .handler = bide_ref(hello)},
        {.method = "GET", .path = "/slow", .handler = bide_ref(slow)},
        {.method = "GET", .path = "/pieces", .handler = bide_ref(pieces)},
        {.method = "GET", .path = "/broken", .handler = bide_ref(broken)},
        {.method = "POST", .path = "/takes", .handler = bide_ref(takes)},
        {.method = "GET", .path = "/large", .handler = bide_ref(large)},
        {.method = "GET", .path = "/file", .handler = bide_ref(in_a_file)},
        {.method = "GET",
         .path = "/metrics",
         .handler = bide_ref(bide_http_serve_metrics),
         .data = registry},
        {.method = "GET", .path = "/starved", .handler = bide_ref(starve), .data = registry},
        {.method = "GET", .path = "/none", .handler = bide_ref(bide_http_serve_metrics)},
    };
    bide_http_router_options table = {.routes = routes,
                                      .route_count = sizeof routes / sizeof *routes};
    CHECK_EQ(bide_http_router_new(&table, &router), 0);
    o.state = router;
    if (o.complain == NULL)
        o.complain = complain;
    serve_with(bide_ref(bide_http_serve_router), &o);
    CHECK_EQ(bide_metrics_add_http_server(registry, server, "main"), 0);
}

static void begin(void)
{
    begin_with(&(bide_http_server_options){0});
}

static void finish(void)
{
    CHECK_EQ(bide_metrics_remove(registry, server), 0);
    serve_end();
    bide_http_router_drop(router);
    bide_metrics_free(registry);
}

/* The value of a sample of the server; -1: there is none. */
static double value(const char *name, const char *labels)
{
    char line[200];
    bide_metrics_text *text;
    snprintf(line, sizeof line, "\n%s{server=\"main\"%s} ", name, labels);
    CHECK_EQ(bide_metrics_text_new(registry, &text), 0);
    const char *at = strstr(bide_metrics_text_data(text, NULL), line);
    double v = at != NULL ? strtod(at + strlen(line), NULL) : -1;
    bide_metrics_text_free(text);
    return v;
}

static double refused(const char *limit)
{
    char labels[64];
    snprintf(labels, sizeof labels, ",limit=\"%s\"", limit);
    return value("bide_http_server_refused_total", labels);
}

/* ---- the route ---- */

TEST(the_route_tells_all)
{
    begin();
    ask(GET("/hello") GET("/metrics"));
    CHECK_EQ(answered("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), 1);
    CHECK_EQ(answered("\nbide_http_server_requests_total{server=\"main\",method=\"GET\","
                      "status=\"2xx\"} 1\n"),
             1);
    CHECK_EQ(answered("\nbide_http_server_requests_in_flight{server=\"main\"} 1\n"), 1);
    CHECK_EQ(answered("\nbide_http_server_connections{server=\"main\"} 1\n"), 1);
    finish();
}

TEST(a_route_without_a_registry_is_a_fault_of_the_program)
{
    int complaints = 0;
    begin_with(&(bide_http_server_options){.complain = complain, .complain_argument = &complaints});
    ask(GET("/none"));
    CHECK_EQ(answered("HTTP/1.1 500 "), 1);
    CHECK_EQ(complaints, 1);
    finish();
}

/* Each allocation of a scrape fails in turn. */
TEST(a_scrape_without_memory)
{
    begin();
    for (nth = 1, starved = 1; starved > 0; nth++) {
        ask(GET("/starved"));
        CHECK_EQ(answered(starved > 0 ? "HTTP/1.1 503 " : "HTTP/1.1 200 "), 1);
    }
    CHECK(nth > 20);
    finish();
}

/* ---- requests ---- */

TEST(requests_are_counted_by_method_and_status)
{
    begin();
    ask(GET("/hello") GET("/hello") "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" GET("/nowhere")
            GET("/pieces") "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"
                           "POST /takes HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n1234567");
    CHECK(value("bide_http_server_requests_total", ",method=\"GET\",status=\"2xx\"") == 3);
    CHECK(value("bide_http_server_requests_total", ",method=\"GET\",status=\"4xx\"") == 1);
    CHECK(value("bide_http_server_requests_total", ",method=\"HEAD\",status=\"2xx\"") == 1);
    CHECK(value("bide_http_server_requests_total", ",method=\"POST\",status=\"2xx\"") == 1);
    CHECK(value("bide_http_server_requests_total", ",method=\"other\",status=\"4xx\"") == 1);
    CHECK(value("bide_http_server_received_total", "") == 7);
    CHECK(value("bide_http_server_requests_in_flight", "") == 0);
    CHECK(value("bide_http_server_connections_total", "") == 1);
    CHECK(value("bide_http_server_connections", "") == 0);
    CHECK(value("bide_http_server_request_bytes_total", "") == 7);
    /* hello twice, the pieces, and two answers of the router: 404 Not Found, and a line end */
    CHECK(value("bide_http_server_response_bytes_total", "") == 5 + 5 + 30 + 2 * 14);
    finish();
}

TEST(the_time_of_a_request_is_that_of_its_answer)
{
    begin();
    ask(GET("/hello") GET("/slow"));
    CHECK(value("bide_http_server_request_seconds_sum", ",status=\"2xx\"") == 0.3);
    CHECK(value("bide_http_server_request_seconds_count", ",status=\"2xx\"") == 2);
    CHECK(value("bide_http_server_request_seconds_bucket", ",status=\"2xx\",le=\"0.25\"") == 1);
    CHECK(value("bide_http_server_request_seconds_bucket", ",status=\"2xx\",le=\"0.5\"") == 2);
    finish();
}

TEST(an_answer_that_is_cut_is_none)
{
    begin();
    ask(GET("/broken"));
    CHECK(value("bide_http_server_requests_total", ",method=\"GET\",status=\"none\"") == 1);
    CHECK(value("bide_http_server_requests_in_flight", "") == 0);
    finish();
}

/* ---- limits ---- */

TEST(what_is_refused_is_counted_by_its_limit)
{
    static char large[40000];
    begin_with(&(bide_http_server_options){.body_bytes_max = 10});
    ask("nonsense\r\n\r\n");
    CHECK(refused("malformed") == 1);
    memset(large, 'a', sizeof large - 1);
    memcpy(large, "GET /", 5);
    ask(large);
    CHECK(refused("target_bytes") == 1);
    memcpy(large, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    ask(large);
    CHECK(refused("head_bytes") == 1);
    ask("GET / HTTP/1.1\r\n");
    CHECK(refused("head_timeout") == 1);
    ask("POST /takes HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
    CHECK(refused("body_bytes") == 1);
    ask("POST /takes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12");
    CHECK(refused("body_timeout") == 1);
    ask("GET / HTTP/9.1\r\nHost: a\r\n\r\n");
    CHECK(refused("other") == 1);
    CHECK(value("bide_http_server_requests_total", ",method=\"POST\",status=\"4xx\"") == 2);
    CHECK(value("bide_http_server_requests_in_flight", "") == 0);
    finish();
}

/* Sends the text, and never reads. */
static async int ignore(const char *text, bool on_sockets)
{
    bide_stream *here, *there;
    int rc =
        on_sockets ? bide_unix_pair(&here, &there) : bide_stream_pair(PEER_PIPE, &here, &there);
    CHECK_EQ(rc, 0);
    defer {
        bide_stream_close(here);
    }
    int served = 0;
    await bide_join(served = bide_http_server_serve_stream(server, there),
                    (void)peer_send(here, text, strlen(text), false));
    return served;
}

TEST(a_client_that_does_not_read_is_counted)
{
    begin_with(&(bide_http_server_options){.write_timeout = BIDE_S(7)});
    bide_instant since = bide_now();
    bide_block_on(ignore(GET("/large"), false));
    CHECK(refused("write_timeout") == 1);
    CHECK_EQ(bide_elapsed(since).ns, BIDE_S(7).ns);
    bide_block_on(ignore(GET("/large?pieces=1"), false));
    CHECK(refused("write_timeout") == 2);
    CHECK(value("bide_http_server_requests_total", ",method=\"GET\",status=\"none\"") == 2);
    CHECK(value("bide_http_server_requests_in_flight", "") == 0);
    finish();
}

/* The kernel sends it from its page cache. */
TEST(a_client_that_does_not_take_a_file_is_counted)
{
    static const char zero;
    int fd = mkstemp(file);
    CHECK(fd >= 0);
    CHECK_EQ(pwrite(fd, &zero, 1, (8 << 20) - 1), 1);
    begin_with(&(bide_http_server_options){.write_timeout = BIDE_S(7)});
    bide_block_on(ignore(GET("/file"), true));
    CHECK(refused("write_timeout") == 1);
    CHECK(value("bide_http_server_requests_total", ",method=\"GET\",status=\"none\"") == 1);
    finish();
    CHECK_EQ(unlink(file), 0);
    close(fd);
}

/* ---- adding ---- */

TEST(a_server_may_be_added_once_to_each_registry)
{
    bide_metrics *second;
    begin();
    CHECK_EQ(bide_metrics_add_http_server(registry, server, "again"), -EEXIST);
    CHECK_EQ(bide_metrics_add_http_server(registry, NULL, "x"), -EINVAL);
    CHECK_EQ(bide_metrics_add_http_server(NULL, server, "x"), -EINVAL);
    CHECK_EQ(bide_metrics_add_http_server(registry, server, NULL), -EINVAL);
    CHECK_EQ(bide_metrics_new(&second), 0);
    CHECK_EQ(bide_metrics_add_http_server(second, server, ""), 0);
    ask(GET("/hello"));
    CHECK(value("bide_http_server_requests_total", ",method=\"GET\",status=\"2xx\"") == 1);
    bide_metrics_free(second);
    finish();
}

TEST(a_server_that_was_not_added_counts_only_what_it_always_did)
{
    bide_http_server_metrics m;
    begin();
    CHECK_EQ(bide_metrics_remove(registry, server), 0);
    serve_end();
    serve_with(bide_ref(hello), NULL);
    ask(GET("/hello"));
    CHECK_EQ(bide_metrics_add_http_server(registry, server, "main"), 0);
    CHECK(value("bide_http_server_received_total", "") == 1);
    CHECK(value("bide_http_server_requests_in_flight", "") == 0);
    CHECK(value("bide_http_server_requests_total", ",method=\"GET\",status=\"2xx\"") == -1);
    bide_http_server_metrics_read(server, &m);
    CHECK_EQ(m.requests, 1);
    finish();
}
