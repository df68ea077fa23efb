/*
 * lib/fs/copy.c: a file is copied: by sharing its data (FICLONE), by the kernel (copy_file_range),
 * or by reading and writing. Each step is one job, so that a copy can be cancelled between two.
 */
#include "lib/fs/async.h"

#include <linux/fs.h>

enum { STEP = 8 << 20, BUFFER = 128 << 10, MODE_BITS = 0777 };

struct copy {
    const char *from_path, *to_path;
    int from, to; /* -1: it is not open */
    bool by_hand; /* the kernel does not copy between these */
    bool is_done;
    int64_t copied;
    char *buffer; /* NULL: not yet needed */
};

/* ---- opened ---- */

/* The new file: not the old one, and empty. */
static int open_to(struct copy *c, const struct stat *old)
{
    struct stat status;
    int fd = bide__fs_open_now(AT_FDCWD, c->to_path, O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK,
                               old->st_mode & MODE_BITS);
    if (fd < 0)
        return fd;
    c->to = fd;
    int r = bide__door.fstat(fd, &status);
    if (r < 0)
        return r;
    if (!S_ISREG(status.st_mode) || (status.st_dev == old->st_dev && status.st_ino == old->st_ino))
        return -EINVAL;
    do
        r = bide__door.ftruncate(fd, 0);
    while (r == -EINTR);
    return r < 0 ? r : bide__door.fchmod(fd, old->st_mode & MODE_BITS);
}

static int64_t open_now(void *argument)
{
    struct copy *c = argument;
    struct stat status;
    int fd = bide__fs_open_now(AT_FDCWD, c->from_path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    c->from = fd;
    int r = bide__door.fstat(fd, &status);
    if (r == 0 && !S_ISREG(status.st_mode))
        r = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
    if (r == 0)
        r = open_to(c, &status);
    if (r < 0)
        return r;
    if (bide__door.ioctl(c->to, FICLONE, (void *)(intptr_t)c->from) == 0) {
        c->copied = status.st_size;
        c->is_done = true;
    }
    return 0;
}

/* ---- copied ---- */

static bool is_refused(int64_t n)
{
    return n == -EXDEV || n == -EINVAL || n == -ENOSYS || n == -EOPNOTSUPP || n == -EBADF ||
           n == -EPERM;
}

static int64_t by_kernel(struct copy *c)
{
    int64_t done = 0;
    while (done < STEP) {
        ssize_t n =
            bide__door.copy_file_range(c->from, NULL, c->to, NULL, (size_t)(STEP - done), 0);
        if (n == -EINTR)
            continue;
        /* Files that the kernel makes up (/proc) have no size, and seem to be at their end. */
        if (is_refused(n) || (n == 0 && c->copied + done == 0)) {
            c->by_hand = true;
            return done;
        }
        if (n < 0)
            return n;
        c->is_done = n == 0;
        if (n == 0)
            break;
        done += n;
    }
    return done;
}

static int64_t by_hand(struct copy *c)
{
    int64_t done = 0;
    if (c->buffer == NULL)
        c->buffer = bide__alloc(BUFFER);
    if (c->buffer == NULL)
        return -ENOMEM;
    while (done < STEP && !c->is_done) {
        ssize_t n = bide__fs_read_full(c->from, c->buffer, BUFFER);
        if (n < 0)
            return n;
        int r = bide__fs_write_all(c->to, c->buffer, (size_t)n);
        if (r < 0)
            return r;
        c->is_done = n < BUFFER;
        done += n;
    }
    return done;
}

static int64_t step_now(void *argument)
{
    struct copy *c = argument;
    int64_t n = c->by_hand ? 0 : by_kernel(c);
    if (n == 0 && c->by_hand)
        n = by_hand(c);
    if (n > 0)
        c->copied += n;
    return n;
}

static int close_one(int *fd)
{
    int r = *fd >= 0 ? bide__door.close(*fd) : 0;
    *fd = -1;
    return r == -EINTR ? 0 : r;
}

static int64_t close_now(void *argument)
{
    struct copy *c = argument;
    close_one(&c->from);
    return close_one(&c->to);
}

bide_async int64_t bide_path_copy(const char *from, const char *to)
{
    struct copy c = {.from_path = from, .to_path = to, .from = -1, .to = -1};
    bide_defer {
        close_now(&c);
        bide__free(c.buffer, BUFFER);
    }
    int64_t r = bide_await bide__fs_call(open_now, &c);
    while (r >= 0 && !c.is_done)
        r = bide_await bide__fs_call(step_now, &c);
    if (r >= 0)
        r = bide_await bide__fs_call(close_now, &c);
    return r < 0 ? r : c.copied;
}
