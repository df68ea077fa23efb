/*
 * lib/io/pipe.c: making pipes and opening FIFOs. The streams are those of fd.c.
 *
 * For read(2) a FIFO without a writer is at its end, whether one has left or none has come.
 * poll(2) tells these apart: only after one has left there is a hang-up.
 */
#include "lib/async.h"

#include <bide/io.h>
#include <bide/time.h>

#include "lib/io/pipe.h"
#include "lib/io/stream.h"

enum { PAUSE_FIRST_MS = 1, PAUSE_MAX_MS = 100, FLAGS = O_NONBLOCK | O_CLOEXEC };

/* What a read has returned, or -EAGAIN for a FIFO that has had no writer yet. */
static ssize_t outcome(int fd, ssize_t n)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return n == 0 && bide__door.poll(&p, 1, 0) == 0 ? -EAGAIN : n;
}

ssize_t bide__pipe_read(int fd, void *buffer, size_t size)
{
    return outcome(fd, bide__door.read(fd, buffer, size));
}

ssize_t bide__pipe_readv(int fd, const struct iovec *pieces, int count)
{
    return outcome(fd, bide__door.readv(fd, pieces, count));
}

ssize_t bide__pipe_splice(int fd, int to, size_t size)
{
    return outcome(fd, bide__door.splice(fd, to, size));
}

int bide_pipe_new(bide_stream **reader, bide_stream **writer)
{
    int fds[2];
    *reader = *writer = NULL;
    int r = bide__door.pipe2(fds, FLAGS);
    if (r < 0)
        return r;
    r = bide__fd_stream_new(fds[0], BIDE__STREAM_OTHER, reader);
    if (r < 0)
        bide__door.close(fds[0]);
    else
        r = bide__fd_stream_new(fds[1], BIDE__STREAM_PIPE, writer);
    if (r == 0)
        return 0;
    bide__door.close(fds[1]);
    bide_stream_close(*reader);
    *reader = NULL;
    return r;
}

/* The socket of a listener cannot be opened either. */
static bool waits_for_reader(const char *path, int error, bide_fifo_mode mode)
{
    struct stat status;
    return error == -ENXIO && mode == BIDE_FIFO_WRITE && bide__door.stat(path, &status) == 0 &&
           S_ISFIFO(status.st_mode);
}

/* A file that is no FIFO could block later. */
static int stream_of(int fd, bide_stream **stream)
{
    struct stat status;
    int r = bide__door.fstat(fd, &status);
    if (r == 0 && !S_ISFIFO(status.st_mode))
        r = -EINVAL;
    if (r == 0)
        r = bide__fd_stream_new(fd, BIDE__STREAM_PIPE, stream);
    if (r < 0)
        bide__door.close(fd);
    return r;
}

bide_async int bide_fifo_open(const char *path, bide_fifo_mode mode, bide_stream **stream)
{
    int access = mode == BIDE_FIFO_READ ? O_RDONLY : mode == BIDE_FIFO_BOTH ? O_RDWR : O_WRONLY;
    int fd, pause_ms = PAUSE_FIRST_MS;

    *stream = NULL;
    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_fifo_open");
    bide_await bide__turn();
    while ((fd = bide__door.open(path, access | FLAGS)) == -EINTR ||
           waits_for_reader(path, fd, mode)) {
        bide_await bide_sleep(BIDE_MS(pause_ms));
        pause_ms = pause_ms < PAUSE_MAX_MS / 2 ? 2 * pause_ms : PAUSE_MAX_MS;
    }
    return fd < 0 ? fd : stream_of(fd, stream);
}
