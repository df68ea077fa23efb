/*
 * bide/http_server.h over HTTP/1.1: requests and responses, byte by byte. Limits and clients that
 * go away are in files of their own.
 */
#include "peer.h"

#include <bide/unix.h>

static const char *complaint;
static int complaints;

static void complain(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)error, (void)argument;
    complaint = text;
    complaints++;
}

static const bide_http_server_options quiet = {.complain = complain};

/* ---- whole responses ---- */

static async int hello(bide_http_exchange *x)
{
    if (strcmp(bide_http_path(x), "/slow") == 0)
        await bide_sleep(BIDE_S(1));
    return bide_http_reply_text(x, 200, "hello");
}

#define HELLO       HEAD("200 OK", TEXT "Content-Length: 5\r\n") "hello"
#define HELLO_CLOSE HEAD("200 OK", TEXT "Content-Length: 5\r\nConnection: close\r\n") "hello"

TEST(a_response_has_a_date_a_server_and_a_length)
{
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(ask(GET("/")), HELLO);
    serve_end();
}

TEST(a_connection_is_kept_and_requests_that_come_together_are_answered_in_order)
{
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(ask(GET("/") GET("/slow") GET("/")), HELLO HELLO HELLO);
    serve_end();
}

TEST(a_client_may_close_the_connection)
{
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/")), HELLO_CLOSE);
    serve_end();
}

TEST(http_1_0_closes_unless_it_is_asked_not_to)
{
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(ask("GET / HTTP/1.0\r\n\r\n" GET("/")), HELLO_CLOSE);
    CHECK_STR(ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" GET("/")),
              HEAD("200 OK", TEXT "Content-Length: 5\r\nConnection: keep-alive\r\n") "hello" HELLO);
    serve_end();
}

TEST(a_response_to_head_has_no_body)
{
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" GET("/")),
              HEAD("200 OK", TEXT "Content-Length: 5\r\n") HELLO);
    serve_end();
}

static async int by_status(bide_http_exchange *x)
{
    int status = atoi(bide_http_path(x) + 1);
    if (status == 0)
        return 0;
    if (status == 304)
        return bide_http_header_set(x, "ETag", "\"1\"") < 0 ? -EIO
                                                            : bide_http_reply_status(x, status);
    if (status < 0)
        return status;
    return bide_http_reply_text(x, status, "text");
}

TEST(some_statuses_have_no_body)
{
    serve_with(bide_ref(by_status), NULL);
    CHECK_STR(ask(GET("/204") GET("/304") GET("/nothing") GET("/201")),
              HEAD("204 No Content", TEXT) HEAD("304 Not Modified", "ETag: \"1\"\r\n")
                  HEAD("204 No Content", "")
                      HEAD("201 Created", TEXT "Content-Length: 4\r\n") "text");
    serve_end();
}

static char large[300000];

static void release_large(void *argument)
{
    ++*(int *)argument;
}

static int released;

static async int send_large(bide_http_exchange *x)
{
    return bide_http_reply_owned(x, 200, NULL, large, sizeof large, release_large, &released);
}

TEST(a_large_body_is_sent_from_where_it_is_and_released)
{
    memset(large, 'l', sizeof large);
    serve_with(bide_ref(send_large), NULL);
    ask(GET("/"));
    const char head[] = HEAD("200 OK", "Content-Length: 300000\r\n");
    CHECK_EQ(peer_size, strlen(head) + sizeof large);
    CHECK(memcmp(peer_answer, head, strlen(head)) == 0);
    CHECK(memcmp(peer_answer + strlen(head), large, sizeof large) == 0);
    CHECK_EQ(released, 1);
    serve_end();
}

/* ---- the request ---- */

static async int tell(bide_http_exchange *x)
{
    char text[600];
    int n = snprintf(text, sizeof text, "%s|%s|%s|%s|%s|%s|%d|%lld", bide_http_method(x),
                     bide_http_path(x), bide_http_query(x), bide_http_target(x), bide_http_host(x),
                     bide_http_scheme(x), (int)bide_http_version_of(x),
                     (long long)bide_http_body_length(x));
    const char *one = bide_http_request_header(x, "x-one");
    n += snprintf(text + n, sizeof text - (size_t)n, "|%s", one == NULL ? "-" : one);
    size_t at = 0;
    for (bide_http_field f; bide_http_request_header_next(x, &at, &f);)
        n += snprintf(text + n, sizeof text - (size_t)n, "|%s=%s", f.name, f.value);
    CHECK(bide_http_state(x) == &large);
    bide_address peer;
    CHECK_ERR(bide_http_peer(x, &peer), -ENOTCONN);
    return bide_http_reply(x, 200, NULL, text, strlen(text));
}

static const char *told(const char *request)
{
    const char *body = strstr(ask(request), "\r\n\r\n");
    CHECK(body != NULL);
    return body + 4;
}

TEST(a_handler_is_told_what_was_asked)
{
    serve_with(bide_ref(tell), &(bide_http_server_options){.state = &large});
    CHECK_STR(told("GET /a%20b?c=d?e HTTP/1.1\r\nHost: h:8\r\nX-One:  1 \r\nX-One: 2\r\n\r\n"),
              "GET|/a%20b|c=d?e|/a%20b?c=d?e|h:8|http|11|0|1|Host=h:8|X-One=1|X-One=2");
    CHECK_STR(told("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), "OPTIONS|*||*|h|http|11|0|-|Host=h");
    CHECK_STR(told("GET http://h/p?q HTTP/1.1\r\nHost: h\r\n\r\n"),
              "GET|/p|q|http://h/p?q|h|http|11|0|-|Host=h");
    CHECK_STR(told("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n"),
              "GET|/|q|http://h?q|h|http|11|0|-|Host=h");
    CHECK_STR(told("OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n"),
              "OPTIONS|*||http://h|h|http|11|0|-|Host=h");
    CHECK_STR(told("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"),
              "CONNECT|||h:1|h:1|http|11|0|-|Host=h:1");
    CHECK_STR(told("BREW / HTTP/1.0\r\n\r\n"), "BREW|/||/||http|10|0|-");
    serve_end();
}

/* ---- the body of the request ---- */

static async int echo(bide_http_exchange *x)
{
    char *data, *again;
    size_t size;
    int rc = await bide_http_body_all(x, &data, &size);
    if (rc < 0)
        return rc;
    CHECK_EQ(data[size], 0);
    CHECK_EQ(await bide_http_body_all(x, &again, NULL), 0);
    CHECK(again == data);
    const char *trailer = bide_http_request_trailer(x, "X-Sum");
    if (trailer != NULL)
        CHECK_EQ(bide_http_header_set(x, "X-Sum", trailer), 0);
    return bide_http_reply(x, 200, NULL, data, size);
}

#define POST(body_headers, body) "POST /e HTTP/1.1\r\nHost: a\r\n" body_headers "\r\n" body

TEST(bodies_with_a_length_and_in_chunks_are_read)
{
    serve_with(bide_ref(echo), NULL);
    CHECK_STR(ask(POST("Content-Length: 3\r\n", "abc") POST("Content-Length: 0\r\n", "")
                      POST("Transfer-Encoding: chunked\r\n",
                           "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n")
                          POST("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")),
              HEAD("200 OK", "Content-Length: 3\r\n") "abc" HEAD("200 OK", "Content-Length: 0\r\n")
                  HEAD("200 OK", "X-Sum: 7\r\nContent-Length: 7\r\n") "abcdefg" HEAD(
                      "200 OK", "Content-Length: 0\r\n"));
    serve_end();
}

/* A body that is larger than any buffer. */
static void check_long(const char *request, size_t size)
{
    ask_bytes(request, size);
    const char *body = strstr(peer_answer, "\r\n\r\n");
    CHECK(body != NULL);
    CHECK_EQ(strlen(body + 4), 100000);
    CHECK_EQ(strspn(body + 4, "b"), 100000);
}

TEST(long_bodies_are_read)
{
    static char request[400000];
    serve_with(bide_ref(echo), NULL);
    int n = sprintf(request, POST("Content-Length: %d\r\n", ""), 100000);
    memset(request + n, 'b', 100000);
    check_long(request, (size_t)n + 100000);
    n = sprintf(request, POST("Transfer-Encoding: chunked\r\n", ""));
    for (int i = 0; i < 1000; i++) {
        n += sprintf(request + n, "64\r\n");
        memset(request + n, 'b', 100);
        n += 100;
        n += sprintf(request + n, "\r\n");
    }
    n += sprintf(request + n, "0\r\n\r\n");
    check_long(request, (size_t)n);
    serve_end();
}

/* Heads that fill the buffer up to its end, and nearly so. */
TEST(a_chunked_body_comes_behind_a_long_head)
{
    static char request[20000];
    serve_with(bide_ref(echo), NULL);
    for (int size = 8100; size < 8200; size++) {
        int n = sprintf(request, GET("/") POST("Transfer-Encoding: chunked\r\nX: %d\r\n", ""), 1);
        int head = n - (int)strlen(GET("/"));
        n = sprintf(request, GET("/") POST("Transfer-Encoding: chunked\r\nX: %0*d\r\n", ""),
                    size - head + 1, 1);
        CHECK_EQ(n - (int)strlen(GET("/")), size);
        sprintf(request + n, "3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n" GET("/"));
        CHECK_STR(ask(request),
                  HEAD("200 OK", "Content-Length: 0\r\n")
                      HEAD("200 OK", "X-Sum: 7\r\nContent-Length: 7\r\n") "abcdefg" HEAD(
                          "200 OK", "Content-Length: 0\r\n"));
    }
    serve_end();
}

static async int read_little(bide_http_exchange *x)
{
    char sum[64] = "", piece[3];
    ssize_t n;
    while ((n = await bide_http_body_read(x, piece, 2)) > 0) {
        piece[n] = 0;
        strcat(strcat(sum, piece), ".");
    }
    CHECK_EQ(await bide_http_body_read(x, piece, 2), 0);
    return n < 0 ? (int)n : bide_http_reply(x, 200, NULL, sum, strlen(sum));
}

TEST(a_body_is_read_in_pieces)
{
    serve_with(bide_ref(read_little), NULL);
    CHECK_STR(told(POST("Content-Length: 5\r\n", "abcde")), "ab.cd.e.");
    CHECK_STR(told(POST("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")),
              "ab.c.de.");
    serve_end();
}

TEST(a_malformed_chunk_is_refused)
{
    serve_with(bide_ref(echo), NULL);
    CHECK_STR(ask(POST("Transfer-Encoding: chunked\r\n", "x\r\nabc\r\n0\r\n\r\n") GET("/")),
              HEAD("400 Bad Request",
                   TEXT "Content-Length: 16\r\nConnection: close\r\n") "400 Bad Request\n");
    serve_end();
}

TEST(a_malformed_request_is_refused_and_the_connection_ends)
{
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(ask(GET("/") "GET / HTTP/1.1\r\nHost : a\r\n\r\n" GET("/")),
              HELLO HEAD("400 Bad Request",
                         TEXT "Content-Length: 16\r\nConnection: close\r\n") "400 Bad Request\n");
    serve_end();
}

/* ---- a body that is not read ---- */

TEST(a_body_that_is_not_read_is_skipped)
{
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(ask(POST("Content-Length: 5\r\n", "abcde") GET("/")), HELLO HELLO);
    CHECK_STR(ask(POST("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n") GET("/")),
              HELLO HELLO);
    serve_end();
}

TEST(a_long_body_that_is_not_read_ends_the_connection)
{
    serve_with(bide_ref(hello), &(bide_http_server_options){.unread_bytes_max = 4});
    CHECK_STR(ask(POST("Content-Length: 5\r\n", "abcde") GET("/")), HELLO_CLOSE);
    CHECK_STR(ask(POST("Transfer-Encoding: chunked\r\n", "5\r\nabcde\r\n0\r\n\r\n") GET("/")),
              HELLO);
    serve_end();
}

/* ---- Expect ---- */

#define EXPECT(body) POST("Expect: 100-continue\r\nContent-Length: 3\r\n", body)

TEST(a_client_that_waits_is_told_to_go_on)
{
    serve_with(bide_ref(echo), NULL);
    CHECK_STR(ask(EXPECT("abc")), HEAD("200 OK", "Content-Length: 3\r\n") "abc");
    serve_end();
}

static async int send_later(bide_stream *to)
{
    CHECK_EQ(await bide_stream_write_all(to, EXPECT(""), strlen(EXPECT("")), NULL), 0);
    char line[25];
    CHECK_EQ(await bide_stream_read_exactly(to, line, sizeof line, NULL), 0);
    CHECK(memcmp(line, "HTTP/1.1 100 Continue\r\n\r\n", sizeof line) == 0);
    CHECK_EQ(await bide_stream_write_all(to, "abc", 3, NULL), 0);
    return await peer_receive(to);
}

static async int talk_to(bide_async_fn(int, bide_stream *) client)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    int talked = -1;
    await bide_join((void)bide_http_server_serve_stream(server, there), talked = (*client)(here));
    return talked;
}

TEST(a_client_that_waits_for_it_gets_100_at_the_first_read)
{
    serve_with(bide_ref(echo), NULL);
    CHECK_EQ(bide_block_on(talk_to(bide_ref(send_later))), 0);
    CHECK_STR(peer_answer, HEAD("200 OK", "Content-Length: 3\r\n") "abc");
    serve_end();
}

TEST(a_client_that_waits_gets_the_final_response_if_nothing_is_read)
{
    serve_with(bide_ref(hello), NULL);
    CHECK_STR(ask(EXPECT("")), HELLO_CLOSE);
    CHECK_STR(ask(POST("Expect: something\r\nContent-Length: 3\r\n", "abc")),
              HEAD("417 Expectation Failed",
                   TEXT "Content-Length: 23\r\nConnection: close\r\n") "417 Expectation Failed\n");
    serve_end();
}

/* ---- responses in pieces ---- */

static async int pieces(bide_http_exchange *x)
{
    if (bide_http_query(x)[0] != 0)
        CHECK_EQ(bide_http_header_set(x, "Content-Length", bide_http_query(x)), 0);
    int rc = await bide_http_send_begin(x, 200);
    if (rc < 0)
        return rc;
    CHECK_ERR(bide_http_header_set(x, "A", "b"), -EALREADY);
    CHECK_ERR(await bide_http_send_begin(x, 200), -EALREADY);
    CHECK_ERR(bide_http_reply_text(x, 200, "late"), -EALREADY);
    rc = await bide_http_send_data(x, "abc", 3);
    await bide_sleep(BIDE_MS(1));
    if (rc == 0)
        rc = await bide_http_send_data(x, "", 0);
    if (rc == 0)
        rc = await bide_http_send_data(x, "de", 2);
    if (rc == 0 && bide_http_path(x)[1] == 't')
        CHECK_EQ(bide_http_trailer_add(x, "X-Sum", "5"), 0);
    if (rc < 0)
        return rc;
    rc = bide_http_path(x)[1] == 'e' ? await bide_http_send_end(x) : 0;
    if (rc == 0 && bide_http_path(x)[1] == 'e')
        CHECK_ERR(await bide_http_send_end(x), -EALREADY);
    return bide_http_path(x)[1] == 'f' ? -EIO : rc;
}

#define CHUNKED HEAD("200 OK", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n2\r\nde\r\n0\r\n"

TEST(a_response_in_pieces_is_chunked_with_trailers)
{
    serve_with(bide_ref(pieces), NULL);
    CHECK_STR(ask(GET("/") GET("/t") GET("/e")),
              CHUNKED "\r\n" CHUNKED "X-Sum: 5\r\n\r\n" CHUNKED "\r\n");
    CHECK_STR(ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
              HEAD("200 OK", "Transfer-Encoding: chunked\r\n"));
    CHECK_STR(ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HEAD("200 OK", "Connection: close\r\n") "abcde");
    serve_end();
}

TEST(a_response_in_pieces_may_have_a_length)
{
    serve_with(bide_ref(pieces), NULL);
    CHECK_STR(ask(GET("/?5") GET("/t?5")), HEAD("200 OK", "Content-Length: 5\r\n") "abcde" HEAD(
                                               "200 OK", "Content-Length: 5\r\n") "abcde");
    serve_end();
}

TEST(a_handler_that_sends_another_length_than_it_promised_is_cut)
{
    serve_with(bide_ref(pieces), &quiet);
    CHECK_STR(ask(GET("/?6") GET("/")), HEAD("200 OK", "Content-Length: 6\r\n") "abcde");
    CHECK_STR(complaint, "less was sent than Content-Length has promised");
    CHECK_STR(ask(GET("/?4") GET("/")), HEAD("200 OK", "Content-Length: 4\r\n") "abc");
    CHECK_STR(complaint, "more was sent than Content-Length has promised");
    CHECK_EQ(complaints, 2);
    serve_end();
}

TEST(a_handler_that_fails_after_it_began_to_send_cuts_the_connection)
{
    serve_with(bide_ref(pieces), &quiet);
    CHECK_STR(ask(GET("/f") GET("/")),
              HEAD("200 OK", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n2\r\nde\r\n");
    CHECK_EQ(complaints, 1);
    serve_end();
}

static async int hints(bide_http_exchange *x)
{
    CHECK_ERR(await bide_http_send_informational(x, 101), -ENXIO);
    CHECK_EQ(bide_http_header_set(x, "Link", "</s>; rel=preload"), 0);
    CHECK_EQ(bide_http_header_set(x, "Content-Length", "5"), 0);
    int rc = await bide_http_send_informational(x, 103);
    if (rc == 0)
        rc = await bide_http_send_begin(x, 200);
    return rc < 0 ? rc : await bide_http_send_data(x, "hello", 5);
}

TEST(informational_responses_come_first)
{
    serve_with(bide_ref(hints), NULL);
#define LINK "Link: </s>; rel=preload\r\n"
    CHECK_STR(ask(GET("/")), "HTTP/1.1 103 Early Hints\r\n" LINK
                             "\r\n" HEAD("200 OK", LINK "Content-Length: 5\r\n") "hello");
    CHECK_STR(ask("GET / HTTP/1.0\r\n\r\n"),
              HEAD("200 OK", LINK "Content-Length: 5\r\nConnection: close\r\n") "hello");
    serve_end();
}

/* ---- errors ---- */

TEST(errors_of_handlers_become_responses)
{
    serve_with(bide_ref(by_status), NULL);
    char path[64], expected[64];
    static const int errors[][2] = {{ENOENT, 404}, {EACCES, 403}, {EINVAL, 400},   {EIO, 500},
                                    {ENOMEM, 503}, {EEXIST, 409}, {ETIMEDOUT, 504}};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        sprintf(path, "GET /-%d HTTP/1.1\r\nHost: a\r\n\r\n", errors[i][0]);
        sprintf(expected, "HTTP/1.1 %d %s\r\n", errors[i][1], bide_http_reason(errors[i][1]));
        ask(path);
        CHECK(strncmp(peer_answer, expected, strlen(expected)) == 0);
    }
    serve_end();
}

static int hook(bide_http_exchange *x, int error, int status, void *argument)
{
    if (status == 404)
        return -EIO;
    return bide_http_reply_format(x, status, "%s %d %d", (char *)argument, error, status);
}

TEST(the_hook_makes_the_responses_of_errors)
{
    serve_with(bide_ref(by_status),
               &(bide_http_server_options){.error = hook, .error_argument = "it is"});
    char body[32], path[64];
    sprintf(body, "it is -%d 500", EIO);
    sprintf(path, "GET /-%d HTTP/1.1\r\nHost: a\r\n\r\n", EIO);
    CHECK_STR(told(path), body);
    sprintf(path, "GET /-%d HTTP/1.1\r\nHost: a\r\n\r\n", ENOENT);
    CHECK_STR(ask(path), HEAD("404 Not Found", "Content-Length: 0\r\n"));
    sprintf(body, "it is -%d 400", EBADMSG);
    CHECK_STR(told("nonsense\r\n\r\n"), body);
    serve_end();
}

/* ---- when it is sent ---- */

static async int slow_pieces(bide_http_exchange *x)
{
    if (bide_http_path(x)[1] == 0)
        return bide_http_reply_text(x, 200, "hello");
    int rc = bide_http_path(x)[1] == 'p' ? await bide_http_send_begin(x, 200) : 0;
    if (rc == 0 && bide_http_path(x)[1] == 'p')
        rc = await bide_http_send_data(x, "hello", 5);
    await bide_sleep(BIDE_S(5));
    return bide_http_path(x)[1] == 'p' ? rc : bide_http_reply_text(x, 200, "late");
}

static async int hear_early(bide_stream *to)
{
    static const char *const requests[] = {GET("/") GET("/wait"), GET("/pieces")};
    for (int i = 0; i < 2; i++) {
        bide_instant begin = bide_now();
        CHECK_EQ(await bide_stream_write_all(to, requests[i], strlen(requests[i]), NULL), 0);
        for (peer_size = 0; answered("hello") == 0; peer_answer[peer_size] = 0) {
            ssize_t n = await bide_stream_read(to, peer_answer + peer_size, 1000);
            CHECK(n > 0);
            peer_size += (size_t)n;
        }
        CHECK_EQ(bide_elapsed(begin).ns, 0);
        while (answered(i == 0 ? "late" : "0\r\n\r\n") == 0) {
            ssize_t n = await bide_stream_read(to, peer_answer + peer_size, 1000);
            CHECK(n > 0);
            peer_size += (size_t)n;
            peer_answer[peer_size] = 0;
        }
        CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(5).ns);
        peer_answer[0] = 0;
    }
    return 0;
}

TEST(a_response_does_not_wait_for_the_next_request_nor_a_piece_for_the_next_one)
{
    serve_with(bide_ref(slow_pieces), NULL);
    peer_answer[0] = 0;
    CHECK_EQ(bide_block_on(talk_to(bide_ref(hear_early))), 0);
    serve_end();
}

static void fill_with_noise(void *data)
{
    memset(data, '#', 6);
}

/* A new response may be made of the one before, whose memory goes then. */
static async int made_of_the_one_before(bide_http_exchange *x)
{
    static char before[7];
    size_t size;
    strcpy(before, "before");
    CHECK_EQ(bide_http_reply_owned(x, 200, "a/b", before, 6, fill_with_noise, before), 0);
    const char *body = bide_http_reply_body(x, &size);
    switch (bide_http_path(x)[1]) {
    case 'c': return bide_http_reply(x, 200, "text/x", body, size);
    case 't': return bide_http_reply_text(x, 200, body);
    case 'h': return bide_http_reply_html(x, 200, body);
    case 'r': return bide_http_reply_redirect(x, 302, body);
    default: return bide_http_reply_format(x, 200, "%s", body);
    }
}

TEST(a_response_may_be_made_of_the_one_before)
{
    serve_with(bide_ref(made_of_the_one_before), NULL);
    ask(GET("/c") GET("/t") GET("/h") GET("/f"));
    CHECK_EQ(answered("\r\n\r\nbefore"), 4);
    ask(GET("/r"));
    CHECK_EQ(answered("Location: before\r\n"), 1);
    serve_end();
}

/* ---- headers ---- */

static async int headers(bide_http_exchange *x)
{
    CHECK_ERR(bide_http_header_set(x, "a b", "c"), -ENXIO);
    CHECK_ERR(bide_http_header_set(x, "", "c"), -ENXIO);
    CHECK_ERR(bide_http_header_set(x, "a", "c\r\nd: e"), -EINVAL);
    CHECK_ERR(bide_http_header_set(x, "Transfer-Encoding", "chunked"), -ENXIO);
    CHECK_ERR(bide_http_header_set(x, "Connection", "keep-alive"), -ENXIO);
    CHECK_ERR(bide_http_header_set(x, "Content-Length", "1x"), -ENXIO);
    CHECK_ERR(bide_http_trailer_add(x, "Content-Length", "1"), -ENXIO);
    CHECK_EQ(bide_http_header_add(x, "X-A", "1"), 0);
    CHECK_EQ(bide_http_header_add(x, "x-a", "2"), 0);
    CHECK_EQ(bide_http_header_add(x, "X-B", "3"), 0);
    CHECK_EQ(bide_http_header_set(x, "X-a", "4"), 0);
    CHECK_EQ(bide_http_header_set(x, "Set-Cookie", "a=b"), 0);
    CHECK_EQ(bide_http_header_add(x, "Set-Cookie", "c=d"), 0);
    CHECK_EQ(bide_http_header_remove(x, "x-b"), 0);
    CHECK_STR(bide_http_header_get(x, "x-A"), "4");
    CHECK_STR(bide_http_header_get(x, "X-B"), NULL);
    CHECK_EQ(bide_http_header_set(x, "Server", "mine"), 0);
    CHECK_EQ(bide_http_header_set(x, "Date", "today"), 0);
    CHECK_EQ(bide_http_header_set(x, "Connection", "close"), 0);
    return bide_http_reply_status(x, 200);
}

TEST(headers_are_set_added_and_removed)
{
    serve_with(bide_ref(headers), NULL);
    CHECK_STR(ask(GET("/")), "HTTP/1.1 200 OK\r\nX-a: 4\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
                             "Server: mine\r\nDate: today\r\nContent-Length: 0\r\n"
                             "Connection: close\r\n\r\n");
    serve_end();
}

static async int many_headers(bide_http_exchange *x)
{
    char value[200], name[16];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = 0;
    for (int i = 0; i < 1000; i++) {
        sprintf(name, "X-%d", i);
        CHECK_EQ(bide_http_header_add(x, name, value), 0);
    }
    CHECK_ERR(bide_http_header_add(x, "X", "y"), -E2BIG);
    CHECK_EQ(bide_http_header_remove(x, "X-0"), 0);
    return bide_http_reply_text(x, 200, "end");
}

TEST(a_head_may_be_larger_than_the_buffer)
{
    serve_with(bide_ref(many_headers), NULL);
    ask(GET("/") GET("/"));
    CHECK_EQ(answered("X-999: vvv"), 2);
    CHECK_EQ(answered("\r\n\r\nend"), 2);
    serve_end();
}

static async int redirect(bide_http_exchange *x)
{
    CHECK_ERR(bide_http_reply_redirect(x, 200, "/"), -ENXIO);
    CHECK_ERR(bide_http_reply_redirect(x, 302, "/\r\n"), -EINVAL);
    CHECK_EQ(bide_http_reply_status_of(x), 0);
    CHECK_EQ(bide_http_reply_format(x, 200, "%s", "gone"), 0);
    return bide_http_reply_redirect(x, 302, "/there");
}

TEST(a_later_reply_replaces_an_earlier_one)
{
    serve_with(bide_ref(redirect), NULL);
    CHECK_STR(ask(GET("/")), HEAD("302 Found", "Location: /there\r\nContent-Length: 0\r\n"));
    serve_end();
}

/* ---- other protocols ---- */

static async int upgrade(bide_http_exchange *x)
{
    bide_stream *stream;
    char word[5];
    if (!bide_http_wants_upgrade(x, "echo"))
        return await bide_http_upgrade(x, "echo", &stream) == -EOPNOTSUPP ? -ENOENT : -EIO;
    CHECK_EQ(bide_http_header_set(x, "X-Key", "k"), 0);
    int rc = await bide_http_upgrade(x, "echo", &stream);
    if (rc < 0)
        return rc;
    defer {
        bide_stream_close(stream);
    }
    CHECK_EQ(await bide_stream_read_exactly(stream, word, 5, NULL), 0);
    CHECK_EQ(await bide_stream_write_all(stream, word, 5, NULL), 0);
    return 0;
}

/* The exchange is asked when the handler has closed the connection. */
static async int short_upgrade(bide_http_exchange *x)
{
    bide_address before, after;
    bide_stream *stream;
    CHECK_EQ(bide_http_peer(x, &before), 0);
    CHECK(bide_http_connection(x) != NULL);
    int rc = await bide_http_upgrade(x, "echo", &stream);
    if (rc < 0)
        return rc;
    bide_stream_close(stream);
    CHECK_EQ(bide_http_peer(x, &after), 0);
    CHECK_EQ(after.size, before.size);
    CHECK(memcmp(after.bytes, before.bytes, before.size) == 0);
    CHECK(bide_http_connection(x) == NULL);
    return 0;
}

static async int slow_upgrade(bide_http_exchange *x)
{
    await bide_sleep(BIDE_S(1));
    return await upgrade(x);
}

#define UPGRADE(path, name) \
    "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " name "\r\n\r\n"
#define SWITCHED \
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-Key: k\r\n\r\n"

static async int upgrade_later(bide_stream *to)
{
    static const char request[] = UPGRADE("/", "echo");
    char answer[sizeof SWITCHED - 1];
    CHECK_EQ(await bide_stream_write_all(to, request, strlen(request), NULL), 0);
    CHECK_EQ(await bide_stream_read_exactly(to, answer, sizeof answer, NULL), 0);
    CHECK(memcmp(answer, SWITCHED, sizeof answer) == 0);
    CHECK_EQ(await bide_stream_write_all(to, "after", 5, NULL), 0);
    return await peer_receive(to);
}

static void check_upgrades(void)
{
    CHECK_STR(ask(UPGRADE("/", "Echo") "words"), SWITCHED "words");
    CHECK_STR(ask(UPGRADE("/", "other") GET("/")),
              HEAD("404 Not Found", TEXT "Content-Length: 14\r\n") "404 Not Found\n" HEAD(
                  "404 Not Found", TEXT "Content-Length: 14\r\n") "404 Not Found\n");
    CHECK_EQ(bide_block_on(talk_to(bide_ref(upgrade_later))), 0);
    CHECK_STR(peer_answer, "after");
}

/* The head of the answer is longer than the buffer. */
static async int long_upgrade(bide_http_exchange *x)
{
    char value[5000];
    memset(value, 'v', sizeof value);
    value[sizeof value - 1] = 0;
    CHECK_EQ(bide_http_header_set(x, "X-Long", value), 0);
    return await upgrade(x);
}

TEST(a_handler_that_has_much_to_say_takes_the_connection_over)
{
    serve_with(bide_ref(long_upgrade), NULL);
    ask(UPGRADE("/", "echo") "words");
    CHECK_EQ(answered("HTTP/1.1 101 "), 1);
    CHECK_EQ(answered("v"), 4999);
    CHECK_STR(peer_answer + peer_size - 9, "\r\n\r\nwords");
    serve_end();
}

TEST(a_handler_takes_the_connection_over)
{
    serve_with(bide_ref(upgrade), NULL);
    check_upgrades();
    serve_end();
}

TEST(a_handler_that_has_waited_takes_the_connection_over)
{
    serve_with(bide_ref(slow_upgrade), NULL);
    check_upgrades();
    serve_end();
}

static async int talk_over_a_socket(const char *request)
{
    bide_stream *here, *there;
    int rc = -1;
    CHECK_EQ(bide_unix_pair(&here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    await bide_join(rc = bide_http_server_serve_stream(server, there),
                    (void)peer_send(here, request, strlen(request), false),
                    (void)peer_receive(here));
    return rc;
}

TEST(the_peer_is_known_after_the_connection_was_closed)
{
    serve_with(bide_ref(short_upgrade), NULL);
    CHECK_EQ(bide_block_on(talk_over_a_socket(UPGRADE("/", "echo"))), 0);
    CHECK_EQ(bide_block_on(talk_over_a_socket(UPGRADE("/", "echo") "ahead")), 0);
    serve_end();
}
