/*
 * The reader of lines, for each pair of a state and an event (lib/io/reader.c). A model predicts
 * each call's result, for generated texts and orders of calls. No byte is lost or returned twice.
 * Also: two calls at once, errors, cancellations.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { LINE_MAX_ = 4, TEXT_MAX = 24 };

static bide_stream *near, *far;
static bide_reader *reader;

static void begin(void)
{
    CHECK_EQ(bide_stream_pair(4096, &near, &far), 0);
    CHECK_EQ(bide_reader_new(near, LINE_MAX_, &reader), 0);
}

static void end(void)
{
    bide_reader_free(reader);
    bide_stream_close(near);
    bide_stream_close(far);
}

static async int write_text(const char *text)
{
    return await bide_stream_write_all(far, text, strlen(text), NULL);
}

/* ---- the model: the whole text, and the reader's position in it ---- */

struct model {
    char text[TEXT_MAX + 1];
    size_t at;
    bool in_long; /* the bytes up to the next "\n" or the end belong to a reported line */
};

static void skip_long(struct model *m)
{
    const char *newline = strchr(m->text + m->at, '\n');
    if (m->in_long)
        m->at = newline != NULL ? (size_t)(newline - m->text) + 1 : strlen(m->text);
    m->in_long = false;
}

static int model_line(struct model *m, char *line)
{
    skip_long(m);
    const char *text = m->text + m->at, *newline = strchr(text, '\n');
    size_t length = newline != NULL ? (size_t)(newline - text) : strlen(text), next = length;
    if (newline != NULL) {
        next++;
        if (length > 0 && text[length - 1] == '\r')
            length--;
    }
    if (next == 0)
        return 0;
    if (length > LINE_MAX_) {
        m->in_long = true;
        return -EMSGSIZE;
    }
    memcpy(line, text, length);
    line[length] = '\0';
    m->at += next;
    return 1;
}

/* `n` bytes were read: they must be the next ones. */
static void model_read(struct model *m, const char *data, size_t n)
{
    CHECK(n <= strlen(m->text + m->at));
    CHECK(memcmp(m->text + m->at, data, n) == 0);
    if (n == 0) {
        CHECK_EQ(m->text[m->at], '\0');
        m->in_long = false;
    }
    if (memchr(data, '\n', n) != NULL)
        m->in_long = false;
    m->at += n;
}

/* ---- the reader against the model ---- */

static async int call_line(struct model *m)
{
    char expected[TEXT_MAX + 1] = "", *line = NULL;
    size_t size = 0;
    int r = model_line(m, expected);
    CHECK_ERR(await bide_reader_line(reader, &line, &size), r);
    if (r == 1) {
        CHECK_STR(line, expected);
        CHECK_EQ(size, strlen(expected));
    }
    return r;
}

static async int call_read(struct model *m, size_t size)
{
    char data[TEXT_MAX + 1];
    ssize_t n = await bide_reader_read(reader, data, size);
    CHECK(n >= 0);
    model_read(m, data, (size_t)n);
    return (int)n;
}

/* A call that finds nothing in time and is cancelled. It may have skipped bytes, nothing else. */
static async int call_cancelled(void)
{
    char *line, byte;
    int r = -1;
    ssize_t n = -1;
    CHECK_ERR(await bide_timeout(BIDE_MS(1), r = bide_reader_line(reader, &line, NULL)),
              -ETIMEDOUT);
    CHECK_ERR(await bide_timeout(BIDE_MS(1), n = bide_reader_read(reader, &byte, 1)), -ETIMEDOUT);
    CHECK_EQ(r, -1);
    CHECK_EQ(n, -1);
    return 0;
}

/* Makes the calls that the digits of `calls` stand for: 0 is a line, any other digit a read of so
 * many bytes. The whole text is there, and the stream has ended. */
static async int run_calls(const char *text, unsigned calls)
{
    struct model m = {.at = 0};
    snprintf(m.text, sizeof m.text, "%s", text);
    begin();
    await write_text(text);
    CHECK_EQ(bide_stream_shutdown(far), 0);
    int ends = 0;
    while (ends < 2) {
        unsigned call = calls % 4;
        calls = calls / 4 + (calls % 4 << 6);
        int r = call == 0 ? await call_line(&m) : await call_read(&m, call * call);
        ends = r == 0 ? ends + 1 : 0;
    }
    CHECK_EQ(m.text[m.at], '\0');
    end();
    return 0;
}

static const char *const texts[] = {
    "",
    "\n",
    "a",
    "a\n",
    "abcd\nx\n",
    "abcd\r\nx\r\n",
    "abcde",
    "abcdef",
    "abcdefghij",
    "abcde\n",
    "abcdef\n",
    "abcdefg\nhi\nj",
    "abcde\r\n",
    "ab\rcd\r\n",
    "0123456789\n\n01234567\nab",
    "abcdefghijkl\nabcdefghijk",
    "a\nabcdefg\nb\nabcdefgh",
    "abcdefgh\n\r\n\n",
};

static async int run_all(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (unsigned calls = 0; calls < 256; calls++) {
            fprintf(stderr, "text %zu, calls %u\n", i, calls);
            await run_calls(texts[i], calls);
        }
    return 0;
}

TEST_LIMIT(lines_and_bytes_in_every_order, 30)
{
    CHECK_EQ(bide_block_on(run_all()), 0);
}

/* The text arrives in two parts, with a cancelled call of each kind between them, if it would
 * wait. */
static async int run_parts(const char *text, size_t cut, bool read_after)
{
    struct model m = {.at = 0};
    char first[TEXT_MAX + 1];
    snprintf(m.text, sizeof m.text, "%s", text);
    snprintf(first, sizeof first, "%.*s", (int)cut, text);
    begin();
    await write_text(first);
    /* Reads all complete lines, and the report of a line that is already too long. */
    for (;;) {
        char *line = NULL, expected[TEXT_MAX + 1] = "";
        struct model now = m;
        int got = 0;
        if (await bide_timeout(BIDE_MS(1), got = bide_reader_line(reader, &line, NULL)) < 0)
            break;
        int r = model_line(&now, expected);
        if (line != NULL)
            CHECK_STR(line, expected);
        CHECK(r == (line != NULL ? 1 : -EMSGSIZE));
        CHECK_EQ(got, r);
        m = now;
    }
    await write_text(text + cut);
    CHECK_EQ(bide_stream_shutdown(far), 0);
    if (m.in_long) {
        /* The cancelled call has skipped what had arrived of the line. */
        const char *newline = memchr(m.text + m.at, '\n', cut - m.at);
        m.at = newline != NULL ? (size_t)(newline - m.text) + 1 : cut;
        m.in_long = newline == NULL;
    }
    if (read_after)
        await call_read(&m, 3);
    while (await call_line(&m) != 0)
        ;
    CHECK_EQ(m.text[m.at], '\0');
    end();
    return 0;
}

static async int run_all_parts(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t cut = 0; cut <= strlen(texts[i]); cut++)
            for (int read = 0; read < 2; read++) {
                fprintf(stderr, "text %zu, cut at %zu, %d\n", i, cut, read);
                await run_parts(texts[i], cut, read);
            }
    return 0;
}

TEST_LIMIT(cancelled_in_every_state, 30)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(run_all_parts()), 0);
}

/* ---- two calls at once ---- */

static async int wait_for_line(const char *expected)
{
    char *line = NULL;
    int r = await bide_reader_line(reader, &line, NULL);
    if (r == 1)
        CHECK_STR(line, expected);
    return r;
}

static async int result_of(bide_task(int) task)
{
    int n = -1;
    CHECK_EQ(await bide_task_join(task, &n), 0);
    return n;
}

static async int two_calls(void)
{
    char *line, bytes[4];
    begin();
    bide_task(int) first = bide_spawn(wait_for_line("one"));
    await bide_yield();
    CHECK_ERR(await bide_reader_line(reader, &line, NULL), -EBUSY);
    CHECK_ERR(await bide_reader_read(reader, bytes, 4), -EBUSY);
    await write_text("one\n");
    CHECK_EQ(await result_of(bide_move(first)), 1);
    await write_text("two");
    CHECK_EQ(await bide_reader_read(reader, bytes, 4), 3);
    CHECK_EQ(await call_cancelled(), 0);
    end();
    return 0;
}

TEST(one_call_at_a_time)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(two_calls()), 0);
}

/* ---- errors ---- */

static async int without_memory(void)
{
    char *line = NULL;
    CHECK_EQ(bide_unix_pair(&near, &far), 0); /* reading it needs no memory */
    CHECK_EQ(bide_reader_new(near, 4000, &reader), 0);
    char text[3001];
    memset(text, 'x', 3000);
    text[3000] = '\0';
    await write_text(text);
    CHECK_EQ(bide_test_fail("alloc", 1, -ENOMEM, 0), 0);
    CHECK_ERR(await bide_reader_line(reader, &line, NULL), -ENOMEM);
    CHECK_ERR(await bide_reader_line(reader, &line, NULL), -ENOMEM);
    CHECK_EQ(bide_test_fail("alloc", 0, -ENOMEM, 0), 0);
    await write_text("\nnext\n");
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, text);
    CHECK_EQ(await bide_reader_line(reader, &line, NULL), 1);
    CHECK_STR(line, "next");
    bide_stream_close(near);
    near = NULL;
    end();
    return 0;
}

TEST(a_line_without_memory)
{
    CHECK_EQ(bide_block_on(without_memory()), 0);
}
