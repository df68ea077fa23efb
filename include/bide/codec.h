/*
 * bide/codec.h: numbers in memory in either byte order, and codecs, which say where a frame (a
 * message) begins and ends in a stream of bytes. Frames are read by bide_reader_frame and written
 * by bide_writer_frame, of bide/buffer.h.
 *
 *     static const bide_codec codec = BIDE_CODEC_LENGTH(4, BIDE_ORDER_BIG, 65536);
 *     while ((rc = await bide_reader_frame(reader, &codec, &frame, &size)) > 0)
 *         rc = await bide_writer_frame(writer, &codec, frame, size);
 *
 * A codec has no memory of its own and remembers nothing, so one may serve any number of streams,
 * tasks and threads at once, unless the functions of one of your own are otherwise.
 */
#ifndef BIDE_CODEC_H
#define BIDE_CODEC_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* ---- numbers ---- */

/* Which byte comes first: the most significant one (as in the headers of the Internet), or the
 * least significant one. */
typedef enum bide_order {
    BIDE_ORDER_BIG,
    BIDE_ORDER_LITTLE,
} bide_order;

/* Returns the number in `width` bytes, 1 to 8; with another width 0. Any thread. */
uint64_t bide_load_unsigned(const void *from, unsigned width, bide_order order);

/* The same for a number in two's complement. */
int64_t bide_load_signed(const void *from, unsigned width, bide_order order);

/* Stores the low `width` bytes of a number, signed or not, 1 to 8; with another width nothing. Any
 * thread. */
void bide_store(uint64_t value, unsigned width, bide_order order, void *to);

/* ---- codecs ---- */

typedef struct bide_codec bide_codec;

/* What a codec looks at: what has arrived and was not yet taken. */
typedef struct bide_codec_input {
    const char *data;
    size_t size; /* 1 or more */
    size_t seen; /* so many bytes at the beginning were there at the call before, which needed more:
                    0, or less than `size` unless the stream has ended */
    bool is_end; /* the stream has ended: no more will come */
} bide_codec_input;

/* What it has found. All zero at the call. */
typedef struct bide_codec_output {
    size_t at, size;  /* where the frame is in the input, and how long */
    size_t need;      /* if more is needed: of so many bytes in all, 0: it is not known */
    bool is_no_frame; /* the bytes are dropped, and what follows is looked at */
} bide_codec_output;

/*
 * Finds the first frame. Returns how many bytes it takes with all that belongs to it, at most
 * input->size; 0: more are needed; or a negative errno, which bide_reader_frame returns, with the
 * bytes still in the reader. If the stream has ended and 0 is returned, bide_reader_frame returns
 * -ENODATA. Must not block, and is called only by who reads.
 */
typedef ssize_t bide_codec_decode(const bide_codec *codec, const bide_codec_input *input,
                                  bide_codec_output *output);

/*
 * Encodes a frame to `to`, if `room` bytes are enough, and returns how many it takes; if they are
 * not, it returns that all the same, and is called again with more. Or a negative errno, which
 * bide_writer_frame returns. Must not block, and is called only by who writes.
 */
typedef ssize_t bide_codec_encode(const bide_codec *codec, const void *frame, size_t size, void *to,
                                  size_t room);

/* The longest delimiter, in bytes. */
enum { BIDE_DELIMITER_MAX = 80 };

/* How a frame tells its length. Zero in a member means the default. */
typedef struct bide_length_options {
    unsigned width;   /* of the field with the length, in bytes, 1 to 8; 0: 4 */
    bide_order order; /* of its bytes */
    unsigned offset;  /* so many bytes come before the field, at most 64 */
    int64_t adjust;   /* added to what the field says gives how many bytes follow the field */
    size_t frame_max; /* at most so many bytes follow the field; 0: 8 MiB */
    bool keeps_head;  /* frames include the bytes before the field and the field; else they are what
                         follows it */
} bide_length_options;

/* A codec. The members are set by the functions and initializers below, or, for one of your own,
 * by BIDE_CODEC. */
struct bide_codec {
    bide_codec_decode *decode;
    bide_codec_encode *encode; /* NULL: frames are only read */
    size_t frame_max;          /* the longest frame */
    size_t input_max;          /* the most bytes that one takes in a stream, 1 or more */
    void *state;               /* for functions of your own */
    bide_length_options length_;
    const char *delimiter_;
    size_t delimiter_size_;
};

/*
 * BIDE_CODEC(decode, encode, input_max, state), an initializer: a codec of your own. A frame, with
 * all that belongs to it, takes at most `input_max` bytes; if there are so many and `decode` needs
 * more, bide_reader_frame returns -EMSGSIZE. docs/io.md has an example.
 */
#define BIDE_CODEC(decode, encode, input_max, state)                \
    {                                                               \
        (decode), (encode), (input_max), (input_max), (state),      \
            {0, BIDE_ORDER_BIG, 0, 0, 0, false}, (const char *)0, 0 \
    }

/*
 * Initializers for the codecs of the library; `frame_max` is 1 or more, up to SIZE_MAX, which is
 * no limit.
 *
 * BIDE_CODEC_LINES(frame_max): lines, that end with "\n" or "\r\n" as in bide_reader_line. Written
 * is "\n"; a frame that has one in it is -EINVAL.
 *
 * BIDE_CODEC_DELIMITER(text, frame_max): pieces that end with the string literal `text`, as in
 * bide_reader_until. A frame that has it in it is -EINVAL.
 *
 * BIDE_CODEC_LENGTH(width, order, frame_max): each frame begins with its length.
 */
#define BIDE_CODEC_LINES(frame_max)                                                          \
    {                                                                                        \
        bide_codec_decode_delimiter, bide_codec_encode_delimiter, (frame_max), 1, (void *)0, \
            {0, BIDE_ORDER_BIG, 0, 0, 0, false}, (const char *)0, 0                          \
    }
#define BIDE_CODEC_DELIMITER(text, frame_max)                                                \
    {                                                                                        \
        bide_codec_decode_delimiter, bide_codec_encode_delimiter, (frame_max), 1, (void *)0, \
            {0, BIDE_ORDER_BIG, 0, 0, 0, false}, "" text, sizeof(text) - 1                   \
    }
#define BIDE_CODEC_LENGTH(width, order, frame_max)                                          \
    {                                                                                       \
        bide_codec_decode_length, bide_codec_encode_length, (frame_max),                    \
            ((frame_max) < SIZE_MAX / 2 ? (frame_max) : SIZE_MAX / 2) + (width), (void *)0, \
            {(width), (order), 0, 0, (frame_max), false}, (const char *)0, 0                \
    }

/* The same by what is known only when the program runs. The delimiter is borrowed. Errors: -EINVAL:
 * a member, `frame_max` or the size of the delimiter is out of its range. */
int bide_codec_length(const bide_length_options *options, bide_codec *codec);
int bide_codec_delimiter(const void *delimiter, size_t delimiter_size, size_t frame_max,
                         bide_codec *codec);

/* The functions of the codecs above. */
bide_codec_decode bide_codec_decode_length, bide_codec_decode_delimiter;
bide_codec_encode bide_codec_encode_length, bide_codec_encode_delimiter;

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
