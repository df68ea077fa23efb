/*
 * Handlers that do several things at once: one branch reads the body while another one sends, and
 * reads are cancelled in the middle. In virtual time.
 */
#include "peer.h"

#define POST(target, rest) "POST " target " HTTP/1.1\r\nHost: a\r\n" rest "\r\n"

static async int send_slowly(bide_stream *to, const char *data, const char *later)
{
    (void)await peer_send(to, data, strlen(data), false);
    await bide_sleep(BIDE_MS(500));
    return await peer_send(to, later, strlen(later), false);
}

static async int receive_late(bide_stream *from)
{
    await bide_sleep(BIDE_MS(100));
    return await peer_receive(from);
}

/* The client reads nothing for a while, and what waits for it has so much room. */
static async int talk(size_t room, const char *data, const char *later)
{
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(room, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    int rc = -1;
    await bide_join(rc = bide_http_server_serve_stream(server, there),
                    (void)send_slowly(here, data, later), (void)receive_late(here));
    return rc;
}

/* So long that it waits for a client that does not read, and is still there for the next request.
 */
static int reply_long(bide_http_exchange *x)
{
    char text[601];
    memset(text, 'a', 600);
    text[600] = 0;
    return bide_http_reply_text(x, 200, text);
}

#define LONG_HEAD HEAD("200 OK", TEXT "Content-Length: 600\r\n")

static const char *behind_long(void)
{
    CHECK(strncmp(peer_answer, LONG_HEAD, strlen(LONG_HEAD)) == 0);
    CHECK_EQ(strspn(peer_answer + strlen(LONG_HEAD), "a"), 600);
    return peer_answer + strlen(LONG_HEAD) + 600;
}

/* ---- reads that are cancelled ---- */

static async int reads_for_a_moment(bide_http_exchange *x)
{
    char some[10];
    ssize_t n = 0;
    if (strcmp(bide_http_path(x), "/long") == 0)
        return reply_long(x);
    CHECK_ERR(await bide_timeout(BIDE_MS(10), n = bide_http_body_read(x, some, sizeof some)),
              -ETIMEDOUT);
    CHECK_EQ(n, 0);
    return bide_http_reply_text(x, 200, "late");
}

TEST(a_read_that_is_cancelled_when_it_tells_the_client_to_go_on_sends_nothing_twice)
{
    serve_with(bide_ref(reads_for_a_moment), NULL);
    CHECK_EQ(
        bide_block_on(talk(
            400, GET("/long") POST("/", "Expect: 100-continue\r\nContent-Length: 3\r\n"), "abc")),
        0);
    CHECK_STR(behind_long(),
              "HTTP/1.1 100 Continue\r\n\r\n" HEAD("200 OK", TEXT "Content-Length: 4\r\n") "late");
    serve_end();
}

static async int at_once(void)
{
    return 0;
}

/* Sooner or later a read waits for its turn, and is cancelled there. */
static async int reads_bytes(bide_http_exchange *x)
{
    char byte, *rest;
    ssize_t n = 1, got = 0;
    size_t size;
    int which = 0;
    while (which == 0 && n > 0) {
        n = 0;
        which = await bide_select_biased(n = bide_http_body_read(x, &byte, 1), (void)at_once());
        got += n;
    }
    CHECK_EQ(which, 1);
    int rc = await bide_http_body_all(x, &rest, &size);
    CHECK_EQ(rc, 0);
    CHECK_EQ((size_t)got + size, 2000);
    return bide_http_reply_text(x, 200, "all");
}

TEST(a_read_that_is_cancelled_when_it_waits_for_its_turn_has_taken_nothing)
{
    char request[3000];
    int size = snprintf(request, sizeof request, POST("/", "Content-Length: 2000\r\n"));
    memset(request + size, 'a', 2000);
    serve_with(bide_ref(reads_bytes), NULL);
    CHECK_STR(ask_bytes(request, (size_t)size + 2000),
              HEAD("200 OK", TEXT "Content-Length: 3\r\n") "all");
    serve_end();
}

/* ---- one branch reads, another one sends ---- */

static char large[100 * 1000];

static async void read_whole(bide_http_exchange *x, size_t expected)
{
    char some[1000];
    size_t size = 0;
    ssize_t n;
    while ((n = await bide_http_body_read(x, some, sizeof some)) > 0)
        size += (size_t)n;
    CHECK_EQ(n, 0);
    CHECK_EQ(size, expected);
}

static async void send_pieces(bide_http_exchange *x, const char *data, size_t size)
{
    CHECK_EQ(await bide_http_send_begin(x, 200), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(await bide_http_send_data(x, data, size), 0);
}

static async int both(bide_http_exchange *x)
{
    if (strcmp(bide_http_path(x), "/long") == 0)
        return reply_long(x);
    await bide_sleep(BIDE_MS(1)); /* what was held back is being sent from now on */
    await bide_join(read_whole(x, 3), send_pieces(x, "abc", 3));
    return 0;
}

TEST(two_branches_wait_for_the_same_write)
{
    serve_with(bide_ref(both), NULL);
    CHECK_EQ(bide_block_on(talk(400, GET("/long") POST("/", "Content-Length: 3\r\n"), "abc")), 0);
    CHECK_STR(behind_long(),
              HEAD("200 OK", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n");
    serve_end();
}

static async int both_large(bide_http_exchange *x)
{
    await bide_join(read_whole(x, sizeof large), send_pieces(x, large, sizeof large));
    return 0;
}

static int busy;

static async void read_or_busy(bide_http_exchange *x)
{
    char some[1000];
    ssize_t n;
    while ((n = await bide_http_body_read(x, some, sizeof some)) > 0)
        continue;
    CHECK(n == 0 || n == -EBUSY);
    busy += n == -EBUSY;
}

static async int two_readers(bide_http_exchange *x)
{
    await bide_join(read_or_busy(x), read_or_busy(x));
    return bide_http_reply_text(x, 200, "read");
}

TEST(of_two_branches_that_read_one_is_told_that_it_is_in_the_way)
{
    static const char ok[] = HEAD("200 OK", TEXT "Content-Length: 4\r\n") "read";
    serve_with(bide_ref(two_readers), NULL);
    CHECK_EQ(bide_block_on(talk(PEER_PIPE, POST("/", "Content-Length: 3\r\n"), "abc")), 0);
    CHECK_STR(peer_answer, ok);
    CHECK_EQ(busy, 1);
    CHECK_EQ(bide_block_on(talk(PEER_PIPE, POST("/", "Transfer-Encoding: chunked\r\n"),
                                "3\r\nabc\r\n0\r\n\r\n")),
             0);
    CHECK_STR(peer_answer, ok);
    CHECK_EQ(busy, 2);
    serve_end();
}

/* The client sends all of its body before it reads. */
static async int send_then_read(void)
{
    static const char head[] = POST("/", "Content-Length: 100000\r\n");
    bide_stream *here, *there;
    CHECK_EQ(bide_stream_pair(PEER_PIPE, &here, &there), 0);
    defer {
        bide_stream_close(here);
    }
    await bide_join((void)bide_http_server_serve_stream(server, there), ({
                        (void)await peer_send(here, head, strlen(head), false);
                        (void)await peer_send(here, large, sizeof large, false);
                        (void)await peer_receive(here);
                    }));
    return 0;
}

TEST(a_branch_reads_while_another_one_waits_to_send)
{
    serve_with(bide_ref(both_large), NULL);
    CHECK_EQ(bide_block_on(send_then_read()), 0);
    CHECK(peer_size > 2 * sizeof large);
    serve_end();
}
