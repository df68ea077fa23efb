/*
 * An operation that waits on an object ends at once with -EBADF when the object is closed: accepts
 * that wait or pause, reads and writes on descriptors and on pairs in memory, calls on readers.
 * Time is virtual, so a wait that went on would be noticed.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static bide_stream *one, *other;
static bide_tcp_listener *listener;
static bide_reader *reader;
static char bytes[1 << 20];

static async int result_of(bide_task(int) task)
{
    int n = 1;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    return n;
}

/* ---- listeners ---- */

static async int accept_one(void)
{
    bide_stream *s = NULL;
    int n = await bide_tcp_accept(listener, &s);
    CHECK(s == NULL);
    return n;
}

/* The accept has paused for `ms` before the listener is closed. */
static async int close_in_pause(int ms)
{
    bide_stream *s = NULL;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &s), 0);
    CHECK_EQ(bide_test_fail("accept4", 1, -EMFILE, 0), 0);
    bide_task(int) task = bide_spawn(accept_one());
    await bide_sleep(BIDE_MS(ms));
    CHECK(bide_test_failed("accept4") > 0);
    bide_instant start = bide_now();
    bide_tcp_listener_close(listener);
    CHECK_ERR(await result_of(bide_move(task)), -EBADF);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    CHECK_EQ(bide_test_fail("accept4", 0, -EMFILE, 0), 0);
    bide_stream_close(s);
    return 0;
}

static async int abort_then_close(void)
{
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    bide_stream *s = NULL;
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &s), 0);
    CHECK_EQ(bide_test_fail("accept4", 1, -EMFILE, 0), 0);
    CHECK_ERR(await bide_timeout(BIDE_MS(300), accept_one()), -ETIMEDOUT);
    /* One accept that goes on later, and one in a future that nobody drives. */
    bide_future(int) f = bide_lazy(accept_one());
    CHECK_ERR(await bide_timeout(BIDE_MS(300), bide_get(f)), -ETIMEDOUT);
    bide_tcp_listener_close(listener);
    CHECK_ERR(await bide_get(f), -EBADF);
    CHECK_EQ(bide_test_fail("accept4", 0, -EMFILE, 0), 0);
    bide_stream_close(s);
    return 0;
}

static async int listeners(void)
{
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    bide_task(int) task = bide_spawn(accept_one());
    await bide_sleep(BIDE_MS(1));
    bide_tcp_listener_close(listener);
    CHECK_ERR(await result_of(bide_move(task)), -EBADF);
    for (int ms = 1; ms < 20000; ms = ms * 3 + 1)
        await close_in_pause(ms);
    await abort_then_close();
    return 0;
}

TEST(an_accept)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(listeners()), 0);
}

/* ---- streams ---- */

enum operation { READ, WRITE, READ_EXACTLY, WRITE_ALL, LINE, READER_READ, OPERATIONS };

static async int operate(enum operation what)
{
    char *line;
    size_t done = 0;
    switch (what) {
    case READ: return (int)await bide_stream_read(one, bytes, 4);
    case WRITE: return (int)await bide_stream_write(one, bytes, 4);
    case READ_EXACTLY: return await bide_stream_read_exactly(one, bytes, 4, &done);
    case WRITE_ALL: return await bide_stream_write_all(one, bytes, sizeof bytes, &done);
    case LINE: return await bide_reader_line(reader, &line, NULL);
    default: return (int)await bide_reader_read(reader, bytes, 4);
    }
}

static void make(bool in_memory)
{
    if (in_memory) {
        CHECK_EQ(bide_stream_pair(4, &one, &other), 0);
    } else {
        int fd[2];
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        CHECK_EQ(bide_stream_open(fd[0], &one), 0);
        CHECK_EQ(bide_stream_open(fd[1], &other), 0);
    }
    CHECK_EQ(bide_reader_new(one, 100, &reader), 0);
}

/* Fills the stream, so that a write has to wait. */
static async int fill(void)
{
    ssize_t n = 1;
    while (n > 0 &&
           await bide_timeout(BIDE_MS(1), n = bide_stream_write(one, bytes, sizeof bytes)) == 0)
        ;
    return n < 0 ? (int)n : 0;
}

/* Which ends are closed: the operation's own, or that one and then the other. */
enum order { OWN, OWN_THEN_OTHER, BOTH_ORDERS };

static async int close_under(enum operation what, bool in_memory, enum order order)
{
    make(in_memory);
    if (what == WRITE || what == WRITE_ALL)
        await fill();
    bide_task(int) task = bide_spawn(operate(what));
    await bide_sleep(BIDE_MS(1));
    bide_instant start = bide_now();
    bide_stream_close(one);
    if (order == OWN_THEN_OTHER)
        bide_stream_close(other);
    CHECK_ERR(await result_of(bide_move(task)), -EBADF);
    CHECK_EQ(bide_elapsed(start).ns, 0);
    bide_reader_free(reader);
    if (order != OWN_THEN_OTHER)
        bide_stream_close(other);
    return 0;
}

/* The operation has begun, but its turn has not come. */
static async int close_before_the_first_look(enum operation what)
{
    make(true);
    bide_future(int) f = bide_lazy(operate(what));
    if (what == WRITE || what == WRITE_ALL)
        await fill();
    await bide_timeout(BIDE_MS(0), bide_get(f));
    bide_stream_close(one);
    bide_stream_close(other);
    await bide_sleep(BIDE_MS(1));
    CHECK_ERR(await bide_get(f), -EBADF);
    bide_reader_free(reader);
    return 0;
}

static async int streams(void)
{
    for (int what = 0; what < OPERATIONS; what++) {
        for (int i = 0; i < 2 * BOTH_ORDERS; i++) {
            fprintf(stderr, "operation %d, %d\n", what, i);
            await close_under(what, i & 1, i >> 1);
        }
        await close_before_the_first_look(what);
    }
    return 0;
}

TEST(operations_on_streams)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(streams()), 0);
}

/* ---- readers ---- */

/* The reader is freed during a call, which ends when the stream has something or is closed. */
static async int free_under(enum operation what, bool in_memory, bool closed)
{
    make(in_memory);
    bide_task(int) task = bide_spawn(operate(what));
    await bide_sleep(BIDE_MS(1));
    bide_reader_free(reader);
    await bide_sleep(BIDE_MS(1));
    if (closed)
        bide_stream_close(one);
    else
        CHECK_EQ(await bide_stream_write_all(other, "ab\n", 3, NULL), 0);
    /* A read straight into the caller's buffer loses nothing. */
    CHECK_ERR(await result_of(bide_move(task)), closed || what == LINE ? -EBADF : 3);
    if (!closed)
        bide_stream_close(one);
    bide_stream_close(other);
    return 0;
}

/* The same with a call that is then cancelled. */
static async int free_and_abort(enum operation what)
{
    make(true);
    bide_task(int) task = bide_spawn(operate(what));
    await bide_sleep(BIDE_MS(1));
    bide_reader_free(reader);
    bide_task_abort(task);
    CHECK_ERR(await bide_task_wait(task), -ECANCELED);
    bide_stream_close(one);
    bide_stream_close(other);
    return 0;
}

static async int readers(void)
{
    for (int i = 0; i < 8; i++)
        await free_under(i & 1 ? LINE : READER_READ, i & 2, i & 4);
    await free_and_abort(LINE);
    await free_and_abort(READER_READ);
    return 0;
}

TEST(calls_on_readers)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(readers()), 0);
}
