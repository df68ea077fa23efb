/*
 * lib/fs/file.c: files made and freed, and what needs no wait.
 */
#include "lib/leaf.h"

#include "lib/fs/file.h"

#include <sys/file.h>
#include <sys/uio.h>

/* ---- made and freed ---- */

int bide__file_new(int fd, bide_file **file)
{
    bide_file *f = bide__alloc(sizeof *f);
    if (f == NULL)
        return -ENOMEM;
    *f = (bide_file){.base.ops = &bide__file_stream_ops, .use = FILE_USE, .fd = fd, .writes = true};
    *file = f;
    return 0;
}

static bool waits_for_others(int fd, const struct stat *status)
{
    unsigned device;
    return S_ISFIFO(status->st_mode) || S_ISSOCK(status->st_mode) ||
           (S_ISCHR(status->st_mode) && bide__door.ioctl(fd, TIOCGDEV, &device) >= 0);
}

int bide_file_of(int fd, bide_file **file)
{
    struct stat status;
    *file = NULL;
    int r = bide__door.fstat(fd, &status);
    if (r < 0)
        return r;
    return waits_for_others(fd, &status) ? -EINVAL : bide__file_new(fd, file);
}

/* One user less. */
static void release(bide_file *f, uint32_t flag)
{
    uint32_t before = atomic_fetch_sub_explicit(&f->use, FILE_USE + flag, memory_order_acq_rel);
    if (before / FILE_USE != 1)
        return;
    if (!(before & FILE_CLOSED) && !f->is_kept)
        bide__door.close(f->fd);
    bide__free(f, sizeof *f);
}

void bide_file_free(bide_file *file)
{
    if (file != NULL)
        release(file, (uint32_t)-FILE_FREED); /* which sets it */
}

void bide__file_hold(bide_file *f)
{
    atomic_fetch_add_explicit(&f->use, FILE_USE, memory_order_relaxed);
}

int bide__file_enter(bide_file *f, uint32_t flag)
{
    uint32_t use = atomic_load_explicit(&f->use, memory_order_relaxed);
    do {
        if (use & (FILE_CLOSED | FILE_FREED))
            return -EBADF;
        if (use & flag)
            return -EBUSY;
    } while (!atomic_compare_exchange_weak_explicit(&f->use, &use, use + FILE_USE + flag,
                                                    memory_order_acquire, memory_order_relaxed));
    return 0;
}

void bide__file_leave(bide_file *f, uint32_t flag)
{
    release(f, flag);
}

int bide_file_fd(const bide_file *file)
{
    return atomic_load_explicit(&file->use, memory_order_relaxed) & FILE_CLOSED ? -EBADF : file->fd;
}

bide_stream *bide_file_stream(bide_file *file)
{
    return &file->base;
}

/* ---- options ---- */

int bide__file_flags(const bide_file_options *o)
{
    static const bide_file_options none;
    if (o == NULL)
        o = &none;
    bool writes = o->write || o->append;
    int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

    if ((o->truncate && !o->write) || ((o->create || o->create_new) && !writes))
        return -EINVAL;
    flags |= !writes ? O_RDONLY : o->read ? O_RDWR : O_WRONLY;
    flags |= o->append ? O_APPEND : 0;
    flags |= o->create || o->create_new ? O_CREAT : 0;
    flags |= o->create_new ? O_EXCL : 0;
    flags |= o->truncate ? O_TRUNC : 0;
    flags |= o->direct ? O_DIRECT : 0;
    flags |= o->no_follow ? O_NOFOLLOW : 0;
    return flags;
}

/* ---- at once ---- */

/* The filesystem's type would tell it, too, but to ask for that a file of a network may have to
 * wait. Seals are asked for in memory, and only files there have them. */
bool bide__fd_is_in_memory(int fd)
{
    return bide__door.fcntl(fd, F_GET_SEALS, 0) >= 0;
}

static bool is_refused(ssize_t n)
{
    return n == -EOPNOTSUPP || n == -ENOSYS;
}

ssize_t bide__file_now(bide_file *f, enum bide__file_call what, const struct iovec *pieces,
                       int count, uint64_t offset)
{
    bool reads = what == BIDE__FILE_READ;
    _Atomic bool *blind = reads ? &f->reads_blind : &f->writes_blind;
    off_t at = offset == FS_HERE ? -1 : (off_t)offset;
    bool is_blind = atomic_load_explicit(blind, memory_order_acquire);
    int flags = is_blind ? 0 : RWF_NOWAIT;

    if (f->is_direct || (is_blind && !atomic_load_explicit(&f->in_memory, memory_order_relaxed)))
        return -EAGAIN;
    ssize_t n = reads ? bide__door.preadv2(f->fd, pieces, count, at, flags)
                      : bide__door.pwritev2(f->fd, pieces, count, at, flags);
    if (is_refused(n) && !is_blind) {
        if (n == -EOPNOTSUPP && bide__fd_is_in_memory(f->fd))
            atomic_store_explicit(&f->in_memory, true, memory_order_relaxed);
        atomic_store_explicit(blind, true, memory_order_release);
        return bide__file_now(f, what, pieces, count, offset);
    }
    return is_refused(n) || n == -EINTR ? -EAGAIN : n;
}

bool bide__file_is_other(bide_file *f)
{
    struct stat status;
    uint8_t kind = atomic_load_explicit(&f->kind, memory_order_relaxed);
    if (kind == 0) {
        bool is_regular = bide__door.fstat(f->fd, &status) == 0 &&
                          (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode));
        kind = is_regular ? FILE_REGULAR : FILE_OTHER;
        atomic_store_explicit(&f->kind, kind, memory_order_relaxed);
    }
    return kind == FILE_OTHER;
}

/* A filter of system calls may refuse what it does not know. */
int bide__file_open_now(int folder, const char *path, int flags)
{
    if (flags & (O_CREAT | O_TRUNC))
        return -EAGAIN;
    int r = bide__door.open_cached(folder, path, flags);
    return r == -ENOSYS || r == -EPERM || r == -EINTR ? -EAGAIN : r;
}

int64_t bide_file_seek(bide_file *file, int64_t offset, int whence)
{
    int r = bide__file_enter(file, FILE_READS);
    if (r < 0)
        return r;
    bool is_written = atomic_load_explicit(&file->use, memory_order_relaxed) & FILE_WRITES;
    int64_t position =
        is_written ? -EBUSY : (int64_t)bide__door.lseek(file->fd, (off_t)offset, whence);
    bide__file_leave(file, FILE_READS);
    return position;
}

int bide_file_unlock(bide_file *file)
{
    int r = bide__file_enter(file, 0);
    if (r < 0)
        return r;
    r = bide__door.flock(file->fd, LOCK_UN);
    bide__file_leave(file, 0);
    return r;
}
