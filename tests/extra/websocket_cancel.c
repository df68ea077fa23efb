/*
 * bide/websocket.h, cancelled at each suspension and at each wake, with no memory at each place,
 * and with a peer that is gone after each byte: no message is lost, doubled or torn.
 *
 * In each scenario ten messages go one way. What was cancelled is taken up again by its deferred
 * block, which sends what was not taken (bide_websocket_sent) and receives the rest.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/websocket.h>

#include <string.h>

#include "cancel.h"
#include "websocket_peer.h"

enum { MESSAGES = 10, CAPACITY = 60 };

static bide_websocket *near, *far;
static unsigned received;
static bool deflates;

static size_t size_of(unsigned i)
{
    return i * i * 3;
}

static void fill(char *data, unsigned i)
{
    for (size_t k = 0; k < size_of(i); k++)
        data[k] = (char)pattern(i, k);
}

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

static void before(void *state)
{
    bide_stream *one, *other;
    const bide_websocket_options options = {.deflate = {.on = deflates, .size_min = 1}};
    (void)state;
    received = 0;
    CHECK_EQ(bide_stream_pair(CAPACITY, &one, &other), 0);
    CHECK_EQ(bide_websocket_of_stream(one, BIDE_WEBSOCKET_CLIENT, NULL, 0, &options, &near), 0);
    CHECK_EQ(bide_websocket_of_stream(other, BIDE_WEBSOCKET_SERVER, NULL, 0, &options, &far), 0);
}

static void after(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK_EQ(received, MESSAGES);
    CHECK_EQ(bide_websocket_sent(near), MESSAGES);
    CHECK_EQ(bide_websocket_end_code(near), 1000);
    CHECK_EQ(bide_websocket_end_code(far), 1000);
    bide_websocket_free(near);
    bide_websocket_free(far);
}

static void run(const struct bide_fn *scenario, unsigned least)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(scenario, NULL, before, after) >= cancel_least(least));
}

static async int sends_on(void)
{
    char data[300];
    uint64_t n;
    while ((n = bide_websocket_sent(near)) < MESSAGES) {
        fill(data, (unsigned)n);
        int r = await bide_websocket_send(near, BIDE_WEBSOCKET_BINARY, data, size_of((unsigned)n));
        CHECK_ERR(r, 0);
    }
    return await bide_websocket_close(near, 1000, NULL);
}

static async int receives_on(void)
{
    bide_websocket_message m;
    char data[300];
    int r;
    while ((r = await bide_websocket_recv(far, &m)) > 0) {
        fill(data, received);
        CHECK(m.size == size_of(received) && memcmp(m.data, data, m.size) == 0);
        received++;
    }
    return r;
}

SCENARIO(receives)
{
    (void)state;
    bide_task(int) peer = bide_spawn(sends_on());
    defer {
        CHECK_ERR(await receives_on(), 0);
        int r = 1;
        CHECK_EQ(await bide_task_join(peer, &r), 0);
        CHECK_ERR(r, 0);
    }
    return await receives_on();
}

TEST_LIMIT(a_receive, 30)
{
    run(&bide__desc_receives, 5);
}

TEST_LIMIT(a_receive_of_what_is_compressed, 30)
{
    deflates = true;
    run(&bide__desc_receives, 5);
}

SCENARIO(sends)
{
    (void)state;
    bide_task(int) peer = bide_spawn(receives_on());
    defer {
        CHECK_ERR(await sends_on(), 0);
        int r = 1;
        CHECK_EQ(await bide_task_join(peer, &r), 0);
        CHECK_ERR(r, 0);
    }
    return await sends_on();
}

TEST_LIMIT(a_send_and_an_end, 30)
{
    run(&bide__desc_sends, deflates ? 2 : 5);
}

TEST_LIMIT(a_send_of_what_is_compressed, 30)
{
    deflates = true;
    run(&bide__desc_sends, deflates ? 2 : 5);
}

/* ---- in parts ---- */

static size_t part_at;

static async int receives_parts_on(void)
{
    bide_websocket_message m;
    int r;
    while ((r = await bide_websocket_recv_part(far, &m)) > 0) {
        CHECK_EQ(m.is_first, part_at == 0);
        for (size_t k = 0; k < m.size; k++)
            CHECK_EQ((unsigned char)m.data[k], pattern(received, part_at + k));
        part_at += m.size;
        if (m.is_last) {
            CHECK_EQ(part_at, size_of(received));
            part_at = 0;
            received++;
        }
    }
    return r;
}

SCENARIO(receives_parts)
{
    (void)state;
    part_at = 0;
    bide_task(int) peer = bide_spawn(sends_on());
    defer {
        CHECK_ERR(await receives_parts_on(), 0);
        int r = 1;
        CHECK_EQ(await bide_task_join(peer, &r), 0);
        CHECK_ERR(r, 0);
    }
    return await receives_parts_on();
}

TEST_LIMIT(a_receive_of_parts, 30)
{
    run(&bide__desc_receives_parts, 5);
    deflates = true;
    run(&bide__desc_receives_parts, 5);
}

/* One that was whole in the beginning is gone on with in parts. */
SCENARIO(receives_whole_and_then_parts)
{
    (void)state;
    part_at = 0;
    bide_task(int) peer = bide_spawn(sends_on());
    defer {
        CHECK_ERR(await receives_parts_on(), 0);
        int r = 1;
        CHECK_EQ(await bide_task_join(peer, &r), 0);
        CHECK_ERR(r, 0);
    }
    return await receives_on();
}

TEST_LIMIT(a_receive_that_goes_on_in_parts, 30)
{
    run(&bide__desc_receives_whole_and_then_parts, 5);
    deflates = true;
    run(&bide__desc_receives_whole_and_then_parts, 5);
}

/* ---- pings, answered while both are in the middle of messages ---- */

static async int pings_on(void)
{
    for (int i = 0; i < 5; i++) {
        CHECK_ERR(await bide_websocket_ping(far, "are you there?", 14), 0);
        await bide_sleep(BIDE_MS(1));
    }
    return 0;
}

static async int drains_on(void)
{
    bide_websocket_message m;
    return await bide_websocket_recv(near, &m);
}

SCENARIO(pings)
{
    (void)state;
    bide_task(int) receiver = bide_spawn(receives_on()), drain = bide_spawn(drains_on());
    defer {
        CHECK_ERR(await sends_on(), 0);
        int r = 1;
        CHECK_EQ(await bide_task_join(receiver, &r), 0);
        CHECK_ERR(r, 0);
        CHECK_EQ(await bide_task_join(drain, &r), 0);
        CHECK_ERR(r, 0);
    }
    return await pings_on();
}

TEST_LIMIT(a_ping, 30)
{
    run(&bide__desc_pings, 3);
}

/* ---- a message that is larger than a frame ---- */

static async int sends_large(void)
{
    static char data[1000];
    return await bide_websocket_send(near, BIDE_WEBSOCKET_BINARY, data, sizeof data);
}

static async int receives_large(void)
{
    bide_websocket_message m;
    int r;
    while ((r = await bide_websocket_recv(far, &m)) > 0) {
        CHECK_EQ(m.size, 1000);
        received++;
    }
    return r;
}

static bool may_be_cut;

SCENARIO(sends_in_frames)
{
    (void)state;
    bide_task(int) peer = bide_spawn(receives_large());
    defer {
        int r = await sends_large();
        CHECK_ERR(r, r == 0 ? 0 : -EPIPE);
        may_be_cut = r < 0;
        CHECK_ERR(await bide_websocket_close(near, 1000, NULL), 0);
        CHECK_EQ(await bide_task_join(peer, &r), 0);
        CHECK_ERR(r, 0);
    }
    return await sends_large();
}

static void before_frames(void *state)
{
    bide_stream *one, *other;
    const bide_websocket_options options = {.send_max = 200};
    (void)state;
    received = 0;
    CHECK_EQ(bide_stream_pair(CAPACITY, &one, &other), 0);
    CHECK_EQ(bide_websocket_of_stream(one, BIDE_WEBSOCKET_CLIENT, NULL, 0, &options, &near), 0);
    CHECK_EQ(bide_websocket_of_stream(other, BIDE_WEBSOCKET_SERVER, NULL, 0, &options, &far), 0);
}

static unsigned cuts;

static void after_frames(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK_EQ(received, bide_websocket_sent(near));
    CHECK(may_be_cut ? received <= 1 : received >= 1);
    cuts += may_be_cut;
    CHECK_EQ(bide_websocket_end_code(far), 1000);
    bide_websocket_free(near);
    bide_websocket_free(far);
}

TEST_LIMIT(a_send_in_several_frames_may_be_cut_and_says_so, 30)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_sends_in_frames, NULL, before_frames, after_frames) > 3);
    CHECK(cuts > 3);
}

/* ---- no memory ---- */

static async int lives(void)
{
    static char text[3000];
    bide_websocket_message m;
    bide_stream *one = NULL, *other = NULL;
    bide_websocket *a = NULL, *b = NULL;
    const bide_websocket_options options = {.deflate = {.on = true, .size_min = 1000}};
    memset(text, 'x', sizeof text);
    defer {
        bide_websocket_free(a);
        bide_websocket_free(b);
        if (a == NULL)
            bide_stream_close(one);
        if (b == NULL)
            bide_stream_close(other);
    }
    int r = bide_stream_pair(4096, &one, &other), n = 0;
    if (r == 0)
        r = bide_websocket_of_stream(one, BIDE_WEBSOCKET_CLIENT, "x", 0, &options, &a);
    if (r == 0)
        r = bide_websocket_of_stream(other, BIDE_WEBSOCKET_SERVER, "x", 0, &options, &b);
    static const size_t sizes[] = {10, 500, 3000, 2000};
    for (size_t i = 0; r == 0 && i < 4; i++) {
        r = await bide_websocket_send(a, BIDE_WEBSOCKET_TEXT, text, sizes[i]);
        if (r == 0)
            n = await bide_websocket_recv(b, &m);
        if (r == 0 && n == 1)
            CHECK(m.size == sizes[i] && memcmp(m.data, text, m.size) == 0);
        if (r == 0 && n < 0)
            r = n;
    }
    return r;
}

TEST_LIMIT(no_memory_at_each_place, 30)
{
    uint64_t failed = 1;
    unsigned nth = 0;
    bide_test_time_virtual();
    CHECK_ERR(bide_block_on(lives()), 0);
    while (failed > 0) {
        bide_test_fail("alloc", ++nth, -ENOMEM, 1);
        int r = bide_block_on(lives());
        failed = bide_test_failed("alloc");
        CHECK_ERR(r, r == 0 ? 0 : -ENOMEM);
    }
    CHECK(nth > 12);
    bide_test_fail("alloc", 0, 0, 0);
}

TEST_LIMIT(no_random_numbers, 30)
{
    bide_test_time_virtual();
    CHECK_ERR(bide_block_on(lives()), 0); /* now there is a runtime, which has asked for some */
    bide_test_fail("getrandom", 1, -ENOSYS, 1);
    CHECK_ERR(bide_block_on(lives()), -ENOSYS);
    CHECK_ERR(bide_block_on(lives()), 0);
}

/* ---- a peer that is gone after each byte ---- */

static bide_stream *raw;

static async int leaves_after(size_t count, const struct bytes *all)
{
    char dropped[100];
    CHECK_ERR(await bide_stream_write_all(raw, all->data, count, NULL), 0);
    (void)bide_stream_shutdown(raw);
    while (await bide_stream_read(raw, dropped, sizeof dropped) > 0)
        ;
    bide_stream_close(raw);
    return 0;
}

static async int echoes(void)
{
    bide_websocket_message m;
    int r;
    while ((r = await bide_websocket_recv(far, &m)) > 0)
        (void)await bide_websocket_send(far, m.kind, m.data, m.size);
    bide_websocket_free(far);
    return r;
}

static async int meets(size_t count, const struct bytes *all)
{
    int r = 0;
    await bide_join(r = echoes(), (void)leaves_after(count, all));
    return r;
}

static async int sends_until_it_fails(void)
{
    char data[100] = {0};
    int r;
    while ((r = await bide_websocket_send(near, BIDE_WEBSOCKET_BINARY, data, sizeof data)) == 0)
        ;
    CHECK_ERR(await bide_websocket_send(near, BIDE_WEBSOCKET_BINARY, data, 1), r);
    return r;
}

static async int takes(size_t count)
{
    char byte;
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(await bide_stream_read(raw, &byte, 1), 1);
    bide_stream_close(raw);
    return 0;
}

static async int sends_to_who_leaves(size_t count)
{
    int r = 0;
    await bide_join(r = sends_until_it_fails(), (void)takes(count));
    return r;
}

TEST_LIMIT(a_peer_that_is_gone_after_each_byte, 30)
{
    struct bytes all = {0};
    size_t pauses[10], count = 0, at;
    bide_stream *stream;
    bide_test_time_virtual();
    script_bytes("t:one -b*40 P:x c*70 t*200 C1000", true, &all, pauses, &count);
    for (at = 0; at <= all.size; at++) {
        CHECK_EQ(bide_stream_pair(2000, &raw, &stream), 0);
        CHECK_EQ(bide_websocket_of_stream(stream, BIDE_WEBSOCKET_SERVER, NULL, 0, NULL, &far), 0);
        CHECK_ERR(bide_block_on(meets(at, &all)), at < all.size ? -ECONNABORTED : 0);
    }
    for (at = 0; at < 300; at++) {
        CHECK_EQ(bide_stream_pair(7, &raw, &stream), 0);
        CHECK_EQ(bide_websocket_of_stream(stream, BIDE_WEBSOCKET_CLIENT, NULL, 0, NULL, &near), 0);
        CHECK_ERR(bide_block_on(sends_to_who_leaves(at)), -EPIPE);
        bide_websocket_free(near);
    }
    bytes_free(&all);
}
