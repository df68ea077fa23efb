/*
 * lib/io/stream.h: what a stream is, for those who make one.
 *
 * A stream begins with its operations. Reading and writing are async functions as bide/io.h says,
 * named by their descriptors; bide_stream_read starts the one that it finds there in its own place,
 * with no frame between.
 */
#ifndef BIDE_LIB_IO_STREAM_H
#define BIDE_LIB_IO_STREAM_H

#include <bide/core.h>
#include <bide/io.h>

struct bide__stream_ops {
    const struct bide_fn *read;  /* async ssize_t read(bide_stream *, void *buffer, size_t size) */
    const struct bide_fn *write; /* async ssize_t write(bide_stream *, const void *data, size_t) */
    const struct bide_fn *read_exactly, *write_all; /* with a size_t *done too; async int */
    int (*shutdown)(bide_stream *);
    void (*close)(bide_stream *); /* frees it too */
    int (*fd)(const bide_stream *);
};

struct bide_stream {
    const struct bide__stream_ops *ops;
};

/* Makes a stream of a non-blocking descriptor, which it owns when 0 is returned. Errors: those of
 * bide__fd_open. `socket`: it is one; else read(2) and write(2) serve. */
int bide__fd_stream_new(int fd, bool socket, bide_stream **stream);

/* The registration of a stream that bide__fd_stream_new made; NULL: it is another one. */
struct bide__fd *bide__fd_stream_registration(const bide_stream *stream);

/* What descriptors have, and so the reserve of those who call through a stream. */
extern const struct bide_fn bide__desc_bide__fd_stream_read, bide__desc_bide__fd_stream_write;
extern const struct bide_fn bide__desc_bide__fd_stream_read_exactly;
extern const struct bide_fn bide__desc_bide__fd_stream_write_all;

/* For streams that have none of their own: by reads and writes, as many as it takes. */
extern const struct bide_fn bide__desc_bide__any_read_exactly, bide__desc_bide__any_write_all;

#endif
