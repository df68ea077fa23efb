/*
 * The registration of a descriptor on a multi_thread runtime (io/fd.c), and the driver, which
 * changes hands when its worker gets something to do (schedule/idle.c): a task waits until the
 * descriptor is ready, reads what is there, and says that the next read would block, while the
 * worker that has the driver reports events. No event is lost. And a registration is closed while a
 * task is about to make a call: the descriptor is not closed before the call is over.
 *
 * With a driver that has operations of its own, what it has received is read in order and its
 * buffers are given back once, also if the registration is closed meanwhile; it is at its end once.
 * A send completes while its registration is closed: its task learns of one of the two.
 */
#include "runtime.h"

#include "runtime/io/driver.h"
#include "runtime/io/io.h"

#include <bide/abi.h>

static struct bide__fd *fd;
static _Atomic int arrived;

struct wait_args {
    struct bide__fd *fd;
    uint32_t direction;
};

static void begin(void)
{
    begin_two_workers();
    explore_focus(false);
    explore_check(bide__fd_add(rt, &fd, 7) == 0);
    explore_focus(true);
}

static void wait_for_it(void)
{
    struct wait_args args = {fd, BIDE__READ};
    int r = -1;
    bide__block_on(&bide__desc_bide__fd_wait, &args, &r);
    explore_check(r == 0);
}

static void waits(void)
{
    bide_runtime_enter(rt);
    wait_for_it();
}

/* Until two bytes have come: reads what is there, and waits when nothing is. */
static void reads_two(void)
{
    int had = 0;
    bide_runtime_enter(rt);
    for (;;) {
        uint32_t seen = bide__fd_seen(fd, BIDE__READ);
        had = atomic_load_explicit(&arrived, memory_order_acquire);
        if (had == 2)
            return;
        bide__fd_clear(fd, BIDE__READ, seen);
        wait_for_it();
    }
}

static void byte_comes(void)
{
    atomic_fetch_add_explicit(&arrived, 1, memory_order_release);
    explore_ready(7, BIDE__READ);
}

static void two_bytes_come(void)
{
    byte_comes();
    byte_comes();
}

/* ---- a call ---- */

struct call {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            struct bide__fd *registration;
        };
    };
};

static _Atomic int has_begun, is_closed;

static enum bide_poll call_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct call *f = (struct call *)(void *)h;
    struct bide__fd_call call;

    if (h->state == 0)
        bide__fd_leaf_begin(&f->leaf, f->registration, BIDE__READ, 0);
    atomic_store_explicit(&has_begun, 1, memory_order_release);
    int r = bide__fd_leaf_look(cx, &f->leaf, &call);
    if (r > 0)
        return bide_frame_suspend(cx, h);
    if (r == 0) {
        explore_check(call.fd == 7);
        explore_check(atomic_load_explicit(&is_closed, memory_order_acquire) == 0);
        bide__fd_leaf_called(&f->leaf, &call, false);
    }
    return bide__leaf_finish(cx, h, r);
}

static enum bide_answer call_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    (void)cx;
    bide__fd_leaf_stop((struct bide__fd_leaf *)(void *)h);
    return BIDE_CANCELLED;
}

BIDE__LEAF_INNER(int, model_call, struct call, BIDE__NOT_NOW, call_poll, call_cancel,
                 (struct bide__fd *, registration));

static void begin_ready(void)
{
    begin_two_workers();
    explore_focus(false);
    explore_check(bide__fd_add(rt, &fd, 7) == 0);
    bide__fd_event(rt->fds, (uint64_t)fd->generation << 32 | fd->index, BIDE__READ);
    explore_focus(true);
}

static void makes_the_call(void)
{
    struct model_call_args args = {fd};
    int r = 1;
    bide_runtime_enter(rt);
    bide__block_on(&bide__desc_model_call, &args, &r);
    explore_check(r == 0 || r == -EBADF);
}

static void closes(void)
{
    while (atomic_load_explicit(&has_begun, memory_order_acquire) == 0)
        explore_yield(); /* no call begins after the close */
    bide__fd_close(fd);
    atomic_store_explicit(&is_closed, 1, memory_order_release);
}

/* ---- a driver with operations of its own ---- */

/* Of one registration. It ends nothing by itself: the thread that stands for its owner does. */
static struct {
    struct bide__driver driver;
    struct bide__buffer buffer[2];
    _Atomic int armed, cancelled, given_back; /* RECEIVE; bits of buffers */
    _Atomic(struct bide__io *) io;
    _Atomic int io_cancelled;
} kernel;

static int model_submit(struct bide__driver *driver, const struct bide__op *op)
{
    (void)driver;
    if (op->kind == BIDE__OP_RECEIVE)
        atomic_store_explicit(&kernel.armed, 1, memory_order_release);
    if (op->kind == BIDE__OP_SEND)
        atomic_store_explicit(&kernel.io, op->io, memory_order_release);
    return op->kind == BIDE__OP_READY ? -ENOSYS : 0;
}

static int model_cancel(struct bide__driver *driver, const struct bide__op *op)
{
    (void)driver;
    if (op->kind == BIDE__OP_RECEIVE)
        atomic_store_explicit(&kernel.cancelled, 1, memory_order_release);
    if (op->kind == BIDE__OP_SEND)
        atomic_store_explicit(&kernel.io_cancelled, 1, memory_order_release);
    return 1;
}

static void model_give_back(struct bide__driver *driver, struct bide__buffer *buffer)
{
    (void)driver;
    int before =
        atomic_fetch_or_explicit(&kernel.given_back, 1 << buffer->number, memory_order_acq_rel);
    explore_check(!(before & 1 << buffer->number));
    buffer->data = NULL; /* whoever still looks at it races with this */
}

static const struct bide__driver_ops model_ops = {.name = "model",
                                                  .is_lazy = true,
                                                  .submit = model_submit,
                                                  .cancel = model_cancel,
                                                  .give_back = model_give_back};

static void begin_receiving(void)
{
    static const char text[2] = "ab";
    begin_two_workers();
    explore_focus(false);
    memset(&kernel, 0, sizeof kernel);
    kernel.driver.ops = &model_ops;
    for (uint32_t i = 0; i < 2; i++)
        kernel.buffer[i] = (struct bide__buffer){.data = &text[i], .size = 1, .number = i};
    rt->fds->driver = &kernel.driver;
    explore_check(bide__fd_add_as(rt, &fd, 7, BIDE__FD_NEW | BIDE__FD_RECEIVES) == 0);
    explore_focus(true);
}

static void report(int result, struct bide__buffer *buffer, bool last)
{
    const struct bide__event event = {BIDE__OP_RECEIVE, (uint64_t)fd->generation << 32 | fd->index,
                                      result, last, buffer};
    bide__fd_report(rt->fds, &event);
}

static void wait_for(_Atomic int *what)
{
    while (atomic_load_explicit(what, memory_order_acquire) == 0)
        explore_yield();
}

/* The owner: two buffers come, as two events. */
static void two_buffers_come(void)
{
    wait_for(&kernel.armed);
    report(1, &kernel.buffer[0], false);
    report(1, &kernel.buffer[1], true);
}

/* async int model_read(struct bide__fd *registration, char *text): two bytes. */
struct read {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            struct bide__fd *registration;
        };
    };
    char *text;
    int done;
};

static enum bide_poll read_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct read *f = (struct read *)(void *)h;
    struct bide__fd_call call;
    ssize_t n;

    if (h->state == 0) {
        f->done = 0;
        bide__fd_leaf_begin(&f->leaf, f->registration, BIDE__READ, 0);
    }
    while (f->done < 2) {
        const struct bide__fd_read read = {f->text + f->done, (size_t)(2 - f->done), false};
        int r = bide__fd_leaf_receive(cx, &f->leaf, &read, &n, &call);
        if (r == 1)
            return bide_frame_suspend(cx, h);
        if (r < 0)
            return bide__leaf_finish(cx, h, r);
        explore_check(r == 0 && n > 0);
        f->done += (int)n;
    }
    return bide__leaf_finish(cx, h, (int)0);
}

BIDE__LEAF_INNER(int, model_read, struct read, BIDE__NOT_NOW, read_poll, call_cancel,
                 (struct bide__fd *, registration), (char *, text));

static void reads_both(void)
{
    char text[2] = "";
    struct model_read_args args = {fd, text};
    int r = 1;
    bide_runtime_enter(rt);
    bide__block_on(&bide__desc_model_read, &args, &r);
    explore_check(r == 0 && text[0] == 'a' && text[1] == 'b');
    explore_check(atomic_load_explicit(&kernel.given_back, memory_order_acquire) == 3);
}

/* A closed registration gives back what it has and what still comes, and is at its end once. */
static void begin_received(void)
{
    begin_receiving();
    explore_focus(false);
    fd->armed = 1 << BIDE__OP_RECEIVE;
    report(1, &kernel.buffer[0], false);
    explore_focus(true);
}

static void last_buffer_comes(void)
{
    report(1, &kernel.buffer[1], true);
}

static void closes_at_once(void)
{
    bide__fd_close(fd);
}

static void end_given_back(void)
{
    explore_focus(false);
    explore_check(atomic_load(&kernel.given_back) == 3);
    explore_check(atomic_load(&kernel.driver.closing) == 0);
    explore_check(rt->fds->open == 0 && rt->fds->waiting == 0 && rt->fds->free == fd);
    runtime_end();
}

static void end_received(void)
{
    explore_focus(false);
    bide__fd_close(fd);
    if (atomic_load(&kernel.driver.closing) > 0) /* it was armed again */
        report(-ECANCELED, NULL, true);
    end_given_back();
}

/* ---- a send ---- */

/* async int model_send(struct bide__fd *registration): one byte, by the driver. */
struct send {
    union {
        struct bide__fd_leaf leaf;
        struct {
            struct bide_frame h;
            struct bide__fd *registration;
        };
    };
    struct bide__sending *sending;
};

static enum bide_poll send_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    ssize_t n = -EBADF;

    if (h->state == 0) {
        f->sending = NULL;
        bide__fd_leaf_begin(&f->leaf, f->registration, BIDE__WRITE, 0);
        if (bide__fd_leaf_send(cx, &f->leaf, "x", 1, &f->sending))
            return bide_frame_suspend(cx, h);
    }
    if (f->sending != NULL && !bide__fd_leaf_sent(cx, &f->leaf, &f->sending, &n))
        return bide_frame_suspend(cx, h);
    return bide__leaf_finish(cx, h, (int)n);
}

static enum bide_answer send_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct send *f = (struct send *)(void *)h;
    ssize_t n;
    (void)cx;
    return bide__fd_leaf_send_cancel(&f->leaf, &f->sending, &n);
}

BIDE__LEAF_INNER(int, model_send, struct send, BIDE__NOT_NOW, send_poll, send_cancel,
                 (struct bide__fd *, registration));

static void sends_one(void)
{
    struct model_send_args args = {fd};
    int r = 0;
    bide_runtime_enter(rt);
    bide__block_on(&bide__desc_model_send, &args, &r);
    explore_check(r == 1 || r == -EBADF);
}

static struct bide__io *wait_for_the_send(void)
{
    struct bide__io *io;
    while ((io = atomic_load_explicit(&kernel.io, memory_order_acquire)) == NULL)
        explore_yield();
    return io;
}

/* The owner. The send is cancelled in time, or completes. */
static void closed_before_the_send_completes(void)
{
    struct bide__io *io = wait_for_the_send();
    bide__fd_close(fd);
    bool late = atomic_load_explicit(&kernel.io_cancelled, memory_order_acquire);
    bide__io_end(io, late ? -ECANCELED : 1);
}

static void closed_when_the_send_completes(void)
{
    bide__io_end(wait_for_the_send(), 1);
    bide__fd_close(fd);
}

static void end_sent(void)
{
    explore_focus(false);
    explore_check(atomic_load(&kernel.driver.closing) == 0);
    explore_check(rt->fds->open == 0 && rt->fds->waiting == 0 && rt->fds->free == fd);
    runtime_end();
}

static void end_closed(void)
{
    explore_focus(false);
    runtime_end();
}

static void end(void)
{
    explore_focus(false);
    bide__fd_close(fd);
    runtime_end();
}

const struct explore_model explore_models[] = {
    {.name = "registration",
     .begin = begin,
     .threads = {waits, byte_comes},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "registration: cleared while an event comes",
     .begin = begin,
     .threads = {reads_two, two_bytes_come},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "registration: closed during a call",
     .begin = begin_ready,
     .threads = {makes_the_call, closes},
     .end = end_closed,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "registration: received",
     .begin = begin_receiving,
     .threads = {reads_both, two_buffers_come},
     .end = end_received,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "registration: closed while the last buffer comes",
     .begin = begin_received,
     .threads = {closes_at_once, last_buffer_comes},
     .end = end_given_back,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "registration: closed before a send completes",
     .begin = begin_receiving,
     .threads = {sends_one, closed_before_the_send_completes},
     .end = end_sent,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "registration: closed when a send completes",
     .begin = begin_receiving,
     .threads = {sends_one, closed_when_the_send_completes},
     .end = end_sent,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
