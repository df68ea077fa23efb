/*
 * Streams on descriptors: sockets, pipes, terminals.
 *
 * Reading and writing wait for readiness first and then make one non-blocking call, so a
 * cancelled one has transferred nothing; what was transferred is always returned. After the wait
 * a stream may be gone (bide_stream_close says -EBADF to those who wait), so it is not touched
 * when the wait failed.
 */
#include "lib/async.h"

#include "lib/io/stream.h"

struct fd_stream {
    bide_stream base;
    struct bide__fd *registration;
    int fd;
    bool socket;
    bool restore; /* it was blocking before it became ours */
};

static struct fd_stream *of(const bide_stream *stream)
{
    return (struct fd_stream *)(uintptr_t)stream;
}

bide_async ssize_t bide__fd_stream_read(bide_stream *stream, void *buffer, size_t size);
bide_async ssize_t bide__fd_stream_write(bide_stream *stream, const void *data, size_t size);

bide_async ssize_t bide__fd_stream_read(bide_stream *stream, void *buffer, size_t size)
{
    struct fd_stream *s = of(stream);
    while (size > 0) {
        int r = bide_await bide__fd_wait(s->registration, BIDE__READ);
        if (r < 0)
            return r;
        ssize_t n = s->socket ? bide__door.recv(s->fd, buffer, size, 0)
                              : bide__door.read(s->fd, buffer, size);
        if (n == -EAGAIN)
            bide__fd_clear(s->registration, BIDE__READ);
        else if (n != -EINTR)
            return n;
    }
    return 0;
}

bide_async ssize_t bide__fd_stream_write(bide_stream *stream, const void *data, size_t size)
{
    struct fd_stream *s = of(stream);
    while (size > 0) {
        int r = bide_await bide__fd_wait(s->registration, BIDE__WRITE);
        if (r < 0)
            return r;
        ssize_t n = s->socket ? bide__door.send(s->fd, data, size, MSG_NOSIGNAL)
                              : bide__door.write(s->fd, data, size);
        if (n == -EAGAIN)
            bide__fd_clear(s->registration, BIDE__WRITE);
        else if (n != -EINTR)
            return n;
    }
    return 0;
}

static int fd_shutdown(bide_stream *stream)
{
    return bide__door.shutdown(of(stream)->fd, SHUT_WR);
}

static int fd_of(const bide_stream *stream)
{
    return of(stream)->fd;
}

static void fd_close(bide_stream *stream)
{
    struct fd_stream *s = of(stream);
    bide__fd_close(s->registration);
    if (s->restore) {
        int flags = bide__door.fcntl(s->fd, F_GETFL, 0);
        if (flags >= 0)
            bide__door.fcntl(s->fd, F_SETFL, flags & ~O_NONBLOCK);
    }
    bide__door.close(s->fd);
    bide__free(s, sizeof *s);
}

static const struct bide__stream_ops fd_ops = {
    .read = &bide__desc_bide__fd_stream_read,
    .write = &bide__desc_bide__fd_stream_write,
    .shutdown = fd_shutdown,
    .close = fd_close,
    .fd = fd_of,
};

int bide__fd_stream_new(int fd, bool socket, bide_stream **stream)
{
    struct fd_stream *s = bide__alloc(sizeof *s);
    if (s == NULL)
        return -ENOMEM;
    *s = (struct fd_stream){.base.ops = &fd_ops, .fd = fd, .socket = socket};
    int r = bide__fd_open(&s->registration, fd);
    if (r < 0) {
        bide__free(s, sizeof *s);
        return r;
    }
    *stream = &s->base;
    return 0;
}

struct bide__fd *bide__fd_stream_registration(const bide_stream *stream)
{
    return stream->ops == &fd_ops ? of(stream)->registration : NULL;
}

int bide_stream_open(int fd, bide_stream **stream)
{
    struct stat status;
    int r = bide__door.fstat(fd, &status);
    int flags = r < 0 ? r : bide__door.fcntl(fd, F_GETFL, 0);
    if (flags < 0)
        return flags;
    bool blocking = !(flags & O_NONBLOCK);
    if (blocking && (r = bide__door.fcntl(fd, F_SETFL, flags | O_NONBLOCK)) < 0)
        return r;
    r = bide__fd_stream_new(fd, S_ISSOCK(status.st_mode), stream);
    if (r == 0)
        of(*stream)->restore = blocking;
    else if (blocking)
        bide__door.fcntl(fd, F_SETFL, flags);
    return r;
}
