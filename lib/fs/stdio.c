/*
 * lib/fs/stdio.c: streams of the standard descriptors, whatever they are, and of descriptors that
 * cannot be waited for.
 *
 * A stream of a pipe, a socket or a terminal waits in the driver (lib/io/foreign.h). What cannot be
 * waited for, such as a regular file, never keeps a call for long, so it is a file (file.h).
 */
#include "lib/leaf.h"

#include "lib/fs/file.h"
#include "lib/fs/stdio.h"

/* It is always ready: epoll(7) and poll(2) know nothing of it. */
static int file_of(int fd, bool is_kept, bide_stream **stream)
{
    struct stat status;
    bide_file *file;
    int r = bide__door.fstat(fd, &status);
    if (r < 0)
        return r;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    r = bide__file_new(fd, &file);
    if (r < 0)
        return r;
    file->is_kept = is_kept;
    *stream = &file->base;
    return 0;
}

int bide__fs_stream_of(int fd, bool is_kept, bide_stream **stream)
{
    int r = bide__fd_stream_of(fd, is_kept, stream);
    return r == -EPERM ? file_of(fd, is_kept, stream) : r;
}

int bide_stdin_open(bide_stream **stream)
{
    return bide__fs_stream_of(STDIN_FILENO, true, stream);
}

int bide_stdout_open(bide_stream **stream)
{
    return bide__fs_stream_of(STDOUT_FILENO, true, stream);
}

int bide_stderr_open(bide_stream **stream)
{
    return bide__fs_stream_of(STDERR_FILENO, true, stream);
}
