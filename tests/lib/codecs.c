/*
 * Codecs: what the functions of the library's codecs find and write, for each option; frames
 * through readers and writers, in pieces of every size; errors, the end, a codec of one's own; and
 * iterators of frames and bytes.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* ---- the functions alone ---- */

static ssize_t decode(const bide_codec *codec, const void *data, size_t size, bool is_end,
                      bide_codec_output *output)
{
    const bide_codec_input input = {data, size, 0, is_end};
    *output = (bide_codec_output){0};
    return codec->decode(codec, &input, output);
}

/* Encodes a frame, and decodes every beginning of what that is. */
static void round_trip(const bide_codec *codec, const void *frame, size_t size, size_t encoded)
{
    char bytes[256], none;
    bide_codec_output output;
    CHECK_EQ(codec->encode(codec, frame, size, &none, 0), encoded);
    CHECK_EQ(codec->encode(codec, frame, size, bytes, sizeof bytes), encoded);
    for (size_t n = 1; n < encoded; n++) {
        CHECK_EQ(decode(codec, bytes, n, false, &output), 0);
        CHECK(output.need == 0 || (output.need > n && output.need <= encoded));
    }
    CHECK_EQ(decode(codec, bytes, encoded, false, &output), encoded);
    CHECK_EQ(output.size, size);
    CHECK(memcmp(bytes + output.at, frame, size) == 0);
}

TEST(a_length_of_every_width_and_order)
{
    bide_codec codec;
    for (unsigned width = 1; width <= 8; width++)
        for (unsigned offset = 0; offset < 4; offset++)
            for (int order = BIDE_ORDER_BIG; order <= BIDE_ORDER_LITTLE; order++)
                for (int64_t adjust = -9; adjust <= 3; adjust += 3) {
                    const bide_length_options options = {.width = width,
                                                         .order = (bide_order)order,
                                                         .offset = offset,
                                                         .adjust = adjust,
                                                         .frame_max = 100};
                    CHECK_EQ(bide_codec_length(&options, &codec), 0);
                    round_trip(&codec, "frames", 6, offset + width + 6);
                    if (adjust <= 0)
                        round_trip(&codec, "", 0, offset + width);
                }
}

TEST(a_length_beside_a_head)
{
    /* The length counts the head as well, and frames keep it. */
    static const unsigned char bytes[] = {0xca, 0xfe, 0, 6, 'h', 'i', 'X'};
    const bide_length_options options = {
        .width = 2, .offset = 2, .adjust = -4, .frame_max = 10, .keeps_head = true};
    bide_codec codec;
    bide_codec_output output;
    char back[16];
    CHECK_EQ(bide_codec_length(&options, &codec), 0);
    CHECK_EQ(decode(&codec, bytes, sizeof bytes, false, &output), 6);
    CHECK_EQ(output.at, 0);
    CHECK_EQ(output.size, 6);
    CHECK_EQ(codec.encode(&codec, "\xca\xfe??hi", 6, back, sizeof back), 6);
    CHECK(memcmp(back, bytes, 6) == 0);
    CHECK_ERR(codec.encode(&codec, "\xca\xfe?", 3, back, sizeof back), -EINVAL);
}

TEST(lengths_that_are_wrong)
{
    static const bide_codec one = BIDE_CODEC_LENGTH(1, BIDE_ORDER_BIG, 300);
    const bide_length_options less = {.width = 8, .adjust = -4, .frame_max = 10};
    const bide_length_options more = {.width = 8, .adjust = INT64_MAX, .frame_max = 10};
    static const unsigned char huge[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const unsigned char small[8] = {0, 0, 0, 0, 0, 0, 0, 3}, just[8] = {[7] = 15};
    static char frame[301];
    char back[400];
    bide_codec codec;
    bide_codec_output output;
    CHECK_EQ(one.encode(&one, frame, 255, back, sizeof back), 256);
    CHECK_ERR(one.encode(&one, frame, 256, back, sizeof back), -EMSGSIZE); /* no room in a byte */
    CHECK_ERR(one.encode(&one, frame, 301, back, sizeof back), -EMSGSIZE);
    CHECK_EQ(bide_codec_length(&less, &codec), 0);
    CHECK_ERR(decode(&codec, huge, 8, false, &output), -EMSGSIZE);
    CHECK_ERR(decode(&codec, small, 8, false, &output), -EBADMSG);
    CHECK_ERR(decode(&codec, just, 8, false, &output), -EMSGSIZE);
    CHECK_EQ(bide_codec_length(&more, &codec), 0);
    CHECK_ERR(decode(&codec, small, 8, false, &output), -EMSGSIZE);
    CHECK_ERR(codec.encode(&codec, frame, 1, back, sizeof back), -EMSGSIZE);
}

TEST(options_that_are_wrong)
{
    bide_codec codec;
    CHECK_EQ(bide_codec_length(NULL, &codec), 0);
    round_trip(&codec, "default", 7, 11);
    CHECK_ERR(bide_codec_length(&(bide_length_options){.width = 9}, &codec), -EINVAL);
    CHECK_ERR(bide_codec_length(&(bide_length_options){.offset = 65}, &codec), -EINVAL);
    CHECK_ERR(bide_codec_length(&(bide_length_options){.frame_max = SIZE_MAX}, &codec), -EINVAL);
    CHECK_ERR(bide_codec_length(&(bide_length_options){.order = (bide_order)7}, &codec), -EINVAL);
    CHECK_ERR(bide_codec_delimiter("", 0, 10, &codec), -EINVAL);
    CHECK_ERR(bide_codec_delimiter("x", BIDE_DELIMITER_MAX + 1, 10, &codec), -EINVAL);
    CHECK_ERR(bide_codec_delimiter("x", 1, 0, &codec), -EINVAL);
}

TEST(delimiters_and_lines)
{
    static const bide_codec lines = BIDE_CODEC_LINES(8), piece = BIDE_CODEC_DELIMITER("--", 8);
    bide_codec codec;
    bide_codec_output output;
    char back[32];
    round_trip(&lines, "12345678", 8, 9);
    round_trip(&piece, "1-2-3", 5, 7);
    CHECK_EQ(bide_codec_delimiter("\0\1", 2, 8, &codec), 0);
    round_trip(&codec, "", 0, 2);
    CHECK_EQ(decode(&lines, "ab\r\nc", 5, false, &output), 4);
    CHECK_EQ(output.size, 2);
    CHECK_EQ(decode(&lines, "ab", 2, true, &output), 2); /* the rest, at the end */
    CHECK_EQ(output.size, 2);
    CHECK_ERR(decode(&lines, "1234567890", 10, false, &output), -EMSGSIZE);
    CHECK_ERR(decode(&lines, "123456789", 9, true, &output), -EMSGSIZE);
    CHECK_ERR(lines.encode(&lines, "a\nb", 3, back, sizeof back), -EINVAL);
    CHECK_ERR(lines.encode(&lines, "123456789", 9, back, sizeof back), -EMSGSIZE);
    /* The delimiter would be found one byte too early. */
    CHECK_ERR(piece.encode(&piece, "1-", 2, back, sizeof back), -EINVAL);
}

/* ---- through readers and writers ---- */

static bide_stream *near, *far;
static bide_reader *reader;
static bide_writer *writer;

static void begin(size_t capacity)
{
    CHECK_EQ(bide_stream_pair(capacity, &near, &far), 0);
    CHECK_EQ(bide_reader_new(near, 10, &reader), 0);
    CHECK_EQ(bide_writer_new(far, 32, &writer), 0);
}

static void end(void)
{
    bide_reader_free(reader);
    bide_writer_free(writer);
    bide_stream_close(near);
    bide_stream_close(far);
}

enum { FRAMES = 60, FRAME_MAX = 500 };

static size_t size_of(unsigned number)
{
    return number * number % FRAME_MAX;
}

static async int write_frames(const bide_codec *codec)
{
    char frame[FRAME_MAX];
    for (unsigned i = 0; i < FRAMES; i++) {
        memset(frame, 'a' + (char)(i % 26), size_of(i));
        CHECK_EQ(await bide_writer_frame(writer, codec, frame, size_of(i)), 0);
        CHECK(bide_writer_buffered(writer) <= FRAME_MAX + 32 + 16); /* the peer holds it up */
    }
    CHECK_EQ(await bide_writer_flush(writer), 0);
    return bide_stream_shutdown(far);
}

static async int read_frames(const bide_codec *codec)
{
    char *frame;
    size_t size;
    int r;
    unsigned i = 0;
    for (; (r = await bide_reader_frame(reader, codec, &frame, &size)) == 1; i++) {
        CHECK_EQ(size, size_of(i));
        for (size_t k = 0; k < size; k++)
            CHECK_EQ(frame[k], 'a' + (char)(i % 26));
    }
    CHECK_EQ(i, FRAMES);
    return r;
}

static async int frames(const bide_codec *codec)
{
    for (size_t capacity = 1; capacity < 2000; capacity = capacity * 3 + 1) {
        int writes = -1, reads = -1;
        begin(capacity);
        await bide_join(writes = write_frames(codec), reads = read_frames(codec));
        CHECK(writes == 0 && reads == 0);
        end();
    }
    return 0;
}

TEST(frames_in_pieces_of_every_size)
{
    static const bide_codec codecs[] = {BIDE_CODEC_LINES(FRAME_MAX),
                                        BIDE_CODEC_DELIMITER("\r\n\r\n", FRAME_MAX),
                                        BIDE_CODEC_LENGTH(2, BIDE_ORDER_LITTLE, FRAME_MAX),
                                        BIDE_CODEC_LENGTH(8, BIDE_ORDER_BIG, FRAME_MAX)};
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        CHECK_EQ(bide_block_on(frames(&codecs[i])), 0);
}

/* ---- what is too large, and the end within a frame ---- */

static async int put(const char *text)
{
    return await bide_stream_write_all(far, text, strlen(text), NULL);
}

static async int wrong_frames(void)
{
    static const bide_codec lines = BIDE_CODEC_LINES(3),
                            length = BIDE_CODEC_LENGTH(1, BIDE_ORDER_BIG, 3);
    char *frame;
    size_t size;
    begin(64);
    CHECK_ERR(await bide_writer_frame(writer, &lines, "four", 4), -EMSGSIZE);
    CHECK_EQ(bide_writer_buffered(writer), 0);
    await put("abcd\nef\n\4xyzw\3hi");
    bide_stream_shutdown(far);
    /* Of lines the next one is read. */
    CHECK_ERR(await bide_reader_frame(reader, &lines, &frame, &size), -EMSGSIZE);
    CHECK_EQ(await bide_reader_frame(reader, &lines, &frame, &size), 1);
    CHECK_STR(frame, "ef");
    /* Nobody knows where the frame after one that is too large begins, but the caller. */
    CHECK_ERR(await bide_reader_frame(reader, &length, &frame, &size), -EMSGSIZE);
    CHECK_ERR(await bide_reader_frame(reader, &length, &frame, &size), -EMSGSIZE);
    CHECK_EQ(await bide_reader_skip(reader, 5, NULL), 0);
    CHECK_ERR(await bide_reader_frame(reader, &length, &frame, &size), -ENODATA);
    CHECK_EQ(bide_reader_buffered(reader, &frame), 3);
    CHECK_EQ(bide_reader_consume(reader, 3), 3);
    CHECK_EQ(await bide_reader_frame(reader, &length, &frame, &size), 0);
    end();
    return 0;
}

TEST(frames_that_are_wrong)
{
    CHECK_EQ(bide_block_on(wrong_frames()), 0);
}

/* ---- no limit ---- */

static async int sends_in_bytes(bide_stream *to, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        CHECK_EQ(await bide_stream_write(to, text + i, 1), 1);
    bide_stream_close(to);
    return 0;
}

static async int one_frame(const bide_codec *codec, const char *text, size_t size)
{
    bide_stream *from, *to;
    bide_reader *frames;
    char *frame;
    size_t length;
    int result = 0;
    CHECK_EQ(bide_stream_pair(1, &from, &to), 0);
    CHECK_EQ(bide_reader_new(from, 1, &frames), 0);
    bide_task(int) sender = bide_spawn(sends_in_bytes(to, text, size));
    CHECK_EQ(await bide_reader_frame(frames, codec, &frame, &length), 1);
    CHECK(length == 4 && memcmp(frame, "long", 4) == 0);
    CHECK_EQ(await bide_reader_frame(frames, codec, &frame, &length), 0);
    CHECK_EQ(await bide_task_join(sender, &result), 0);
    bide_reader_free(frames);
    bide_stream_close(from);
    return 0;
}

TEST(frames_without_a_limit)
{
    static const bide_codec lines = BIDE_CODEC_LINES(SIZE_MAX);
    static const bide_codec pieces = BIDE_CODEC_DELIMITER("--", SIZE_MAX);
    static const bide_codec length = BIDE_CODEC_LENGTH(8, BIDE_ORDER_BIG, SIZE_MAX);
    CHECK_EQ(bide_block_on(one_frame(&lines, "long\n", 5)), 0);
    CHECK_EQ(bide_block_on(one_frame(&pieces, "long--", 6)), 0);
    CHECK_EQ(bide_block_on(one_frame(&length, "\0\0\0\0\0\0\0\4long", 12)), 0);
    bide_codec_output output;
    CHECK_EQ(decode(&lines, "long", 4, false, &output), 0);
    CHECK_ERR(decode(&length, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, false, &output), -EMSGSIZE);
    CHECK_EQ(decode(&length, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8, false, &output), 0);
}

/* ---- a codec of one's own: numbers in decimal, between which spaces are dropped ---- */

static unsigned looked; /* at so many bytes */

static ssize_t decode_number(const bide_codec *codec, const bide_codec_input *input,
                             bide_codec_output *output)
{
    (void)codec;
    size_t n = 0;
    while (n < input->size && input->data[n] == ' ')
        n++;
    if (n > 0) {
        output->is_no_frame = true;
        return (ssize_t)n;
    }
    for (n = input->seen; n < input->size && input->data[n] != ' '; n++, looked++)
        if (input->data[n] < '0' || input->data[n] > '9')
            return -EPROTO;
    output->size = n;
    return n < input->size || input->is_end ? (ssize_t)n : 0;
}

static ssize_t encode_number(const bide_codec *codec, const void *frame, size_t size, void *to,
                             size_t room)
{
    int n = snprintf(to, room, "%*d ", (int)(intptr_t)codec->state, *(const int *)frame);
    (void)size;
    return n + 1; /* its zero byte needs room, and is no part of it */
}

static ssize_t encode_exactly(const bide_codec *codec, const void *frame, size_t size, void *to,
                              size_t room)
{
    ssize_t n = encode_number(codec, frame, size, to, room);
    return (size_t)n <= room ? n - 1 : n;
}

static async int send_numbers(void)
{
    static const bide_codec numbers =
        BIDE_CODEC(decode_number, encode_exactly, 20, (void *)(intptr_t)4);
    for (int i = 0; i < 30; i++)
        CHECK_EQ(await bide_writer_frame(writer, &numbers, &i, sizeof i), 0);
    CHECK_EQ(await bide_writer_flush(writer), 0);
    await put("123456");
    bide_stream_shutdown(far);
    return 0;
}

static async int receive_numbers(void)
{
    static const bide_codec numbers = BIDE_CODEC(decode_number, NULL, 20, NULL);
    char *frame, text[8];
    size_t size;
    for (int i = 0; i < 30; i++) {
        CHECK_EQ(await bide_reader_frame(reader, &numbers, &frame, &size), 1);
        snprintf(text, sizeof text, "%.*s", (int)size, frame);
        CHECK_EQ(atoi(text), i);
    }
    CHECK_EQ(await bide_reader_frame(reader, &numbers, &frame, &size), 1); /* ends at the end */
    CHECK_EQ(size, 6);
    CHECK_EQ(await bide_reader_frame(reader, &numbers, &frame, &size), 0);
    return 0;
}

static async int own_codec(void)
{
    static const bide_codec numbers = BIDE_CODEC(decode_number, NULL, 5, NULL);
    char *frame;
    size_t size;
    int sends = -1, receives = -1;
    begin(7);
    await bide_join(sends = send_numbers(), receives = receive_numbers());
    CHECK(sends == 0 && receives == 0);
    CHECK(looked < 2 * (30 * 5 + 6)); /* no byte is searched again and again */
    end();
    begin(64);
    CHECK_ERR(await bide_writer_frame(writer, &numbers, "1", 1), -EINVAL);
    await put("12x 123456");
    CHECK_ERR(await bide_reader_frame(reader, &numbers, &frame, &size), -EPROTO);
    CHECK_EQ(bide_reader_consume(reader, 4), 4);
    CHECK_ERR(await bide_reader_frame(reader, &numbers, &frame, &size), -EMSGSIZE);
    end();
    return 0;
}

TEST(a_codec_of_ones_own)
{
    CHECK_EQ(bide_block_on(own_codec()), 0);
}

static ssize_t decode_nonsense(const bide_codec *codec, const bide_codec_input *input,
                               bide_codec_output *output)
{
    output->at = codec->frame_max; /* out of the input */
    output->size = 1;
    return (ssize_t)input->size;
}

static ssize_t encode_nonsense(const bide_codec *codec, const void *frame, size_t size, void *to,
                               size_t room)
{
    (void)codec, (void)frame, (void)to;
    return (ssize_t)(room + size);
}

static async int nonsense(void)
{
    static const bide_codec codec = BIDE_CODEC(decode_nonsense, encode_nonsense, 20, NULL);
    char *frame;
    size_t size;
    begin(64);
    await put("abc");
    CHECK_ERR(await bide_reader_frame(reader, &codec, &frame, &size), -EINVAL);
    CHECK_ERR(await bide_writer_frame(writer, &codec, "abc", 3), -EINVAL);
    end();
    return 0;
}

TEST(a_codec_that_does_not_keep_its_word)
{
    CHECK_EQ(bide_block_on(nonsense()), 0);
}

/* ---- iterators ---- */

static size_t length_of(bide_bytes item)
{
    return item.size;
}

static async int iterators(void)
{
    static const bide_codec codec = BIDE_CODEC_LENGTH(1, BIDE_ORDER_BIG, 10);
    bide_bytes item;
    char buffer[16] = "";
    begin(64);
    await put("\3abc\2de\1f");
    bide_stream_shutdown(far);
    bide_iter(bide_bytes) it = bide_iter_of_frames(reader, &codec);
    CHECK_EQ(await bide_next(it, &item), 1);
    CHECK_EQ(item.size, 3);
    bide_iter(size_t) sizes = bide_iter_map(bide_iter_borrowed(it), length_of);
    size_t size = 0;
    CHECK_EQ(await bide_next(sizes, &size), 1);
    CHECK_EQ(size, 2);
    bide_iter_drop(sizes);
    bide_iter_drop(it);

    /* What is left, as a stream again. */
    bide_stream *rest;
    CHECK_EQ(bide_stream_of_iter(bide_iter_of_reader(reader), &rest), 0);
    CHECK_ERR(await bide_stream_read_exactly(rest, buffer, 9, NULL), -ENODATA);
    CHECK_STR(buffer, "\1f");
    CHECK_ERR(await bide_stream_write(rest, "x", 1), -EBADF);
    CHECK_ERR(bide_stream_shutdown(rest), -ENOTSOCK);
    CHECK_ERR(bide_stream_fd(rest), -EBADF);
    bide_stream_close(rest);
    CHECK_EQ(bide_test_fail("alloc", 2, -ENOMEM, 1), 0);
    CHECK_ERR(bide_stream_of_iter(bide_iter_of_reader(reader), &rest), -ENOMEM);
    CHECK(rest == NULL);
    end();
    return 0;
}

TEST(iterators_of_frames_and_bytes)
{
    CHECK_EQ(bide_block_on(iterators()), 0);
}
