/*
 * HTTP/2: what a client may do how often, how much and how slowly. Each limit is crossed, and what
 * lies just below it is not. In virtual time.
 */
#include <bide/testing.h>

#include "h2_client.h"

/* ---- floods ---- */

/* What is sent again and again; each brings nothing. */
static struct flood {
    const char *name;
    uint32_t code; /* the GOAWAY that it ends in */
    void (*send)(struct client *c, uint32_t n);
} flood;

static void send_pings(struct client *c, uint32_t n)
{
    (void)n;
    wire_frame(&c->w, W_PING, 0, 0, "12345678", 8);
}

static void send_answers(struct client *c, uint32_t n)
{
    (void)n;
    wire_frame(&c->w, W_PING, W_ACK, 0, "12345678", 8);
}

static void send_settings(struct client *c, uint32_t n)
{
    (void)n;
    wire_frame(&c->w, W_SETTINGS, 0, 0, NULL, 0);
}

static void send_large_settings(struct client *c, uint32_t n)
{
    (void)n;
    wire_frame(&c->w, W_SETTINGS, 0, 0, NULL, 32 * 6);
}

static void send_priorities(struct client *c, uint32_t n)
{
    wire_frame(&c->w, W_PRIORITY, 0, 2 * n + 1, "\0\0\0\0\x10", 5);
}

static void send_windows(struct client *c, uint32_t n)
{
    (void)n;
    wire_number(&c->w, W_WINDOW_UPDATE, 0, 1);
}

static void send_unknown(struct client *c, uint32_t n)
{
    (void)n;
    wire_frame(&c->w, 0xfa, 0, 0, "x", 1);
}

static void send_farewells(struct client *c, uint32_t n)
{
    if (n == 0)
        client_get(c, 1, "/wait"); /* without a stream the connection would end */
    wire_frame(&c->w, W_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
}

static void send_empty(struct client *c, uint32_t n)
{
    if (n == 0)
        client_post(c, 1, "/", "");
    wire_frame(&c->w, W_DATA, 0, 1, NULL, 0);
}

static void send_padding(struct client *c, uint32_t n)
{
    if (n == 0)
        client_post(c, 1, "/", "");
    wire_frame(&c->w, W_DATA, W_PADDED, 1, "\2\0\0", 3);
}

/* RST_STREAM again and again, of a stream that is closed. */
static void send_old_resets(struct client *c, uint32_t n)
{
    if (n == 0)
        client_get(c, 1, "/");
    wire_number(&c->w, W_RST_STREAM, 1, W_CANCEL);
}

/* CVE-2023-44487: each request is cancelled at once. */
static void send_rapid_resets(struct client *c, uint32_t n)
{
    client_get(c, 2 * n + 1, "/wait");
    wire_number(&c->w, W_RST_STREAM, 2 * n + 1, W_CANCEL);
}

/* The same, but we are made to reset them: a malformed request; a window that is too large. */
static void send_malformed(struct client *c, uint32_t n)
{
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 2 * n + 1, WIRE_GET("/wait") "Bad: x\n");
}

static void send_overflows(struct client *c, uint32_t n)
{
    client_get(c, 2 * n + 1, "/wait");
    wire_number(&c->w, W_WINDOW_UPDATE, 2 * n + 1, INT32_MAX);
}

static void send_lies(struct client *c, uint32_t n)
{
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 2 * n + 1,
                WIRE_GET("/wait") "content-length: 1\n");
}

static const struct flood floods[] = {
    {"PING", W_CALM, send_pings},
    {"acknowledgements of PING", W_CALM, send_answers},
    {"SETTINGS", W_CALM, send_settings},
    {"large SETTINGS", W_CALM, send_large_settings},
    {"PRIORITY", W_CALM, send_priorities},
    {"WINDOW_UPDATE", W_CALM, send_windows},
    {"unknown frames", W_CALM, send_unknown},
    {"GOAWAY", W_CALM, send_farewells},
    {"empty DATA", W_CALM, send_empty},
    {"DATA that is padding", W_CALM, send_padding},
    {"RST_STREAM", W_CALM, send_old_resets},
    {"rapid resets", W_CALM, send_rapid_resets},
    {"malformed requests", W_CALM, send_malformed},
    {"windows that are too large", W_CALM, send_overflows},
    {"content-length that is wrong", W_CALM, send_lies},
};

static unsigned flood_count, flood_batch;

/* Reads all the time, so that nothing but the flood itself is what ends it. */
TALK(flooded)
{
    for (uint32_t n = 0; n < flood_count && !c->ended; n++) {
        flood.send(c, n);
        if (n % flood_batch == flood_batch - 1) {
            await client_sync(c);
            c->count = 0;
        }
    }
    await client_sync(c);
}

/* Each has the budget of 300 frames, or 100 resets, at once. */
static const bide_http_server_options small_budget = {
    .h2_frames_max = 300, .h2_frames_per_s = 1, .h2_resets_max = 100, .h2_resets_per_s = 1};

TEST_LIMIT(each_flood_ends_the_connection, 30)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        flood = floods[i];
        flood_count = 2000;
        flood_batch = 10;
        flooded_run(&small_budget);
        uint64_t counted =
            h2_refused(BIDE__HTTP_REFUSED_H2_FRAMES) + h2_refused(BIDE__HTTP_REFUSED_H2_RESETS);
        if (client.goaways > 0 && client.code == flood.code && counted == 1)
            continue;
        wrong++;
        printf("%s: %u GOAWAY, %u\n", flood.name, client.goaways, client.code);
    }
    CHECK_EQ(wrong, 0);
}

TEST_LIMIT(few_of_each_do_not, 30)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        flood = floods[i];
        flood_count = 80;
        flood_batch = 10;
        flooded_run(&small_budget);
        if (client.goaways == 0 && !client.ended)
            continue;
        wrong++;
        printf("%s: %u GOAWAY, %u\n", flood.name, client.goaways, client.code);
    }
    CHECK_EQ(wrong, 0);
}

TALK(patient)
{
    for (uint32_t n = 0; n < 1000 && !c->ended; n++) {
        send_rapid_resets(c, n);
        await client_sync(c);
        c->count = 0;
        if (n % 50 == 49)
            await bide_sleep(BIDE_S(10));
    }
}

TEST(resets_may_go_on_slowly)
{
    patient_run(&(bide_http_server_options){.h2_resets_max = 60, .h2_resets_per_s = 5});
    CHECK_EQ(client.goaways, 0);
    CHECK_EQ(h2_refused(BIDE__HTTP_REFUSED_H2_RESETS), 0);
    patient_run(&(bide_http_server_options){.h2_resets_max = 60, .h2_resets_per_s = 4});
    CHECK_EQ(client.code, W_CALM);
    CHECK_EQ(h2_refused(BIDE__HTTP_REFUSED_H2_RESETS), 1);
}

TALK(busy)
{
    for (uint32_t n = 0; n < 3000 && !c->ended; n++) {
        if (n % 2 == 0)
            send_rapid_resets(c, n);
        else
            client_get(c, 2 * n + 1, "/");
        for (int i = 0; i < 4; i++)
            wire_number(&c->w, W_WINDOW_UPDATE, 0, 10);
        if (n % 16 == 15) {
            await client_sync(c);
            c->count = 0;
        }
    }
}

TEST(a_client_that_works_may_also_cancel_and_update)
{
    busy_run(NULL);
    CHECK_EQ(client.goaways, 0);
    CHECK(!client.ended);
}

/* ---- answers that nobody reads ---- */

static size_t alloc_live, alloc_begin, alloc_most;

static void *count_alloc(size_t size, size_t align)
{
    void *p = aligned_alloc(align > 16 ? align : 16, (size + 63) / 64 * 64);
    alloc_live += size;
    if (alloc_live > alloc_most)
        alloc_most = alloc_live;
    return p;
}

static void count_free(void *p, size_t size)
{
    alloc_live -= size;
    free(p);
}

static async int deaf_talk(bide_stream *stream)
{
    int r = 0;
    wire_begin(&client.w, stream);
    wire_preface(&client.w);
    for (uint32_t n = 0; n < 100 && r == 0; n++) {
        for (int i = 0; i < 100; i++)
            flood.send(&client, n * 100 + (uint32_t)i);
        r = await wire_flush(&client.w);
    }
    wire_end(&client.w);
    return r;
}

static async int deaf_both(bide_stream *here, bide_stream *there,
                           const bide_http_server_options *options)
{
    int r = 0;
    alloc_most = alloc_begin = alloc_live;
    await bide_join(r = deaf_talk(here), (void)h2_serve(there, options));
    return r;
}

/* The client never reads. How much memory does it make us take, and does it end? */
static size_t be_deaf(void (*send)(struct client *c, uint32_t n))
{
    bide_http_server_options options = {.h2_frames_max = UINT32_MAX, .h2_resets_max = UINT32_MAX};
    bide_stream *here, *there;
    bide_test_time_virtual();
    CHECK_EQ(bide_stream_pair(2000, &here, &there), 0);
    client = (struct client){0};
    flood.send = send;
    bide_test_replace("alloc", (void (*)(void))count_alloc);
    bide_test_replace("free", (void (*)(void))count_free);
    CHECK(bide_block_on(deaf_both(here, there, &options)) < 0);
    CHECK_EQ(h2_refused(BIDE__HTTP_REFUSED_WRITE_TIMEOUT), 1);
    return alloc_most - alloc_begin;
}

TEST(a_client_that_never_reads_makes_us_keep_little)
{
    bide_test_watch();
    CHECK(be_deaf(send_pings) < 400 * 1000);
}

TEST(nor_with_settings)
{
    bide_test_watch();
    CHECK(be_deaf(send_settings) < 400 * 1000);
}

TEST(nor_with_resets)
{
    bide_test_watch();
    CHECK(be_deaf(send_malformed) < 700 * 1000);
}

/* ---- streams ---- */

TALK(too_many)
{
    await client_sync(c); /* the limit is in force once it was acknowledged */
    for (uint32_t id = 1; id <= 7; id += 2)
        client_get(c, id, "/wait");
    await client_sync(c);
}

TEST(more_streams_than_announced)
{
    too_many_run(&(bide_http_server_options){.h2_streams_max = 4});
    CHECK_EQ(client.goaways, 0);
    too_many_run(&(bide_http_server_options){.h2_streams_max = 3});
    CHECK_EQ(client.code, W_PROTOCOL);
}

TALK(too_early)
{
    for (uint32_t id = 1; id <= 7; id += 2)
        client_get(c, id, "/wait");
    await client_until(c, 7);
    CHECK(client_stream(c, 7)->reset && client_stream(c, 7)->code == W_REFUSED);
    CHECK(!client_stream(c, 5)->reset);
    CHECK_EQ(c->goaways, 0);
}

TEST(more_streams_before_the_client_knows_the_limit_are_refused)
{
    too_early_run(&(bide_http_server_options){.h2_streams_max = 3});
    CHECK_EQ(h2_refused(BIDE__HTTP_REFUSED_H2_STREAMS), 1);
    CHECK_EQ(h2_count.served, 3);
}

TALK(run_on)
{
    for (uint32_t id = 1; id <= 9; id += 2) {
        client_post(c, id, "/held", "");
        wire_number(&c->w, W_RST_STREAM, id, W_CANCEL);
    }
    client_get(c, 11, "/");
    await client_until(c, 11);
    CHECK(client_stream(c, 11)->reset && client_stream(c, 11)->code == W_REFUSED);
    CHECK_EQ(h2_count.served, 3);
    bide_notify_all(&h2_release);
    await client_sync(c);
    client_get(c, 13, "/");
    await client_until(c, 13);
    CHECK_EQ(client_stream(c, 13)->status, 200);
}

TEST(handlers_that_run_on_count)
{
    run_on_run(&(bide_http_server_options){.h2_streams_max = 3});
    CHECK_EQ(h2_refused(BIDE__HTTP_REFUSED_H2_STREAMS), 3);
}

TALK(last_requests)
{
    for (uint32_t id = 1; id <= 9 && !c->ended; id += 2) {
        client_get(c, id, "/");
        await client_until(c, id);
    }
    await client_until_end(c);
}

TEST(requests_of_a_connection)
{
    last_requests_run(&(bide_http_server_options){.requests_max = 3});
    CHECK_EQ(client.code, W_NO_ERROR);
    CHECK(client.goaways > 0);
    CHECK(h2_count.served >= 3 && h2_count.served <= 4); /* one may be on its way */
    CHECK_EQ(client_stream(&client, 5)->status, 200);
}

/* ---- heads ---- */

static const char *large_fields;

TALK(large_head)
{
    char *fields = malloc(strlen(large_fields) + 200);
    CHECK(fields != NULL);
    sprintf(fields, "%s%s", WIRE_GET("/"), large_fields);
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 1, fields);
    free(fields);
    await client_until(c, 1);
    client_get(c, 3, "/");
    await client_until(c, 3);
    CHECK_EQ(client_stream(c, 3)->status, 200);
}

/* `count` fields with values of `size` bytes. */
static const char *make_fields(unsigned count, unsigned size)
{
    static char text[15000];
    size_t n = 0;
    for (unsigned i = 0; i < count; i++)
        n += (size_t)sprintf(text + n, "a%u: %0*d\n", i, (int)size, 0);
    CHECK(n < sizeof text);
    return text;
}

TEST(a_head_that_is_too_large)
{
    large_fields = make_fields(2, 800);
    large_head_run(&(bide_http_server_options){.head_bytes_max = 2000});
    CHECK_EQ(client_stream(&client, 1)->status, 200);
    large_fields = make_fields(2, 900);
    large_head_run(&(bide_http_server_options){.head_bytes_max = 2000});
    CHECK_EQ(client_stream(&client, 1)->status, 431);
}

TEST(too_many_fields)
{
    large_fields = make_fields(10, 1);
    large_head_run(&(bide_http_server_options){.headers_max = 10});
    CHECK_EQ(client_stream(&client, 1)->status, 200);
    large_fields = make_fields(11, 1);
    large_head_run(&(bide_http_server_options){.headers_max = 10});
    CHECK_EQ(client_stream(&client, 1)->status, 431);
}

TALK(long_target)
{
    char path[10000] = "/";
    memset(path + 1, 'a', 9000);
    char fields[10200];
    sprintf(fields, ":method: GET\n:scheme: http\n:authority: a\n:path: %s\n", path);
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 1, fields);
    await client_until(c, 1);
    CHECK_EQ(client_stream(c, 1)->status, 414);
}

TEST(a_target_that_is_too_long)
{
    long_target_run(NULL);
}

/* One field of 4,000 bytes in the table, and then a byte for each time that it is meant. */
TALK(bomb)
{
    unsigned char block[WIRE_FRAME_MAX];
    size_t n = 0;
    for (const char *b = "\x82\x86\x84\x01\x01"
                         "a"
                         "\x40\x01"
                         "b";
         *b != '\0'; b++)
        block[n++] = (unsigned char)*b;
    block[n++] = 0x7f, block[n++] = 0xa1, block[n++] = 0x1e; /* 4,000 */
    memset(block + n, 'c', 4000);
    n += 4000;
    memset(block + n, 0xbe, sizeof block - n);
    wire_frame(&c->w, W_HEADERS, W_END_STREAM | W_END_HEADERS, 1, block, sizeof block);
    alloc_most = alloc_begin = alloc_live;
    await client_until_end(c);
    CHECK_EQ(c->code, W_CALM);
}

TEST(a_bomb_of_fields)
{
    bide_test_watch();
    bide_test_replace("alloc", (void (*)(void))count_alloc);
    bide_test_replace("free", (void (*)(void))count_free);
    bomb_run(NULL);
    CHECK(alloc_most - alloc_begin < 300 * 1000);
}

static unsigned continuations;

TALK(continued)
{
    unsigned char block[1000];
    size_t n = wire_block(block, WIRE_GET("/"));
    wire_frame(&c->w, W_HEADERS, W_END_STREAM, 1, block, n);
    for (unsigned i = 1; i <= continuations; i++)
        wire_frame(&c->w, W_CONTINUATION, i == continuations ? W_END_HEADERS : 0, 1, NULL, 0);
    await client_until(c, 1);
}

TEST(a_flood_of_continuations)
{
    continuations = 8;
    continued_run(NULL);
    CHECK_EQ(client_stream(&client, 1)->status, 200);
    continuations = 9;
    continued_run(NULL);
    CHECK_EQ(client.code, W_CALM);
}

/* ---- time ---- */

TALK(silent)
{
    await client_until_end(c);
    CHECK(c->goaways > 0);
}

TEST(a_client_that_asks_for_nothing)
{
    bide_instant begin = (bide_test_time_virtual(), bide_now());
    silent_run(&(bide_http_server_options){.head_timeout = BIDE_S(3)});
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(3).ns);
    CHECK_EQ(client.code, W_NO_ERROR);
}

TALK(idle)
{
    await client_sync(c);
    await bide_sleep(BIDE_S(5));
    client_get(c, 1, "/");
    await client_until_end(c);
    CHECK_EQ(client_stream(c, 1)->status, 200);
}

TEST(an_idle_client)
{
    bide_instant begin = (bide_test_time_virtual(), bide_now());
    idle_run(&(bide_http_server_options){.idle_timeout = BIDE_S(30)});
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(35).ns);
    CHECK_EQ(client.code, W_NO_ERROR);
}

TALK(used_again)
{
    for (uint32_t id = 1; id < 41; id += 2) {
        client_get(c, id, "/");
        await client_until(c, id);
        c->count = 0;
        await bide_sleep(BIDE_S(25));
    }
    CHECK(!c->ended);
}

TEST(a_client_that_comes_back_in_time)
{
    used_again_run(&(bide_http_server_options){.idle_timeout = BIDE_S(30)});
}

TALK(unacknowledged)
{
    c->acks_nothing = true;
    client_get(c, 1, "/");
    await client_until_end(c);
}

TEST(settings_that_are_not_acknowledged)
{
    unacknowledged_run(NULL);
    CHECK_EQ(client.code, W_SETTINGS_TIMEOUT);
}

TALK(slow_head)
{
    unsigned char block[1000];
    size_t n = wire_block(block, WIRE_GET("/"));
    client_get(c, 1, "/");
    await client_until(c, 1);
    wire_head(&c->w, W_HEADERS, W_END_STREAM | W_END_HEADERS, 3, n);
    for (size_t i = 0; i < n && !c->ended; i++) {
        wire_raw(&c->w, block + i, 1);
        if (await wire_flush(&c->w) < 0)
            break;
        await bide_sleep(BIDE_S(1));
    }
    await client_until_end(c);
}

TEST(a_head_that_comes_byte_by_byte)
{
    slow_head_run(NULL);
    CHECK_EQ(client.code, W_CALM);
    CHECK_EQ(h2_count.served, 1);
}

TALK(slow_body)
{
    client_post(c, 1, "/", "content-length: 100000\n");
    for (int i = 0; i < 100 && !client_stream(c, 1)->reset && !client_stream(c, 1)->ended; i++) {
        wire_frame(&c->w, W_DATA, 0, 1, "x", 1);
        await client_sync(c);
        await bide_sleep(BIDE_S(1));
    }
    CHECK_EQ(client_stream(c, 1)->status, 408);
}

TEST(a_body_that_comes_too_slowly)
{
    slow_body_run(NULL);
}

TALK(large_body)
{
    client_post(c, 1, "/", "content-length: 1001\n");
    client_post(c, 3, "/", "");
    wire_frame(&c->w, W_DATA, 0, 3, NULL, 1000);
    await client_sync(c);
    wire_frame(&c->w, W_DATA, 0, 3, NULL, 1);
    await client_until(c, 1);
    await client_until(c, 3);
    CHECK_EQ(client_stream(c, 1)->status, 413);
    CHECK_EQ(client_stream(c, 3)->status, 413);
}

TALK(long_limits)
{
    client_post(c, 1, "/", "content-length: 3\n");
    for (int i = 0; i < 3; i++) {
        wire_frame(&c->w, W_DATA, i == 2 ? W_END_STREAM : 0, 1, "x", 1);
        await client_sync(c);
        await bide_sleep(BIDE_S(3600));
    }
    await client_until(c, 1);
    CHECK_EQ(client_stream(c, 1)->status, 200);
}

/* Limits that are so large that no clock comes to them. */
TEST(the_longest_limits_are_none)
{
    static const bide_duration longest = {INT64_MAX - 1};
    patient_run(&(bide_http_server_options){.h2_resets_max = 60, .h2_resets_per_s = UINT32_MAX});
    CHECK_EQ(client.goaways, 0);
    long_limits_run(&(bide_http_server_options){.body_timeout = longest,
                                                .body_bytes_per_s = 1,
                                                .head_timeout = longest,
                                                .idle_timeout = longest,
                                                .write_timeout = longest,
                                                .linger = longest});
}

TEST(a_body_that_is_too_large)
{
    large_body_run(&(bide_http_server_options){.body_bytes_max = 1000});
}

static const char *slow_path;

TALK(closed_window)
{
    client_get(c, 1, slow_path);
    await client_until(c, 1);
    CHECK(client_stream(c, 1)->reset && client_stream(c, 1)->code == W_CANCEL);
    CHECK_EQ(client_stream(c, 1)->bytes, 65535);
    wire_number(&c->w, W_WINDOW_UPDATE, 0, 1000); /* the connection's window was used up, too */
    client_get(c, 3, "/fail");
    await client_until(c, 3);
    CHECK_EQ(client_stream(c, 3)->status, 403);
    CHECK(client_stream(c, 3)->ended);
}

static void be_silent(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)error, (void)text, (void)argument;
}

TEST(a_window_that_is_never_opened)
{
    static const bide_http_server_options options = {.write_timeout = BIDE_S(7),
                                                     .complain = be_silent};
    bide_instant begin = (bide_test_time_virtual(), bide_now());
    slow_path = "/big";
    closed_window_run(&options);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(7).ns);
    CHECK_EQ(h2_refused(BIDE__HTTP_REFUSED_WRITE_TIMEOUT), 1);
    slow_path = "/stream";
    closed_window_run(&options);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(14).ns);
    CHECK_EQ(h2_refused(BIDE__HTTP_REFUSED_WRITE_TIMEOUT), 1);
}

TALK(slow_window)
{
    client_get(c, 1, "/big");
    for (size_t bytes = 65535; !client_stream(c, 1)->ended && !client_stream(c, 1)->reset;) {
        await client_sync(c);
        CHECK_EQ(client_stream(c, 1)->bytes, bytes < H2_BIG ? bytes : H2_BIG);
        await bide_sleep(BIDE_S(5));
        wire_number(&c->w, W_WINDOW_UPDATE, 0, 10000);
        wire_number(&c->w, W_WINDOW_UPDATE, 1, 10000);
        bytes += 10000;
    }
    CHECK(client_stream(c, 1)->ended);
}

TEST(a_window_that_is_opened_slowly)
{
    slow_window_run(&(bide_http_server_options){.write_timeout = BIDE_S(7)});
}
