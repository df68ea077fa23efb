/*
 * bide/trace_otlp.h: what a collector is sent, and that a program does not mind one that is slow,
 * dead, or answers nonsense. The collector is a task here; the exporter has a thread of its own.
 */
#include <bide/bide.h>
#include <bide/net.h>
#include <bide/testing.h>
#include <bide/trace_otlp.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static char url[64], got[1 << 20];
static size_t got_size;
static unsigned requests;
static const char *const *answers; /* one after the other; NULL: it never answers */

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

static async int read_request(bide_stream *s)
{
    char *body = NULL;
    size_t length = 0;
    ssize_t n;

    got_size = 0;
    while (body == NULL || got_size < (size_t)(body - got) + length) {
        n = await bide_stream_read(s, got + got_size, sizeof got - 1 - got_size);
        if (n <= 0)
            return -EPIPE;
        got_size += (size_t)n;
        got[got_size] = '\0';
        char *end = strstr(got, "\r\n\r\n"), *header = strstr(got, "Content-Length: ");
        if (end != NULL && header != NULL) {
            body = end + 4;
            length = (size_t)atol(header + 16);
        }
    }
    return 0;
}

static async int collect(bide_tcp_listener *listener)
{
    for (;;) {
        bide_stream *s;
        int r = await bide_tcp_accept(listener, &s);
        if (r < 0)
            return r;
        defer {
            bide_stream_close(s);
        }
        if (await read_request(s) < 0)
            continue;
        const char *answer = answers[requests];
        requests++;
        if (answer == NULL)
            await bide_sleep(BIDE_S(3600));
        (void)await bide_stream_write_all(s, answer, strlen(answer), NULL);
    }
}

static void traces(int count)
{
    for (int i = 0; i < count; i++) {
        bide_span("outer", BIDE_F("n", i), BIDE_F("text", "a\"b"), BIDE_F("half", 0.5));
        bide_span("inner");
        bide_info("event", BIDE_F("ok", (bool)true));
        if (i == 0)
            bide_error("bad", BIDE_F_ERROR("why", -ENOENT));
    }
}

static int end(bide_trace_otlp *otlp)
{
    bide_trace_otlp_free(otlp);
    return 0;
}

static bide_trace_otlp *made(bide_trace_otlp_options options)
{
    bide_trace_otlp *otlp;
    options.filter = "info";
    options.url = url;
    CHECK_EQ(bide_trace_otlp_new(&options, &otlp), 0);
    return otlp;
}

/* Runs `body` with a collector. */
static async int with(const char *const *all, bide_async_fn(int, void) body)
{
    bide_tcp_listener *listener;
    int r = bide_tcp_listen("127.0.0.1", 0, &listener);
    CHECK_EQ(r, 0);
    defer {
        bide_tcp_listener_close(listener);
    }
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1/traces", bide_tcp_port(listener));
    answers = all;
    bide_task(int) t = bide_spawn(collect(listener));
    r = await (*body)();
    (void)await bide_task_cancel(t);
    return r;
}

static void has(const char *text)
{
    if (strstr(got, text) == NULL) {
        fprintf(stderr, "not sent: %s\nin: %s\n", text, got);
        CHECK(false);
    }
}

static async int good(void)
{
    bide_trace_otlp_counts counts;
    bide_trace_otlp *otlp =
        made((bide_trace_otlp_options){.service = "shop \"1\"", .authorization = "Bearer x"});
    traces(2);
    bide_trace_otlp_count(otlp, &counts);
    CHECK_EQ(counts.dropped, 0);
    CHECK_EQ(await bide_blocking(end(otlp)), 0);
    CHECK_EQ(requests, 1);
    has("POST /v1/traces HTTP/1.1\r\n");
    has("Content-Type: application/json\r\n");
    has("Authorization: Bearer x\r\n");
    has("{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{"
        "\"stringValue\":\"shop \\\"1\\\"\"}}");
    has("{\"key\":\"bide.trace.dropped\",\"value\":{\"intValue\":\"0\"}}");
    has("\"name\":\"outer\",\"kind\":1,\"startTimeUnixNano\":\"");
    has("\"attributes\":[{\"key\":\"n\",\"value\":{\"intValue\":\"1\"}},{\"key\":\"text\","
        "\"value\":{"
        "\"stringValue\":\"a\\\"b\"}},{\"key\":\"half\",\"value\":{\"doubleValue\":0.5}},");
    has("\"name\":\"event\",\"attributes\":[{\"key\":\"level\","
        "\"value\":{\"stringValue\":\"INFO\"}},"
        "{\"key\":\"ok\",\"value\":{\"boolValue\":true}}]}");
    has("\"name\":\"bad\",\"attributes\":[{\"key\":\"level\","
        "\"value\":{\"stringValue\":\"ERROR\"}},"
        "{\"key\":\"why\",\"value\":{\"stringValue\":\"No such file or directory\"}}]}],"
        "\"status\":{\"code\":2}}");
    char *first = strstr(got, "\"spanId\":\""), *parent = strstr(got, "\"parentSpanId\":\"");
    CHECK(first != NULL && parent != NULL);
    char *outer = strstr(parent, "\"spanId\":\""); /* inner ends first */
    CHECK(outer != NULL && strncmp(outer + 10, parent + 16, 16) == 0);
    return 0;
}

TEST(what_a_collector_is_sent)
{
    static const char *const all[] = {OK};
    CHECK_EQ(bide_block_on(with(all, bide_ref(good))), 0);
}

static async int counted(bide_trace_otlp *otlp, unsigned seen, bide_trace_otlp_counts *counts)
{
    do {
        await bide_sleep(BIDE_MS(5));
        bide_trace_otlp_count(otlp, counts);
    } while (counts->sent + counts->dropped < seen);
    return 0;
}

static async int again(void)
{
    bide_trace_otlp_counts counts;
    bide_trace_otlp *otlp = made((bide_trace_otlp_options){.interval = BIDE_MS(1)});
    traces(1);
    await counted(otlp, 2, &counts);
    CHECK_EQ(counts.sent, 2);
    CHECK_EQ(counts.requests, 2);
    CHECK_EQ(counts.failed, 1);
    return await bide_blocking(end(otlp));
}

TEST_LIMIT(a_collector_that_is_busy_is_asked_again, 30)
{
    static const char *const all[] = {
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", OK};
    CHECK_EQ(bide_block_on(with(all, bide_ref(again))), 0);
}

static async int lost(void)
{
    bide_trace_otlp_counts counts;
    bide_trace_otlp *otlp = made((bide_trace_otlp_options){.interval = BIDE_MS(1)});
    traces(1);
    await counted(otlp, 2, &counts);
    CHECK_EQ(counts.dropped, 2);
    CHECK_EQ(counts.sent, 0);
    CHECK_EQ(counts.requests, 1);
    traces(1);
    await counted(otlp, 4, &counts);
    CHECK_EQ(counts.sent, 2);
    has("{\"key\":\"bide.trace.dropped\",\"value\":{\"intValue\":\"2\"}}");
    return await bide_blocking(end(otlp));
}

TEST_LIMIT(a_collector_that_answers_nonsense, 30)
{
    static const char *const all[] = {"what? \x01\xff\r\n\r\n", OK};
    CHECK_EQ(bide_block_on(with(all, bide_ref(lost))), 0);
}

TEST_LIMIT(a_collector_that_refuses, 30)
{
    static const char *const all[] = {
        "HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", OK};
    CHECK_EQ(bide_block_on(with(all, bide_ref(lost))), 0);
}

/* The queue is full: the program goes on, and what is lost is counted. */
static async int slow(void)
{
    bide_trace_otlp_counts counts;
    bide_trace_otlp *otlp = made((bide_trace_otlp_options){
        .queue_max_bytes = 20000, .interval = BIDE_MS(1), .timeout = BIDE_MS(300)});
    traces(1);
    while (requests == 0)
        await bide_sleep(BIDE_MS(5));
    traces(500);
    bide_trace_otlp_count(otlp, &counts);
    CHECK(counts.dropped > 900);
    CHECK_EQ(await bide_blocking(end(otlp)), 0);
    return 0;
}

TEST_LIMIT(a_collector_that_never_answers, 30)
{
    static const char *const all[] = {NULL, NULL, NULL, NULL};
    CHECK_EQ(bide_block_on(with(all, bide_ref(slow))), 0);
}

static async int dead(void)
{
    bide_trace_otlp *otlp;
    CHECK_EQ(bide_trace_otlp_new(
                 &(bide_trace_otlp_options){.url = "http://127.0.0.1:1/", .interval = BIDE_MS(1)},
                 &otlp),
             0);
    traces(600);
    return await bide_blocking(end(otlp));
}

TEST_LIMIT(a_collector_that_is_not_there, 30)
{
    static const char *const all[] = {OK};
    CHECK_EQ(bide_block_on(with(all, bide_ref(dead))), 0);
}

TEST(errors)
{
    bide_trace_otlp *otlp;
    CHECK_EQ(bide_trace_otlp_new(&(bide_trace_otlp_options){.url = "collector"}, &otlp), -EINVAL);
    CHECK(otlp == NULL);
    CHECK_EQ(bide_trace_otlp_new(&(bide_trace_otlp_options){.filter = "x="}, &otlp), -EINVAL);
    CHECK(otlp == NULL);
    bide_trace_otlp_free(NULL);
    for (unsigned nth = 1; nth <= 4; nth++) {
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        CHECK_EQ(bide_trace_otlp_new(NULL, &otlp), -ENOMEM);
        CHECK(otlp == NULL);
    }
    bide_test_fail("alloc", 0, 0, 0);
    bide_test_fail("thread_create", 1, -EAGAIN, 1);
    CHECK_EQ(bide_trace_otlp_new(NULL, &otlp), -EAGAIN);
    CHECK(otlp == NULL);
}
