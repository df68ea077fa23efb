/*
 * lib/fs/transfer.c: reads and writes of files: leaves, and a file as a stream.
 *
 * A call first tries what needs no wait (RWF_NOWAIT): what is in the page cache is copied here, at
 * most FILE_PIECE bytes of it. Only if that is not to be had does the call go elsewhere (op.h).
 */
#include "lib/leaf.h"

#include "lib/fs/file.h"

struct transfer {
    struct bide_frame h;
    union {
        bide_file *file;
        bide_stream *stream; /* of the file: its first member */
    };
    uint64_t offset;
    union {
        void *buffer;
        const void *data;
    };
    size_t size;
    struct fs_op op; /* once it is CALLED */
};

enum { TRIED = 1, CALLED = 2 };

static uint32_t flag_of(const struct transfer *f, enum bide__file_call what)
{
    return f->offset != FS_HERE ? 0 : what == BIDE__FILE_READ ? FILE_READS : FILE_WRITES;
}

static ssize_t try_now(struct transfer *f, enum bide__file_call what)
{
    const struct iovec piece = {.iov_base = f->buffer,
                                .iov_len = f->size < FILE_PIECE ? f->size : FILE_PIECE};
    return bide__file_now(f->file, what, &piece, 1, f->offset);
}

static void begin_call(struct transfer *f, enum bide__file_call what)
{
    f->op = (struct fs_op){.file = {.what = what,
                                    .fd = f->file->fd,
                                    .buffer = f->buffer,
                                    .size = f->size,
                                    .offset = f->offset},
                           .by_pool = bide__file_is_other(f->file)};
    f->h.state = CALLED;
}

/* It has ended. A write that takes nothing, by a device or a file system that says nothing else, is
 * an error: who writes all would try for ever. */
static int64_t end(struct transfer *f, enum bide__file_call what, int64_t n)
{
    bide__file_leave(f->file, flag_of(f, what));
    return n == 0 && what == BIDE__FILE_WRITE && f->size > 0 ? -EIO : n;
}

/* True: it has ended, with *n. */
static bool go(struct bide_cx *cx, struct transfer *f, enum bide__file_call what, int64_t *n)
{
    if (f->h.state == 0) {
        *n = bide__file_enter(f->file, flag_of(f, what));
        if (*n < 0)
            return true;
        f->h.state = TRIED;
    }
    if (f->h.state == TRIED) {
        if (!bide_budget_spend(cx))
            return false;
        *n = f->size > 0 ? try_now(f, what) : 0;
        if (*n != -EAGAIN) {
            *n = end(f, what, *n);
            return true;
        }
        begin_call(f, what);
    }
    if (!bide__fs_op_poll(cx, &f->op))
        return false;
    *n = end(f, what, f->op.result);
    return true;
}

static enum bide_poll transfer_poll(struct bide_cx *cx, struct bide_frame *h,
                                    enum bide__file_call what)
{
    int64_t n = 0;
    if (!go(cx, (struct transfer *)(void *)h, what, &n))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, (ssize_t)n);
}

static enum bide_answer transfer_cancel(struct bide_frame *h, enum bide__file_call what)
{
    struct transfer *f = (struct transfer *)(void *)h;
    enum bide_answer answer = h->state == CALLED ? bide__fs_op_cancel(&f->op) : BIDE_CANCELLED;
    if (answer == BIDE_CANCELLED)
        bide__file_leave(f->file, flag_of(f, what));
    return answer;
}

/* ---- the leaves ---- */

/* FS_HERE is no offset that a caller may give. */
static enum bide_poll poll_at(struct bide_cx *cx, struct bide_frame *h, enum bide__file_call what)
{
    if (h->state == 0 && ((struct transfer *)(void *)h)->offset > INT64_MAX)
        return bide__leaf_finish(cx, h, (ssize_t)-EINVAL);
    return transfer_poll(cx, h, what);
}

static enum bide_poll read_at_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return poll_at(cx, h, BIDE__FILE_READ);
}

static enum bide_poll write_at_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return poll_at(cx, h, BIDE__FILE_WRITE);
}

static enum bide_poll read_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        ((struct transfer *)(void *)h)->offset = FS_HERE;
    return transfer_poll(cx, h, BIDE__FILE_READ);
}

static enum bide_poll write_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        ((struct transfer *)(void *)h)->offset = FS_HERE;
    return transfer_poll(cx, h, BIDE__FILE_WRITE);
}

static enum bide_answer read_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    return transfer_cancel(h, BIDE__FILE_READ);
}

static enum bide_answer write_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    return transfer_cancel(h, BIDE__FILE_WRITE);
}

BIDE__LEAF(ssize_t, bide_file_read, struct transfer, read_poll, read_cancel, (bide_file *, file),
           (void *, buffer), (size_t, size));
BIDE__LEAF(ssize_t, bide_file_write, struct transfer, write_poll, write_cancel, (bide_file *, file),
           (const void *, data), (size_t, size));
BIDE__LEAF(ssize_t, bide_file_read_at, struct transfer, read_at_poll, read_cancel,
           (bide_file *, file), (uint64_t, offset), (void *, buffer), (size_t, size));
BIDE__LEAF(ssize_t, bide_file_write_at, struct transfer, write_at_poll, write_cancel,
           (bide_file *, file), (uint64_t, offset), (const void *, data), (size_t, size));

/* ---- as a stream ---- */

ssize_t bide__file_stream_read(bide_stream *stream, void *buffer, size_t size);
ssize_t bide__file_stream_write(bide_stream *stream, const void *data, size_t size);

BIDE__LEAF(ssize_t, bide__file_stream_read, struct transfer, read_poll, read_cancel,
           (bide_stream *, stream), (void *, buffer), (size_t, size));
BIDE__LEAF(ssize_t, bide__file_stream_write, struct transfer, write_poll, write_cancel,
           (bide_stream *, stream), (const void *, data), (size_t, size));

static int stream_shutdown(bide_stream *stream)
{
    (void)stream;
    return -ENOTSOCK;
}

static bide_file *of(const bide_stream *stream)
{
    return (bide_file *)(uintptr_t)stream;
}

static void stream_close(bide_stream *stream)
{
    bide_file_free(of(stream));
}

static void stream_hold(bide_stream *stream)
{
    bide__file_hold(of(stream));
}

static void stream_let_go(bide_stream *stream)
{
    bide__file_leave(of(stream), 0);
}

static int stream_fd(const bide_stream *stream)
{
    return bide_file_fd(of(stream));
}

const struct bide__stream_ops bide__file_stream_ops = {
    .read = &bide__desc_bide__file_stream_read,
    .write = &bide__desc_bide__file_stream_write,
    .read_exactly = &bide__desc_bide__any_read_exactly,
    .write_all = &bide__desc_bide__any_write_all,
    .readv = &bide__desc_bide__any_readv,
    .writev = &bide__desc_bide__any_writev,
    .shutdown = stream_shutdown,
    .shutdown_read = stream_shutdown,
    .close = stream_close,
    .hold = stream_hold,
    .let_go = stream_let_go,
    .fd = stream_fd,
};
