/*
 * Streams of events: their text, keep-alive, the end of the server, clients that go.
 */
#include <bide/bide.h>
#include <bide/http_layer.h>
#include <bide/testing.h>

#include <errno.h>

#include "cancel.h"
#include "fake.h"

static struct fake fake;
static bide_http_events_options options;
static bide_http_event event;
static int result;

static async int one_event(bide_http_exchange *x)
{
    bide_http_events *events;
    int r = await bide_http_events_begin(x, &options, &events);
    if (r == 0)
        result = r = await bide_http_events_send(events, &event);
    return r == -EINVAL ? 0 : r;
}

static void run(bide_http_handler handler, const char *headers)
{
    static char head[512];
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", headers);
    fake.handler = handler;
    fake.head = head;
    fake.body_data = NULL;
    fake_run(&fake);
}

TEST(events_are_written_as_the_standard_says)
{
    static const struct {
        bide_http_event event;
        const char *text;
    } cases[] = {
        {{.data = "hello"}, "data: hello\n\n"},
        {{.data = ""}, "data: \n\n"},
        {{.data = "a\nb"}, "data: a\ndata: b\n\n"},
        {{.data = "a\r\nb\rc\n"}, "data: a\ndata: b\ndata: c\ndata: \n\n"},
        {{.event = "tick", .id = "7", .data = "x"}, "event: tick\nid: 7\ndata: x\n\n"},
        {{.id = ""}, "id: \n\n"},
        {{.retry_ms = 1500}, "retry: 1500\n\n"},
        {{.comment = "a\nb"}, ": a\n: b\n\n"},
        {{.comment = "c", .data = ": no comment"}, ": c\ndata: : no comment\n\n"},
        {{0}, "\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        event = cases[i].event;
        run(bide_ref(one_event), "");
        CHECK_ERR(result, 0);
        CHECK_STR(fake.body, cases[i].text);
    }
    CHECK_STR(fake_header(&fake, "Content-Type"), "text/event-stream");
    CHECK_STR(fake_header(&fake, "Cache-Control"), "no-store");
    CHECK(fake.is_finished);
    static const bide_http_event bad[] = {
        {.event = "a\nb", .data = "x"}, {.id = "a\rb", .data = "x"}, {.id = "a\n"}};
    for (size_t i = 0; i < 3; i++) {
        event = bad[i];
        run(bide_ref(one_event), "");
        CHECK_ERR(result, -EINVAL);
        CHECK_EQ(fake.size, 0);
    }
    options.retry_ms = 3000;
    event = (bide_http_event){.data = "x"};
    run(bide_ref(one_event), "");
    CHECK_STR(fake.body, "retry: 3000\n\ndata: x\n\n");
    fake_free(&fake);
}

static async int tell_id(bide_http_exchange *x)
{
    const char *id = bide_http_last_event_id(x);
    return bide_http_reply_text(x, 200, id != NULL ? id : "new");
}

TEST(a_client_that_comes_back_says_where_it_was)
{
    run(bide_ref(tell_id), "");
    CHECK_STR(fake.body, "new");
    run(bide_ref(tell_id), "Last-Event-ID: 41\r\n");
    CHECK_STR(fake.body, "41");
    fake_free(&fake);
}

/* ---- keep-alive ---- */

static async int ticks(bide_http_exchange *x)
{
    bide_http_events *events;
    int r = await bide_http_events_begin(x, &options, &events);
    for (int i = 0; r == 0 && i < 3; i++) {
        bool has_ticked = false;
        await bide_select_biased(({
                                     await bide_sleep(BIDE_S(25));
                                     has_ticked = true;
                                 }),
                                 r = bide_http_events_idle(events));
        if (has_ticked)
            r = await bide_http_events_send(events, &(bide_http_event){.data = "t"});
    }
    return r;
}

TEST(comments_are_sent_when_nothing_else_is)
{
    bide_test_time_virtual();
    bide_instant begin = bide_now();
    options.keep_alive = BIDE_S(10);
    run(bide_ref(ticks), "");
    CHECK_EQ(fake.result, 0);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(75).ns);
    CHECK_STR(fake.body, ":\n\n:\n\ndata: t\n\n:\n\n:\n\ndata: t\n\n:\n\n:\n\ndata: t\n\n");
    fake_free(&fake);
}

/* Not even in a day. */
static async int silent(bide_http_exchange *x)
{
    bide_http_events *events;
    int r = await bide_http_events_begin(x, &options, &events);
    if (r == 0)
        r = await bide_timeout(BIDE_S(24 * 3600), bide_http_events_idle(events));
    return r == -ETIMEDOUT ? await bide_http_events_send(events, &(bide_http_event){.data = "t"})
                           : r;
}

TEST(no_comments_are_sent_if_none_are_wanted)
{
    bide_test_time_virtual();
    options.keep_alive = BIDE_NS(-1);
    run(bide_ref(silent), "");
    CHECK_EQ(fake.result, 0);
    CHECK_STR(fake.body, "data: t\n\n");
    options.keep_alive = BIDE_NS(INT64_MAX);
    run(bide_ref(silent), "");
    CHECK_EQ(fake.result, 0);
    CHECK_STR(fake.body, "data: t\n\n");
    fake_free(&fake);
}

static async int idles(bide_http_exchange *x)
{
    bide_http_events *events;
    int r = await bide_http_events_begin(x, &options, &events);
    if (r == 0)
        result = r = await bide_http_events_idle(events);
    return r == -ESHUTDOWN ? 0 : r;
}

TEST(a_head_is_all_that_head_gets)
{
    bide_test_time_virtual();
    options.retry_ms = 0;
    result = 0;
    fake.handler = bide_ref(idles);
    fake.head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    fake.body_data = NULL;
    fake_run(&fake);
    CHECK_EQ(fake.result, 0);
    CHECK_EQ(result, 0); /* it did not wait */
    CHECK_STR(fake_header(&fake, "Content-Type"), "text/event-stream");
    CHECK(fake.is_finished && fake.size == 0);
    fake_free(&fake);
}

TEST(a_send_that_fails_ends_it)
{
    bide_test_time_virtual();
    fake.send_error = -ETIMEDOUT;
    run(bide_ref(idles), "");
    CHECK(fake.result < 0 && !fake.is_finished);
    fake_free(&fake);
}

async int events_of_a_minute(void *state);
extern const struct bide_fn bide__desc_events_of_a_minute;

async int events_of_a_minute(void *state)
{
    (void)state;
    fake.handler = bide_ref(ticks);
    fake.head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    fake.body_data = NULL;
    return await fake_serve(&fake);
}

/* No comment and no event is there in part. */
static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK(fake.size == 0 || memcmp(fake.body + fake.size - 2, "\n\n", 2) == 0);
    if (run->error == 0)
        CHECK(fake.is_finished);
}

TEST(it_may_be_cancelled_everywhere)
{
    bide_test_time_virtual();
    options.keep_alive = BIDE_S(10);
    fake.waits = true;
    CHECK(cancel_everywhere(&bide__desc_events_of_a_minute, NULL, NULL, after) > 10);
    fake_free(&fake);
}

TEST(an_allocation_that_fails_ends_it)
{
    uint64_t failed = 1;
    unsigned failures = 0;
    fake.room = 64;
    event = (bide_http_event){.data = "x"};
    run(bide_ref(one_event), "");
    for (unsigned nth = 1; failed > 0; nth++) {
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        run(bide_ref(one_event), "");
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, 0, 0);
        CHECK(failed > 0 || fake.is_finished);
        CHECK(fake.status == 200 || fake.status == 503);
        failures += failed > 0;
    }
    CHECK(failures > 0);
    fake_free(&fake);
}
