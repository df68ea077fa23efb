/*
 * Sockets that others have made and may share: they are used, and stay as they are. Listeners that
 * block, of TCP and of Unix sockets, Unix sockets for datagrams; and what is refused.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

static char abstract[64];

static const char *name_new(void)
{
    static int number;
    snprintf(abstract, sizeof abstract, "@bide-given-%d-%d", (int)getpid(), number++);
    return abstract;
}

/* ---- sockets of others ---- */

static int tcp_socket(int flags)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    CHECK(fd >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(fd, 10), 0);
    return fd;
}

/* Bound to a new abstract name. */
static int unix_socket(int type)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const char *name = name_new();
    memcpy(at.sun_path + 1, name + 1, strlen(name + 1));
    int fd = socket(AF_UNIX, type, 0);
    CHECK(fd >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&at,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
             0);
    return fd;
}

static int unix_listening(int flags)
{
    int fd = unix_socket(SOCK_STREAM | flags);
    CHECK_EQ(listen(fd, 10), 0);
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    CHECK_EQ(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    return ntohs(at.sin_port);
}

/* What another process that has the socket sees. */
static bool others_see_it_block(int fd)
{
    int status = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status == 0;
}

/* ---- listeners ---- */

/* For either kind. */
struct given {
    int fd, kept; /* `kept` is for the others */
    bide_tcp_listener *tcp;
    bide_unix_listener *local;
};

static struct given g;
static bide_stream *far; /* the last connection that was accepted */

static struct given given_new(bool is_tcp)
{
    struct given new = {.fd = is_tcp ? tcp_socket(0) : unix_listening(0)};
    new.kept = dup(new.fd);
    CHECK(new.kept >= 0);
    CHECK_EQ(is_tcp ? bide_tcp_listener_from_fd(new.fd, &new.tcp)
                    : bide_unix_listener_from_fd(new.fd, &new.local),
             0);
    return new;
}

static void given_end(void)
{
    bide_tcp_listener_close(g.tcp);
    bide_unix_listener_close(g.local);
    CHECK(others_see_it_block(g.kept));
    close(g.kept);
}

static async int accept_one(void)
{
    return g.tcp != NULL ? await bide_tcp_accept(g.tcp, &far)
                         : await bide_unix_accept(g.local, &far);
}

static async int connect_to(bide_stream **stream)
{
    return g.tcp != NULL ? await bide_tcp_connect("127.0.0.1", port_of(g.kept), stream)
                         : await bide_unix_connect(abstract, stream);
}

static async int accepts(bool is_tcp)
{
    g = given_new(is_tcp);
    bide_stream *near[3];
    char text[2] = "";
    bide_task(int) early = bide_spawn(accept_one()); /* waits first */
    for (int i = 0; i < 3; i++)
        CHECK_EQ(await connect_to(&near[i]), 0);
    for (int i = 0, r = 0; i < 3; i++) {
        CHECK_EQ(i == 0 ? await bide_task_join(early, &r) : await accept_one(), 0);
        CHECK_EQ(r, 0);
        CHECK_EQ(await bide_stream_write(near[i], "x", 1), 1);
        CHECK_EQ(await bide_stream_read(far, text, 1), 1);
        CHECK_EQ(text[0], 'x');
        bide_stream_close(far);
        bide_stream_close(near[i]);
    }
    CHECK_ERR(await bide_timeout(BIDE_MS(20), accept_one()), -ETIMEDOUT);
    CHECK(others_see_it_block(g.kept));
    given_end();
    return 0;
}

TEST(a_listener_that_blocks_is_used_as_it_is)
{
    CHECK_EQ(bide_block_on(accepts(true)), 0);
    CHECK_EQ(bide_block_on(accepts(false)), 0);
}

/* Another process accepts too: what it takes first keeps nobody here waiting in a system call. The
 * poll tells of a connection that is gone before the accept. */
static async int robbed(bool is_tcp)
{
    g = given_new(is_tcp);
    bide_stream *near;
    bide_task(int) waits = bide_spawn(accept_one());
    for (int i = 0; i < 3; i++)
        await bide_sleep(BIDE_MS(1)); /* it waits */
    CHECK_EQ(await connect_to(&near), 0);
    struct pollfd one = {.fd = g.kept, .events = POLLIN};
    if (poll(&one, 1, 0) > 0) { /* io_uring may have it already */
        int fd = accept(g.kept, NULL, NULL);
        CHECK(fd >= 0);
        close(fd);
        CHECK_ERR(await bide_timeout(BIDE_MS(20), bide_task_wait(waits)), -ETIMEDOUT);
        bide_stream_close(near);
        CHECK_EQ(await connect_to(&near), 0);
    }
    int r = 1;
    CHECK_EQ(await bide_task_join(waits, &r), 0);
    CHECK_EQ(r, 0);
    bide_stream_close(near);
    bide_stream_close(far);
    given_end();
    return 0;
}

TEST(another_process_takes_the_connection)
{
    CHECK_EQ(bide_block_on(robbed(true)), 0);
    CHECK_EQ(bide_block_on(robbed(false)), 0);
}

/* Nobody accepts here any more, so the connections are for others. */
static async int left_to_others(bool is_tcp)
{
    g = given_new(is_tcp);
    bide_stream *near[2];
    CHECK_ERR(await bide_timeout(BIDE_MS(10), accept_one()), -ETIMEDOUT);
    for (int i = 0; i < 3; i++)
        await bide_sleep(BIDE_MS(1)); /* the driver has heard of it */
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(await connect_to(&near[i]), 0);
        for (int k = 0; k < 3; k++)
            await bide_sleep(BIDE_MS(1));
        struct pollfd one = {.fd = g.kept, .events = POLLIN};
        CHECK_EQ(poll(&one, 1, 0), 1);
        int fd = accept(g.kept, NULL, NULL);
        CHECK(fd >= 0);
        close(fd);
        bide_stream_close(near[i]);
    }
    given_end();
    return 0;
}

TEST(what_nobody_waits_for_is_left_to_others)
{
    CHECK_EQ(bide_block_on(left_to_others(true)), 0);
    CHECK_EQ(bide_block_on(left_to_others(false)), 0);
}

static async int cancelled_often(bool is_tcp)
{
    g = given_new(is_tcp);
    bide_stream *near;
    for (int i = 0; i < 40; i++) {
        CHECK_EQ(await connect_to(&near), 0);
        int r = -ETIMEDOUT;
        for (int tries = 0; r == -ETIMEDOUT && tries < 1000; tries++)
            r = await bide_timeout(BIDE_US(tries * 7), accept_one());
        CHECK_EQ(r, 0);
        bide_stream_close(near);
        bide_stream_close(far);
    }
    given_end();
    return 0;
}

TEST(an_accept_that_is_cancelled_loses_no_connection)
{
    CHECK_EQ(bide_block_on(cancelled_often(true)), 0);
    CHECK_EQ(bide_block_on(cancelled_often(false)), 0);
}

TEST(what_is_no_unix_listener_is_refused)
{
    bide_unix_listener *l = (bide_unix_listener *)1;
    int ends[2], fd = tcp_socket(0);
    CHECK_ERR(bide_unix_listener_from_fd(fd, &l), -EAFNOSUPPORT);
    CHECK(l == NULL);
    CHECK_EQ(close(fd), 0);
    CHECK_ERR(bide_unix_listener_from_fd(fd, &l), -EBADF);
    fd = unix_socket(SOCK_STREAM);
    CHECK_ERR(bide_unix_listener_from_fd(fd, &l), -EINVAL);
    close(fd);
    fd = unix_socket(SOCK_SEQPACKET);
    CHECK_EQ(listen(fd, 1), 0);
    CHECK_ERR(bide_unix_listener_from_fd(fd, &l), -EPROTOTYPE);
    close(fd);
    CHECK_EQ(pipe(ends), 0);
    CHECK_ERR(bide_unix_listener_from_fd(ends[0], &l), -ENOTSOCK);
    close(ends[0]);
    close(ends[1]);
    fd = unix_listening(SOCK_NONBLOCK);
    CHECK_EQ(bide_unix_listener_from_fd(fd, &l), 0);
    CHECK_EQ(bide_unix_listener_fd(l), fd);
    bide_unix_listener *second;
    CHECK_ERR(bide_unix_listener_from_fd(fd, &second), -EEXIST);
    bide_unix_listener_close(l);
}

TEST(a_unix_listener_fails_without_a_trace)
{
    static const char *const calls[] = {"alloc", "epoll_ctl", "getsockopt", "fcntl"};
    bide_unix_listener *l;
    int fd = unix_listening(0);
    CHECK_EQ(bide_unix_listener_from_fd(dup(fd), &l), 0); /* makes the runtime */
    bide_unix_listener_close(l);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        for (unsigned nth = 1; nth < 10; nth++) {
            CHECK_EQ(bide_test_fail(calls[i], nth, -ENOMEM, 1), 0);
            int r = bide_unix_listener_from_fd(fd, &l);
            bool failed = bide_test_failed(calls[i]) > 0;
            bide_test_reset();
            CHECK_ERR(r, failed ? -ENOMEM : 0);
            CHECK_EQ(l == NULL, failed);
            CHECK(fcntl(fd, F_GETFD) >= 0);
            if (failed)
                continue;
            bide_unix_listener_close(l);
            fd = unix_listening(0);
            break;
        }
    }
    close(fd);
}

/* ---- datagrams ---- */

static async int datagrams(void)
{
    bide_unix_datagram *one, *other;
    ssize_t n = 0;
    char text[4] = "";
    int fd = unix_socket(SOCK_DGRAM), kept = dup(fd);
    defer {
        close(kept);
    }
    CHECK_EQ(bide_unix_datagram_from_fd(fd, &one), 0);
    CHECK_EQ(bide_unix_datagram_fd(one), fd);
    CHECK_ERR(await bide_timeout(BIDE_MS(10), n = bide_unix_datagram_receive(one, text, 4, NULL)),
              -ETIMEDOUT);
    CHECK_EQ(n, 0);
    CHECK_EQ(bide_unix_datagram_bind(NULL, NULL, &other), 0);
    CHECK_EQ(bide_unix_datagram_connect(other, abstract), 0);
    CHECK_EQ(await bide_unix_datagram_send(other, "abc", 3), 3);
    CHECK_EQ(await bide_unix_datagram_receive(one, text, 4, NULL), 3);
    CHECK_STR(text, "abc");
    CHECK(others_see_it_block(kept));
    bide_unix_datagram_close(other);
    CHECK_ERR(bide_unix_datagram_from_fd(fd, &other), -EEXIST);
    CHECK(other == NULL);
    bide_unix_datagram_close(one);
    return 0;
}

TEST(datagrams_of_a_descriptor)
{
    CHECK_EQ(bide_block_on(datagrams()), 0);
}

TEST(what_is_not_for_datagrams_is_refused)
{
    bide_unix_datagram *d = (bide_unix_datagram *)1;
    int ends[2], fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_ERR(bide_unix_datagram_from_fd(fd, &d), -EAFNOSUPPORT);
    CHECK(d == NULL);
    CHECK_EQ(close(fd), 0);
    CHECK_ERR(bide_unix_datagram_from_fd(fd, &d), -EBADF);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    CHECK_ERR(bide_unix_datagram_from_fd(ends[0], &d), -EPROTOTYPE);
    close(ends[0]);
    close(ends[1]);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK_ERR(bide_unix_datagram_from_fd(ends[0], &d), -EPROTOTYPE);
    close(ends[0]);
    close(ends[1]);
}
