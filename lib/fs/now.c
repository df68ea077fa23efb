/*
 * lib/fs/now.c: small things that jobs on files need, on a thread of the pool: new names, whole
 * reads and writes. They block.
 */
#include "lib/leaf.h"

#include "lib/fs/file.h"

#include <stdio.h>
#include <stdlib.h>

const char *bide__fs_folder(const char *folder)
{
    if (folder != NULL)
        return folder;
    folder = getenv("TMPDIR");
    return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

int bide__fs_name_new(char name[FS_NAME])
{
    uint64_t random[2];
    ssize_t n;
    do
        n = bide__door.getrandom(random, sizeof random, 0);
    while (n == -EINTR);
    if (n < 0)
        return (int)n;
    snprintf(name, FS_NAME, ".bide-%016jx%08jx", (uintmax_t)random[0],
             (uintmax_t)(random[1] & UINT32_MAX));
    return 0;
}

int bide__fs_path_new(const char *folder, char path[PATH_MAX])
{
    char name[FS_NAME];
    int r = bide__fs_name_new(name);
    if (r < 0)
        return r;
    return snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int bide__fs_write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t n = bide__door.write(fd, at, size);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

ssize_t bide__fs_read_full(int fd, void *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = bide__door.read(fd, (char *)buffer + done, size - done);
        if (n < 0 && n != -EINTR)
            return n;
        if (n == 0)
            break;
        if (n > 0)
            done += (size_t)n;
    }
    return (ssize_t)done;
}

int bide__fs_open_now(int folder, const char *path, int flags, mode_t mode)
{
    int fd;
    do {
        fd = bide__door.openat(folder, path, flags | O_CLOEXEC, mode);
        if (fd == -EWOULDBLOCK && flags & O_NONBLOCK) /* a lease holds it up */
            fd = bide__door.openat(folder, path, (flags | O_CLOEXEC) & ~O_NONBLOCK, mode);
    } while (fd == -EINTR);
    return fd;
}
