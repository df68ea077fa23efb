/*
 * file.h: calls on files by the driver of the worker that runs on this thread.
 *
 * Requires a driver (driver.h). Establishes that the waker of an operation that was submitted is
 * woken when it has completed, with its result in the operation. Such an operation is frame-owned:
 * it, its buffer, its path and its descriptor stay until then.
 */
#ifndef BIDE_RUNTIME_FILE_H
#define BIDE_RUNTIME_FILE_H

#include "runtime/io/driver.h"

enum bide__file_call {
    BIDE__FILE_READ, /* buffer, size, offset; UINT64_MAX: at the position of the file */
    BIDE__FILE_WRITE,
    BIDE__FILE_SYNC,   /* flags: not 0 for the data only */
    BIDE__FILE_OPEN,   /* path in the folder fd; flags, mode */
    BIDE__FILE_STAT,   /* the same; flags; buffer: a struct statx */
    BIDE__FILE_RENAME, /* path in fd to the path `buffer` in fd_2 */
    BIDE__FILE_UNLINK, /* path in fd; flags */
    BIDE__FILE_MKDIR,  /* path in fd; mode */
    BIDE__FILE_CLOSE,
    BIDE__FILE_CALLS,
};

struct bide__file_op {
    struct bide__io io;
    struct bide__fds *fds; /* of the runtime that counts it as waited for */
    enum bide__file_call what;
    bool is_cancelled; /* the driver was asked to end it */
    int fd, fd_2, flags;
    mode_t mode;
    const char *path;
    void *buffer; /* of a write it is only read */
    size_t size;
    uint64_t offset;
};

/* 0; -ENOSYS: the driver has no such call, or there is no runtime; -ENOMEM. But for 0 nothing has
 * happened. */
int bide__file_submit(struct bide__file_op *op, bide_waker waker);

/* At a poll with this waker. True: it has completed, and op->io.result is its result; then, or
 * after bide__file_cancel has returned true, nothing more is called for it. */
bool bide__file_poll(struct bide__file_op *op, bide_waker waker);

/* Asks the driver to end it. True: it has, and never happened. False: it completes, maybe with
 * -ECANCELED; it may be asked again. */
bool bide__file_cancel(struct bide__file_op *op);

/* It was seen to have completed (bide__io_is_done), and is not polled any more. */
void bide__file_end(struct bide__file_op *op);

#endif
