/*
 * lib/io/writer.h: what the files of the buffered writer share.
 *
 *   writer.c       the object, its buffer, and what a call puts there: plain functions
 *   writer_run.c   the calls that have to write to the stream, in async C
 *   writer_call.c  the public functions: what has room is taken at once, otherwise they run
 *
 * One call at a time, as for readers (reader.h).
 */
#ifndef BIDE_LIB_IO_WRITER_H
#define BIDE_LIB_IO_WRITER_H

#include "lib/runtime.h"

#include <bide/buffer.h>

struct bide_writer {
    bide_stream *stream;
    char *buffer;
    size_t size;       /* so much is buffered before something is written */
    size_t room;       /* of the memory: more only after a frame that was larger */
    size_t start, end; /* what is buffered */
    size_t reserved;   /* behind it, for a commit */
    uint32_t lock;     /* of these two: another thread may free it */
    bool busy, freed;
    bool holds; /* the call under way holds the stream */
};

/* A call. */
struct bide__put {
    enum bide__put_kind {
        BIDE__PUT_DATA,    /* one; done: may be NULL */
        BIDE__PUT_PIECES,  /* pieces, count; done: may be NULL */
        BIDE__PUT_NUMBER,  /* number, one.iov_len */
        BIDE__PUT_FRAME,   /* one, codec */
        BIDE__PUT_RESERVE, /* one.iov_len, place */
        BIDE__PUT_FLUSH,
    } kind;
    struct iovec one;
    union {
        const struct iovec *pieces;
        const bide_codec *codec;
        char number[sizeof(uint64_t)];
    };
    size_t count;
    union {
        size_t *done;
        char **place;
    };
};

/* 0 or -EBUSY; and the end of each call that did not return that. */
int bide__writer_begin(bide_writer *w);
void bide__writer_end(bide_writer *w);
/* For a write of the call under way: the stream, which it holds from now on (stream.h). */
bide_stream *bide__writer_stream(bide_writer *w);
bool bide__writer_is_freed(bide_writer *w);
bool bide__writer_is_busy(bide_writer *w);

/* What has at most this size is taken at once. */
size_t bide__writer_size(const bide_writer *w);

/* Takes what has room. Returns the result of the call, or -EAGAIN: something must be written first.
 * `done` is not NULL for data and pieces. */
int bide__writer_put(bide_writer *w, struct bide__put *put);

/* What a write that comes next is to write: the buffer, and behind it data that is too large for
 * it. Returns how many pieces are in `window`. */
enum { BIDE__WRITER_WINDOW = 8 };

size_t bide__writer_pieces(bide_writer *w, struct bide__put *put, struct iovec *window);

/* `size` bytes of these were written. */
void bide__writer_wrote(bide_writer *w, struct bide__put *put, size_t size);

#endif
