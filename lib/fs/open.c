/*
 * lib/fs/open.c: files opened and closed, and calls on an open file that may wait.
 *
 * A file that is there and was used lately is opened on this thread (bide__file_open_now). The
 * struct is made before the descriptor, so that nothing can fail when that is there.
 */
#include "lib/fs/async.h"

#include <bide/time.h>

#include <stdlib.h>
#include <sys/file.h>

#ifndef O_TMPFILE
#define O_TMPFILE (020000000 | O_DIRECTORY)
#endif

enum { MODE_FILE = 0666, PAUSE_FIRST_MS = 1, PAUSE_MAX_MS = 100, PIECES_MOST = 1024 };

/* ---- opened ---- */

bide_async int bide__fs_open(int folder, const char *path, int flags, mode_t mode)
{
    bide_await bide__turn();
    int fd = bide__file_open_now(folder, path, flags);
    if (fd != -EAGAIN)
        return fd;
    const struct bide__file_op op = {
        .what = BIDE__FILE_OPEN, .fd = folder, .path = path, .flags = flags, .mode = mode};
    return (int)bide_await bide__fs_file_call(&op);
}

/* An empty file, for a descriptor that comes. */
static int new_file(int flags, bide_file **file)
{
    int r = bide__file_new(-1, file);
    if (r == 0) {
        (*file)->is_kept = true;
        (*file)->writes = (flags & O_ACCMODE) != O_RDONLY;
        (*file)->is_direct = flags & O_DIRECT;
    }
    return r;
}

static void give_fd(bide_file *file, int fd)
{
    file->fd = fd;
    file->is_kept = false;
}

bide_async int bide__fs_open_in(int folder, const char *path, const bide_file_options *options,
                                bide_file **file)
{
    bide_file *f;
    int flags = bide__file_flags(options);
    mode_t mode = options != NULL && options->mode != 0 ? options->mode : MODE_FILE;

    *file = NULL;
    if (flags < 0)
        return flags;
    int r = new_file(flags, &f);
    if (r < 0)
        return r;
    bool is_open = false;
    bide_defer {
        if (!is_open)
            bide_file_free(f);
    }
    r = bide_await bide__fs_open(folder, path, flags, mode);
    if (r < 0)
        return r;
    is_open = true;
    give_fd(f, r);
    *file = f;
    return 0;
}

bide_async int bide_file_open(const char *path, const bide_file_options *options, bide_file **file)
{
    return bide_await bide__fs_open_in(AT_FDCWD, path, options, file);
}

/* ---- without a name ---- */

/* A file of its own that nobody has seen. Filesystems without O_TMPFILE have a name for it, for a
 * moment. */
static int64_t open_temporary(void *argument)
{
    const char *folder = argument;
    char path[PATH_MAX];

    int fd = bide__fs_open_now(AT_FDCWD, folder, O_RDWR | O_TMPFILE, 0600);
    if (fd != -EOPNOTSUPP && fd != -EISDIR && fd != -ENOENT && fd != -EINVAL)
        return fd;
    do {
        int r = bide__fs_path_new(folder, path);
        if (r < 0)
            return r;
        fd = bide__fs_open_now(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    } while (fd == -EEXIST);
    if (fd >= 0)
        bide__door.unlinkat(AT_FDCWD, path, 0);
    return fd;
}

bide_async int bide_file_temporary(const char *folder, bide_file **file)
{
    bide_file *f;
    *file = NULL;
    int r = new_file(O_RDWR, &f);
    if (r < 0)
        return r;
    bool is_open = false;
    bide_defer {
        if (!is_open)
            bide_file_free(f);
    }
    r = (int)bide_await bide__fs_call(open_temporary, (void *)(uintptr_t)bide__fs_folder(folder));
    if (r < 0)
        return r;
    is_open = true;
    give_fd(f, r);
    *file = f;
    return 0;
}

/* ---- closed ---- */

/* Nobody else uses it. */
static int shut(bide_file *f)
{
    uint32_t use = FILE_USE;
    if (atomic_compare_exchange_strong(&f->use, &use, FILE_USE | FILE_CLOSED))
        return 0;
    return use & FILE_CLOSED ? -EBADF : -EBUSY;
}

/* Only what was written can fail now, or take its time. */
bide_async int bide_file_close(bide_file *file)
{
    int r = shut(file);
    if (r < 0)
        return r;
    bool is_over = false;
    bide_defer {
        if (!is_over)
            atomic_fetch_and(&file->use, ~(uint32_t)FILE_CLOSED);
    }
    const struct bide__file_op op = {.what = BIDE__FILE_CLOSE, .fd = file->fd};
    if (file->is_kept)
        r = 0;
    else if (file->writes)
        r = (int)bide_await bide__fs_file_call(&op);
    else
        r = bide__door.close(file->fd);
    is_over = true;
    return r == -EINTR ? 0 : r;
}

/* ---- calls that may wait ---- */

static bide_async int call_file(bide_file *file, const struct bide__file_op *op)
{
    int r = bide__file_enter(file, 0);
    if (r < 0)
        return r;
    bide_defer {
        bide__file_leave(file, 0);
    }
    return (int)bide_await bide__fs_file_call(op);
}

bide_async int bide_file_sync(bide_file *file)
{
    const struct bide__file_op op = {.what = BIDE__FILE_SYNC, .fd = file->fd};
    return bide_await call_file(file, &op);
}

bide_async int bide_file_sync_data(bide_file *file)
{
    const struct bide__file_op op = {.what = BIDE__FILE_SYNC, .fd = file->fd, .flags = 1};
    return bide_await call_file(file, &op);
}

struct on_file {
    int fd;
    mode_t mode;
    uint64_t size;
};

static bide_async int call_on(bide_file *file, bide__fs_function *call, struct on_file *on)
{
    int r = bide__file_enter(file, 0);
    if (r < 0)
        return r;
    bide_defer {
        bide__file_leave(file, 0);
    }
    on->fd = file->fd;
    return (int)bide_await bide__fs_call(call, on);
}

bide_async int bide_file_stat(bide_file *file, struct stat *status)
{
    int r = bide__file_enter(file, 0);
    if (r < 0)
        return r;
    bide_defer {
        bide__file_leave(file, 0);
    }
    return bide_await bide__fs_stat(file->fd, "", AT_EMPTY_PATH, status);
}

static int64_t set_mode_now(void *argument)
{
    const struct on_file *on = argument;
    return bide__door.fchmod(on->fd, on->mode);
}

bide_async int bide_file_set_mode(bide_file *file, mode_t mode)
{
    struct on_file on = {.mode = mode};
    return bide_await call_on(file, set_mode_now, &on);
}

static int64_t set_size_now(void *argument)
{
    const struct on_file *on = argument;
    int r;
    do
        r = bide__door.ftruncate(on->fd, (off_t)on->size);
    while (r == -EINTR);
    return r;
}

bide_async int bide_file_set_size(bide_file *file, uint64_t size)
{
    struct on_file on = {.size = size};
    if (size > INT64_MAX)
        return -EFBIG;
    return bide_await call_on(file, set_size_now, &on);
}

/* ---- several pieces ---- */

struct pieces {
    enum bide__file_call what;
    int fd, count;
    const struct iovec *pieces;
    uint64_t offset;
};

static int64_t pieces_now(void *argument)
{
    const struct pieces *p = argument;
    off_t offset = (off_t)p->offset;
    ssize_t n;
    do
        n = p->what == BIDE__FILE_READ ? bide__door.preadv2(p->fd, p->pieces, p->count, offset, 0)
                                       : bide__door.pwritev2(p->fd, p->pieces, p->count, offset, 0);
    while (n == -EINTR);
    return n;
}

static bide_async ssize_t transfer_pieces(bide_file *file, struct pieces *p)
{
    if (p->offset > INT64_MAX || p->count < 0 || p->count > PIECES_MOST)
        return -EINVAL;
    int r = bide__file_enter(file, 0);
    if (r < 0)
        return r;
    bide_defer {
        bide__file_leave(file, 0);
    }
    bide_await bide__turn();
    ssize_t n = bide__file_now(file, p->what, p->pieces, p->count, p->offset);
    if (n != -EAGAIN)
        return n;
    p->fd = file->fd;
    return (ssize_t)bide_await bide__fs_call(pieces_now, p);
}

bide_async ssize_t bide_file_read_pieces_at(bide_file *file, uint64_t offset,
                                            const struct iovec *pieces, int count)
{
    struct pieces p = {.what = BIDE__FILE_READ, .count = count, .pieces = pieces, .offset = offset};
    return bide_await transfer_pieces(file, &p);
}

bide_async ssize_t bide_file_write_pieces_at(bide_file *file, uint64_t offset,
                                             const struct iovec *pieces, int count)
{
    struct pieces p = {
        .what = BIDE__FILE_WRITE, .count = count, .pieces = pieces, .offset = offset};
    return bide_await transfer_pieces(file, &p);
}

/* ---- a number of bytes ---- */

bide_async int bide_file_read_exactly(bide_file *file, void *buffer, size_t size, size_t *done)
{
    return bide_await bide_stream_read_exactly(&file->base, buffer, size, done);
}

bide_async int bide_file_write_all(bide_file *file, const void *data, size_t size, size_t *done)
{
    return bide_await bide_stream_write_all(&file->base, data, size, done);
}

bide_async int bide_file_read_exactly_at(bide_file *file, uint64_t offset, void *buffer,
                                         size_t size, size_t *done)
{
    size_t own = 0;
    if (done == NULL)
        done = &own;
    while (*done < size) {
        char *rest = (char *)buffer + *done;
        ssize_t n = bide_await bide_file_read_at(file, offset + *done, rest, size - *done);
        if (n <= 0)
            return n < 0 ? (int)n : -ENODATA;
        *done += (size_t)n;
    }
    return 0;
}

bide_async int bide_file_write_all_at(bide_file *file, uint64_t offset, const void *data,
                                      size_t size, size_t *done)
{
    size_t own = 0;
    if (done == NULL)
        done = &own;
    while (*done < size) {
        const char *rest = (const char *)data + *done;
        ssize_t n = bide_await bide_file_write_at(file, offset + *done, rest, size - *done);
        if (n < 0)
            return (int)n;
        *done += (size_t)n;
    }
    return 0;
}

/* ---- locks ---- */

/* flock(2) that does not wait is done in a moment, but for file systems over a network. */
static int64_t lock_now(void *argument)
{
    const struct on_file *on = argument;
    int r;
    do
        r = bide__door.flock(on->fd, (int)on->mode | LOCK_NB);
    while (r == -EINTR);
    return r;
}

bide_async int bide_file_try_lock(bide_file *file, bide_file_lock_mode mode)
{
    struct on_file on = {.mode = mode == BIDE_FILE_SHARED ? LOCK_SH : LOCK_EX};
    return bide_await call_on(file, lock_now, &on);
}

bide_async int bide_file_lock(bide_file *file, bide_file_lock_mode mode)
{
    int r, pause_ms = PAUSE_FIRST_MS;

    if (bide__runtime_running() == NULL)
        return bide__no_runtime("bide_file_lock");
    while ((r = bide_await bide_file_try_lock(file, mode)) == -EAGAIN) {
        bide_await bide_sleep(BIDE_MS(pause_ms));
        pause_ms = pause_ms < PAUSE_MAX_MS / 2 ? 2 * pause_ms : PAUSE_MAX_MS;
    }
    return r;
}
