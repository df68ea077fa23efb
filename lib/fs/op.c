/*
 * lib/fs/op.c: see op.h.
 *
 * What the driver has is cheaper there (ARCHITECTURE.md): the kernel begins the call on this thread
 * and needs one of its own only if that would wait; and of these it has few.
 */
#include "lib/leaf.h"

#include "lib/fs/op.h"

#include <limits.h>
#include <sys/sysmacros.h>

enum { NEW, HELD, RING, POOL, ENDED };

/* ---- on this thread ---- */

static int64_t transfer(const struct bide__file_op *f)
{
    const struct iovec piece = {.iov_base = f->buffer,
                                .iov_len = f->size < SSIZE_MAX ? f->size : SSIZE_MAX};
    off_t offset = f->offset == FS_HERE ? -1 : (off_t)f->offset;

    return f->what == BIDE__FILE_READ ? bide__door.preadv2(f->fd, &piece, 1, offset, 0)
                                      : bide__door.pwritev2(f->fd, &piece, 1, offset, 0);
}

/* Only the file systems that a lease holds up return that; then it is waited for. */
static int64_t open_again(const struct bide__file_op *f, int64_t r)
{
    return r == -EWOULDBLOCK ? bide__door.openat(f->fd, f->path, f->flags & ~O_NONBLOCK, f->mode)
                             : r;
}

static int64_t call_once(const struct bide__file_op *f)
{
    switch (f->what) {
    case BIDE__FILE_READ:
    case BIDE__FILE_WRITE: return transfer(f);
    case BIDE__FILE_SYNC:
        return f->flags != 0 ? bide__door.fdatasync(f->fd) : bide__door.fsync(f->fd);
    case BIDE__FILE_OPEN:
        return open_again(f, bide__door.openat(f->fd, f->path, f->flags, f->mode));
    case BIDE__FILE_STAT:
        return bide__door.statx(f->fd, f->path, f->flags, STATX_BASIC_STATS, f->buffer);
    case BIDE__FILE_RENAME: return bide__door.renameat(f->fd, f->path, f->fd_2, f->buffer);
    case BIDE__FILE_UNLINK: return bide__door.unlinkat(f->fd, f->path, f->flags);
    case BIDE__FILE_MKDIR: return bide__door.mkdirat(f->fd, f->path, f->mode);
    /* It is closed, whatever close(2) says. */
    case BIDE__FILE_CLOSE: return bide__door.close(f->fd);
    case BIDE__FILE_CALLS: break;
    }
    return -ENOSYS;
}

int64_t bide__fs_op_call(const struct bide__file_op *f)
{
    int64_t r;

    do
        r = call_once(f);
    while (r == -EINTR && f->what != BIDE__FILE_CLOSE);
    return r;
}

static void run(struct bide_job *job)
{
    struct fs_op *op = (struct fs_op *)(void *)job;
    op->result = op->call != NULL ? op->call(op->argument) : bide__fs_op_call(&op->file);
}

/* ---- struct stat ---- */

void bide__fs_stat_of(const struct statx *x, struct stat *status)
{
    *status = (struct stat){
        .st_dev = makedev(x->stx_dev_major, x->stx_dev_minor),
        .st_ino = x->stx_ino,
        .st_mode = x->stx_mode,
        .st_nlink = x->stx_nlink,
        .st_uid = x->stx_uid,
        .st_gid = x->stx_gid,
        .st_rdev = makedev(x->stx_rdev_major, x->stx_rdev_minor),
        .st_size = (off_t)x->stx_size,
        .st_blksize = x->stx_blksize,
        .st_blocks = (blkcnt_t)x->stx_blocks,
        .st_atim = {x->stx_atime.tv_sec, x->stx_atime.tv_nsec},
        .st_mtim = {x->stx_mtime.tv_sec, x->stx_mtime.tv_nsec},
        .st_ctim = {x->stx_ctime.tv_sec, x->stx_ctime.tv_nsec},
    };
}

/* ---- begun ---- */

/* True: it has ended. */
static bool to_pool(struct bide_cx *cx, struct fs_op *op)
{
    struct bide_runtime *rt = bide__runtime_running();

    op->job.run = run;
    op->waker = cx->waker;
    op->state = POOL;
    if (rt != NULL && bide__job_submit(rt, &op->job, cx->waker))
        return false;
    run(&op->job);
    op->state = ENDED;
    return true;
}

static bool begin(struct bide_cx *cx, struct fs_op *op)
{
    if (bide__will_ask(cx->chain)) {
        op->state = HELD;
        return false;
    }
    if (op->call == NULL && !op->by_pool && bide__file_submit(&op->file, cx->waker) == 0) {
        op->state = RING;
        return false;
    }
    return to_pool(cx, op);
}

/* A file that cannot be read without waiting is none that the driver can wait for, either; and a
 * signal for a thread of the kernel ends its call. But a close that was made has closed, whatever
 * it says: a second one would close what somebody else has opened meanwhile. */
static bool is_for_pool(const struct fs_op *op)
{
    int r = op->file.io.result;
    if (op->file.what == BIDE__FILE_CLOSE)
        return r == -ECANCELED;
    return r == -EAGAIN || r == -EOPNOTSUPP || r == -EINTR || r == -ECANCELED || r == -ENOSYS;
}

static bool poll_ring(struct bide_cx *cx, struct fs_op *op)
{
    if (!bide__file_poll(&op->file, cx->waker))
        return false;
    if (is_for_pool(op))
        return to_pool(cx, op);
    op->result = op->file.io.result;
    op->state = ENDED;
    return true;
}

bool bide__fs_op_poll(struct bide_cx *cx, struct fs_op *op)
{
    if (op->state == RING)
        return poll_ring(cx, op);
    if (op->state == POOL && bide__job_poll(&op->job, &op->waker, cx->waker))
        op->state = ENDED;
    return op->state == NEW || op->state == HELD ? begin(cx, op) : op->state == ENDED;
}

/* ---- cancelled ---- */

static enum bide_answer cancel_ring(struct fs_op *op)
{
    if (bide__file_cancel(&op->file))
        return BIDE_CANCELLED;
    if (!bide__io_is_done(&op->file.io))
        return BIDE_WAIT;
    if (!is_for_pool(op))
        return BIDE_COMPLETED;
    bide__file_end(&op->file);
    return BIDE_CANCELLED;
}

enum bide_answer bide__fs_op_cancel(struct fs_op *op)
{
    if (op->state == HELD)
        return BIDE_CANCELLED;
    if (op->state == RING)
        return cancel_ring(op);
    if (op->state == ENDED || bide__job_has_run(&op->job))
        return BIDE_COMPLETED;
    return bide__job_take_back(&op->job) ? BIDE_CANCELLED : BIDE_WAIT;
}

/* ---- a call that the pool makes ---- */

struct call {
    struct bide_frame h;
    union {
        struct {
            bide__fs_function *call;
            void *argument;
        };
        struct fs_op op;
    };
};

static enum bide_poll call_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct call *f = (struct call *)(void *)h;

    if (h->state == 0) {
        h->state = BIDE__BEGUN;
        f->op = (struct fs_op){.call = f->call, .argument = f->argument};
    }
    if (!bide__fs_op_poll(cx, &f->op))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, f->op.result);
}

static enum bide_answer call_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    return bide__fs_op_cancel(&((struct call *)(void *)h)->op);
}

int64_t bide__fs_call(bide__fs_function *call, void *argument);

BIDE__LEAF(int64_t, bide__fs_call, struct call, call_poll, call_cancel, (bide__fs_function *, call),
           (void *, argument));

/* ---- a call of runtime/io/file.h ---- */

struct file_call {
    struct bide_frame h;
    const struct bide__file_op *file; /* before it begins */
    struct fs_op op;
};

static enum bide_poll file_call_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct file_call *f = (struct file_call *)(void *)h;

    if (h->state == 0) {
        h->state = BIDE__BEGUN;
        f->op = (struct fs_op){.file = *f->file};
    }
    if (!bide__fs_op_poll(cx, &f->op))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, f->op.result);
}

static enum bide_answer file_call_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    return bide__fs_op_cancel(&((struct file_call *)(void *)h)->op);
}

int64_t bide__fs_file_call(const struct bide__file_op *file);

BIDE__LEAF(int64_t, bide__fs_file_call, struct file_call, file_call_poll, file_call_cancel,
           (const struct bide__file_op *, file));
