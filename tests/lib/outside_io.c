/*
 * Every async function of bide/buffer.h: outside any runtime, on another runtime than that of the
 * stream, and at home. Those of streams are in lib/outside. A reader and a writer go by their
 * stream, also where they need only what is buffered.
 */
#include "outside.h"

#include <errno.h>
#include <unistd.h>

static int ends[4];
static bide_stream *from, *to, *one, *two;
static bide_reader *reader, *full;
static bide_writer *writer;
static bide_copy *copy, *there, *back;
static const bide_codec codec = BIDE_CODEC_LENGTH(1, BIDE_ORDER_BIG, 100);

static char text[64];

static async int fills(void)
{
    char *data;
    int r = await bide_stream_write_all(two, "\3one\ntwo\n", 9, NULL);
    return r < 0 ? r : await bide_reader_peek(full, 9, &data, NULL);
}

/* `reader` has nothing yet, and its pipe is at its end behind twelve bytes; `full` has all that
 * comes from its stream, which is one in memory. */
static void prepare(void)
{
    CHECK_EQ(pipe(&ends[0]), 0);
    CHECK_EQ(pipe(&ends[2]), 0);
    CHECK_EQ(write(ends[1], "\3abc\nxy\n1234", 12), 12);
    CHECK_EQ(close(ends[1]), 0);
    CHECK_EQ(bide_stream_open(ends[0], &from), 0);
    CHECK_EQ(bide_stream_open(ends[3], &to), 0);
    CHECK_EQ(bide_stream_pair(64, &one, &two), 0);
    CHECK_EQ(bide_reader_new(from, 100, &reader), 0);
    CHECK_EQ(bide_reader_new(one, 100, &full), 0);
    CHECK_EQ(bide_writer_new(to, 8, &writer), 0);
    CHECK_EQ(bide_block_on(fills()), 1);
    CHECK_EQ(bide_copy_new(from, to, &copy), 0);
    CHECK_EQ(bide_copy_new(from, two, &there), 0);
    CHECK_EQ(bide_copy_new(one, to, &back), 0);
}

static void clean(void)
{
    bide_copy_free(copy);
    bide_copy_free(there);
    bide_copy_free(back);
    bide_reader_free(reader);
    bide_reader_free(full);
    bide_writer_free(writer);
    bide_stream_close(from);
    bide_stream_close(to);
    bide_stream_close(one);
    bide_stream_close(two);
    close(ends[2]);
}

/* ---- readers ---- */

static char *data;
static size_t size;

static async int reads_line(void)
{
    return await bide_reader_line(reader, &data, NULL);
}

static async int reads_until(void)
{
    return await bide_reader_until(reader, "xy", 2, &data, &size);
}

static async int reads_frame(void)
{
    return await bide_reader_frame(reader, &codec, &data, &size);
}

static async int reads(void)
{
    return (int)await bide_reader_read(reader, text, 5);
}

static async int reads_exactly(void)
{
    return await bide_reader_read_exactly(reader, text, 5, NULL);
}

static async int peeks(void)
{
    return await bide_reader_peek(reader, 5, &data, &size);
}

static async int skips(void)
{
    return await bide_reader_skip(reader, 5, NULL);
}

static async int reads_to_end(void)
{
    return await bide_reader_to_end(reader, 100, &data, &size);
}

static async int reads_unsigned(void)
{
    uint64_t value;
    return await bide_reader_unsigned(reader, 4, BIDE_ORDER_BIG, &value);
}

static async int reads_signed(void)
{
    int64_t value;
    return await bide_reader_signed(reader, 4, BIDE_ORDER_BIG, &value);
}

static async int reads_float(void)
{
    float value;
    return await bide_reader_float(reader, BIDE_ORDER_BIG, &value);
}

static async int reads_double(void)
{
    double value;
    return await bide_reader_double(reader, BIDE_ORDER_BIG, &value);
}

/* A pair in memory needs no runtime. */
static async int reads_buffered_line(void)
{
    return await bide_reader_line(full, &data, NULL);
}

static async int reads_buffered_frame(void)
{
    return await bide_reader_frame(full, &codec, &data, &size);
}

static async int skips_buffered(void)
{
    return await bide_reader_skip(full, 9, NULL);
}

/* ---- writers: a buffer of eight bytes ---- */

static async int buffers(void)
{
    return await bide_writer_write(writer, "abcdefgh", 8, NULL);
}

static async int writes(void)
{
    return await bide_writer_write(writer, "abcdefghi", 9, NULL);
}

static async int writes_pieces(void)
{
    struct iovec pieces[] = {{text, 5}, {text, 5}};
    return await bide_writer_writev(writer, pieces, 2, NULL);
}

static async int buffers_then(int second)
{
    int r = await bide_writer_write(writer, "abcdefgh", 8, NULL);
    char *room;
    if (r < 0)
        return r;
    switch (second) {
    case 1: return await bide_writer_frame(writer, &codec, "x", 1);
    case 2: return await bide_writer_integer(writer, 1, 4, BIDE_ORDER_BIG);
    case 3: return await bide_writer_float(writer, 1, BIDE_ORDER_BIG);
    case 4: return await bide_writer_double(writer, 1, BIDE_ORDER_BIG);
    case 5: return await bide_writer_reserve(writer, 8, &room);
    default: return await bide_writer_flush(writer);
    }
}

static async int writes_frame(void)
{
    return await buffers_then(1);
}

static async int writes_integer(void)
{
    return await buffers_then(2);
}

static async int writes_float(void)
{
    return await buffers_then(3);
}

static async int writes_double(void)
{
    return await buffers_then(4);
}

static async int reserves(void)
{
    return await buffers_then(5);
}

static async int flushes(void)
{
    return await buffers_then(6);
}

/* ---- copies ---- */

static async int copies(void)
{
    return await bide_reader_copy(reader, to, BIDE_COPY_ALL, NULL);
}

static async int copies_to_writer(void)
{
    return await bide_reader_copy_to_writer(reader, writer, BIDE_COPY_ALL, NULL);
}

static async int runs_copy(void)
{
    return await bide_copy_run(copy, BIDE_COPY_ALL);
}

/* The end of the pipe goes through the pair to the other copy. */
static async int runs_both(void)
{
    return await bide_copy_both(there, back);
}

/* ---- the rows ---- */

static const struct row rows[] = {
    {"bide_reader_line", CALL_OF(reads_line), -ENXIO, -EXDEV, 1},
    {"bide_reader_until", CALL_OF(reads_until), -ENXIO, -EXDEV, 1},
    {"bide_reader_frame", CALL_OF(reads_frame), -ENXIO, -EXDEV, 1},
    {"bide_reader_read", CALL_OF(reads), -ENXIO, -EXDEV, 5},
    {"bide_reader_read_exactly", CALL_OF(reads_exactly), -ENXIO, -EXDEV, 0},
    {"bide_reader_peek", CALL_OF(peeks), -ENXIO, -EXDEV, 1},
    {"bide_reader_skip", CALL_OF(skips), -ENXIO, -EXDEV, 0},
    {"bide_reader_to_end", CALL_OF(reads_to_end), -ENXIO, -EXDEV, 0},
    {"bide_reader_unsigned", CALL_OF(reads_unsigned), -ENXIO, -EXDEV, 0},
    {"bide_reader_signed", CALL_OF(reads_signed), -ENXIO, -EXDEV, 0},
    {"bide_reader_float", CALL_OF(reads_float), -ENXIO, -EXDEV, 0},
    {"bide_reader_double", CALL_OF(reads_double), -ENXIO, -EXDEV, 0},
    {"bide_reader_line", CALL_OF(reads_buffered_line), 1, 1, 1},
    {"bide_reader_frame", CALL_OF(reads_buffered_frame), 1, 1, 1},
    {"bide_reader_skip", CALL_OF(skips_buffered), 0, 0, 0},
    {"bide_writer_write", CALL_OF(buffers), -ENXIO, -EXDEV, 0},
    {"bide_writer_write", CALL_OF(writes), -ENXIO, -EXDEV, 0},
    {"bide_writer_writev", CALL_OF(writes_pieces), -ENXIO, -EXDEV, 0},
    {"bide_writer_frame", CALL_OF(writes_frame), -ENXIO, -EXDEV, 0},
    {"bide_writer_integer", CALL_OF(writes_integer), -ENXIO, -EXDEV, 0},
    {"bide_writer_float", CALL_OF(writes_float), -ENXIO, -EXDEV, 0},
    {"bide_writer_double", CALL_OF(writes_double), -ENXIO, -EXDEV, 0},
    {"bide_writer_reserve", CALL_OF(reserves), -ENXIO, -EXDEV, 0},
    {"bide_writer_flush", CALL_OF(flushes), -ENXIO, -EXDEV, 0},
    {"bide_reader_copy", CALL_OF(copies), -ENXIO, -EXDEV, 0},
    {"bide_reader_copy_to_writer", CALL_OF(copies_to_writer), -ENXIO, -EXDEV, 0},
    {"bide_copy_run", CALL_OF(runs_copy), -ENXIO, -EXDEV, 0},
    {"bide_copy_both", CALL_OF(runs_both), -ENXIO, -EXDEV, 0},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

TEST_LIMIT(buffers_outside_elsewhere_and_at_home, 60)
{
    check_rows(rows, ROWS, prepare, clean);
}

TEST(every_async_function_of_the_buffers_has_a_row)
{
    CHECK_EQ(check_covers("buffer", rows, ROWS), 24);
}
