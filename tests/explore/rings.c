/*
 * Workers that sleep each in its own ring (schedule/idle.c with `rings`, io/uring.c): two of them,
 * and threads that bring work from outside. What is brought wakes a worker in its ring, whichever
 * it is; what a task waits for in the ring of another worker reaches it; an operation for a ring
 * whose worker sleeps is handed over to it. Nothing is left behind while all sleep.
 *
 * The drivers are the shipped ones, over a model of the kernel (kernel.h).
 */
#include "calls.h"
#include "kernel.h"

#include "runtime/io/io.h"

#include <bide/abi.h>

#include "lib/net/pause.h"

/* In the place of the explorer's. */
static int begin_ring(struct bide__driver **out, const struct bide__driver_options *options)
{
    return bide__driver_uring.begin(out, options);
}

static void begin_with_rings(void)
{
    kernel_begin();
    explore_driver = begin_ring;
    begin_two_workers();
}

/* ---- a descriptor ---- */

enum { FD = 7 };

static struct bide__fd *fd;
static _Atomic int arrived;

/* Threads that run no worker register with the ring of the first one. */
static void begin_with_descriptor(void)
{
    begin_with_rings();
    explore_focus(false);
    explore_check(bide__fd_add_as(rt, &fd, FD, BIDE__FD_NEW) == 0);
    explore_focus(true);
}

struct wait_args {
    struct bide__fd *fd;
    uint32_t direction;
};

/* On either worker: the wait is submitted to the first one's ring. */
static void reads(void)
{
    bide_runtime_enter(rt);
    while (!atomic_load_explicit(&arrived, memory_order_acquire)) {
        struct wait_args args = {fd, BIDE__READ};
        int r = -1;
        uint32_t seen = bide__fd_seen(fd, BIDE__READ);
        if (atomic_load_explicit(&arrived, memory_order_acquire))
            return;
        bide__fd_clear(fd, BIDE__READ, seen);
        bide__block_on(&bide__desc_bide__fd_wait, &args, &r);
        explore_check(r == 0);
    }
}

/* What has arrived before the ring looks is seen when it begins to. */
static void arrives(void)
{
    atomic_store_explicit(&arrived, 1, memory_order_release);
    kernel_ready(FD);
}

static void is_closed(void)
{
    explore_focus(false);
    explore_settle();
    explore_check(rt->fds->open == 0 && rt->fds->waiting == 0);
    explore_check(atomic_load(&rt->fds->driver->closing) == 0);
    runtime_end();
}

static void closes(void)
{
    explore_focus(false);
    bide__fd_close(fd);
    is_closed();
}

/* ---- closed while it is waited for ---- */

extern const struct bide_fn bide__desc_bide__pause_fd_wait;

static uint32_t generation;         /* of the registration */
static struct bide__pause fd_pause; /* of a listener, which nobody ends */

static void begin_to_close(void)
{
    begin_with_descriptor();
    generation = fd->generation;
}

static void waits_until_closed(void)
{
    struct {
        struct bide__pause *pause;
        struct bide__fd *fd;
        uint32_t generation;
    } args = {&fd_pause, fd, generation};
    int r = 1;
    bide_runtime_enter(rt);
    bide__block_on(&bide__desc_bide__pause_fd_wait, &args, &r);
    explore_check(r == -EBADF);
}

static void closes_it(void)
{
    bide__fd_close(fd);
}

const struct explore_model explore_models[] = {
    {.name = "rings: one after another",
     .begin = begin_with_rings,
     .threads = {one_after_another},
     .end = runtime_end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "rings: two at once",
     .begin = begin_with_rings,
     .threads = {one, two},
     .end = runtime_end,
     .bound = EXPLORE_NONE,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "rings: a descriptor in the ring of another one",
     .begin = begin_with_descriptor,
     .threads = {reads, arrives},
     .end = closes,
     .bound = EXPLORE_NONE,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "rings: closed while it is waited for",
     .begin = begin_to_close,
     .threads = {waits_until_closed, closes_it},
     .end = is_closed,
     .bound = EXPLORE_NONE,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {0},
};
