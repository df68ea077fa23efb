/*
 * bide/http_stream.h: cancelled at every suspension, and without memory at every allocation.
 * Another request of the client goes on beside, and the client is good afterwards. Time is virtual.
 */
#include <bide/testing.h>

#include <bide/abi.h>

#include "cancel.h"
#include "http_wire.h"

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

enum { SIZE = 300000 };

static bide_http_client *client;
static bide_task(int) neighbour;
static bide_stream *from, *to; /* where a body comes from */

/* /slow answers in two halves; the others read a body of SIZE bytes and give one. */
static async int answer(bide_stream *s)
{
    static char piece[10000];
    char text[100];
    if (wire_has(" /slow ")) {
        int n = await wire_say(s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl");
        await bide_sleep(BIDE_MS(500));
        return n < 0 ? n : await wire_say(s, "ow");
    }
    size_t left = wire_has("POST ") ? SIZE : 0;
    while (left > 0) {
        ssize_t n = await bide_stream_read(s, piece, left < sizeof piece ? left : sizeof piece);
        if (n <= 0)
            return -EPIPE;
        left -= (size_t)n;
    }
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", SIZE);
    int n = await wire_say(s, text);
    for (left = SIZE; left > 0 && n == 0; left -= sizeof piece) {
        if (left == SIZE / 2)
            await bide_sleep(BIDE_MS(1));
        n = await bide_stream_write_all(s, piece, sizeof piece, NULL);
    }
    return n;
}

static void begin(void)
{
    bide_test_time_virtual();
    wire_start(bide_ref(answer));
    wire.leaves_body = true;
    client = wire_client((bide_http_options){0});
}

static void end(void)
{
    bide_http_client_free(client);
    CHECK_EQ(bide_block_on(wire_stop()), 0);
}

static async int get(const char *path, size_t size)
{
    bide_http_response *r = NULL;
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_get(client, wire_url(path), &r);
    if (n == 0)
        CHECK_EQ(bide_http_body_size(r), size);
    return n;
}

static void before(void *state)
{
    (void)state;
    neighbour = bide_spawn(get("/slow", 4));
}

static async int join_neighbour(void)
{
    int n = -1;
    CHECK_EQ(await bide_task_join(neighbour, &n), 0);
    return n;
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(run->error == 0 || run->error == -ECANCELED);
    CHECK(run->error != 0 || run->result == 0);
    CHECK_EQ(bide_block_on(join_neighbour()), 0);
    CHECK_EQ(bide_block_on(get("/slow", 4)), 0);
    if (from != NULL) {
        bide_stream_close(from);
        bide_stream_close(to);
        from = to = NULL;
    }
}

static async int read_all(bide_http_response *r)
{
    static char piece[20000];
    ssize_t n;
    size_t size = 0;
    while ((n = await bide_http_response_read(r, piece, sizeof piece)) > 0)
        size += (size_t)n;
    CHECK(n < 0 || size == SIZE);
    return (int)n;
}

SCENARIO(opens_and_reads)
{
    bide_http_response *r = NULL;
    bide_http_request q = {.url = wire_url("/")};
    (void)state;
    defer {
        bide_http_response_free(r);
    }
    int n = await bide_http_open(client, &q, &r);
    return n < 0 ? n : await read_all(r);
}

SCENARIO(starts_and_gives)
{
    static char piece[20000];
    bide_http_response *r = NULL;
    bide_http_request q = {.url = wire_url("/"), .body_streamed = true, .body_size = SIZE};
    (void)state;
    defer {
        bide_http_response_free(r);
    }
    int n = bide_http_start(client, &q, &r);
    for (size_t i = 0; i < SIZE && n == 0; i += sizeof piece)
        n = await bide_http_upload_all(r, piece, sizeof piece, NULL);
    if (n == 0)
        n = bide_http_upload_end(r);
    if (n == 0)
        n = await bide_http_answer(r);
    return n < 0 ? n : await read_all(r);
}

static async int fill(void)
{
    static char piece[3000];
    int n = 0;
    for (size_t i = 0; i < SIZE && n == 0; i += sizeof piece)
        n = await bide_stream_write_all(to, piece, sizeof piece, NULL);
    return n;
}

SCENARIO(sends_a_stream)
{
    bide_http_response *r = NULL;
    bide_http_request q = {.url = wire_url("/"), .method = "POST", .body_size = SIZE};
    int n = 0;
    (void)state;
    defer {
        bide_http_response_free(r);
    }
    CHECK_EQ(bide_stream_pair(SIZE, &from, &to), 0);
    CHECK_EQ(await fill(), 0);
    n = await bide_http_send_from(client, &q, from, &r);
    return n < 0 ? n : await read_all(r);
}

SCENARIO(copies_to_a_stream)
{
    bide_http_response *r = NULL;
    bide_http_request q = {.url = wire_url("/")};
    uint64_t size = 0;
    (void)state;
    defer {
        bide_http_response_free(r);
    }
    CHECK_EQ(bide_stream_pair(SIZE, &from, &to), 0);
    int n = await bide_http_open(client, &q, &r);
    if (n == 0)
        n = await bide_http_response_copy(r, to, &size);
    CHECK(n < 0 || size == SIZE);
    return n;
}

TEST_LIMIT(cancelled_at_every_suspension, 100)
{
    begin();
    CHECK(cancel_everywhere(&bide__desc_opens_and_reads, NULL, before, after) >= 3);
    CHECK(cancel_everywhere(&bide__desc_starts_and_gives, NULL, before, after) >= 3);
    CHECK(cancel_everywhere(&bide__desc_sends_a_stream, NULL, before, after) >= 3);
    CHECK(cancel_everywhere(&bide__desc_copies_to_a_stream, NULL, before, after) >= 3);
    end();
}

/* ---- without memory ---- */

/* Only what the client does fails: the server's own memory would end the connection. */
static async int without_memory(const struct bide_fn *unused, int which)
{
    (void)unused;
    switch (which) {
    case 0: return await opens_and_reads(NULL);
    default: return await starts_and_gives(NULL);
    }
}

TEST_LIMIT(each_allocation_fails_in_turn, 200)
{
    unsigned failures = 0;
    begin();
    for (int which = 0; which < 2; which++) {
        CHECK_EQ(bide_block_on(without_memory(NULL, which)), 0);
        for (unsigned nth = 1;; nth++) {
            CHECK_EQ(bide_test_fail("alloc", nth, -ENOMEM, 1), 0);
            int n = bide_block_on(without_memory(NULL, which));
            bool was = bide_test_failed("alloc") > 0;
            bide_test_fail("alloc", 1000000, -ENOMEM, 1);
            /* The server's connection may have had no memory either. */
            if (!(n == 0 || n == -ENOMEM || n == -ECONNRESET || n == -EPIPE))
                fprintf(stderr, "%d %u: %d\n", which, nth, n);
            CHECK(n == 0 || n == -ENOMEM || n == -ECONNRESET || n == -EPIPE);
            failures += n == -ENOMEM;
            if (!was && n == 0)
                break;
        }
    }
    CHECK(failures > 20);
    bide_test_reset();
    end();
}
