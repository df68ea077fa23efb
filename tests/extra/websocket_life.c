/*
 * bide/websocket.h in time and under load: pings that keep a connection alive, limits and time
 * limits, each crossed; the end, from all sides; several tasks at once; what it costs. In memory
 * and virtual time, but for the counted system calls.
 */
#include <bide/bide.h>
#include <bide/testing.h>
#include <bide/websocket.h>

#include <errno.h>
#include <unistd.h>

#include "extra/websocket/internal.h"

#include "counted.h"
#include "websocket_peer.h"

enum { CAPACITY = 4096 };

static bide_stream *raw;     /* of a peer that is made of bytes */
static bide_websocket *far;  /* what is tested: a server */
static bide_websocket *near; /* a client of ours */

static void open_raw(const bide_websocket_options *options)
{
    bide_stream *stream;
    CHECK_EQ(bide_stream_pair(CAPACITY, &raw, &stream), 0);
    CHECK_EQ(bide_websocket_of_stream(stream, BIDE_WEBSOCKET_SERVER, NULL, 0, options, &far), 0);
}

static void close_raw(void)
{
    bide_websocket_free(far);
    bide_stream_close(raw);
}

static void open_pair(const bide_websocket_options *of_client,
                      const bide_websocket_options *of_server)
{
    bide_stream *one, *other;
    CHECK_EQ(bide_stream_pair(CAPACITY, &one, &other), 0);
    CHECK_EQ(bide_websocket_of_stream(one, BIDE_WEBSOCKET_CLIENT, NULL, 0, of_client, &near), 0);
    CHECK_EQ(bide_websocket_of_stream(other, BIDE_WEBSOCKET_SERVER, NULL, 0, of_server, &far), 0);
}

static void close_pair(void)
{
    bide_websocket_free(near);
    bide_websocket_free(far);
}

/* Sends a script, whole. */
static async void say(const char *script)
{
    size_t pauses[10], count = 0;
    struct bytes b = {0};
    script_bytes(script, true, &b, pauses, &count);
    defer {
        bytes_free(&b);
    }
    CHECK_ERR(await bide_stream_write_all(raw, b.data, b.size, NULL), 0);
}

/* Reads until the stream ends or nothing comes for a second, and shows it. */
static async void hears(const char *expected)
{
    struct bytes got = {0}, shown = {0};
    unsigned char buffer[4096];
    ssize_t n = 1;
    defer {
        bytes_free(&got);
        bytes_free(&shown);
    }
    while (n > 0 && await bide_timeout(BIDE_S(1), n = bide_stream_read(raw, buffer, 4096)) == 0)
        bytes_add(&got, buffer, n > 0 ? (size_t)n : 0);
    show(&got, false, &shown);
    CHECK_STR((const char *)shown.data, expected);
}

static async int receives(void)
{
    bide_websocket_message m;
    return await bide_websocket_recv(far, &m);
}

static async int receives_all(bide_websocket *ws)
{
    bide_websocket_message m;
    int r;
    while ((r = await bide_websocket_recv(ws, &m)) > 0)
        ;
    return r;
}

static async int waits_for(bide_task(void) task)
{
    return await bide_task_wait(task);
}

/* ---- signs of life ---- */

static async int stays_silent(bide_instant *end)
{
    int r = 0;
    await bide_join(({
                        r = await receives();
                        *end = bide_now();
                    }),
                    ({
                        await bide_sleep(BIDE_MS(29500));
                        await hears("P");
                    }));
    return r;
}

TEST(a_peer_that_is_silent_is_asked_and_then_given_up)
{
    bide_test_time_virtual();
    open_raw(NULL);
    bide_instant begin = bide_now(), end;
    CHECK_ERR(bide_block_on(stays_silent(&end)), -ETIMEDOUT);
    CHECK_EQ(bide_instant_sub(end, begin).ns, BIDE_S(60).ns);
    CHECK_ERR(bide_block_on(receives()), -ETIMEDOUT);
    CHECK_EQ(bide_websocket_end_code(far), BIDE_WEBSOCKET_CUT);
    close_raw();
}

static async void answers_twice(void)
{
    for (int i = 0; i < 2; i++) {
        await bide_sleep(BIDE_S(31));
        await hears("P");
        await say("p");
    }
    await bide_sleep(BIDE_S(20));
    await say("t:still_here C1000");
}

TEST(any_sign_of_life_will_do)
{
    bide_test_time_virtual();
    open_raw(NULL);
    bide_task(void) peer = bide_spawn(answers_twice());
    CHECK_EQ(bide_block_on(receives()), 1);
    CHECK_EQ(bide_block_on(receives()), 0);
    CHECK_EQ(bide_websocket_end_code(far), 1000);
    CHECK_EQ(bide_block_on(waits_for(bide_move(peer))), 0);
    close_raw();
}

static async int receives_for_a_day(void)
{
    int r = 0, late = await bide_timeout(BIDE_S(86400), r = receives());
    return late < 0 ? late : r;
}

TEST(without_an_interval_nobody_is_asked)
{
    const bide_websocket_options options = {.ping_interval = BIDE_S(-1)};
    bide_test_time_virtual();
    open_raw(&options);
    CHECK_ERR(bide_block_on(receives_for_a_day()), -ETIMEDOUT);
    bide_block_on(hears(""));
    close_raw();
}

/* ---- time limits ---- */

static async void drips(void)
{
    await say("b@1000:a");
    for (int i = 0; i < 70; i++) {
        await bide_sleep(BIDE_S(1));
        if (await bide_stream_write_all(raw, "b", 1, NULL) < 0)
            return;
    }
}

TEST(a_message_that_never_ends_is_given_up)
{
    bide_test_time_virtual();
    open_raw(NULL);
    bide_instant begin = bide_now();
    bide_task(void) peer = bide_spawn(drips());
    CHECK_ERR(bide_block_on(receives()), -ETIMEDOUT);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(60).ns);
    bide_block_on(hears("C:1008"));
    bide_websocket_free(far);
    CHECK_EQ(bide_block_on(waits_for(bide_move(peer))), 0);
    bide_stream_close(raw);
}

static async int sends(size_t size)
{
    static char data[200000];
    memset(data, 'x', sizeof data);
    return await bide_websocket_send(far, BIDE_WEBSOCKET_BINARY, data, size);
}

TEST(a_peer_that_does_not_read_is_given_up)
{
    bide_test_time_virtual();
    open_raw(NULL);
    bide_instant begin = bide_now();
    CHECK_ERR(bide_block_on(sends(10000)), -ETIMEDOUT);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(30).ns);
    CHECK_EQ(bide_websocket_sent(far), 1);
    CHECK_ERR(bide_block_on(sends(1)), -ETIMEDOUT);
    CHECK_EQ(bide_websocket_sent(far), 1);
    bide_block_on(say("t:but_it_writes"));
    CHECK_EQ(bide_block_on(receives()), 1);
    close_raw();
}

static async int closes(bide_websocket *ws, unsigned code, const char *reason)
{
    return await bide_websocket_close(ws, code, reason);
}

TEST(an_end_that_is_not_answered_is_given_up)
{
    bide_test_time_virtual();
    open_raw(NULL);
    bide_instant begin = bide_now();
    CHECK_ERR(bide_block_on(closes(far, 1000, "enough")), -ETIMEDOUT);
    CHECK_EQ(bide_elapsed(begin).ns, BIDE_S(5).ns);
    CHECK_ERR(bide_block_on(sends(1)), -EPIPE);
    bide_block_on(hears("C:1000/enough"));
    close_raw();
}

static async void pings(bide_websocket *ws, int count)
{
    for (int i = 0; i < count; i++) {
        CHECK_ERR(await bide_websocket_ping(ws, &i, sizeof i), 0);
        await bide_yield();
    }
}

/* ---- limits ---- */

static int meets(const bide_websocket_options *options, const char *script, const char *heard)
{
    open_raw(options);
    bide_block_on(say(script));
    int r = bide_block_on(receives_all(far));
    CHECK_ERR(bide_block_on(receives()), r);
    bide_block_on(hears(heard));
    close_raw();
    return r;
}

TEST(what_is_larger_than_its_limit_is_refused)
{
    const bide_websocket_options message = {.message_max = 100}, frame = {.frame_max = 100},
                                 parts = {.fragments_max = 3},
                                 zip = {.message_max = 100, .deflate.on = true};
    bide_test_time_virtual();
    CHECK_ERR(meets(&message, "b*100 -b*50 c*50 C1000", "C:1000"), 0);
    CHECK_ERR(meets(&message, "b@101", "C:1009"), -EMSGSIZE); /* when its head is there */
    CHECK_ERR(meets(&message, "-b*60 c@41", "C:1009"), -EMSGSIZE);
    CHECK_ERR(meets(&frame, "b*100 C1000", "C:1000"), 0);
    CHECK_ERR(meets(&frame, "b@101", "C:1009"), -EMSGSIZE);
    CHECK_ERR(meets(&parts, "-b -c c C1000", "C:1000"), 0);
    CHECK_ERR(meets(&parts, "-b -c -c c", "C:1009"), -EMSGSIZE);
    /* 100 and 101 times "a" */
    CHECK_ERR(meets(&zip, "^4b#4a4ca43d0000 C1000", "C:1000"), 0);
    CHECK_ERR(meets(&zip, "^4b#4a4ca4030000", "C:1009"), -EMSGSIZE);
}

/* 16 MiB of zeroes in 16 KiB. */
static void add_bomb(struct bytes *b)
{
    struct bytes payload = {0};
    /* A block with fixed codes (RFC 1951, 3.2.6): a zero byte, 00110000, and then copies of 258
     * bytes, 11000101, from one byte before, 00000. */
    unsigned bit = 0;
    unsigned char byte = 0;
    const char *head = "01000110000", *copy = "1100010100000";
    for (int i = 0; i < 60000; i++)
        for (const char *p = i == 0 ? head : copy; *p != '\0'; p++) {
            byte |= (unsigned char)((unsigned)(*p - '0') << bit);
            if (++bit == 8) {
                bytes_add(&payload, &byte, 1);
                bit = byte = 0;
            }
        }
    struct frame f = {.opcode = 2,
                      .rsv = 4,
                      .is_last = true,
                      .is_masked = true,
                      .announced = payload.size,
                      .data = payload.data,
                      .size = payload.size};
    frame_add(b, &f);
    bytes_free(&payload);
}

static async void writes_bytes(const struct bytes *b)
{
    (void)await bide_stream_write_all(raw, b->data, b->size, NULL);
}

static async int takes_bomb(const struct bytes *b)
{
    int r = 0;
    await bide_select_biased(r = receives(), ({
                                 await writes_bytes(b);
                                 await bide_sleep(BIDE_S(3600));
                             }));
    return r;
}

TEST(what_is_inflated_has_a_bound)
{
    const bide_websocket_options options = {.deflate.on = true};
    struct bytes bomb = {0};
    bide_test_time_virtual();
    add_bomb(&bomb);
    CHECK(bomb.size < 110000);
    counted_begin();
    bide_block_on(pings(NULL, 0)); /* now there is a runtime */
    counted_reset();
    open_raw(&options);
    CHECK_ERR(bide_block_on(takes_bomb(&bomb)), -EMSGSIZE);
    CHECK(counted_most() < (2 << 20) + (1 << 18)); /* while it grows, twice message_max */
    bide_block_on(hears("C:1009"));
    close_raw();
    bytes_free(&bomb);
}

/* ---- the end ---- */

static async void both_close(int *one, int *other)
{
    await bide_join(*one = closes(near, 1000, NULL), *other = closes(far, 1001, NULL));
}

TEST(both_may_say_the_end_at_once)
{
    int one = 1, other = 1;
    bide_test_time_virtual();
    open_pair(NULL, NULL);
    bide_block_on(both_close(&one, &other));
    CHECK_ERR(one, 0);
    CHECK_ERR(other, 0);
    CHECK_EQ(bide_websocket_end_code(near), 1001);
    CHECK_EQ(bide_websocket_end_code(far), 1000);
    close_pair();
}

static async void close_and_receive(bide_websocket *ws, int *closed, int *received)
{
    bide_task(int) peer = bide_spawn(receives_all(far));
    await bide_join(*received = receives_all(ws), ({
                        await bide_sleep(BIDE_S(1));
                        *closed = await closes(ws, 4000, "bye");
                    }));
    CHECK_ERR(await bide_task_wait(peer), 0);
}

TEST(who_receives_gets_the_end_that_another_task_has_said)
{
    int closed = 1, received = 1;
    bide_test_time_virtual();
    open_pair(NULL, NULL);
    bide_block_on(close_and_receive(near, &closed, &received));
    CHECK_ERR(closed, 0);
    CHECK_ERR(received, 0);
    CHECK_EQ(bide_websocket_end_code(near), 4000);
    CHECK_EQ(bide_websocket_end_code(far), 4000);
    CHECK_STR(bide_websocket_end_reason(far), "bye");
    close_pair();
}

static async void receive_during_close(int *closed, int *received)
{
    await bide_join(*closed = closes(far, 1000, NULL), ({
                        await bide_sleep(BIDE_S(1));
                        await say("t:dropped");
                        *received = await receives();
                    }),
                    ({
                        await bide_sleep(BIDE_S(2));
                        await say("C1000");
                    }));
}

TEST(who_receives_during_a_close_waits_for_the_end)
{
    int closed = 1, received = 1;
    bide_test_time_virtual();
    open_raw(NULL);
    bide_block_on(receive_during_close(&closed, &received));
    CHECK_ERR(closed, 0);
    CHECK_ERR(received, 0);
    close_raw();
}

TEST(an_end_that_is_none_is_refused)
{
    static const unsigned bad[] = {1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000};
    char reason[130];
    bide_test_time_virtual();
    open_raw(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(bide_block_on(closes(far, bad[i], NULL)), -EINVAL);
    CHECK_ERR(bide_block_on(closes(far, 0, "no code")), -EINVAL);
    memset(reason, 'x', sizeof reason);
    reason[124] = '\0';
    CHECK_ERR(bide_block_on(closes(far, 1000, reason)), -EINVAL);
    CHECK_ERR(bide_block_on(closes(far, 1000, "\xc3")), -EILSEQ);
    bide_block_on(hears(""));
    close_raw();
}

static async int sends_wrongly(void)
{
    CHECK_ERR(await bide_websocket_send(far, (bide_websocket_kind)0, "", 0), -EINVAL);
    CHECK_ERR(await bide_websocket_send(far, BIDE_WEBSOCKET_TEXT, "\xff", 1), -EILSEQ);
    CHECK_ERR(await bide_websocket_send_part(far, BIDE_WEBSOCKET_TEXT, "\xff", 1, false), -EILSEQ);
    /* that message has not begun */
    CHECK_ERR(await bide_websocket_send_text(far, "good"), 0);
    CHECK_ERR(await bide_websocket_send_part(far, BIDE_WEBSOCKET_TEXT, "\xc3", 1, false), 0);
    CHECK_ERR(await bide_websocket_send_part(far, BIDE_WEBSOCKET_BINARY, "x", 1, true), -EINVAL);
    CHECK_ERR(await bide_websocket_send_part(far, BIDE_WEBSOCKET_TEXT, "x", 1, true), -EILSEQ);
    CHECK_ERR(await bide_websocket_send_part(far, BIDE_WEBSOCKET_TEXT, "", 0, true), -EILSEQ);
    CHECK_ERR(await bide_websocket_send_part(far, BIDE_WEBSOCKET_TEXT, "\xa9", 1, true), 0);
    char long_ping[126] = {0};
    CHECK_ERR(await bide_websocket_ping(far, long_ping, 126), -EINVAL);
    CHECK_ERR(await bide_websocket_ping(far, "ping", 4), 0);
    await hears("t:good t#c3a9 P:ping");
    return 0;
}

TEST(what_cannot_be_sent_is_refused_and_leaves_nothing)
{
    bide_test_time_virtual();
    open_raw(NULL);
    CHECK_EQ(bide_block_on(sends_wrongly()), 0);
    CHECK_EQ(bide_websocket_sent(far), 2);
    close_raw();
}

static async int freed_while(int *received, int *sent)
{
    static char data[100000];
    await bide_join(*received = receives(),
                    *sent = bide_websocket_send(far, BIDE_WEBSOCKET_BINARY, data, sizeof data), ({
                        await bide_sleep(BIDE_S(1));
                        bide_websocket_free(far);
                    }));
    return 0;
}

TEST(calls_that_wait_end_when_it_is_freed)
{
    int received = 1, sent = 1;
    bide_test_time_virtual();
    open_raw(NULL);
    bide_block_on(freed_while(&received, &sent));
    CHECK_ERR(received, -EBADF);
    CHECK_ERR(sent, -EBADF);
    bide_stream_close(raw);
}

/* ---- an end that another thread says while a message is sent ---- */

/* The key of the pong is drawn between the check whether there is an end and the message: here
 * another thread says it just then. */
static ssize_t says_the_end(void *buffer, size_t size, unsigned flags)
{
    (void)flags;
    bide__ws_say_end(near, 1000, NULL, 0);
    memset(buffer, 1, size);
    return (ssize_t)size;
}

static async void hears_no_message(void)
{
    struct bytes got = {0}, shown = {0};
    unsigned char buffer[4096];
    ssize_t n = 1;
    defer {
        bytes_free(&got);
        bytes_free(&shown);
    }
    CHECK_ERR(await bide_websocket_send_text(near, "too late"), -EPIPE);
    (void)await bide_timeout(BIDE_S(1), (void)bide_websocket_close(near, 1000, NULL));
    while (n > 0 && await bide_timeout(BIDE_S(1), n = bide_stream_read(raw, buffer, 4096)) == 0)
        bytes_add(&got, buffer, n > 0 ? (size_t)n : 0);
    show(&got, true, &shown);
    CHECK_STR((const char *)shown.data, "p:x C:1000");
}

TEST(no_message_follows_an_end)
{
    struct bide__ws_control ping = {.size = 1, .data = "x"};
    bide_stream *stream;
    bide_test_time_virtual();
    CHECK_EQ(bide_stream_pair(CAPACITY, &raw, &stream), 0);
    CHECK_EQ(bide_websocket_of_stream(stream, BIDE_WEBSOCKET_CLIENT, NULL, 0, NULL, &near), 0);
    bide_block_on(bide_yield()); /* now there is a runtime, which has asked, too */
    CHECK(bide_test_replace("getrandom", (void (*)(void))says_the_end) != NULL);
    bide__ws_say_pong(near, &ping);
    bide_block_on(hears_no_message());
    bide_websocket_free(near);
    bide_stream_close(raw);
}

TEST(the_longest_limits_are_none)
{
    const bide_duration longest = {INT64_MAX - 1};
    const bide_websocket_options options = {.close_timeout = longest,
                                            .ping_interval = longest,
                                            .pong_timeout = longest,
                                            .message_timeout = longest,
                                            .send_timeout = longest};
    int one = 1, other = 1;
    bide_test_time_virtual();
    open_pair(&options, &options);
    bide_block_on(both_close(&one, &other));
    CHECK_ERR(one, 0);
    CHECK_ERR(other, 0);
    close_pair();
}

/* ---- the shutdown ---- */

static bide_shutdown stop;

static async int goes_away(void)
{
    int r = 1;
    await bide_join(({
                        CHECK_EQ(await receives(), 1);
                        r = await receives();
                    }),
                    ({
                        await bide_sleep(BIDE_S(1));
                        bide_shutdown_begin(&stop);
                        await say("t:what_was_on_its_way");
                        await hears("C:1001");
                        await say("C1001");
                    }));
    return r;
}

TEST(at_the_shutdown_the_peer_is_told)
{
    const bide_websocket_options options = {.shutdown = &stop};
    bide_test_time_virtual();
    stop = (bide_shutdown)BIDE_SHUTDOWN_INIT;
    open_raw(&options);
    CHECK_ERR(bide_block_on(goes_away()), 0);
    CHECK_ERR(bide_block_on(sends(1)), -ESHUTDOWN);
    close_raw();
    open_raw(&options); /* one that only sends */
    CHECK_ERR(bide_block_on(sends(1)), -ESHUTDOWN);
    bide_block_on(hears("C:1001"));
    bide_instant begin = bide_now();
    CHECK_ERR(bide_block_on(receives()), -ETIMEDOUT); /* who does not answer is not waited for */
    CHECK(bide_elapsed(begin).ns <= BIDE_S(5).ns);
    close_raw();
}

/* ---- several tasks ---- */

static async void sends_many(bide_websocket *ws, char letter, size_t size, int count)
{
    char *data = malloc(size);
    CHECK(data != NULL);
    memset(data, letter, size);
    defer {
        free(data);
    }
    for (int i = 0; i < count; i++)
        CHECK_ERR(await bide_websocket_send(ws, BIDE_WEBSOCKET_TEXT, data, size), 0);
}

static async void receives_many(bide_websocket *ws, int count)
{
    bide_websocket_message m;
    for (int i = 0; i < count; i++) {
        CHECK_EQ(await bide_websocket_recv(ws, &m), 1);
        for (size_t k = 1; k < m.size; k++)
            CHECK(m.data[k] == m.data[0]);
    }
}

static async void crowd(int count)
{
    await bide_join(sends_many(near, 'a', 30000, count), sends_many(near, 'b', 3, 5 * count),
                    pings(near, 3 * count), receives_many(near, 5 * count),
                    sends_many(far, 'c', 100, 3 * count), sends_many(far, 'd', 200000, 2 * count),
                    receives_many(far, 6 * count));
}

TEST_LIMIT(many_may_send_while_one_receives, 30)
{
    const bide_websocket_options deflate = {.deflate.on = true, .send_max = 1000};
    const bide_websocket_options *options[] = {NULL, &deflate};
    bide_test_time_virtual();
    for (int i = 0; i < 2; i++) {
        open_pair(options[i], options[i]);
        bide_block_on(crowd(10));
        close_pair();
    }
}

/* The first part waits for the turn, while others end messages. */
static async void sends_parts_behind(void)
{
    CHECK_EQ(bide_websocket_sent(near), 0);
    for (int i = 0; i < 3; i++)
        CHECK_ERR(await bide_websocket_send_part(near, BIDE_WEBSOCKET_TEXT, "bb", 2, i == 2), 0);
}

static async void behind_each_other(void)
{
    await bide_join(sends_many(near, 'a', 200000, 1), sends_parts_behind(), receives_many(far, 2));
}

TEST(a_message_in_parts_waits_for_its_turn_and_keeps_it)
{
    bide_test_time_virtual();
    open_pair(NULL, NULL);
    bide_block_on(behind_each_other());
    CHECK_EQ(bide_websocket_sent(near), 2);
    close_pair();
}

static async void pong_in_between(void)
{
    static char data[300000];
    bide_task(int) receiver = bide_spawn(receives());
    bide_task(int) sender =
        bide_spawn(bide_websocket_send(far, BIDE_WEBSOCKET_BINARY, data, sizeof data));
    await bide_sleep(BIDE_MS(1));
    await say("P:now");
    struct bytes got = {0};
    unsigned char buffer[4096];
    struct frame f;
    size_t at = 0;
    unsigned before = 0;
    for (bool is_pong = false; !is_pong;) {
        ssize_t n = await bide_stream_read(raw, buffer, sizeof buffer);
        CHECK(n > 0);
        bytes_add(&got, buffer, (size_t)n);
        while (!is_pong && frame_read(&got, &at, &f)) {
            is_pong = f.opcode == 10;
            before += f.opcode != 10;
            CHECK(is_pong || !f.is_last);
        }
    }
    CHECK_EQ(before, 1); /* the frame that was on its way */
    bytes_free(&got);
    bide_task_abort(receiver);
    (void)await bide_task_wait(receiver);
    bide_task_abort(sender);
    (void)await bide_task_wait(sender);
}

TEST(a_pong_goes_between_the_frames_of_a_long_message)
{
    bide_test_time_virtual();
    open_raw(NULL);
    bide_block_on(pong_in_between());
    CHECK_ERR(bide_block_on(sends(1)), -EPIPE); /* the message was cut */
    close_raw();
}

static async void two_receive(int *second)
{
    await bide_join(({ CHECK_EQ(await receives(), 1); }), ({
                        await bide_sleep(BIDE_S(1));
                        *second = await receives();
                        await say("t");
                    }));
}

TEST(a_second_receiver_is_refused)
{
    int second = 1;
    bide_test_time_virtual();
    open_raw(NULL);
    bide_block_on(two_receive(&second));
    CHECK_ERR(second, -EBUSY);
    close_raw();
}

/* ---- what it costs ---- */

static async void there_and_back(int count, size_t size)
{
    static char data[4000];
    bide_websocket_message m;
    for (int i = 0; i < count; i++) {
        CHECK_ERR(await bide_websocket_send(near, BIDE_WEBSOCKET_BINARY, data, size), 0);
        CHECK_EQ(await bide_websocket_recv(far, &m), 1);
        CHECK_ERR(await bide_websocket_send(far, m.kind, m.data, m.size), 0);
        CHECK_EQ(await bide_websocket_recv(near, &m), 1);
    }
}

TEST(a_message_allocates_nothing)
{
    const bide_websocket_options deflate = {.deflate = {.on = true, .size_min = 1}};
    const bide_websocket_options *options[] = {NULL, &deflate};
    bide_test_time_virtual();
    bide_test_watch();
    for (int i = 0; i < 2; i++)
        for (size_t size = 4; size <= 3800; size += 1249) {
            open_pair(options[i], options[i]);
            bide_block_on(there_and_back(5, size));
            int64_t before = bide_test_calls("alloc");
            bide_block_on(there_and_back(50, size));
            CHECK(bide_test_calls("alloc") - before <= 0);
            close_pair();
        }
}

static async void connects_tcp(void)
{
    bide_tcp_listener *listener;
    bide_stream *one, *other;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &one), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &other), 0);
    bide_tcp_listener_close(listener);
    CHECK_EQ(bide_websocket_of_stream(one, BIDE_WEBSOCKET_CLIENT, NULL, 0, NULL, &near), 0);
    CHECK_EQ(bide_websocket_of_stream(other, BIDE_WEBSOCKET_SERVER, NULL, 0, NULL, &far), 0);
}

TEST(a_small_message_is_one_send)
{
    bide_block_on(connects_tcp());
    bide_block_on(there_and_back(5, 64));
    bide_test_watch();
    bide_block_on(there_and_back(50, 64));
    CHECK_EQ(bide_test_calls("send"), 100);
    CHECK_EQ(bide_test_calls("sendmsg") + bide_test_calls("write"), 0);
    CHECK(bide_test_calls("recv") <= 200); /* each is tried, and waited for */
    CHECK(bide_test_calls("getrandom") <= 4);
    close_pair();
}
