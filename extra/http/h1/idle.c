/*
 * h1/idle.c: the wait for the next request: a leaf, since connections spend their lives here.
 *
 * It is a read whose buffer comes late: while it is suspended the connection has no kit. It ends
 * when bytes come, when the idle time is over, or when the server drains (the connection's pause).
 *
 * The timer stays armed from one wait to the next, so that a request costs neither a timer nor a
 * look at the clock. It fires every quarter of the idle time. If requests were served meanwhile,
 * the idle time counts from now on, and so ends up to a quarter late; otherwise it is known when it
 * ends. A timer that fires while the connection is at work only wakes its task once for nothing.
 * Its waker is borrowed: the timer is disarmed before the task ends. If the task waits with another
 * waker, the timer is armed anew.
 */
#include "lib/leaf.h"

#include "extra/http/h1/inside.h"

#include "lib/io/reading.h"

#include <bide/io.h>

struct idle {
    union {
        struct bide__fd_leaf leaf;
        struct bide_frame h;
    };
    struct bide__h1 *h1;
};

/* ---- the timer ---- */

static int64_t after(int64_t now_ns, int64_t ns)
{
    return ns < INT64_MAX - now_ns ? now_ns + ns : INT64_MAX;
}

static void arm(struct bide__h1 *h, int64_t now_ns, bide_waker waker)
{
    int64_t quarter = after(now_ns, h->settings->o.idle_timeout.ns / 4);
    if (h->deadline_ns == INT64_MAX && h->settings->o.idle_timeout.ns == BIDE__HTTP_NEVER)
        return;
    h->wheel = bide__wheel_running();
    h->waker = waker;
    bide__timer_arm(h->wheel, &h->timer, h->deadline_ns < quarter ? h->deadline_ns : quarter,
                    waker);
}

/* False: the time is over. */
static bool has_time(struct bide__h1 *h, bide_waker waker)
{
    if (h->wheel != NULL && bide__timer_armed(&h->timer)) {
        if (h->waker.bits == waker.bits)
            return true;
        bide__timer_disarm(h->wheel, &h->timer);
    }
    int64_t now = bide__clock_ns();
    if (h->seen != h->served) {
        h->seen = h->served;
        h->deadline_ns = after(now, h->settings->o.idle_timeout.ns);
    }
    if (now >= h->deadline_ns)
        return false;
    arm(h, now, waker);
    return true;
}

/* For the first request there is as much time as for a head. */
void bide__h1_idle_begin(struct bide__h1 *h)
{
    h->fd = bide__fd_stream_socket(h->c->stream);
    h->deadline_ns = after(bide__clock_ns(), h->settings->o.head_timeout.ns);
}

void bide__h1_idle_end(struct bide__h1 *h)
{
    if (h->wheel != NULL)
        bide__timer_disarm(h->wheel, &h->timer);
    h->wheel = NULL;
}

/* ---- the wait ---- */

static ssize_t call_recv(const struct bide__fd_leaf *leaf, int fd)
{
    const struct bide__h1_kit *kit = ((const struct idle *)(const void *)leaf)->h1->kit;
    return bide__door.recv(fd, kit->in + kit->end, kit->in_room - kit->end, MSG_DONTWAIT);
}

static int outcome(ssize_t n, size_t size)
{
    if (n == -EAGAIN)
        return BIDE__BLOCKS;
    return n > 0 && (size_t)n < size && bide__recv_is_real() ? BIDE__DRAINED : BIDE__CALLED;
}

static enum bide_poll end(struct bide_cx *cx, struct idle *f, ssize_t n)
{
    struct bide__h1 *h = f->h1;
    bide__pause_leave(&h->c->pause, false, (bide_waker){0});
    if (n > 0)
        h->kit->end += (size_t)n;
    return bide__leaf_finish(cx, &f->leaf.h, n);
}

static enum bide_poll idle_poll(struct bide_cx *cx, struct bide_frame *frame)
{
    struct idle *f = (struct idle *)(void *)frame;
    struct bide__h1 *h = f->h1;
    ssize_t n = bide__h1_kit_take(h);

    if (frame->state == 0)
        bide__fd_leaf_begin(&f->leaf, h->fd, BIDE__READ, 0);
    if (n < 0) {
        bide__fd_leaf_stop(&f->leaf);
        return end(cx, f, n);
    }
    const struct bide__fd_read read = {h->kit->in + h->kit->end, h->kit->in_room - h->kit->end,
                                       false};
    if (bide__fd_reads(cx, &f->leaf, &read, call_recv, outcome, &n))
        return end(cx, f, n);
    bool waits = has_time(h, cx->waker);
    if (bide__pause_leave(&h->c->pause, waits, cx->waker)) {
        bide__h1_kit_leave(h);
        return bide_frame_suspend(cx, frame);
    }
    bide__fd_leaf_stop(&f->leaf);
    return end(cx, f, waits ? -ESHUTDOWN : -ETIMEDOUT);
}

static enum bide_answer idle_cancel(struct bide_cx *cx, struct bide_frame *frame)
{
    struct idle *f = (struct idle *)(void *)frame;
    (void)cx;
    bide__fd_leaf_stop(&f->leaf);
    bide__pause_leave(&f->h1->c->pause, false, (bide_waker){0});
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(ssize_t, bide__h1_idle_fd, struct idle, BIDE__NOT_NOW, idle_poll, idle_cancel,
                 (struct bide__h1 *, h1));
