/*
 * lib/fs/path.c: calls on paths. Each is one call of the driver or one job of the pool: it happens,
 * or nothing does.
 */
#include "lib/fs/async.h"

#include <stdio.h>

enum { MODE_FOLDER = 0777, MODE_TEMPORARY = 0700, VAIN_MOST = 16 };

/* What a job works on. */
struct paths {
    const char *path, *other;
    char *out;
    size_t size;
    mode_t mode;
};

/* A call that a signal may end before it has begun. */
#define UNTIL_NOT_INTERRUPTED(r, call) \
    do                                 \
        (r) = (call);                  \
    while ((r) == -EINTR)

static bide_async int call(bide__fs_function *function, struct paths *p)
{
    return (int)bide_await bide__fs_call(function, p);
}

/* ---- what is there ---- */

bide_async int bide__fs_stat(int folder, const char *path, int flags, struct stat *status)
{
    struct statx x;
    const struct bide__file_op op = {
        .what = BIDE__FILE_STAT, .fd = folder, .path = path, .flags = flags, .buffer = &x};
    int r = (int)bide_await bide__fs_file_call(&op);
    if (r == 0)
        bide__fs_stat_of(&x, status);
    return r;
}

bide_async int bide_path_stat(const char *path, struct stat *status)
{
    return bide_await bide__fs_stat(AT_FDCWD, path, 0, status);
}

bide_async int bide_path_lstat(const char *path, struct stat *status)
{
    return bide_await bide__fs_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, status);
}

bide_async int bide_path_exists(const char *path)
{
    struct stat status;
    int r = bide_await bide__fs_stat(AT_FDCWD, path, 0, &status);
    return r == 0 ? 1 : r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

/* With the zero byte that the buffer has room for. */
static int64_t read_link_now(void *argument)
{
    const struct paths *p = argument;
    ssize_t n;
    if (p->size == 0)
        return -ENAMETOOLONG;
    UNTIL_NOT_INTERRUPTED(n, bide__door.readlink(p->path, p->out, p->size));
    if (n < 0)
        return n;
    if ((size_t)n == p->size)
        return -ENAMETOOLONG;
    p->out[n] = '\0';
    return n;
}

bide_async ssize_t bide_path_read_link(const char *path, char *buffer, size_t size)
{
    struct paths p = {.path = path, .out = buffer, .size = size};
    return (ssize_t)bide_await bide__fs_call(read_link_now, &p);
}

static int64_t canonical_now(void *argument)
{
    const struct paths *p = argument;
    char out[PATH_MAX];
    int r = bide__door.realpath(p->path, out);
    if (r < 0)
        return r;
    size_t size = strlen(out);
    if (size >= p->size)
        return -ENAMETOOLONG;
    memcpy(p->out, out, size + 1);
    return (int64_t)size;
}

bide_async ssize_t bide_path_canonical(const char *path, char *buffer, size_t size)
{
    struct paths p = {.path = path, .out = buffer, .size = size};
    return (ssize_t)bide_await bide__fs_call(canonical_now, &p);
}

/* ---- changed ---- */

bide_async int bide_path_rename(const char *from, const char *to)
{
    const struct bide__file_op op = {.what = BIDE__FILE_RENAME,
                                     .fd = AT_FDCWD,
                                     .path = from,
                                     .fd_2 = AT_FDCWD,
                                     .buffer = (void *)(uintptr_t)to};
    return (int)bide_await bide__fs_file_call(&op);
}

bide_async int bide_path_remove(const char *path)
{
    const struct bide__file_op op = {.what = BIDE__FILE_UNLINK, .fd = AT_FDCWD, .path = path};
    return (int)bide_await bide__fs_file_call(&op);
}

bide_async int bide_folder_remove(const char *path)
{
    const struct bide__file_op op = {
        .what = BIDE__FILE_UNLINK, .fd = AT_FDCWD, .path = path, .flags = AT_REMOVEDIR};
    return (int)bide_await bide__fs_file_call(&op);
}

static int64_t set_mode_now(void *argument)
{
    const struct paths *p = argument;
    return bide__door.chmod(p->path, p->mode);
}

bide_async int bide_path_set_mode(const char *path, mode_t mode)
{
    struct paths p = {.path = path, .mode = mode};
    return bide_await call(set_mode_now, &p);
}

static int64_t link_now(void *argument)
{
    const struct paths *p = argument;
    return bide__door.link(p->other, p->path);
}

bide_async int bide_path_link(const char *target, const char *path)
{
    struct paths p = {.path = path, .other = target};
    return bide_await call(link_now, &p);
}

static int64_t symlink_now(void *argument)
{
    const struct paths *p = argument;
    return bide__door.symlink(p->other, p->path);
}

bide_async int bide_path_symlink(const char *target, const char *path)
{
    struct paths p = {.path = path, .other = target};
    return bide_await call(symlink_now, &p);
}

/* ---- folders ---- */

bide_async int bide_folder_make(const char *path, mode_t mode)
{
    const struct bide__file_op op = {.what = BIDE__FILE_MKDIR,
                                     .fd = AT_FDCWD,
                                     .path = path,
                                     .mode = mode != 0 ? mode : MODE_FOLDER};
    return (int)bide_await bide__fs_file_call(&op);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return bide__door.fstatat(AT_FDCWD, path, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

/* How much of the path is that of the folder above the first `at` bytes; 0: there is none. */
static size_t above(const char *path, size_t at)
{
    while (at > 0 && path[at - 1] == '/')
        at--;
    while (at > 0 && path[at - 1] != '/')
        at--;
    while (at > 1 && path[at - 1] == '/')
        at--;
    return at;
}

/* Most of the time all but the last one are there, so it begins at the end. Some folders tell of
 * what cannot be made in them that it does not exist (/proc, and those that were removed while they
 * are open): so one whose folder above was there is asked for again only a few times, because
 * others may remove that. */
static int64_t make_all_now(void *argument)
{
    const struct paths *p = argument;
    char path[PATH_MAX];
    size_t size = strlen(p->path), at = size;
    unsigned vain = 0;
    bool comes_down = false;

    if (size >= sizeof path)
        return -ENAMETOOLONG;
    memcpy(path, p->path, size + 1);
    for (;;) {
        int r = bide__door.mkdirat(AT_FDCWD, path, p->mode);
        if (r == -ENOENT) { /* the one above comes first */
            at = above(path, at);
            if (at == 0 || (comes_down && ++vain == VAIN_MOST))
                return r;
            path[at] = '\0';
            comes_down = false;
            continue;
        }
        if (r == -EINTR)
            continue;
        if (r < 0 && !is_folder(path))
            return r;
        if (at == size)
            return 0;
        comes_down = true;
        path[at] = p->path[at]; /* and now the one below */
        at += strlen(path + at);
    }
}

bide_async int bide_folder_make_all(const char *path, mode_t mode)
{
    struct paths p = {.path = path, .mode = mode != 0 ? mode : MODE_FOLDER};
    return bide_await call(make_all_now, &p);
}

static int64_t make_temporary_now(void *argument)
{
    const struct paths *p = argument;
    char path[PATH_MAX];
    int r;
    do {
        r = bide__fs_path_new(p->path, path);
        if (r < 0)
            return r;
        if (strlen(path) >= p->size)
            return -ENAMETOOLONG;
        r = bide__door.mkdirat(AT_FDCWD, path, MODE_TEMPORARY);
    } while (r == -EEXIST || r == -EINTR);
    if (r < 0)
        return r;
    size_t size = strlen(path);
    memcpy(p->out, path, size + 1);
    return (int64_t)size;
}

bide_async int bide_folder_temporary(const char *folder, char *path, size_t size)
{
    struct paths p = {.path = bide__fs_folder(folder), .out = path, .size = size};
    return bide_await call(make_temporary_now, &p);
}
