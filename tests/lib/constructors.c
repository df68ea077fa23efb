/*
 * Each constructor of the library, with each system call failing in turn: nothing is lost, the
 * stored object is NULL, and the arguments stay the caller's.
 */
#include <bide/bide.h>

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "failing.h"

/* A value that must not stay in an out-parameter. */
#define GARBAGE(type) ((type *)(void *)&garbage)
static long garbage;

static void nothing(void)
{
}

/* ---- channels, oneshots ---- */

static bide_sender(double) sender;
static bide_receiver(double) receiver;
static bide_oneshot_sender(double) one_sender;
static bide_oneshot_receiver(double) one_receiver;

static int make_channel(void)
{
    sender = (void *)&garbage;
    receiver = (void *)&garbage;
    int n = bide_channel_new(4, &sender, &receiver);
    CHECK((n == 0) == (sender != NULL) && (n == 0) == (receiver != NULL));
    return n;
}

static void drop_channel(void)
{
    bide_sender_drop(sender);
    bide_receiver_drop(receiver);
}

static int make_oneshot(void)
{
    one_sender = (void *)&garbage;
    one_receiver = (void *)&garbage;
    int n = bide_oneshot_new(&one_sender, &one_receiver);
    CHECK((n == 0) == (one_sender != NULL) && (n == 0) == (one_receiver != NULL));
    return n;
}

static void drop_oneshot(void)
{
    bide_oneshot_sender_drop(one_sender);
    bide_oneshot_receiver_drop(one_receiver);
}

TEST(channels_and_oneshots)
{
    CHECK_EQ(fails_everywhere(make_channel, drop_channel), 1);
    CHECK_EQ(fails_everywhere(make_oneshot, drop_oneshot), 1);
    sender = (void *)&garbage;
    receiver = (void *)&garbage;
    CHECK_ERR(bide_channel_new(0, &sender, &receiver), -EINVAL);
    CHECK(sender == NULL && receiver == NULL);
    CHECK_ERR(bide_channel_new((size_t)1 << 28, &sender, &receiver), -EINVAL);
}

/* ---- streams and readers ---- */

static bide_stream *one, *other;
static bide_reader *reader;
static int fds[2];

static int make_pair(void)
{
    one = other = GARBAGE(bide_stream);
    int n = bide_stream_pair(4, &one, &other);
    CHECK((n == 0) == (one != NULL) && (n == 0) == (other != NULL));
    return n;
}

static void close_pair(void)
{
    bide_stream_close(one);
    bide_stream_close(other);
}

static int make_reader(void)
{
    reader = GARBAGE(bide_reader);
    int n = bide_reader_new(one, 100, &reader);
    CHECK((n == 0) == (reader != NULL));
    return n;
}

static void free_reader(void)
{
    bide_reader_free(reader);
}

/* On an error the descriptor stays the caller's, unchanged; so here a copy of it is given away. */
static int make_stream(void)
{
    one = GARBAGE(bide_stream);
    int fd = dup(fds[0]);
    CHECK(fd >= 0);
    int n = bide_stream_open(fd, &one);
    CHECK((n == 0) == (one != NULL));
    if (n < 0) {
        CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        CHECK_EQ(close(fd), 0);
    }
    return n;
}

static void close_stream(void)
{
    bide_stream_close(one);
}

TEST(streams_and_readers)
{
    CHECK_EQ(fails_everywhere(make_pair, close_pair), 1);
    CHECK_EQ(make_pair(), 0);
    CHECK_EQ(fails_everywhere(make_reader, free_reader), 2);
    reader = GARBAGE(bide_reader);
    CHECK_ERR(bide_reader_new(one, 0, &reader), -EINVAL);
    CHECK(reader == NULL);
    close_pair();
    one = GARBAGE(bide_stream);
    CHECK_ERR(bide_stream_pair(0, &one, &other), -EINVAL);
    CHECK(one == NULL && other == NULL);

    CHECK_EQ(pipe(fds), 0);
    CHECK(fails_everywhere(make_stream, close_stream) >= 4);
    one = GARBAGE(bide_stream);
    CHECK_ERR(bide_stream_open(-1, &one), -EBADF);
    CHECK(one == NULL);
    close(fds[0]);
    close(fds[1]);
}

/* ---- TCP ---- */

static bide_tcp_listener *listener;

static int make_listener(void)
{
    listener = GARBAGE(bide_tcp_listener);
    int n = bide_tcp_listen("127.0.0.1", 0, &listener);
    CHECK((n == 0) == (listener != NULL));
    return n;
}

static void close_listener(void)
{
    bide_tcp_listener_close(listener);
}

static async int connect_one(void)
{
    return await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &one);
}

static int make_connection(void)
{
    one = GARBAGE(bide_stream);
    int n = bide_block_on(connect_one());
    /* If no task could be made, nothing was called. */
    CHECK(n < 0 || one != NULL);
    CHECK(n == 0 || one == NULL || one == GARBAGE(bide_stream));
    return n;
}

TEST(listeners_and_connections)
{
    CHECK(fails_everywhere(make_listener, close_listener) >= 5); /* without epoll */
    listener = GARBAGE(bide_tcp_listener);
    CHECK_ERR(bide_tcp_listen("no number", 0, &listener), -EINVAL);
    CHECK(listener == NULL);
    CHECK_EQ(make_listener(), 0);
    CHECK(fails_everywhere(make_connection, close_stream) >= 4);
    close_listener();
}

/* ---- signals ---- */

static async int wait_for_no_signal(void)
{
    int n = 0, late = await bide_timeout(BIDE_NS(1), n = bide_signal_wait(12));
    return n < 0 ? n : late;
}

static int wait_for_signal(void)
{
    int n = bide_block_on(wait_for_no_signal());
    return n == -ETIMEDOUT ? 0 : n;
}

/* Listeners are kept for the next wait, so the first wait has made one. */
TEST(waits_for_signals)
{
    CHECK(fails_everywhere(wait_for_signal, nothing) >= 0);
}
