/*
 * bide/http_stream.h: bodies in pieces in both directions, how much memory they take, slow readers
 * and slow servers, servers that do not want the rest, and ends at every point. Time is virtual.
 */
#include <bide/testing.h>

#include "counted.h"
#include "http_wire.h"

/* All that is lent here is joined. */
#pragma GCC diagnostic ignored "-Wbide-borrow"

enum { LARGE = 32 << 20 };

static bide_http_client *client;
static size_t written, received; /* by the server */
static bide_notify goes_on;

static void run(wire_answer answer, bide_async_fn(int, void) test)
{
    bide_test_time_virtual();
    wire_start(answer);
    written = received = 0;
    client = wire_client((bide_http_options){0});
    CHECK_EQ(bide_block_on((*test)()), 0);
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

static async int open_at(const char *path, bide_http_response **r)
{
    bide_http_request q = {.url = wire_url(path)};
    return await bide_http_open(client, &q, r);
}

/* Reads to the end. Returns the size, or the error after that. */
static async ssize_t read_all(bide_http_response *r, size_t piece_size)
{
    char piece[4096];
    ssize_t n, size = 0;
    while ((n = await bide_http_response_read(r, piece, piece_size)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            CHECK_EQ(piece[i], 'a' + (size + i) % 26);
        size += n;
    }
    return n < 0 ? n : size;
}

/* ---- answers ---- */

static async int give_large(bide_stream *s)
{
    char text[128], piece[26 * 100];
    size_t size = strstr(wire.head, "/large") != NULL ? LARGE : 100;
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = (char)('a' + i % 26);
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: %zu\r\n\r\n", size);
    int n = await wire_say(s, text);
    for (written = 0; written < size && n == 0; written += sizeof piece) {
        size_t part = size - written < sizeof piece ? size - written : sizeof piece;
        n = await bide_stream_write_all(s, piece, part, NULL);
    }
    return n;
}

static async int large(void)
{
    bide_http_response *r;
    CHECK_EQ(await open_at("/small", &r), 0); /* the memory of a client that has begun */
    CHECK_EQ(await read_all(r, 7), 100);
    bide_http_response_free(r);

    counted_begin();
    counted_reset();
    CHECK_EQ(await open_at("/large", &r), 0);
    CHECK_EQ(bide_http_status(r), 200);
    CHECK_STR(bide_http_header_value(r, "x-a"), "b");
    CHECK_EQ(bide_http_response_length(r), LARGE);
    CHECK_EQ(bide_http_body_size(r), 0);
    /* Nobody reads, however long: the server is held up. */
    await bide_sleep(BIDE_S(20));
    size_t before = written;
    await bide_sleep(BIDE_S(5));
    CHECK_EQ(written, before);
    CHECK(written < LARGE / 2);
    CHECK_EQ(await read_all(r, 4096), LARGE);
    CHECK_EQ(await bide_http_response_read(r, &before, 1), 0);
    bide_http_response_free(r);
    fprintf(stderr, "%d bytes take %ld\n", LARGE, counted_most());
    CHECK(counted_most() < 200000);
    /* It was complete, so its connection is used again. */
    CHECK_EQ(await open_at("/small", &r), 0);
    bide_http_response_free(r);
    CHECK_EQ(wire.accepted, 1);
    return 0;
}

TEST_LIMIT(a_large_answer_takes_little_memory, 60)
{
    run(bide_ref(give_large), bide_ref(large));
}

static async int left(void)
{
    bide_http_response *r;
    char piece[1000];
    CHECK_EQ(await open_at("/large", &r), 0);
    CHECK(await bide_http_response_read(r, piece, sizeof piece) > 0);
    bide_http_response_free(r);
    while (wire.open > 0)
        await bide_notify_wait(&wire.one_closed);
    CHECK_EQ(await open_at("/small", &r), 0);
    CHECK_EQ(await read_all(r, 4096), 100);
    bide_http_response_free(r);
    return 0;
}

TEST(an_answer_that_is_left)
{
    run(bide_ref(give_large), bide_ref(left));
}

/* The rest comes when the client has seen the head. */
static async int give_later(bide_stream *s)
{
    int n = await wire_say(s, "HTTP/1.1 103 Early\r\nX-A: no\r\n\r\n"
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK_EQ(await bide_notify_wait(&goes_on), 0);
    if (n == 0)
        n = await wire_say(s, "3\r\nabc\r\n");
    CHECK_EQ(await bide_notify_wait(&goes_on), 0);
    if (n == 0 && strstr(wire.head, "/cut") != NULL)
        return -EPIPE;
    return n < 0 ? n : await wire_say(s, "0\r\nX-T: u\r\n\r\n");
}

static async int later(void)
{
    bide_http_response *r;
    char piece[10];
    for (int cut = 0; cut < 2; cut++) {
        CHECK_EQ(await open_at(cut ? "/cut" : "/good", &r), 0);
        CHECK_EQ(bide_http_status(r), 200);
        CHECK_EQ(bide_http_response_length(r), -1);
        CHECK(bide_http_header_value(r, "X-A") == NULL);
        bide_notify_one(&goes_on);
        CHECK_EQ(await bide_http_response_read(r, piece, sizeof piece), 3);
        bide_notify_one(&goes_on);
        for (int i = 0; i < 2; i++)
            CHECK_ERR(await bide_http_response_read(r, piece, sizeof piece), cut ? -ECONNRESET : 0);
        CHECK_EQ(bide_http_error(r)[0] != '\0', cut);
        CHECK_EQ(bide_http_status(r), 200);
        bide_http_response_free(r);
    }
    return 0;
}

TEST(a_head_comes_before_its_body)
{
    run(bide_ref(give_later), bide_ref(later));
}

static async int move_or_give(bide_stream *s)
{
    if (strstr(wire.head, "/move") != NULL)
        return await wire_say(s, "HTTP/1.1 302 Moved\r\nLocation: /small\r\nX-A: moved\r\n"
                                 "Content-Length: 4\r\n\r\ngone");
    return await give_large(s);
}

static async int moved(void)
{
    bide_http_response *r;
    CHECK_EQ(await open_at("/move", &r), 0);
    CHECK_EQ(bide_http_status(r), 200);
    CHECK_STR(bide_http_header_value(r, "X-A"), "b");
    CHECK_STR(bide_http_response_url(r), wire_url("/small"));
    CHECK_EQ(await read_all(r, 4096), 100);
    bide_http_response_free(r);
    bide_http_request q = {.url = wire_url("/small"), .method = "HEAD"};
    CHECK_EQ(await bide_http_open(client, &q, &r), 0);
    CHECK_EQ(await read_all(r, 10), 0);
    bide_http_response_free(r);
    /* A response that is whole can be read in pieces too. */
    CHECK_EQ(await bide_http_get(client, wire_url("/small"), &r), 0);
    CHECK_EQ(await read_all(r, 9), 100);
    bide_http_response_free(r);
    return 0;
}

TEST(redirections_and_whole_answers)
{
    run(bide_ref(move_or_give), bide_ref(moved));
}

/* ---- limits ---- */

static async int limits(void)
{
    bide_http_response *r;
    bide_http_request q = {.url = wire_url("/large"), .response_max_bytes = 100000};
    CHECK_EQ(await bide_http_open(client, &q, &r), 0);
    CHECK_ERR(await read_all(r, 4096), -EMSGSIZE);
    bide_http_response_free(r);

    /* The limit of the request is one of the whole, that of the client one of the head. */
    q = (bide_http_request){.url = wire_url("/large"), .timeout = BIDE_S(5)};
    CHECK_EQ(await bide_http_open(client, &q, &r), 0);
    await bide_sleep(BIDE_S(6));
    CHECK_ERR(await read_all(r, 4096), -ETIMEDOUT);
    bide_http_response_free(r);
    q.timeout = (bide_duration){0};
    CHECK_EQ(await bide_http_open(client, &q, &r), 0);
    await bide_sleep(BIDE_S(100));
    CHECK_EQ(await read_all(r, 4096), LARGE);
    bide_http_response_free(r);

    /* While the reader is slow, the server is not called silent. */
    bide_http_client_free(client);
    client = wire_client((bide_http_options){.read_timeout = BIDE_S(1)});
    CHECK_EQ(await bide_http_open(client, &q, &r), 0);
    await bide_sleep(BIDE_S(100));
    CHECK_EQ(await read_all(r, 4096), LARGE);
    bide_http_response_free(r);
    return 0;
}

TEST_LIMIT(limits_of_streams, 60)
{
    run(bide_ref(give_large), bide_ref(limits));
}

static async int freed(void)
{
    bide_http_response *r, *second;
    char piece[100];
    CHECK_EQ(await open_at("/large", &r), 0);
    CHECK_EQ(await open_at("/large", &second), 0);
    bide_http_client_free(client);
    client = NULL;
    bide_http_response_free(second);
    ssize_t n;
    while ((n = await bide_http_response_read(r, piece, sizeof piece)) > 0)
        ; /* what had arrived */
    CHECK_ERR(n, -ECANCELED);
    CHECK_STR(bide_http_error(r), "the client was closed");
    bide_http_response_free(r);
    return 0;
}

TEST(a_client_that_is_freed)
{
    run(bide_ref(give_large), bide_ref(freed));
}

/* ---- requests ---- */

/* Reads the body, in the form that the head announces, and checks it. */
static async int take(bide_stream *s)
{
    static char piece[30000];
    bool chunked = strstr(wire.head, "Transfer-Encoding: chunked") != NULL;
    const char *length = strstr(wire.head, "Content-Length: ");
    size_t left = length != NULL ? strtoul(length + 16, NULL, 10) : 0;
    bide_reader *reader;
    CHECK(chunked != (length != NULL));
    CHECK_EQ(bide_reader_new(s, 4096, &reader), 0);
    defer {
        bide_reader_free(reader);
    }
    if (strstr(wire.head, "/slow") != NULL)
        CHECK_EQ(await bide_notify_wait(&goes_on), 0);
    for (;;) {
        char *line;
        if (chunked) {
            CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
            left = strtoul(line, NULL, 16);
        }
        bool last = left == 0;
        while (left > 0) {
            ssize_t n =
                await bide_reader_read(reader, piece, left < sizeof piece ? left : sizeof piece);
            CHECK(n > 0);
            for (ssize_t i = 0; i < n; i++)
                CHECK_EQ(piece[i], 'a' + (received + (size_t)i) % 26);
            received += (size_t)n;
            left -= (size_t)n;
        }
        if (chunked)
            CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
        if (last || !chunked)
            break;
    }
    return await wire_hello(s);
}

static async int give(bide_http_response *r, size_t size)
{
    char piece[26 * 100];
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = (char)('a' + i % 26);
    for (written = 0; written < size;) {
        size_t part = size - written < sizeof piece ? size - written : sizeof piece;
        size_t done;
        int n = await bide_http_upload_all(r, piece, part, &done);
        if (n < 0)
            return n;
        CHECK_EQ(done, part);
        written += part;
    }
    return bide_http_upload_end(r);
}

static async int upload(const char *path, size_t size, bool is_known)
{
    bide_http_response *r;
    bide_http_request q = {
        .url = wire_url(path), .body_streamed = true, .body_size = is_known ? size : 0};
    received = 0;
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    bide_task(int) giver = bide_spawn(give(r, size));
    if (strcmp(path, "/slow") == 0) {
        await bide_sleep(BIDE_S(3));
        size_t before = written;
        await bide_sleep(BIDE_S(3));
        CHECK_EQ(written, before); /* held up */
        CHECK(written < size / 2);
        bide_notify_one(&goes_on);
    }
    CHECK_EQ(await bide_http_answer(r), 0);
    int n;
    CHECK_EQ(await bide_task_join(giver, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(received, size);
    char piece[10];
    CHECK_EQ(await bide_http_response_read(r, piece, sizeof piece), 5);
    CHECK_EQ(await bide_http_response_read(r, piece, sizeof piece), 0);
    CHECK_ERR(await bide_http_upload(r, "x", 1), -EINVAL);
    CHECK_ERR(bide_http_upload_end(r), -EINVAL);
    bide_http_response_free(r);
    return 0;
}

static async int uploads(void)
{
    wire.leaves_body = true;
    CHECK_EQ(await upload("/", 1000, true), 0);
    CHECK(wire_has("POST / ") && wire_has("Content-Length: 1000\r\n"));
    CHECK_EQ(await upload("/", 1000, false), 0);
    CHECK_EQ(await upload("/", 0, false), 0);
    counted_begin();
    counted_reset();
    CHECK_EQ(await upload("/slow", LARGE, true), 0);
    CHECK_EQ(await upload("/slow", LARGE, false), 0);
    fprintf(stderr, "%d bytes take %ld\n", LARGE, counted_most());
    CHECK(counted_most() < 400000);
    return 0;
}

TEST_LIMIT(a_large_request_takes_little_memory, 100)
{
    run(bide_ref(take), bide_ref(uploads));
}

static async int wrong(void)
{
    bide_http_response *r;
    bide_http_request q = {.url = wire_url("/"), .body_streamed = true, .body_size = 5};
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    CHECK_ERR(await bide_http_upload(r, "abcdef", 6), -EMSGSIZE);
    CHECK_EQ(await bide_http_upload(r, "abc", 3), 3);
    CHECK_ERR(bide_http_upload_end(r), -ENODATA);
    CHECK_ERR(await bide_http_answer(r), -ENODATA);
    CHECK(strstr(bide_http_error(r), "shorter") != NULL);
    bide_http_response_free(r);

    CHECK_ERR(await bide_http_open(client, &q, &r), -EINVAL);
    bide_http_response_free(r);
    q.body = "abcde";
    CHECK_ERR(bide_http_start(client, &q, &r), -EINVAL);
    CHECK_STR(bide_http_error(r), "the body is given twice");
    CHECK_ERR(await bide_http_upload(r, "x", 1), -EINVAL);
    CHECK_ERR(bide_http_upload_end(r), -EINVAL);
    bide_http_response_free(r);
    CHECK_EQ(await open_at("/", &r), 0);
    CHECK_ERR(await bide_http_upload(r, "x", 1), -EINVAL);
    bide_http_response_free(r);
    CHECK_ERR(await bide_http_answer(NULL), -ENOMEM);
    return 0;
}

TEST(bodies_of_another_size)
{
    run(bide_ref(wire_hello), bide_ref(wrong));
}

/* ---- servers that do not want the rest ---- */

static async int refuse(bide_stream *s)
{
    char piece[4096];
    int n = await wire_say(s, "HTTP/1.1 413 Too Much\r\nContent-Length: 3\r\n\r\nabc");
    /* A close with unread bytes would reset the connection, and the answer be lost. */
    while (n == 0 && await bide_stream_read(s, piece, sizeof piece) > 0)
        await bide_sleep(BIDE_MS(1));
    return -EPIPE;
}

static async int refused(bool is_known)
{
    bide_http_response *r;
    bide_http_request q = {
        .url = wire_url("/"), .body_streamed = true, .body_size = is_known ? LARGE : 0};
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    CHECK_ERR(await give(r, LARGE), -EPIPE);
    CHECK(written < LARGE / 2);
    CHECK_EQ(await bide_http_answer(r), 0);
    CHECK_EQ(bide_http_status(r), 413);
    CHECK_EQ(await read_all(r, 10), 3);
    bide_http_response_free(r);
    return 0;
}

static async int all_refused(void)
{
    wire.leaves_body = true;
    CHECK_EQ(await refused(true), 0);
    CHECK_EQ(await refused(false), 0);
    return 0;
}

TEST(a_server_that_refuses_early)
{
    run(bide_ref(refuse), bide_ref(all_refused));
}

/* It answers at once and keeps the connection, though it has got only a part. */
static async int answer_early(bide_stream *s)
{
    char text[100], piece[26 * 100];
    size_t size = strstr(wire.head, "/large") != NULL ? 26 * 10000 : 26;
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = (char)('a' + i % 26);
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    int n = await wire_say(s, text);
    while (size > 0 && n == 0) {
        size_t part = size < sizeof piece ? size : sizeof piece;
        n = await bide_stream_write_all(s, piece, part, NULL);
        size -= part;
    }
    return n;
}

/* What the server has not got must not become the next request. */
static async int answered_early(void)
{
    bide_http_response *r, *next;
    bide_http_request q = {.url = wire_url("/small"), .body_streamed = true, .body_size = 1000000};
    wire.leaves_body = true;
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    CHECK_EQ(await bide_http_answer(r), 0);
    CHECK_EQ(await read_all(r, 4096), 26);
    bide_http_response_free(r);
    CHECK_EQ(await open_at("/small", &next), 0);
    CHECK_EQ(await read_all(next, 4096), 26);
    CHECK_EQ(wire.accepted, 2);
    bide_http_response_free(next);
    return 0;
}

TEST(a_connection_with_half_a_request_is_not_used_again)
{
    run(bide_ref(answer_early), bide_ref(answered_early));
}

/* The end of the answer comes while the program reads nothing. */
static async int read_late(void)
{
    bide_http_response *r;
    bide_http_request q = {.url = wire_url("/large"), .body_streamed = true, .body_size = 1000000};
    wire.leaves_body = true;
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    CHECK_EQ(await bide_http_answer(r), 0);
    await bide_sleep(BIDE_S(5));
    CHECK_EQ(await read_all(r, 4096), 26 * 10000);
    bide_http_response_free(r);
    return 0;
}

TEST(an_early_answer_that_is_read_late)
{
    run(bide_ref(answer_early), bide_ref(read_late));
}

/* An empty Location leads nowhere, and the body is the answer. */
static async int move_nowhere(bide_stream *s)
{
    char piece[26 * 100];
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = (char)('a' + i % 26);
    int n = await wire_say(s, "HTTP/1.1 302 Found\r\nLocation:\r\nContent-Length: 260000\r\n\r\n");
    for (int i = 0; i < 100 && n == 0; i++)
        n = await bide_stream_write_all(s, piece, sizeof piece, NULL);
    return n;
}

static async int moved_nowhere(void)
{
    bide_http_response *r;
    CHECK_EQ(await open_at("/", &r), 0);
    CHECK_EQ(bide_http_status(r), 302);
    CHECK_EQ(await read_all(r, 4096), 260000);
    bide_http_response_free(r);
    return 0;
}

TEST(an_empty_location)
{
    run(bide_ref(move_nowhere), bide_ref(moved_nowhere));
}

/* A stream that never ends, and gives nothing, does not keep the answer back. */
static async int silent_source(void)
{
    bide_stream *from, *to;
    bide_http_response *r;
    bide_http_request q = {.url = wire_url("/")};
    wire.leaves_body = true;
    CHECK_EQ(bide_stream_pair(100, &from, &to), 0);
    CHECK_EQ(await bide_http_send_from(client, &q, from, &r), 0);
    CHECK_EQ(bide_http_status(r), 413);
    CHECK_EQ(await read_all(r, 10), 3);
    bide_http_response_free(r);
    bide_stream_close(from);
    bide_stream_close(to);
    return 0;
}

TEST(a_source_that_is_not_wanted)
{
    run(bide_ref(refuse), bide_ref(silent_source));
}

/* ---- streams on both sides ---- */

static async int fill(bide_stream *to, size_t size)
{
    char piece[26 * 10];
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = (char)('a' + i % 26);
    while (size > 0) {
        size_t part = size < sizeof piece ? size : sizeof piece;
        int n = await bide_stream_write_all(to, piece, part, NULL);
        if (n < 0)
            return n;
        size -= part;
    }
    bide_stream_close(to);
    return 0;
}

static async int from_stream(size_t announced, size_t size)
{
    bide_stream *from, *to;
    bide_http_response *r;
    bide_http_request q = {.url = wire_url("/put"), .method = "PUT", .body_size = announced};
    received = 0;
    CHECK_EQ(bide_stream_pair(1000, &from, &to), 0);
    bide_task(int) filler = bide_spawn(fill(to, size));
    int n = await bide_http_send_from(client, &q, from, &r), filled;
    bide_http_response_free(r);
    CHECK_EQ(await bide_task_join(filler, &filled), 0);
    bide_stream_close(from);
    return n;
}

static async int from_streams(void)
{
    wire.leaves_body = true;
    CHECK_EQ(await from_stream(0, 100000), 0);
    CHECK_EQ(received, 100000);
    CHECK(wire_has("PUT /put "));
    CHECK_EQ(await from_stream(100000, 100000), 0);
    CHECK_EQ(received, 100000);
    return 0;
}

TEST(a_request_out_of_a_stream)
{
    run(bide_ref(take), bide_ref(from_streams));
}

static async int drain(bide_stream *from, size_t *size)
{
    char piece[999];
    ssize_t n;
    while ((n = await bide_stream_read(from, piece, sizeof piece)) > 0)
        for (ssize_t i = 0; i < n; i++, ++*size)
            CHECK_EQ(piece[i], (char)('a' + *size % 26));
    return 0;
}

static async int into_stream(void)
{
    bide_stream *from, *to;
    bide_http_response *r;
    size_t size = 0;
    uint64_t copied;
    CHECK_EQ(bide_stream_pair(1000, &from, &to), 0);
    CHECK_EQ(await open_at("/large", &r), 0);
    bide_task(int) drainer = bide_spawn(drain(from, &size));
    CHECK_EQ(await bide_http_response_copy(r, to, &copied), 0);
    bide_stream_close(to);
    CHECK_EQ(await bide_task_wait(drainer), 0);
    CHECK_EQ(copied, LARGE);
    CHECK_EQ(size, LARGE);
    bide_http_response_free(r);
    bide_stream_close(from);
    return 0;
}

TEST_LIMIT(an_answer_into_a_stream, 60)
{
    run(bide_ref(give_large), bide_ref(into_stream));
}

/* A server that answers while it reads: one task gives, another one reads. */
static async int echo(bide_stream *s)
{
    char piece[1000];
    size_t left = 1 << 20;
    int n = await wire_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
    while (n == 0 && left > 0) {
        ssize_t size = await bide_stream_read(s, piece, sizeof piece);
        CHECK(size > 0);
        n = await bide_stream_write_all(s, piece, (size_t)size, NULL);
        left -= (size_t)size;
    }
    return n;
}

static async int both_ways(void)
{
    bide_http_response *r;
    bide_http_request q = {.url = wire_url("/"), .body_streamed = true, .body_size = 1 << 20};
    wire.leaves_body = true;
    CHECK_EQ(bide_http_start(client, &q, &r), 0);
    CHECK_EQ(await bide_http_answer(r), 0);
    bide_task(int) giver = bide_spawn(give(r, 1 << 20));
    CHECK_EQ(await read_all(r, 4096), 1 << 20);
    int n;
    CHECK_EQ(await bide_task_join(giver, &n), 0);
    CHECK_EQ(n, 0);
    bide_http_response_free(r);
    return 0;
}

TEST(both_directions_at_once)
{
    run(bide_ref(echo), bide_ref(both_ways));
}
