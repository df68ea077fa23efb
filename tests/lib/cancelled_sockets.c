/*
 * Calls on sockets for messages, and what opens sockets and FIFOs, cancelled at each suspension
 * and at each wake. The sender numbers its datagrams; the receiver, whose calls are cancelled, sees
 * each once, in order. No descriptor stays open.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

enum { MESSAGES = 6, FLOOD = 40 };

static bide_udp *udp, *udp_peer;
static bide_unix_datagram *datagram, *datagram_peer;
static bide_unix_listener *listener;
static bide_stream *stream, *peer;
static bide_address to;
static _Atomic int next_number;
static int before_all;
static char folder[32], path[64];
static atomic_int received;

#define SCENARIO(name)                             \
    async int name(void *state);                   \
    extern const struct bide_fn bide__desc_##name; \
    async int name(void *state)

static void take(int number)
{
    CHECK_EQ(number, next_number);
    next_number++;
}

static void begin(void)
{
    next_number = 0;
    received = 0;
    stream = peer = NULL;
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &udp),
             0); /* the thread's runtime is there from now on */
    bide_udp_close(udp);
    before_all = open_descriptors();
    strcpy(folder, "/tmp/bide-cancel-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/name", folder);
}

static void end(void)
{
    CHECK_EQ(rmdir(folder), 0);
    CHECK_EQ(open_descriptors(), before_all);
}

/* ---- UDP ---- */

static void before_udp(void *state)
{
    (void)state;
    begin();
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &udp), 0);
    CHECK_EQ(bide_udp_bind("127.0.0.1", 0, &udp_peer), 0);
    CHECK_EQ(bide_udp_local_address(udp, &to), 0);
}

static void after_udp(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK_EQ(next_number, MESSAGES);
    bide_udp_close(udp);
    bide_udp_close(udp_peer);
    end();
}

/* Not all at once, however slow the kernel is to tell the receiver. */
static async int send_numbers(void)
{
    for (int i = 0; i < MESSAGES; i++) {
        do
            await bide_sleep(BIDE_MS(1));
        while (i % 2 == 0 && next_number < i);
        CHECK_EQ(await bide_udp_send_to(udp_peer, &i, sizeof i, &to), sizeof i);
    }
    return 0;
}

static async int receive_numbers(void)
{
    while (next_number < MESSAGES) {
        int number;
        CHECK_EQ(await bide_udp_receive(udp, &number, sizeof number, NULL), sizeof number);
        take(number);
        if (next_number % 2 == 0 && next_number < MESSAGES) {
            CHECK_EQ(await bide_udp_peek(udp, &number, sizeof number, NULL), sizeof number);
            CHECK_EQ(number, next_number);
        }
    }
    return 0;
}

SCENARIO(receives)
{
    (void)state;
    bide_task(int) task = bide_spawn(send_numbers());
    defer {
        CHECK_EQ(await receive_numbers(), 0);
        CHECK_EQ(await bide_task_wait(task), 0);
    }
    return await receive_numbers();
}

TEST(a_receive)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_receives, NULL, before_udp, after_udp) >= cancel_least(3));
}

static async int receive_many(void)
{
    int numbers[3];
    bide_udp_datagram datagrams[3];
    while (next_number < MESSAGES) {
        for (int i = 0; i < 3; i++)
            datagrams[i] = (bide_udp_datagram){.data = &numbers[i], .size = sizeof *numbers};
        int n = await bide_udp_receive_many(udp, datagrams, 3);
        CHECK(n > 0);
        for (int i = 0; i < n; i++)
            take(numbers[i]);
    }
    return 0;
}

SCENARIO(receives_many)
{
    (void)state;
    bide_task(int) task = bide_spawn(send_numbers());
    defer {
        CHECK_EQ(await receive_many(), 0);
        CHECK_EQ(await bide_task_wait(task), 0);
    }
    return await receive_many();
}

TEST(a_receive_of_many)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_receives_many, NULL, before_udp, after_udp) >=
          cancel_least(2));
}

/* ---- Unix datagrams: the sender is cancelled ---- */

static void before_datagrams(void *state)
{
    (void)state;
    begin();
    CHECK_EQ(bide_unix_datagram_bind(NULL, NULL, &datagram), 0);
    CHECK_EQ(bide_unix_datagram_bind(path, NULL, &datagram_peer), 0);
    CHECK_EQ(bide_address_of_path(path, &to), 0);
    CHECK_EQ(bide_unix_datagram_connect(datagram, path), 0);
}

static void after_datagrams(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK_EQ(next_number, FLOOD);
    CHECK_EQ(received, FLOOD);
    bide_unix_datagram_close(datagram);
    bide_unix_datagram_close(datagram_peer);
    end();
}

static async int drain(void)
{
    while (received < FLOOD) {
        int number = -1;
        if (received % 10 == 0)
            await bide_sleep(BIDE_MS(3));
        CHECK_EQ(await bide_unix_datagram_receive(datagram_peer, &number, sizeof number, NULL),
                 sizeof number);
        CHECK_EQ(number, received);
        received++;
    }
    return 0;
}

static async int flood(const bide_address *name)
{
    while (next_number < FLOOD) {
        ssize_t n;
        if (name == NULL)
            n = await bide_unix_datagram_send(datagram, &next_number, sizeof next_number);
        else
            n = await bide_unix_datagram_send_to(datagram, &next_number, sizeof next_number, name);
        CHECK_EQ(n, sizeof next_number);
        next_number++;
    }
    return 0;
}

static async int flood_and_drain(const bide_address *name)
{
    bide_task(int) task = bide_spawn(drain());
    defer {
        CHECK_EQ(await flood(name), 0);
        CHECK_EQ(await bide_task_wait(task), 0);
    }
    return await flood(name);
}

SCENARIO(sends)
{
    (void)state;
    return await flood_and_drain(NULL);
}

SCENARIO(sends_to)
{
    (void)state;
    return await flood_and_drain(&to);
}

TEST(a_send_to_the_peer)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_sends, NULL, before_datagrams, after_datagrams) >=
          cancel_least(4));
}

TEST(a_send_that_pauses)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_sends_to, NULL, before_datagrams, after_datagrams) >=
          cancel_least(4));
}

/* ---- connections ---- */

static void before_connection(void *state)
{
    bide_unix_options options = {.backlog = 1};
    (void)state;
    begin();
    CHECK_EQ(bide_unix_listen(path, &options, &listener), 0);
}

static void after_connection(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK_EQ(stream != NULL, run->error == 0);
    bide_stream_close(stream);
    bide_unix_listener_close(listener);
    end();
}

/* The queue is full for a while. */
static async int accept_later(void)
{
    bide_stream *first[3] = {NULL, NULL, NULL};
    defer {
        for (int i = 0; i < 3; i++)
            bide_stream_close(first[i]);
    }
    await bide_sleep(BIDE_MS(20));
    for (int i = 0; i < 3; i++) {
        int r = 0;
        if (await bide_timeout(BIDE_MS(200), r = bide_unix_accept(listener, &first[i])) != 0)
            break;
        CHECK_EQ(r, 0);
    }
    return 0;
}

SCENARIO(connects)
{
    (void)state;
    bide_stream *queued[2] = {NULL, NULL};
    defer {
        bide_stream_close(queued[0]);
        bide_stream_close(queued[1]);
    }
    bide_task(int) task = bide_spawn(accept_later());
    defer {
        CHECK_EQ(await bide_task_wait(task), 0);
    }
    int r = await bide_unix_connect(path, &queued[0]);
    if (r == 0)
        r = await bide_unix_connect(path, &queued[1]);
    return r == 0 ? await bide_unix_connect(path, &stream) : r;
}

TEST(a_connect_that_pauses)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_connects, NULL, before_connection, after_connection) >=
          cancel_least(3));
}

static async int connect_later(void)
{
    await bide_yield();
    await bide_yield();
    return await bide_unix_connect(path, &peer);
}

/* A connection that the cancelled call did not take is there for the next. */
SCENARIO(accepts)
{
    (void)state;
    bide_task(int) task = bide_spawn(connect_later());
    defer {
        if (stream == NULL)
            CHECK_EQ(await bide_unix_accept(listener, &stream), 0);
        CHECK_EQ(await bide_task_wait(task), 0);
    }
    int r = await bide_unix_accept(listener, &stream);
    await bide_yield();
    return r;
}

static void after_accept(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK(stream != NULL && peer != NULL);
    bide_stream_close(stream);
    bide_stream_close(peer);
    bide_unix_listener_close(listener);
    end();
}

TEST(an_accept)
{
    CHECK(cancel_everywhere(&bide__desc_accepts, NULL, before_connection, after_accept) >=
          cancel_least(2));
}

/* ---- FIFOs ---- */

static void before_fifo(void *state)
{
    (void)state;
    begin();
    CHECK_EQ(mkfifo(path, 0600), 0);
}

static void after_fifo(void *state, const struct cancel_run *run)
{
    (void)state;
    CHECK_EQ(stream != NULL, run->error == 0);
    bide_stream_close(stream);
    bide_stream_close(peer);
    CHECK_EQ(unlink(path), 0);
    end();
}

static async int read_later(void)
{
    await bide_sleep(BIDE_MS(10));
    return await bide_fifo_open(path, BIDE_FIFO_READ, &peer);
}

SCENARIO(opens)
{
    (void)state;
    bide_task(int) task = bide_spawn(read_later());
    defer {
        CHECK_EQ(await bide_task_wait(task), 0);
    }
    return await bide_fifo_open(path, BIDE_FIFO_WRITE, &stream);
}

TEST(a_writer_of_a_fifo)
{
    bide_test_time_virtual();
    CHECK(cancel_everywhere(&bide__desc_opens, NULL, before_fifo, after_fifo) >= cancel_least(3));
}
