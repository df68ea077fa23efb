/*
 * Every primitive is cancelled at each of its suspensions, and at each wake: nothing is lost, and
 * every deferred block runs once and in order.
 *
 * In each scenario a deferred block, which no request reaches, continues where the cancelled
 * operation was and finds everything that the body did not take. The body counts at once what it
 * takes or gives.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cancel.h"
#include "names.h"
#include "check.h"

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

enum { ITEMS = 4 };

/* ---- what all scenarios share ---- */

/* Deferred blocks leave a mark, in order. */
static char trace[64];

static void mark(char c)
{
    size_t n = strlen(trace);
    CHECK(n + 1 < sizeof trace);
    trace[n] = c;
    trace[n + 1] = '\0';
}

static void check_end(const struct cancel_run *run, const char *expected_trace)
{
    if (run->error != 0)
        CHECK_ERR(run->error, -ECANCELED);
    else
        CHECK_EQ(run->result, 0);
    CHECK(run->requested || run->error == 0);
    CHECK_STR(trace, expected_trace);
    trace[0] = '\0';
}

/* ---- channels ---- */

static bide_sender(int) tx;
static bide_receiver(int) rx;
static int given, taken;

static void new_channel(void *state)
{
    (void)state;
    given = taken = 0;
    CHECK_EQ(bide_channel_new(1, &tx, &rx), 0);
}

static async int produce(void)
{
    defer {
        bide_sender_drop(tx);
    }
    while (given < ITEMS) {
        CHECK_EQ(await bide_send(tx, &given), 0);
        given++;
        if (given % 2)
            await bide_yield();
    }
    return 0;
}

SCENARIO(run_receive)
{
    (void)state;
    bide_task(int) producer = bide_spawn(produce());
    int item;
    defer {
        mark('b');
        while (await bide_recv(rx, &item) > 0)
            CHECK_EQ(item, taken++);
        CHECK_EQ(await bide_task_wait(producer), 0);
    }
    defer {
        mark('a');
        await bide_yield();
    }
    while (await bide_recv(rx, &item) > 0) {
        CHECK_EQ(item, taken++);
        if (item == 2)
            await bide_yield();
    }
    return 0;
}

static void after_receive(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run, "ab");
    CHECK_EQ(taken, ITEMS);
    bide_receiver_drop(rx);
}

TEST(a_receive)
{
    CHECK(cancel_everywhere(&bide__desc_run_receive, NULL, new_channel, after_receive) >= 3);
}

static async int consume(void)
{
    for (int item; await bide_recv(rx, &item) > 0; taken++) {
        CHECK_EQ(item, taken);
        await bide_yield();
    }
    return 0;
}

SCENARIO(run_send)
{
    (void)state;
    bide_task(int) consumer = bide_spawn(consume());
    defer {
        mark('b');
        bide_sender_drop(tx);
        CHECK_EQ(await bide_task_wait(consumer), 0);
    }
    defer {
        mark('a');
    }
    for (int item = 0; item < ITEMS; item++) {
        CHECK_EQ(await bide_send(tx, &item), 0);
        given++;
    }
    return 0;
}

static void after_send(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run, "ab");
    CHECK_EQ(taken, given);
    bide_receiver_drop(rx);
}

TEST(a_send)
{
    CHECK(cancel_everywhere(&bide__desc_run_send, NULL, new_channel, after_send) > 1);
}

SCENARIO(run_reserve)
{
    (void)state;
    bide_task(int) consumer = bide_spawn(consume());
    defer {
        mark('b');
        bide_sender_drop(tx);
        CHECK_EQ(await bide_task_wait(consumer), 0);
    }
    while (given < ITEMS) {
        bool reserved = await bide_reserve(tx, 1) == 0;
        defer {
            mark('a');
            if (reserved)
                bide_unreserve(tx, 1);
        }
        await bide_yield();
        CHECK_EQ(bide_send_reserved(tx, &given), 0);
        reserved = false;
        given++;
    }
    return 0;
}

static void after_reserve(void *state, const struct cancel_run *run)
{
    (void)state;
    size_t n = strlen(trace);
    CHECK(n > 0 && trace[n - 1] == 'b' && strspn(trace, "a") == n - 1);
    CHECK(n - 1 == (size_t)given || (run->error != 0 && n - 1 == (size_t)given + 1));
    trace[0] = '\0';
    check_end(run, "");
    CHECK_EQ(taken, given);
    CHECK(run->error != 0 || given == ITEMS);
    bide_receiver_drop(rx);
}

TEST(a_reservation)
{
    CHECK(cancel_everywhere(&bide__desc_run_reserve, NULL, new_channel, after_reserve) > 4);
}

/* ---- oneshot ---- */

static bide_oneshot_sender(int) shot_tx;
static bide_oneshot_receiver(int) shot_rx;

static async int shoot(void)
{
    int value = 42;
    await bide_yield();
    CHECK_EQ(bide_oneshot_send(shot_tx, &value), 0);
    return 0;
}

SCENARIO(run_oneshot)
{
    (void)state;
    int value = 0;
    taken = 0;
    CHECK_EQ(bide_oneshot_new(&shot_tx, &shot_rx), 0);
    bide_task(int) sender = bide_spawn(shoot());
    defer {
        mark('a');
        if (taken == 0)
            CHECK_EQ(await bide_oneshot_recv(shot_rx, &value), 1);
        CHECK_EQ(value, 42);
        bide_oneshot_receiver_drop(shot_rx);
        CHECK_EQ(await bide_task_wait(sender), 0);
    }
    CHECK_EQ(await bide_oneshot_recv(shot_rx, &value), 1);
    taken++;
    CHECK_EQ(value, 42);
    return 0;
}

static void after_any(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run, "a");
}

TEST(a_oneshot)
{
    CHECK(cancel_everywhere(&bide__desc_run_oneshot, NULL, NULL, after_any) >= 1);
}

/* ---- notify ---- */

static bide_notify changed;

static async int wait_beside(void)
{
    CHECK_EQ(await bide_notify_wait(&changed), 0);
    taken++;
    return 0;
}

static async int notify_later(void)
{
    await bide_yield();
    bide_notify_one(&changed);
    return 0;
}

/* Two tasks wait and one is notified; if that one is cancelled, the other goes on. */
SCENARIO(run_notified)
{
    (void)state;
    changed = (bide_notify){0};
    taken = 0;
    bool mine = false;
    bide_task(int) notifier = bide_spawn(notify_later());
    bide_task(int) beside = bide_spawn(wait_beside());
    defer {
        mark('a');
        CHECK_EQ(await bide_task_wait(notifier), 0);
        if (mine)
            bide_notify_one(&changed);
        CHECK_EQ(await bide_task_wait(beside), 0);
        CHECK_EQ(taken, 1);
        CHECK_EQ(changed.permit_, 0);
    }
    CHECK_EQ(await bide_notify_wait(&changed), 0);
    mine = true;
    return 0;
}

TEST(a_notification)
{
    CHECK(cancel_everywhere(&bide__desc_run_notified, NULL, NULL, after_any) >= 1);
}

/* ---- streams ---- */

static bide_stream *near, *far;
static char text[64];
static size_t count;

static const char message[] = "one\ntwenty-two\n\nfour\n";

static void new_pair(void *state)
{
    (void)state;
    count = 0;
    memset(text, 0, sizeof text);
    CHECK_EQ(bide_stream_pair(3, &near, &far), 0);
}

static async int write_message(bide_stream *s)
{
    for (size_t at = 0, step = 1; at < strlen(message); at += step, step = step % 4 + 1) {
        size_t rest = strlen(message) - at;
        CHECK_EQ(await bide_stream_write_all(s, message + at, step < rest ? step : rest, NULL), 0);
        await bide_yield();
    }
    bide_stream_close(s);
    return 0;
}

SCENARIO(run_read_some)
{
    (void)state;
    bide_task(int) writer = bide_spawn(write_message(far));
    ssize_t n;
    defer {
        mark('a');
        while ((n = await bide_stream_read(near, text + count, 5)) > 0)
            count += (size_t)n;
        CHECK_EQ(n, 0);
        CHECK_EQ(await bide_task_wait(writer), 0);
        bide_stream_close(near);
    }
    while ((n = await bide_stream_read(near, text + count, 5)) > 0)
        count += (size_t)n;
    return (int)n;
}

static void after_message(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run, "a");
    CHECK_STR(text, message);
}

TEST(a_read_in_memory)
{
    CHECK(cancel_everywhere(&bide__desc_run_read_some, NULL, new_pair, after_message) > 4);
}

SCENARIO(run_read_exactly)
{
    (void)state;
    bide_task(int) writer = bide_spawn(write_message(far));
    defer {
        mark('a');
        CHECK_EQ(await bide_stream_read_exactly(near, text, strlen(message), &count), 0);
        CHECK_EQ(await bide_task_wait(writer), 0);
        bide_stream_close(near);
    }
    CHECK_EQ(await bide_stream_read_exactly(near, text, strlen(message), &count), 0);
    return 0;
}

TEST(an_exact_read)
{
    CHECK(cancel_everywhere(&bide__desc_run_read_exactly, NULL, new_pair, after_message) > 4);
}

static async int collect(bide_stream *s)
{
    size_t at = 0;
    for (ssize_t n; (n = await bide_stream_read(s, text + at, 2)) > 0; at += (size_t)n)
        await bide_yield();
    bide_stream_close(s);
    return 0;
}

SCENARIO(run_write_all)
{
    (void)state;
    bide_task(int) reader = bide_spawn(collect(far));
    defer {
        mark('a');
        CHECK_EQ(await bide_stream_write_all(near, message, strlen(message), &count), 0);
        bide_stream_close(near);
        CHECK_EQ(await bide_task_wait(reader), 0);
    }
    CHECK_EQ(await bide_stream_write_all(near, message, strlen(message), &count), 0);
    return 0;
}

TEST(a_write)
{
    CHECK(cancel_everywhere(&bide__desc_run_write_all, NULL, new_pair, after_message) > 4);
}

/* Appends the remaining lines. */
static async int more_lines(bide_reader *reader)
{
    char *line;
    size_t size;
    int r;
    while ((r = await bide_reader_line(reader, &line, &size)) == 1) {
        memcpy(text + count, line, size);
        text[count + size] = '\n';
        count += size + 1;
    }
    return r;
}

SCENARIO(run_lines)
{
    (void)state;
    bide_reader *reader;
    bide_task(int) writer = bide_spawn(write_message(far));
    CHECK_EQ(bide_reader_new(near, 10, &reader), 0);
    defer {
        mark('a');
        CHECK_EQ(await more_lines(reader), 0);
        CHECK_EQ(await bide_task_wait(writer), 0);
        bide_reader_free(reader);
        bide_stream_close(near);
    }
    return await more_lines(reader);
}

TEST(lines_read)
{
    CHECK(cancel_everywhere(&bide__desc_run_lines, NULL, new_pair, after_message) > 4);
}

/* ---- TCP ---- */

static bide_tcp_listener *listener;

static void new_listener(void *state)
{
    (void)state;
    near = far = NULL;
    count = 0;
    memset(text, 0, sizeof text);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    bide_test_watch();
}

static uint16_t port(void)
{
    return (uint16_t)bide_tcp_port(listener);
}

SCENARIO(run_connection)
{
    (void)state;
    defer {
        mark('a');
        bide_stream_close(near);
    }
    return await bide_tcp_connect(local_name(), port(), &near);
}

/* A driver may close a descriptor a moment later. */
static async int descriptors_are_closed(void)
{
    await bide_sleep(BIDE_US(1));
    return 0;
}

static void after_connection(void *state, const struct cancel_run *run)
{
    (void)state;
    check_end(run, "a");
    CHECK_EQ(bide_block_on(descriptors_are_closed()), 0);
    int64_t opened = bide_test_calls("socket"), closed = bide_test_calls("close");
    CHECK_EQ(opened, closed);
    bide_tcp_listener_close(listener);
}

TEST(a_connection)
{
    unsigned suspensions = localhost_is_known() ? 2 : 1;
    CHECK(cancel_everywhere(&bide__desc_run_connection, NULL, new_listener, after_connection) >=
          suspensions);
}

static async int client(void)
{
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", port(), &far), 0);
    return await write_message(far);
}

SCENARIO(run_server)
{
    (void)state;
    bide_task(int) peer = bide_spawn(client());
    ssize_t n = 0;
    defer {
        mark('a');
        if (near == NULL)
            CHECK_EQ(await bide_tcp_accept(listener, &near), 0);
        while ((n = await bide_stream_read(near, text + count, 5)) > 0)
            count += (size_t)n;
        CHECK_EQ(n, 0);
        CHECK_EQ(await bide_task_wait(peer), 0);
        bide_stream_close(near);
        bide_tcp_listener_close(listener);
    }
    CHECK_EQ(await bide_tcp_accept(listener, &near), 0);
    while ((n = await bide_stream_read(near, text + count, 5)) > 0)
        count += (size_t)n;
    return (int)n;
}

TEST(an_accept_and_reads)
{
    CHECK(cancel_everywhere(&bide__desc_run_server, NULL, new_listener, after_message) >= 2);
}

/* More than the kernel buffers; the peer adds it up. */
enum { BULK = 8 << 20 };

static char bulk[BULK];
static size_t arrived;

static async int add_up(void)
{
    static char part[1 << 16];
    bide_stream *s;
    ssize_t n;
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", port(), &s), 0);
    for (arrived = 0; (n = await bide_stream_read(s, part, sizeof part)) > 0; arrived += (size_t)n)
        for (ssize_t i = 0; i < n; i += 997)
            CHECK_EQ(part[i], (char)((arrived + (size_t)i) / 1000));
    bide_stream_close(s);
    return 0;
}

SCENARIO(run_bulk)
{
    (void)state;
    for (size_t i = 0; i < BULK; i++)
        bulk[i] = (char)(i / 1000);
    bide_task(int) peer = bide_spawn(add_up());
    defer {
        mark('a');
        if (near == NULL)
            CHECK_EQ(await bide_tcp_accept(listener, &near), 0);
        bide_stream_close(near);
        CHECK_EQ(await bide_task_wait(peer), 0);
        CHECK_EQ(arrived, count);
        bide_tcp_listener_close(listener);
    }
    CHECK_EQ(await bide_tcp_accept(listener, &near), 0);
    CHECK_EQ(await bide_stream_write_all(near, bulk, BULK, &count), 0);
    CHECK_EQ(count, BULK);
    return 0;
}

TEST(writes_to_a_connection)
{
    CHECK(cancel_everywhere(&bide__desc_run_bulk, NULL, new_listener, after_any) >= 2);
}

static void new_listener_without_descriptors(void *state)
{
    new_listener(state);
    CHECK_EQ(bide_test_fail("accept4", 1, -EMFILE, 2), 0);
}

#ifdef BIDE_TESTS_SIM_H
enum { PAUSES_LEAST = 1 }; /* the driver decides at random when there is a connection */
#else
enum { PAUSES_LEAST = 4 };
#endif

TEST(an_accept_that_pauses)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_run_server, NULL, new_listener_without_descriptors,
                            after_message) >= PAUSES_LEAST);
}

/* ---- signals ---- */

static async int raise_later(void)
{
    await bide_yield();
    raise(SIGUSR1);
    return 0;
}

SCENARIO(run_signalled)
{
    (void)state;
    taken = 0;
    bide_task(int) other = bide_spawn(raise_later());
    defer {
        mark('a');
        if (taken == 0)
            CHECK_EQ(await bide_signal_wait(SIGUSR1), 0);
        CHECK_EQ(await bide_task_wait(other), 0);
    }
    CHECK_EQ(await bide_signal_wait(SIGUSR1), 0);
    taken++;
    return 0;
}

TEST(a_signal)
{
    CHECK(cancel_everywhere(&bide__desc_run_signalled, NULL, NULL, after_any) >= 1);
}
