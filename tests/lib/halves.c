/*
 * One direction of a stream: peeking, the end of reading, halves that two tasks own, and a reset in
 * place of a close. For connections, and for pairs in memory where those can do it.
 */
#define BIDE_TEST_NO_MAIN
#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/test.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cancel.h"
#include "check.h"
#include "failing.h"

/* All that is lent here is joined. */
#pragma GCC diagnostic ignored "-Wbide-borrow"

static bide_stream *near, *far;

static async int connect_both(void)
{
    bide_tcp_listener *listener;
    CHECK_EQ(bide_tcp_listen("127.0.0.1", 0, &listener), 0);
    defer {
        bide_tcp_listener_close(listener);
    }
    CHECK_EQ(await bide_tcp_connect("127.0.0.1", (uint16_t)bide_tcp_port(listener), &near), 0);
    CHECK_EQ(await bide_tcp_accept(listener, &far), 0);
    return 0;
}

static async int open_both(bool in_memory)
{
    if (!in_memory)
        return await connect_both();
    return bide_stream_pair(700, &near, &far);
}

static void close_both(void)
{
    bide_stream_close(near);
    bide_stream_close(far);
    near = far = NULL;
}

static async int writes(bide_stream *s, const char *text)
{
    return await bide_stream_write_all(s, text, strlen(text), NULL);
}

static async int reads(bide_stream *s, const char *expected)
{
    char buffer[100] = "";
    int r = await bide_stream_read_exactly(s, buffer, strlen(expected), NULL);
    CHECK_STR(buffer, expected);
    return r;
}

static async ssize_t reads_one(bide_stream *s)
{
    char c;
    return await bide_stream_read(s, &c, 1);
}

/* ---- peek ---- */

static async ssize_t peeks(bide_stream *s, char *buffer, size_t size)
{
    memset(buffer, 0, size);
    return await bide_tcp_peek(s, buffer, size);
}

static async int peeking(void)
{
    static char buffer[16];
    ssize_t n = 1;
    await connect_both();
    CHECK_EQ(await bide_tcp_peek(near, buffer, 0), 0);

    /* It waits, like a read, and takes nothing. */
    await bide_join(n = peeks(near, buffer, sizeof buffer), ({
                        CHECK_ERR(await reads_one(near), -EBUSY);
                        CHECK_ERR(await bide_tcp_peek(near, &(char){0}, 1), -EBUSY);
                        CHECK_EQ(await writes(far, "hello"), 0);
                    }));
    CHECK_EQ(n, 5);
    CHECK_STR(buffer, "hello");
    CHECK_EQ(await peeks(near, buffer, 3), 3);
    CHECK_EQ(await reads(near, "he"), 0);
    CHECK_EQ(await peeks(near, buffer, sizeof buffer), 3);
    CHECK_STR(buffer, "llo");
    CHECK_EQ(await reads(near, "llo"), 0);

    CHECK_ERR(await bide_timeout(BIDE_MS(1), n = peeks(near, buffer, 1)), -ETIMEDOUT);
    CHECK_EQ(bide_stream_shutdown(far), 0);
    CHECK_EQ(await peeks(near, buffer, 1), 0);
    CHECK_EQ(await reads_one(near), 0);
    close_both();
    return 0;
}

TEST(a_peek_takes_nothing)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(peeking()), 0);
}

static async int peek_errors(void)
{
    static char buffer[4];
    ssize_t n = 1;
    int ends[2];
    bide_stream *pipe_end;
    await connect_both();
    bide_tcp_abort(far);
    far = NULL;
    CHECK_ERR(await peeks(near, buffer, 1), -ECONNRESET);
    close_both();

    await connect_both();
    bide_task(ssize_t) task = bide_spawn(peeks(near, buffer, sizeof buffer));
    await bide_yield();
    await bide_yield();
    bide_stream_close(near);
    near = NULL;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_ERR(n, -EBADF);
    close_both();

    CHECK_EQ(bide_stream_pair(10, &near, &far), 0);
    CHECK_ERR(await peeks(near, buffer, 1), -ENOTSOCK);
    close_both();
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(bide_stream_open(ends[0], &pipe_end), 0);
    n = 0; /* also while there is nothing to look at */
    CHECK_EQ(await bide_timeout(BIDE_S(5), n = peeks(pipe_end, buffer, 1)), 0);
    CHECK_ERR(n, -ENOTSOCK);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_ERR(await peeks(pipe_end, buffer, 1), -ENOTSOCK);
    bide_stream_close(pipe_end);
    close(ends[1]);
    return 0;
}

TEST(a_peek_fails_like_a_read)
{
    CHECK_EQ(bide_block_on(peek_errors()), 0);
}

static int interruptions;

static ssize_t interrupted_recv(int fd, void *buffer, size_t size, int flags)
{
    if (interruptions++ % 2 == 0)
        return -EINTR;
    ssize_t n = recv(fd, buffer, size, flags);
    return n < 0 ? -errno : n;
}

static async int interrupted_peek(void)
{
    static char buffer[4];
    await connect_both();
    CHECK_EQ(await writes(far, "abc"), 0);
    CHECK_EQ(await peeks(near, buffer, sizeof buffer), 3);
    close_both();
    return 0;
}

TEST(a_peek_goes_on_after_an_interruption)
{
    bide_test_replace("recv", (void (*)(void))interrupted_recv);
    CHECK_EQ(bide_block_on(interrupted_peek()), 0);
}

static async int peek_from_outside(void)
{
    CHECK_ERR(await bide_tcp_peek(near, &(char){0}, 1), -EXDEV);
    return 0;
}

TEST(a_peek_on_another_runtime)
{
    bide_runtime *other;
    CHECK_EQ(bide_runtime_new(NULL, &other), 0);
    bide_runtime *before = bide_runtime_enter(other);
    CHECK_EQ(bide_block_on(connect_both()), 0);
    bide_runtime_enter(before);
    CHECK_EQ(bide_block_on(peek_from_outside()), 0);
    close_both();
    CHECK_EQ(bide_runtime_free(other), 0);
}

/* ---- a reset ---- */

static async int aborts(void)
{
    ssize_t n = 0;
    await connect_both();
    bide_task(ssize_t) task = bide_spawn(reads_one(near));
    await bide_yield();
    bide_tcp_abort(far);
    far = NULL;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_ERR(n, -ECONNRESET);
    CHECK_ERR(await writes(near, "x"), -EPIPE);
    close_both();
    bide_tcp_abort(NULL);

    await connect_both(); /* by another way */
    bide_test_fail("connect", 1, -EBUSY, 1);
    bide_tcp_abort(far);
    far = NULL;
    CHECK_ERR(await reads_one(near), -ECONNRESET);
    close_both();

    CHECK_EQ(bide_stream_pair(10, &near, &far), 0); /* just closed */
    bide_tcp_abort(far);
    far = NULL;
    CHECK_EQ(await reads_one(near), 0);
    close_both();
    return 0;
}

TEST(an_abort_resets_the_connection)
{
    CHECK_EQ(bide_block_on(aborts()), 0);
}

/* ---- the end of reading ---- */

static async int ends_reading(bool in_memory)
{
    ssize_t n = 1;
    await open_both(in_memory);
    CHECK_EQ(await writes(far, "rest"), 0);
    bide_task(ssize_t) task = bide_spawn(bide_stream_read(near, &(char[4]){0}, 4));
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 4);
    task = bide_spawn(reads_one(near)); /* it waits */
    for (int i = 0; i < 3; i++)
        await bide_yield();
    CHECK_EQ(bide_stream_shutdown_read(near), 0);
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(await reads_one(near), 0);
    CHECK_EQ(await writes(near, "on"), 0); /* the other direction is as it was */
    CHECK_EQ(await reads(far, "on"), 0);
    if (in_memory)
        CHECK_ERR(await writes(far, "x"), -EPIPE);
    close_both();

    /* What has arrived can still be read. */
    await open_both(in_memory);
    CHECK_EQ(await writes(far, "rest"), 0);
    if (!in_memory)
        CHECK_EQ(await bide_tcp_peek(near, &(char){0}, 1), 1);
    CHECK_EQ(bide_stream_shutdown_read(near), 0);
    CHECK_EQ(await reads(near, "rest"), 0);
    CHECK_EQ(await reads_one(near), 0);
    close_both();
    return 0;
}

TEST(reading_ends)
{
    CHECK_EQ(bide_block_on(ends_reading(false)), 0);
    CHECK_EQ(bide_block_on(ends_reading(true)), 0);
}

TEST(what_is_no_socket_cannot_be_shut_down)
{
    int ends[2];
    bide_stream *s, *reader, *writer;
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(bide_stream_open(ends[0], &s), 0);
    CHECK_ERR(bide_stream_shutdown_read(s), -ENOTSOCK);
    reader = writer = s;
    CHECK_ERR(bide_stream_split(s, &reader, &writer), -ENOTSOCK);
    CHECK(reader == NULL && writer == NULL);
    bide_stream_close(s);
    close(ends[1]);
}

static async int script_ends(void)
{
    bide_stream *s;
    CHECK_EQ(bide_test_stream(BIDE_TEST_STEPS(BIDE_TEST_READ("ab"), BIDE_TEST_READ("cd")), &s), 0);
    CHECK_EQ(await reads(s, "a"), 0);
    CHECK_EQ(bide_stream_shutdown_read(s), 0);
    CHECK_EQ(await reads_one(s), 0);
    bide_stream_close(s);
    return 0;
}

TEST(a_scripted_peer_is_not_read_to_the_end)
{
    CHECK_EQ(bide_block_on(script_ends()), 0);
}

/* ---- halves ---- */

static async int writer_closes_first(bool in_memory)
{
    bide_stream *in, *out, *more;
    await open_both(in_memory);
    int fd = bide_stream_fd(near);
    CHECK_EQ(bide_stream_split(near, &in, &out), 0);
    near = NULL;
    CHECK_EQ(bide_stream_fd(in), fd);
    CHECK_EQ(bide_stream_fd(out), fd);
    CHECK_ERR(bide_stream_split(in, &more, &more), -EINVAL);

    CHECK_EQ(await writes(out, "ping"), 0);
    CHECK_EQ(await bide_stream_write(out, "!", 1), 1);
    CHECK_EQ(await reads(far, "ping!"), 0);
    CHECK_EQ(await writes(far, "pong"), 0);
    CHECK_EQ(await reads(in, "pon"), 0);
    CHECK_EQ(await reads_one(in), 1);

    CHECK_ERR(await bide_stream_read(out, &(char){0}, 1), -EBADF);
    CHECK_ERR(await bide_stream_read_exactly(out, &(char){0}, 1, NULL), -EBADF);
    CHECK_ERR(await bide_stream_write(in, "x", 1), -EBADF);
    CHECK_ERR(await writes(in, "x"), -EBADF);
    CHECK_ERR(bide_stream_shutdown(in), -EBADF);
    CHECK_ERR(bide_stream_shutdown_read(out), -EBADF);

    bide_stream_close(out);
    CHECK_EQ(await reads_one(far), 0); /* the peer sees the end, */
    CHECK_EQ(await writes(far, "late"), 0);
    CHECK_EQ(await reads(in, "late"), 0); /* and reading goes on */
    if (fd >= 0)
        CHECK(fcntl(fd, F_GETFD) >= 0);
    bide_stream_close(in);
    for (int i = 0; fd >= 0 && i < 1000 && fcntl(fd, F_GETFD) >= 0; i++)
        await bide_sleep(BIDE_MS(1)); /* the driver may let go of it a moment later */
    if (fd >= 0)
        CHECK(fcntl(fd, F_GETFD) < 0);
    close_both();
    return 0;
}

static async int reader_closes_first(bool in_memory)
{
    bide_stream *in, *out;
    await open_both(in_memory);
    CHECK_EQ(bide_stream_split(near, &in, &out), 0);
    near = NULL;
    bide_stream_close(in);
    CHECK_EQ(await writes(out, "more"), 0);
    CHECK_EQ(await reads(far, "more"), 0);
    CHECK_EQ(bide_stream_shutdown(out), 0);
    CHECK_EQ(await reads_one(far), 0);
    bide_stream_close(out);
    if (in_memory)
        CHECK_ERR(await writes(far, "x"), -EPIPE);
    close_both();
    return 0;
}

TEST(halves_are_closed_each_by_itself)
{
    for (int in_memory = 0; in_memory < 2; in_memory++) {
        CHECK_EQ(bide_block_on(writer_closes_first(in_memory)), 0);
        CHECK_EQ(bide_block_on(reader_closes_first(in_memory)), 0);
    }
}

static async ssize_t fills(bide_stream *s)
{
    static char data[1 << 16];
    ssize_t n = 1;
    while (n > 0)
        n = await bide_stream_write(s, data, sizeof data);
    return n;
}

/* A task waits on a half that another one closes. */
static async int closed_under_a_call(bool in_memory)
{
    bide_stream *in, *out;
    ssize_t n = 1;
    await open_both(in_memory);
    CHECK_EQ(bide_stream_split(near, &in, &out), 0);
    near = NULL;
    bide_task(ssize_t) reader = bide_spawn(reads_one(in));
    bide_task(ssize_t) writer = bide_spawn(fills(out));
    await bide_sleep(BIDE_MS(50)); /* virtual: both wait now */
    bide_stream_close(in);
    CHECK_EQ(await bide_task_join(reader, &n), 0);
    CHECK_EQ(n, 0);
    CHECK(!bide_task_finished(writer));
    bide_stream_close(out);
    CHECK_EQ(await bide_task_join(writer, &n), 0);
    CHECK(n == -EPIPE || n == -EBADF); /* the second: the close was the last one */
    close_both();

    await open_both(in_memory);
    CHECK_EQ(bide_stream_split(near, &in, &out), 0);
    near = NULL;
    writer = bide_spawn(fills(out));
    await bide_sleep(BIDE_MS(50));
    bide_stream_close(out);
    CHECK_EQ(await bide_task_join(writer, &n), 0);
    CHECK_ERR(n, -EPIPE);
    bide_stream_close(in);
    close_both();
    return 0;
}

TEST(a_call_ends_when_its_half_is_closed)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(closed_under_a_call(false)), 0);
    CHECK_EQ(bide_block_on(closed_under_a_call(true)), 0);
}

/* A half is a stream for whatever takes one: lines, a peek, a task of its own. */
static async int lines_of_a_half(void)
{
    bide_stream *in, *out;
    bide_reader *reader;
    char *line, c = 0;
    ssize_t n = 0;
    await connect_both();
    CHECK_EQ(bide_stream_split(near, &in, &out), 0);
    near = NULL;
    CHECK_EQ(await writes(far, "one\ntwo\nx"), 0);
    CHECK_EQ(await bide_tcp_peek(in, &c, 1), 1);
    CHECK_EQ(c, 'o');
    CHECK_ERR(await bide_tcp_peek(out, &c, 1), -ENOTSOCK);
    CHECK_EQ(bide_reader_new(in, 10, &reader), 0);
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "one");
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "two");
    bide_reader_free(reader);
    bide_task(ssize_t) task = bide_spawn(reads_one(in)); /* the root of a task */
    CHECK_EQ(await writes(far, "y"), 0);
    CHECK_EQ(await bide_task_join(task, &n), 0);
    task = bide_spawn(bide_stream_read(in, &c, 1));
    CHECK_EQ(await writes(far, "z"), 0);
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_EQ(n, 1);
    task = bide_spawn(bide_stream_read(out, &c, 1));
    CHECK_EQ(await bide_task_join(task, &n), 0);
    CHECK_ERR(n, -EBADF);
    bide_tcp_abort(out);
    CHECK_ERR(await reads_one(far), -ECONNRESET);
    CHECK_ERR(await reads_one(in), -ECONNRESET);
    bide_stream_close(in);
    close_both();
    return 0;
}

TEST(a_half_is_a_stream)
{
    CHECK_EQ(bide_block_on(lines_of_a_half()), 0);
}

static int make_halves(void)
{
    bide_stream *in = (bide_stream *)1, *out = in;
    int r = bide_stream_split(near, &in, &out);
    CHECK((in == NULL) == (r < 0) && (out == NULL) == (r < 0));
    if (r == 0)
        near = in, far = out;
    return r;
}

TEST(without_memory_a_stream_stays_whole)
{
    CHECK_EQ(bide_stream_pair(10, &near, &far), 0);
    bide_stream *other = far, *whole = near;
    bide_test_fail("alloc", 1, -ENOMEM, 1);
    CHECK_ERR(make_halves(), -ENOMEM);
    CHECK(near == whole);
    CHECK_EQ(make_halves(), 0);
    close_both();
    bide_stream_close(other);
}

/* ---- two tasks, on whichever workers they are ---- */

enum { BYTES = 200000 };

static async int pours(bide_stream *s)
{
    unsigned char data[997];
    size_t sent = 0;
    defer {
        bide_stream_close(s);
    }
    while (sent < BYTES) {
        size_t n = BYTES - sent < sizeof data ? BYTES - sent : sizeof data;
        for (size_t i = 0; i < n; i++)
            data[i] = (unsigned char)((sent + i) * 7);
        CHECK_EQ(await bide_stream_write_all(s, data, n, NULL), 0);
        sent += n;
    }
    return 0;
}

static async int drinks(bide_stream *s)
{
    unsigned char data[1500];
    size_t got = 0;
    defer {
        bide_stream_close(s);
    }
    for (;;) {
        ssize_t n = await bide_stream_read(s, data, sizeof data);
        CHECK(n >= 0);
        if (n == 0)
            break;
        for (size_t i = 0; i < (size_t)n; i++)
            CHECK_EQ(data[i], (unsigned char)((got + i) * 7));
        got += (size_t)n;
    }
    CHECK_EQ(got, (size_t)BYTES);
    return 0;
}

static async int four_tasks(bool in_memory)
{
    bide_stream *in[2], *out[2];
    await open_both(in_memory);
    CHECK_EQ(bide_stream_split(near, &in[0], &out[0]), 0);
    CHECK_EQ(bide_stream_split(far, &in[1], &out[1]), 0);
    near = far = NULL;
    bide_scope(s) {
        for (int i = 0; i < 2; i++) {
            bide_scope_spawn(s, pours(out[i]));
            bide_scope_spawn(s, drinks(in[i]));
        }
    }
    return 0;
}

TEST_LIMIT(two_tasks_own_the_halves, 60)
{
    CHECK_EQ(bide_block_on(four_tasks(false)), 0);
    int before = open_descriptors();
    for (int i = 0; i < 10; i++)
        CHECK_EQ(bide_block_on(four_tasks(i % 2)), 0);
    for (int i = 0; i < 1000 && open_descriptors() > before; i++)
        bide_block_on(bide_sleep(BIDE_MS(1)));
    CHECK(open_descriptors() <= before);
}

/* ---- cancellation ---- */

async int half_calls(void *state);
extern const struct bide_fn bide__desc_half_calls;

async int half_calls(void *state)
{
    bide_stream *in = NULL, *out = NULL;
    char c[3];
    (void)state;
    defer {
        bide_stream_close(in);
        bide_stream_close(out);
        close_both();
    }
    await connect_both();
    int r = bide_stream_split(near, &in, &out);
    if (r < 0)
        return r;
    near = NULL;
    ssize_t n = 0;
    await bide_join(n = bide_tcp_peek(in, c, 3), r = writes(far, "abc"));
    if (r == 0)
        await bide_join(r = bide_stream_read_exactly(in, c, 3, NULL), n = writes(out, "d"));
    return r;
}

static int descriptors;

static void before_calls(void *state)
{
    (void)state;
    descriptors = open_descriptors();
}

static void nothing_stays_open(void *state, const struct cancel_run *run)
{
    (void)state;
    if (run->error != 0)
        CHECK_ERR(run->error, run->room_size > 0 ? -ENOMEM : -ECANCELED);
    CHECK(descriptors_become(descriptors));
}

TEST(calls_on_halves_are_cancelled_anywhere)
{
    CHECK_EQ(bide_block_on(half_calls(NULL)), 0);
    cancel_everywhere(&bide__desc_half_calls, NULL, before_calls, nothing_stays_open);
}
