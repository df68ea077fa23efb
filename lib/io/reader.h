/*
 * lib/io/reader.h: what the files of the buffered reader share.
 *
 *   reader.c       the object, its buffer, and where in a piece that is too long it stands
 *   reader_look.c  what a call wants, and whether the buffer has it: plain functions
 *   reader_run.c   the calls that have to read from the stream, in async C
 *   reader_call.c  the public functions: they look, and if that is not enough they run
 *
 * One call at a time: a second one returns -EBUSY, since the first may be reading into the buffer.
 * A call that is done at once is not marked as one, since it never suspends.
 */
#ifndef BIDE_LIB_IO_READER_H
#define BIDE_LIB_IO_READER_H

#include "lib/runtime.h"

#include <bide/buffer.h>

enum bide__reader_state {
    BIDE__READER_LINE, /* a piece begins at `start` */
    BIDE__READER_LONG, /* at `start` lies the rest of a piece that was reported as too long; it goes
                          on to the next `sought`, wherever that comes */
    BIDE__READER_LAST, /* the same, but the stream, and so the piece, ends with the buffer */
};

struct bide_reader {
    bide_stream *stream;
    char *buffer;
    size_t size, line_max;
    size_t start, scanned, end;
    const void *scanner; /* for what [start, scanned) was looked through: a codec, or &sought */
    enum bide__reader_state state;
    unsigned matched; /* of a LONG one: so many bytes of `sought` were the last that were taken */
    unsigned sought_size;
    char sought[BIDE_DELIMITER_MAX];
    uint32_t lock; /* of these two: another thread may free it */
    bool busy, freed;
    bool is_hungry; /* the last read has filled the buffer */
    bool holds;     /* the call under way holds the stream */
};

/* ---- reader.c ---- */

/* 0 or -EBUSY; and the end of each call that did not return that. */
int bide__reader_begin(bide_reader *r);
void bide__reader_end(bide_reader *r);
bool bide__reader_is_freed(bide_reader *r);
/* For a read of the call under way: the stream, which it holds from now on (stream.h). */
bide_stream *bide__reader_stream(bide_reader *r);
bool bide__reader_is_busy(bide_reader *r);

/* Makes room for a byte or more after `end`. For that the buffer grows to at most `most` bytes, but
 * to more than are buffered. It also grows, up to a size at which a larger one saves little, when
 * the last read has filled it. Returns 0, or -ENOMEM, and then nothing has changed. */
int bide__reader_make_room(bide_reader *r, size_t most);

/* `size` bytes, not 0, were read to `end`. */
void bide__reader_got(bide_reader *r, size_t size);

/* Takes `size` bytes at `start`, which are handed out or dropped. */
void bide__reader_take(bide_reader *r, size_t size);

/* Drops what is buffered of a piece that was reported as too long. */
void bide__reader_skip_long(bide_reader *r);

/* The same for `size` bytes that were read straight into the caller's memory; 0: the end. Nothing
 * is buffered. */
void bide__reader_passed(bide_reader *r, const void *data, size_t size);

/* A read has found the end of the stream. */
void bide__reader_ended(bide_reader *r);

/* The piece at `start`, of which all that is buffered, or a part, is too long, was reported. */
void bide__reader_too_long(bide_reader *r, bool at_end);

/* What is sought from now on. */
void bide__reader_seek(bide_reader *r, const void *delimiter, size_t size);

/* ---- reader_look.c ---- */

/* A call: what it wants. */
struct bide__wish {
    enum bide__wish_kind {
        BIDE__WISH_PIECE,    /* delimiter, size: of that, NULL: a line; limit; data, count */
        BIDE__WISH_FRAME,    /* codec; data, count */
        BIDE__WISH_BYTES,    /* buffer, size, count: may be NULL */
        BIDE__WISH_PEEK,     /* size; data, count */
        BIDE__WISH_ALL,      /* size: the most; data, count */
        BIDE__WISH_SKIP,     /* wide; wide_count */
        BIDE__WISH_UNSIGNED, /* size, order; buffer: to a uint64_t */
        BIDE__WISH_SIGNED,   /* size, order; buffer: to an int64_t */
        BIDE__WISH_FLOAT,    /* size, order; buffer: to a float or a double */
    } kind;
    bide_order order;
    union {
        const void *delimiter;
        const bide_codec *codec;
        void *buffer;
    };
    union {
        size_t size;
        uint64_t wide;
    };
    size_t limit;
    char **data;
    union {
        size_t *count;
        uint64_t *wide_count;
    };
};

/* 0 or -EINVAL. */
int bide__wish_check(const struct bide__wish *w);

/*
 * Looks whether the buffer has what is wanted; `at_end`: the stream has just ended. Returns the
 * result of the call, or -EAGAIN: more must be read, which is never the result at the end. *most is
 * then how large the buffer may grow for this call.
 */
int bide__reader_look(bide_reader *r, struct bide__wish *w, bool at_end, size_t *most);

/* If the bytes that come next may be read straight to where they are wanted: how many; *to is the
 * place. 0: they are to be buffered. */
size_t bide__wish_direct(const bide_reader *r, const struct bide__wish *w, char **to);

/* `size` bytes, not 0, were read there. */
void bide__wish_passed(bide_reader *r, struct bide__wish *w, size_t size);

#endif
