/*
 * lib/io/fd.c: streams on descriptors: sockets, pipes and terminals. vector.c has the operations on
 * several pieces.
 *
 * What was transferred is always returned, or counted in *done. A read copies what has been
 * received, or makes one call that does not block when there is something to read; so a cancelled
 * read has transferred nothing. A write makes such a call first. If that would block, the driver
 * may send: then the kernel has the data until the send has ended, and a cancelled write has to
 * wait for that, and to count what was sent. With a driver that does not send, it waits until it
 * can write.
 *
 * When the wait ends, the stream may be gone (bide_stream_close ends waiting operations with
 * -EBADF). So nothing touches the stream then: the leaves refer to the registration instead. They
 * are written by hand because connections spend their lives here: each needs just one frame, which
 * holds only the call's arguments.
 */
#include "lib/leaf.h"

#include "lib/fs/stdio.h"
#include "lib/io/foreign.h"
#include "lib/io/pipe.h"
#include "lib/io/reading.h"
#include "lib/io/stream.h"

#include <stdatomic.h>

struct fd_stream {
    bide_stream base;
    struct bide__fd *registration; /* of the descriptor for the calls */
    uint32_t generation;           /* its; another one's after the close */
    _Atomic uint32_t holders;      /* the owner, and calls */
    int fd;                        /* that one, or what was reopened for them */
    uint8_t way;                   /* an enum bide__fd_way */
    bool is_kept;                  /* fd is not closed */
};

static struct fd_stream *of(const bide_stream *stream)
{
    return (struct fd_stream *)(uintptr_t)stream;
}

/* stream: only before it begins. size: of what is left. sending: in the place of the data while
 * the driver sends that (runtime/io/send.c), so that no frame has room for both. */
#define TRANSFER                       \
    union {                            \
        struct bide__fd_leaf leaf;     \
        struct {                       \
            struct bide_frame h;       \
            bide_stream *stream;       \
        };                             \
    };                                 \
    union {                            \
        void *buffer;                  \
        const void *data;              \
        struct bide__sending *sending; \
    };                                 \
    size_t size;

struct transfer {
    TRANSFER
};

struct transfer_all {
    union {
        struct transfer t;
        struct {
            TRANSFER
        };
    };
    size_t *done; /* may be NULL */
};

void bide__fd_stream_begin(struct bide__fd_leaf *leaf, const bide_stream *stream,
                           uint32_t direction)
{
    const struct fd_stream *s = of(stream);
    bide__fd_leaf_begin_for(leaf, s->registration, direction, s->generation);
    leaf->h.state |= s->way * (uint32_t)BIDE__FD_MARK;
}

static void begin(struct transfer *f, uint32_t direction)
{
    bide__fd_stream_begin(&f->leaf, f->stream, direction);
}

static bool is_socket(const struct transfer *f)
{
    return (f->h.state & BIDE__FD_MARKS) == BIDE__FD_SOCKET * BIDE__FD_MARK;
}

/* A call that does not wait, on what is no socket. */
static ssize_t call(const struct transfer *f, int fd, uint32_t direction)
{
    enum bide__fd_way way = (f->h.state & BIDE__FD_MARKS) / BIDE__FD_MARK;
    if (way == BIDE__FD_OWN_PIPE)
        return direction == BIDE__READ ? bide__pipe_read(fd, f->buffer, f->size)
                                       : bide__door.write_quiet(fd, f->data, f->size);
    int r = way != BIDE__FD_PLAIN ? bide__fd_ask(fd, direction) : 1;
    if (r <= 0)
        return r < 0 ? r : -EAGAIN;
    return direction == BIDE__READ ? bide__door.read(fd, f->buffer, f->size)
                                   : bide__door.write(fd, f->data, bide__fd_piece(way, f->size));
}

static int outcome(ssize_t n, size_t size)
{
    if (n == -EAGAIN)
        return BIDE__BLOCKS;
    return n > 0 && (size_t)n < size && bide__recv_is_real() ? BIDE__DRAINED : BIDE__CALLED;
}

static ssize_t call_read(const struct bide__fd_leaf *leaf, int fd)
{
    const struct transfer *f = (const struct transfer *)(const void *)leaf;
    return is_socket(f) ? bide__door.recv(fd, f->buffer, f->size, MSG_DONTWAIT)
                        : call(f, fd, BIDE__READ);
}

/* Reads once there is something, and stores the result in *n. Returns false if there is nothing
 * yet; then the leaf suspends. */
static bool has_read(struct bide_cx *cx, struct transfer *f, ssize_t *n)
{
    const struct bide__fd_read read = {f->buffer, f->size, false};
    return bide__fd_reads(cx, &f->leaf, &read, call_read, outcome, n);
}

static void end_sending(struct transfer *f, const void *data)
{
    f->data = data;
    f->h.state &= ~(uint32_t)BIDE__FD_SENDS;
}

/* What the driver sends has been sent, or will not be. */
static bool has_sent(struct bide_cx *cx, struct transfer *f, ssize_t *n)
{
    struct bide__sending *sending = f->sending;
    const void *data = bide__sending_data(sending);
    if (!bide__fd_leaf_sent(cx, &f->leaf, &sending, n))
        return false;
    end_sending(f, data);
    return true;
}

/* The same for a write. */
static bool has_written(struct bide_cx *cx, struct transfer *f, ssize_t *n)
{
    struct bide__sending *sending;
    struct bide__fd_call ours;
    for (;;) {
        if (f->h.state & BIDE__FD_SENDS) {
            if (!has_sent(cx, f, n))
                return false;
            if (*n != -EAGAIN)
                return true;
        }
        int r = bide__fd_leaf_look(cx, &f->leaf, &ours);
        *n = r;
        if (r != 0)
            return r < 0;
        *n = is_socket(f) ? bide__door.send(ours.fd, f->data, f->size, MSG_NOSIGNAL | MSG_DONTWAIT)
                          : call(f, ours.fd, BIDE__WRITE);
        bide__fd_leaf_called(&f->leaf, &ours, *n == -EAGAIN ? BIDE__BLOCKS : BIDE__CALLED);
        if (*n == 0) /* a device that takes nothing: who writes all would try for ever */
            *n = -EIO;
        if (*n != -EAGAIN && *n != -EINTR)
            return true;
        if (*n == -EAGAIN && is_socket(f) &&
            bide__fd_leaf_send(cx, &f->leaf, f->data, f->size, &sending)) {
            f->sending = sending;
            f->h.state |= BIDE__FD_SENDS;
            return false;
        }
    }
}

static enum bide_poll read_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct transfer *f = (struct transfer *)(void *)h;
    ssize_t n = 0;
    if (h->state == 0)
        begin(f, BIDE__READ);
    if (f->size > 0 && !has_read(cx, f, &n))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, n);
}

static enum bide_poll write_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct transfer *f = (struct transfer *)(void *)h;
    ssize_t n = 0;
    if (h->state == 0)
        begin(f, BIDE__WRITE);
    if (f->size > 0 && !has_written(cx, f, &n))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, n);
}

/* ---- a number of bytes ---- */

static void count(struct transfer_all *f, size_t n)
{
    f->t.buffer = (char *)f->t.buffer + n;
    f->t.size -= n;
    if (f->done != NULL)
        *f->done += n;
}

static void begin_all(struct transfer_all *f, uint32_t direction)
{
    size_t done = f->done == NULL ? 0 : *f->done < f->t.size ? *f->done : f->t.size;
    begin(&f->t, direction);
    f->t.buffer = (char *)f->t.buffer + done;
    f->t.size -= done;
}

static enum bide_poll read_exactly_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct transfer_all *f = (struct transfer_all *)(void *)h;
    ssize_t n;
    if (h->state == 0)
        begin_all(f, BIDE__READ);
    while (f->t.size > 0) {
        if (!has_read(cx, &f->t, &n))
            return bide_frame_suspend(cx, h);
        if (n <= 0)
            return bide__leaf_finish(cx, h, n < 0 ? (int)n : -ENODATA);
        count(f, (size_t)n);
    }
    return bide__leaf_finish(cx, h, (int)0);
}

static enum bide_poll write_all_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct transfer_all *f = (struct transfer_all *)(void *)h;
    ssize_t n;
    if (h->state == 0)
        begin_all(f, BIDE__WRITE);
    while (f->t.size > 0) {
        if (!has_written(cx, &f->t, &n))
            return bide_frame_suspend(cx, h);
        if (n < 0)
            return bide__leaf_finish(cx, h, (int)n);
        count(f, (size_t)n);
    }
    return bide__leaf_finish(cx, h, (int)0);
}

/* ---- cancelled ---- */

static enum bide_answer read_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

/* Also of what the driver sends. */
static enum bide_answer cancel_write(struct bide_cx *cx, struct transfer *f, ssize_t *n)
{
    if (!(f->h.state & BIDE__FD_SENDS))
        return read_cancel(cx, &f->h);
    struct bide__sending *sending = f->sending;
    const void *data = bide__sending_data(sending);
    enum bide_answer answer = bide__fd_leaf_send_cancel(&f->leaf, &sending, n);
    if (sending == NULL)
        end_sending(f, data);
    return answer;
}

/* What was sent all the same is the result. */
static enum bide_answer write_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    ssize_t n;
    return cancel_write(cx, (struct transfer *)(void *)h, &n);
}

/* It is counted, if that was not all. */
static enum bide_answer write_all_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct transfer_all *f = (struct transfer_all *)(void *)h;
    ssize_t n = 0;
    enum bide_answer answer = cancel_write(cx, &f->t, &n);
    if (answer != BIDE_COMPLETED || n < 0 || (size_t)n == f->t.size)
        return answer;
    has_sent(cx, &f->t, &n);
    count(f, (size_t)n);
    return BIDE_CANCELLED;
}

ssize_t bide__fd_stream_read(bide_stream *stream, void *buffer, size_t size);
ssize_t bide__fd_stream_write(bide_stream *stream, const void *data, size_t size);
int bide__fd_stream_read_exactly(bide_stream *stream, void *buffer, size_t size, size_t *done);
int bide__fd_stream_write_all(bide_stream *stream, const void *data, size_t size, size_t *done);

BIDE__LEAF(ssize_t, bide__fd_stream_read, struct transfer, read_poll, read_cancel,
           (bide_stream *, stream), (void *, buffer), (size_t, size));
BIDE__LEAF(ssize_t, bide__fd_stream_write, struct transfer, write_poll, write_cancel,
           (bide_stream *, stream), (const void *, data), (size_t, size));
BIDE__LEAF(int, bide__fd_stream_read_exactly, struct transfer_all, read_exactly_poll, read_cancel,
           (bide_stream *, stream), (void *, buffer), (size_t, size), (size_t *, done));
BIDE__LEAF(int, bide__fd_stream_write_all, struct transfer_all, write_all_poll, write_all_cancel,
           (bide_stream *, stream), (const void *, data), (size_t, size), (size_t *, done));

static int fd_shutdown(bide_stream *stream)
{
    const struct fd_stream *s = of(stream);
    return bide__fd_shutdown(s->registration, s->generation, s->fd, SHUT_WR);
}

static int fd_shutdown_read(bide_stream *stream)
{
    const struct fd_stream *s = of(stream);
    return bide__fd_shutdown(s->registration, s->generation, s->fd, SHUT_RD);
}

/* Of a socket, or a pipe of ours. Another runtime has to be told that the stream is not its own, by
 * a write. */
static ssize_t fd_try_write(bide_stream *stream, const void *data, size_t size)
{
    const struct fd_stream *s = of(stream);
    struct bide_runtime *running = bide__runtime_running();
    if ((s->way != BIDE__FD_SOCKET && s->way != BIDE__FD_OWN_PIPE) ||
        (running != NULL && running != s->registration->runtime))
        return -EAGAIN;
    ssize_t n = s->way == BIDE__FD_SOCKET
                    ? bide__door.send(s->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT)
                    : bide__door.write_quiet(s->registration->fd, data, size);
    return n == -EINTR ? -EAGAIN : n;
}

static int fd_of(const bide_stream *stream)
{
    return of(stream)->fd;
}

static void fd_hold(bide_stream *stream)
{
    atomic_fetch_add_explicit(&of(stream)->holders, 1, memory_order_relaxed);
}

static void fd_let_go(bide_stream *stream)
{
    struct fd_stream *s = of(stream);
    if (atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) == 1)
        bide__free(s, sizeof *s);
}

/* A socket is its registration's: the driver may still send from it. */
static void fd_close(bide_stream *stream)
{
    struct fd_stream *s = of(stream);
    bool socket = s->way == BIDE__FD_SOCKET;
    int own = s->registration->fd;
    bide__fd_close(s->registration);
    if (!socket && !(s->is_kept && own == s->fd))
        bide__door.close(own);
    if (own != s->fd && !s->is_kept)
        bide__door.close(s->fd);
    fd_let_go(stream);
}

static const struct bide__stream_ops fd_ops = {
    .read = &bide__desc_bide__fd_stream_read,
    .write = &bide__desc_bide__fd_stream_write,
    .read_exactly = &bide__desc_bide__fd_stream_read_exactly,
    .write_all = &bide__desc_bide__fd_stream_write_all,
    .readv = &bide__desc_bide__fd_stream_readv,
    .writev = &bide__desc_bide__fd_stream_writev,
    .shutdown = fd_shutdown,
    .shutdown_read = fd_shutdown_read,
    .close = fd_close,
    .hold = fd_hold,
    .let_go = fd_let_go,
    .fd = fd_of,
    .try_write = fd_try_write,
};

/* own: for the calls. */
static int new_stream(int fd, int own, enum bide__fd_way way, unsigned how, bide_stream **stream)
{
    struct fd_stream *s = bide__alloc(sizeof *s);
    if (s == NULL)
        return -ENOMEM;
    *s = (struct fd_stream){.base.ops = &fd_ops, .holders = 1, .fd = fd, .way = (uint8_t)way};
    int r = bide__fd_open_as(&s->registration, own, how);
    if (r < 0) {
        bide__free(s, sizeof *s);
        return r;
    }
    s->generation = s->registration->generation;
    *stream = &s->base;
    return 0;
}

int bide__fd_stream_new(int fd, unsigned kind, bide_stream **stream)
{
    static const struct {
        enum bide__fd_way way;
        unsigned how;
    } kinds[] = {
        [BIDE__STREAM_OTHER] = {BIDE__FD_PLAIN, 0},
        [BIDE__STREAM_SOCKET] = {BIDE__FD_SOCKET, BIDE__FD_OWNED},
        [BIDE__STREAM_TCP] = {BIDE__FD_SOCKET, BIDE__FD_OWNED | BIDE__FD_NEW | BIDE__FD_RECEIVES},
        [BIDE__STREAM_PIPE] = {BIDE__FD_OWN_PIPE, 0},
    };
    return new_stream(fd, fd, kinds[kind].way, kinds[kind].how, stream);
}

struct bide__fd *bide__fd_stream_registration(const bide_stream *stream)
{
    return stream->ops == &fd_ops ? of(stream)->registration : NULL;
}

enum bide__fd_way bide__fd_stream_way(const bide_stream *stream)
{
    return of(stream)->way;
}

int bide__fd_stream_own(const bide_stream *stream)
{
    return of(stream)->registration->fd;
}

int bide__fd_stream_dissolve(bide_stream *stream, int own)
{
    struct fd_stream *s = of(stream);
    int fd = s->fd;
    if (own != fd)
        bide__door.close(own);
    fd_let_go(stream);
    return fd;
}

struct bide__fd *bide__fd_stream_socket(const bide_stream *stream)
{
    struct bide__fd *registration = bide__fd_stream_registration(stream);
    return registration != NULL && of(stream)->way == BIDE__FD_SOCKET ? registration : NULL;
}

int bide__fd_stream_of(int fd, bool is_kept, bide_stream **stream)
{
    enum bide__fd_way way;
    *stream = NULL;
    int own = bide__foreign_open(fd, &way);
    int r = own;
    if (own >= 0)
        r = new_stream(fd, own, way,
                       way == BIDE__FD_SOCKET && !is_kept ? BIDE__FD_OWNED | BIDE__FD_LINGERS : 0,
                       stream);
    if (r == 0)
        of(*stream)->is_kept = is_kept;
    if (r < 0 && own >= 0 && own != fd)
        bide__door.close(own);
    return r;
}

int bide_stream_open(int fd, bide_stream **stream)
{
    return bide__fs_stream_of(fd, false, stream);
}
