/*
 * bide/net.h over the loopback: connections, their ends and errors, shortages, partial calls.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "names.h"

static const char host[] = "127.0.0.1";
static bide_tcp_listener *listener;
static bide_stream *near, *far;

static void begin_listening(void)
{
    CHECK_EQ(bide_tcp_listen(host, 0, &listener), 0);
}

static uint16_t port(void)
{
    int r = bide_tcp_port(listener);
    CHECK(r > 0);
    return (uint16_t)r;
}

/* Makes a connection, with ends near and far. */
static async int connect_both(void)
{
    begin_listening();
    CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    bide_tcp_listener_close(listener);
    return 0;
}

static void close_both(void)
{
    bide_stream_close(near);
    bide_stream_close(far);
}

/* Makes a close send a reset. */
static void reset_on_close(bide_stream *s)
{
    struct linger linger = {1, 0};
    CHECK_EQ(setsockopt(bide_stream_fd(s), SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
}

/* ---- connections ---- */

static async int talk(void)
{
    char buffer[16] = "";
    await connect_both();
    CHECK_EQ(await bide_stream_write_all(near, "ping", 4, NULL), 0);
    CHECK_EQ(await bide_stream_read_exactly(far, buffer, 4, NULL), 0);
    CHECK_STR(buffer, "ping");
    CHECK_EQ(await bide_stream_write(far, "pong!", 5), 5);
    CHECK_EQ(await bide_stream_read(near, buffer, sizeof buffer), 5);
    CHECK_STR(buffer, "pong!");
    CHECK_EQ(await bide_stream_read(near, buffer, 0), 0);
    CHECK_EQ(await bide_stream_write(near, buffer, 0), 0);

    CHECK_EQ(bide_stream_shutdown(near), 0);
    CHECK_EQ(await bide_stream_read(far, buffer, sizeof buffer), 0);
    CHECK_EQ(await bide_stream_write(far, "late", 4), 4);
    CHECK_EQ(await bide_stream_read_exactly(near, buffer, 4, NULL), 0);
    bide_stream_close(far);
    CHECK_EQ(await bide_stream_read(near, buffer, sizeof buffer), 0);
    bide_stream_close(near);
    return 0;
}

TEST(two_ends_talk)
{
    CHECK_EQ(bide_block_on(talk()), 0);
}

static async int names(void)
{
    char text[BIDE_ADDRESS_MAX], expected[BIDE_ADDRESS_MAX];
    begin_listening();
    int at = port();
    CHECK_EQ(await bide_tcp_connect(host, (uint16_t)at, &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", at);
    CHECK_EQ(bide_tcp_peer(near, text, sizeof text), 0);
    CHECK_STR(text, expected);
    CHECK_EQ(bide_tcp_local(far, text, sizeof text), 0);
    CHECK_STR(text, expected);
    CHECK_EQ(bide_tcp_local(near, expected, sizeof expected), 0);
    CHECK_EQ(bide_tcp_peer(far, text, sizeof text), 0);
    CHECK_STR(text, expected);
    CHECK_ERR(bide_tcp_peer(far, text, 8), -ENOSPC);

    int value;
    socklen_t size = sizeof value;
    CHECK_EQ(bide_tcp_set_nodelay(near, true), 0);
    CHECK_EQ(getsockopt(bide_stream_fd(near), 6, 1, &value, &size), 0);
    CHECK(value != 0);
    CHECK_EQ(bide_tcp_set_nodelay(near, false), 0);

    bide_stream *a, *b;
    CHECK_EQ(bide_stream_pair(1, &a, &b), 0);
    CHECK_ERR(bide_tcp_local(a, text, sizeof text), -ENOTSOCK);
    CHECK_ERR(bide_tcp_set_nodelay(a, true), -ENOTSOCK);
    bide_stream_close(a);
    bide_stream_close(b);
    close_both();
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(addresses_have_text)
{
    CHECK_EQ(bide_block_on(names()), 0);
}

static async int version_6(void)
{
    char text[BIDE_ADDRESS_MAX], expected[BIDE_ADDRESS_MAX];
    if (bide_tcp_listen("::1", 0, &listener) < 0)
        SKIP("no IPv6 here");
    snprintf(expected, sizeof expected, "[::1]:%d", port());
    CHECK_EQ(await bide_tcp_connect("::1", port(), &near), 0);
    CHECK_EQ(bide_tcp_peer(near, text, sizeof text), 0);
    CHECK_STR(text, expected);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    close_both();
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(version_6_too)
{
    CHECK_EQ(bide_block_on(version_6()), 0);
}

static async int everywhere(void)
{
    CHECK_EQ(bide_tcp_listen(NULL, 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    close_both();
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(a_listener_without_an_address_takes_all)
{
    CHECK_EQ(bide_block_on(everywhere()), 0);
}

TEST(a_listener_says_why_not)
{
    bide_tcp_listener *second;
    CHECK_ERR(bide_tcp_listen("localhost", 0, &listener), -EINVAL);
    CHECK_ERR(bide_tcp_listen("192.0.2.1", 0, &listener), -EADDRNOTAVAIL);
    begin_listening();
    CHECK_ERR(bide_tcp_listen(host, port(), &second), -EADDRINUSE);
    bide_tcp_listener_close(listener);
    bide_tcp_listener_close(NULL);
}

TEST(a_listener_says_which_call_failed)
{
    static const char *const calls[] = {"socket", "setsockopt", "bind", "listen", "epoll_ctl"};
    begin_listening();
    bide_tcp_listener_close(listener);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        CHECK_EQ(bide_test_fail(calls[i], 1, -EMFILE, 1), 0);
        CHECK_ERR(bide_tcp_listen(host, 0, &listener), -EMFILE);
        bide_test_reset();
    }
}

static async int again_on_the_same_port(void)
{
    await connect_both();
    char text[BIDE_ADDRESS_MAX], name[BIDE_ADDRESS_MAX];
    uint16_t at;
    CHECK_EQ(bide_tcp_local(far, text, sizeof text), 0);
    CHECK_EQ(bide_address_split(text, name, sizeof name, &at), 0);
    bide_stream_close(far); /* closed first, so its end waits in TIME_WAIT */
    bide_stream_close(near);
    CHECK_EQ(bide_tcp_listen(name, at, &listener), 0);
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(a_server_starts_again_at_once)
{
    CHECK_EQ(bide_block_on(again_on_the_same_port()), 0);
}

/* ---- connecting ---- */

static async int refused(void)
{
    begin_listening();
    uint16_t at = port();
    bide_tcp_listener_close(listener);
    CHECK_ERR(await bide_tcp_connect(host, at, &near), -ECONNREFUSED);
    CHECK(near == NULL);
    return 0;
}

TEST(a_refused_connection)
{
    CHECK_EQ(bide_block_on(refused()), 0);
}

static async int by_name(void)
{
    begin_listening();
    CHECK_EQ(await bide_tcp_connect("localhost", port(), &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    close_both();
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(a_name_is_looked_up)
{
    if (!localhost_is_known())
        SKIP("this machine has no name for itself");
    CHECK_EQ(bide_block_on(by_name()), 0);
}

static int lookups, lookup_answer;

/* "two" has two addresses; nobody listens on the first. */
static int fake_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                            struct addrinfo **list)
{
    if (strcmp(name, "two") != 0 || hints->ai_flags & AI_NUMERICHOST) {
        if (!(hints->ai_flags & AI_NUMERICHOST))
            return lookup_answer;
        int r = getaddrinfo(name, service, hints, list);
        return r < 0 ? -r : r;
    }
    lookups++;
    struct addrinfo *first, *second;
    CHECK_EQ(getaddrinfo("127.0.0.2", service, hints, &first), 0);
    CHECK_EQ(getaddrinfo("127.0.0.1", service, hints, &second), 0);
    first->ai_next = second;
    *list = first;
    return 0;
}

static async int second_address(void)
{
    begin_listening();
    CHECK_EQ(await bide_tcp_connect("two", port(), &near), 0);
    CHECK_EQ(lookups, 1);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    close_both();
    uint16_t at = port();
    bide_tcp_listener_close(listener);
    CHECK_ERR(await bide_tcp_connect("two", at, &near), -ECONNREFUSED);

    lookup_answer = -EAI_NONAME;
    CHECK_ERR(await bide_tcp_connect("none", at, &near), -ENOENT);
    lookup_answer = -EAI_AGAIN;
    CHECK_ERR(await bide_tcp_connect("none", at, &near), -EAGAIN);
    lookup_answer = -EAI_FAIL;
    CHECK_ERR(await bide_tcp_connect("none", at, &near), -EIO);
    lookup_answer = -ENOMEM;
    CHECK_ERR(await bide_tcp_connect("none", at, &near), -ENOMEM);
    return 0;
}

TEST(addresses_are_tried_in_order)
{
    bide_test_replace("getaddrinfo", (void (*)(void))fake_getaddrinfo);
    CHECK_EQ(bide_block_on(second_address()), 0);
}

static async int connect_failing(const char *call, int error)
{
    begin_listening();
    CHECK_EQ(bide_test_fail(call, 1, error, 1), 0);
    CHECK_ERR(await bide_tcp_connect(host, port(), &near), error);
    CHECK(near == NULL);
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(a_connection_that_cannot_be_begun)
{
    CHECK_EQ(bide_block_on(connect_failing("socket", -EMFILE)), 0);
    bide_test_reset();
    CHECK_EQ(bide_block_on(connect_failing("connect", -ENETUNREACH)), 0);
    bide_test_reset();
    CHECK_EQ(bide_block_on(connect_failing("epoll_ctl", -ENOSPC)), 0);
    bide_test_reset();
}

/* ---- the ends of connections ---- */

static async int resets(void)
{
    static char buffer[8];
    ssize_t n = 0;
    await connect_both();
    bide_task(ssize_t) waiting = bide_spawn(bide_stream_read(near, buffer, sizeof buffer));
    await bide_yield();
    reset_on_close(far);
    bide_stream_close(far);
    CHECK_EQ(await bide_task_join(waiting, &n), 0);
    CHECK_ERR(n, -ECONNRESET);
    CHECK_ERR(await bide_stream_write(near, "x", 1), -EPIPE); /* and no SIGPIPE */
    bide_stream_close(near);
    return 0;
}

TEST(a_reset_is_an_error)
{
    CHECK_EQ(bide_block_on(resets()), 0);
}

static async int reset_under_a_write(void)
{
    static char data[1 << 25]; /* more than the buffers of both ends can hold */
    static size_t done;
    int r = 0;
    await connect_both();
    bide_task(int) writer = bide_spawn(bide_stream_write_all(near, data, sizeof data, &done));
    CHECK_EQ(await bide_stream_read_exactly(far, &(char[1000]){0}, 1000, NULL), 0);
    CHECK(!bide_task_finished(writer));
    reset_on_close(far);
    bide_stream_close(far);
    CHECK_EQ(await bide_task_join(writer, &r), 0);
    CHECK(r == -ECONNRESET || r == -EPIPE);
    CHECK(done >= 1000 && done < sizeof data);
    bide_stream_close(near);
    return 0;
}

TEST(a_reset_ends_a_write_that_waits)
{
    CHECK_EQ(bide_block_on(reset_under_a_write()), 0);
}

/* A reader and a writer on each end at once. */
enum { BULK = 1 << 20 };

static async int send_bulk(bide_stream *s, int seed)
{
    static char data[2][BULK];
    for (int i = 0; i < BULK; i++)
        data[seed][i] = (char)(i * 7 + i / 999 + seed);
    int r = await bide_stream_write_all(s, data[seed], BULK, NULL);
    return r < 0 ? r : bide_stream_shutdown(s);
}

static async int take_bulk(bide_stream *s, int seed)
{
    static char data[2][BULK];
    int r = await bide_stream_read_exactly(s, data[seed], BULK, NULL);
    for (int i = 0; r == 0 && i < BULK; i++)
        CHECK_EQ(data[seed][i], (char)(i * 7 + i / 999 + seed));
    return r < 0 ? r : (int)await bide_stream_read(s, data[seed], 1);
}

static async int bulk(void)
{
    await connect_both();
    CHECK_EQ(await bide_try_join(send_bulk(near, 0), take_bulk(near, 1), send_bulk(far, 1),
                                 take_bulk(far, 0)),
             0);
    close_both();
    return 0;
}

TEST(both_ends_read_and_write_at_once)
{
    CHECK_EQ(bide_block_on(bulk()), 0);
}

/* Calls that do only a part, or are interrupted. */
static int turn;

static ssize_t short_recv(int fd, void *buffer, size_t size, int flags)
{
    if (turn++ % 5 == 0)
        return -EINTR;
    ssize_t n = recv(fd, buffer, size > 3000 ? 3000 : (size + 1) / 2, flags);
    return n < 0 ? -errno : n;
}

static ssize_t short_send(int fd, const void *data, size_t size, int flags)
{
    if (turn++ % 7 == 0)
        return -EINTR;
    ssize_t n = send(fd, data, size > 5000 ? 5000 : (size + 1) / 2, flags);
    return n < 0 ? -errno : n;
}

TEST(short_and_interrupted_calls_are_gone_on_with)
{
    bide_test_replace("send", (void (*)(void))short_send);
    bide_test_replace("recv", (void (*)(void))short_recv);
    CHECK_EQ(bide_block_on(bulk()), 0);
}

static async int one_reader(void)
{
    static char buffer[8];
    await connect_both();
    bide_task(ssize_t) waiting = bide_spawn(bide_stream_read(near, buffer, sizeof buffer));
    await bide_yield();
    CHECK_ERR(await bide_stream_read(near, buffer, sizeof buffer), -EBUSY);
    bide_stream_close(near);
    ssize_t n = 0;
    CHECK_EQ(await bide_task_join(waiting, &n), 0);
    CHECK_ERR(n, -EBADF);
    bide_stream_close(far);
    return 0;
}

TEST(one_task_reads_at_a_time)
{
    CHECK_EQ(bide_block_on(one_reader()), 0);
}

/* ---- accepting ---- */

static async int out_of_descriptors(int error, unsigned times)
{
    begin_listening();
    CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
    CHECK_EQ(bide_test_fail("accept4", 1, error, times), 0);
    bide_instant begin = bide_now();
    bide_test_watch();
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    CHECK_EQ(bide_test_calls("accept4"), times + 1);
    int64_t waited_ms = bide_elapsed(begin).ns / 1000000, expected_ms = 0;
    for (unsigned i = 0, pause = 5; i < times; i++, pause = pause < 500 ? 2 * pause : 1000)
        expected_ms += pause;
    CHECK_EQ(waited_ms, expected_ms);
    CHECK_EQ(await bide_stream_write(near, "x", 1), 1);
    CHECK_EQ(await bide_stream_read(far, &(char[1]){0}, 1), 1);
    close_both();
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(without_descriptors_accept_pauses_and_goes_on)
{
    static const int errors[] = {-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM};
    bide_test_time_virtual();
    for (int i = 0; i < 4; i++)
        CHECK_EQ(bide_block_on(out_of_descriptors(errors[i], 12)), 0);
}

static async int passing(int error)
{
    begin_listening();
    CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
    CHECK_EQ(bide_test_fail("accept4", 1, error, 3), 0);
    bide_instant begin = bide_now();
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    CHECK_EQ(bide_elapsed(begin).ns, 0);
    close_both();
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(a_connection_that_was_aborted_is_passed_over)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(passing(-ECONNABORTED)), 0);
    CHECK_EQ(bide_block_on(passing(-EINTR)), 0);
    CHECK_EQ(bide_block_on(passing(-EPROTO)), 0);
}

/* The kernel has accepted the connection, but there is no memory for its stream: it is not lost. */
static async int accepted_without_memory(const char *call, int error)
{
    begin_listening();
    CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
    CHECK_EQ(await bide_stream_write(near, "x", 1), 1);
    CHECK_EQ(bide_test_fail(call, 1, error, 2), 0);
    bide_test_watch();
    CHECK_EQ(await bide_timeout(BIDE_MS(6), (void)bide_tcp_accept(listener, &far)), -ETIMEDOUT);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    CHECK_EQ(bide_test_calls("accept4"), 1);
    CHECK_EQ(await bide_stream_read(far, &(char[1]){0}, 1), 1);
    close_both();
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(an_accepted_connection_waits_for_memory)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(accepted_without_memory("epoll_ctl", -ENOMEM)), 0);
    CHECK_EQ(bide_block_on(accepted_without_memory("epoll_ctl", -ENOSPC)), 0);
    CHECK_EQ(bide_block_on(accepted_without_memory("alloc", -ENOMEM)), 0);
}

static async int closed_under_accept(bool short_of_descriptors)
{
    int r = 0;
    begin_listening();
    if (short_of_descriptors) {
        CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
        CHECK_EQ(bide_test_fail("accept4", 1, -EMFILE, 0), 0);
    }
    bide_task(int) waiting = bide_spawn(bide_tcp_accept(listener, &far));
    await bide_sleep(BIDE_MS(1));
    CHECK_ERR(await bide_tcp_accept(listener, &(bide_stream *){NULL}), -EBUSY);
    bide_tcp_listener_close(listener);
    CHECK_EQ(await bide_task_join(waiting, &r), 0);
    CHECK_ERR(r, -EBADF);
    if (short_of_descriptors)
        bide_stream_close(near);
    return 0;
}

TEST(an_accept_ends_when_its_listener_is_closed)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(closed_under_accept(false)), 0);
    CHECK_EQ(bide_block_on(closed_under_accept(true)), 0);
}

static async int lost_race(void)
{
    begin_listening();
    for (int i = 0; i < 10; i++) {
        CHECK_ERR(await bide_timeout(BIDE_MS(1), (void)bide_tcp_accept(listener, &far)),
                  -ETIMEDOUT);
        CHECK(far == NULL);
        CHECK_EQ(await bide_tcp_connect(host, port(), &near), 0);
        CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
        close_both();
    }
    bide_tcp_listener_close(listener);
    return 0;
}

TEST(a_cancelled_accept_loses_no_connection)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(lost_race()), 0);
}

/* ---- another runtime ---- */

static async int from_outside(void)
{
    char byte;
    bide_stream *s;
    CHECK_ERR(await bide_tcp_accept(listener, &s), -EXDEV);
    CHECK_ERR(await bide_stream_read(near, &byte, 1), -EXDEV);
    CHECK_ERR(await bide_stream_write(near, "x", 1), -EXDEV);
    return 0;
}

TEST(what_belongs_to_another_runtime_cannot_be_used)
{
    bide_runtime *other;
    CHECK_EQ(bide_runtime_new(NULL, &other), 0);
    bide_runtime_enter(other);
    begin_listening();
    CHECK_EQ(bide_block_on(bide_tcp_connect(host, port(), &near)), 0);
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_block_on(from_outside()), 0);
    CHECK_ERR(bide_runtime_free(other), -EBUSY);
    bide_stream_close(near);
    bide_tcp_listener_close(listener);
    CHECK_EQ(bide_runtime_free(other), 0);
}
