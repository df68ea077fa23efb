/*
 * lib/io/reader_look.c: whether the buffer of a reader has what a call wants. See reader.h.
 *
 * A look takes what it finds, or nothing: only BYTES with a count and SKIP take a part, and count
 * it at once. So a call may be cancelled between any two looks.
 */
#include "lib/io/reader.h"

enum { SIZE_MAX_ = PTRDIFF_MAX / 4 };

int bide__wish_check(const struct bide__wish *w)
{
    switch (w->kind) {
    case BIDE__WISH_PIECE:
        return w->delimiter == NULL || (w->size > 0 && w->size <= BIDE_DELIMITER_MAX) ? 0 : -EINVAL;
    case BIDE__WISH_PEEK: return w->size > 0 && w->size <= SIZE_MAX_ ? 0 : -EINVAL;
    case BIDE__WISH_ALL: return w->size <= SIZE_MAX_ ? 0 : -EINVAL;
    case BIDE__WISH_BYTES: return w->count != NULL || w->size <= SIZE_MAX_ ? 0 : -EINVAL;
    case BIDE__WISH_UNSIGNED:
    case BIDE__WISH_SIGNED: return w->size > 0 && w->size <= sizeof(uint64_t) ? 0 : -EINVAL;
    default: return 0;
    }
}

static size_t length_of(const bide_reader *r)
{
    return r->end - r->start;
}

static char *data_of(const bide_reader *r)
{
    return r->buffer + r->start;
}

static void give(char **data, size_t *count, char *at, size_t size)
{
    *data = at;
    if (count != NULL)
        *count = size;
}

/* ---- pieces ---- */

/* What is sought, and how. */
struct piece {
    const char *delimiter;
    size_t size, limit;
    bool is_line;
};

/* Hands out the piece of `length` bytes at start, which `ending` bytes of delimiter follow. */
static int give_piece(bide_reader *r, size_t length, size_t ending, const struct piece *p,
                      char **data, size_t *count)
{
    char *text = data_of(r);
    if (length > p->limit) {
        bide__reader_too_long(r, ending == 0);
        return -EMSGSIZE;
    }
    bide__reader_take(r, length + ending);
    text[length] = '\0';
    give(data, count, text, length);
    return 1;
}

static char *find(const bide_reader *r, const struct piece *p)
{
    /* A delimiter may have begun in what was looked through. */
    size_t from = r->scanned - r->start >= p->size ? r->scanned - (p->size - 1) : r->start;
    return p->size == 1 ? memchr(r->buffer + from, *p->delimiter, r->end - from)
                        : memmem(r->buffer + from, r->end - from, p->delimiter, p->size);
}

static int look_piece(bide_reader *r, const struct piece *p, bool at_end, char **data,
                      size_t *count)
{
    while (r->state != BIDE__READER_LINE && r->start < r->end)
        bide__reader_skip_long(r);
    if (r->state != BIDE__READER_LINE)
        return -EAGAIN;
    bide__reader_seek(r, p->delimiter, p->size);
    char *text = data_of(r), *end = find(r, p);
    if (end != NULL) {
        size_t length = (size_t)(end - text), ending = p->size;
        if (p->is_line && length > 0 && text[length - 1] == '\r') {
            length--;
            ending++;
        }
        return give_piece(r, length, ending, p, data, count);
    }
    r->scanned = r->end;
    if (at_end)
        return r->start == r->end ? 0 : give_piece(r, length_of(r), 0, p, data, count);
    if (length_of(r) < p->limit + p->size + p->is_line)
        return -EAGAIN;
    bide__reader_too_long(r, false);
    return -EMSGSIZE;
}

static int look_wished_piece(bide_reader *r, const struct bide__wish *w, bool at_end, size_t *most)
{
    const struct piece line = {"\n", 1, w->limit, true};
    const struct piece other = {w->delimiter, w->size, w->limit, false};
    const struct piece *p = w->delimiter == NULL ? &line : &other;
    *most = p->limit + p->size + p->is_line;
    return look_piece(r, p, at_end, w->data, w->count);
}

/* ---- frames ---- */

/* By the codec's function; -EAGAIN: more is needed, or bytes were dropped and there may be another.
 */
static int look_frame_once(bide_reader *r, const struct bide__wish *w, bool at_end)
{
    const bide_codec *codec = w->codec;
    size_t size = length_of(r), most = codec->input_max > 0 ? codec->input_max : 1;
    const bide_codec_input input = {data_of(r), size, r->scanned - r->start, at_end};
    bide_codec_output output = {0};

    ssize_t n = codec->decode(codec, &input, &output);
    if (n < 0)
        return (int)n;
    if (n == 0) {
        r->scanned = r->end;
        if (at_end)
            return -ENODATA;
        return size >= most || output.need > most ? -EMSGSIZE : -EAGAIN;
    }
    size_t taken = (size_t)n;
    bool is_within = output.at <= taken && output.size <= taken - output.at;
    if (taken > size || (!output.is_no_frame && !is_within))
        return -EINVAL;
    char *frame = data_of(r) + output.at;
    bide__reader_take(r, taken);
    r->scanned = r->start;
    if (output.is_no_frame)
        return -EAGAIN;
    give(w->data, w->count, frame, output.size);
    return 1;
}

static int look_frame(bide_reader *r, const struct bide__wish *w, bool at_end, size_t *most)
{
    const bide_codec *codec = w->codec;
    size_t limit = codec->frame_max < SIZE_MAX_ ? codec->frame_max : SIZE_MAX_;
    const struct piece line = {"\n", 1, limit, true};
    const struct piece other = {codec->delimiter_, codec->delimiter_size_, limit, false};
    const struct piece *p = codec->delimiter_ == NULL ? &line : &other;

    if (codec->decode == bide_codec_decode_delimiter) {
        *most = p->limit + p->size + p->is_line;
        return look_piece(r, p, at_end, w->data, w->count);
    }
    *most = codec->input_max;
    if (r->scanner != codec) {
        r->scanner = codec;
        r->scanned = r->start;
    }
    while (r->start < r->end) {
        size_t before = length_of(r);
        int result = look_frame_once(r, w, at_end);
        if (result != -EAGAIN || length_of(r) == before)
            return result;
    }
    return at_end ? 0 : -EAGAIN;
}

/* ---- bytes ---- */

/* -ENODATA at the end. */
static int more_or_end(bool at_end)
{
    return at_end ? -ENODATA : -EAGAIN;
}

static int look_bytes(bide_reader *r, const struct bide__wish *w, bool at_end, size_t *most)
{
    size_t length = length_of(r), done = w->count != NULL ? *w->count : 0;
    size_t wanted = done < w->size ? w->size - done : 0, n = wanted < length ? wanted : length;

    if (w->count == NULL && n < wanted) {
        *most = w->size;
        return more_or_end(at_end);
    }
    if (n > 0)
        memcpy((char *)w->buffer + done, data_of(r), n);
    bide__reader_take(r, n);
    if (w->count != NULL)
        *w->count += n;
    return n == wanted ? 0 : more_or_end(at_end);
}

static int look_skip(bide_reader *r, const struct bide__wish *w, bool at_end)
{
    uint64_t wanted = *w->wide_count < w->wide ? w->wide - *w->wide_count : 0;
    size_t n = wanted < length_of(r) ? (size_t)wanted : length_of(r);

    bide__reader_take(r, n);
    *w->wide_count += n;
    return n == wanted ? 0 : more_or_end(at_end);
}

static int look_peek(bide_reader *r, const struct bide__wish *w, bool at_end, size_t *most)
{
    *most = w->size;
    if (length_of(r) < w->size && !at_end)
        return -EAGAIN;
    give(w->data, w->count, data_of(r), length_of(r));
    return length_of(r) >= w->size;
}

static int look_all(bide_reader *r, const struct bide__wish *w, bool at_end, size_t *most)
{
    size_t length = length_of(r);

    *most = w->size + 1;
    if (length > w->size)
        return -EMSGSIZE;
    if (!at_end)
        return -EAGAIN;
    char *text = data_of(r);
    bide__reader_take(r, length);
    text[length] = '\0';
    give(w->data, w->count, text, length);
    return 0;
}

/* ---- numbers ---- */

static int look_number(bide_reader *r, const struct bide__wish *w, bool at_end)
{
    unsigned width = (unsigned)w->size;
    if (length_of(r) < width)
        return more_or_end(at_end);
    if (w->kind == BIDE__WISH_SIGNED) {
        *(int64_t *)w->buffer = bide_load_signed(data_of(r), width, w->order);
    } else {
        uint64_t value = bide_load_unsigned(data_of(r), width, w->order);
        uint32_t half = (uint32_t)value;
        if (w->kind == BIDE__WISH_FLOAT && width == sizeof(float))
            memcpy(w->buffer, &half, sizeof half);
        else
            memcpy(w->buffer, &value, sizeof value);
    }
    bide__reader_take(r, width);
    return 0;
}

int bide__reader_look(bide_reader *r, struct bide__wish *w, bool at_end, size_t *most)
{
    *most = r->line_max + 2;
    switch (w->kind) {
    case BIDE__WISH_PIECE: return look_wished_piece(r, w, at_end, most);
    case BIDE__WISH_FRAME: return look_frame(r, w, at_end, most);
    case BIDE__WISH_BYTES: return look_bytes(r, w, at_end, most);
    case BIDE__WISH_PEEK: return look_peek(r, w, at_end, most);
    case BIDE__WISH_ALL: return look_all(r, w, at_end, most);
    case BIDE__WISH_SKIP: return look_skip(r, w, at_end);
    default: return look_number(r, w, at_end);
    }
}

/* ---- past the buffer ---- */

size_t bide__wish_direct(const bide_reader *r, const struct bide__wish *w, char **to)
{
    if (w->kind != BIDE__WISH_BYTES || w->count == NULL || length_of(r) > 0)
        return 0;
    size_t wanted = w->size - *w->count;
    *to = (char *)w->buffer + *w->count;
    return wanted >= r->size ? wanted : 0;
}

void bide__wish_passed(bide_reader *r, struct bide__wish *w, size_t size)
{
    bide__reader_passed(r, (char *)w->buffer + *w->count, size);
    *w->count += size;
}
