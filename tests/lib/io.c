/*
 * bide/io.h: pairs in memory, pipes, exact reads and writes, lines.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static bide_stream *one, *other;

static void make_pair(size_t capacity)
{
    CHECK_EQ(bide_stream_pair(capacity, &one, &other), 0);
}

static void close_pair(void)
{
    bide_stream_close(one);
    bide_stream_close(other);
}

static async int put(bide_stream *s, const char *text)
{
    return await bide_stream_write_all(s, text, strlen(text), NULL);
}

static async int put_and_close(bide_stream *s, const char *text)
{
    int r = await put(s, text);
    bide_stream_close(s);
    return r;
}

/* ---- operations that are always ready let others run ---- */

enum { ALWAYS = 1000 };

static async int counts_turns(int *turns)
{
    for (;;) {
        ++*turns;
        await bide_yield();
    }
    return 0;
}

static async int writes_and_reads(void)
{
    char byte = 'x';
    for (int i = 0; i < ALWAYS; i++) {
        CHECK_EQ(await bide_stream_write(one, &byte, 1), 1);
        CHECK_EQ(await bide_stream_read(other, &byte, 1), 1);
    }
    return 0;
}

static async int reads_lines(bide_reader *reader)
{
    char *line;
    for (int i = 0; i < ALWAYS; i++)
        CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    return 0;
}

static async int reads_bytes(bide_reader *reader)
{
    char byte;
    for (int i = 0; i < ALWAYS; i++)
        CHECK_EQ(await bide_reader_read(reader, &byte, 1), 1);
    return 0;
}

static async int beside_others(void)
{
    char text[2 * ALWAYS + 1];
    bide_reader *reader;
    static int turns;
    int before;
    memset(text, '\n', sizeof text);
    make_pair(sizeof text);
    CHECK_EQ(bide_reader_new(other, sizeof text, &reader), 0);
    bide_task(int) others = bide_spawn(counts_turns(&turns));
    await bide_yield();

    before = turns;
    CHECK_EQ(await writes_and_reads(), 0);
    CHECK(turns - before >= 2 * ALWAYS / 128 - 1);
    CHECK_EQ(await bide_stream_write(one, text, sizeof text), sizeof text);
    bide_stream_close(one);
    /* The reader reads as much from the stream as its buffer holds. */
    before = turns;
    CHECK_EQ(await reads_lines(reader), 0);
    CHECK(turns - before >= ALWAYS / 128 - 1);
    before = turns;
    CHECK_EQ(await reads_bytes(reader), 0);
    CHECK(turns - before >= ALWAYS / 128 - 1);

    bide_task_abort(others);
    CHECK_ERR(await bide_task_wait(others), -ECANCELED);
    bide_reader_free(reader);
    bide_stream_close(other);
    return 0;
}

TEST(what_is_always_ready_lets_others_run)
{
    CHECK_EQ(bide_block_on(beside_others()), 0);
}

/* ---- pairs ---- */

static async int read_and_write(void)
{
    char buffer[16] = "";
    CHECK_EQ(await bide_stream_write(one, "abcdef", 6), 6);
    CHECK_EQ(await bide_stream_read(other, buffer, 2), 2);
    CHECK_EQ(await bide_stream_read(other, buffer + 2, sizeof buffer - 2), 4);
    CHECK_STR(buffer, "abcdef");
    CHECK_EQ(await bide_stream_write(other, "back", 4), 4);
    CHECK_EQ(await bide_stream_read(one, buffer, 4), 4);
    CHECK_EQ(memcmp(buffer, "back", 4), 0);
    CHECK_EQ(await bide_stream_read(one, buffer, 0), 0);
    CHECK_EQ(await bide_stream_write(one, buffer, 0), 0);
    CHECK_ERR(bide_stream_fd(one), -EBADF);
    return 0;
}

TEST(a_pair_carries_bytes_both_ways)
{
    make_pair(8);
    CHECK_EQ(bide_block_on(read_and_write()), 0);
    close_pair();
    CHECK_ERR(bide_stream_pair(0, &one, &other), -EINVAL);
    CHECK_ERR(bide_stream_pair(SIZE_MAX, &one, &other), -EINVAL);
    bide_stream_close(NULL);
}

static async int round_the_ring(void)
{
    char in[16] = "", out[16];
    for (int i = 0; i < 50; i++) {
        snprintf(out, sizeof out, "%05d", i % 100000);
        CHECK_EQ(await bide_stream_write(one, out, 5), 5);
        CHECK_EQ(await bide_stream_read(other, in, 5), 5);
        CHECK_STR(in, out);
    }
    return 0;
}

TEST(a_ring_goes_round)
{
    make_pair(7);
    CHECK_EQ(bide_block_on(round_the_ring()), 0);
    close_pair();
}

static async int ends(void)
{
    char buffer[4];
    CHECK_EQ(await bide_stream_write(one, "ab", 2), 2);
    CHECK_EQ(bide_stream_shutdown(one), 0);
    CHECK_ERR(await bide_stream_write(one, "c", 1), -EPIPE);
    CHECK_EQ(await bide_stream_read(other, buffer, 4), 2);
    CHECK_EQ(await bide_stream_read(other, buffer, 4), 0);
    CHECK_EQ(await bide_stream_write(other, "x", 1), 1);
    CHECK_EQ(await bide_stream_read(one, buffer, 4), 1);
    bide_stream_close(one);
    CHECK_ERR(await bide_stream_write(other, "x", 1), -EPIPE);
    bide_stream_close(other);
    return 0;
}

TEST(the_end_is_read_after_what_was_written)
{
    make_pair(8);
    CHECK_EQ(bide_block_on(ends()), 0);
}

static async int read_waits(void)
{
    static char buffer[4];
    bide_task(ssize_t) waiting = bide_spawn(bide_stream_read(one, buffer, 4));
    ssize_t n = 0;
    await bide_yield();
    CHECK(!bide_task_finished(waiting));
    CHECK_ERR(await bide_stream_read(one, buffer, 4), -EBUSY);
    CHECK_EQ(await put(other, "hi"), 0);
    CHECK_EQ(await bide_task_join(waiting, &n), 0);
    CHECK_EQ(n, 2);

    waiting = bide_spawn(bide_stream_read(one, buffer, 4));
    await bide_yield();
    bide_stream_close(other);
    CHECK_EQ(await bide_task_join(waiting, &n), 0);
    CHECK_EQ(n, 0);
    bide_stream_close(one);
    return 0;
}

TEST(a_read_waits_for_bytes_or_the_end)
{
    make_pair(8);
    CHECK_EQ(bide_block_on(read_waits()), 0);
}

static async int write_waits(void)
{
    char buffer[8];
    static size_t done;
    ssize_t n = 0;
    bide_task(int) all = bide_spawn(bide_stream_write_all(one, "0123456789", 10, &done));
    int r = 1;
    await bide_yield();
    CHECK_EQ(done, 4);
    CHECK_ERR(await bide_stream_write(one, "x", 1), -EBUSY);
    CHECK_EQ(await bide_stream_read(other, buffer, 8), 4);
    CHECK_EQ(await bide_stream_read_exactly(other, buffer, 6, NULL), 0);
    CHECK_EQ(memcmp(buffer, "456789", 6), 0);
    CHECK_EQ(await bide_task_join(all, &r), 0);
    CHECK_EQ(r, 0);
    CHECK_EQ(done, 10);

    CHECK_EQ(await put(one, "full"), 0);
    bide_task(ssize_t) waiting = bide_spawn(bide_stream_write(one, "x", 1));
    await bide_yield();
    bide_stream_close(other);
    CHECK_EQ(await bide_task_join(waiting, &n), 0);
    CHECK_ERR(n, -EPIPE);
    bide_stream_close(one);
    return 0;
}

TEST(a_write_waits_for_room_or_the_end)
{
    make_pair(4);
    CHECK_EQ(bide_block_on(write_waits()), 0);
}

/* ---- exactly ---- */

static async int exactly(void)
{
    char buffer[8] = "";
    size_t done = 0;
    CHECK_EQ(await put(one, "abc"), 0);
    CHECK_EQ(
        await bide_timeout(BIDE_MS(1), (void)bide_stream_read_exactly(other, buffer, 5, &done)),
        -ETIMEDOUT);
    CHECK_EQ(done, 3);
    CHECK_EQ(await put(one, "defg"), 0);
    CHECK_EQ(await bide_stream_read_exactly(other, buffer, 5, &done), 0);
    CHECK_EQ(done, 5);
    CHECK_STR(buffer, "abcde");
    CHECK_EQ(await bide_stream_read_exactly(other, buffer, 5, &done), 0); /* nothing left to do */

    bide_stream_shutdown(one);
    done = 0;
    CHECK_ERR(await bide_stream_read_exactly(other, buffer, 5, &done), -ENODATA);
    CHECK_EQ(done, 2);
    CHECK_ERR(await bide_stream_read_exactly(other, buffer, 1, NULL), -ENODATA);
    CHECK_EQ(await bide_stream_read_exactly(other, buffer, 0, NULL), 0);
    return 0;
}

TEST(read_exactly_counts_and_goes_on)
{
    make_pair(8);
    CHECK_EQ(bide_block_on(exactly()), 0);
    close_pair();
}

static async int write_all_goes_on(void)
{
    char buffer[16] = "";
    size_t done = 0;
    CHECK_EQ(await bide_timeout(BIDE_MS(1), (void)bide_stream_write_all(one, "abcdefgh", 8, &done)),
             -ETIMEDOUT);
    CHECK_EQ(done, 5);
    CHECK_EQ(await bide_stream_read(other, buffer, 5), 5);
    CHECK_EQ(await bide_stream_write_all(one, "abcdefgh", 8, &done), 0);
    CHECK_EQ(await bide_stream_read(other, buffer + 5, 5), 3);
    CHECK_STR(buffer, "abcdefgh");
    return 0;
}

TEST(write_all_counts_and_goes_on)
{
    make_pair(5);
    CHECK_EQ(bide_block_on(write_all_goes_on()), 0);
    close_pair();
}

/* ---- lines ---- */

/* Writes what a reader returns for a text: the lines, each in angle brackets, and the end. */
static async int lines_of(const char *text, size_t line_max, char *out)
{
    bide_reader *reader;
    bide_task(int) writer = bide_spawn(put_and_close(other, text));
    CHECK_EQ(bide_reader_new(one, line_max, &reader), 0);
    int r;
    do {
        char *line = NULL;
        size_t size = 0;
        r = await bide_reader_line(reader, &line, &size);
        if (r == 1) {
            CHECK_EQ(strlen(line), size);
            out += sprintf(out, "<%s>", line);
        } else {
            out += sprintf(out, r == 0 ? "." : r == -EMSGSIZE ? "!" : "?");
        }
    } while (r == 1 || r == -EMSGSIZE);
    CHECK_EQ(await bide_reader_line(reader, &(char *){NULL}, NULL), 0);
    CHECK_EQ(await bide_task_wait(writer), 0);
    bide_reader_free(reader);
    bide_stream_close(one);
    return 0;
}

static void check_lines(const char *text, size_t line_max, const char *expected)
{
    for (size_t capacity = 1; capacity <= 64; capacity++) {
        char out[256];
        make_pair(capacity);
        CHECK_EQ(bide_block_on(lines_of(text, line_max, out)), 0);
        CHECK_STR(out, expected);
    }
}

TEST(lines_end_with_newline_and_return)
{
    check_lines("", 10, ".");
    check_lines("a\n", 10, "<a>.");
    check_lines("a\nbc\n\nd", 10, "<a><bc><><d>.");
    check_lines("a\r\nb\r\n\r\n", 10, "<a><b><>.");
    check_lines("a\rb\n\r", 10, "<a\rb><\r>.");
}

TEST(lines_that_are_too_long_are_skipped)
{
    check_lines("1234\n12345\n", 4, "<1234>!.");
    check_lines("1234\r\n12345\r\nx\r\n", 4, "<1234>!<x>.");
    check_lines("123456789012345678901234567890\nabcd\n12345", 4, "!<abcd>!.");
    check_lines("123456789", 4, "!.");
    check_lines("123456", 4, "!.");
    check_lines("1234\r", 4, "!.");
    check_lines("1\n\n", 1, "<1><>.");
}

/* Writes what the lines should be, worked out from the whole text. */
static void expect_lines(const char *text, size_t line_max, char *out)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n"), length = size;
        bool ended = text[size] == '\n';
        if (ended && length > 0 && text[length - 1] == '\r')
            length--;
        if (length > line_max)
            out += sprintf(out, "!");
        else
            out += sprintf(out, "<%.*s>", (int)length, text);
        text += size + ended;
    }
    sprintf(out, ".");
}

TEST(any_text_in_any_pieces)
{
    unsigned seed = 1;
    for (int i = 0; i < 3000; i++) {
        char text[60], expected[256], out[256];
        size_t size = (size_t)rand_r(&seed) % sizeof text;
        for (size_t k = 0; k < size; k++)
            text[k] = "ab\n\rc\n"[rand_r(&seed) % 6];
        text[size] = '\0';
        size_t line_max = 1 + (size_t)rand_r(&seed) % 8;
        expect_lines(text, line_max, expected);
        make_pair(1 + (size_t)rand_r(&seed) % 9);
        CHECK_EQ(bide_block_on(lines_of(text, line_max, out)), 0);
        CHECK_STR(out, expected);
    }
}

static async int long_lines(void)
{
    static char text[20000];
    bide_reader *reader;
    char *line;
    size_t size;
    memset(text, 'x', sizeof text);
    for (size_t at = 0, step = 1; at + step < sizeof text; at += step, step *= 2)
        text[at + step - 1] = '\n';
    text[sizeof text - 1] = '\0';
    bide_task(int) writer = bide_spawn(put_and_close(other, text));
    CHECK_EQ(bide_reader_new(one, 100000, &reader), 0);
    for (size_t at = 0, step = 1; at + step < sizeof text; at += step, step *= 2) {
        CHECK_EQ(await bide_reader_line(reader, &line, &size), 1);
        CHECK_EQ(size, step - 1);
        CHECK_EQ(strlen(line), size);
    }
    CHECK_EQ(await bide_reader_line(reader, &line, &size), 1);
    CHECK_EQ(await bide_reader_line(reader, &line, &size), 0);
    CHECK_EQ(await bide_task_wait(writer), 0);
    bide_reader_free(reader);
    bide_stream_close(one);
    return 0;
}

TEST(the_buffer_grows_with_the_lines)
{
    make_pair(777);
    CHECK_EQ(bide_block_on(long_lines()), 0);
}

static async int header_and_body(void)
{
    bide_reader *reader;
    char *line, body[16] = "";
    size_t done = 0;
    CHECK_ERR(bide_reader_new(one, 0, &reader), -EINVAL);
    CHECK_EQ(bide_reader_new(one, 100, &reader), 0);
    CHECK_EQ(await put(other, "length 8\nbo"), 0);
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "length 8");
    CHECK_EQ(await bide_reader_read(reader, body, 1), 1);
    CHECK_EQ(await bide_reader_read(reader, body + 1, 7), 1);
    CHECK_EQ(await put(other, "dybody\nz\n"), 0);
    for (done = 2; done < 8;) {
        ssize_t n = await bide_reader_read(reader, body + done, 8 - done);
        CHECK(n > 0);
        done += (size_t)n;
    }
    CHECK_STR(body, "bodybody");
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "");
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "z");
    bide_reader_free(reader);
    bide_reader_free(NULL);
    return 0;
}

TEST(lines_and_bytes_from_one_reader)
{
    make_pair(32);
    CHECK_EQ(bide_block_on(header_and_body()), 0);
    close_pair();
}

/* ---- descriptors ---- */

static async int through_a_pipe(void)
{
    int fd[2];
    bide_stream *in, *out;
    static char buffer[8];
    ssize_t n = 0;
    CHECK_EQ(pipe(fd), 0);
    CHECK_EQ(bide_stream_open(fd[0], &in), 0);
    CHECK_EQ(bide_stream_open(fd[1], &out), 0);
    CHECK_EQ(bide_stream_fd(in), fd[0]);
    CHECK_ERR(bide_stream_shutdown(out), -ENOTSOCK);
    bide_task(ssize_t) waiting = bide_spawn(bide_stream_read(in, buffer, 8));
    await bide_yield();
    CHECK_ERR(await bide_stream_read(in, buffer, 8), -EBUSY);
    CHECK_EQ(await put(out, "hello"), 0);
    CHECK_EQ(await bide_task_join(waiting, &n), 0);
    CHECK_EQ(n, 5);
    CHECK_STR(buffer, "hello");
    bide_stream_close(out);
    CHECK_EQ(await bide_stream_read(in, buffer, 8), 0);
    bide_stream_close(in);
    return 0;
}

TEST(a_pipe_is_a_stream)
{
    CHECK_EQ(bide_block_on(through_a_pipe()), 0);
}

static async int after_another_writer(void)
{
    char folder[] = "/tmp/bide-fifo-XXXXXX", path[64];
    static char byte;
    bide_stream *in;
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/fifo", folder);
    CHECK_EQ(mkfifo(path, 0600), 0);
    CHECK_EQ(bide_stream_open(open(path, O_RDONLY | O_NONBLOCK), &in), 0);
    int writer = open(path, O_WRONLY);
    CHECK_EQ(write(writer, "1", 1), 1);
    close(writer);
    CHECK_EQ(await bide_stream_read(in, &byte, 1), 1);
    CHECK_EQ(await bide_stream_read(in, &byte, 1), 0);

    {
        int again = open(path, O_WRONLY);
        defer {
            close(again);
        }
        bide_test_watch();
        bide_task(ssize_t) waiting = bide_spawn(bide_stream_read(in, &byte, 1));
        for (int i = 0; i < 100; i++)
            await bide_yield();
        CHECK(bide_test_calls("read") <= 2);
        CHECK_EQ(write(again, "2", 1), 1);
        ssize_t n = 0;
        CHECK_EQ(await bide_task_join(waiting, &n), 0);
        CHECK_EQ(n, 1);
        CHECK_EQ(byte, '2');
    }
    CHECK_EQ(await bide_stream_read(in, &byte, 1), 0);
    bide_stream_close(in);
    unlink(path);
    rmdir(folder);
    return 0;
}

TEST(a_fifo_whose_writer_came_back_is_waited_for)
{
    CHECK_EQ(bide_block_on(after_another_writer()), 0);
}

static async int to_a_broken_pipe(void)
{
    int fd[2];
    bide_stream *out;
    CHECK_EQ(pipe(fd), 0);
    close(fd[0]);
    CHECK_EQ(bide_stream_open(fd[1], &out), 0);
    CHECK_ERR(await bide_stream_write(out, "x", 1), -EPIPE);
    bide_stream_close(out);
    return 0;
}

TEST(a_broken_pipe_is_an_error)
{
    signal(SIGPIPE, SIG_IGN);
    CHECK_EQ(bide_block_on(to_a_broken_pipe()), 0);
}

static async int more_than_a_pipe_holds(void)
{
    enum { SIZE = 1 << 20 };
    static char data[SIZE], copy[SIZE];
    int fd[2], r = 1;
    bide_stream *in, *out;
    CHECK_EQ(pipe(fd), 0);
    CHECK_EQ(bide_stream_open(fd[0], &in), 0);
    CHECK_EQ(bide_stream_open(fd[1], &out), 0);
    for (int i = 0; i < SIZE; i++)
        data[i] = (char)(i * 31 + i / 1000);
    bide_task(int) writer = bide_spawn(bide_stream_write_all(out, data, SIZE, NULL));
    CHECK_EQ(await bide_stream_read_exactly(in, copy, SIZE, NULL), 0);
    CHECK_EQ(await bide_task_join(writer, &r), 0);
    CHECK_EQ(r, 0);
    CHECK_EQ(memcmp(data, copy, SIZE), 0);
    bide_stream_close(in);
    bide_stream_close(out);
    return 0;
}

TEST(a_writer_and_a_reader_keep_pace)
{
    CHECK_EQ(bide_block_on(more_than_a_pipe_holds()), 0);
}

static async int close_under_a_read(void)
{
    int fd[2];
    bide_stream *in;
    static char buffer[8];
    ssize_t n = 0;
    CHECK_EQ(pipe(fd), 0);
    CHECK_EQ(bide_stream_open(fd[0], &in), 0);
    bide_task(ssize_t) waiting = bide_spawn(bide_stream_read(in, buffer, 8));
    await bide_yield();
    bide_stream_close(in);
    CHECK_EQ(await bide_task_join(waiting, &n), 0);
    CHECK_ERR(n, -EBADF);
    close(fd[1]);
    return 0;
}

TEST(a_read_ends_when_its_stream_is_closed)
{
    CHECK_EQ(bide_block_on(close_under_a_read()), 0);
}

static async int blocking_mode(void)
{
    int fd[2], copy;
    bide_stream *in;
    CHECK_EQ(pipe(fd), 0);
    copy = dup(fd[0]);
    CHECK_EQ(bide_stream_open(fd[0], &in), 0);
    CHECK(!(fcntl(copy, F_GETFL) & O_NONBLOCK));
    bide_stream_close(in);
    CHECK(!(fcntl(copy, F_GETFL) & O_NONBLOCK));
    close(copy);
    close(fd[1]);
    CHECK_ERR(bide_stream_open(fd[1], &in), -EBADF);
    char path[] = "/tmp/bide-io-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0);
    unlink(path);
    copy = dup(file);
    CHECK_EQ(bide_stream_open(file, &in), 0);
    bide_stream_close(in);
    CHECK(!(fcntl(copy, F_GETFL) & O_NONBLOCK));
    close(copy);
    return 0;
}

TEST(a_stream_leaves_its_descriptor_as_it_was)
{
    CHECK_EQ(bide_block_on(blocking_mode()), 0);
}
