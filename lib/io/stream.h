/*
 * lib/io/stream.h: what a stream is, for those who make one.
 *
 * A stream begins with a pointer to its operations. Reading and writing are async functions as
 * specified in bide/io.h, named by their descriptors; bide_stream_read starts the stream's own
 * function in its place, without a frame in between.
 */
#ifndef BIDE_LIB_IO_STREAM_H
#define BIDE_LIB_IO_STREAM_H

#include "lib/io/foreign.h"

#include <bide/core.h>
#include <bide/io.h>

struct bide__stream_ops {
    const struct bide_fn *read;  /* async ssize_t read(bide_stream *, void *buffer, size_t size) */
    const struct bide_fn *write; /* async ssize_t write(bide_stream *, const void *data, size_t) */
    const struct bide_fn *read_exactly, *write_all; /* these also take `done`; async int */
    /* async ssize_t readv(bide_stream *, const struct iovec *pieces, size_t count), and writev;
     * bide__any_readv and bide__any_writev for a stream that has no better way. */
    const struct bide_fn *readv, *writev;
    int (*shutdown)(bide_stream *);
    int (*shutdown_read)(bide_stream *);
    void (*close)(bide_stream *); /* frees it too, when nobody holds it */
    /* See bide__stream_hold. */
    void (*hold)(bide_stream *);
    void (*let_go)(bide_stream *);
    int (*fd)(const bide_stream *);
    /* NULL: it cannot. See bide__stream_try_write. */
    ssize_t (*try_write)(bide_stream *, const void *data, size_t size);
    bool shutdown_ends; /* see bide__stream_shutdown_ends; of descriptors, sockets do */
};

struct bide_stream {
    const struct bide__stream_ops *ops;
};

/*
 * Writes what there is room for, without waiting. Returns how many bytes, -EAGAIN if there is no
 * room or the stream cannot do this, or an error of bide_stream_write. No write may be under way.
 */
ssize_t bide__stream_try_write(bide_stream *stream, const void *data, size_t size);

/*
 * For a call that makes several of these calls on a stream: the stream may be closed between two of
 * them, while its caller believes that he waits. Held, its memory and that of the streams that it
 * owns stay until it is let go, and the calls that begin after the close return -EBADF. It must be
 * open when the first one holds it. The shutdowns may be called, too; nothing else may be after the
 * close. The memory is all that stays: its descriptor does not.
 */
void bide__stream_hold(bide_stream *stream);
void bide__stream_let_go(bide_stream *stream);

/* A shutdown of both directions ends the calls that wait, and those that are about to. With other
 * streams only a close does, and no call may be about to begin then. */
bool bide__stream_shutdown_ends(const bide_stream *stream);

/*
 * Makes a stream of a descriptor, which the stream owns if this returns 0. A socket may be
 * blocking: all calls are made with MSG_DONTWAIT. For anything else, read(2) and write(2) are used,
 * so it must not be. Errors: -ENOMEM and those of bide__fd_open.
 */
enum bide__stream_kind {
    BIDE__STREAM_OTHER = 0,
    BIDE__STREAM_SOCKET = 1, /* of any type; from outside, perhaps */
    BIDE__STREAM_TCP = 2,    /* a TCP socket that we made: it may receive ahead */
    BIDE__STREAM_PIPE = 3,   /* the writing end of a pipe that we made, or a FIFO: writing to it
                                raises no SIGPIPE, and a FIFO that has had no writer yet is not at
                                its end. The reading end of a pipe has always had one: OTHER */
};

int bide__fd_stream_new(int fd, unsigned kind, bide_stream **stream);

/* A stream of a foreign descriptor that can be waited for. is_kept: the descriptor is not closed
 * with it. Errors: as bide_stream_open, and -EPERM: it cannot be waited for. */
int bide__fd_stream_of(int fd, bool is_kept, bide_stream **stream);

/* The registration of a stream that bide__fd_stream_new made; NULL for any other stream. */
struct bide__fd *bide__fd_stream_registration(const bide_stream *stream);

/* The same if the stream is on a socket; otherwise NULL. */
struct bide__fd *bide__fd_stream_socket(const bide_stream *stream);

/* How calls are made with the descriptor of such a stream, and the one with which they are. */
enum bide__fd_way bide__fd_stream_way(const bide_stream *stream);
/* A leaf begins that waits for such a stream, which may be closed and held. Its mark is the way. */
void bide__fd_stream_begin(struct bide__fd_leaf *leaf, const bide_stream *stream,
                           uint32_t direction);
int bide__fd_stream_own(const bide_stream *stream);

/* Frees such a stream, whose registration is closed. Its descriptor is returned, and not closed;
 * `own`, what bide__fd_stream_own has returned before that, is, if it is another one. */
int bide__fd_stream_dissolve(bide_stream *stream, int own);

/* For a half for reading, or for any half (split.c): the whole stream. Any other stream is returned
 * as it is. */
bide_stream *bide__stream_reader_whole(bide_stream *stream);
const bide_stream *bide__stream_whole(const bide_stream *stream);

/* bide_stream_fd for the library itself, which changes nothing by it that matters to the
 * registration (bide__fd_show); and the registration of what may be a half. NULL: there is none. */
int bide__stream_fd(const bide_stream *stream);
struct bide__fd *bide__stream_registration(const bide_stream *stream);

/* The functions of streams on descriptors, which also set the reserve of callers through a
 * stream. */
extern const struct bide_fn bide__desc_bide__fd_stream_read, bide__desc_bide__fd_stream_write;
extern const struct bide_fn bide__desc_bide__fd_stream_read_exactly;
extern const struct bide_fn bide__desc_bide__fd_stream_write_all;

/* vector.c */
extern const struct bide_fn bide__desc_bide__fd_stream_readv, bide__desc_bide__fd_stream_writev;

/* For streams that have no such functions of their own: as many reads or writes as it takes; and a
 * read or a write of the first piece that is not empty. */
extern const struct bide_fn bide__desc_bide__any_read_exactly, bide__desc_bide__any_write_all;
extern const struct bide_fn bide__desc_bide__any_readv, bide__desc_bide__any_writev;

/* The pieces behind the first `done` bytes, at most `most` of them, without those that are empty.
 * Returns how many are in `window`. */
size_t bide__pieces_after(const struct iovec *pieces, size_t count, size_t done,
                          struct iovec *window, size_t most);

#endif
