/*
 * Several pieces at once: bide_stream_readv and its like, on pairs in memory, sockets, pipes,
 * foreign descriptors, and on streams that use one piece only.
 */
#define _GNU_SOURCE
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static bide_stream *near, *far;

static void close_both(void)
{
    bide_stream_close(near);
    bide_stream_close(far);
}

#define PIECE(text)                      \
    {                                    \
        (char *)(text), sizeof(text) - 1 \
    }

/* ---- what all streams do ---- */

/* Empty pieces are passed over; a read fills one piece after another; bytes keep their order. */
static async void several_pieces(void)
{
    const struct iovec out[] = {PIECE(""), PIECE("ab"), PIECE(""), PIECE("cdef"), PIECE("g")};
    char a[3] = "", b[2] = "", c[20] = "";
    const struct iovec in[] = {{NULL, 0}, {a, 2}, {b, 1}, {NULL, 0}, {c, 19}};
    CHECK_EQ(await bide_stream_writev(near, out, 5), 7);
    CHECK_EQ(await bide_stream_readv(far, in, 5), 7);
    CHECK_STR(a, "ab");
    CHECK_STR(b, "c");
    CHECK_STR(c, "defg");
    CHECK_EQ(await bide_stream_writev(near, out, 2), 2);
    CHECK_EQ(await bide_stream_readv(far, in, 2), 2);
    CHECK_EQ(await bide_stream_writev(near, out, 1), 0);
    CHECK_EQ(await bide_stream_readv(far, in, 1), 0);
    CHECK_EQ(await bide_stream_writev(near, out, 0), 0);
    CHECK_EQ(await bide_stream_readv(far, NULL, 0), 0);
}

static async int wait_for_pieces(char *a, char *b)
{
    const struct iovec in[] = {{a, 2}, {b, 9}};
    return (int)await bide_stream_readv(far, in, 2);
}

/* A read waits for the first bytes, and for the end. */
static async void waits_and_ends(void)
{
    static char a[3], b[10];
    int n = 0;
    bide_task(int) reads = bide_spawn(wait_for_pieces(a, b));
    await bide_yield();
    CHECK(!bide_task_finished(reads));
    CHECK_ERR(await bide_stream_readv(far, &(struct iovec){b, 9}, 1), -EBUSY);
    CHECK_EQ(await bide_stream_writev(near, &(struct iovec)PIECE("xyz"), 1), 3);
    CHECK_EQ(await bide_task_join(reads, &n), 0);
    CHECK_EQ(n, 3);
    CHECK_STR(a, "xy");
    CHECK_STR(b, "z");
    bide_stream_close(near);
    near = NULL;
    CHECK_EQ(await wait_for_pieces(a, b), 0);
}

/* More pieces than the kernel takes at once, of which all arrive. */
enum { MANY = IOV_MAX + 500 };

static async int write_many(const struct iovec *pieces, size_t *done)
{
    return await bide_stream_writev_all(near, pieces, MANY, done);
}

static async void many_pieces(void)
{
    static struct iovec pieces[MANY];
    static char text[MANY * 3], back[sizeof text];
    size_t done = 0;
    for (size_t i = 0; i < MANY; i++) {
        pieces[i] = (struct iovec){text + 3 * i, 3};
        snprintf(text + 3 * i, 3, "%02zu", i % 100);
    }
    int r = -1;
    await bide_join(r = write_many(pieces, &done),
                    (void)bide_stream_read_exactly(far, back, sizeof back, NULL));
    CHECK_EQ(r, 0);
    CHECK_EQ(done, sizeof text);
    CHECK(memcmp(text, back, sizeof text) == 0);
    CHECK_EQ(await write_many(pieces, &done), 0); /* nothing is left */
}

static async int all_of_it(void)
{
    await several_pieces();
    await many_pieces();
    await waits_and_ends();
    close_both();
    return 0;
}

TEST(pieces_through_a_pair)
{
    CHECK_EQ(bide_stream_pair(4000, &near, &far), 0);
    CHECK_EQ(bide_block_on(all_of_it()), 0);
}

TEST(pieces_through_a_unix_socket)
{
    CHECK_EQ(bide_unix_pair(&near, &far), 0);
    CHECK_EQ(bide_block_on(all_of_it()), 0);
}

TEST(pieces_through_a_pipe)
{
    CHECK_EQ(bide_pipe_new(&far, &near), 0);
    CHECK_EQ(bide_block_on(all_of_it()), 0);
}

static async int over_tcp(void)
{
    bide_tcp_listener *listener;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    bide_tcp_listener_close(listener);
    return await all_of_it();
}

TEST(pieces_over_tcp)
{
    CHECK_EQ(bide_block_on(over_tcp()), 0);
}

/* A non-blocking pipe of somebody else, by readv(2) and writev(2). */
TEST(pieces_through_a_foreign_pipe)
{
    int fds[2];
    CHECK_EQ(pipe2(fds, O_NONBLOCK), 0);
    CHECK_EQ(bide_stream_open(fds[0], &far), 0);
    CHECK_EQ(bide_stream_open(fds[1], &near), 0);
    CHECK_EQ(bide_block_on(all_of_it()), 0);
}

/* ---- a pair fills what it has room for ---- */

static async int small_room(void)
{
    const struct iovec out[] = {PIECE("abc"), PIECE("defgh")};
    char a[4] = "", b[9] = "";
    const struct iovec in[] = {{a, 3}, {b, 8}};
    CHECK_EQ(await bide_stream_writev(near, out, 2), 5);
    CHECK_EQ(await bide_stream_readv(far, in, 2), 5);
    CHECK_STR(a, "abc");
    CHECK_STR(b, "de");
    bide_stream_close(far);
    CHECK_ERR(await bide_stream_writev(near, out, 2), -EPIPE);
    bide_stream_close(near);
    return 0;
}

TEST(a_pair_takes_what_it_has_room_for)
{
    CHECK_EQ(bide_stream_pair(5, &near, &far), 0);
    CHECK_EQ(bide_block_on(small_room()), 0);
}

/* ---- halves, and streams that use the first piece ---- */

static async int halves(void)
{
    bide_stream *reads, *writes;
    const struct iovec out[] = {PIECE("ab"), PIECE("c")};
    char a[4] = "";
    const struct iovec in[] = {{NULL, 0}, {a, 3}};
    CHECK_EQ(bide_stream_split(near, &reads, &writes), 0);
    CHECK_EQ(await bide_stream_writev(writes, out, 2), 3);
    CHECK_EQ(await bide_stream_readv(far, in, 2), 3);
    CHECK_STR(a, "abc");
    CHECK_ERR(await bide_stream_readv(writes, in, 2), -EBADF);
    CHECK_ERR(await bide_stream_writev(reads, out, 2), -EBADF);
    bide_stream_close(reads);
    bide_stream_close(writes);
    bide_stream_close(far);
    return 0;
}

TEST(halves_pass_pieces_on)
{
    CHECK_EQ(bide_stream_pair(10, &near, &far), 0);
    CHECK_EQ(bide_block_on(halves()), 0);
}

static async int first_only(void)
{
    const struct iovec out[] = {PIECE(""), PIECE("ab"), PIECE("c")};
    char a[4] = "", b[4] = "";
    const struct iovec in[] = {{NULL, 0}, {a, 3}, {b, 3}};
    size_t done = 0;
    CHECK_EQ(bide_stream_repeat('x', &near), 0);
    CHECK_EQ(await bide_stream_readv(near, in, 3), 3);
    CHECK_STR(a, "xxx");
    CHECK_STR(b, "");
    CHECK_EQ(await bide_stream_writev(near, out, 3), 2);
    CHECK_EQ(await bide_stream_writev_all(near, out, 3, &done), 0);
    CHECK_EQ(done, 3);
    bide_stream_close(near);
    return 0;
}

TEST(other_streams_use_the_first_piece)
{
    CHECK_EQ(bide_block_on(first_only()), 0);
}

/* ---- the system's errors ---- */

static async int errors(const char *reads, const char *writes)
{
    const struct iovec out[] = {PIECE("ab"), PIECE("c")};
    char a[4] = "";
    const struct iovec in[] = {{a, 1}, {a + 1, 2}};
    CHECK_EQ(bide_test_fail(writes, 1, -EINTR, 2), 0);
    CHECK_EQ(await bide_stream_writev(near, out, 2), 3);
    CHECK_EQ(bide_test_failed(writes), 2);
    CHECK_EQ(bide_test_fail(reads, 1, -EINTR, 2), 0);
    CHECK_EQ(await bide_stream_readv(far, in, 2), 3);
    CHECK_EQ(bide_test_failed(reads), 2);
    CHECK_STR(a, "abc");
    CHECK_EQ(await bide_stream_writev(near, out, 2), 3);
    CHECK_EQ(bide_test_fail(reads, 1, -EIO, 1), 0);
    CHECK_ERR(await bide_stream_readv(far, in, 2), -EIO);
    CHECK_EQ(await bide_stream_readv(far, in, 2), 3);
    CHECK_EQ(bide_test_fail(writes, 1, -ENOBUFS, 1), 0);
    CHECK_ERR(await bide_stream_writev(near, out, 2), -ENOBUFS);
    close_both();
    return 0;
}

TEST(errors_of_a_socket)
{
    CHECK_EQ(bide_unix_pair(&near, &far), 0);
    CHECK_EQ(bide_block_on(errors("recvmsg", "sendmsg")), 0);
}

TEST(errors_of_a_pipe)
{
    CHECK_EQ(bide_pipe_new(&far, &near), 0);
    CHECK_EQ(bide_block_on(errors("readv", "writev_quiet")), 0);
}

static async int broken(void)
{
    const struct iovec out[] = {PIECE("ab"), PIECE("c")};
    bide_stream_close(far);
    CHECK_ERR(await bide_stream_writev(near, out, 2), -EPIPE);
    bide_stream_close(near);
    return 0;
}

TEST(a_broken_pipe_raises_no_signal)
{
    CHECK_EQ(bide_pipe_new(&far, &near), 0);
    CHECK_EQ(bide_block_on(broken()), 0);
    CHECK_EQ(bide_unix_pair(&far, &near), 0);
    CHECK_EQ(bide_block_on(broken()), 0);
}

/* ---- streams of nothing, and of others ---- */

static async int made(void)
{
    bide_stream *bytes, *limited, *chain, *null, *joined;
    char buffer[32] = "";
    CHECK_EQ(bide_stream_of_bytes("hello ", 6, &bytes), 0);
    CHECK_EQ(bide_stream_pair(64, &near, &far), 0);
    CHECK_EQ(bide_stream_limit(far, 8, &limited), 0);
    CHECK_EQ(bide_stream_chain(bytes, limited, &chain), 0);
    CHECK_EQ(await bide_stream_write_all(near, "world!!!more", 12, NULL), 0);
    CHECK_ERR(await bide_stream_read_exactly(chain, buffer, 20, NULL), -ENODATA);
    CHECK_STR(buffer, "hello world!!!");
    CHECK_ERR(await bide_stream_write(chain, "x", 1), -EBADF);
    CHECK_ERR(await bide_stream_write(bytes, "x", 1), -EBADF);
    CHECK_ERR(bide_stream_shutdown(chain), -ENOTSOCK);
    CHECK_ERR(bide_stream_fd(limited), -EBADF);
    CHECK_EQ(await bide_stream_write(limited, "back", 4), 4);
    CHECK_EQ(await bide_stream_read(near, buffer, 32), 4);
    CHECK_EQ(bide_stream_shutdown(limited), 0);
    CHECK_EQ(await bide_stream_read(near, buffer, 32), 0);
    bide_stream_close(chain);
    bide_stream_close(limited);
    bide_stream_close(bytes);
    memset(buffer, 0, sizeof buffer);
    CHECK_EQ(await bide_stream_read(far, buffer, 32), 4);
    CHECK_STR(buffer, "more");

    CHECK_EQ(bide_stream_null(&null), 0);
    CHECK_EQ(await bide_stream_read(null, buffer, 32), 0);
    CHECK_EQ(await bide_stream_write(null, buffer, 32), 32);
    CHECK_ERR(bide_stream_join(null, null, &joined), -EINVAL);
    CHECK_EQ(bide_stream_join(far, null, &joined), 0);
    CHECK_EQ(await bide_stream_write(near, "in", 2), 2);
    CHECK_EQ(await bide_stream_read(joined, buffer, 32), 2);
    CHECK_EQ(await bide_stream_write(joined, "out", 3), 3);
    CHECK_ERR(bide_stream_shutdown(joined), -ENOTSOCK);
    CHECK_EQ(bide_stream_shutdown_read(joined), 0);
    CHECK_EQ(await bide_stream_read(joined, buffer, 32), 0);
    bide_stream_close(joined); /* both */
    CHECK_EQ(await bide_stream_read(near, buffer, 32), 0);
    bide_stream_close(near);
    return 0;
}

TEST(streams_of_nothing_and_of_others)
{
    CHECK_EQ(bide_block_on(made()), 0);
}

static async int closed_in_a_read(void)
{
    static char buffer[4];
    bide_stream *limited;
    ssize_t n = 0;
    CHECK_EQ(bide_stream_pair(64, &near, &far), 0);
    CHECK_EQ(bide_stream_limit(far, 3, &limited), 0);
    bide_task(ssize_t) reads = bide_spawn(bide_stream_read(limited, buffer, 4));
    await bide_yield();
    bide_stream_close(limited);
    CHECK_EQ(await bide_stream_write(near, "abcd", 4), 4);
    CHECK_EQ(await bide_task_join(reads, &n), 0);
    CHECK_EQ(n, 3);
    close_both();
    return 0;
}

TEST(a_stream_of_another_is_closed_in_a_read)
{
    CHECK_EQ(bide_block_on(closed_in_a_read()), 0);
}

static int make(int which, bide_stream **stream)
{
    switch (which) {
    case 0: return bide_stream_limit(near, 1, stream);
    case 1: return bide_stream_chain(near, far, stream);
    case 2: return bide_stream_of_bytes("x", 1, stream);
    case 3: return bide_stream_null(stream);
    case 4: return bide_stream_repeat('x', stream);
    default: return bide_stream_join(near, far, stream);
    }
}

TEST(without_memory_there_is_none)
{
    CHECK_EQ(bide_stream_pair(1, &near, &far), 0);
    for (int which = 0; which < 6; which++) {
        bide_stream *stream = near;
        CHECK_EQ(bide_test_fail("alloc", 1, -ENOMEM, 1), 0);
        CHECK_ERR(make(which, &stream), -ENOMEM);
        CHECK(stream == NULL);
        CHECK_EQ(make(which, &stream), 0);
        bide_stream_close(stream);
    }
}
