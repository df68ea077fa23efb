/*
 * Connections on the driver of the runtime, whichever it is: what they cost, and that each byte
 * comes exactly once, whoever is cancelled, and however calls end.
 */
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "counted.h"
#include "full.h"

static bide_tcp_listener *listener;
static bide_stream *near, *far;

static async int connect_both(void)
{
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    uint16_t port = (uint16_t)bide_tcp_port(listener);
    CHECK_EQ(await bide_try_join(bide_tcp_connect("127.0.0.1", port, &near),
                                 bide_tcp_accept(listener, &far)),
             0);
    bide_tcp_listener_close(listener);
    return 0;
}

static void close_both(void)
{
    bide_stream_close(near);
    bide_stream_close(far);
}

static bool is_epoll(void)
{
    return bide_runtime_io(bide_runtime_current()) == BIDE_IO_EPOLL;
}

static async int let_run(int turns)
{
    while (turns-- > 0)
        await bide_yield();
    return 0;
}

/* ---- what an idle connection costs ---- */

#ifndef IDLE_CONNECTIONS
#define IDLE_CONNECTIONS 1000
#endif

enum { IDLE = IDLE_CONNECTIONS, IDLE_BYTES = 300 };

static int requests;

/* As a server has them: each in a task of its own, which waits for a request. */
static async int serve(bide_stream *s)
{
    char byte;
    while (await bide_stream_read(s, &byte, 1) > 0)
        requests++;
    bide_stream_close(s);
    return 0;
}

static async int idle(void)
{
    static bide_stream *clients[IDLE];
    struct rlimit limit;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    uint16_t port = (uint16_t)bide_tcp_port(listener);
    for (int i = 0; i < IDLE; i++)
        CHECK_EQ(await bide_tcp_connect("127.0.0.1", port, &clients[i]), 0);
    bide_stream *s;
    counted_reset();
    for (int i = 0; i < IDLE; i++) {
        CHECK_EQ(await bide_tcp_accept(listener, &s), 0);
        bide_task_detach(bide_spawn(serve(s)));
        CHECK_EQ(await bide_stream_write(clients[i], "x", 1), 1);
        while (requests <= i)
            await bide_yield();
        if (i == 0)
            counted_reset(); /* the driver's buffers are there */
    }
    await let_run(3);
    long each = counted_left() / IDLE;
    printf("%ld bytes a connection\n", each);
    CHECK(each <= IDLE_BYTES);
    for (int i = 0; i < IDLE; i++)
        bide_stream_close(clients[i]);
    bide_tcp_listener_close(listener);
    return 0;
}

TEST_LIMIT(an_idle_connection_is_small, 30)
{
    counted_begin();
    CHECK_EQ(bide_block_on(idle()), 0);
}

/* ---- what a request costs ---- */

enum { REQUESTS = 1000 };

static async int echo_requests(void)
{
    char request[64] = "", answer[64];
    await connect_both();
    CHECK_EQ(await bide_stream_write(near, "x", 1), 1);
    CHECK_EQ(await bide_stream_read(far, request, sizeof request), 1);
    bide_test_watch();
    for (int i = 0; i < REQUESTS; i++) {
        CHECK_EQ(await bide_stream_write(near, request, 32), 32);
        for (ssize_t done = 0, n = 0; done < 32; done += n) {
            n = await bide_stream_read(far, answer + done, sizeof answer - (size_t)done);
            CHECK(n > 0 && done + n <= 32);
        }
    }
    int64_t calls = bide_test_calls("recv");
    CHECK(is_epoll() ? calls >= REQUESTS && calls <= REQUESTS + 2 : calls == 0);
    CHECK_EQ(bide_test_calls("send"), REQUESTS);
    close_both();
    return 0;
}

TEST(a_request_costs_one_call_to_read)
{
    CHECK_EQ(bide_block_on(echo_requests()), 0);
}

/* ---- reads that leave something behind ---- */

static async int urgent(void)
{
    char byte[16];
    await connect_both();
    CHECK_EQ(await bide_stream_write(near, "a", 1), 1);
    CHECK_EQ(await bide_stream_read(far, byte, sizeof byte), 1);
    /* A read stops before urgent data, with bytes behind it: short, but not empty. */
    CHECK_EQ(send(bide_stream_fd(near), "12", 2, 0), 2);
    CHECK_EQ(send(bide_stream_fd(near), "!", 1, MSG_OOB), 1);
    CHECK_EQ(send(bide_stream_fd(near), "34", 2, 0), 2);
    size_t done = 0;
    while (done < 4) {
        ssize_t n = await bide_stream_read(far, byte + done, sizeof byte - done);
        CHECK(n > 0);
        done += (size_t)n;
    }
    CHECK_EQ(memcmp(byte, "1234", 4), 0);
    /* And the end: it comes with the last bytes. */
    CHECK_EQ(await bide_stream_write(near, "z", 1), 1);
    CHECK_EQ(bide_stream_shutdown(near), 0);
    await let_run(3);
    CHECK_EQ(await bide_stream_read(far, byte, sizeof byte), 1);
    CHECK_EQ(await bide_stream_read(far, byte, sizeof byte), 0);
    CHECK_EQ(await bide_stream_read(far, byte, sizeof byte), 0);
    close_both();
    return 0;
}

TEST(a_short_read_may_leave_something)
{
    CHECK_EQ(bide_block_on(urgent()), 0);
}

/* ---- numbered bytes ---- */

static uint32_t state = 1;

static uint32_t random_below(uint32_t n)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % n;
}

static char byte_at(size_t i)
{
    return (char)(i * 31 + i / 251);
}

/* What is sent is counted also when the write is cancelled. */
static async int sends_numbered(bide_stream *s, size_t total)
{
    static char data[100000];
    size_t at = 0;
    while (at < total) {
        size_t size = 1 + random_below(random_below(4) == 0 ? sizeof data : 300);
        size_t done = 0;
        if (size > total - at)
            size = total - at;
        for (size_t i = 0; i < size; i++)
            data[i] = byte_at(at + i);
        while (done < size) {
            int r = 0;
            int timeout = await bide_timeout(BIDE_US(random_below(200)),
                                             r = bide_stream_write_all(s, data, size, &done));
            CHECK(r == 0 && (timeout == 0 || timeout == -ETIMEDOUT));
        }
        at += size;
    }
    return bide_stream_shutdown(s);
}

static async int takes_numbered(bide_stream *s, size_t total)
{
    static char data[50000];
    size_t at = 0;
    for (;;) {
        size_t size = 1 + random_below(random_below(4) == 0 ? sizeof data : 300);
        ssize_t n = -1;
        if (random_below(3) == 0) {
            size_t done = 0;
            int r = 0;
            (void)await bide_timeout(BIDE_US(random_below(200)),
                                     r = bide_stream_read_exactly(s, data, size, &done));
            CHECK(r == 0 || r == -ENODATA);
            n = (ssize_t)done;
        } else if (await bide_timeout(BIDE_US(random_below(200)),
                                      n = bide_stream_read(s, data, size)) < 0) {
            continue;
        } else if (n == 0) {
            break;
        }
        CHECK(n >= 0 && at + (size_t)n <= total);
        for (ssize_t i = 0; i < n; i++)
            CHECK_EQ(data[i], byte_at(at + (size_t)i));
        at += (size_t)n;
    }
    CHECK_EQ(at, total);
    return 0;
}

static async int numbered(size_t total)
{
    await connect_both();
    int small = 4096;
    for (int i = 0; i < 2; i++)
        CHECK_EQ(
            setsockopt(bide_stream_fd(i ? near : far), SOL_SOCKET, SO_SNDBUF, &small, sizeof small),
            0);
    CHECK_EQ(await bide_try_join(sends_numbered(near, total), takes_numbered(far, total)), 0);
    close_both();
    return 0;
}

TEST_LIMIT(each_byte_comes_once_whoever_is_cancelled, 60)
{
    CHECK_EQ(bide_block_on(numbered(2000000)), 0);
}

/* ---- reads that are cancelled ---- */

static async int cancelled_reads(unsigned times)
{
    char byte;
    await connect_both();
    for (unsigned i = 0; i < times; i++) {
        { /* The byte comes while a read waits that is cancelled then. */
            bide_future(ssize_t) f = bide_lazy(bide_stream_read(far, &byte, 1));
            CHECK_ERR(await bide_timeout(BIDE_MS(0), (void)bide_get(f)), -ETIMEDOUT);
            if (i % 2 == 0)
                CHECK_EQ(await bide_stream_write(near, "x", 1), 1);
        }
        if (i % 2 == 0) {
            byte = 0;
            CHECK_EQ(await bide_stream_read(far, &byte, 1), 1);
            CHECK_EQ(byte, 'x');
        }
    }
    close_both();
    return 0;
}

#ifndef CANCELLED_READS
#define CANCELLED_READS 20000 /* without FULL */
#endif

TEST_LIMIT(reads_that_are_cancelled_keep_nothing, 120)
{
    counted_begin();
    CHECK_EQ(bide_block_on(cancelled_reads(100)), 0);
    counted_reset();
    CHECK_EQ(bide_block_on(cancelled_reads(is_full() ? 1000000 : CANCELLED_READS)), 0);
    CHECK(counted_most() < 100000);
}

/* ---- descriptors are exhausted ---- */

static async int exhausted(void)
{
    struct rlimit limit;
    int taken[64], count = 0;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    uint16_t port = (uint16_t)bide_tcp_port(listener);
    bide_stream *clients[3], *s;
    for (int i = 0; i < 3; i++)
        CHECK_EQ(await bide_tcp_connect("127.0.0.1", port, &clients[i]), 0);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit low = {64, limit.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (count < 64 && (taken[count] = dup(0)) >= 0)
        count++;
    CHECK_ERR(await bide_timeout(BIDE_MS(20), (void)bide_tcp_accept(listener, &s)), -ETIMEDOUT);
    while (count > 0)
        close(taken[--count]);
    for (int i = 0; i < 3; i++) { /* none was lost */
        CHECK_EQ(await bide_tcp_accept(listener, &s), 0);
        CHECK_EQ(await bide_stream_write(s, "x", 1), 1);
        bide_stream_close(s);
    }
    for (int i = 0; i < 3; i++) {
        char byte;
        CHECK_EQ(await bide_stream_read(clients[i], &byte, 1), 1);
        bide_stream_close(clients[i]);
    }
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(without_descriptors_no_connection_is_lost)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(exhausted()), 0);
}

/* ---- a peer that never reads ---- */

static async int floods(bide_stream *s)
{
    static char data[1 << 16];
    while (await bide_stream_write(s, data, sizeof data) > 0)
        ;
    return 0;
}

/* One that reads one byte, and then no more, is sent much: what is received ahead is bounded. */
static async int flooded(void)
{
    char byte;
    await connect_both();
    bide_task(int) flood = bide_spawn(floods(near));
    CHECK_EQ(await bide_stream_read(far, &byte, 1), 1);
    counted_reset();
    for (int i = 0; i < 50; i++)
        await bide_timeout(BIDE_MS(1), bide_sleep(BIDE_S(1)));
    CHECK(counted_most() < 1 << 20);
    CHECK(!bide_task_finished(flood));
    bide_task_abort(flood);
    CHECK_ERR(await bide_task_wait(flood), -ECANCELED);
    close_both();
    return 0;
}

TEST(what_a_reader_does_not_take_is_bounded)
{
    counted_begin();
    CHECK_EQ(bide_block_on(flooded()), 0);
}

/* ---- no memory ---- */

enum { EXCHANGED = 300000 };

static char sent[EXCHANGED], came[EXCHANGED];

static async int sends_all(bide_stream *s)
{
    return await bide_stream_write_all(s, sent, sizeof sent, NULL);
}

static async int takes_all(bide_stream *s)
{
    return await bide_stream_read_exactly(s, came, sizeof came, NULL);
}

/* Everything of a connection, in which a send has to wait. 0, or -ENOMEM, and all is closed. */
static async int connects_and_talks(void)
{
    bide_tcp_listener *l = NULL;
    bide_stream *one = NULL, *other = NULL;
    defer {
        bide_stream_close(one);
        bide_stream_close(other);
        bide_tcp_listener_close(l);
    }
    int r = bide_tcp_listen("127.0.0.1", 0, &l), small = 4096;
    if (r < 0)
        return r;
    r = await bide_try_join(bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(l), &one),
                            bide_tcp_accept(l, &other));
    if (r < 0)
        return r;
    CHECK_EQ(setsockopt(bide_stream_fd(one), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    memset(came, 0, sizeof came);
    r = await bide_try_join(sends_all(one), takes_all(other));
    CHECK(r < 0 || memcmp(came, sent, sizeof sent) == 0);
    return r;
}

TEST_LIMIT(no_memory_at_any_site, 60)
{
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = byte_at(i);
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(connects_and_talks()), 0);
    unsigned nth = 0;
    do {
        CHECK_EQ(bide_test_fail("alloc", ++nth, -ENOMEM, 1), 0);
        int r = bide_block_on(connects_and_talks());
        CHECK(r == 0 || r == -ENOMEM);
    } while (bide_test_failed("alloc") > 0);
    CHECK(nth > 2);
}

/* ---- calls that are interrupted ---- */

static _Atomic unsigned calls;

static bool is_interrupted(void)
{
    return calls++ % 2 == 0;
}

static ssize_t recv_interrupted(int fd, void *buffer, size_t size, int flags)
{
    ssize_t n = is_interrupted() ? -EINTR : recv(fd, buffer, size < 7 ? size : 7, flags);
    return n == -1 ? -errno : n;
}

static ssize_t send_interrupted(int fd, const void *data, size_t size, int flags)
{
    ssize_t n = is_interrupted() ? -EINTR : send(fd, data, size < 5 ? size : 5, flags);
    return n == -1 ? -errno : n;
}

static int connect_interrupted(int fd, const struct sockaddr *address, socklen_t size)
{
    int r = connect(fd, address, size) < 0 ? -errno : 0;
    return is_interrupted() && r == -EINPROGRESS ? -EINTR : r;
}

TEST_LIMIT(calls_are_short_and_interrupted, 60)
{
    bide_test_replace("recv", (void (*)(void))recv_interrupted);
    bide_test_replace("send", (void (*)(void))send_interrupted);
    bide_test_replace("connect", (void (*)(void))connect_interrupted);
    CHECK_EQ(bide_test_fail("accept4", 1, -EINTR, 1), 0);
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = byte_at(i);
    CHECK_EQ(bide_block_on(connects_and_talks()), 0);
    CHECK(calls > 100);
}

/* ---- resets and ends at every byte ---- */

enum { EXCHANGE = 24 };

static async int client(bide_stream *s)
{
    char bytes[EXCHANGE];
    for (int i = 0; i < EXCHANGE; i++) {
        ssize_t n = await bide_stream_write(s, "q", 1);
        if (n > 0)
            n = await bide_stream_read(s, bytes, 1);
        if (n <= 0)
            return n < 0 ? (int)n : -ENODATA;
    }
    return 0;
}

static async int server(bide_stream *s, int most, bool reset)
{
    char byte;
    for (int i = 0; i < most; i++) {
        if (await bide_stream_read(s, &byte, 1) <= 0)
            break;
        if (i + 1 < most || most == EXCHANGE)
            CHECK_EQ(await bide_stream_write(s, "a", 1), 1);
    }
    struct linger now = {1, 0};
    if (reset)
        CHECK_EQ(setsockopt(bide_stream_fd(s), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    bide_stream_close(s);
    return 0;
}

static async int ends_everywhere(void)
{
    for (int at = 1; at <= EXCHANGE; at++) {
        for (int reset = 0; reset < 2; reset++) {
            int r = 0;
            await connect_both();
            await bide_join(r = client(near), server(far, at, reset));
            bool fine = at == EXCHANGE && !reset ? r == 0
                                                 : r == -ECONNRESET || r == -EPIPE ||
                                                       (at == EXCHANGE ? r == 0 : r == -ENODATA);
            CHECK(fine);
            bide_stream_close(near);
        }
    }
    return 0;
}

TEST(a_connection_ends_at_every_byte)
{
    CHECK_EQ(bide_block_on(ends_everywhere()), 0);
}

/* Each side ends its half while the other one goes on. */
static async int half_closed(void)
{
    char text[8];
    await connect_both();
    CHECK_EQ(await bide_stream_write(near, "abc", 3), 3);
    CHECK_EQ(bide_stream_shutdown(near), 0);
    CHECK_EQ(await bide_stream_read_exactly(far, text, 3, NULL), 0);
    CHECK_EQ(await bide_stream_read(far, text, 1), 0);
    CHECK_EQ(await bide_stream_write(far, "def", 3), 3);
    CHECK_EQ(await bide_stream_read_exactly(near, text, 3, NULL), 0);
    CHECK_EQ(await bide_stream_write(far, "g", 1), 1);
    CHECK_EQ(bide_stream_shutdown(far), 0);
    CHECK_EQ(await bide_stream_read_exactly(near, text, 1, NULL), 0);
    CHECK_EQ(await bide_stream_read(near, text, 1), 0);
    CHECK_ERR(await bide_stream_write(near, "x", 1), -EPIPE);
    close_both();
    return 0;
}

TEST(halves_are_closed_one_after_the_other)
{
    CHECK_EQ(bide_block_on(half_closed()), 0);
}
