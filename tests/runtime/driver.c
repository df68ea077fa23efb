/*
 * The contract of a driver (runtime/io/driver.h): what submit and cancel answer, and which events
 * are passed on in between.
 */
#include "runtime/io/driver.h"
#include "runtime/io/io.h"

#include "check.h"

enum { KEY = 5, NO_SUCH_KIND = 15 };

static struct bide__fds nobody; /* no registration: events are counted only */

/* Each driver in turn; that over io_uring only where it can be had. */
static const struct bide__driver_ops *const drivers[] = {&bide__driver_epoll, &bide__driver_uring};

static struct bide__driver *begin(const struct bide__driver_ops *ops)
{
    struct bide__driver *driver = NULL;
    int r = ops->begin(&driver, &(struct bide__driver_options){.events_max = 256});
    if (ops == &bide__driver_uring && (r == -ENOSYS || r == -EPERM))
        check_skip("there is only epoll");
    CHECK_EQ(r, 0);
    return driver;
}

static void put(int fd)
{
    CHECK_EQ(write(fd, "x", 1), 1);
}

static void readiness_is_told_once_an_edge(struct bide__driver *d)
{
    int fds[2];

    CHECK_EQ(pipe(fds), 0);
    struct bide__op op = {.kind = BIDE__OP_READY, .fd = fds[0], .key = KEY};
    CHECK_EQ(d->ops->submit(d, &op), 0);
    CHECK_EQ(d->ops->wait(d, &nobody, 0), 0);
    put(fds[1]);
    CHECK_EQ(d->ops->wait(d, &nobody, -1), 1);
    CHECK_EQ(d->ops->wait(d, &nobody, 0), 0);
    put(fds[1]);
    CHECK_EQ(d->ops->wait(d, &nobody, -1), 1);
    if (!d->ops->is_lazy)
        CHECK_ERR(d->ops->submit(d, &op), -EEXIST);
    close(fds[0]);
    close(fds[1]);
}

static void an_operation_that_was_cancelled_tells_no_more_than_its_end(struct bide__driver *d)
{
    int fds[2];

    CHECK_EQ(pipe(fds), 0);
    struct bide__op op = {.kind = BIDE__OP_READY, .fd = fds[0], .key = KEY};
    CHECK_EQ(d->ops->submit(d, &op), 0);
    int ends = d->ops->cancel(d, &op);
    CHECK(ends == 0 || ends == 1);
    if (ends == 1)
        CHECK_EQ(d->ops->wait(d, &nobody, -1), 1);
    put(fds[1]);
    CHECK_EQ(d->ops->wait(d, &nobody, 0), 0);
    CHECK_EQ(d->ops->submit(d, &op), 0); /* the descriptor is free for another one */
    close(fds[0]);
    CHECK_EQ(d->ops->cancel(d, &op), ends);
    int r = d->ops->submit(d, &op);
    CHECK(r == -EBADF || (r == 0 && d->ops->is_lazy)); /* its last event tells it */
    close(fds[1]);
}

static void a_kind_that_the_driver_cannot_do_is_refused(struct bide__driver *d)
{
    int fds[2];

    CHECK_EQ(pipe(fds), 0);
    struct bide__op op = {.kind = (enum bide__op_kind)NO_SUCH_KIND, .fd = fds[0], .key = KEY};
    CHECK_ERR(d->ops->submit(d, &op), -ENOSYS);
    put(fds[1]);
    CHECK_EQ(d->ops->wait(d, &nobody, 0), 0);
    CHECK_ERR(d->ops->cancel(d, &op), -ENOSYS);
    close(fds[0]);
    close(fds[1]);
}

static void a_wake_ends_the_next_wait(struct bide__driver *d)
{
    d->ops->wake(d);
    d->ops->wake(d);
    CHECK_EQ(d->ops->wait(d, &nobody, -1), 0);
    CHECK_EQ(d->ops->wait(d, &nobody, 0), 0);
}

static void a_wait_is_over_in_time_and_not_before(struct bide__driver *d)
{
    int64_t begin_ns = bide__clock_ns();
    CHECK_EQ(d->ops->wait(d, &nobody, 1500000), 0);
    CHECK(bide__clock_ns() - begin_ns >= 1500000);
}

#define BOTH(what)                                           \
    TEST(what##_on_each_driver)                              \
    {                                                        \
        for (unsigned i = 0; i < 2; i++) {                   \
            struct bide__driver *driver = begin(drivers[i]); \
            what(driver);                                    \
            driver->ops->end(driver);                        \
        }                                                    \
    }

BOTH(readiness_is_told_once_an_edge)
BOTH(an_operation_that_was_cancelled_tells_no_more_than_its_end)
BOTH(a_kind_that_the_driver_cannot_do_is_refused)
BOTH(a_wake_ends_the_next_wait)
BOTH(a_wait_is_over_in_time_and_not_before)
