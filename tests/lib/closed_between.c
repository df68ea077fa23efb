/*
 * A stream is closed between two of the calls that one function makes on it, as another worker may
 * do at any time: the function ends with -EBADF, and touches nothing that is gone. The close comes
 * from inside a call, or, for what has no inside, from another task of a runtime with two workers.
 */
#include "lib/async.h"

#include "lib/io/stream.h"

#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

/* ---- a stream that closes others ---- */

struct odd {
    bide_stream base;
    unsigned holders;
    bool closed;
};

static bide_stream *victims[2]; /* to be closed in the next call */

static void strike(void)
{
    for (int i = 0; i < 2; i++) {
        bide_stream *victim = victims[i];
        victims[i] = NULL;
        bide_stream_close(victim);
    }
}

static void odd_hold(bide_stream *stream)
{
    ((struct odd *)(void *)stream)->holders++;
}

static void odd_let_go(bide_stream *stream)
{
    if (--((struct odd *)(void *)stream)->holders == 0)
        free(stream);
}

static void odd_close(bide_stream *stream)
{
    ((struct odd *)(void *)stream)->closed = true;
    odd_let_go(stream);
}

#define ODD(T, name, ...)                          \
    async T name(__VA_ARGS__);                     \
    extern const struct bide_fn bide__desc_##name; \
    async T name(__VA_ARGS__)

/* One byte. */
static async ssize_t transfer(bide_stream *stream)
{
    odd_hold(stream);
    defer {
        odd_let_go(stream);
    }
    await bide_yield();
    if (((struct odd *)(void *)stream)->closed)
        return -EBADF;
    strike();
    return 1;
}

ODD(ssize_t, odd_read, bide_stream *stream, void *buffer, size_t size)
{
    if (size == 0)
        return 0;
    *(char *)buffer = 'x';
    return await transfer(stream);
}

ODD(ssize_t, odd_write, bide_stream *stream, const void *data, size_t size)
{
    (void)data, (void)size;
    return await transfer(stream);
}

static int odd_shutdown(bide_stream *stream)
{
    (void)stream;
    return 0;
}

static int odd_fd(const bide_stream *stream)
{
    (void)stream;
    return -EBADF;
}

static const struct bide__stream_ops odd_ops = {
    .read = &bide__desc_odd_read,
    .write = &bide__desc_odd_write,
    .read_exactly = &bide__desc_bide__any_read_exactly,
    .write_all = &bide__desc_bide__any_write_all,
    .readv = &bide__desc_bide__any_readv,
    .writev = &bide__desc_bide__any_writev,
    .shutdown = odd_shutdown,
    .shutdown_read = odd_shutdown,
    .close = odd_close,
    .hold = odd_hold,
    .let_go = odd_let_go,
    .fd = odd_fd,
};

static bide_stream *odd_new(void)
{
    struct odd *o = malloc(sizeof *o);
    CHECK(o != NULL);
    *o = (struct odd){{&odd_ops}, 1, false};
    return &o->base;
}

/* ---- the streams ---- */

enum kind { ITSELF, LIMIT, CHAIN_FIRST, CHAIN_SECOND, JOIN, HALVES, ITEMS, KINDS };

static bide_bytes item_of(int n)
{
    (void)n;
    strike();
    return (bide_bytes){(char *)(uintptr_t) "x", 1};
}

/* What is closed is *stream, and for the halves the other one too. *rest: the streams in it that
 * belong to the caller. */
static bide_stream *made(enum kind kind, bool writes, bide_stream *rest[2])
{
    static const int numbers[100];
    bide_stream *stream = NULL, *other = NULL;
    rest[0] = rest[1] = NULL;
    switch (kind) {
    case LIMIT:
        rest[0] = odd_new();
        CHECK_EQ(bide_stream_limit(rest[0], 1000, &stream), 0);
        break;
    case CHAIN_FIRST:
    case CHAIN_SECOND:
        CHECK_EQ(bide_stream_null(&rest[0]), 0);
        rest[1] = odd_new();
        CHECK_EQ(bide_stream_chain(rest[kind == CHAIN_FIRST], rest[kind != CHAIN_FIRST], &stream),
                 0);
        break;
    case JOIN: CHECK_EQ(bide_stream_join(odd_new(), odd_new(), &stream), 0); break;
    case HALVES:
        if (writes)
            CHECK_EQ(bide_stream_split(odd_new(), &other, &stream), 0);
        else
            CHECK_EQ(bide_stream_split(odd_new(), &stream, &other), 0);
        break;
    case ITEMS:
        CHECK_EQ(
            bide_stream_of_iter(bide_iter_map(bide_iter_of_array(numbers, 100), item_of), &stream),
            0);
        break;
    default: stream = odd_new(); break;
    }
    victims[0] = stream;
    victims[1] = other;
    return stream;
}

/* ---- the functions ---- */

enum { SIZE = 64, MUCH = 1 << 22 };
static char bytes[MUCH]; /* more than anybody takes before the close */

static async int read_exactly(bide_stream *stream)
{
    return await bide_stream_read_exactly(stream, bytes, SIZE, NULL);
}

static async int read_line(bide_stream *stream)
{
    bide_reader *reader;
    char *line;
    CHECK_EQ(bide_reader_new(stream, SIZE, &reader), 0);
    int r = await bide_reader_line(reader, &line, NULL);
    bide_reader_free(reader);
    return r;
}

static async int peek(bide_stream *stream)
{
    bide_reader *reader;
    char *data;
    size_t size;
    CHECK_EQ(bide_reader_new(stream, SIZE, &reader), 0);
    int r = await bide_reader_peek(reader, 8, &data, &size);
    bide_reader_free(reader);
    return r;
}

static async int copy_from(bide_stream *stream)
{
    bide_stream *to;
    bide_copy *copy;
    CHECK_EQ(bide_stream_null(&to), 0);
    CHECK_EQ(bide_copy_new(stream, to, &copy), 0);
    int r = await bide_copy_run(copy, SIZE);
    bide_copy_free(copy);
    bide_stream_close(to);
    return r;
}

static async int reader_copy(bide_stream *stream)
{
    bide_stream *to;
    bide_reader *reader;
    CHECK_EQ(bide_stream_null(&to), 0);
    CHECK_EQ(bide_reader_new(stream, SIZE, &reader), 0);
    int r = await bide_reader_copy(reader, to, SIZE, NULL);
    bide_reader_free(reader);
    bide_stream_close(to);
    return r;
}

static async int write_all(bide_stream *stream)
{
    return await bide_stream_write_all(stream, bytes, SIZE, NULL);
}

static async int writev_all(bide_stream *stream)
{
    const struct iovec pieces[] = {{bytes, 2}, {bytes, 2}};
    return await bide_stream_writev_all(stream, pieces, 2, NULL);
}

static async int flush(bide_stream *stream)
{
    bide_writer *writer;
    CHECK_EQ(bide_writer_new(stream, SIZE, &writer), 0);
    CHECK_EQ(await bide_writer_write(writer, bytes, 8, NULL), 0);
    int r = await bide_writer_flush(writer);
    bide_writer_free(writer);
    return r;
}

static async int copy_to(bide_stream *stream)
{
    bide_stream *from;
    bide_copy *copy;
    CHECK_EQ(bide_stream_repeat('x', &from), 0);
    CHECK_EQ(bide_copy_new(from, stream, &copy), 0);
    int r = await bide_copy_run(copy, SIZE);
    bide_copy_free(copy);
    bide_stream_close(from);
    return r;
}

static async int copy_from_reader(bide_stream *stream)
{
    bide_stream *from;
    bide_reader *reader;
    CHECK_EQ(bide_stream_repeat('x', &from), 0);
    CHECK_EQ(bide_reader_new(from, SIZE, &reader), 0);
    int r = await bide_reader_copy(reader, stream, SIZE, NULL);
    bide_reader_free(reader);
    bide_stream_close(from);
    return r;
}

typedef bide_async_fn(int, bide_stream *) function;

static async void each(function call, bool writes)
{
    bide_stream *rest[2];
    for (enum kind kind = 0; kind < KINDS; kind++) {
        if (writes && (kind == CHAIN_FIRST || kind == CHAIN_SECOND || kind == ITEMS))
            continue;
        bide_stream *stream = made(kind, writes, rest);
        fprintf(stderr, "kind %d\n", (int)kind);
        CHECK_ERR(await (*call)(stream), -EBADF);
        CHECK(victims[0] == NULL && victims[1] == NULL);
        bide_stream_close(rest[0]);
        bide_stream_close(rest[1]);
    }
}

TEST(while_it_is_read)
{
    bide_block_on(each(bide_ref(read_exactly), false));
    bide_block_on(each(bide_ref(read_line), false));
    bide_block_on(each(bide_ref(peek), false));
    bide_block_on(each(bide_ref(copy_from), false));
    bide_block_on(each(bide_ref(reader_copy), false));
}

TEST(while_it_is_written)
{
    bide_block_on(each(bide_ref(write_all), true));
    bide_block_on(each(bide_ref(writev_all), true));
    bide_block_on(each(bide_ref(flush), true));
    bide_block_on(each(bide_ref(copy_to), true));
    bide_block_on(each(bide_ref(copy_from_reader), true));
}

/* Two copies: each passes the end on, here to what is closed. */
static async int both(void)
{
    bide_stream *from, *to = odd_new(), *back;
    bide_copy *copy, *other;
    CHECK_EQ(bide_stream_of_bytes("x", 1, &from), 0);
    CHECK_EQ(bide_stream_of_bytes("", 0, &back), 0);
    CHECK_EQ(bide_copy_new(from, to, &copy), 0);
    CHECK_EQ(bide_copy_new(back, from, &other), 0);
    victims[0] = to;
    CHECK_EQ(await bide_copy_both(copy, other), 0);
    bide_copy_free(copy);
    bide_copy_free(other);
    bide_stream_close(from);
    bide_stream_close(back);
    return 0;
}

TEST(while_both_directions_are_copied)
{
    CHECK_EQ(bide_block_on(both()), 0);
}

/* ---- files ---- */

static ssize_t read_a_byte(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
    (void)count, (void)offset, (void)flags;
    strike();
    return pread(fd, pieces->iov_base, 1, 0);
}

static ssize_t write_a_byte(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
    (void)count, (void)offset, (void)flags;
    strike();
    return pwrite(fd, pieces->iov_base, 1, 0);
}

static async int with_file(function call)
{
    bide_file *file;
    bide_file_options options = {.read = true, .write = true, .create = true};
    CHECK_EQ(await bide_file_open("closed_between.tmp", &options, &file), 0);
    CHECK_EQ(unlink("closed_between.tmp"), 0);
    CHECK_EQ(write(bide_file_fd(file), bytes, SIZE), SIZE);
    victims[0] = bide_file_stream(file);
    CHECK_ERR(await (*call)(victims[0]), -EBADF);
    CHECK(victims[0] == NULL);
    return 0;
}

TEST(of_a_file)
{
    bide_test_replace("preadv2", (void (*)(void))read_a_byte);
    bide_test_replace("pwritev2", (void (*)(void))write_a_byte);
    bide_block_on(with_file(bide_ref(read_exactly)));
    bide_block_on(with_file(bide_ref(read_line)));
    bide_block_on(with_file(bide_ref(write_all)));
    bide_block_on(with_file(bide_ref(writev_all)));
    bide_block_on(with_file(bide_ref(flush)));
}

/* ---- another worker closes ---- */

static void make_pair(bool in_memory, bide_stream *ends[2])
{
    int fd[2];
    if (in_memory) {
        CHECK_EQ(bide_stream_pair(4, &ends[0], &ends[1]), 0);
        return;
    }
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(bide_stream_open(fd[i], &ends[i]), 0);
}

static async int read_much(bide_stream *stream)
{
    return await bide_stream_read_exactly(stream, bytes, MUCH, NULL);
}

static async int read_long_line(bide_stream *stream)
{
    bide_reader *reader;
    char *line;
    CHECK_EQ(bide_reader_new(stream, MUCH, &reader), 0);
    int r = await bide_reader_line(reader, &line, NULL);
    bide_reader_free(reader);
    return r;
}

/* 4 GiB: the peer has not taken that when the stream is closed, however late this is. */
static async int write_much(bide_stream *stream)
{
    static struct iovec pieces[1000];
    for (int i = 0; i < 1000; i++)
        pieces[i] = (struct iovec){bytes, MUCH};
    return await bide_stream_writev_all(stream, pieces, 1000, NULL);
}

static async int copy_much(bide_stream *stream)
{
    bide_stream *from;
    bide_copy *copy;
    CHECK_EQ(bide_stream_repeat('x', &from), 0);
    CHECK_EQ(bide_copy_new(from, stream, &copy), 0);
    int r = await bide_copy_run(copy, BIDE_COPY_ALL);
    bide_copy_free(copy);
    bide_stream_close(from);
    return r;
}

static char sink[1 << 16];

/* The peer, as fast as it can. */
static async int serve(bide_stream *peer, bool writes)
{
    for (;;) {
        ssize_t n;
        if (writes)
            n = await bide_stream_read(peer, sink, sizeof sink);
        else
            n = await bide_stream_write(peer, sink, 1);
        if (n <= 0)
            return 0;
    }
}

static async int drive(bide_future(int) call)
{
    return await bide_get(call);
}

/* The call has begun when the stream is closed. */
static async int race(function call, bool in_memory, bool writes, int after)
{
    bide_stream *ends[2];
    int r = 1;
    make_pair(in_memory, ends);
    bide_future(int) begun = bide_lazy((*call)(ends[0]));
    await bide_select_biased((void)bide_get(begun), bide_yield());
    bide_task(int) caller = bide_spawn(drive(bide_move(begun)));
    bide_task(int) peer = bide_spawn(serve(ends[1], writes));
    for (int i = 0; i < after; i++)
        await bide_yield();
    bide_stream_close(ends[0]);
    CHECK_EQ(await bide_task_join(bide_move(caller), &r), 0);
    CHECK_ERR(r, -EBADF);
    CHECK_EQ(await bide_task_wait(bide_move(peer)), 0);
    bide_stream_close(ends[1]);
    return 0;
}

static async int races(bool in_memory)
{
    for (int i = 0; i < 200; i++) {
        await race(bide_ref(read_much), in_memory, false, i % 20);
        await race(bide_ref(read_long_line), in_memory, false, i % 20);
        await race(bide_ref(write_much), in_memory, true, i % 20);
        await race(bide_ref(copy_much), in_memory, true, i % 20);
    }
    return 0;
}

TEST_LIMIT(by_another_worker_a_pair, 60)
{
    bide_block_on(races(true));
}

TEST_LIMIT(by_another_worker_a_socket, 60)
{
    bide_block_on(races(false));
}
