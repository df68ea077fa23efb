/*
 * The registration of a descriptor on a multi_thread runtime (io/fd.c), and the driver, which
 * changes hands when its worker gets something to do (schedule/idle.c): a task waits until the
 * descriptor is ready, reads what is there, and says that the next read would block, while the
 * worker that has the driver reports events. No event is lost.
 */
#include "runtime.h"

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
    {0},
};
