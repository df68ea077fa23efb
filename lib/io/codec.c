/*
 * lib/io/codec.c: numbers in either byte order, and the codecs of the library. All of it is pure:
 * it reads what it is given and remembers nothing.
 */
#include "lib/runtime.h"

#include <bide/codec.h>

#include <errno.h>
#include <string.h>

enum { WIDTH_MAX = 8, WIDTH_DEFAULT = 4, OFFSET_MAX = 64, FRAME_DEFAULT = 8 << 20 };

/* ---- numbers ---- */

uint64_t bide_load_unsigned(const void *from, unsigned width, bide_order order)
{
    const unsigned char *p = from;
    uint64_t value = 0;
    if (width > WIDTH_MAX)
        return 0;
    for (unsigned i = 0; i < width; i++)
        value = value << 8 | p[order == BIDE_ORDER_BIG ? i : width - 1 - i];
    return value;
}

int64_t bide_load_signed(const void *from, unsigned width, bide_order order)
{
    uint64_t value = bide_load_unsigned(from, width, order);
    if (width > 0 && width < WIDTH_MAX) {
        uint64_t sign = UINT64_C(1) << (8 * width - 1);
        value = (value ^ sign) - sign;
    }
    return (int64_t)value;
}

void bide_store(uint64_t value, unsigned width, bide_order order, void *to)
{
    unsigned char *p = to;
    if (width > WIDTH_MAX)
        return;
    for (unsigned i = 0; i < width; i++, value >>= 8)
        p[order == BIDE_ORDER_LITTLE ? i : width - 1 - i] = (unsigned char)value;
}

/* ---- frames that begin with their length ---- */

ssize_t bide_codec_decode_length(const bide_codec *codec, const bide_codec_input *input,
                                 bide_codec_output *output)
{
    const bide_length_options *l = &codec->length_;
    size_t head = l->offset + l->width, rest;
    int64_t length;

    output->need = head;
    if (input->size < head)
        return 0;
    uint64_t value = bide_load_unsigned(input->data + l->offset, l->width, l->order);
    if (value > INT64_MAX)
        return -EMSGSIZE;
    if (__builtin_add_overflow((int64_t)value, l->adjust, &length))
        return l->adjust > 0 ? -EMSGSIZE : -EBADMSG;
    if (length < 0)
        return -EBADMSG;
    if ((uint64_t)length > l->frame_max)
        return -EMSGSIZE;
    rest = (size_t)length;
    output->need = head + rest;
    if (input->size < head + rest)
        return 0;
    output->at = l->keeps_head ? 0 : head;
    output->size = l->keeps_head ? head + rest : rest;
    return (ssize_t)(head + rest);
}

/* The length that the field says for so many bytes after it. 0, or -EMSGSIZE. */
static int field_of(const bide_length_options *l, size_t rest, uint64_t *field)
{
    int64_t value;
    if (rest > l->frame_max || __builtin_sub_overflow((int64_t)rest, l->adjust, &value) ||
        value < 0 || (l->width < WIDTH_MAX && (uint64_t)value >> (8 * l->width) != 0))
        return -EMSGSIZE;
    *field = (uint64_t)value;
    return 0;
}

ssize_t bide_codec_encode_length(const bide_codec *codec, const void *frame, size_t size, void *to,
                                 size_t room)
{
    const bide_length_options *l = &codec->length_;
    size_t head = l->offset + l->width;
    uint64_t field = 0;

    if (l->keeps_head && size < head)
        return -EINVAL;
    size_t rest = l->keeps_head ? size - head : size;
    int r = field_of(l, rest, &field);
    if (r < 0)
        return r;
    if (room < head + rest)
        return (ssize_t)(head + rest);
    char *p = to;
    if (l->keeps_head)
        memcpy(p, frame, l->offset);
    else
        memset(p, 0, l->offset);
    bide_store(field, l->width, l->order, p + l->offset);
    if (rest > 0)
        memcpy(p + head, (const char *)frame + size - rest, rest);
    return (ssize_t)(head + rest);
}

int bide_codec_length(const bide_length_options *options, bide_codec *codec)
{
    bide_length_options l = options != NULL ? *options : (bide_length_options){0};
    if (l.width == 0)
        l.width = WIDTH_DEFAULT;
    if (l.frame_max == 0)
        l.frame_max = FRAME_DEFAULT;
    if (l.width > WIDTH_MAX || l.offset > OFFSET_MAX || l.frame_max > PTRDIFF_MAX / 4 ||
        (l.order != BIDE_ORDER_BIG && l.order != BIDE_ORDER_LITTLE))
        return -EINVAL;
    *codec = (bide_codec){.decode = bide_codec_decode_length,
                          .encode = bide_codec_encode_length,
                          .frame_max = l.frame_max,
                          .input_max = l.offset + l.width + l.frame_max,
                          .length_ = l};
    return 0;
}

/* ---- lines, and frames that end with a delimiter ---- */

static const char *delimiter_of(const bide_codec *codec, size_t *size)
{
    *size = codec->delimiter_ != NULL ? codec->delimiter_size_ : 1;
    return codec->delimiter_ != NULL ? codec->delimiter_ : "\n";
}

ssize_t bide_codec_decode_delimiter(const bide_codec *codec, const bide_codec_input *input,
                                    bide_codec_output *output)
{
    size_t size, back;
    const char *delimiter = delimiter_of(codec, &size);
    /* A delimiter may have begun in what was seen. */
    back = input->seen >= size - 1 ? input->seen - (size - 1) : 0;
    const char *end = memmem(input->data + back, input->size - back, delimiter, size);
    size_t length = end != NULL ? (size_t)(end - input->data) : input->size;
    if (end == NULL && !input->is_end)
        return length > codec->frame_max && length - codec->frame_max > 1 ? -EMSGSIZE : 0;
    output->size = length;
    if (end != NULL && codec->delimiter_ == NULL && length > 0 && end[-1] == '\r')
        output->size--;
    if (output->size > codec->frame_max)
        return -EMSGSIZE;
    return (ssize_t)(end != NULL ? length + size : length);
}

ssize_t bide_codec_encode_delimiter(const bide_codec *codec, const void *frame, size_t size,
                                    void *to, size_t room)
{
    size_t delimiter_size;
    const char *delimiter = delimiter_of(codec, &delimiter_size);
    if (size > codec->frame_max)
        return -EMSGSIZE;
    if (room < size + delimiter_size)
        return (ssize_t)(size + delimiter_size);
    if (size > 0)
        memcpy(to, frame, size);
    memcpy((char *)to + size, delimiter, delimiter_size);
    /* Also one that begins in the frame and ends in the delimiter would be found first. */
    if (memmem(to, size + delimiter_size - 1, delimiter, delimiter_size) != NULL)
        return -EINVAL;
    return (ssize_t)(size + delimiter_size);
}

int bide_codec_delimiter(const void *delimiter, size_t delimiter_size, size_t frame_max,
                         bide_codec *codec)
{
    if (delimiter_size == 0 || delimiter_size > BIDE_DELIMITER_MAX || frame_max == 0 ||
        frame_max > PTRDIFF_MAX / 4)
        return -EINVAL;
    *codec = (bide_codec){.decode = bide_codec_decode_delimiter,
                          .encode = bide_codec_encode_delimiter,
                          .frame_max = frame_max,
                          .input_max = frame_max + delimiter_size,
                          .delimiter_ = delimiter,
                          .delimiter_size_ = delimiter_size};
    return 0;
}
