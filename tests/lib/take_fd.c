/*
 * bide_stream_take_fd: the descriptor comes out of its stream with what was received ahead, and
 * nothing is closed or lost, also while the peer sends all the time, or when it is cancelled.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"

static bide_stream *near, *far;

static async void connect_both(void)
{
    bide_tcp_listener *listener;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    bide_tcp_listener_close(listener);
}

/* ---- with what was received ahead ---- */

static async int with_bytes_ahead(void)
{
    char bytes[64] = "";
    int fd = 0;
    await connect_both();
    CHECK_EQ(await bide_stream_write(far, "abcdef", 6), 6);
    CHECK_EQ(await bide_stream_read_exactly(near, bytes, 2, NULL), 0);
    /* With io_uring they are there already; otherwise they are in the socket. */
    CHECK_EQ(await bide_stream_write(far, "ghi", 3), 3);
    ssize_t n = await bide_stream_take_fd(near, bytes + 2, 20, &fd);
    CHECK(n >= 0);
    CHECK(fd >= 0);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    /* It is the caller's: another stream may have it. */
    CHECK_EQ(bide_stream_open(fd, &near), 0);
    CHECK_EQ(bide_stream_fd(near), fd);
    CHECK_EQ(await bide_stream_read_exactly(near, bytes + 2 + n, 7 - (size_t)n, NULL), 0);
    CHECK_STR(bytes, "abcdefghi");
    CHECK_EQ(await bide_stream_write(near, "back", 4), 4);
    CHECK_EQ(await bide_stream_read(far, bytes, 64), 4);
    bide_stream_close(near);
    bide_stream_close(far);
    return 0;
}

TEST(a_connection_comes_out_with_its_bytes)
{
    CHECK_EQ(bide_block_on(with_bytes_ahead()), 0);
}

/* ---- while the peer sends, cancelled at random ---- */

enum { BYTES = 400000, AHEAD = 1 << 19 };

static async int send_numbers(void)
{
    static unsigned char data[BYTES];
    for (unsigned i = 0; i < BYTES; i++)
        data[i] = (unsigned char)(i ^ i >> 8);
    int r = await bide_stream_write_all(far, data, BYTES, NULL);
    bide_stream_close(far);
    return r;
}

static size_t received;

static void take_numbers(const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++, received++)
        CHECK_EQ(data[i], (unsigned char)(received ^ received >> 8));
}

static async int some_turns(unsigned n)
{
    while (n-- > 0)
        await bide_yield();
    return 0;
}

static async int receive_numbers(void)
{
    static unsigned char data[AHEAD];
    unsigned seed = 3, taken = 0;
    ssize_t n = 1;
    for (unsigned round = 0; n > 0; round++) {
        n = await bide_stream_read(near, data, 1 + (size_t)rand_r(&seed) % 3000);
        CHECK(n >= 0);
        take_numbers(data, (size_t)n);
        if (n == 0 || round % 4 != 0)
            continue;
        int fd = -1;
        ssize_t ahead = -ECANCELED;
        await bide_select_biased(ahead = bide_stream_take_fd(near, data, AHEAD, &fd),
                                 some_turns(round / 4 % 3));
        if (ahead == -ECANCELED)
            continue;
        CHECK_ERR(ahead < 0 ? ahead : 0, 0);
        take_numbers(data, (size_t)ahead);
        taken++;
        CHECK_EQ(bide_stream_open(fd, &near), 0);
    }
    CHECK(taken > 0);
    bide_stream_close(near);
    return 0;
}

static async int numbers(void)
{
    int sends = -1, receives = -1;
    received = 0;
    await connect_both();
    await bide_join(sends = send_numbers(), receives = receive_numbers());
    CHECK(sends == 0 && receives == 0);
    CHECK_EQ(received, BYTES);
    return 0;
}

TEST(nothing_is_lost_while_the_peer_sends)
{
    for (int i = 0; i < 5; i++)
        CHECK_EQ(bide_block_on(numbers()), 0);
}

/* ---- refusals ---- */

static async int waits_to_read(void)
{
    char byte;
    return (int)await bide_stream_read(near, &byte, 1);
}

static async int refused(void)
{
    char bytes[8];
    int fd = 7;
    bide_stream *reads, *writes;
    CHECK_EQ(bide_stream_pair(4, &near, &far), 0);
    CHECK_ERR(await bide_stream_take_fd(near, bytes, 8, &fd), -EBADF);
    CHECK_EQ(fd, -1);
    bide_stream_close(near);
    bide_stream_close(far);

    await connect_both();
    bide_task(int) waits = bide_spawn(waits_to_read());
    await bide_yield();
    CHECK_ERR(await bide_stream_take_fd(near, bytes, 8, &fd), -EBUSY);
    CHECK_EQ(await bide_stream_write(far, "xy", 2), 2);
    int n = 0;
    CHECK_EQ(await bide_task_join(waits, &n), 0);
    CHECK_EQ(n, 1);
    /* With no room for what is ahead, it stays. Where nothing is, it comes out. */
    ssize_t r = await bide_stream_take_fd(near, bytes, 0, &fd);
    CHECK(r == 0 || r == -ENOBUFS);
    if (r == 0)
        CHECK_EQ(bide_stream_open(fd, &near), 0);
    CHECK_EQ(await bide_stream_read(near, bytes, 8), 1);
    CHECK_EQ(bytes[0], 'y');
    CHECK_EQ(bide_stream_split(near, &reads, &writes), 0);
    CHECK_ERR(await bide_stream_take_fd(reads, bytes, 8, &fd), -EBADF);
    bide_stream_close(reads);
    bide_stream_close(writes);
    bide_stream_close(far);
    return 0;
}

TEST(it_is_refused)
{
    CHECK_EQ(bide_block_on(refused()), 0);
}

/* ---- from a connection that was reset ---- */

/* With io_uring, the driver has taken both the bytes and the error out of the socket: whoever got
 * the descriptor would read the end, and take what he has for all there was. */
static async int reset_by_peer(void)
{
    const struct linger reset = {.l_onoff = 1};
    char bytes[64] = "";
    ssize_t got = 0;
    int fd = -1;
    await connect_both();
    CHECK_EQ(await bide_stream_write(far, "abcdef", 6), 6);
    CHECK_EQ(await bide_stream_read_exactly(near, bytes, 2, NULL), 0);
    CHECK_EQ(setsockopt(bide_stream_fd(far), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    bide_stream_close(far);
    await bide_sleep(BIDE_MS(20));
    ssize_t n = await bide_stream_take_fd(near, bytes + 2, 20, &fd);
    if (n >= 0) {
        got = n;
        CHECK_EQ(bide_stream_open(fd, &near), 0);
    } else {
        CHECK_ERR(n, -ECONNRESET);
        CHECK_EQ(fd, -1);
    }
    while ((n = await bide_stream_read(near, bytes + 2 + got, 20)) > 0)
        got += n;
    CHECK_ERR(n, -ECONNRESET);
    CHECK_EQ(got, 4);
    bide_stream_close(near);
    return 0;
}

TEST(a_reset_is_not_lost)
{
    CHECK_EQ(bide_block_on(reset_by_peer()), 0);
}

/* ---- descriptors of others ---- */

static async int foreign(void)
{
    int fds[2], fd = -1, before = open_descriptors();
    char byte;
    CHECK_EQ(pipe(fds), 0); /* blocking: the stream opens it once more */
    CHECK_EQ(bide_stream_open(fds[0], &near), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(await bide_stream_take_fd(near, &byte, 1, &fd), 0);
    CHECK_EQ(fd, fds[0]);
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    close(fds[0]);
    close(fds[1]);
    CHECK_EQ(open_descriptors(), before);
    return 0;
}

TEST(a_descriptor_of_somebody_else)
{
    CHECK_EQ(bide_block_on(foreign()), 0);
}
