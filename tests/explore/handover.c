/*
 * How other threads hand operations over to the worker of a ring (io/uring_op.c): what they submit
 * and cancel ends, with one last event, though the worker sleeps in the ring, is about to, or takes
 * completions just now.
 * And a wake by another thread is not lost, whoever looks at the ring meanwhile.
 */
#include "kernel.h"

#include "runtime/io/io.h"

/* ---- the driver ---- */

static struct bide__driver *driver;
static _Atomic int lasts[2]; /* last events of each key */
enum { LOOKS = 3 };          /* the thread that looks in the worker's place */

void bide__fd_report(struct bide__fds *fds, const struct bide__event *e)
{
    (void)fds;
    explore_check(e->key < 2 && e->last && e->result == -ECANCELED);
    lasts[e->key]++;
    if (explore_thread() == LOOKS) /* as the wake of a task would */
        driver->ops->wake(driver);
}

void bide__fd_event(struct bide__fds *fds, uint64_t key, uint32_t ready)
{
    (void)fds, (void)key, (void)ready;
    explore_fail("nothing was ready");
}

static void begin(void)
{
    explore_focus(false);
    kernel_begin();
    struct bide__driver_options options = {.owner = BIDE__OWNER_SHARED, .events_max = 4};
    explore_check(bide__driver_uring.begin(&driver, &options) == 0);
    driver->ops->wait(driver, NULL, 0);
    explore_focus(true);
}

static void end(void)
{
    explore_check(lasts[0] <= 1 && lasts[1] <= 1);
    explore_check(!kernel_has_polls());
    driver->ops->end(driver);
}

static void waits_for(int n)
{
    while (lasts[0] + lasts[1] < n)
        driver->ops->wait(driver, NULL, -1);
}

static void waits_for_one(void)
{
    waits_for(1);
}

static void waits_for_two(void)
{
    waits_for(2);
}

static void uses(uint64_t key)
{
    struct bide__op op = {.kind = BIDE__OP_READY, .fd = 3, .key = key};
    explore_check(driver->ops->submit(driver, &op) == 0);
    explore_check(driver->ops->cancel(driver, &op) == 1);
}

static void uses_first(void)
{
    uses(0);
}

static void uses_second(void)
{
    uses(1);
}

/* It uses its own ring, and then waits. */
static void uses_and_waits(void)
{
    uses(1);
    waits_for(2);
}

/* The watchdog, in the place of the worker. */
static void looks(void)
{
    if (driver->ops->has_events(driver))
        driver->ops->wait(driver, NULL, 0);
}

/* ---- a wake ---- */

static _Atomic int has_work;

/* As a worker that falls asleep: it sees the work, or is woken. */
static void waits_for_work(void)
{
    while (!atomic_load_explicit(&has_work, memory_order_acquire))
        driver->ops->wait(driver, NULL, -1);
}

static void wakes(void)
{
    atomic_store_explicit(&has_work, 1, memory_order_release);
    driver->ops->wake(driver);
}

const struct explore_model explore_models[] = {
    {.name = "hand-over: to a worker that sleeps or not",
     .begin = begin,
     .threads = {waits_for_one, uses_first},
     .end = end,
     .stale = 1,
     .timeouts = -1},
    {.name = "hand-over: from two threads",
     .begin = begin,
     .threads = {waits_for_two, uses_first, uses_second},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "hand-over: beside the worker's own",
     .begin = begin,
     .threads = {uses_and_waits, uses_first},
     .end = end,
     .bound = 2,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "hand-over: and another one looks",
     .begin = begin,
     .threads = {uses_and_waits, uses_first, looks},
     .end = end,
     .bound = 1,
     .stale = EXPLORE_NONE,
     .timeouts = -1},
    {.name = "hand-over: a wake while another one looks",
     .begin = begin,
     .threads = {waits_for_work, wakes, looks},
     .end = end,
     .bound = 2,
     .stale = 1,
     .timeouts = -1},
    {0},
};
