/*
 * Waiting for a descriptor that stays the caller's.
 *
 * Nothing of it is kept between two waits, since the caller may close it then, and its number may
 * become another file's. So each wait asks poll(2) first, which is all where it is ready, and else
 * registers it for as long as the wait lasts. The kernel takes one registration a number; if there
 * is one (another task waits, or a stream has it), a duplicate is registered.
 */
#include "lib/async.h"

#include <bide/io.h>

/* 1: ready, or at its end, or broken: a call will not block. 0: not yet. */
static int ask(int fd, uint32_t direction)
{
    struct pollfd p = {.fd = fd, .events = direction == BIDE__READ ? POLLIN : POLLOUT};
    if (fd < 0)
        return -EBADF;
    int r = bide__door.poll(&p, 1, 0);
    if (r < 0)
        return r == -EINTR ? 0 : r;
    return p.revents & POLLNVAL ? -EBADF : r;
}

static int open_registration(int fd, int *duplicate, struct bide__fd **registration)
{
    int r = bide__fd_open(registration, fd);
    if (r != -EEXIST)
        return r;
    r = *duplicate = bide__door.fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return r < 0 ? r : bide__fd_open(registration, *duplicate);
}

static bide_async int wait_registered(int fd, uint32_t direction)
{
    struct bide__fd *registration = NULL;
    int duplicate = -1;
    bide_defer {
        bide__fd_close(registration);
        if (duplicate >= 0)
            bide__door.close(duplicate);
    }
    int r = open_registration(fd, &duplicate, &registration);
    if (r < 0)
        return r;
    for (;;) {
        r = bide_await bide__fd_wait(registration, direction);
        if (r < 0)
            return r;
        r = ask(fd, direction);
        if (r != 0)
            return r < 0 ? r : 0;
        bide__fd_clear(registration, direction);
    }
}

static bide_async int wait_ready(int fd, uint32_t direction)
{
    int r = ask(fd, direction);
    if (r == 0)
        return bide_await wait_registered(fd, direction);
    bide_await bide__turn();
    return r < 0 ? r : 0;
}

bide_async int bide_fd_readable(int fd)
{
    return bide_await wait_ready(fd, BIDE__READ);
}

bide_async int bide_fd_writable(int fd)
{
    return bide_await wait_ready(fd, BIDE__WRITE);
}
