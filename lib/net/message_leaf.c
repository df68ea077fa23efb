/*
 * lib/net/message_leaf.c: the leaves of sockets that carry messages.
 *
 * Each waits for readiness and then makes one call that does not block, whose result it returns at
 * once. So a cancelled call has transferred nothing, and what was received is never lost: neither
 * bytes nor descriptors. As in lib/io/fd.c, the leaves refer to the registration, since the object
 * may be gone when the wait ends.
 */
#include "lib/leaf.h"

#include "lib/io/stream.h"
#include "lib/net/message.h"

struct transfer {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            union { /* only before it begins */
                bide_udp *udp;
                bide_unix_datagram *datagram;
                bide_stream *stream;
                struct bide__messages *messages;
            };
        };
    };
    union {
        struct bide__message m;
        struct {
            BIDE__MESSAGE
        };
    };
};

struct transfer_many {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            bide_udp *udp;
        };
    };
    const bide_udp_datagram *datagrams; /* to receive: not const */
    size_t count;
};

/*
 * A send of a Unix datagram. While the receiver's queue is full, it is tried again after pauses:
 * the kernel does not tell when there is room in the queue of a socket that is not the peer, and
 * each attempt takes and gives back some of the sender's own buffer, which wakes the sender. epoll
 * asks then whether it can really write; io_uring passes the wake on. So readiness says nothing.
 */
struct paused_transfer {
    union {
        struct transfer t;
        struct {
            struct bide_frame h;
            bide_unix_datagram *datagram;
            const void *data;
            size_t size;
            const bide_address *to;
            const bide_unix_fds *fds;
        };
    };
    struct bide__timer timer;
    struct bide__wheel *wheel; /* NULL: no pause was made */
    uint32_t pause_ms;
};

enum { PAUSE_FIRST_MS = 1, PAUSE_MAX_MS = 8 };

/* ---- one message ---- */

/* `mark`: BIDE__FD_MARK if the datagram is to stay there. */
static void begin(struct transfer *f, struct bide__fd *registration, uint32_t direction,
                  uint32_t mark)
{
    bide__fd_leaf_begin(&f->leaf, registration, direction, mark);
    if (direction == BIDE__WRITE)
        return;
    if (f->from != NULL)
        f->from->size = 0;
    if (f->m.received != NULL)
        f->m.received->count = 0;
}

static ssize_t call(const struct transfer *f, int fd, uint32_t direction)
{
    return direction == BIDE__WRITE
               ? bide__message_send(fd, &f->m)
               : bide__message_receive(fd, &f->m, f->h.state & BIDE__FD_MARK ? MSG_PEEK : 0);
}

static enum bide_poll drive(struct bide_cx *cx, struct transfer *f, uint32_t direction)
{
    struct bide__fd_call ours;
    ssize_t n;
    do {
        n = bide__fd_leaf_look(cx, &f->leaf, &ours);
        if (n > 0)
            return bide_frame_suspend(cx, &f->h);
        if (n == 0) {
            n = call(f, ours.fd, direction);
            bide__fd_leaf_called(&f->leaf, &ours, n == -EAGAIN);
        }
    } while (n == -EAGAIN || n == -EINTR);
    return bide__leaf_finish(cx, &f->h, n);
}

static enum bide_answer transfer_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

/* `from` or `to` is a parameter. */
static enum bide_poll named_poll(struct bide_cx *cx, struct bide_frame *h, uint32_t direction,
                                 uint32_t mark)
{
    struct transfer *f = (struct transfer *)(void *)h;
    if (h->state == 0) {
        f->fds = NULL;
        begin(f, f->messages->registration, direction, mark);
    }
    return drive(cx, f, direction);
}

static enum bide_poll send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct transfer *f = (struct transfer *)(void *)h;
    if (h->state == 0)
        f->to = NULL;
    return named_poll(cx, h, BIDE__WRITE, 0);
}

static enum bide_poll send_to_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return named_poll(cx, h, BIDE__WRITE, 0);
}

static enum bide_poll receive_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return named_poll(cx, h, BIDE__READ, 0);
}

static enum bide_poll peek_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return named_poll(cx, h, BIDE__READ, BIDE__FD_MARK);
}

static enum bide_poll receive_fds_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct transfer *f = (struct transfer *)(void *)h;
    if (h->state == 0)
        begin(f, f->messages->registration, BIDE__READ, 0);
    return drive(cx, f, BIDE__READ);
}

BIDE__LEAF(ssize_t, bide_udp_send, struct transfer, send_poll, transfer_cancel, (bide_udp *, udp),
           (const void *, data), (size_t, size));
BIDE__LEAF(ssize_t, bide_udp_send_to, struct transfer, send_to_poll, transfer_cancel,
           (bide_udp *, udp), (const void *, data), (size_t, size), (const bide_address *, to));
BIDE__LEAF(ssize_t, bide_udp_receive, struct transfer, receive_poll, transfer_cancel,
           (bide_udp *, udp), (void *, buffer), (size_t, size), (bide_address *, from));
BIDE__LEAF(ssize_t, bide_udp_peek, struct transfer, peek_poll, transfer_cancel, (bide_udp *, udp),
           (void *, buffer), (size_t, size), (bide_address *, from));
BIDE__LEAF(ssize_t, bide_unix_datagram_receive, struct transfer, receive_poll, transfer_cancel,
           (bide_unix_datagram *, datagram), (void *, buffer), (size_t, size),
           (bide_address *, from));
BIDE__LEAF(ssize_t, bide_unix_datagram_receive_fds, struct transfer, receive_fds_poll,
           transfer_cancel, (bide_unix_datagram *, datagram), (void *, buffer), (size_t, size),
           (bide_address *, from), (bide_unix_fds *, fds));

/* ---- with pauses ---- */

static void end_pause(struct paused_transfer *f)
{
    if (f->wheel != NULL)
        bide__timer_disarm(f->wheel, &f->timer);
}

static void begin_pause(struct bide_cx *cx, struct paused_transfer *f)
{
    end_pause(f);
    f->pause_ms = f->pause_ms == 0 ? PAUSE_FIRST_MS : 2 * f->pause_ms;
    if (f->pause_ms > PAUSE_MAX_MS)
        f->pause_ms = PAUSE_MAX_MS;
    f->wheel = bide__wheel_running();
    bide__timer_arm(f->wheel, &f->timer, bide__deadline(BIDE_MS(f->pause_ms)), cx->waker);
}

/* Whether it pauses now. */
static bool begin_paused(struct bide_cx *cx, struct paused_transfer *f)
{
    if (f->h.state == 0) {
        f->timer = (struct bide__timer){0};
        f->wheel = NULL;
        f->pause_ms = 0;
        begin(&f->t, f->t.messages->registration, BIDE__WRITE, 0);
        return false;
    }
    if (f->wheel == NULL)
        return false;
    if (bide__timer_waits(f->wheel, &f->timer, cx->waker))
        return true;
    bide__fd_leaf_retry(&f->t.leaf);
    return false;
}

static enum bide_poll paused_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct paused_transfer *f = (struct paused_transfer *)(void *)h;
    struct bide__fd_call ours;
    ssize_t n;
    bool pauses = begin_paused(cx, f);
    do {
        n = bide__fd_leaf_look(cx, &f->t.leaf, &ours);
        if (n > 0)
            return bide_frame_suspend(cx, h);
        if (n < 0)
            break;
        n = pauses ? -EAGAIN : call(&f->t, ours.fd, BIDE__WRITE);
        bide__fd_leaf_called(&f->t.leaf, &ours, n == -EAGAIN);
        if (n == -EAGAIN && !pauses) {
            begin_pause(cx, f);
            pauses = true;
        }
    } while (n == -EAGAIN || n == -EINTR);
    end_pause(f);
    return bide__leaf_finish(cx, h, n);
}

static enum bide_poll paused_send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct paused_transfer *f = (struct paused_transfer *)(void *)h;
    if (h->state == 0) {
        f->to = NULL;
        f->fds = NULL;
    }
    return paused_poll(cx, h);
}

static enum bide_poll paused_send_to_poll(struct bide_cx *cx, struct bide_frame *h)
{
    if (h->state == 0)
        ((struct paused_transfer *)(void *)h)->fds = NULL;
    return paused_poll(cx, h);
}

/* The next call tries at once: no event would say that it may. */
static enum bide_answer paused_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct paused_transfer *f = (struct paused_transfer *)(void *)h;
    end_pause(f);
    if (f->wheel != NULL)
        bide__fd_leaf_retry(&f->t.leaf);
    return transfer_cancel(cx, h);
}

BIDE__LEAF(ssize_t, bide_unix_datagram_send, struct paused_transfer, paused_send_poll,
           paused_cancel, (bide_unix_datagram *, datagram), (const void *, data), (size_t, size));
BIDE__LEAF(ssize_t, bide_unix_datagram_send_to, struct paused_transfer, paused_send_to_poll,
           paused_cancel, (bide_unix_datagram *, datagram), (const void *, data), (size_t, size),
           (const bide_address *, to));
BIDE__LEAF(ssize_t, bide_unix_datagram_send_fds, struct paused_transfer, paused_poll, paused_cancel,
           (bide_unix_datagram *, datagram), (const void *, data), (size_t, size),
           (const bide_address *, to), (const bide_unix_fds *, fds));

/* ---- descriptors through a stream ---- */

/* The registration of a stream on a Unix socket. 0, or why it is none. */
static int registration_of(const bide_stream *stream, struct bide__fd **registration)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    *registration = bide__fd_stream_registration(stream);
    if (*registration == NULL)
        return -ENOTSOCK;
    int fd = bide__stream_fd(stream);
    int r = bide__door.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    return r < 0 ? r : domain != AF_UNIX ? -EAFNOSUPPORT : 0;
}

static enum bide_poll stream_poll(struct bide_cx *cx, struct bide_frame *h, uint32_t direction)
{
    struct transfer *f = (struct transfer *)(void *)h;
    if (h->state == 0) {
        struct bide__fd *registration;
        ssize_t r = registration_of(f->stream, &registration);
        if (r == 0 && f->size == 0 && direction == BIDE__WRITE)
            r = -EINVAL;
        f->from = NULL;
        if (direction == BIDE__READ)
            f->m.received->count = 0;
        if (r == 0)
            begin(f, registration, direction, 0);
        if (r < 0 || f->size == 0)
            return bide__leaf_finish(cx, h, r);
    }
    return drive(cx, f, direction);
}

static enum bide_poll stream_send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return stream_poll(cx, h, BIDE__WRITE);
}

static enum bide_poll stream_receive_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return stream_poll(cx, h, BIDE__READ);
}

BIDE__LEAF(ssize_t, bide_unix_send_fds, struct transfer, stream_send_poll, transfer_cancel,
           (bide_stream *, stream), (const void *, data), (size_t, size),
           (const bide_unix_fds *, fds));
BIDE__LEAF(ssize_t, bide_unix_receive_fds, struct transfer, stream_receive_poll, transfer_cancel,
           (bide_stream *, stream), (void *, buffer), (size_t, size), (bide_unix_fds *, fds));

/* ---- several datagrams ---- */

static enum bide_poll many_poll(struct bide_cx *cx, struct bide_frame *h, uint32_t direction)
{
    struct transfer_many *f = (struct transfer_many *)(void *)h;
    struct bide__fd_call ours;
    if (h->state == 0)
        bide__fd_leaf_begin(&f->leaf, f->udp->messages.registration, direction, 0);
    if (f->count == 0)
        return bide__leaf_finish(cx, h, (int)0);
    for (;;) {
        int r = bide__fd_leaf_look(cx, &f->leaf, &ours);
        if (r > 0)
            return bide_frame_suspend(cx, h);
        if (r < 0)
            return bide__leaf_finish(cx, h, r);
        r = direction == BIDE__WRITE
                ? bide__message_send_many(ours.fd, f->datagrams, f->count)
                : bide__message_receive_many(ours.fd, (bide_udp_datagram *)(uintptr_t)f->datagrams,
                                             f->count);
        bide__fd_leaf_called(&f->leaf, &ours, r == -EAGAIN);
        if (r != -EAGAIN && r != -EINTR)
            return bide__leaf_finish(cx, h, r);
    }
}

static enum bide_poll receive_many_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return many_poll(cx, h, BIDE__READ);
}

static enum bide_poll send_many_poll(struct bide_cx *cx, struct bide_frame *h)
{
    return many_poll(cx, h, BIDE__WRITE);
}

BIDE__LEAF(int, bide_udp_receive_many, struct transfer_many, receive_many_poll, transfer_cancel,
           (bide_udp *, udp), (bide_udp_datagram *, datagrams), (size_t, count));
BIDE__LEAF(int, bide_udp_send_many, struct transfer_many, send_many_poll, transfer_cancel,
           (bide_udp *, udp), (const bide_udp_datagram *, datagrams), (size_t, count));
