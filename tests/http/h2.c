/*
 * HTTP/2: requests and responses, bodies and windows both ways, trailers, informational responses,
 * clients that go away, the end of a server. In virtual time, over a pair in memory.
 */
#include <bide/testing.h>

#include "h2_client.h"

static bool has(const char *text, const char *part)
{
    bool found = strstr(text, part) != NULL;
    if (!found)
        printf("not in it: %s\n%s\n", part, text);
    return found;
}

/* ---- requests and responses ---- */

TALK(get)
{
    client_get(c, 1, "/");
    await client_until(c, 1);
    struct client_stream *s = client_stream(c, 1);
    CHECK_EQ(s->status, 200);
    CHECK_STR(s->body, "0 bytes");
    CHECK(has(s->head, "content-length: 7\n"));
    CHECK(has(s->head, "content-type: text/plain; charset=utf-8\n"));
    CHECK(has(s->head, "server: bide\n"));
    CHECK(has(s->head, "\ndate: "));
}

TEST(a_request_is_answered)
{
    get_run(NULL);
}

TALK(shown)
{
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 1,
                WIRE_GET("/show?a=1&b") "cookie: a=1\nx: y\ncookie: b=2\ncookie: c=3\n");
    await client_until(c, 1);
    CHECK_STR(client_stream(c, 1)->body,
              "GET /show?a=1&b|/show|a=1&b|a.example|http|a=1; b=2; c=3");
    CHECK(has(client_stream(c, 1)->head, "\nx-mixed-case: Yes\n"));
}

TEST(the_handler_sees_the_request)
{
    shown_run(NULL);
}

TALK(heads)
{
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 1, WIRE_REQUEST("HEAD", "/big"));
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 3, WIRE_REQUEST("HEAD", "/stream"));
    await client_until(c, 1);
    await client_until(c, 3);
    CHECK(has(client_stream(c, 1)->head, "content-length: 200000\n"));
    CHECK_EQ(client_stream(c, 1)->bytes, 0);
    CHECK_EQ(client_stream(c, 3)->status, 200);
    CHECK_EQ(client_stream(c, 3)->bytes, 0);
    CHECK(!client_stream(c, 1)->reset && !client_stream(c, 3)->reset);
}

TEST(head_has_no_body)
{
    heads_run(NULL);
}

TALK(errors)
{
    client_get(c, 1, "/fail");
    client_get(c, 3, "/cut");
    client_get(c, 5, "/");
    await client_until(c, 1);
    await client_until(c, 3);
    await client_until(c, 5);
    CHECK_EQ(client_stream(c, 1)->status, 403);
    CHECK_EQ(client_stream(c, 3)->status, 200);
    CHECK(client_stream(c, 3)->reset && client_stream(c, 3)->code == W_INTERNAL);
    CHECK_EQ(client_stream(c, 5)->status, 200);
}

static void be_silent(const bide_http_exchange *x, int error, const char *text, void *argument)
{
    (void)x, (void)error, (void)text, (void)argument;
}

TEST(errors_are_responses_or_resets)
{
    errors_run(&(bide_http_server_options){.complain = be_silent});
}

TALK(informed)
{
    client_get(c, 1, "/hint");
    await client_until(c, 1);
    CHECK_EQ(client_stream(c, 1)->informed, 103);
    CHECK_EQ(client_stream(c, 1)->status, 200);
    CHECK_STR(client_stream(c, 1)->body, "ok");
}

TEST(early_hints)
{
    informed_run(NULL);
}

/* ---- bodies of requests ---- */

TALK(posted)
{
    client_post(c, 1, "/", "content-length: 30000\n");
    wire_frame(&c->w, W_DATA, 0, 1, NULL, 10000);
    wire_frame(&c->w, W_DATA, 0, 1, NULL, 10000);
    wire_frame(&c->w, W_DATA, W_END_STREAM, 1, NULL, 10000);
    await client_until(c, 1);
    CHECK_STR(client_stream(c, 1)->body, "30000 bytes");
}

TEST(a_body_in_pieces)
{
    posted_run(NULL);
}

TALK(expected)
{
    client_post(c, 1, "/", "expect: 100-continue\n");
    while (client_stream(c, 1)->informed == 0)
        CHECK(await client_step(c));
    CHECK_EQ(client_stream(c, 1)->informed, 100);
    wire_frame(&c->w, W_DATA, W_END_STREAM, 1, "hello", 5);
    await client_until(c, 1);
    CHECK_STR(client_stream(c, 1)->body, "5 bytes");
}

TEST(expect_is_answered_when_the_body_is_read)
{
    expected_run(NULL);
}

TALK(held)
{
    client_post(c, 1, "/held", "");
    for (int i = 0; i < 3; i++)
        wire_frame(&c->w, W_DATA, 0, 1, NULL, 16384);
    client_post(c, 3, "/", "");
    for (int i = 0; i < 3; i++)
        wire_frame(&c->w, W_DATA, 0, 3, NULL, 16384);
    await client_sync(c);
    CHECK_EQ(client_stream(c, 1)->opened, 0);
    CHECK(client_stream(c, 3)->opened >= 32768);
    bide_notify_one(&h2_release);
    await client_sync(c);
    CHECK(client_stream(c, 1)->opened >= 32768);
    wire_frame(&c->w, W_DATA, W_END_STREAM, 1, NULL, 0);
    await client_until(c, 1);
    CHECK_STR(client_stream(c, 1)->body, "49152 bytes");
}

TEST(a_window_opens_only_as_the_handler_reads)
{
    held_run(NULL);
}

TALK(unread)
{
    for (uint32_t id = 1; id < 201; id += 2) {
        client_post(c, id, "/fail", ""); /* it does not read */
        wire_frame(&c->w, W_DATA, 0, id, NULL, 16384);
        await client_sync(c);
        CHECK(client_stream(c, id)->reset && client_stream(c, id)->code == W_NO_ERROR);
        CHECK_EQ(client_stream(c, id)->status, 403);
        c->count = 0;
    }
    CHECK(c->opened > 1000 * 1000); /* the connection's window has been opened all the same */
    CHECK_EQ(c->goaways, 0);
}

TEST(a_body_that_nobody_reads_is_cut_off_and_given_back)
{
    unread_run(NULL);
}

TALK(echoed)
{
    client_post(c, 1, "/echo", "");
    wire_frame(&c->w, W_DATA, 0, 1, "hello, ", 7);
    await client_sync(c);
    CHECK_STR(client_stream(c, 1)->body, "hello, ");
    wire_frame(&c->w, W_DATA, 0, 1, "world", 5);
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 1, "x-sum: 12\n");
    await client_until(c, 1);
    CHECK_STR(client_stream(c, 1)->body, "hello, world");
    CHECK_STR(client_stream(c, 1)->trailers, "x-sum: 12\n");
}

TEST(both_ways_at_once_and_trailers_both_ways)
{
    echoed_run(NULL);
}

/* ---- bodies of responses ---- */

TALK(blocked)
{
    wire_number(&c->w, W_WINDOW_UPDATE, 0, 1000 * 1000);
    client_get(c, 1, "/stream");
    client_get(c, 3, "/big");
    await client_sync(c);
    client_get(c, 5, "/");
    await client_until(c, 5);
    CHECK_EQ(client_stream(c, 1)->bytes, 65535);
    CHECK_EQ(client_stream(c, 3)->bytes, 65535);
    CHECK_STR(client_stream(c, 5)->body, "0 bytes");
    CHECK_EQ(h2_count.ended, 2); /* of /big, and of / */
    wire_number(&c->w, W_WINDOW_UPDATE, 1, 1000 * 1000);
    await client_until(c, 1);
    CHECK_EQ(client_stream(c, 1)->bytes, H2_BIG);
    CHECK(!client_stream(c, 3)->ended);
    wire_setting(&c->w, 4, 1000 * 1000);
    await client_until(c, 3);
    CHECK_EQ(client_stream(c, 3)->bytes, H2_BIG);
}

TEST(a_closed_window_holds_up_its_stream_alone)
{
    blocked_run(NULL);
}

TALK(in_turns)
{
    wire_setting(&c->w, 4, 1000 * 1000);
    wire_number(&c->w, W_WINDOW_UPDATE, 0, 1000 * 1000);
    client_get(c, 1, "/big");
    client_get(c, 3, "/big");
    await client_until(c, 1);
    await client_until(c, 3);
    struct client_stream *one = client_stream(c, 1), *other = client_stream(c, 3);
    CHECK_EQ(one->bytes + other->bytes, 2 * H2_BIG);
    CHECK(one->first < other->last && other->first < one->last);
    CHECK(other->first < one->frames); /* not after all of the first */
}

TEST(streams_take_turns)
{
    in_turns_run(NULL);
}

TALK(no_window)
{
    wire_setting(&c->w, 4, 0);
    client_get(c, 1, "/");
    await client_sync(c);
    CHECK_EQ(client_stream(c, 1)->status, 200);
    CHECK_EQ(client_stream(c, 1)->bytes, 0);
    wire_number(&c->w, W_WINDOW_UPDATE, 1, 3);
    await client_sync(c);
    CHECK_EQ(client_stream(c, 1)->bytes, 3);
    wire_setting(&c->w, 4, 10);
    await client_until(c, 1);
    CHECK_STR(client_stream(c, 1)->body, "0 bytes");
}

TEST(windows_of_no_bytes_and_of_few)
{
    no_window_run(NULL);
}

TALK(negative)
{
    client_get(c, 1, "/big");
    await client_sync(c);
    CHECK_EQ(client_stream(c, 1)->bytes, 65535);
    wire_setting(&c->w, 4, 0); /* the window is -65535 now (RFC 9113, 6.9.2) */
    wire_number(&c->w, W_WINDOW_UPDATE, 0, 1000 * 1000);
    wire_number(&c->w, W_WINDOW_UPDATE, 1, 65535);
    await client_sync(c);
    CHECK_EQ(client_stream(c, 1)->bytes, 65535);
    wire_number(&c->w, W_WINDOW_UPDATE, 1, 1);
    await client_sync(c);
    CHECK_EQ(client_stream(c, 1)->bytes, 65536);
}

TEST(windows_below_nothing)
{
    negative_run(NULL);
}

/* ---- clients that go away ---- */

TALK(resets)
{
    client_get(c, 1, "/wait");
    client_post(c, 3, "/held", "");
    await client_sync(c);
    CHECK_EQ(h2_count.served, 2);
    wire_number(&c->w, W_RST_STREAM, 1, W_CANCEL);
    wire_number(&c->w, W_RST_STREAM, 3, W_CANCEL);
    await client_sync(c);
    CHECK_EQ(h2_count.cancelled, 1);
    CHECK_EQ(h2_count.ended, 1); /* the other one runs on */
    bide_notify_one(&h2_release);
    await client_sync(c);
    CHECK_EQ(h2_count.ended, 2);
    client_get(c, 5, "/");
    await client_until(c, 5);
    CHECK_EQ(client_stream(c, 5)->status, 200);
}

TEST(a_reset_cancels_get_and_not_post)
{
    resets_run(NULL);
}

TALK(leaves)
{
    client_get(c, 1, "/wait");
    client_get(c, 3, "/wait");
    client_post(c, 5, "/held", "");
    await client_sync(c);
    CHECK_EQ(h2_count.served, 3);
    bide_notify_one(&h2_release);
}

TEST(a_client_that_leaves_cancels_all_that_may_be)
{
    leaves_run(NULL);
    CHECK_EQ(h2_count.cancelled, 2);
    CHECK_EQ(h2_count.ended, 3);
}

/* ---- the end of a connection ---- */

TALK(drained)
{
    client_get(c, 1, "/held");
    await client_sync(c);
    h2_drain();
    while (c->goaways == 0)
        CHECK(await client_step(c));
    CHECK_EQ(c->last, INT32_MAX);
    client_get(c, 3, "/"); /* it was on its way */
    await client_until(c, 3);
    CHECK_EQ(client_stream(c, 3)->status, 200);
    while (c->goaways == 1)
        CHECK(await client_step(c));
    CHECK_EQ(c->last, 3);
    CHECK_EQ(c->code, W_NO_ERROR);
    client_get(c, 5, "/"); /* this one is too late */
    bide_notify_one(&h2_release);
    await client_until_end(c);
    CHECK_EQ(client_stream(c, 1)->status, 200);
    CHECK_EQ(client_stream(c, 5)->status, 0);
}

TEST(a_drain_serves_what_has_begun)
{
    drained_run(NULL);
    CHECK_EQ(h2_count.served, 2);
}

TALK(idle_drained)
{
    await client_sync(c);
    h2_drain();
    await client_until_end(c);
    CHECK_EQ(c->goaways, 1);
    CHECK_EQ(c->code, W_NO_ERROR);
}

TEST(a_drain_ends_an_idle_connection_at_once)
{
    bide_instant begin = (bide_test_time_virtual(), bide_now());
    idle_drained_run(NULL);
    CHECK_EQ(bide_elapsed(begin).ns, 0);
}

TALK(told_to_close)
{
    client_get(c, 1, "/close");
    await client_until_end(c);
    CHECK_STR(client_stream(c, 1)->body, "bye");
    CHECK(c->goaways > 0);
    CHECK_EQ(c->code, W_NO_ERROR);
}

TEST(a_handler_may_close_the_connection)
{
    told_to_close_run(NULL);
}

TALK(said_goodbye)
{
    client_get(c, 1, "/held");
    wire_frame(&c->w, W_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
    await client_sync(c);
    bide_notify_one(&h2_release);
    await client_until(c, 1);
    CHECK_EQ(client_stream(c, 1)->status, 200);
}

TEST(a_client_that_says_goodbye_gets_what_it_has_asked_for)
{
    said_goodbye_run(NULL);
}

TALK(half_closed)
{
    client_get(c, 1, "/held");
    await wire_flush(&c->w);
    bide_stream_shutdown(c->w.stream);
    bide_notify_one(&h2_release);
    await client_until(c, 1);
}

TEST(a_client_that_only_reads_on_is_served_if_that_is_wanted)
{
    half_closed_run(&(bide_http_server_options){.half_close = true});
    CHECK_EQ(client_stream(&client, 1)->status, 200);
    half_closed_run(NULL);
    CHECK_EQ(client_stream(&client, 1)->status, 0);
}

/* ---- memory ---- */

#ifdef BIDE__ASAN
enum { ALLOCS = 20 }; /* of nghttp2, whose memory is not kept then */
#else
enum { ALLOCS = 0 };
#endif

TALK(many)
{
    for (uint32_t id = 1; id < 2001; id += 2) {
        if (id == 201)
            bide_test_watch();
        client_get(c, id, "/");
        await client_until(c, id);
        c->count = 0;
    }
    CHECK(bide_test_calls("alloc") <= 900 * ALLOCS + 10);
    CHECK_EQ(bide_test_calls("futex_wait") + bide_test_calls("futex_wake"), 0);
}

TEST(a_request_allocates_nothing_once_it_is_warm)
{
    many_run(NULL);
}
