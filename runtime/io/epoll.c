/*
 * epoll.c: the driver over epoll.
 *
 * It knows one kind of operation, BIDE__OP_READY: a descriptor is registered once, for both
 * directions, edge-triggered. Other threads wake the driver by an eventfd, which is registered in
 * the same way and never read: every write to it is a new edge.
 *
 * Timeouts are exact to the nanosecond with epoll_pwait2 (Linux 5.11). Where that is missing or
 * forbidden they are rounded up to a millisecond, so that no timer is early.
 *
 * An epoll descriptor is readable while it has an event that nobody has fetched, so a foreign loop
 * may watch it. Its timeouts are then a timerfd, which is registered like the eventfd: edge
 * triggered and never read.
 */
#include "runtime/io/driver.h"

#include "runtime/io/io.h"
#include "runtime/thread.h"

#include <limits.h>

#define CLOSED    "its descriptor was closed, by something else than bide"

#define KEY_WAKE  UINT64_MAX
#define KEY_ALARM (UINT64_MAX - 1)

struct epoll {
    struct bide__driver driver;
    int fd;
    int wake_fd;
    struct bide__alarm alarm;
    bool coarse; /* the system has no epoll_pwait2 */
    uint32_t events_max;
    struct epoll_event events[]; /* taken from the system by the wait that runs */
};

static size_t size_with(uint32_t events_max)
{
    return sizeof(struct epoll) + events_max * sizeof(struct epoll_event);
}

static void epoll_end(struct bide__driver *driver)
{
    struct epoll *e = (struct epoll *)driver;
    bide__alarm_close(&e->alarm);
    if (e->wake_fd >= 0)
        bide__door.close(e->wake_fd);
    if (e->fd >= 0)
        bide__door.close(e->fd);
    bide__free(e, size_with(e->events_max));
}

static int epoll_submit(struct bide__driver *driver, const struct bide__op *op)
{
    struct epoll *e = (struct epoll *)driver;
    struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
                                {.u64 = op->key}};
    if (op->kind != BIDE__OP_READY)
        return -ENOSYS;
    return bide__door.epoll_ctl(e->fd, EPOLL_CTL_ADD, op->fd, &event);
}

static int epoll_cancel(struct bide__driver *driver, const struct bide__op *op)
{
    struct epoll *e = (struct epoll *)driver;
    struct epoll_event none = {0};
    if (op->kind != BIDE__OP_READY)
        return -ENOSYS;
    /* It fails if the descriptor was closed before; then there is nothing to remove. */
    bide__door.epoll_ctl(e->fd, EPOLL_CTL_DEL, op->fd, &none);
    return 0;
}

static int epoll_begin(struct bide__driver **out, const struct bide__driver_options *options)
{
    uint32_t events_max = options->events_max;
    struct epoll *e = bide__alloc(size_with(events_max));
    if (e == NULL)
        return -ENOMEM;
    *e = (struct epoll){.driver = {.ops = &bide__driver_epoll},
                        .wake_fd = -1,
                        .alarm = BIDE__NO_ALARM,
                        .events_max = events_max};
    int r = e->fd = bide__door.epoll_create1(EPOLL_CLOEXEC);
    if (r >= 0)
        r = e->wake_fd = bide__door.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r >= 0) {
        struct epoll_event event = {EPOLLIN | EPOLLET, {.u64 = KEY_WAKE}};
        r = bide__door.epoll_ctl(e->fd, EPOLL_CTL_ADD, e->wake_fd, &event);
    }
    if (r < 0) {
        epoll_end(&e->driver);
        return r;
    }
    *out = &e->driver;
    return 0;
}

static int wait_coarse(struct epoll *e, int64_t timeout_ns)
{
    int timeout_ms = -1;
    if (timeout_ns >= 0) {
        int64_t ms = timeout_ns / 1000000 + (timeout_ns % 1000000 > 0);
        timeout_ms = ms > INT_MAX ? INT_MAX : (int)ms;
    }
    return bide__door.epoll_wait(e->fd, e->events, (int)e->events_max, timeout_ms);
}

static int wait_exact(struct epoll *e, int64_t timeout_ns)
{
    if (timeout_ns > 0 && !e->coarse) {
        int r = bide__door.epoll_pwait2(e->fd, e->events, (int)e->events_max, timeout_ns);
        if (r != -ENOSYS && r != -EPERM)
            return r;
        e->coarse = true;
    }
    return wait_coarse(e, timeout_ns);
}

static int epoll_wait_events(struct bide__driver *driver, struct bide__fds *fds, int64_t timeout_ns)
{
    struct epoll *e = (struct epoll *)driver;
    int n = wait_exact(e, timeout_ns), woken = 0;

    if (__builtin_expect(n < 0 && n != -EINTR && n != -ENOMEM, 0))
        bide__driver_is_broken("epoll", n == -EBADF || n == -EINVAL ? CLOSED : strerror(-n));
    for (int i = 0; i < n; i++) {
        uint32_t bits = e->events[i].events, ready = 0;
        if (e->events[i].data.u64 == KEY_WAKE) {
            woken++;
            continue;
        }
        if (e->events[i].data.u64 == KEY_ALARM) {
            e->alarm.at_ns = INT64_MAX;
            woken++;
            continue;
        }
        if (bits & (EPOLLIN | EPOLLRDHUP | EPOLLPRI))
            ready |= BIDE__READ;
        if (bits & EPOLLOUT)
            ready |= BIDE__WRITE;
        if (bits & (EPOLLERR | EPOLLHUP))
            ready |= BIDE__READ | BIDE__WRITE;
        if (bits & (EPOLLERR | EPOLLHUP | EPOLLRDHUP | EPOLLPRI))
            ready |= BIDE__STAYS;
        bide__fd_event(fds, e->events[i].data.u64, ready);
    }
    return n > 0 ? n - woken : 0;
}

static void epoll_wake(struct bide__driver *driver)
{
    struct epoll *e = (struct epoll *)driver;
    uint64_t one = 1;
    bide__door.write(e->wake_fd, &one, sizeof(one));
}

/* ---- for a foreign loop ---- */

static int epoll_watch(struct bide__driver *driver)
{
    struct epoll *e = (struct epoll *)driver;
    struct epoll_event event = {EPOLLIN | EPOLLET, {.u64 = KEY_ALARM}};
    if (e->alarm.fd >= 0)
        return e->fd;
    int r = bide__alarm_open(&e->alarm);
    if (r < 0)
        return r;
    r = bide__door.epoll_ctl(e->fd, EPOLL_CTL_ADD, e->alarm.fd, &event);
    if (r < 0) {
        bide__alarm_close(&e->alarm);
        return r;
    }
    return e->fd;
}

static int epoll_alarm(struct bide__driver *driver, int64_t at_ns)
{
    struct epoll *e = (struct epoll *)driver;
    return bide__alarm_set(&e->alarm, at_ns);
}

const struct bide__driver_ops bide__driver_epoll = {
    .name = "epoll",
    .begin = epoll_begin,
    .end = epoll_end,
    .submit = epoll_submit,
    .cancel = epoll_cancel,
    .wait = epoll_wait_events,
    .wake = epoll_wake,
    .watch = epoll_watch,
    .alarm = epoll_alarm,
};
