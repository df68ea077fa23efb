/*
 * lib/net/peek.c: bide_tcp_peek, a leaf like those that read (lib/io/fd.c).
 */
#include "lib/leaf.h"

#include <bide/net.h>

#include "lib/io/reading.h"
#include "lib/io/stream.h"

/* stream: only before it begins. */
struct peek {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            bide_stream *stream;
        };
    };
    void *buffer;
    size_t size;
};

static ssize_t call_peek(const struct bide__fd_leaf *leaf, int fd)
{
    const struct peek *f = (const struct peek *)(const void *)leaf;
    return bide__door.recv(fd, f->buffer, f->size, MSG_PEEK | MSG_DONTWAIT);
}

/* What is there stays. */
static int outcome(ssize_t n, size_t size)
{
    (void)size;
    return n == -EAGAIN ? BIDE__BLOCKS : BIDE__CALLED;
}

static bool peeked(struct bide_cx *cx, struct peek *f, ssize_t *n)
{
    const struct bide__fd_read read = {f->buffer, f->size, true};
    return bide__fd_reads(cx, &f->leaf, &read, call_peek, outcome, n);
}

static enum bide_poll peek_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct peek *f = (struct peek *)(void *)h;
    ssize_t n = 0;

    if (h->state == 0) {
        struct bide__fd *fd = bide__fd_stream_socket(bide__stream_reader_whole(f->stream));
        if (fd == NULL)
            return bide__leaf_finish(cx, h, (ssize_t)-ENOTSOCK);
        bide__fd_leaf_begin(&f->leaf, fd, BIDE__READ, 0);
    }
    if (f->size > 0 && !peeked(cx, f, &n))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, n);
}

static enum bide_answer peek_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

BIDE__LEAF(ssize_t, bide_tcp_peek, struct peek, peek_poll, peek_cancel, (bide_stream *, stream),
           (void *, buffer), (size_t, size));
