/*
 * bide/unix.h: descriptors that go with a message: who gets them, and that none is lost or left
 * open, whatever happens.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

static bide_stream *near, *far;
static bide_unix_datagram *one, *other;
static char buffer[64];
static int own[2]; /* the ends of a pipe of the test's own */

static void begin(void)
{
    CHECK_EQ(pipe2(own, O_CLOEXEC), 0);
    CHECK_EQ(bide_unix_pair(&near, &far), 0);
    CHECK_EQ(bide_unix_datagram_pair(&one, &other), 0);
}

static void end(void)
{
    close(own[0]);
    close(own[1]);
    bide_stream_close(near);
    bide_stream_close(far);
    bide_unix_datagram_close(one);
    bide_unix_datagram_close(other);
}

static void close_all(bide_unix_fds *fds)
{
    for (unsigned i = 0; i < fds->count; i++)
        CHECK_EQ(close(fds->fds[i]), 0);
    fds->count = 0;
}

/* Both are ends of our pipe. */
static void check_pipe(const int *fds)
{
    char byte = 0;
    CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(fds[1], "p", 1), 1);
    CHECK_EQ(read(own[0], &byte, 1), 1);
    CHECK_EQ(write(own[1], "q", 1), 1);
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    CHECK_EQ(byte, 'q');
}

/* ---- through a stream ---- */

static async int pass(void)
{
    int room[4] = {-1, -1, -1, -1};
    bide_unix_fds sent = {.fds = own, .count = 2}, got = {.fds = room, .room = 4};
    begin();
    int before = open_descriptors();
    CHECK_EQ(await bide_unix_send_fds(near, "hello", 5, &sent), 5);
    CHECK_EQ(await bide_unix_receive_fds(far, buffer, sizeof buffer, &got), 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);
    CHECK_EQ(got.count, 2);
    CHECK(!got.is_truncated);
    CHECK_EQ(room[2], -1);
    CHECK_EQ(open_descriptors(), before + 2);
    check_pipe(room);
    close_all(&got);

    /* Without descriptors it is a write and a read. */
    sent.count = 0;
    got.count = 9;
    got.is_truncated = true;
    CHECK_EQ(await bide_unix_send_fds(far, "back", 4, &sent), 4);
    CHECK_EQ(await bide_unix_receive_fds(near, buffer, 2, &got), 2);
    CHECK_EQ(got.count, 0);
    CHECK(!got.is_truncated);
    CHECK_EQ(await bide_stream_read(near, buffer, 8), 2);
    CHECK_EQ(await bide_unix_receive_fds(near, buffer, 0, &got), 0);
    bide_stream_close(far);
    far = NULL;
    CHECK_EQ(await bide_unix_receive_fds(near, buffer, 8, &got), 0);
    CHECK_ERR(await bide_unix_send_fds(near, "x", 1, &sent), -EPIPE);
    end();
    return 0;
}

TEST(descriptors_are_passed)
{
    CHECK_EQ(bide_block_on(pass()), 0);
}

static async int with_which_bytes(void)
{
    int room[4];
    bide_unix_fds sent = {.fds = own, .count = 1}, got = {.fds = room, .room = 4};
    begin();
    /* They come with the first of their bytes, and no byte of a later message comes with them. */
    CHECK_EQ(await bide_stream_write(near, "a", 1), 1);
    CHECK_EQ(await bide_unix_send_fds(near, "bc", 2, &sent), 2);
    CHECK_EQ(await bide_unix_send_fds(near, "d", 1, &sent), 1);
    CHECK_EQ(await bide_unix_receive_fds(far, buffer, 1, &got), 1);
    CHECK_EQ(got.count, 0);
    CHECK_EQ(await bide_unix_receive_fds(far, buffer, 1, &got), 1);
    CHECK_EQ(got.count, 1);
    close_all(&got);
    CHECK_EQ(await bide_unix_receive_fds(far, buffer, 8, &got), 2);
    CHECK(memcmp(buffer, "cd", 2) == 0);
    CHECK_EQ(got.count, 1);
    close_all(&got);

    /* A read by another function closes them. */
    int before = open_descriptors();
    CHECK_EQ(await bide_unix_send_fds(near, "e", 1, &sent), 1);
    CHECK_EQ(await bide_stream_read(far, buffer, 8), 1);
    CHECK_EQ(open_descriptors(), before);
    close(own[1]);
    CHECK_EQ(read(own[0], buffer, 1), 0); /* nobody else has the other end */
    own[1] = -1;
    end();
    return 0;
}

TEST(they_come_with_their_bytes)
{
    CHECK_EQ(bide_block_on(with_which_bytes()), 0);
}

static async int too_many(void)
{
    int many[BIDE_UNIX_FDS_MAX + 1], room[BIDE_UNIX_FDS_MAX];
    bide_unix_fds sent = {.fds = many}, got = {.fds = room};
    begin();
    for (int i = 0; i <= BIDE_UNIX_FDS_MAX; i++)
        many[i] = own[i % 2];
    int before = open_descriptors();
    sent.count = BIDE_UNIX_FDS_MAX + 1;
    CHECK_ERR(await bide_unix_send_fds(near, "x", 1, &sent), -EINVAL);
    sent.count = BIDE_UNIX_FDS_MAX;
    CHECK_EQ(await bide_unix_send_fds(near, "x", 1, &sent), 1);
    got.room = BIDE_UNIX_FDS_MAX;
    CHECK_EQ(await bide_unix_receive_fds(far, buffer, 8, &got), 1);
    CHECK_EQ(got.count, BIDE_UNIX_FDS_MAX);
    CHECK(!got.is_truncated);
    check_pipe(room);
    close_all(&got);

    /* More than there is room for. An odd number, too: the kernel rounds up. */
    for (unsigned i = 0; i < 4; i++) {
        sent.count = 4;
        got.room = i;
        CHECK_EQ(await bide_unix_send_fds(near, "yz", 2, &sent), 2);
        CHECK_EQ(await bide_unix_receive_fds(far, buffer, 8, &got), 2);
        CHECK_EQ(got.count, i);
        CHECK(got.is_truncated);
        CHECK_EQ(open_descriptors(), before + (int)i);
        close_all(&got);
    }
    CHECK_EQ(open_descriptors(), before);
    end();
    return 0;
}

TEST(more_than_there_is_room_for)
{
    CHECK_EQ(bide_block_on(too_many()), 0);
}

/* This process may not have as many descriptors. */
static async int short_of_descriptors(void)
{
    struct rlimit limit, low;
    int many[4], room[8];
    bide_unix_fds sent = {.fds = many, .count = 4};
    bide_unix_fds got = {.fds = room, .room = 8};
    begin();
    for (int i = 0; i < 4; i++)
        many[i] = own[i % 2];
    int before = open_descriptors();
    CHECK_EQ(await bide_unix_send_fds(near, "xyz", 3, &sent), 3);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int fd = dup(own[0]); /* the lowest that is free */
    CHECK(fd >= 0);
    close(fd);
    low = limit;
    low.rlim_cur = (rlim_t)fd + 1;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    ssize_t n = await bide_unix_receive_fds(far, buffer, 8, &got);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQ(n, 3);
    CHECK(memcmp(buffer, "xyz", 3) == 0);
    CHECK_EQ(got.count, 1);
    CHECK(got.is_truncated);
    close_all(&got);
    CHECK_EQ(open_descriptors(), before);
    close(own[1]);
    CHECK_EQ(read(own[0], buffer, 1), 0);
    own[1] = -1;
    end();
    return 0;
}

TEST(more_than_this_process_may_have)
{
    CHECK_EQ(bide_block_on(short_of_descriptors()), 0);
}

static async int refused(void)
{
    bide_tcp_listener *listener;
    bide_stream *tcp, *a, *b;
    int room[2];
    bide_unix_fds sent = {.fds = own, .count = 2}, got = {.fds = room, .room = 2, .count = 7};
    begin();
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &tcp), 0);
    CHECK_ERR(await bide_unix_send_fds(tcp, "x", 1, &sent), -EAFNOSUPPORT);
    CHECK_ERR(await bide_unix_receive_fds(tcp, buffer, 1, &got), -EAFNOSUPPORT);
    CHECK_EQ(got.count, 0);
    bide_stream_close(tcp);
    bide_tcp_listener_close(listener);
    CHECK_EQ(bide_stream_pair(1, &a, &b), 0);
    got.count = 7;
    CHECK_ERR(await bide_unix_send_fds(a, "x", 1, &sent), -ENOTSOCK);
    CHECK_ERR(await bide_unix_receive_fds(a, buffer, 1, &got), -ENOTSOCK);
    CHECK_EQ(got.count, 0);
    bide_stream_close(a);
    bide_stream_close(b);

    CHECK_ERR(await bide_unix_send_fds(near, "", 0, &sent), -EINVAL);
    int closed[1] = {dup(own[0])};
    close(closed[0]);
    bide_unix_fds bad = {.fds = closed, .count = 1};
    CHECK_ERR(await bide_unix_send_fds(near, "x", 1, &bad), -EBADF);
    CHECK_EQ(bide_test_fail("sendmsg", 1, -ETOOMANYREFS, 1), 0);
    CHECK_ERR(await bide_unix_send_fds(near, "x", 1, &sent), -ETOOMANYREFS);
    CHECK_EQ(bide_test_fail("sendmsg", 1, -EINTR, 1), 0);
    CHECK_EQ(await bide_unix_send_fds(near, "x", 1, &sent), 1);
    got.count = 7;
    CHECK_EQ(bide_test_fail("recvmsg", 1, -ECONNRESET, 1), 0);
    CHECK_ERR(await bide_unix_receive_fds(far, buffer, 1, &got), -ECONNRESET);
    CHECK_EQ(got.count, 0);
    CHECK_EQ(bide_test_fail("recvmsg", 1, -EINTR, 1), 0);
    CHECK_EQ(await bide_unix_receive_fds(far, buffer, 1, &got), 1);
    CHECK_EQ(got.count, 2);
    close_all(&got);
    end();
    return 0;
}

TEST(what_cannot_be_passed)
{
    CHECK_EQ(bide_block_on(refused()), 0);
}

/* ---- with datagrams ---- */

static async int in_datagrams(void)
{
    int room[2];
    bide_unix_fds sent = {.fds = own, .count = 2}, got = {.fds = room, .room = 2};
    bide_address from, to;
    begin();
    int before = open_descriptors();
    CHECK_EQ(await bide_unix_datagram_send_fds(one, "hello", 5, NULL, &sent), 5);
    CHECK_EQ(await bide_unix_datagram_receive_fds(other, buffer, 8, &from, &got), 5);
    CHECK(memcmp(buffer, "hello", 5) == 0);
    CHECK_EQ(got.count, 2);
    check_pipe(room);
    close_all(&got);
    CHECK_EQ(await bide_unix_datagram_send_fds(other, NULL, 0, NULL, &sent), 0);
    CHECK_EQ(await bide_unix_datagram_receive_fds(one, NULL, 0, NULL, &got), 0);
    CHECK_EQ(got.count, 2);
    close_all(&got);

    /* Neither too large a datagram nor a receiver that wants none leaves one open. */
    CHECK_EQ(await bide_unix_datagram_send_fds(one, "hello", 5, NULL, &sent), 5);
    CHECK_ERR(await bide_unix_datagram_receive_fds(other, buffer, 3, &from, &got), -EMSGSIZE);
    CHECK_EQ(got.count, 0);
    CHECK_EQ(open_descriptors(), before);
    CHECK_EQ(await bide_unix_datagram_send_fds(one, "hello", 5, NULL, &sent), 5);
    CHECK_EQ(await bide_unix_datagram_receive(other, buffer, 8, &from), 5);
    CHECK_EQ(open_descriptors(), before);
    CHECK_EQ(await bide_unix_datagram_send(one, "plain", 5), 5);
    CHECK_EQ(await bide_unix_datagram_receive_fds(other, buffer, 8, NULL, &got), 5);
    CHECK_EQ(got.count, 0);

    /* To a name, and from one. */
    bide_unix_datagram *named;
    char name[32];
    snprintf(name, sizeof name, "@bide-fds-%d", (int)getpid());
    CHECK_EQ(bide_unix_datagram_bind(name, NULL, &named), 0);
    CHECK_EQ(bide_address_of_path(name, &to), 0);
    bide_unix_datagram_close(one);
    CHECK_EQ(bide_unix_datagram_bind(NULL, NULL, &one), 0);
    CHECK_EQ(await bide_unix_datagram_send_fds(one, "x", 1, &to, &sent), 1);
    CHECK_EQ(await bide_unix_datagram_receive_fds(named, buffer, 8, &from, &got), 1);
    CHECK_EQ(got.count, 2);
    check_pipe(room);
    close_all(&got);
    bide_unix_datagram_close(named);
    end();
    return 0;
}

TEST(descriptors_with_datagrams)
{
    CHECK_EQ(bide_block_on(in_datagrams()), 0);
}

/* What others have asked the kernel to tell comes beside the descriptors. */
static async int with_credentials(void)
{
    int room[3], on = 1;
    bide_unix_fds sent = {.fds = own, .count = 2}, got = {.fds = room, .room = 3};
    begin();
    CHECK_EQ(setsockopt(bide_stream_fd(far), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    CHECK_EQ(await bide_unix_send_fds(near, "x", 1, &sent), 1);
    CHECK_EQ(await bide_unix_receive_fds(far, buffer, 8, &got), 1);
    CHECK_EQ(got.count, 2);
    CHECK(!got.is_truncated);
    check_pipe(room);
    close_all(&got);
    end();
    return 0;
}

TEST(descriptors_beside_credentials)
{
    CHECK_EQ(bide_block_on(with_credentials()), 0);
}

/* ---- cancellation ---- */

static int room[4];
static bide_unix_fds got;
static int before_all;
static ssize_t taken;

static async int send_later(void)
{
    bide_unix_fds sent = {.fds = own, .count = 2};
    await bide_yield();
    await bide_yield();
    return await bide_unix_send_fds(near, "x", 1, &sent) == 1 ? 0 : -1;
}

async int receive_them(void *state);
extern const struct bide_fn bide__desc_receive_them;

/* What the cancelled call did not take is still there. */
async int receive_them(void *state)
{
    (void)state;
    bide_task(int) task = bide_spawn(send_later());
    defer {
        CHECK_EQ(await bide_task_wait(task), 0);
        if (taken != 1)
            taken = await bide_unix_receive_fds(far, buffer, 8, &got);
    }
    taken = await bide_unix_receive_fds(far, buffer, 8, &got);
    await bide_yield();
    return 0;
}

static void before_receive(void *state)
{
    (void)state;
    begin();
    taken = 0;
    got = (bide_unix_fds){.fds = room, .room = 4};
    before_all = open_descriptors();
}

static void after_receive(void *state, const struct cancel_run *run)
{
    (void)state, (void)run;
    CHECK_EQ(taken, 1);
    CHECK_EQ(got.count, 2);
    CHECK_EQ(open_descriptors(), before_all + 2);
    check_pipe(room);
    close_all(&got);
    end();
}

TEST(a_cancelled_call_leaves_them_there)
{
    CHECK(cancel_everywhere(&bide__desc_receive_them, NULL, before_receive, after_receive) >=
          cancel_least(2));
}
