/*
 * Copies: from readers and from streams, through the buffer and through a pipe in the kernel; both
 * ways, with the ends passed on; counts after errors and cancellations.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "failing.h"

/* client <-> left | the copy | right <-> server */
static bide_stream *client, *left, *right, *server;
static bide_copy *there, *back;

enum kind { PAIRS, SOCKETS, PIPES };

static void open_all(enum kind kind)
{
    switch (kind) {
    case PAIRS:
        CHECK_EQ(bide_stream_pair(64, &client, &left), 0);
        CHECK_EQ(bide_stream_pair(64, &right, &server), 0);
        break;
    case SOCKETS:
        CHECK_EQ(bide_unix_pair(&client, &left), 0);
        CHECK_EQ(bide_unix_pair(&right, &server), 0);
        break;
    default:
        CHECK_EQ(bide_pipe_new(&left, &client), 0);
        CHECK_EQ(bide_pipe_new(&server, &right), 0);
    }
    CHECK_EQ(bide_copy_new(left, right, &there), 0);
    CHECK_EQ(bide_copy_new(right, left, &back), 0);
}

static void close_all(void)
{
    bide_copy_free(there);
    bide_copy_free(back);
    bide_stream_close(client);
    bide_stream_close(left);
    bide_stream_close(right);
    bide_stream_close(server);
}

/* ---- much, one way ---- */

enum { MUCH = 3 << 20 };

static char much[MUCH];

static void fill(void)
{
    for (size_t i = 0; i < MUCH; i++)
        much[i] = (char)(i * i >> 7);
}

static async int send_much(bide_stream *to)
{
    return await bide_stream_write_all(to, much, MUCH, NULL);
}

static async int receive_much(bide_stream *from)
{
    static char part[50000];
    size_t at = 0;
    while (at < MUCH) {
        ssize_t n = await bide_stream_read(from, part, sizeof part);
        CHECK(n > 0);
        CHECK(memcmp(part, much + at, (size_t)n) == 0);
        at += (size_t)n;
    }
    return 0;
}

static async int much_one_way(enum kind kind, bool splices)
{
    int sent = -1, copied = -1, received = -1;
    open_all(kind);
    bide_test_watch();
    await bide_join(sent = send_much(client), copied = bide_copy_run(there, MUCH),
                    received = receive_much(server));
    CHECK(sent == 0 && copied == 0 && received == 0);
    CHECK_EQ(bide_copy_read(there), MUCH);
    CHECK_EQ(bide_copy_written(there), MUCH);
    CHECK_EQ(bide_test_calls("splice") > 0, splices);
    CHECK_EQ(bide_test_calls("splice_quiet") > 0, splices);
    close_all();
    return 0;
}

TEST(much_between_pairs)
{
    fill();
    CHECK_EQ(bide_block_on(much_one_way(PAIRS, false)), 0);
}

TEST(much_between_sockets_goes_through_the_kernel)
{
    fill();
    CHECK_EQ(bide_block_on(much_one_way(SOCKETS, true)), 0);
}

TEST(much_between_pipes_goes_through_the_kernel)
{
    fill();
    CHECK_EQ(bide_block_on(much_one_way(PIPES, true)), 0);
}

/* ---- connections ---- */

static async void connection(bide_stream **one, bide_stream **other)
{
    bide_tcp_listener *listener;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), one), 0);
    CHECK_EQ(await bide_tcp_accept(listener, other), 0);
    bide_tcp_listener_close(listener);
}

/* Each piece is there before the next one comes: so an io_uring driver receives it ahead. */
static async int send_slowly(bide_stream *to, bide_stream *from, size_t at, size_t pieces)
{
    char piece[100];
    for (size_t i = 0; i < pieces; i++, at += sizeof piece) {
        int r = await bide_stream_write_all(to, much + at, sizeof piece, NULL);
        CHECK_EQ(r, 0);
        r = await bide_stream_read_exactly(from, piece, sizeof piece, NULL);
        CHECK_EQ(r, 0);
        CHECK(memcmp(piece, much + at, sizeof piece) == 0);
    }
    return 0;
}

/* Little, much, and little again: what has been received ahead, and what is spliced, keep their
 * order. */
static async int little_and_much(void)
{
    int sent = -1, received = -1, r = -1;
    await connection(&client, &left);
    await connection(&right, &server);
    CHECK_EQ(bide_copy_new(left, right, &there), 0);
    bide_test_watch();
    bide_task(int) copy = bide_spawn(bide_copy_run(there, BIDE_COPY_ALL));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(await send_slowly(client, server, 0, 30), 0);
        await bide_join(sent = send_much(client), received = receive_much(server));
        CHECK(sent == 0 && received == 0);
    }
    CHECK_EQ(await send_slowly(client, server, 0, 30), 0);
    CHECK(bide_test_calls("splice") > 0);
    CHECK(bide_test_calls("splice_quiet") > 0);
    CHECK_EQ(bide_stream_shutdown(client), 0);
    CHECK_EQ(await bide_task_join(copy, &r), 0);
    CHECK_EQ(r, 0);
    CHECK_EQ(bide_copy_written(there), 3 * MUCH + 4 * 30 * 100);
    back = NULL;
    close_all();
    return 0;
}

TEST(connections_are_spliced_when_much_comes)
{
    fill();
    CHECK_EQ(bide_block_on(little_and_much()), 0);
}

/* Where splice(2) or pipe2(2) fails, the buffer goes on. */
static async int much_with_a_failure(const char *name, int error)
{
    int sent = -1, copied = -1, received = -1;
    open_all(SOCKETS);
    CHECK_EQ(bide_test_fail(name, 1, error, 0), 0);
    await bide_join(sent = send_much(client), copied = bide_copy_run(there, MUCH),
                    received = receive_much(server));
    CHECK(sent == 0 && copied == 0 && received == 0);
    CHECK(bide_test_failed(name) > 0);
    CHECK_EQ(bide_test_fail(name, 0, 0, 0), 0);
    close_all();
    return 0;
}

TEST(much_without_a_pipe)
{
    fill();
    CHECK_EQ(bide_block_on(much_with_a_failure("splice", -EINVAL)), 0);
    CHECK_EQ(bide_block_on(much_with_a_failure("splice_quiet", -EINVAL)), 0);
    CHECK_EQ(bide_block_on(much_with_a_failure("pipe2", -EMFILE)), 0);
}

/* An interrupted splice is made again; an error of it ends the copy, which can go on. */
static async int splice_errors(void)
{
    int sent = -1, received = -1, copied = -1;
    open_all(SOCKETS);
    CHECK_EQ(bide_test_fail("splice_quiet", 3, -EINTR, 2), 0);
    bide_task(int) sends = bide_spawn(send_much(client));
    bide_task(int) receives = bide_spawn(receive_much(server));
    CHECK_EQ(await bide_copy_run(there, MUCH / 2), 0);
    CHECK_EQ(bide_copy_written(there), MUCH / 2);
    CHECK_EQ(bide_test_fail("splice_quiet", 2, -EIO, 1), 0);
    CHECK_ERR(await bide_copy_run(there, MUCH), -EIO);
    CHECK(bide_copy_written(there) < bide_copy_read(there));
    copied = await bide_copy_run(there, MUCH);
    CHECK_EQ(await bide_task_join(sends, &sent), 0);
    CHECK_EQ(await bide_task_join(receives, &received), 0);
    CHECK(sent == 0 && copied == 0 && received == 0);
    close_all();
    return 0;
}

TEST(errors_of_splice)
{
    fill();
    CHECK_EQ(bide_block_on(splice_errors()), 0);
}

/* A peer that has gone: the error, no signal, and the counts. */
static async int peer_has_gone(void)
{
    int sent = -1, copied = 0;
    open_all(SOCKETS);
    bide_task(int) sends = bide_spawn(send_much(client));
    bide_task(int) copies = bide_spawn(bide_copy_run(there, BIDE_COPY_ALL));
    static char part[1 << 20];
    CHECK_EQ(await bide_stream_read_exactly(server, part, sizeof part, NULL), 0);
    bide_stream_close(server);
    server = NULL;
    CHECK_EQ(await bide_task_join(copies, &copied), 0);
    CHECK(copied == -EPIPE || copied == -ECONNRESET);
    CHECK(bide_copy_written(there) >= sizeof part);
    CHECK(bide_copy_read(there) >= bide_copy_written(there));
    uint64_t held = bide_copy_read(there) - bide_copy_written(there);
    CHECK_EQ(bide_copy_take(there, part, sizeof part), held);
    CHECK(memcmp(part, much + bide_copy_written(there) - held, held) == 0);
    CHECK_EQ(bide_copy_take(there, part, sizeof part), 0);
    bide_stream_close(left);
    left = NULL;
    CHECK_EQ(await bide_task_join(sends, &sent), 0);
    CHECK(sent < 0);
    close_all();
    return 0;
}

TEST(a_peer_that_has_gone)
{
    fill();
    CHECK_EQ(bide_block_on(peer_has_gone()), 0);
}

/* ---- both ways ---- */

static async int ask(void)
{
    char answer[32] = "";
    size_t done = 0;
    CHECK_EQ(await bide_stream_write_all(client, "question", 8, NULL), 0);
    CHECK_EQ(bide_stream_shutdown(client), 0);
    CHECK_ERR(await bide_stream_read_exactly(client, answer, 31, &done), -ENODATA);
    CHECK_STR(answer, "the answer");
    return 0;
}

/* It answers after the end of the question, which must have been passed on. */
static async int answer(void)
{
    char question[32] = "";
    size_t done = 0;
    CHECK_ERR(await bide_stream_read_exactly(server, question, 31, &done), -ENODATA);
    CHECK_STR(question, "question");
    await bide_sleep(BIDE_S(1));
    CHECK_EQ(await bide_stream_write_all(server, "the answer", 10, NULL), 0);
    bide_stream_close(server);
    server = NULL;
    return 0;
}

static async int both_ways(enum kind kind)
{
    int asked = -1, copied = -1, answered = -1;
    open_all(kind);
    await bide_join(asked = ask(), copied = bide_copy_both(there, back), answered = answer());
    CHECK(asked == 0 && copied == 0 && answered == 0);
    CHECK_EQ(bide_copy_written(there), 8);
    CHECK_EQ(bide_copy_written(back), 10);
    CHECK_EQ(await bide_copy_both(there, back), 0); /* they have ended */
    close_all();
    return 0;
}

TEST(both_ways_with_half_closes)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(both_ways(PAIRS)), 0);
    CHECK_EQ(bide_block_on(both_ways(SOCKETS)), 0);
}

/* An error of one direction ends both; the counts of both are right, and they can go on. */
static async int one_fails(void)
{
    char buffer[32] = "";
    open_all(PAIRS);
    CHECK_EQ(await bide_stream_write_all(client, "abc", 3, NULL), 0);
    CHECK_EQ(await bide_stream_write_all(server, "defg", 4, NULL), 0);
    bide_stream_shutdown_read(client); /* what comes back is not wanted */
    CHECK_ERR(await bide_copy_both(there, back), -EPIPE);
    CHECK_EQ(bide_copy_written(there), bide_copy_read(there));
    CHECK_EQ(bide_copy_read(back), 4);
    CHECK_EQ(bide_copy_written(back), 0);
    CHECK_EQ(bide_copy_take(back, buffer, 2), 2);
    CHECK_EQ(bide_copy_take(back, buffer + 2, 20), 2);
    CHECK_STR(buffer, "defg");
    CHECK_EQ(await bide_copy_run(there, 3), 0);
    CHECK_EQ(await bide_stream_read(server, buffer, 32), 3);
    close_all();
    return 0;
}

TEST(one_of_both_fails)
{
    CHECK_EQ(bide_block_on(one_fails()), 0);
}

/* ---- calls that are refused ---- */

static async int refused(void)
{
    bide_copy *none = there;
    char byte;
    CHECK_ERR(bide_copy_new(left, left, &none), -EINVAL);
    CHECK(none == NULL);
    open_all(PAIRS);
    bide_task(int) runs = bide_spawn(bide_copy_run(there, BIDE_COPY_ALL));
    await bide_yield();
    await bide_yield();
    CHECK_ERR(await bide_copy_run(there, 1), -EBUSY);
    CHECK_ERR(bide_copy_take(there, &byte, 1), -EBUSY);
    bide_task_abort(runs);
    CHECK_ERR(await bide_task_wait(runs), -ECANCELED);
    CHECK_EQ(await bide_copy_run(there, 0), 0);
    close_all();
    bide_copy_free(NULL);
    return 0;
}

TEST(one_call_at_a_time)
{
    CHECK_EQ(bide_block_on(refused()), 0);
}

/* ---- from readers ---- */

static async int from_a_reader(void)
{
    char buffer[32] = "", *line;
    bide_reader *reader;
    bide_writer *writer;
    static uint64_t done;
    open_all(PAIRS);
    CHECK_EQ(bide_reader_new(left, 20, &reader), 0);
    CHECK_EQ(await bide_stream_write_all(client, "head\nbodytail\n", 14, NULL), 0);
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_EQ(await bide_reader_copy(reader, right, 4, &done), 0);
    CHECK_EQ(done, 4);
    CHECK_EQ(await bide_reader_copy(reader, right, 4, &done), 0); /* that was all */
    CHECK_EQ(await bide_stream_read(server, buffer, 32), 4);
    CHECK_STR(buffer, "body");
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "tail");

    /* To a writer, which is flushed as soon as nothing comes any more. */
    CHECK_EQ(bide_writer_new(right, 50, &writer), 0);
    CHECK_EQ(await bide_stream_write_all(client, "now", 3, NULL), 0);
    bide_task(int) copies =
        bide_spawn(bide_reader_copy_to_writer(reader, writer, BIDE_COPY_ALL, &done));
    CHECK_EQ(await bide_stream_read(server, buffer, 32), 3);
    CHECK_EQ(await bide_stream_write_all(client, "later", 5, NULL), 0);
    CHECK_EQ(await bide_stream_read(server, buffer, 32), 5);
    bide_stream_shutdown(client);
    int r = -1;
    CHECK_EQ(await bide_task_join(copies, &r), 0);
    CHECK_EQ(r, 0);
    CHECK_EQ(done, 12);

    bide_stream_shutdown_read(server);
    bide_stream *more;
    CHECK_EQ(bide_stream_of_bytes("more", 4, &more), 0);
    bide_reader_free(reader);
    CHECK_EQ(bide_reader_new(more, 20, &reader), 0);
    done = 0;
    CHECK_ERR(await bide_reader_copy(reader, right, BIDE_COPY_ALL, &done), -EPIPE);
    CHECK_EQ(done, 0);
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "more");
    bide_writer_free(writer);
    bide_reader_free(reader);
    bide_stream_close(more);
    close_all();
    return 0;
}

TEST(copies_from_a_reader)
{
    CHECK_EQ(bide_block_on(from_a_reader()), 0);
}

/* ---- without memory ---- */

static async int copy_some(void)
{
    bide_stream *bytes = NULL, *null = NULL;
    bide_copy *copy = NULL;
    defer {
        bide_copy_free(copy);
        bide_stream_close(bytes);
        bide_stream_close(null);
    }
    int r = bide_stream_of_bytes(much, MUCH, &bytes);
    if (r == 0)
        r = bide_stream_null(&null);
    if (r == 0)
        r = bide_copy_new(bytes, null, &copy);
    if (r == 0)
        r = await bide_copy_run(copy, BIDE_COPY_ALL);
    if (r == 0)
        CHECK_EQ(bide_copy_written(copy), MUCH);
    return r;
}

/* Only the first buffer is needed; without memory for a larger one it goes on. */
TEST(each_allocation_fails)
{
    bool failed = true;
    unsigned nth = 0;
    while (failed) {
        alloc_fails(++nth);
        int r = bide_block_on(copy_some());
        failed = bide_test_failed("alloc") > 0;
        CHECK(r == 0 || (failed && r == -ENOMEM));
    }
    CHECK(nth > 5);
}
