/*
 * Streams, listeners, pairs and readers on a multi_thread runtime: one object is used by tasks on
 * several workers at once, and closed or cancelled meanwhile.
 */
#include <bide/bide.h>
#include <bide/io.h>
#include <bide/net.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"

/* All that is lent here is joined. */
#pragma GCC diagnostic ignored "-Wbide-borrow"

enum { WORKERS = 4, CONNECTIONS = 50, ROUNDS = 40, SIZE = 512 };

static bide_runtime *rt;

static void begin(void)
{
    bide_runtime_options o = {.flavour = BIDE_MULTI_THREAD, .workers = WORKERS};
    CHECK_EQ(bide_runtime_new(&o, &rt), 0);
    CHECK(bide_runtime_enter(rt) == NULL);
}

static void end(void)
{
    CHECK_EQ(bide_runtime_shutdown(rt, BIDE_S(10)), 0);
    CHECK_EQ(bide_runtime_free(rt), 0);
    rt = NULL;
}

static async void yields(unsigned n)
{
    for (unsigned i = 0; i < n % 4; i++)
        await bide_yield();
}

/* ---- an echo server ---- */

static async int echo(bide_stream *stream)
{
    char buffer[200];
    defer {
        bide_stream_close(stream);
    }
    for (;;) {
        ssize_t n = await bide_stream_read(stream, buffer, sizeof buffer);
        if (n <= 0)
            return (int)n;
        CHECK_EQ(await bide_stream_write_all(stream, buffer, (size_t)n, NULL), 0);
    }
}

static async int serve(bide_tcp_listener *listener)
{
    int r = 0;
    bide_scope(s) {
        for (;;) {
            bide_stream *stream;
            r = await bide_tcp_accept(listener, &stream);
            if (r < 0)
                break;
            bide_scope_spawn(s, echo(stream));
        }
    }
    return r;
}

static async int client(int port, unsigned seed)
{
    bide_stream *stream;
    unsigned char out[SIZE], in[SIZE];
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)port, &stream), 0);
    defer {
        bide_stream_close(stream);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t size = 1 + (seed * 31 + round * 97) % SIZE;
        for (size_t i = 0; i < size; i++)
            out[i] = (unsigned char)(seed + round + i);
        CHECK_EQ(await bide_stream_write_all(stream, out, size, NULL), 0);
        await yields(seed + round);
        CHECK_EQ(await bide_stream_read_exactly(stream, in, size, NULL), 0);
        CHECK(memcmp(in, out, size) == 0);
    }
    return 0;
}

static async int echoes(void)
{
    bide_tcp_listener *listener;
    int r = -1;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    int port = bide_tcp_port(listener);
    bide_task(int) server = bide_spawn(serve(listener));
    bide_scope(s) {
        for (unsigned i = 0; i < CONNECTIONS; i++)
            bide_scope_spawn(s, client(port, i));
    }
    bide_task_abort(server);
    CHECK_ERR(await bide_task_join(server, &r), -ECANCELED);
    bide_tcp_listener_close(listener);
    return 0;
}

TEST_LIMIT(fifty_connections_echo, 120)
{
    begin();
    CHECK_EQ(bide_block_on(echoes()), 0);
    end();
}

/* ---- one stream, read by one task and written by another ---- */

enum { BYTES = 300000 };

static async int pours(bide_stream *stream, unsigned seed)
{
    unsigned char data[1000];
    size_t sent = 0;
    while (sent < BYTES) {
        size_t n = 1 + (sent * 7 + seed) % sizeof data;
        if (n > BYTES - sent)
            n = BYTES - sent;
        for (size_t i = 0; i < n; i++)
            data[i] = (unsigned char)((sent + i) * 3 + seed);
        CHECK_EQ(await bide_stream_write_all(stream, data, n, NULL), 0);
        sent += n;
        await yields((unsigned)sent);
    }
    return bide_stream_shutdown(stream);
}

static async int drinks(bide_stream *stream, unsigned seed)
{
    unsigned char data[1500];
    size_t got = 0;
    for (;;) {
        ssize_t n = await bide_stream_read(stream, data, 1 + got % sizeof data);
        CHECK(n >= 0);
        if (n == 0)
            break;
        for (size_t i = 0; i < (size_t)n; i++)
            CHECK_EQ(data[i], (unsigned char)((got + i) * 3 + seed));
        got += (size_t)n;
        await yields((unsigned)got);
    }
    CHECK_EQ(got, (size_t)BYTES);
    return 0;
}

static void open_pair(bide_stream *ends[2], bool in_memory)
{
    int fds[2];
    if (in_memory) {
        CHECK_EQ(bide_stream_pair(700, &ends[0], &ends[1]), 0);
        return;
    }
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    CHECK_EQ(bide_stream_open(fds[0], &ends[0]), 0);
    CHECK_EQ(bide_stream_open(fds[1], &ends[1]), 0);
}

static async int both_ways(bool in_memory)
{
    bide_stream *ends[2];
    open_pair(ends, in_memory);
    bide_scope(s) {
        for (unsigned i = 0; i < 2; i++) {
            bide_scope_spawn(s, pours(ends[i], i));
            bide_scope_spawn(s, drinks(ends[1 - i], i));
        }
    }
    bide_stream_close(ends[0]);
    bide_stream_close(ends[1]);
    return 0;
}

TEST_LIMIT(a_stream_is_read_by_one_task_and_written_by_another, 120)
{
    begin();
    CHECK_EQ(bide_block_on(both_ways(false)), 0);
    CHECK_EQ(bide_block_on(both_ways(true)), 0);
    end();
}

/* ---- closed or cancelled while a task waits ---- */

static async int reads_one(bide_stream *stream)
{
    char c;
    ssize_t n = await bide_stream_read(stream, &c, 1);
    return (int)n;
}

/* A byte, an abort and the end of the stream come in any order. */
static async int one_race(unsigned seed, bool in_memory)
{
    bide_stream *ends[2];
    int r = -1;
    open_pair(ends, in_memory);
    bide_task(int) reader = bide_spawn(reads_one(ends[0]));
    await yields(seed);
    bool aborted = seed % 3 == 0;
    if (seed % 2 == 0)
        CHECK_EQ(await bide_stream_write_all(ends[1], "x", 1, NULL), 0);
    if (aborted)
        bide_task_abort(reader);
    if (seed % 2 != 0 && !aborted)
        bide_stream_close(ends[1]);
    int joined = await bide_task_join(reader, &r);
    if (joined == 0)
        CHECK(r == (seed % 2 == 0) || r == 0);
    else
        CHECK_ERR(joined, -ECANCELED);
    bide_stream_close(ends[0]);
    if (seed % 2 == 0 || aborted)
        bide_stream_close(ends[1]);
    return 0;
}

static async void tells(bide_notify *begun)
{
    bide_notify_one(begun);
}

/* The first branch has begun when the second one tells so; its stream may then be closed. */
static async int reads_and_tells(bide_stream *stream, bide_notify *begun)
{
    char c;
    ssize_t n = 0;
    await bide_join(n = bide_stream_read(stream, &c, 1), tells(begun));
    return (int)n;
}

static async int closes_under_a_reader(unsigned seed)
{
    bide_stream *ends[2];
    bide_notify begun = {0};
    int r = 0;
    open_pair(ends, false);
    bide_task(int) reader = bide_spawn(reads_and_tells(ends[0], &begun));
    CHECK_EQ(await bide_notify_wait(&begun), 0);
    if (seed % 2 == 0)
        CHECK_EQ(await bide_stream_write_all(ends[1], "x", 1, NULL), 0);
    bide_stream_close(ends[0]);
    CHECK_EQ(await bide_task_join(reader, &r), 0);
    CHECK(r == -EBADF || (r == 1 && seed % 2 == 0));
    bide_stream_close(ends[1]);
    return 0;
}

static async int all_races(void)
{
    bide_scope(s) {
        for (unsigned i = 0; i < 400; i++)
            bide_scope_spawn(s, one_race(i, i % 4 == 3));
        for (unsigned i = 0; i < 60; i++)
            bide_scope_spawn(s, closes_under_a_reader(i));
    }
    return 0;
}

TEST_LIMIT(a_wait_is_cancelled_or_its_stream_is_closed, 120)
{
    begin();
    CHECK_EQ(bide_block_on(all_races()), 0);
    end();
}

/* ---- a listener that is closed while a task accepts ---- */

static async int accepts_and_tells(bide_tcp_listener *listener, bide_notify *begun)
{
    bide_stream *stream = NULL;
    int r = 0;
    defer {
        bide_stream_close(stream);
    }
    await bide_join(r = bide_tcp_accept(listener, &stream), tells(begun));
    return r;
}

static async int connects(int port)
{
    bide_stream *stream;
    int r = await bide_tcp_connect("127.0.0.1", (uint16_t)port, &stream);
    if (r == 0)
        bide_stream_close(stream);
    return 0;
}

static async int closes_a_listener(unsigned seed)
{
    bide_tcp_listener *listener;
    bide_notify begun = {0};
    int r = 0;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    int port = bide_tcp_port(listener);
    bide_task(int) acceptor = bide_spawn(accepts_and_tells(listener, &begun));
    CHECK_EQ(await bide_notify_wait(&begun), 0);
    bide_task(int) visitor = bide_spawn(connects(port));
    await yields(seed);
    if (seed % 3 == 0)
        bide_task_abort(acceptor);
    else
        bide_tcp_listener_close(listener);
    int joined = await bide_task_join(acceptor, &r);
    if (joined == 0)
        CHECK(r == 0 || r == -EBADF);
    else
        CHECK_ERR(joined, -ECANCELED);
    if (seed % 3 == 0)
        bide_tcp_listener_close(listener);
    CHECK_EQ(await bide_task_wait(visitor), 0);
    bide_task_detach(visitor);
    return 0;
}

static async int close_listeners(void)
{
    bide_scope(s) {
        for (unsigned i = 0; i < 100; i++)
            bide_scope_spawn(s, closes_a_listener(i));
    }
    return 0;
}

TEST_LIMIT(a_listener_is_closed_while_a_task_accepts, 120)
{
    begin();
    CHECK_EQ(bide_block_on(close_listeners()), 0);
    end();
}

/* The task that accepts pauses, for want of descriptors. */
static async int closes_during_a_pause(bool aborts)
{
    bide_tcp_listener *listener;
    bide_notify begun = {0};
    int r = 0;
    uint64_t before = bide_test_failed("accept4");
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    bide_task(int) acceptor = bide_spawn(accepts_and_tells(listener, &begun));
    CHECK_EQ(await bide_notify_wait(&begun), 0);
    await connects(bide_tcp_port(listener));
    while (bide_test_failed("accept4") == before)
        await bide_yield();
    if (aborts)
        bide_task_abort(acceptor);
    else
        bide_tcp_listener_close(listener);
    CHECK_ERR(await bide_task_join(acceptor, &r), aborts ? -ECANCELED : 0);
    CHECK_ERR(r, aborts ? 0 : -EBADF);
    if (aborts)
        bide_tcp_listener_close(listener);
    return 0;
}

TEST_LIMIT(a_listener_is_closed_while_a_task_pauses, 120)
{
    CHECK_EQ(bide_test_fail("accept4", 1, -EMFILE, 0), 0);
    begin();
    for (int i = 0; i < 30; i++)
        CHECK_EQ(bide_block_on(closes_during_a_pause(i % 3 == 0)), 0);
    end();
    bide_test_reset();
}

/* ---- lines ---- */

static async int writes_lines(bide_stream *stream, int count)
{
    char line[32];
    for (int i = 0; i < count; i++) {
        int n = snprintf(line, sizeof line, "line %d\n", i);
        CHECK_EQ(await bide_stream_write_all(stream, line, (size_t)n, NULL), 0);
    }
    return bide_stream_shutdown(stream);
}

static async int reads_lines(bide_stream *stream)
{
    bide_reader *reader;
    char *line, expected[32];
    size_t size;
    int count = 0;
    CHECK_EQ(bide_reader_new(stream, 100, &reader), 0);
    defer {
        bide_reader_free(reader);
    }
    for (;;) {
        int r = await bide_reader_line(reader, &line, &size);
        CHECK(r >= 0);
        if (r == 0)
            return count;
        snprintf(expected, sizeof expected, "line %d", count++);
        CHECK_STR(line, expected);
        await yields((unsigned)count);
    }
}

static async int lines(void)
{
    bide_stream *ends[2];
    int count = 0;
    open_pair(ends, false);
    bide_task(int) reader = bide_spawn(reads_lines(ends[0]));
    bide_task(int) writer = bide_spawn(writes_lines(ends[1], 2000));
    CHECK_EQ(await bide_task_join(reader, &count), 0);
    CHECK_EQ(await bide_task_wait(writer), 0);
    bide_task_detach(writer);
    bide_stream_close(ends[0]);
    bide_stream_close(ends[1]);
    return count;
}

TEST_LIMIT(lines_are_read_wherever_the_task_runs, 120)
{
    begin();
    CHECK_EQ(bide_block_on(lines()), 2000);
    end();
}
