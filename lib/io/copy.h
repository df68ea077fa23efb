/*
 * lib/io/copy.h: what the files of copies share: the object (copy.c), its calls in async C
 * (copy_run.c), and the leaves that move bytes between a descriptor and a pipe (splice.c).
 */
#ifndef BIDE_LIB_IO_COPY_H
#define BIDE_LIB_IO_COPY_H

#include "lib/runtime.h"

#include <bide/buffer.h>

#include <stdatomic.h>

/*
 * What was read and not yet written is in [start, end) of the buffer or in the pipe, never in both:
 * nothing is read before all was written.
 */
struct bide_copy {
    bide_stream *from, *to;
    char *buffer; /* NULL: nothing was read yet */
    size_t size, start, end;
    int pipe[2]; /* -1: there is none */
    size_t in_pipe;
    bool ended;
    bool splices;   /* reads go to the pipe, but for what was received ahead; the buffer is as
                       large as the pipe */
    bool cannot;    /* they never will */
    bool is_full;   /* the last read has filled the buffer */
    unsigned much;  /* more often than not: at its largest size */
    unsigned small; /* reads to the pipe in a row that brought little */
    _Atomic uint64_t read, written;
    uint32_t lock; /* of: */
    bool busy;
};

/* 0 or -EBUSY; and the end of each call that did not return that. */
int bide__copy_begin(bide_copy *c);
void bide__copy_end(bide_copy *c);

/* Chooses how the next read is made, and makes room for it. Nothing is held. 0 or -ENOMEM. */
int bide__copy_prepare(bide_copy *c);

/* A read has brought `size` bytes, not 0, into the buffer or into the pipe; a write has written
 * `size`. */
void bide__copy_got(bide_copy *c, size_t size, bool in_buffer);
void bide__copy_wrote(bide_copy *c, size_t size);

/* The streams cannot splice after all. Nothing was read. */
void bide__copy_cannot(bide_copy *c);

/* The same, but what was read is in the pipe: it comes into the buffer, which is at its largest
 * size, that of the pipe. 0, or an error, and nothing has happened. */
int bide__copy_unsplice(bide_copy *c);

/* As many as a new pipe holds. */
enum { BIDE__PIPE_BYTES = 65536 };

#endif
