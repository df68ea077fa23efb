/*
 * The contract of a driver (runtime/io/driver.h): what submit and cancel answer, and which events
 * are passed on in between.
 */
#include "runtime/io/driver.h"
#include "runtime/io/io.h"

#include "check.h"

enum { KEY = 5, NO_SUCH_KIND = 77 };

static struct bide__fds nobody; /* no registration: events are counted only */

static struct bide__driver *begin(void)
{
    struct bide__driver *driver = NULL;
    CHECK_EQ(bide__driver_epoll.begin(&driver, &(struct bide__driver_options){.events_max = 256}),
             0);
    return driver;
}

static void put(int fd)
{
    CHECK_EQ(write(fd, "x", 1), 1);
}

TEST(readiness_is_told_once_an_edge)
{
    struct bide__driver *d = begin();
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
    CHECK_ERR(d->ops->submit(d, &op), -EEXIST);
    close(fds[0]);
    close(fds[1]);
    d->ops->end(d);
}

TEST(an_operation_that_was_cancelled_tells_nothing)
{
    struct bide__driver *d = begin();
    int fds[2];

    CHECK_EQ(pipe(fds), 0);
    struct bide__op op = {.kind = BIDE__OP_READY, .fd = fds[0], .key = KEY};
    CHECK_EQ(d->ops->submit(d, &op), 0);
    CHECK_EQ(d->ops->cancel(d, &op), 0);
    put(fds[1]);
    CHECK_EQ(d->ops->wait(d, &nobody, 0), 0);
    CHECK_EQ(d->ops->submit(d, &op), 0); /* the descriptor is free for another one */
    close(fds[0]);
    CHECK_EQ(d->ops->cancel(d, &op), 0);
    CHECK_ERR(d->ops->submit(d, &op), -EBADF);
    close(fds[1]);
    d->ops->end(d);
}

TEST(a_kind_that_the_driver_cannot_do_is_refused)
{
    struct bide__driver *d = begin();
    int fds[2];

    CHECK_EQ(pipe(fds), 0);
    struct bide__op op = {.kind = (enum bide__op_kind)NO_SUCH_KIND, .fd = fds[0], .key = KEY};
    CHECK_ERR(d->ops->submit(d, &op), -ENOSYS);
    put(fds[1]);
    CHECK_EQ(d->ops->wait(d, &nobody, 0), 0);
    CHECK_ERR(d->ops->cancel(d, &op), -ENOSYS);
    close(fds[0]);
    close(fds[1]);
    d->ops->end(d);
}

TEST(a_wake_ends_the_next_wait)
{
    struct bide__driver *d = begin();

    d->ops->wake(d);
    d->ops->wake(d);
    CHECK_EQ(d->ops->wait(d, &nobody, -1), 0);
    CHECK_EQ(d->ops->wait(d, &nobody, 0), 0);
    d->ops->end(d);
}
