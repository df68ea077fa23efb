/*
 * lib/io/sendfile.c: a leaf that moves bytes of a file to a socket, in the kernel. It is like those
 * of splice.c. The file is read as sendfile(2) does it: what is not in memory is waited for by the
 * thread, so the caller has asked for it before.
 */
#include "lib/leaf.h"

#include "lib/io/stream.h"

/* stream: only before it begins. */
struct sends_file {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            bide_stream *stream;
        };
    };
    int file;
    uint64_t at;
    size_t size;
};

static enum bide_poll send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct sends_file *f = (struct sends_file *)(void *)h;
    struct bide__fd_call ours;
    ssize_t n;

    if (h->state == 0)
        bide__fd_leaf_begin(&f->leaf, bide__fd_stream_registration(f->stream), BIDE__WRITE, 0);
    do {
        n = bide__fd_leaf_look(cx, &f->leaf, &ours);
        if (n > 0)
            return bide_frame_suspend(cx, h);
        if (n == 0) {
            n = bide__door.sendfile_quiet(ours.fd, f->file, (off_t)f->at, f->size);
            bide__fd_leaf_called(&f->leaf, &ours, n == -EAGAIN ? BIDE__BLOCKS : BIDE__CALLED);
        }
    } while (n == -EAGAIN || n == -EINTR);
    return bide__leaf_finish(cx, h, n);
}

static enum bide_answer send_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

ssize_t bide__fd_send_file(bide_stream *stream, int file, uint64_t at, size_t size);

BIDE__LEAF(ssize_t, bide__fd_send_file, struct sends_file, send_poll, send_cancel,
           (bide_stream *, stream), (int, file), (uint64_t, at), (size_t, size));
