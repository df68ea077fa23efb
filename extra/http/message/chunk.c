/*
 * chunk.c: chunked bodies (RFC 9112, 7.1). parse.h has the rules and the bounds.
 *
 * One byte after the other, but for data and trailers; a line before a chunk is short. Bytes that
 * are no data are counted in excess_. When the size of a chunk is known, what the chunk may spend
 * is taken from it; what is left of that at the end of its line is forgotten.
 */
#include "extra/http/message/inside.h"

#include <string.h>

enum {
    SIZE,
    EXTENSION,    /* after ";" */
    NAME,         /* in the name of an extension, after its first byte */
    VALUE,        /* after "=" */
    TOKEN,        /* in a value, after its first byte */
    QUOTED,       /* in quotes */
    ESCAPED,      /* after a backslash in quotes */
    AFTER_QUOTED, /* after the closing quote */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER
};

enum { SPENT_AROUND = 4 }; /* the line ends after the size and after the data */

static const uint64_t may_trail = (uint64_t)1 << BIDE__FIELD_ETAG |
                                  (uint64_t)1 << BIDE__FIELD_LAST_MODIFIED |
                                  (uint64_t)1 << BIDE__FIELD_X_REQUEST_ID;

void bide__http_chunks_begin(struct bide__http_chunks *c, const struct bide__http_limits *limits,
                             struct bide__http_field *list, uint32_t room)
{
    memset(c, 0, sizeof *c);
    c->trailers.list = list;
    c->trailers.room = room;
    c->limits_ = limits;
}

/* A byte of the size, or the first one behind it. */
static enum fault size_byte(struct bide__http_chunks *c, char byte)
{
    if (byte_is(byte, BYTE_HEX)) {
        if (++c->digits_ > 16 || c->left_ >> 59 != 0)
            return FAULT_CHUNK_SIZE;
        c->left_ = c->left_ << 4 | hex_of(byte);
        return FAULT_NONE;
    }
    if (c->digits_ == 0 || (byte != '\r' && byte != ';'))
        return FAULT_CHUNK_SIZE;
    int64_t free = c->left_ > INT32_MAX ? INT32_MAX : (int64_t)c->left_;
    c->excess_ += c->digits_ + SPENT_AROUND - 16 - free + (byte == ';');
    c->state_ = byte == ';' ? EXTENSION : SIZE_LF;
    return FAULT_NONE;
}

/* The state after a byte of an extension; SIZE: it is not allowed there. */
static unsigned after(unsigned state, char byte)
{
    switch (state) {
    case QUOTED:
        if (byte == '"')
            return AFTER_QUOTED;
        if (byte == '\\')
            return ESCAPED;
        return byte_is(byte, BYTE_VALUE) ? QUOTED : SIZE;
    case ESCAPED: return byte_is(byte, BYTE_VALUE) ? QUOTED : SIZE;
    case EXTENSION: return byte_is(byte, BYTE_TOKEN) ? NAME : SIZE;
    case VALUE:
        if (byte == '"')
            return QUOTED;
        return byte_is(byte, BYTE_TOKEN) ? TOKEN : SIZE;
    default: break;
    }
    if (byte == '\r')
        return SIZE_LF;
    if (byte == ';')
        return EXTENSION;
    if (state == NAME && byte == '=')
        return VALUE;
    return state != AFTER_QUOTED && byte_is(byte, BYTE_TOKEN) ? state : SIZE;
}

static void size_ends(struct bide__http_chunks *c)
{
    if (c->excess_ < 0)
        c->excess_ = 0;
    c->digits_ = 0;
    c->state_ = c->left_ > 0 ? DATA : TRAILER;
}

/* Any byte that is neither data nor of a trailer section. */
static enum fault read_byte(struct bide__http_chunks *c, char byte)
{
    switch (c->state_) {
    case SIZE: return size_byte(c, byte);
    case SIZE_LF:
        if (byte != '\n')
            return FAULT_LINE_END;
        size_ends(c);
        return FAULT_NONE;
    case DATA_CR: c->state_ = DATA_LF; return byte == '\r' ? FAULT_NONE : FAULT_CHUNK_END;
    case DATA_LF: c->state_ = SIZE; return byte == '\n' ? FAULT_NONE : FAULT_CHUNK_END;
    default:
        c->excess_ += byte != '\r'; /* which was counted with the size */
        if (c->excess_ > (int64_t)c->limits_->excess_max)
            return FAULT_CHUNK_EXCESS;
        c->state_ = (uint8_t)after(c->state_, byte);
        return c->state_ == SIZE ? FAULT_CHUNK_EXTENSION : FAULT_NONE;
    }
}

static int trailers(struct bide__http_chunks *c, const char *data, size_t size, size_t *used)
{
    uint32_t most = c->limits_->head_max;
    bool is_cut = size >= most;
    enum fault fault = FAULT_NONE;
    c->trailers.base = data;
    enum lines_end rc = bide__http_lines(&c->lines_, &c->trailers, c->limits_->fields_max, data,
                                         is_cut ? most : size, &fault);
    if (rc == LINES_MORE && is_cut)
        fault = FAULT_TRAILER_LONG;
    if (rc == LINES_DONE && (c->trailers.has & ~may_trail) != 0)
        fault = FAULT_TRAILER;
    if (fault)
        return bide__http_fault(fault, &c->refused, &c->why);
    if (rc == LINES_MORE)
        return BIDE__HTTP_MORE;
    *used += c->lines_.at;
    return BIDE__HTTP_END;
}

int bide__http_chunks_next(struct bide__http_chunks *c, const char *data, size_t size,
                           const char **piece, size_t *piece_size, size_t *used)
{
    *used = 0;
    while (*used < size) {
        if (c->state_ == DATA) {
            size_t n = size - *used < c->left_ ? size - *used : (size_t)c->left_;
            *piece = data + *used;
            *piece_size = n;
            *used += n;
            c->left_ -= n;
            c->data_bytes += n;
            if (c->left_ == 0)
                c->state_ = DATA_CR;
            return BIDE__HTTP_PIECE;
        }
        if (c->state_ == TRAILER)
            return trailers(c, data + *used, size - *used, used);
        enum fault fault = read_byte(c, data[(*used)++]);
        if (fault)
            return bide__http_fault(fault, &c->refused, &c->why);
    }
    return BIDE__HTTP_MORE;
}

size_t bide__http_chunk_line(char line[BIDE__HTTP_CHUNK_LINE_MAX], uint64_t size)
{
    size_t digits = 1;
    while (digits < 16 && size >> (4 * digits) != 0)
        digits++;
    for (size_t i = digits; i > 0; i--, size >>= 4)
        line[i - 1] = "0123456789abcdef"[size & 15];
    line[digits] = '\r';
    line[digits + 1] = '\n';
    return digits + 2;
}

bool bide__http_may_trail(const char *name, size_t size)
{
    enum bide__http_name known = bide__http_name_of(name, size);
    return known == BIDE__FIELD_OTHER || (may_trail >> known & 1) != 0;
}
