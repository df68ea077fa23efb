/*
 * uring.c: the driver over io_uring; inside.h tells how it is divided.
 *
 * A wait is one system call, which also submits what was noted since the last one. A look (a wait
 * of no time) is none, if nothing was noted, no completion has come, and the kernel has no work to
 * do on this thread.
 *
 * The work of a completion (to receive, say) is done by the kernel on the thread that submitted the
 * operation. How the ring asks for that depends on who its owner is:
 *
 *  - An owner that is always the same thread (runtime.c knows) does it within its waits, and
 *    nowhere else (IORING_SETUP_DEFER_TASKRUN). The ring belongs to the thread that waits first, so
 *    it is made disabled, and enabled there.
 *  - Where the owner may change, the thread that submitted does it when it next enters or leaves
 *    the kernel (COOP_TASKRUN), whatever for. If it sleeps there it is woken, so another system
 *    call of that thread may return -EINTR. If it has exited, its operations end with -ECANCELED
 *    when something happens to them.
 *
 * Other threads wake the driver by an eventfd, at which the ring looks edge-triggered, and which is
 * never read: every write is a new edge, and one that comes before the ring looks is seen when it
 * begins to. For a foreign loop the ring's own descriptor is readable while a completion is there.
 * Its timeouts are a timerfd, used in the same way.
 *
 * In a child of fork() the rings are the parent's memory, so nothing is written there.
 */
#ifdef BIDE__URING

#include "runtime/io/inside.h"

#include "runtime/thread.h"

enum { SUBMISSIONS = 128, COMPLETIONS = 4096, BUFFERS_FIRST = 64, BUFFERS_AT_MOST = 1024 };

static struct bide__uring *uring_of(struct bide__driver *driver)
{
    return (struct bide__uring *)(void *)driver;
}

/* ---- begun and ended ---- */

static int make_ring(struct bide__uring *u, const struct bide__driver_options *options)
{
    static const unsigned common = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    unsigned entries = options->submissions != 0 ? options->submissions : SUBMISSIONS;
    struct io_uring_params params = {.cq_entries = options->completions != 0 ? options->completions
                                                                             : COMPLETIONS};
    int r = -EINVAL;

    if (options->owner == BIDE__OWNER_FIXED && u->can & BIDE__URING_DEFER) {
        params.flags = common | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER |
                       IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                       IORING_SETUP_R_DISABLED;
        r = bide__door.io_uring_queue_init_params(entries, &u->ring, &params);
    }
    u->enabled = r < 0;
    if (r == -EINVAL && u->can & BIDE__URING_COOP) {
        params.flags = common | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN |
                       IORING_SETUP_TASKRUN_FLAG;
        r = bide__door.io_uring_queue_init_params(entries, &u->ring, &params);
    }
    if (r == -EINVAL) {
        params.flags = common;
        r = bide__door.io_uring_queue_init_params(entries, &u->ring, &params);
    }
    return r == -ENOMEM ? -EDQUOT : r;
}

static void free_all(struct bide__uring *u)
{
    bide__alarm_close(&u->alarm);
    if (u->wake_fd >= 0)
        bide__door.close(u->wake_fd);
    bide__uring_ops_end(&u->ops);
    bide__uring_buffers_end(u);
    pthread_mutex_destroy(&u->mutex);
    bide__free(u, sizeof(*u));
}

static void uring_end(struct bide__driver *driver)
{
    struct bide__uring *u = uring_of(driver);
    bide__door.io_uring_queue_exit(&u->ring);
    free_all(u);
}

static int uring_begin(struct bide__driver **out, const struct bide__driver_options *options)
{
    int can = bide__uring_probe();
    if (can < 0)
        return can;
    struct bide__uring *u = bide__alloc(sizeof(*u));
    if (u == NULL)
        return -ENOMEM;
    *u = (struct bide__uring){
        .driver = {.ops = &bide__driver_uring},
        .can = (unsigned)can,
        .shared = options->owner == BIDE__OWNER_SHARED,
        .alarm = BIDE__NO_ALARM,
        .events_max = options->events_max,
        .forks = bide__forks,
        .buffers = {.first = options->buffers_first != 0 ? options->buffers_first : BUFFERS_FIRST,
                    .at_most =
                        options->buffers_at_most != 0 ? options->buffers_at_most : BUFFERS_AT_MOST},
    };
    pthread_mutex_init(&u->mutex, NULL);
    bide__uring_ops_begin(&u->ops);
    int r = u->wake_fd = bide__door.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r >= 0)
        r = make_ring(u, options);
    if (r < 0) {
        free_all(u);
        return r;
    }
    *out = &u->driver;
    return 0;
}

/* ---- submissions ---- */

static uint32_t unsent(struct bide__uring *u)
{
    return atomic_load_explicit(&u->driver.unsent, memory_order_relaxed);
}

static void count_unsent(struct bide__uring *u)
{
    atomic_store_explicit(&u->driver.unsent, io_uring_sq_ready(&u->ring), memory_order_relaxed);
}

/* Of an error that does not pass: what it says about the ring. */
static const char *fault(int error)
{
    switch (error) {
    case -EBADF:
    case -EOPNOTSUPP:
    case -ENXIO: return "its descriptor was closed, by something else than bide";
    case -EBADFD: return "it was disabled, or enabled, by something else than bide";
    case -EBADR:
        return "the kernel had no memory for completions and has lost some; who waits for them "
               "would wait for ever";
    case -EEXIST: return "it belongs to another thread than the one that waits";
    case -EPERM:
    case -EACCES: return "it was forbidden after it had been made";
    default: return strerror(-error);
    }
}

/* The answer to a system call with the ring. The kernel may be short of memory, or want room for
 * completions first; what it has not taken then goes with the next call, after a reap. */
static void heed(int r)
{
    if (__builtin_expect(r >= 0 || r == -ETIME || r == -EINTR, 1))
        return;
    if (r != -EAGAIN && r != -EBUSY && r != -ENOMEM)
        bide__driver_is_broken("io_uring", fault(r));
    bide__door.sched_yield();
}

/* The ring belongs to this thread, which waits, from now on. False: the kernel has no memory for
 * it. */
static bool enable(struct bide__uring *u)
{
    if (__builtin_expect(u->enabled, 1))
        return true;
    /* liburing 2.3 lacks its io_uring_enable_rings. */
    int r = bide__door.io_uring_register((unsigned)u->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS,
                                         NULL, 0);
    heed(r);
    u->enabled = r >= 0;
    return u->enabled;
}

struct io_uring_sqe *bide__uring_sqe(struct bide__uring *u)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

    if (__builtin_expect(sqe == NULL, 0) && u->enabled) {
        heed(bide__door.io_uring_submit(&u->ring));
        sqe = io_uring_get_sqe(&u->ring);
    }
    count_unsent(u);
    return sqe;
}

void bide__uring_send_off(struct bide__uring *u)
{
    if (!u->enabled)
        return;
    if (atomic_load_explicit(&u->ops.any_late, memory_order_relaxed))
        bide__uring_take_late(u);
    if (io_uring_sq_ready(&u->ring) > 0)
        heed(bide__door.io_uring_submit_and_get_events(&u->ring));
    count_unsent(u);
}

static bool arm(struct bide__uring *u, bool *armed, int fd, unsigned kind)
{
    if (*armed)
        return true;
    struct io_uring_sqe *sqe = bide__uring_sqe(u);
    if (sqe == NULL)
        return false;
    io_uring_prep_poll_multishot(sqe, fd, POLLIN);
    io_uring_sqe_set_data64(sqe, bide__uring_name(kind, 0));
    *armed = true;
    return true;
}

/* Nobody could wake it if it is not armed. */
static bool arm_all(struct bide__uring *u)
{
    return arm(u, &u->wake_armed, u->wake_fd, BIDE__URING_WAKE) &&
           (u->alarm.fd < 0 || arm(u, &u->alarm_armed, u->alarm.fd, BIDE__URING_ALARM));
}

/* ---- to wait ---- */

/* The kernel has work for this thread, or has kept completions for which there was no room. */
static bool has_kernel_work(struct bide__uring *u)
{
    return IO_URING_READ_ONCE(*u->ring.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

/* The one system call. An error that passes ends the wait too. */
static void enter(struct bide__uring *u, int64_t timeout_ns)
{
    struct io_uring_cqe *first;
    struct __kernel_timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    int r;

    if (timeout_ns == 0) {
        if (unsent(u) == 0 && !has_kernel_work(u))
            return;
        r = bide__door.io_uring_submit_and_get_events(&u->ring);
    } else {
        r = bide__door.io_uring_submit_and_wait_timeout(&u->ring, &first, 1,
                                                        timeout_ns > 0 ? &timeout : NULL, NULL);
    }
    count_unsent(u);
    heed(r);
}

/* What it reports may lead to another wait (fd.c: a close), so it keeps no place of its own. */
static int reap(struct bide__uring *u, struct bide__fds *fds)
{
    int events = 0;

    for (uint32_t n = 0; n < u->events_max; n++) {
        unsigned head = *u->ring.cq.khead;
        if (head == io_uring_smp_load_acquire(u->ring.cq.ktail))
            break;
        struct io_uring_cqe cqe = u->ring.cq.cqes[head & u->ring.cq.ring_mask];
        io_uring_cq_advance(&u->ring, 1);
        events += bide__uring_report(u, fds, &cqe);
    }
    return events;
}

/* In both rings. */
static void submit_and_wait(struct bide__uring *u, int64_t timeout_ns)
{
    if (!enable(u))
        return;
    if (atomic_load_explicit(&u->ops.any_late, memory_order_acquire) && !bide__uring_take_late(u))
        timeout_ns = 0;
    if (!arm_all(u))
        timeout_ns = 0;
    enter(u, timeout_ns);
}

/* Others are in a ring for a moment only; who only looks does not wait for them. */
static bool go_in(_Atomic bool *is_in, int64_t timeout_ns)
{
    for (unsigned n = 0; atomic_exchange_explicit(is_in, true, memory_order_acquire); n++) {
        if (timeout_ns == 0)
            return false;
        bide__spin(n);
    }
    return true;
}

static int wait_shared(struct bide__uring *u, struct bide__fds *fds, int64_t timeout_ns)
{
    int events = 0;

    if (!go_in(&u->in_cq, timeout_ns))
        return 0;
    if (go_in(&u->in_sq, timeout_ns)) {
        /* Another thread that looked here may have taken the event of a wake. */
        if (timeout_ns != 0 && atomic_exchange_explicit(&u->is_woken, false, memory_order_acquire))
            timeout_ns = 0;
        submit_and_wait(u, timeout_ns);
        bide__uring_leave_sq(u);
    }
    events = reap(u, fds); /* also while another thread submits: what has happened is seen */
    atomic_store_explicit(&u->in_cq, false, memory_order_release);
    return events;
}

static int uring_wait(struct bide__driver *driver, struct bide__fds *fds, int64_t timeout_ns)
{
    struct bide__uring *u = uring_of(driver);

    if (__builtin_expect(u->shared, 0))
        return wait_shared(u, fds, timeout_ns);
    submit_and_wait(u, timeout_ns);
    return reap(u, fds);
}

static bool uring_flush(struct bide__driver *driver)
{
    struct bide__uring *u = uring_of(driver);
    bide__uring_send_off(u);
    return unsent(u) == 0 && !atomic_load_explicit(&u->ops.any_late, memory_order_relaxed);
}

static bool uring_has_events(struct bide__driver *driver)
{
    struct bide__uring *u = uring_of(driver);
    unsigned head = __atomic_load_n(u->ring.cq.khead, __ATOMIC_RELAXED);
    return io_uring_smp_load_acquire(u->ring.cq.ktail) != head || has_kernel_work(u) ||
           atomic_load_explicit(&u->ops.any_late, memory_order_relaxed) || unsent(u) > 0;
}

static void uring_wake(struct bide__driver *driver)
{
    struct bide__uring *u = uring_of(driver);
    uint64_t one = 1;
    if (u->shared)
        atomic_store_explicit(&u->is_woken, true, memory_order_release);
    bide__door.write(u->wake_fd, &one, sizeof(one));
}

/* ---- buffers ---- */

static void uring_give_back(struct bide__driver *driver, struct bide__buffer *buffer)
{
    struct bide__uring *u = uring_of(driver);
    bide__uring_lock(u);
    u->buffers.out--;
    bide__uring_buffer_give_back(u, buffer->number);
    bide__uring_unlock(u);
}

/* ---- for a foreign loop ---- */

/* The kernel must know everything now, since nobody waits in the driver. False: it does not. */
static bool tell_all(struct bide__uring *u)
{
    bool armed = arm_all(u);
    bide__uring_send_off(u);
    return armed && unsent(u) == 0 && !atomic_load_explicit(&u->ops.any_late, memory_order_relaxed);
}

static int uring_watch(struct bide__driver *driver)
{
    struct bide__uring *u = uring_of(driver);
    if (u->ring.flags & IORING_SETUP_DEFER_TASKRUN) /* who polls it is not told of work to do */
        return -ENOSYS;
    int r = bide__alarm_open(&u->alarm);
    if (r < 0)
        return r;
    return tell_all(u) ? u->ring.ring_fd : -EAGAIN;
}

static int uring_alarm(struct bide__driver *driver, int64_t at_ns)
{
    struct bide__uring *u = uring_of(driver);
    int r = bide__alarm_set(&u->alarm, at_ns);
    bool told = tell_all(u);
    return r < 0 ? r : told ? 0 : -EAGAIN;
}

const struct bide__driver_ops bide__driver_uring = {
    .name = "io_uring",
    .is_lazy = true,
    .begin = uring_begin,
    .end = uring_end,
    .submit = bide__uring_submit,
    .cancel = bide__uring_cancel,
    .flush = uring_flush,
    .give_back = uring_give_back,
    .wait = uring_wait,
    .has_events = uring_has_events,
    .wake = uring_wake,
    .watch = uring_watch,
    .alarm = uring_alarm,
};

#else

#include "runtime/io/driver.h"

static int begin(struct bide__driver **out, const struct bide__driver_options *options)
{
    (void)out, (void)options;
    return -ENOSYS;
}

/* bide was built without liburing. */
const struct bide__driver_ops bide__driver_uring = {.name = "io_uring", .begin = begin};

#endif
