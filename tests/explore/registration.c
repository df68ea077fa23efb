/*
 * The registration of a descriptor on a multi_thread runtime (io/fd.c), and the driver, which
 * changes hands when its worker gets something to do (schedule/idle.c): a task waits until the
 * descriptor is ready, reads what is there, and says that the next read would block, while the
 * worker that has the driver reports events. No event is lost. And a registration is closed while a
 * task is about to make a call: the descriptor is not closed before the call is over.
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
    {0},
};
