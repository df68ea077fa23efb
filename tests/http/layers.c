/*
 * bide/http_layer.h: log, timing, time limits, gates, rates, CORS, ids, authorisation, headers for
 * safety. Each in its good case, with errors, and cancelled.
 */
#include <bide/bide.h>
#include <bide/http_layer.h>
#include <bide/testing.h>

#include <errno.h>

#include "cancel.h"
#include "fake.h"

static struct fake fake;
static bide_http_router *router;
static const char *reply_text = "ok";
static bool waits_long, sends;
static bide_notify entered = BIDE_NOTIFY_INIT, leave = BIDE_NOTIFY_INIT;

static async int handler(bide_http_exchange *x)
{
    if (waits_long)
        await bide_sleep(BIDE_S(3600));
    if (sends) {
        int r = bide_http_header_set(x, "Content-Type", "text/plain");
        if (r == 0)
            r = await bide_http_send_begin(x, 200);
        return r < 0 ? r : await bide_http_send_data(x, "12345", 5);
    }
    return bide_http_reply_text(x, 200, reply_text);
}

static async int fails(bide_http_exchange *x)
{
    (void)x;
    return -ENOENT;
}

static void around(bide_http_handler layer, const void *data)
{
    const bide_http_layer layers[] = {{layer, data}};
    static const bide_http_route routes[] = {
        {"GET", "/", bide_ref(handler), 0, NULL, 0, NULL},
        {"POST", "/", bide_ref(handler), 0, NULL, 0, NULL},
        {"GET", "/fails/{id}", bide_ref(fails), 0, NULL, 0, NULL}};
    CHECK_ERR(bide_http_router_new(
                  &(bide_http_router_options){
                      .routes = routes, .route_count = 3, .layers = layers, .layer_count = 1},
                  &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    fake.room = 8192;
}

static void end(void)
{
    bide_http_router_drop(router);
    fake_free(&fake);
}

static void set_head(struct fake *f, const char *method, const char *target, const char *headers)
{
    static char heads[4][4096];
    static unsigned turn;
    char *head = heads[turn++ % 4];
    snprintf(head, sizeof heads[0], "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, target, headers);
    f->head = head;
    f->body_data = NULL;
}

static int ask(const char *method, const char *target, const char *headers)
{
    set_head(&fake, method, target, headers);
    fake_run(&fake);
    return fake.status;
}

/* ---- log ---- */

static char line[32 << 10];

static void keep_line(const char *text, size_t size, void *argument)
{
    CHECK(argument == (void *)line && strlen(text) == size && text[size - 1] == '\n');
    memcpy(line, text, size);
    line[size - 1] = '\0';
}

/* What changes from run to run becomes "#". */
static const char *plain_line(void)
{
    char *ms = strstr(line, "ms");
    if (ms != NULL && ms > line && ms[-1] >= '0' && ms[-1] <= '9') {
        char *begin = ms;
        while (begin[-1] != ' ')
            begin--;
        *begin = '#';
        memmove(begin + 1, ms, strlen(ms) + 1);
    }
    char *open = strchr(line, '['), *close = strchr(line, ']');
    if (open != NULL && close != NULL) {
        CHECK_EQ(close - open, 27);
        memmove(open + 1, close, strlen(close) + 1);
    }
    return line;
}

TEST(a_line_is_written_for_each_request)
{
    bide_http_log_options o = {.write = keep_line, .argument = line};
    around(bide_ref(bide_http_layer_log), &o);
    CHECK_ERR(bide_address_parse("192.0.2.1:99", &fake.peer), 0);
    CHECK_EQ(ask("GET", "/?a=b", ""), 200);
    CHECK_STR(plain_line(), "GET /?a=b 200 2 #ms 192.0.2.1");
    CHECK_EQ(ask("GET", "/fails/7", ""), 404);
    CHECK_STR(plain_line(), "GET /fails/7 404 0 #ms 192.0.2.1");
    CHECK_EQ(ask("GET", "/nothing", ""), 404);
    CHECK_STR(plain_line(), "GET /nothing 404 0 #ms 192.0.2.1");
    sends = true;
    ask("GET", "/", "");
    CHECK_STR(plain_line(), "GET / 200 5 #ms 192.0.2.1");
    sends = false;
    o.format = BIDE_HTTP_LOG_COMMON;
    ask("GET", "/", "");
    CHECK_STR(plain_line(), "192.0.2.1 - - [] \"GET / HTTP/1.1\" 200 2");
    o.format = BIDE_HTTP_LOG_COMBINED;
    CHECK_ERR(bide_address_parse("[2001:db8::1]:99", &fake.peer), 0);
    ask("GET", "/", "User-Agent: a \"b\" \\ \xff\r\nReferer: x\ty\r\n");
    CHECK_STR(plain_line(), "2001:db8::1 - - [] \"GET / HTTP/1.1\" 200 2 \"x\\x09y\" "
                            "\"a \\x22b\\x22 \\x5C \\xFF\"");
    o.format = BIDE_HTTP_LOG_JSON;
    fake.peer.size = 0;
    ask("GET", "/fails/7", "User-Agent: \xc3\xa4\"\r\n");
    CHECK(strstr(line, "\"method\":\"GET\",\"target\":\"/fails/7\",\"route\":\"/fails/{id}\","
                       "\"version\":\"HTTP/1.1\",\"status\":404,\"bytes\":0,") != NULL);
    CHECK(strstr(line, ",\"client\":\"-\",\"agent\":\"\\u00c3\\u00a4\\u0022\"}") != NULL);
    end();
}

TEST(what_is_long_is_cut)
{
    static char target[2100];
    bide_http_log_options o = {.write = keep_line, .argument = line};
    around(bide_ref(bide_http_layer_log), &o);
    memset(target, 'x', sizeof target - 1);
    target[0] = '/';
    ask("GET", target, "");
    CHECK_EQ(strchr(line + 4, ' ') - (line + 4), 1000);
    end();
}

TEST(a_client_that_goes_is_499)
{
    bide_http_log_options o = {.write = keep_line, .argument = line};
    around(bide_ref(bide_http_layer_log), &o);
    bide_test_time_virtual();
    waits_long = true;
    set_head(&fake, "GET", "/", "");
    fake.leaves_now = true;
    fake_run(&fake);
    fake.leaves_now = false;
    CHECK_STR(plain_line(), "GET / 499 0 #ms -");
    CHECK(fake.result < 0 && !fake.is_finished);
    end();
}

/* ---- timing ---- */

static bide_duration told;
static int told_error;

static void tell(const bide_http_exchange *x, bide_duration time, int error, void *argument)
{
    CHECK(x != NULL && argument == (void *)&told);
    told = time;
    told_error = error;
}

static async int takes_a_second(bide_http_exchange *x)
{
    await bide_sleep(BIDE_US(1234567));
    return bide_http_layer_data(x) != NULL ? -EDOM : bide_http_reply_status(x, 204);
}

TEST(the_time_is_told)
{
    bide_http_timing_options o = {.tell = tell, .argument = &told};
    const bide_http_layer layers[] = {{bide_ref(bide_http_layer_timing), &o}};
    const bide_http_route routes[] = {{"GET", "/", bide_ref(takes_a_second), 0, layers, 1, NULL},
                                      {"GET", "/f", bide_ref(takes_a_second), 0, layers, 1, "x"}};
    bide_test_time_virtual();
    CHECK_ERR(bide_http_router_new(&(bide_http_router_options){.routes = routes, .route_count = 2},
                                   &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    CHECK_EQ(ask("GET", "/", ""), 204);
    CHECK_STR(fake_header(&fake, "Server-Timing"), "app;dur=1234.567");
    CHECK_EQ(told.ns, 1234567000);
    CHECK_EQ(told_error, 0);
    CHECK_EQ(ask("GET", "/f", ""), 400);
    CHECK_EQ(told_error, -EDOM);
    o.no_header = true;
    ask("GET", "/", "");
    CHECK(fake_header(&fake, "Server-Timing") == NULL);
    end();
}

/* ---- time limits ---- */

static bool was_cleaned;

static async int slow(bide_http_exchange *x)
{
    defer {
        was_cleaned = true;
    }
    if (sends)
        CHECK_ERR(await bide_http_send_begin(x, 200), 0);
    CHECK(bide_http_header_set(x, "X-Left", "1") == 0 || sends);
    await bide_sleep(BIDE_S(60));
    return bide_http_reply_text(x, 200, "late");
}

TEST(what_takes_too_long_is_cancelled_and_answered)
{
    bide_http_timeout_options o = {.after = BIDE_S(5)};
    const bide_http_layer layers[] = {{bide_ref(bide_http_layer_timeout), &o}};
    const bide_http_route routes[] = {{"GET", "/", bide_ref(slow), 0, layers, 1, NULL},
                                      {"GET", "/fast", bide_ref(handler), 0, layers, 1, NULL}};
    bide_test_time_virtual();
    CHECK_ERR(bide_http_router_new(&(bide_http_router_options){.routes = routes, .route_count = 2},
                                   &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    bide_instant begin = bide_now();
    CHECK_EQ(ask("GET", "/", ""), 503);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(5).ns);
    CHECK(was_cleaned);
    CHECK_STR(fake.body, "503 Service Unavailable: the time for this request is over\n");
    o.status = 504;
    CHECK_EQ(ask("GET", "/", ""), 504);
    CHECK_EQ(ask("GET", "/fast", ""), 200);
    sends = true;
    ask("GET", "/", "");
    CHECK(fake.result < 0 && !fake.is_finished); /* cut off */
    sends = false;
    o = (bide_http_timeout_options){.after = BIDE_S(61)};
    CHECK_EQ(ask("GET", "/", ""), 200);
    end();
}

/* ---- gates ---- */

static async int stays(bide_http_exchange *x)
{
    bide_notify_one(&entered);
    await bide_notify_wait(&leave);
    return bide_http_reply_status(x, 204);
}

static struct fake others[4];

static void gate_routes(bide_http_gate *gate)
{
    const bide_http_layer layers[] = {{bide_ref(bide_http_layer_gate), gate}};
    const bide_http_route route = {"POST", "/", bide_ref(stays), 0, layers, 1, NULL};
    CHECK_ERR(bide_http_router_new(&(bide_http_router_options){.routes = &route, .route_count = 1},
                                   &router),
              0);
    for (int i = 0; i < 4; i++) {
        others[i].handler = bide_ref(bide_http_serve_router);
        others[i].options.state = router;
        set_head(&others[i], "POST", "/", "");
    }
}

static async int crowd(void)
{
    bide_task(int) first = bide_spawn(fake_serve(&others[0]));
    await bide_notify_wait(&entered);
    bide_task(int) second = bide_spawn(fake_serve(&others[1])); /* waits */
    await bide_yield();
    await fake_serve(&others[2]); /* one too many */
    CHECK_EQ(others[2].status, 503);
    CHECK_STR(fake_header(&others[2], "Retry-After"), "7");
    bide_notify_one(&leave);
    await bide_task_wait(first);
    CHECK_EQ(others[0].status, 204);
    await bide_notify_wait(&entered);
    /* Who waits too long is refused, and leaves its place in the queue. */
    await fake_serve(&others[3]);
    CHECK_EQ(others[3].status, 503);
    bide_task(int) third = bide_spawn(fake_serve(&others[2]));
    await bide_yield();
    await bide_task_cancel(third); /* and so does who is cancelled */
    bide_task(int) fourth = bide_spawn(fake_serve(&others[3]));
    await bide_yield();
    bide_notify_one(&leave);
    await bide_task_wait(second);
    await bide_notify_wait(&entered);
    bide_notify_one(&leave);
    await bide_task_wait(fourth);
    CHECK_EQ(others[3].status, 204);
    /* One that is cancelled inside gives its place back. */
    bide_task(int) fifth = bide_spawn(fake_serve(&others[0]));
    await bide_notify_wait(&entered);
    await bide_task_cancel(fifth);
    bide_task(int) sixth = bide_spawn(fake_serve(&others[0]));
    await bide_notify_wait(&entered);
    bide_notify_one(&leave);
    return await bide_task_wait(sixth);
}

TEST(a_gate_lets_in_so_many_and_lets_so_many_wait)
{
    bide_http_gate *gate;
    bide_test_time_virtual();
    CHECK_ERR(bide_http_gate_new(&(bide_http_gate_options){.inside_max = 1,
                                                           .waiting_max = 1,
                                                           .waiting_time = BIDE_S(3),
                                                           .retry_after_s = 7},
                                 &gate),
              0);
    gate_routes(gate);
    bide_instant begin = bide_now();
    CHECK_EQ(bide_block_on(crowd()), 0);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(3).ns);
    for (int i = 0; i < 4; i++)
        fake_free(&others[i]);
    bide_http_router_drop(router);
    bide_http_gate_free(gate);
    bide_http_gate_free(NULL);
    bide_test_fail("alloc", 1, -ENOMEM, 1);
    CHECK_ERR(bide_http_gate_new(NULL, &gate), -ENOMEM);
    CHECK(gate == NULL);
}

static const uint64_t three = 3;

static async int takes_body(bide_http_exchange *x)
{
    char *data;
    int r = await bide_http_body_all(x, &data, NULL);
    return r < 0 ? r : bide_http_reply_text(x, 200, data);
}

TEST(a_route_has_a_limit_for_bodies)
{
    static const bide_http_layer layers[] = {{bide_ref(bide_http_layer_body_limit), &three}};
    static const bide_http_route route = {"POST", "/", bide_ref(takes_body), 0, layers, 1, NULL};
    CHECK_ERR(bide_http_router_new(&(bide_http_router_options){.routes = &route, .route_count = 1},
                                   &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    fake.head = "POST / HTTP/1.1\r\nHost: a\r\n\r\n123";
    fake_run(&fake);
    CHECK_EQ(fake.status, 200);
    fake.head = "POST / HTTP/1.1\r\nHost: a\r\n\r\n1234";
    fake.body_data = NULL;
    fake_run(&fake);
    CHECK_EQ(fake.status, 413);
    end();
}

/* ---- rates ---- */

static async int later(bide_duration time)
{
    await bide_sleep(time);
    return 0;
}

TEST(a_client_may_make_so_many_requests)
{
    bide_http_rate *rate;
    bide_test_time_virtual();
    CHECK_ERR(
        bide_http_rate_new(
            &(bide_http_rate_options){.requests = 2, .period = BIDE_S(10), .burst = 3}, &rate),
        0);
    around(bide_ref(bide_http_layer_rate), rate);
    CHECK_ERR(bide_address_parse("192.0.2.1:1", &fake.peer), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK_EQ(ask("GET", "/", ""), 429);
    CHECK_STR(fake_header(&fake, "Retry-After"), "5");
    /* Others have their own, whatever the port. */
    CHECK_ERR(bide_address_parse("192.0.2.1:2", &fake.peer), 0);
    CHECK_EQ(ask("GET", "/", ""), 429);
    CHECK_ERR(bide_address_parse("192.0.2.2:1", &fake.peer), 0);
    CHECK_EQ(ask("GET", "/", ""), 200);
    /* A /64 of IPv6 is one client. */
    CHECK_ERR(bide_address_parse("[2001:db8::1]:1", &fake.peer), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK_ERR(bide_address_parse("[2001:db8::2]:1", &fake.peer), 0);
    CHECK_EQ(ask("GET", "/", ""), 429);
    CHECK_ERR(bide_address_parse("[2001:db8:0:1::2]:1", &fake.peer), 0);
    CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK_ERR(bide_address_parse("192.0.2.1:1", &fake.peer), 0);
    bide_block_on(later(BIDE_MS(4999)));
    CHECK_EQ(ask("GET", "/", ""), 429);
    CHECK_STR(fake_header(&fake, "Retry-After"), "1");
    bide_block_on(later(BIDE_MS(1)));
    CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK_EQ(ask("GET", "/", ""), 429);
    bide_block_on(later(BIDE_S(100))); /* no more than a burst is saved up */
    for (int i = 0; i < 3; i++)
        CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK_EQ(ask("GET", "/", ""), 429);
    end();
    bide_http_rate_free(rate);
    bide_http_rate_free(NULL);
}

TEST(a_rate_may_be_for_all_and_may_not_be_made)
{
    bide_http_rate *rate;
    bide_test_time_virtual();
    CHECK_ERR(bide_http_rate_new(&(bide_http_rate_options){.requests = 1, .all = true}, &rate), 0);
    around(bide_ref(bide_http_layer_rate), rate);
    CHECK_ERR(bide_address_parse("192.0.2.1:1", &fake.peer), 0);
    CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK_ERR(bide_address_parse("192.0.2.2:1", &fake.peer), 0);
    CHECK_EQ(ask("GET", "/", ""), 429);
    end();
    bide_http_rate_free(rate);
    bide_test_fail("getrandom", 1, -EIO, 1);
    CHECK_ERR(bide_http_rate_new(NULL, &rate), -EIO);
    CHECK(rate == NULL);
    bide_test_fail("alloc", 1, -ENOMEM, 1);
    CHECK_ERR(bide_http_rate_new(NULL, &rate), -ENOMEM);
    CHECK_ERR(bide_http_rate_new(&(bide_http_rate_options){.period = BIDE_S(-1)}, &rate), -EINVAL);
    CHECK_ERR(bide_http_rate_new(&(bide_http_rate_options){.clients_max = UINT32_MAX}, &rate),
              -EINVAL);
}

/* ---- CORS ---- */

static bool ends_in_org(const char *origin, void *argument)
{
    size_t n = strlen(origin);
    (void)argument;
    return n > 4 && strcmp(origin + n - 4, ".org") == 0;
}

#define PREFLIGHT(origin, method) \
    "Origin: " origin "\r\nAccess-Control-Request-Method: " method "\r\n"

static void check_cors(const char *origin, const char *credentials, const char *vary)
{
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Origin"), origin);
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Credentials"), credentials);
    CHECK_STR(fake_header(&fake, "Vary"), vary);
}

TEST(origins_that_are_allowed_get_the_headers)
{
    static const char *const origins[] = {"https://a.example", "null"};
    static const char *const exposed[] = {"X-One", "X-Two"};
    bide_http_cors_options o = {
        .origins = origins, .origin_count = 2, .exposed = exposed, .exposed_count = 2};
    around(bide_ref(bide_http_layer_cors), &o);
    CHECK_EQ(ask("GET", "/", ""), 200);
    check_cors(NULL, NULL, "Origin");
    CHECK_EQ(ask("GET", "/", "Origin: https://a.example\r\n"), 200);
    check_cors("https://a.example", NULL, "Origin");
    CHECK_STR(fake_header(&fake, "Access-Control-Expose-Headers"), "X-One, X-Two");
    CHECK_EQ(ask("GET", "/", "Origin: https://a.example.evil\r\n"), 200);
    check_cors(NULL, NULL, "Origin");
    CHECK(fake_header(&fake, "Access-Control-Expose-Headers") == NULL);
    CHECK_EQ(ask("GET", "/", "Origin: HTTPS://a.example\r\n"), 200);
    check_cors(NULL, NULL, "Origin");
    CHECK_EQ(ask("GET", "/", "Origin: null\r\n"), 200);
    check_cors("null", NULL, "Origin");
    CHECK_EQ(ask("GET", "/nothing", "Origin: null\r\n"), 404); /* errors have them, too */
    check_cors("null", NULL, "Origin");
    o.allows = ends_in_org;
    o.credentials = true;
    CHECK_EQ(ask("GET", "/", "Origin: https://x.org\r\n"), 200);
    check_cors("https://x.org", "true", "Origin");
    end();
}

TEST(a_star_is_only_sent_without_credentials)
{
    static const char *const all[] = {"*"};
    bide_http_cors_options o = {.origins = all,
                                .origin_count = 1,
                                .methods = all,
                                .method_count = 1,
                                .headers = all,
                                .header_count = 1};
    around(bide_ref(bide_http_layer_cors), &o);
    CHECK_EQ(ask("GET", "/", "Origin: https://x.org\r\n"), 200);
    check_cors("*", NULL, NULL);
    CHECK_EQ(ask("OPTIONS", "/",
                 PREFLIGHT("https://x.org",
                           "PUT") "Access-Control-Request-Headers: authorization, x-a\r\n"),
             204);
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Origin"), "*");
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Methods"), "*");
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Headers"), "authorization, x-a");
    o.credentials = true;
    CHECK_EQ(ask("GET", "/", "Origin: https://x.org\r\n"), 200);
    check_cors("https://x.org", "true", "Origin");
    CHECK_EQ(ask("OPTIONS", "/", PREFLIGHT("https://x.org", "PUT")), 204);
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Origin"), "https://x.org");
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Methods"), "PUT");
    CHECK(fake_header(&fake, "Access-Control-Allow-Headers") == NULL);
    CHECK_EQ(ask("OPTIONS", "/",
                 PREFLIGHT("https://x.org", "P<T") "Access-Control-Request-Headers: a b\r\n"),
             204);
    CHECK(fake_header(&fake, "Access-Control-Allow-Methods") == NULL);
    CHECK(fake_header(&fake, "Access-Control-Allow-Headers") == NULL);
    end();
}

TEST(preflights_are_answered_before_the_routes)
{
    static const char *const origins[] = {"https://a.example"};
    static const char *const methods[] = {"PUT", "DELETE"};
    static const char *const headers[] = {"Content-Type", "X-A"};
    bide_http_cors_options o = {.origins = origins,
                                .origin_count = 1,
                                .methods = methods,
                                .method_count = 2,
                                .headers = headers,
                                .header_count = 2,
                                .private_network = true,
                                .max_age_s = 60};
    around(bide_ref(bide_http_layer_cors), &o);
    CHECK_EQ(ask("OPTIONS", "/anywhere",
                 PREFLIGHT("https://a.example",
                           "PUT") "Access-Control-Request-Private-Network: true\r\n"),
             204);
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Methods"), "PUT, DELETE");
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Headers"), "Content-Type, X-A");
    CHECK_STR(fake_header(&fake, "Access-Control-Max-Age"), "60");
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Private-Network"), "true");
    CHECK_EQ(fake_count(&fake, "Vary"), 3);
    CHECK(fake_header(&fake, "Allow") == NULL);
    CHECK_EQ(ask("OPTIONS", "/", PREFLIGHT("https://b.example", "PUT")), 204);
    CHECK(fake_header(&fake, "Access-Control-Allow-Origin") == NULL);
    CHECK(fake_header(&fake, "Access-Control-Allow-Methods") == NULL);
    CHECK_EQ(ask("OPTIONS", "/", "Origin: https://a.example\r\n"), 204); /* no preflight */
    CHECK_STR(fake_header(&fake, "Allow"), "GET, HEAD, POST, OPTIONS");
    CHECK_STR(fake_header(&fake, "Access-Control-Allow-Origin"), "https://a.example");
    end();
}

/* ---- ids ---- */

TEST(each_request_has_an_id)
{
    bide_http_id_options o = {0};
    char first[80];
    around(bide_ref(bide_http_layer_id), &o);
    CHECK_EQ(ask("GET", "/", "X-Request-Id: mine\r\n"), 200);
    strcpy(first, fake_header(&fake, "X-Request-Id"));
    CHECK_EQ(strlen(first), 32);
    CHECK_EQ(strspn(first, "0123456789abcdef"), 32);
    CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK(strcmp(first, fake_header(&fake, "X-Request-Id")) != 0);
    o.trust = true;
    CHECK_EQ(ask("GET", "/", "X-Request-Id: mine-1_a.B\r\n"), 200);
    CHECK_STR(fake_header(&fake, "X-Request-Id"), "mine-1_a.B");
    static const char *const bad[] = {
        "X-Request-Id: a b\r\n", "X-Request-Id: a\"b\r\n", "X-Request-Id: \r\n",
        ("X-Request-Id: 12345678901234567890123456789012345678901234567"
         "890123456789012345\r\n")};
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(ask("GET", "/", bad[i]), 200);
        CHECK_EQ(strlen(fake_header(&fake, "X-Request-Id")), 32);
    }
    end();
}

/* ---- authorisation ---- */

static char checked[200];

static async int check_user(bide_http_exchange *x, const bide_http_credentials *c, const void *data)
{
    static char user[] = "ada";
    CHECK(data == (const void *)checked);
    await bide_yield();
    snprintf(checked, sizeof checked, "%s %s %s %s", c->scheme != NULL ? c->scheme : "-",
             c->user != NULL ? c->user : "-", c->password != NULL ? c->password : "-",
             c->token != NULL ? c->token : "-");
    if (c->token != NULL && strcmp(c->token, "forbidden") == 0)
        return -EACCES;
    if (c->scheme == NULL || (c->token != NULL && !bide_http_same_secret(c->token, "good")))
        return -ENOKEY;
    bide_http_user_set(x, user);
    return 0;
}

TEST(credentials_are_read_and_a_hook_decides)
{
    static const struct {
        const char *headers, *checked;
        int status;
    } cases[] = {
        {"", "- - - -", 401},
        {"Authorization: Bearer good\r\n", "Bearer - - good", 200},
        {"Authorization: bearer   good\r\n", "Bearer - - good", 200},
        {"Authorization: Bearer bad==\r\n", "Bearer - - bad==", 401},
        {"Authorization: Bearer forbidden\r\n", "Bearer - - forbidden", 403},
        {"Authorization: Bearer\r\n", "- - - -", 401},
        {"Authorization: Bearer a b\r\n", "- - - -", 401},
        {"Authorization: Bearer a=b\r\n", "- - - -", 401},
        {"Authorization: Basic YWRhOnNlOmNyZXQ=\r\n", "Basic ada se:cret -", 200},
        {"Authorization: BASIC YWRhOnNlOmNyZXQ\r\n", "Basic ada se:cret -", 200},
        {"Authorization: Basic YWRhOg==\r\n", "Basic ada  -", 200},
        {"Authorization: Basic YWRh\r\n", "- - - -", 401},     /* no colon */
        {"Authorization: Basic YWRhOg=\r\n", "- - - -", 401},  /* the padding */
        {"Authorization: Basic YWRhOh==\r\n", "- - - -", 401}, /* bits that are over */
        {"Authorization: Basic YWR*Og==\r\n", "- - - -", 401},
        {"Authorization: Basic YQphOmI=\r\n", "- - - -", 401}, /* a line end */
        {"Authorization: Basic AGE6Yg==\r\n", "- - - -", 401}, /* a zero byte */
        {"Authorization: Digest x\r\n", "- - - -", 401},
        {"Authorization: Bearer good\r\nAuthorization: Bearer bad\r\n", "- - - -", 401},
    };
    bide_http_auth_options o = {.check = bide_ref(check_user), .data = checked};
    around(bide_ref(bide_http_layer_auth), &o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ(ask("GET", "/", cases[i].headers), cases[i].status);
        CHECK_STR(checked, cases[i].checked);
        CHECK((fake_header(&fake, "WWW-Authenticate") != NULL) == (fake.status == 401));
    }
    ask("GET", "/", "");
    CHECK_STR(fake_header(&fake, "WWW-Authenticate"), "Bearer realm=\"service\"");
    ask("GET", "/", "Authorization: Bearer bad\r\n");
    CHECK_STR(fake_header(&fake, "WWW-Authenticate"),
              "Bearer realm=\"service\", error=\"invalid_token\"");
    o.scheme = "Basic";
    o.realm = "x";
    ask("GET", "/", "");
    CHECK_STR(fake_header(&fake, "WWW-Authenticate"), "Basic realm=\"x\", charset=\"UTF-8\"");
    o.realm = "a\"b";
    CHECK_EQ(ask("GET", "/", ""), 500);
    end();
}

TEST(secrets_are_compared)
{
    CHECK(bide_http_same_secret("", ""));
    CHECK(bide_http_same_secret("abc", "abc"));
    CHECK(!bide_http_same_secret("abc", "abd"));
    CHECK(!bide_http_same_secret("abc", "ab"));
    CHECK(!bide_http_same_secret("ab", "abc"));
    CHECK(!bide_http_same_secret("", "a"));
    CHECK(!bide_http_same_secret("a", ""));
}

/* ---- headers for safety ---- */

TEST(headers_for_safety_are_set)
{
    bide_http_secure_options o = {0};
    around(bide_ref(bide_http_layer_secure), &o);
    CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK_STR(fake_header(&fake, "X-Content-Type-Options"), "nosniff");
    CHECK_STR(fake_header(&fake, "Content-Security-Policy"), "default-src 'self'");
    CHECK_STR(fake_header(&fake, "X-Frame-Options"), "DENY");
    CHECK_STR(fake_header(&fake, "Referrer-Policy"), "no-referrer");
    static const char *const trusted[] = {"unix"};
    bide_http_proxies proxies = {trusted, 1};
    o = (bide_http_secure_options){
        .content_policy = "", .frame_options = "SAMEORIGIN", .hsts_s = 60, .proxies = &proxies};
    CHECK_EQ(ask("GET", "/", ""), 200);
    CHECK(fake_header(&fake, "Content-Security-Policy") == NULL);
    CHECK(fake_header(&fake, "Strict-Transport-Security") == NULL);
    CHECK_STR(fake_header(&fake, "X-Frame-Options"), "SAMEORIGIN");
    CHECK_EQ(ask("GET", "/", "X-Forwarded-Proto: https\r\n"), 200);
    CHECK_STR(fake_header(&fake, "Strict-Transport-Security"), "max-age=60");
    end();
}

/* ---- all of them, cancelled everywhere, and without memory ---- */

static bide_http_gate *all_gate;
static bide_http_rate *all_rate;

static void all_layers(void)
{
    static const char *const origins[] = {"*"};
    static bide_http_cors_options cors = {.origins = origins, .origin_count = 1};
    static bide_http_log_options log = {.write = keep_line, .argument = line};
    static bide_http_auth_options auth = {.check = bide_ref(check_user), .data = checked};
    static const bide_http_route route = {"GET", "/", bide_ref(handler), 0, NULL, 0, NULL};
    CHECK_ERR(bide_http_gate_new(&(bide_http_gate_options){.inside_max = 1}, &all_gate), 0);
    CHECK_ERR(bide_http_rate_new(&(bide_http_rate_options){.requests = 1000000}, &all_rate), 0);
    const bide_http_layer layers[] = {
        {bide_ref(bide_http_layer_log), &log},      {bide_ref(bide_http_layer_id), NULL},
        {bide_ref(bide_http_layer_timing), NULL},   {bide_ref(bide_http_layer_secure), NULL},
        {bide_ref(bide_http_layer_cors), &cors},    {bide_ref(bide_http_layer_gate), all_gate},
        {bide_ref(bide_http_layer_rate), all_rate}, {bide_ref(bide_http_layer_timeout), NULL},
        {bide_ref(bide_http_layer_auth), &auth},    {bide_ref(bide_http_layer_compress), NULL}};
    CHECK_ERR(bide_http_router_new(
                  &(bide_http_router_options){
                      .routes = &route, .route_count = 1, .layers = layers, .layer_count = 10},
                  &router),
              0);
    fake.handler = bide_ref(bide_http_serve_router);
    fake.options.state = router;
    fake.waits = true;
    set_head(&fake, "GET", "/",
             "Authorization: Bearer good\r\nAccept-Encoding: gzip\r\nOrigin: https://a.b\r\n");
}

static void end_all(void)
{
    end();
    bide_http_gate_free(all_gate);
    bide_http_rate_free(all_rate);
}

async int all_of_them(void *state);
extern const struct bide_fn bide__desc_all_of_them;

async int all_of_them(void *state)
{
    (void)state;
    fake.body_data = NULL;
    return await fake_serve(&fake);
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    if (run->error == 0)
        CHECK_EQ(fake.status, 200);
}

TEST(ten_layers_may_be_cancelled_everywhere)
{
    static char text[3000];
    memset(text, 'x', sizeof text - 1);
    reply_text = text;
    sends = true;
    all_layers();
    CHECK(cancel_everywhere(&bide__desc_all_of_them, NULL, NULL, after) > 3);
    sends = false;
    CHECK(cancel_everywhere(&bide__desc_all_of_them, NULL, NULL, after) > 1);
    end_all();
}

static unsigned fail_in_turn(void)
{
    unsigned failures = 0;
    uint64_t failed = 1;

    for (unsigned nth = 1; failed > 0; nth++) {
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        bide_block_on(all_of_them(NULL));
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, 0, 0);
        CHECK(failed > 0 || fake.status == 200);
        CHECK(fake.status == 200 || fake.status == 503 || fake.result < 0);
        failures += failed > 0;
    }
    return failures;
}

TEST(an_allocation_that_fails_becomes_503_or_a_cut)
{
    static char text[3000];
    memset(text, 'x', sizeof text - 1);
    reply_text = text;
    all_layers();
    fake.room = 64;
    bide_block_on(all_of_them(NULL));
    CHECK(fail_in_turn() > 5);
    sends = true;
    CHECK(fail_in_turn() > 1);
    end_all();
}
