/*
 * Every limit and time limit of bide_http_server_options is crossed, in virtual time.
 */
#include "peer.h"

#include <bide/net.h>

static int complaints;

static void complain(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)error, (void)text, (void)argument;
    complaints++;
}

/* ---- clients that send at their own pace ---- */

/* One thing that a client does. */
struct step {
    int64_t wait_ms;  /* before it */
    const char *send; /* NULL: nothing more */
};

static int64_t took_ms; /* until the server has closed the connection */

static async void follow(bide_stream *to, const struct step *steps)
{
    for (; steps->send != NULL; steps++) {
        await bide_sleep(BIDE_MS(steps->wait_ms));
        if (await bide_stream_write_all(to, steps->send, strlen(steps->send), NULL) < 0)
            return;
    }
}

static async int follow_all(const struct step *steps)
{
    bide_stream *here, *there;
    bide_instant begin = bide_now();
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    int rc = -1;
    await bide_join(({
                        rc = await bide_http_server_serve_stream(server, there);
                        took_ms = bide_elapsed(begin).ns / 1000000;
                    }),
                    ({
                        await bide_select((void)peer_receive(here), ({
                                              await follow(here, steps);
                                              await bide_sleep(BIDE_S(100000));
                                          }));
                    }));
    return rc;
}

static const char *steps(const struct step *all)
{
    peer_answer[0] = 0;
    CHECK_EQ(bide_block_on(follow_all(all)), 0);
    return peer_answer;
}

/* ---- handlers ---- */

static async int hello(bide_http_exchange *x)
{
    if (strcmp(bide_http_path(x), "/slow") == 0)
        await bide_sleep(BIDE_S(1000));
    return bide_http_reply_text(x, 200, "hello");
}

static async int count_body(bide_http_exchange *x)
{
    char *data;
    size_t size;
    if (bide_http_query(x)[0] != 0)
        bide_http_body_limit(x, strtoull(bide_http_query(x), NULL, 10));
    int rc = await bide_http_body_all(x, &data, &size);
    if (rc < 0)
        CHECK_ERR(await bide_http_body_read(x, data, 1), rc);
    return rc < 0 ? rc : bide_http_reply_format(x, 200, "%zu", size);
}

static bool is_answer(const char *status)
{
    size_t size = strlen(status);
    return strncmp(peer_answer, "HTTP/1.1 ", 9) == 0 && strncmp(peer_answer + 9, status, size) == 0;
}

#define IS_LAST(status) (is_answer(status) && answered("Connection: close") == 1)

/* ---- the head ---- */

TEST(a_head_has_so_many_bytes)
{
    char request[600];
    serve_with(bide_ref(hello), &(bide_http_server_options){.head_bytes_max = 256});
    int n = sprintf(request, "GET / HTTP/1.1\r\nHost: a\r\nX: %200d\r\n\r\n", 1);
    ask(request);
    CHECK(is_answer("200"));
    sprintf(request, "GET / HTTP/1.1\r\nHost: a\r\nX: %*d\r\n\r\n", 200 + 257 - n, 1);
    ask(request);
    CHECK(IS_LAST("431"));
    sprintf(request, "GET /%0200d HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    ask(request);
    CHECK(IS_LAST("414"));
    serve_end();
}

TEST(a_head_that_never_ends_is_refused)
{
    static char request[100000];
    serve_with(bide_ref(hello), NULL);
    int n = sprintf(request, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(request + n, 'x', sizeof request - 1 - (size_t)n);
    ask(request);
    CHECK(IS_LAST("431"));
    serve_end();
}

TEST(a_head_longer_than_the_first_buffer_is_read)
{
    static char request[40000];
    serve_with(bide_ref(hello), &(bide_http_server_options){.head_bytes_max = 32 * 1024});
    sprintf(request, "GET / HTTP/1.1\r\nHost: a\r\nX: %30000d\r\n\r\n" GET("/"), 1);
    ask(request);
    CHECK(is_answer("200"));
    CHECK_EQ(answered("hello"), 2);
    serve_end();
}

TEST(a_head_has_so_many_headers)
{
    serve_with(bide_ref(hello), &(bide_http_server_options){.headers_max = 2});
    ask("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n");
    CHECK(is_answer("200"));
    ask("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 1\r\n\r\n");
    CHECK(IS_LAST("431"));
    serve_end();
}

TEST(a_head_has_so_much_time)
{
    static const struct step silent[] = {{0, NULL}};
    static const struct step half[] = {{3000, "GET / HTTP/1.1\r\n"}, {0, NULL}};
    static const struct step drips[] = {{1000, "GET /"},       {4000, " HTTP"}, {4000, "/1.1\r\n"},
                                        {4000, "Host: a\r\n"}, {4000, "\r\n"},  {0, NULL}};
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(steps(silent), "");
    CHECK_EQ(took_ms, 10000);
    steps(half);
    CHECK(IS_LAST("408"));
    CHECK(took_ms >= 13000 && took_ms <= 15000); /* it lingers */
    steps(drips);
    CHECK(IS_LAST("408"));
    CHECK(took_ms >= 11000 && took_ms <= 13000);
    serve_end();
    serve_with(bide_ref(hello), &(bide_http_server_options){.head_timeout = BIDE_S(30)});
    steps(drips);
    CHECK(is_answer("200"));
    serve_end();
}

/* ---- between requests ---- */

TEST(an_idle_connection_is_closed)
{
    static const struct step once[] = {{1000, GET("/")}, {0, NULL}};
    static const struct step twice[] = {{1000, GET("/")}, {50000, GET("/")}, {0, NULL}};
    serve_with(bide_ref(hello), NULL);
    CHECK_EQ(strlen(steps(once)) > 0, 1);
    CHECK(took_ms >= 61000 && took_ms <= 76000);
    steps(twice);
    CHECK_EQ(answered("hello"), 2);
    CHECK(took_ms >= 111000 && took_ms <= 126000);
    serve_end();
    serve_with(bide_ref(hello), &(bide_http_server_options){.idle_timeout = BIDE_S(40)});
    steps(twice);
    CHECK_EQ(answered("hello"), 1);
    serve_end();
}

TEST(a_connection_has_so_many_requests)
{
    serve_with(bide_ref(hello), &(bide_http_server_options){.requests_max = 2});
    ask(GET("/") GET("/") GET("/"));
    CHECK_EQ(answered("hello"), 2);
    CHECK_EQ(answered("Connection: close"), 1);
    serve_end();
}

/* ---- the body ---- */

#define POST(target, headers) "POST " target " HTTP/1.1\r\nHost: a\r\n" headers "\r\n"

TEST(a_body_has_so_many_bytes)
{
    serve_with(bide_ref(count_body), &(bide_http_server_options){.body_bytes_max = 4});
    ask(POST("/", "Content-Length: 4\r\n") "abcd");
    CHECK(is_answer("200"));
    ask(POST("/", "Content-Length: 5\r\n") "abcde");
    CHECK(is_answer("413"));
    ask(POST("/", "Transfer-Encoding: chunked\r\n") "4\r\nabcd\r\n0\r\n\r\n");
    CHECK(is_answer("200"));
    ask(POST("/", "Transfer-Encoding: chunked\r\n") "4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n");
    CHECK(IS_LAST("413"));
    ask(POST("/?5", "Content-Length: 5\r\n") "abcde");
    CHECK(is_answer("200"));
    serve_end();
}

TEST(what_is_no_data_in_a_chunked_body_is_bounded)
{
    static char request[60000];
    serve_with(bide_ref(count_body), NULL);
    int n = sprintf(request, POST("/", "Transfer-Encoding: chunked\r\n") "1;x=");
    memset(request + n, 'x', sizeof request - 1 - (size_t)n);
    ask(request);
    CHECK(IS_LAST("400"));
    serve_end();
}

TEST(a_body_has_so_much_time)
{
    static const struct step stops[] = {{1000, POST("/", "Content-Length: 9\r\n") "abc"},
                                        {0, NULL}};
    static struct step drips[1000];
    static char hundred[101];
    serve_with(bide_ref(count_body), NULL);
    steps(stops);
    CHECK(IS_LAST("408"));
    CHECK(took_ms >= 21000 && took_ms <= 23000);
    memset(hundred, 'x', 100);
    drips[0] = (struct step){0, POST("/", "Content-Length: 90000\r\n")};
    for (int i = 1; i < 999; i++)
        drips[i] = (struct step){1000, hundred};
    steps(drips);
    CHECK(IS_LAST("408")); /* 20 s, and 2 s for 2 KiB */
    CHECK(took_ms >= 22000 && took_ms <= 24000);
    for (int i = 1; i < 999; i++)
        drips[i].wait_ms = 10;
    steps(drips);
    CHECK(is_answer("200"));
    serve_end();
}

TEST(a_body_that_is_not_read_has_so_much_time_too)
{
    static const struct step stops[] = {{1000, POST("/", "Content-Length: 9\r\n") "abc"},
                                        {0, NULL}};
    serve_with(bide_ref(hello), NULL);
    steps(stops);
    CHECK(is_answer("200"));
    CHECK(took_ms >= 21000 && took_ms <= 23000);
    serve_end();
}

/* ---- responses ---- */

static char large[100000];
static int sent_rc;

static async int send_large(bide_http_exchange *x)
{
    if (bide_http_path(x)[1] == 'p') {
        sent_rc = await bide_http_send_begin(x, 200);
        while (sent_rc == 0)
            sent_rc = await bide_http_send_data(x, large, sizeof large);
        return sent_rc;
    }
    return bide_http_reply_borrowed(x, 200, NULL, large, sizeof large);
}

static async int never_read(const char *request)
{
    bide_stream *here, *there;
    bide_instant begin = bide_now();
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    int rc = 0, sent = 0;
    await bide_join(rc = bide_http_server_serve_stream(server, there),
                    sent = peer_send(here, request, strlen(request), false));
    took_ms = bide_elapsed(begin).ns / 1000000;
    return rc;
}

TEST(a_client_that_does_not_read_is_cut)
{
    serve_with(bide_ref(send_large), &(bide_http_server_options){.complain = complain});
    CHECK_EQ(bide_block_on(never_read(GET("/"))), 0);
    CHECK_EQ(took_ms, 20000);
    CHECK_EQ(bide_block_on(never_read(GET("/pieces"))), 0);
    CHECK_EQ(took_ms, 20000);
    CHECK_ERR(sent_rc, -ETIMEDOUT);
    CHECK_EQ(complaints, 0);
    serve_end();
}

static async int read_slowly(const char *request)
{
    bide_stream *here, *there;
    static char some[5000];
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    size_t got = 0;
    await bide_join((void)bide_http_server_serve_stream(server, there), ({
                        CHECK_EQ(await peer_send(here, request, strlen(request), false), 0);
                        ssize_t n;
                        while ((n = await bide_stream_read(here, some, sizeof some)) > 0) {
                            got += (size_t)n;
                            await bide_sleep(BIDE_S(15));
                        }
                    }));
    return (int)got;
}

TEST(a_client_that_reads_slowly_is_served)
{
    serve_with(bide_ref(send_large), NULL);
    CHECK(bide_block_on(read_slowly(GET("/"))) > (int)sizeof large);
    serve_end();
}

/* ---- the end ---- */

static async int send_for_ever(bide_stream *to)
{
    static const char head[] = POST("/", "Content-Length: 99999999\r\n");
    int rc = await bide_stream_write_all(to, head, strlen(head), NULL);
    while (rc == 0) {
        rc = await bide_stream_write_all(to, large, 1000, NULL);
        await bide_sleep(BIDE_MS(100));
    }
    return 0;
}

static async int refused_while_sending(void)
{
    bide_stream *here, *there;
    bide_instant begin = bide_now();
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    await bide_join(({
                        CHECK_EQ(await bide_http_server_serve_stream(server, there), 0);
                        took_ms = bide_elapsed(begin).ns / 1000000;
                    }),
                    (void)send_for_ever(here), (void)peer_receive(here));
    return 0;
}

TEST(what_a_refused_client_still_sends_is_dropped_for_a_while)
{
    serve_with(bide_ref(count_body), NULL);
    CHECK_EQ(bide_block_on(refused_while_sending()), 0);
    CHECK(IS_LAST("413"));
    CHECK_EQ(took_ms, 2000);
    serve_end();
    serve_with(bide_ref(count_body), &(bide_http_server_options){.unread_bytes_max = 5000});
    CHECK_EQ(bide_block_on(refused_while_sending()), 0);
    CHECK(IS_LAST("413"));
    CHECK(took_ms < 1000);
    serve_end();
}

/* ---- what is read ahead ---- */

static async int send_many(bide_stream *to, size_t *done)
{
    static char requests[200000];
    size_t size = 0;
    while (size < sizeof requests - 100)
        size += (size_t)sprintf(requests + size, GET("/"));
    await bide_select((void)bide_stream_write_all(to, requests, size, done), bide_sleep(BIDE_S(9)));
    return 0;
}

static async int pipeline(void)
{
    bide_stream *here, *there;
    size_t done = 0;
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    await bide_select((void)bide_http_server_serve_stream(server, there), ({
                          CHECK_EQ(await peer_send(here, GET("/slow"), strlen(GET("/slow")), false),
                                   0);
                          (void)await send_many(here, &done);
                      }));
    return (int)done;
}

TEST(so_much_is_read_ahead_and_no_more)
{
    serve_with(bide_ref(hello), NULL);
    int done = bide_block_on(pipeline());
    CHECK(done > 4096 && done <= 8192 + PEER_PIPE);
    serve_end();
}

/* ---- connections ---- */

static async int connect_and_ask(int port, bide_stream **s)
{
    char some[200];
    int rc = await bide_tcp_connect("127.0.0.1", (uint16_t)port, s);
    if (rc == 0)
        rc = await bide_stream_write_all(*s, GET("/"), strlen(GET("/")), NULL);
    if (rc == 0)
        rc = (int)await bide_stream_read(*s, some, sizeof some);
    return rc > 0 ? 0 : rc < 0 ? rc : -ENODATA;
}

static async int three_clients(void)
{
    static bide_shutdown stop = BIDE_SHUTDOWN_INIT;
    bide_stream *s[3] = {0};
    int port = bide_http_server_port(server), third = -1;
    bide_task(int) serving = bide_spawn(bide_http_server_run(server, &stop));
    CHECK_EQ(await connect_and_ask(port, &s[0]), 0);
    CHECK_EQ(await connect_and_ask(port, &s[1]), 0);
    await bide_join(third = connect_and_ask(port, &s[2]), ({
                        await bide_sleep(BIDE_MS(100));
                        bide_http_server_metrics m;
                        bide_http_server_metrics_read(server, &m);
                        CHECK_EQ(m.connections, 2);
                        CHECK_EQ(m.requests, 2);
                        CHECK_EQ(third, -1);
                        bide_stream_close(s[0]);
                    }));
    CHECK_EQ(third, 0);
    bide_stream_close(s[1]);
    bide_stream_close(s[2]);
    bide_shutdown_begin(&stop);
    int rc = -1;
    CHECK_EQ(await bide_task_join(serving, &rc), 0);
    return rc;
}

/* In real time. */
TEST(beyond_so_many_connections_nothing_is_accepted)
{
    CHECK_EQ(bide_http_server_new(bide_ref(hello),
                                  &(bide_http_server_options){.connections_max = 2}, &server),
             0);
    CHECK_EQ(bide_http_server_listen(server, "127.0.0.1", 0), 0);
    CHECK_EQ(bide_block_on(three_clients()), 0);
    serve_end();
}
