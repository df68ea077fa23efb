/*
 * HTTP/2 when something is missing: memory at each place where it is asked for, the client at each
 * byte, and a task that is cancelled at each of its waits. Nothing is lost or left behind: the
 * harness looks for leaks, and each handler that has begun has ended.
 */
#include <bide/testing.h>

#include "cancel.h"
#include "h2_client.h"

/* ---- a talk with all that there is ---- */

static void say_all(struct client *c)
{
    client_get(c, 1, "/show");
    client_post(c, 3, "/echo", "cookie: a\ncookie: b\n");
    wire_frame(&c->w, W_DATA, W_PADDED, 3, "\2hello\0\0", 8);
    wire_fields(&c->w, W_END_STREAM | W_END_HEADERS, 3, "x-sum: 5\n");
    client_get(c, 5, "/stream");
    client_post(c, 7, "/", "expect: 100-continue\n");
    wire_frame(&c->w, W_DATA, W_END_STREAM, 7, NULL, 3000);
    client_get(c, 9, "/wait");
    wire_number(&c->w, W_RST_STREAM, 9, W_CANCEL);
    client_get(c, 11, "/hint");
    wire_frame(&c->w, W_PING, 0, 0, "12345678", 8);
}

static async int talk(bide_stream *stream, bool to_the_end)
{
    client_begin(&client, stream);
    defer {
        wire_end(&client.w);
    }
    say_all(&client);
    await client_until(&client, 11);
    if (to_the_end)
        wire_number(&client.w, W_WINDOW_UPDATE, 5, 1000 * 1000);
    wire_number(&client.w, W_WINDOW_UPDATE, 0, 1000 * 1000);
    for (uint32_t id = 1; to_the_end && id < 9; id += 2)
        await client_until(&client, id);
    return 0;
}

static bide_stream *near, *far;

static async int both(void)
{
    await bide_join((void)talk(near, true), (void)h2_serve(far, NULL));
    return 0;
}

static void prepare(void)
{
    h2_count.served = h2_count.ended = 0;
    CHECK_EQ(bide_stream_pair(100 * 1000, &near, &far), 0);
}

static void check_ends(void)
{
    CHECK_EQ(h2_count.served, h2_count.ended);
}

static void check_all(void)
{
    CHECK_EQ(client_stream(&client, 1)->status, 200);
    CHECK_STR(client_stream(&client, 3)->body, "hello");
    CHECK_STR(client_stream(&client, 3)->trailers, "x-sum: 5\n");
    CHECK_EQ(client_stream(&client, 5)->bytes, H2_BIG);
    CHECK_STR(client_stream(&client, 7)->body, "3000 bytes");
    CHECK_EQ(client_stream(&client, 11)->informed, 103);
}

TEST_LIMIT(no_memory_at_any_place, 60)
{
    uint64_t failed = 1;
    bide_test_time_virtual();
    prepare();
    CHECK_EQ(bide_block_on(both()), 0);
    check_all();
    for (unsigned nth = 1; failed > 0; nth++) {
        prepare();
        bide_test_fail("alloc", nth, -ENOMEM, 1);
        int r = bide_block_on(both());
        failed = bide_test_failed("alloc");
        bide_test_fail("alloc", 0, -ENOMEM, 0);
        check_ends();
        if (r < 0) { /* the calls did not begin, or were unwound before they took the streams */
            CHECK_ERR(r, -ENOMEM);
        }
        if (failed == 0)
            check_all();
        CHECK(nth < 1000);
    }
}

/* ---- a client that leaves ---- */

static async int leave(bide_stream *stream, size_t at)
{
    client_begin(&client, stream);
    defer {
        wire_end(&client.w);
    }
    say_all(&client);
    if (at > client.w.size)
        return 0;
    (void)await bide_stream_write_all(stream, client.w.out, at, NULL);
    for (int i = 0; i < 20; i++)
        await bide_yield();
    return 1;
}

static async int leave_both(size_t at)
{
    int r = 0;
    await bide_join(r = leave(near, at), (void)h2_serve(far, NULL));
    return r;
}

TEST_LIMIT(a_client_that_leaves_at_any_byte, 60)
{
    bide_test_time_virtual();
    for (size_t at = 0, more = 1; more > 0; at += at < 1500 ? 1 : 97) {
        prepare();
        more = (size_t)bide_block_on(leave_both(at));
        check_ends();
    }
}

/* It has written all, and takes only so much of the answer. */
static async int hang_up(bide_stream *stream, size_t at)
{
    char byte;
    ssize_t n = 1;
    client_begin(&client, stream);
    defer {
        wire_end(&client.w);
    }
    say_all(&client);
    (void)await wire_flush(&client.w);
    for (size_t i = 0; i < at && n > 0; i++)
        n = await bide_stream_read(stream, &byte, 1);
    return n > 0;
}

static async int hang_up_both(size_t at)
{
    int r = 0;
    await bide_join(r = hang_up(near, at), (void)h2_serve(far, NULL));
    return r;
}

TEST_LIMIT(a_client_that_hangs_up_after_any_byte, 60)
{
    bide_test_time_virtual();
    for (size_t at = 0; at < 10000; at += at < 400 ? 1 : 997) {
        prepare();
        (void)bide_block_on(hang_up_both(at));
        check_ends();
    }
}

/* ---- cancellation ---- */

async int cancelled(void *state);
extern const struct bide_fn bide__desc_cancelled;

async int cancelled(void *state)
{
    (void)state;
    return await both();
}

static void before(void *state)
{
    (void)state;
    prepare();
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state;
    check_ends();
    if (run->error == 0)
        check_all();
    else
        CHECK_ERR(run->error, -ECANCELED);
}

TEST_LIMIT(cancelled_at_every_wait, 60)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_cancelled, NULL, before, after) > 3);
}

/* Only the server is cancelled, in the middle of all. */
static async int stopped(void)
{
    prepare();
    bide_task(int) serving = bide_spawn(h2_serve(far, NULL));
    await talk(near, false);
    return await bide_task_cancel(serving);
}

TEST(a_server_that_is_cancelled)
{
    bide_test_time_virtual();
    CHECK_ERR(bide_block_on(stopped()), -ECANCELED);
    check_ends();
}
