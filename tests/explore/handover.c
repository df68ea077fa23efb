/*
 * How other threads hand operations over to the worker of a ring (io/uring_op.c): what they submit
 * and cancel ends, with one last event, though the worker sleeps in the ring, is about to, or takes
 * completions just now.
 *
 * The driver is the shipped one. The kernel is a model of it, behind the door: it consumes entries,
 * keeps polls, ends those that are cancelled, and knows an eventfd.
 */
#include "tools/explore/explore.h"

#include "runtime/io/driver.h"
#include "runtime/io/io.h"

#include <liburing.h>

enum { WAKE_FD = 100, ENTRIES = 8, POLLS = 8 };

/* ---- the kernel ---- */

static struct io_uring_sqe sqes[ENTRIES];
static struct io_uring_cqe cqes[2 * ENTRIES];
static unsigned sq_head, sq_flags, cq_head, cq_tail;
static uint64_t polls[POLLS]; /* names; 0: none */
static uint64_t wake_poll;
static int event; /* somebody has written to the eventfd */
static _Atomic int written;

static int init(unsigned entries, struct io_uring *ring, struct io_uring_params *p)
{
    (void)entries;
    *ring = (struct io_uring){
        .sq = {.khead = &sq_head,
               .kflags = &sq_flags,
               .sqes = sqes,
               .ring_mask = ENTRIES - 1,
               .ring_entries = ENTRIES},
        .cq = {.khead = &cq_head,
               .ktail = &cq_tail,
               .cqes = cqes,
               .ring_mask = 2 * ENTRIES - 1,
               .ring_entries = 2 * ENTRIES},
    };
    sq_head = cq_head = cq_tail = 0;
    wake_poll = 0;
    p->features = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_CQE_SKIP;
    return 0;
}

static void finish(struct io_uring *ring)
{
    (void)ring;
}

static int probe(struct io_uring *ring, struct io_uring_probe *p, unsigned count)
{
    (void)ring, (void)count;
    p->last_op = IORING_OP_LAST - 1;
    for (unsigned i = 0; i < IORING_OP_LAST; i++)
        p->ops[i].flags = IO_URING_OP_SUPPORTED;
    return 0;
}

static void complete(uint64_t name, int result, unsigned flags)
{
    cqes[cq_tail % (2 * ENTRIES)] =
        (struct io_uring_cqe){.user_data = name, .res = result, .flags = flags};
    __atomic_store_n(&cq_tail, cq_tail + 1, __ATOMIC_RELEASE);
}

static void consume(const struct io_uring_sqe *sqe)
{
    int i = 0;
    if (sqe->opcode == IORING_OP_POLL_ADD && sqe->fd == WAKE_FD) {
        wake_poll = sqe->user_data;
    } else if (sqe->opcode == IORING_OP_POLL_ADD) {
        while (polls[i] != 0)
            i++;
        polls[i] = sqe->user_data;
    } else if (sqe->opcode == IORING_OP_ASYNC_CANCEL) {
        while (i < POLLS && polls[i] != sqe->addr)
            i++;
        if (i == POLLS) {
            complete(sqe->user_data, -ENOENT, 0);
            return;
        }
        complete(polls[i], -ECANCELED, 0);
        polls[i] = 0;
    }
}

static int submit(struct io_uring *ring)
{
    int n = 0;
    for (; sq_head != ring->sq.sqe_tail; n++) {
        consume(&sqes[sq_head % ENTRIES]);
        __atomic_store_n(&sq_head, sq_head + 1, __ATOMIC_RELEASE);
    }
    return n;
}

static void see_wakes(void)
{
    if (wake_poll != 0 && atomic_exchange(&written, 0) > 0)
        complete(wake_poll, POLLIN, IORING_CQE_F_MORE);
}

static int get_events(struct io_uring *ring)
{
    int n = submit(ring);
    see_wakes();
    return n;
}

static int wait_for_events(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned count,
                           struct __kernel_timespec *timeout, sigset_t *mask)
{
    (void)cqe, (void)count, (void)timeout, (void)mask;
    int n = get_events(ring);
    while (cq_tail == cq_head) {
        explore_wait(&event, false);
        see_wakes();
    }
    return n;
}

static int make_eventfd(unsigned initial, int flags)
{
    (void)initial, (void)flags;
    return WAKE_FD;
}

static ssize_t write_eventfd(int fd, const void *buffer, size_t size)
{
    (void)fd, (void)buffer;
    atomic_store(&written, 1);
    explore_wake(&event);
    return (ssize_t)size;
}

static int close_eventfd(int fd)
{
    (void)fd;
    return 0;
}

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
    bide__door.io_uring_queue_init_params = init;
    bide__door.io_uring_queue_exit = finish;
    bide__door.io_uring_register_probe = probe;
    bide__door.io_uring_submit = submit;
    bide__door.io_uring_submit_and_get_events = get_events;
    bide__door.io_uring_submit_and_wait_timeout = wait_for_events;
    bide__door.eventfd = make_eventfd;
    bide__door.write = write_eventfd;
    bide__door.close = close_eventfd;
    struct bide__driver_options options = {.owner = BIDE__OWNER_SHARED, .events_max = 4};
    explore_check(bide__driver_uring.begin(&driver, &options) == 0);
    memset(polls, 0, sizeof(polls)); /* that of the trial */
    driver->ops->wait(driver, NULL, 0);
    explore_focus(true);
}

static void end(void)
{
    explore_check(lasts[0] <= 1 && lasts[1] <= 1);
    for (int i = 0; i < POLLS; i++)
        explore_check(polls[i] == 0);
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
    {0},
};
