/*
 * open.c: files are opened, in a folder that is not left.
 *
 * openat2(2) sees to that, also when others move folders meanwhile. What is in the memory of the
 * system is opened on this thread; the rest on one of the pool. Where there is no openat2, or it is
 * forbidden, the path is walked: each folder is opened in the one above it, and no link is
 * followed.
 */
#include "lib/fs/async.h"

#include "extra/http/layer/file.h"

#include <fcntl.h>
#include <limits.h>

enum { FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

struct job {
    int folder;
    const char *path;
};

/* ---- without openat2 ---- */

static int step(int folder, const char *name, int flags)
{
    int fd;
    do
        fd = bide__door.openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC, 0);
    while (fd == -EINTR);
    return fd;
}

/* `path` has no empty segments, and none that are dots. */
static int walk(int folder, const char *path)
{
    char name[NAME_MAX + 1];
    int at = folder;

    for (;;) {
        size_t size = strcspn(path, "/");
        bool is_last = path[size] == '\0';
        if (size > NAME_MAX) {
            if (at != folder)
                bide__door.close(at);
            return -ENAMETOOLONG;
        }
        memcpy(name, path, size);
        name[size] = '\0';
        int next = step(at, name, is_last ? FLAGS : O_PATH | O_DIRECTORY);
        if (at != folder)
            bide__door.close(at);
        if (next < 0 || is_last)
            return next;
        at = next;
        path += size + 1;
    }
}

/* ---- with it ---- */

static bool is_missing(int r)
{
    return r == -ENOSYS || r == -EPERM;
}

/* On a thread of the pool. */
static int64_t open_there(void *argument)
{
    const struct job *job = argument;
    int fd;
    do
        fd = bide__door.open_beneath(job->folder, job->path, FLAGS, false);
    while (fd == -EINTR ||
           fd == -EAGAIN); /* the second one: somebody has moved a folder just now */
    return is_missing(fd) ? walk(job->folder, job->path) : fd;
}

static bide_async int open_beneath(int folder, const char *path)
{
    struct job job = {folder, path};
    int fd = bide__door.open_beneath(folder, path, FLAGS, true);
    if (fd != -EAGAIN && fd != -EINTR && !is_missing(fd))
        return fd;
    return (int)bide_await bide__fs_call(open_there, &job);
}

/* ---- what was opened ---- */

static bide_async int open_fd(const struct file_place *place)
{
    if (place->folder >= 0)
        return bide_await open_beneath(place->folder, place->path);
    return bide_await bide__fs_open(AT_FDCWD, place->path, FLAGS, 0);
}

/* The descriptor is closed, unless it became that of the file. */
static int take(int fd, struct file_open *open)
{
    int r = bide__door.fstat(fd, &open->status);

    open->file = NULL;
    if (r == 0 && S_ISREG(open->status.st_mode))
        r = bide_file_of(fd, &open->file);
    else if (r == 0 && !S_ISDIR(open->status.st_mode))
        r = -ENOENT;
    if (open->file == NULL)
        bide__door.close(fd);
    return r;
}

/* All that says that there is no such file here. */
static bool is_nothing(int r)
{
    return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV || r == -ENAMETOOLONG ||
           r == -ENXIO || r == -ENODEV || r == -EINVAL;
}

bide_async int bide__http_file_open(const struct file_place *place, struct file_open *open)
{
    open->file = NULL;
    int r = bide_await open_fd(place);
    if (r >= 0)
        r = take(r, open);
    return is_nothing(r) ? -ENOENT : r;
}
