/*
 * What a dump says of those that wait for the library, besides the lines of their awaits.
 */
#include <bide/bide.h>
#include <bide/runtime.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static char dump[4096];
static size_t dump_size;

static void add_to_dump(void *argument, const char *text, size_t size)
{
    (void)argument;
    CHECK(dump_size + size < sizeof dump);
    memcpy(dump + dump_size, text, size);
    dump_size += size;
}

static async int gets_one(bide_receiver(int) rx)
{
    int item;
    return await bide_recv(rx, &item);
}

static async int says_how_many_senders(void)
{
    bide_sender(int) tx;
    bide_receiver(int) rx;
    CHECK_EQ(bide_channel_new(4, &tx, &rx), 0);
    bide_sender(int) other = bide_sender_clone(tx);
    bide_task(int) task = bide_spawn(gets_one(rx));
    for (int n = 2; n > 0; n--) {
        await bide_yield();
        memset(dump, 0, sizeof dump);
        dump_size = 0;
        bide_runtime_dump(bide_runtime_current(), add_to_dump, NULL);
        const char *leaf = strstr(dump, "bide_recv");
        CHECK(leaf != NULL);
        CHECK(strstr(leaf, n == 2 ? "a channel that has 2 senders\n"
                                  : "a channel that has 1 sender\n") != NULL);
        bide_sender_drop(n == 2 ? other : tx);
    }
    CHECK_EQ(await bide_task_wait(task), 0);
    bide_receiver_drop(rx);
    return 0;
}

TEST(a_dump_says_how_many_senders_a_receive_has)
{
    CHECK_EQ(bide_block_on(says_how_many_senders()), 0);
}

/* ---- descriptors ---- */

static async int reads_one(bide_stream *from)
{
    char c;
    return (int)await bide_stream_read(from, &c, 1);
}

static async int writes_many(bide_stream *to)
{
    static char zeroes[1 << 20];
    return await bide_stream_write_all(to, zeroes, sizeof zeroes, NULL);
}

static async int accepts_one(bide_tcp_listener *listener)
{
    bide_stream *stream = NULL;
    return await bide_tcp_accept(listener, &stream);
}

static bool in_ring(void)
{
    return bide_runtime_io(bide_runtime_current()) == BIDE_IO_URING;
}

static void check_says(int fd, const char *to)
{
    char line[80];
    snprintf(line, sizeof line, "for descriptor %d to %s, in %s\n", fd, to,
             in_ring() ? "io_uring" : "epoll");
    if (strstr(dump, line) == NULL)
        fprintf(stderr, "no \"%s\" in:\n%s", line, dump);
    CHECK(strstr(dump, line) != NULL);
}

static async int says_which_descriptors(void)
{
    bide_stream *one, *other, *in, *out;
    bide_tcp_listener *listener;
    int fds[4];
    CHECK_EQ(bide_unix_pair(&one, &other), 0);
    CHECK_EQ(bide_pipe_new(&in, &out), 0);
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    bide_task(int) reader = bide_spawn(reads_one(in));
    bide_task(int) writer = bide_spawn(writes_many(one));
    bide_task(int) acceptor = bide_spawn(accepts_one(listener));
    bide_stream *near, *far;
    bide_tcp_listener *second;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &second), 0);
    CHECK_EQ(
        await bide_try_join(bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(second), &near),
                            bide_tcp_accept(second, &far)),
        0);
    bide_task(int) receiver = bide_spawn(reads_one(near));
    for (int i = 0; i < 3; i++)
        await bide_yield();
    fds[0] = bide_stream_fd(in), fds[1] = bide_stream_fd(one);
    fds[2] = bide_tcp_listener_fd(listener), fds[3] = bide_stream_fd(near);
    memset(dump, 0, sizeof dump);
    dump_size = 0;
    bide_runtime_dump(bide_runtime_current(), add_to_dump, NULL);
    check_says(fds[0], "be readable");
    check_says(fds[1], in_ring() ? "send" : "be writable");
    check_says(fds[2], in_ring() ? "accept" : "be readable");
    check_says(fds[3], in_ring() ? "receive" : "be readable");
    CHECK(strstr(dump, in_ring() ? "8 descriptors in io_uring\n" : "8 descriptors in epoll\n"));
    bide_task_abort(reader);
    bide_task_abort(writer);
    bide_task_abort(acceptor);
    bide_task_abort(receiver);
    CHECK_ERR(await bide_task_wait(reader), -ECANCELED);
    CHECK_ERR(await bide_task_wait(writer), -ECANCELED);
    CHECK_ERR(await bide_task_wait(acceptor), -ECANCELED);
    CHECK_ERR(await bide_task_wait(receiver), -ECANCELED);
    bide_stream_close(one);
    bide_stream_close(other);
    bide_stream_close(in);
    bide_stream_close(out);
    bide_stream_close(near);
    bide_stream_close(far);
    bide_tcp_listener_close(listener);
    bide_tcp_listener_close(second);
    return 0;
}

TEST(a_dump_says_for_which_descriptor_and_driver_a_task_waits)
{
    CHECK_EQ(bide_block_on(says_which_descriptors()), 0);
}
