/*
 * lib/io/foreign.c: see foreign.h.
 *
 * A pipe, a FIFO or a terminal is opened once more, by its link in /proc. That makes a description
 * of our own, which is non-blocking. It is used only if it is certainly the same object:
 *
 *  - /proc may be missing, forbidden, or something else altogether: device and inode are compared.
 *  - /dev/tty means the terminal of the session, and /dev/console changes: of terminals, the real
 *    device is compared. The master of a pseudo-terminal would become the master of a new one, so
 *    it is not opened.
 *  - A FIFO that is opened after its writers have left waits for the next one, while the
 *    description that we were given is at its end.
 *  - A pipe of packets (O_DIRECT) cannot be opened as such.
 *
 * An eventfd and its like cannot be opened again, and another device may become a new object. With
 * these, and where opening fails, the given descriptor is used: poll(2) before each call, which
 * then writes no more than certainly has room. Between the two calls another process may take what
 * there was, and then the call waits; that cannot be helped.
 */
#include "lib/leaf.h"

#include "lib/io/foreign.h"

#include <limits.h>
#include <stdio.h>
#include <sys/sysmacros.h>

/* poll(2) that does not wait; what it answers is in p->revents. */
static int ask(struct pollfd *p)
{
    int r;
    do
        r = bide__door.poll(p, 1, 0);
    while (r == -EINTR);
    return r;
}

int bide__fd_ask(int fd, uint32_t direction)
{
    struct pollfd p = {.fd = fd, .events = direction == BIDE__READ ? POLLIN : POLLOUT};
    if (fd < 0)
        return -EBADF;
    int r = ask(&p);
    return r > 0 && p.revents & POLLNVAL ? -EBADF : r;
}

size_t bide__fd_piece(enum bide__fd_way way, size_t size)
{
    /* A pipe that is ready has room for PIPE_BUF bytes. A terminal may have room for one byte only,
     * and writes all before it returns. For other objects a part of the data has no meaning. */
    size_t most = way == BIDE__FD_PIPE ? PIPE_BUF : way == BIDE__FD_TERMINAL ? 1 : SIZE_MAX;
    return size < most ? size : most;
}

/* The real device of a terminal; false if fd is none, or if it was hung up. */
static bool terminal_of(int fd, const struct stat *status, unsigned *device)
{
    return S_ISCHR(status->st_mode) && bide__door.ioctl(fd, TIOCGDEV, device) >= 0;
}

static bool has_hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = 0};
    return ask(&p) > 0 && p.revents & POLLHUP;
}

static bool is_same(int fd, const struct stat *status, int own)
{
    struct stat other;
    unsigned device, own_device;
    if (bide__door.fstat(own, &other) < 0 || other.st_dev != status->st_dev ||
        other.st_ino != status->st_ino || other.st_rdev != status->st_rdev)
        return false;
    if (S_ISFIFO(status->st_mode))
        return !has_hung_up(fd);
    return terminal_of(fd, status, &device) && terminal_of(own, &other, &own_device) &&
           device == own_device;
}

/* A descriptor of a new description, which is non-blocking, or a negative errno. */
static int reopen(int fd, const struct stat *status, int flags)
{
    char path[48];
    snprintf(path, sizeof path, "/proc/thread-self/fd/%d", fd);
    int own =
        bide__door.open(path, (flags & (O_ACCMODE | O_APPEND)) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0 && !is_same(fd, status, own)) {
        bide__door.close(own);
        return -ENXIO;
    }
    return own;
}

static bool can_reopen(enum bide__fd_way way, const struct stat *status, int flags)
{
    if (way == BIDE__FD_TERMINAL)
        return status->st_rdev != makedev(5, 2); /* /dev/ptmx, the master of any terminal */
    return way == BIDE__FD_PIPE && !(flags & (O_DIRECT | O_PATH));
}

int bide__foreign_open(int fd, enum bide__fd_way *way)
{
    struct stat status;
    unsigned device;
    int r = bide__door.fstat(fd, &status);
    int flags = r < 0 ? r : bide__door.fcntl(fd, F_GETFL, 0);
    if (flags < 0)
        return flags;
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
        return -EPERM;
    *way = S_ISSOCK(status.st_mode)            ? BIDE__FD_SOCKET
           : S_ISFIFO(status.st_mode)          ? BIDE__FD_PIPE
           : terminal_of(fd, &status, &device) ? BIDE__FD_TERMINAL
                                               : BIDE__FD_OTHER;
    if (*way == BIDE__FD_SOCKET)
        return fd;
    /* A shell clears the flag of its terminal at any time. Others have it by their makers' will. */
    if (flags & O_NONBLOCK && *way != BIDE__FD_TERMINAL) {
        *way = BIDE__FD_PLAIN;
        return fd;
    }
    int own = can_reopen(*way, &status, flags) ? reopen(fd, &status, flags) : -ENXIO;
    if (own < 0)
        return fd;
    *way = BIDE__FD_PLAIN;
    return own;
}
