/*
 * h1/file.c: a part of a file is sent by the kernel, from its page cache to the socket, without a
 * copy: over plain connections, and if the length was told.
 *
 * sendfile(2) would have the thread wait for the disk. So it gets only what is in memory, as far as
 * that can be seen cheaply: the last byte of each STEP bytes is read with RWF_NOWAIT. What the
 * kernel has not there is read as other files are, by a thread of the pool or by io_uring, which
 * has it read on, too. A page between two of these that is missing costs the thread one read of the
 * disk.
 */
#include "lib/async.h"

#include "extra/http/h1/async.h"

enum { STEP = 16 << 10, MOST = 512 << 10 };

/* Since Linux 4.14. */
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

/* How many of the bytes are in memory; -EAGAIN: the first are not, or the file ends there;
 * -EOPNOTSUPP: the filesystem does not tell. */
static ssize_t in_memory(int fd, uint64_t at, size_t size)
{
    size_t done = 0;
    char byte;
    const struct iovec piece = {&byte, 1};

    while (done < size) {
        size_t step = size - done < STEP ? size - done : STEP;
        ssize_t n = bide__door.preadv2(fd, &piece, 1, (off_t)(at + done + step - 1), RWF_NOWAIT);
        if (n != 1 && done > 0)
            return (ssize_t)done;
        if (n != 1) /* 0: a read finds where the file ends */
            return n == 0 || n == -EAGAIN || n == -EINTR ? -EAGAIN : -EOPNOTSUPP;
        done += step;
    }
    return (ssize_t)done;
}

bide_async ssize_t bide__h1_send_file(bide_http_exchange *x, int fd, uint64_t at, size_t size)
{
    struct bide__h1 *h = x->connection;
    if (h->chunks_out || bide__fd_stream_socket(h->c->stream) == NULL)
        return -EOPNOTSUPP;
    ssize_t n = in_memory(fd, at, size < MOST ? size : MOST);
    if (n < 0)
        return n;
    n = bide_await bide__h1_send_some_file(h, fd, at, (size_t)n);
    return n == -EINVAL || n == -ENOSYS || n == -EOVERFLOW ? -EOPNOTSUPP : n;
}
