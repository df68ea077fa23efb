/*
 * Readers and writers, beside lines (reader.c, io.c): pieces up to any delimiter, against a model;
 * exact and whole reads, peeks, skips; numbers; what a writer takes at once; errors and the end.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "failing.h"
#include "full.h"

static bide_stream *near, *far;
static bide_reader *reader;
static bide_writer *writer;

static void begin(size_t capacity, size_t line_max, size_t writer_size)
{
    CHECK_EQ(bide_stream_pair(capacity, &near, &far), 0);
    CHECK_EQ(bide_reader_new(near, line_max, &reader), 0);
    CHECK_EQ(bide_writer_new(far, writer_size, &writer), 0);
}

static void end(void)
{
    bide_reader_free(reader);
    bide_writer_free(writer);
    bide_stream_close(near);
    bide_stream_close(far);
}

static async int write_text(const char *text)
{
    return await bide_stream_write_all(far, text, strlen(text), NULL);
}

/* ---- until a delimiter, against a model ---- */

enum { LIMIT = 5, TEXT_MAX = 40 };

struct model {
    char text[TEXT_MAX + 1];
    const char *delimiter; /* of the piece that was too long; NULL: none was */
    size_t at;
};

static size_t long_from; /* where the piece that was too long began */

/* Where it ends. `at` may be within the delimiter, so the search is from where the piece began. */
static size_t long_end(const struct model *m)
{
    const char *found = strstr(m->text + long_from, m->delimiter);
    return found != NULL ? (size_t)(found - m->text) + strlen(m->delimiter) : strlen(m->text);
}

static int model_until(struct model *m, const char *delimiter, char *piece)
{
    if (m->delimiter != NULL) {
        size_t after = long_end(m);
        if (m->at < after)
            m->at = after;
        m->delimiter = NULL;
    }
    const char *text = m->text + m->at, *found = strstr(text, delimiter);
    size_t length = found != NULL ? (size_t)(found - text) : strlen(text);
    if (found == NULL && length == 0)
        return 0;
    if (length > LIMIT) {
        m->delimiter = delimiter;
        long_from = m->at;
        return -EMSGSIZE;
    }
    memcpy(piece, text, length);
    piece[length] = '\0';
    m->at += length + (found != NULL ? strlen(delimiter) : 0);
    return 1;
}

static void model_take(struct model *m, const char *data, size_t n)
{
    CHECK(n <= strlen(m->text + m->at));
    CHECK(memcmp(m->text + m->at, data, n) == 0);
    m->at += n;
    if (m->delimiter != NULL && m->at >= long_end(m))
        m->delimiter = NULL;
}

static const char *const delimiters[] = {"a", "ab", "aab", "aabaab", "b"};

static async int call_until(struct model *m, const char *delimiter)
{
    char expected[TEXT_MAX + 1] = "", *piece = NULL;
    size_t size = 0;
    int r = model_until(m, delimiter, expected);
    CHECK_ERR(await bide_reader_until(reader, delimiter, strlen(delimiter), &piece, &size), r);
    if (r == 1) {
        CHECK_STR(piece, expected);
        CHECK_EQ(size, strlen(expected));
    }
    return r;
}

static async int call_take(struct model *m, unsigned how, size_t size)
{
    char data[TEXT_MAX + 1], *at = data;
    size_t n = 0;
    if (how == 0) {
        ssize_t got = await bide_reader_read(reader, data, size);
        CHECK(got >= 0);
        n = (size_t)got;
    } else if (how == 1) {
        (void)await bide_reader_read_exactly(reader, data, size, &n);
    } else {
        (void)await bide_reader_peek(reader, size, &at, &n);
        n = bide_reader_consume(reader, n < size ? n : size);
    }
    model_take(m, at, n);
    return n > 0;
}

static async int send_slowly(const char *text, unsigned step)
{
    for (size_t size = strlen(text), at = 0; at < size; at += step) {
        size_t part = size - at < step ? size - at : step;
        CHECK_EQ(await bide_stream_write_all(far, text + at, part, NULL), 0);
        await bide_yield();
    }
    return bide_stream_shutdown(far);
}

static async int make_calls(struct model *m, unsigned *seed)
{
    int ends = 0;
    while (ends < 4) {
        unsigned call = (unsigned)rand_r(seed) % 10;
        int r;
        if (call < 5)
            r = await call_until(m, delimiters[call]);
        else
            r = await call_take(m, call % 3, 1 + (unsigned)rand_r(seed) % 4);
        ends = r == 0 ? ends + 1 : 0;
    }
    CHECK_EQ(m->text[m->at], '\0');
    return 0;
}

static async int run_models(void)
{
    unsigned seed = 7, rounds = is_full() ? 100000 : 3000;
    for (unsigned i = 0; i < rounds; i++) {
        struct model m = {.at = 0};
        size_t size = (size_t)rand_r(&seed) % TEXT_MAX;
        for (size_t k = 0; k < size; k++)
            m.text[k] = "aaabbc"[rand_r(&seed) % 6];
        unsigned step = 1 + (unsigned)rand_r(&seed) % 8;
        begin(64, LIMIT, 8);
        int sends = -1, calls = -1;
        await bide_join(sends = send_slowly(m.text, step), calls = make_calls(&m, &seed));
        CHECK(sends == 0 && calls == 0);
        end();
    }
    return 0;
}

TEST_LIMIT(pieces_and_bytes_in_every_order, 30)
{
    CHECK_EQ(bide_block_on(run_models()), 0);
}

/* ---- the other ways to read ---- */

static async int ways_to_read(void)
{
    char *data, buffer[16] = "";
    size_t size, done = 0;
    uint64_t skipped = 0;
    begin(64, 10, 8);
    CHECK_EQ(bide_reader_buffered(reader, &data), 0);
    await write_text("abcdefghijklmnop");
    CHECK_EQ(await bide_reader_peek(reader, 3, &data, &size), 1);
    CHECK_EQ(bide_reader_buffered(reader, &data), size);
    CHECK_EQ(bide_reader_consume(reader, 1), 1);
    CHECK_EQ(await bide_reader_peek(reader, 2, &data, &size), 1);
    CHECK_EQ(*data, 'b');
    CHECK_EQ(await bide_reader_skip(reader, 3, &skipped), 0);
    CHECK_EQ(skipped, 3);
    CHECK_EQ(await bide_reader_skip(reader, 3, &skipped), 0); /* done already */
    CHECK_EQ(await bide_reader_read_exactly(reader, buffer, 2, NULL), 0);
    CHECK_STR(buffer, "ef");
    CHECK_EQ(await bide_reader_skip(reader, 2, NULL), 0);
    CHECK_EQ(await bide_reader_read_exactly(reader, buffer, 3, &done), 0);
    CHECK_STR(buffer, "ijk");
    bide_stream_shutdown(far);
    CHECK_ERR(await bide_reader_to_end(reader, 4, &data, &size), -EMSGSIZE);
    CHECK_ERR(await bide_reader_read_exactly(reader, buffer, 6, NULL), -ENODATA); /* takes none */
    CHECK_EQ(await bide_reader_peek(reader, 9, &data, &size), 0);
    CHECK_EQ(size, 5);
    CHECK_EQ(await bide_reader_to_end(reader, 5, &data, &size), 0);
    CHECK_STR(data, "lmnop");
    CHECK_EQ(size, 5);
    CHECK_EQ(await bide_reader_to_end(reader, 0, &data, NULL), 0);
    CHECK_STR(data, "");
    CHECK_ERR(await bide_reader_skip(reader, 1, NULL), -ENODATA);
    CHECK_EQ(bide_reader_consume(reader, 5), 0);
    end();
    return 0;
}

TEST(ways_to_read_are_mixed)
{
    CHECK_EQ(bide_block_on(ways_to_read()), 0);
}

/* Much more than the buffer's first size, in one piece and straight to the caller. */
enum { MUCH = 100000 };

static async int send_much(char *much)
{
    for (int i = 0; i < 2; i++)
        CHECK_EQ(await bide_stream_write_all(far, much, MUCH, NULL), 0);
    return bide_stream_shutdown(far);
}

static async int read_much(char *much)
{
    static char back[MUCH];
    char *data;
    size_t size, done = 0;
    CHECK_EQ(await bide_reader_read_exactly(reader, back, MUCH, &done), 0);
    CHECK(memcmp(back, much, MUCH) == 0);
    CHECK_EQ(await bide_reader_to_end(reader, MUCH, &data, &size), 0);
    CHECK_EQ(size, MUCH);
    CHECK(memcmp(data, much, MUCH) == 0);
    return 0;
}

static async int much_at_once(void)
{
    static char much[MUCH];
    for (size_t i = 0; i < MUCH; i++)
        much[i] = (char)(i * i >> 8);
    begin(3000, 10, 8);
    int sends = -1, reads = -1;
    await bide_join(sends = send_much(much), reads = read_much(much));
    CHECK(sends == 0 && reads == 0);
    end();
    return 0;
}

TEST(a_buffer_grows_as_calls_need_it)
{
    CHECK_EQ(bide_block_on(much_at_once()), 0);
}

static async int bad_arguments(void)
{
    static const char long_delimiter[BIDE_DELIMITER_MAX + 1];
    bide_reader *r;
    bide_writer *w;
    char *data;
    size_t size;
    uint64_t value;
    begin(16, 4, 4);
    CHECK_ERR(bide_reader_new(near, 0, &r), -EINVAL);
    CHECK_ERR(bide_writer_new(near, 0, &w), -EINVAL);
    CHECK_ERR(await bide_reader_until(reader, "", 0, &data, &size), -EINVAL);
    CHECK_ERR(await bide_reader_until(reader, long_delimiter, sizeof long_delimiter, &data, &size),
              -EINVAL);
    CHECK_ERR(await bide_reader_peek(reader, 0, &data, &size), -EINVAL);
    CHECK_ERR(await bide_reader_to_end(reader, SIZE_MAX, &data, &size), -EINVAL);
    CHECK_ERR(await bide_reader_unsigned(reader, 0, BIDE_ORDER_BIG, &value), -EINVAL);
    CHECK_ERR(await bide_reader_unsigned(reader, 9, BIDE_ORDER_BIG, &value), -EINVAL);
    CHECK_ERR(await bide_writer_integer(writer, 1, 9, BIDE_ORDER_BIG), -EINVAL);
    CHECK_ERR(await bide_writer_integer(writer, 1, 8, BIDE_ORDER_BIG), -EINVAL); /* no room */
    CHECK_ERR(await bide_writer_integer(writer, 256, 1, BIDE_ORDER_BIG), -ERANGE);
    CHECK_ERR(await bide_writer_integer(writer, (uint64_t)-129, 1, BIDE_ORDER_BIG), -ERANGE);
    CHECK_ERR(await bide_writer_reserve(writer, 5, &data), -EINVAL);
    CHECK_EQ(bide_writer_buffered(writer), 0);
    end();
    return 0;
}

TEST(bad_arguments_are_told)
{
    CHECK_EQ(bide_block_on(bad_arguments()), 0);
}

/* ---- numbers ---- */

static async int put_numbers(bide_order order)
{
    CHECK_EQ(await bide_writer_integer(writer, 0x0102, 2, order), 0);
    CHECK_EQ(await bide_writer_integer(writer, (uint64_t)-2, 3, order), 0);
    CHECK_EQ(await bide_writer_integer(writer, 255, 1, order), 0);
    CHECK_EQ(await bide_writer_integer(writer, (uint64_t)INT64_MIN, 8, order), 0);
    CHECK_EQ(await bide_writer_float(writer, -1.5f, order), 0);
    CHECK_EQ(await bide_writer_double(writer, 1e300, order), 0);
    CHECK_EQ(await bide_writer_integer(writer, 7, 1, order), 0);
    return await bide_writer_flush(writer);
}

static async int get_numbers(bide_order order)
{
    uint64_t u;
    int64_t i;
    float f;
    double d;
    CHECK_EQ(await bide_reader_unsigned(reader, 2, order, &u), 0);
    CHECK_EQ(u, 0x0102);
    CHECK_EQ(await bide_reader_signed(reader, 3, order, &i), 0);
    CHECK_EQ(i, -2);
    CHECK_EQ(await bide_reader_signed(reader, 1, order, &i), 0);
    CHECK_EQ(i, -1);
    CHECK_EQ(await bide_reader_signed(reader, 8, order, &i), 0);
    CHECK_EQ(i, INT64_MIN);
    CHECK_EQ(await bide_reader_float(reader, order, &f), 0);
    CHECK(f == -1.5f);
    CHECK_EQ(await bide_reader_double(reader, order, &d), 0);
    CHECK(d == 1e300);
    bide_stream_shutdown(far);
    CHECK_ERR(await bide_reader_unsigned(reader, 2, order, &u), -ENODATA); /* it takes nothing */
    CHECK_EQ(await bide_reader_unsigned(reader, 1, order, &u), 0);
    CHECK_EQ(u, 7);
    return 0;
}

static async int numbers(bide_order order)
{
    begin(5, 10, 8);
    int puts = -1, gets = -1;
    await bide_join(puts = put_numbers(order), gets = get_numbers(order));
    CHECK(puts == 0 && gets == 0);
    end();
    return 0;
}

TEST(numbers_in_both_orders)
{
    static const unsigned char bytes[] = {0x80, 0x01, 0xfe};
    char back[3];
    CHECK_EQ(bide_load_unsigned(bytes, 3, BIDE_ORDER_BIG), 0x8001fe);
    CHECK_EQ(bide_load_unsigned(bytes, 3, BIDE_ORDER_LITTLE), 0xfe0180);
    CHECK_EQ(bide_load_signed(bytes, 3, BIDE_ORDER_BIG), (int64_t)0x8001fe - 0x1000000);
    CHECK_EQ(bide_load_signed(bytes, 2, BIDE_ORDER_LITTLE), 0x0180);
    bide_store(0x8001fe, 3, BIDE_ORDER_BIG, back);
    CHECK(memcmp(back, bytes, 3) == 0);
    bide_store(0xfe0180, 3, BIDE_ORDER_LITTLE, back);
    CHECK(memcmp(back, bytes, 3) == 0);
    CHECK_EQ(bide_load_unsigned(bytes, 9, BIDE_ORDER_BIG), 0);
    CHECK_EQ(bide_block_on(numbers(BIDE_ORDER_BIG)), 0);
    CHECK_EQ(bide_block_on(numbers(BIDE_ORDER_LITTLE)), 0);
}

/* ---- writers ---- */

static async ssize_t read_now(char *buffer, size_t size)
{
    ssize_t n = -EAGAIN;
    (void)await bide_timeout(BIDE_MS(1), n = bide_stream_read(near, buffer, size));
    if (n >= 0)
        buffer[n] = '\0';
    return n;
}

static async int writes(void)
{
    char buffer[64], *room;
    size_t done = 0;
    struct iovec pieces[] = {{(char[]){"xy"}, 2}, {NULL, 0}, {(char[]){"z0123456789"}, 11}};
    begin(64, 10, 8);
    CHECK_EQ(await bide_writer_write(writer, "abc", 3, &done), 0);
    CHECK_EQ(done, 3);
    CHECK_EQ(await bide_writer_write(writer, "abc", 3, &done), 0); /* nothing is left of it */
    CHECK_EQ(bide_writer_buffered(writer), 3);
    CHECK_ERR(await read_now(buffer, 63), -EAGAIN);
    /* What has no room is taken whole once the buffer was written. */
    CHECK_EQ(await bide_writer_write(writer, "defghi", 6, NULL), 0);
    CHECK_EQ(await read_now(buffer, 63), 3);
    CHECK_STR(buffer, "abc");
    CHECK_EQ(await bide_writer_reserve(writer, 2, &room), 0);
    memcpy(room, "jk", 2);
    bide_writer_commit(writer, 1);
    bide_writer_commit(writer, 1); /* only once */
    CHECK_EQ(bide_writer_buffered(writer), 7);
    /* Large data goes out at once, behind what is buffered. */
    done = 0;
    CHECK_EQ(await bide_writer_writev(writer, pieces, 3, &done), 0);
    CHECK_EQ(done, 13);
    CHECK_EQ(bide_writer_buffered(writer), 0);
    CHECK_EQ(await read_now(buffer, 63), 20);
    CHECK_STR(buffer, "defghijxyz0123456789");
    CHECK_EQ(await bide_writer_flush(writer), 0);
    CHECK_EQ(await bide_writer_write(writer, "lost", 4, NULL), 0);
    end(); /* is not flushed */
    return 0;
}

TEST(a_writer_takes_what_has_room)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(writes()), 0);
}

/* After an error of the stream, what was buffered stays so, and the counts are right. */
static async int write_errors(void)
{
    static const char big[] = "0123456789abcdefghij";
    static size_t done;
    char buffer[64];
    begin(6, 10, 8);
    CHECK_EQ(await bide_writer_write(writer, "abcd", 4, NULL), 0);
    bide_task(int) all = bide_spawn(bide_writer_write(writer, big, 20, &done));
    await bide_yield();
    await bide_yield();
    CHECK_ERR(await bide_writer_flush(writer), -EBUSY);
    CHECK_ERR(await bide_writer_integer(writer, 1, 1, BIDE_ORDER_BIG), -EBUSY);
    bide_task_abort(all);
    CHECK_ERR(await bide_task_wait(all), -ECANCELED);
    CHECK_EQ(done, 2); /* the pair has room for these, and "abcd" */
    CHECK_EQ(bide_writer_buffered(writer), 0);
    CHECK_EQ(await read_now(buffer, 63), 6);
    CHECK_STR(buffer, "abcd01");
    bide_stream_shutdown_read(near);
    CHECK_ERR(await bide_writer_write(writer, big, 20, &done), -EPIPE);
    CHECK_EQ(done, 2);
    CHECK_EQ(await bide_writer_write(writer, "xy", 2, NULL), 0);
    CHECK_ERR(await bide_writer_flush(writer), -EPIPE);
    CHECK_EQ(bide_writer_buffered(writer), 2);
    end();
    return 0;
}

TEST(what_a_writer_has_stays_after_an_error)
{
    bide_test_time_virtual();
    CHECK_EQ(bide_block_on(write_errors()), 0);
}

/* ---- the end of the object while a call waits ---- */

static async int frees(void)
{
    static uint64_t value;
    bide_stream *full, *other;
    begin(4, 10, 8);
    bide_writer_free(writer);
    CHECK_EQ(bide_stream_pair(1, &full, &other), 0);
    CHECK_EQ(bide_writer_new(full, 8, &writer), 0);
    bide_task(int) reads = bide_spawn(bide_reader_unsigned(reader, 2, BIDE_ORDER_BIG, &value));
    bide_task(int) writes = bide_spawn(bide_writer_write(writer, "0123456789", 10, NULL));
    await bide_yield();
    await bide_yield();
    bide_reader_free(reader);
    bide_writer_free(writer);
    bide_stream_close(near);
    bide_stream_close(far);
    bide_stream_close(full);
    bide_stream_close(other);
    int r = 0;
    CHECK_EQ(await bide_task_join(reads, &r), 0);
    CHECK_ERR(r, -EBADF);
    CHECK_EQ(await bide_task_join(writes, &r), 0);
    CHECK_ERR(r, -EBADF);
    bide_reader_free(NULL);
    bide_writer_free(NULL);
    return 0;
}

TEST(they_are_freed_while_a_call_waits)
{
    CHECK_EQ(bide_block_on(frees()), 0);
}

/* ---- without memory ---- */

static async int send_for_all(void)
{
    static const bide_codec codec = BIDE_CODEC_LENGTH(2, BIDE_ORDER_BIG, 5000);
    static char large[4000];
    int r = await bide_writer_frame(writer, &codec, large, sizeof large);
    if (r == 0)
        r = await bide_writer_write(writer, large, sizeof large, NULL);
    if (r == 0)
        r = await bide_writer_flush(writer);
    return r < 0 ? r : bide_stream_shutdown(far);
}

static async int take_all(void)
{
    static const bide_codec codec = BIDE_CODEC_LENGTH(2, BIDE_ORDER_BIG, 5000);
    char *data;
    size_t size;
    int r = await bide_reader_frame(reader, &codec, &data, &size);
    if (r == 1) {
        CHECK_EQ(size, 4000);
        r = await bide_reader_to_end(reader, 9000, &data, &size);
        if (r == 0)
            CHECK_EQ(size, 4000);
    }
    return r;
}

static async int both(void)
{
    reader = NULL;
    writer = NULL;
    near = far = NULL;
    defer {
        end();
    }
    int r = bide_stream_pair(100, &near, &far);
    if (r == 0)
        r = bide_reader_new(near, 10, &reader);
    if (r == 0)
        r = bide_writer_new(far, 16, &writer);
    return r < 0 ? r : await bide_try_join(send_for_all(), take_all());
}

TEST(each_allocation_fails)
{
    bool more = true;
    for (unsigned nth = 1; more; nth++) {
        alloc_fails(nth);
        more = alloc_has_failed(bide_block_on(both()));
        CHECK(more || nth > 5);
    }
}
