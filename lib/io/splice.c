/*
 * lib/io/splice.c: the leaves that move bytes between a descriptor and a pipe of ours, in the
 * kernel. They are like those of fd.c. The pipe is empty before bytes are moved into it, and has
 * some before they are moved out, so a call would only wait for the descriptor.
 *
 * What a connection has received ahead (runtime/io) is in memory, and is copied to the caller's
 * buffer. Nothing is received ahead as long as all reads are large, and these here count as such.
 */
#include "lib/leaf.h"

#include "lib/io/pipe.h"
#include "lib/io/stream.h"

/* stream: only before it begins. */
struct splice {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            bide_stream *stream;
        };
    };
    int pipe;
    size_t size;
    void *ahead; /* in: of `size` bytes */
    bool *is_ahead;
};

static ssize_t call(const struct splice *f, int fd, uint32_t direction)
{
    enum bide__fd_way way = (f->h.state & BIDE__FD_MARKS) / BIDE__FD_MARK;
    if (direction == BIDE__WRITE)
        return bide__door.splice_quiet(f->pipe, fd, f->size);
    return way == BIDE__FD_OWN_PIPE ? bide__pipe_splice(fd, f->pipe, f->size)
                                    : bide__door.splice(fd, f->pipe, f->size);
}

static void begin(struct splice *f, uint32_t direction)
{
    bide__fd_stream_begin(&f->leaf, f->stream, direction);
}

static enum bide_poll in_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct splice *f = (struct splice *)(void *)h;
    const struct bide__fd_read read = {f->ahead, f->size, false};
    struct bide__fd_call ours;
    ssize_t n = 0;

    if (h->state == 0)
        begin(f, BIDE__READ);
    do {
        int r = bide__fd_leaf_receive(cx, &f->leaf, &read, &n, &ours);
        if (r > 0 && r != BIDE__FD_CALL)
            return bide_frame_suspend(cx, h);
        *f->is_ahead = r == 0;
        if (r < 0)
            n = r;
        if (r == BIDE__FD_CALL) {
            n = call(f, ours.fd, BIDE__READ);
            bide__fd_leaf_called(&f->leaf, &ours, n == -EAGAIN ? BIDE__BLOCKS : BIDE__CALLED);
        }
    } while (n == -EAGAIN || n == -EINTR);
    return bide__leaf_finish(cx, h, n);
}

static enum bide_poll out_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct splice *f = (struct splice *)(void *)h;
    struct bide__fd_call ours;
    ssize_t n;

    if (h->state == 0)
        begin(f, BIDE__WRITE);
    do {
        n = bide__fd_leaf_look(cx, &f->leaf, &ours);
        if (n > 0)
            return bide_frame_suspend(cx, h);
        if (n == 0) {
            n = call(f, ours.fd, BIDE__WRITE);
            bide__fd_leaf_called(&f->leaf, &ours, n == -EAGAIN ? BIDE__BLOCKS : BIDE__CALLED);
            if (n == 0) /* as in fd.c */
                n = -EIO;
        }
    } while (n == -EAGAIN || n == -EINTR);
    return bide__leaf_finish(cx, h, n);
}

static enum bide_answer splice_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

ssize_t bide__splice_in(bide_stream *stream, int pipe, size_t size, void *ahead, bool *is_ahead);
ssize_t bide__splice_out(bide_stream *stream, int pipe, size_t size);

BIDE__LEAF(ssize_t, bide__splice_in, struct splice, in_poll, splice_cancel, (bide_stream *, stream),
           (int, pipe), (size_t, size), (void *, ahead), (bool *, is_ahead));
BIDE__LEAF(ssize_t, bide__splice_out, struct splice, out_poll, splice_cancel,
           (bide_stream *, stream), (int, pipe), (size_t, size));
