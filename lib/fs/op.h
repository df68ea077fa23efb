/*
 * lib/fs/op.h: one call on a file or a path, by whichever way serves.
 *
 * A call is made inline, if it is certain not to wait (its callers try that first); by the driver,
 * if that has it; or by a thread of the blocking pool. It may be taken
 * back while it waits for its turn. One that has begun is waited for, and has a result.
 *
 * The struct is in a frame, and stays there, with all that it refers to, until the call has ended.
 */
#ifndef BIDE_LIB_FS_OP_H
#define BIDE_LIB_FS_OP_H

#include "lib/runtime.h"

#include "runtime/io/file.h"

#include <bide/abi.h>
#include <bide/fs.h>

#include <sys/stat.h>
#include <sys/uio.h>

typedef int64_t bide__fs_function(void *argument);

struct fs_op {
    struct bide_job job;
    struct bide__file_op file; /* what is to be called, for both ways */
    /* If not NULL, this is called in its place, by the pool. */
    bide__fs_function *call;
    void *argument;
    int64_t result;
    bide_waker waker; /* the job's */
    uint32_t state;
    bool by_pool; /* not by the driver, whatever it is */
};

/* No offset: at the position of the file. */
#define FS_HERE UINT64_MAX

/* Polled until it has ended. True: op->result is its result. The first poll begins it, unless its
 * chain is about to be cancelled; the memory is zero before, but for `file` or `call`. */
bool bide__fs_op_poll(struct bide_cx *cx, struct fs_op *op);

/* For the cancel of the leaf whose frame has it. */
enum bide_answer bide__fs_op_cancel(struct fs_op *op);

/* Makes the call on this thread. */
int64_t bide__fs_op_call(const struct bide__file_op *file);

void bide__fs_stat_of(const struct statx *x, struct stat *status);

#endif
