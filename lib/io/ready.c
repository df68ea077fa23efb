/*
 * lib/io/ready.c: waiting for a descriptor that stays the caller's.
 *
 * Nothing is kept between two waits, since the caller may close the descriptor then, and its number
 * may become another file's. So each wait first asks poll(2). If the descriptor is ready, that is
 * all; if not, it is registered for as long as the wait lasts. The kernel takes one registration
 * for a number; if there is one already (another task waits, or a stream owns it), a duplicate is
 * registered.
 */
#include "lib/async.h"

#include "lib/io/foreign.h"

#include <bide/io.h>

static int open_registration(int fd, unsigned how, int *duplicate, struct bide__fd **registration)
{
    int r = bide__fd_open_as(registration, fd, how);
    if (r != -EEXIST)
        return r;
    r = *duplicate = bide__door.fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return r < 0 ? r : bide__fd_open_as(registration, *duplicate, how);
}

/* `asks`: an event is believed only if poll(2) says the same. */
static bide_async int wait_registered(int fd, uint32_t direction, unsigned how, bool asks)
{
    struct bide__fd *registration = NULL;
    int duplicate = -1;
    bide_defer {
        bide__fd_close(registration);
        if (duplicate >= 0)
            bide__door.close(duplicate);
    }
    int r = open_registration(fd, how, &duplicate, &registration);
    if (r < 0)
        return r;
    for (;;) {
        r = bide_await bide__fd_wait(registration, direction);
        if (r < 0 || !asks)
            return r < 0 ? r : 0;
        uint32_t seen = bide__fd_seen(registration, direction);
        r = bide__fd_ask(fd, direction);
        if (r != 0)
            return r < 0 ? r : 0;
        bide__fd_clear(registration, direction, seen);
    }
}

static bide_async int wait_ready(int fd, uint32_t direction)
{
    if (bide__runtime_running() == NULL)
        return bide__no_runtime(direction == BIDE__READ ? "bide_fd_readable" : "bide_fd_writable");
    int r = bide__fd_ask(fd, direction);
    if (r == 0)
        return bide_await wait_registered(fd, direction, 0, true);
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

bide_async int bide__event_readable(int fd)
{
    return bide_await wait_registered(fd, BIDE__READ, BIDE__FD_NEW, false);
}
