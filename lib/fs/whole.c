/*
 * lib/fs/whole.c: whole files: read, written, replaced as a whole.
 *
 * Each is one job of the pool, not four or more: to open, look, transfer and close. A small file
 * that is in memory is read at once on this thread.
 */
#include "lib/fs/async.h"

enum { MODE_FILE = 0666, SMALL = 64 << 10, ROOM_FIRST = 4096 };

/* ---- bytes ---- */

struct whole_bytes {
    bide_content bytes; /* the first member: a pointer to it is one to the whole */
    size_t room;
    char data[]; /* one byte more than `room`, for the zero byte */
};

static size_t room_of(const bide_content *bytes)
{
    return ((const struct whole_bytes *)(const void *)bytes)->room;
}

static bide_content *bytes_new(size_t room)
{
    if (room >= SIZE_MAX - sizeof(struct whole_bytes))
        return NULL;
    struct whole_bytes *w = bide__alloc(sizeof *w + room + 1);
    if (w == NULL)
        return NULL;
    *w = (struct whole_bytes){.bytes = {.data = w->data}, .room = room};
    return &w->bytes;
}

void bide_content_free(bide_content *bytes)
{
    if (bytes != NULL)
        bide__free(bytes, sizeof(struct whole_bytes) + room_of(bytes) + 1);
}

/* Twice the room, but at most `most`; NULL: there is no memory, and `b` is gone. */
static bide_content *grown(bide_content *b, size_t most)
{
    bide_content *larger = bytes_new(room_of(b) < most / 2 ? 2 * room_of(b) + 1 : most);
    if (larger != NULL) {
        memcpy(larger->data, b->data, b->size);
        larger->size = b->size;
    }
    bide_content_free(b);
    return larger;
}

/* ---- read ---- */

struct whole {
    const char *path;
    size_t most;
    int fd; /* -1: it is not open yet, or no longer */
    bide_content *bytes;
};

/* One byte more than `most`, to see whether there is. */
static size_t room_for(const struct whole *w, uint64_t size)
{
    size_t most = w->most < SIZE_MAX ? w->most + 1 : w->most;
    if (size == 0)
        size = ROOM_FIRST;
    return size < most ? (size_t)size + 1 : most;
}

static int read_all(struct whole *w, int fd)
{
    struct stat status;
    int r = bide__door.fstat(fd, &status);
    if (r < 0)
        return r;
    bide_content *b = bytes_new(room_for(w, (uint64_t)status.st_size));
    for (;;) {
        if (b == NULL)
            return -ENOMEM;
        ssize_t n = bide__fs_read_full(fd, b->data + b->size, room_of(b) - b->size);
        if (n < 0) {
            bide_content_free(b);
            return (int)n;
        }
        b->size += (size_t)n;
        if (b->size > w->most) {
            bide_content_free(b);
            return -EFBIG;
        }
        if (b->size < room_of(b))
            break;
        b = grown(b, room_for(w, SIZE_MAX));
    }
    b->data[b->size] = '\0';
    w->bytes = b;
    return 0;
}

static int64_t read_now(void *argument)
{
    struct whole *w = argument;
    int fd = w->fd;
    w->fd = -1;
    if (fd < 0)
        fd = bide__fs_open_now(AT_FDCWD, w->path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    int r = read_all(w, fd);
    bide__door.close(fd);
    return r;
}

/* 0: it was small, and all in memory. -EAGAIN: it was not. */
static int read_small(struct whole *w)
{
    struct stat status;
    int r = bide__door.fstat(w->fd, &status);
    if (r < 0 || !S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > SMALL ||
        (size_t)status.st_size > w->most)
        return -EAGAIN;
    bide_content *b = bytes_new((size_t)status.st_size + 1);
    if (b == NULL)
        return -ENOMEM;
    struct iovec piece = {b->data, room_of(b)};
    ssize_t n = bide__door.preadv2(w->fd, &piece, 1, 0, RWF_NOWAIT);
    if (n == -EOPNOTSUPP && bide__fd_is_in_memory(w->fd))
        n = bide__door.preadv2(w->fd, &piece, 1, 0, 0);
    if (n != status.st_size) {
        bide_content_free(b);
        return -EAGAIN;
    }
    b->size = (size_t)n;
    b->data[n] = '\0';
    w->bytes = b;
    return 0;
}

bide_async int bide_path_read(const char *path, size_t most, bide_content **bytes)
{
    struct whole w = {.path = path, .most = most, .fd = -1};

    *bytes = NULL;
    bide_await bide__turn();
    int r = bide__file_open_now(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (r < 0 && r != -EAGAIN)
        return r;
    w.fd = r < 0 ? -1 : r;
    bide_defer {
        if (w.fd >= 0)
            bide__door.close(w.fd);
    }
    r = w.fd >= 0 ? read_small(&w) : -EAGAIN;
    if (r == -EAGAIN)
        r = (int)bide_await bide__fs_call(read_now, &w);
    *bytes = w.bytes;
    return r;
}

/* ---- written ---- */

struct written {
    const char *path;
    const void *data;
    size_t size;
};

static int64_t write_now(void *argument)
{
    const struct written *w = argument;
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_NONBLOCK;
    int fd = bide__fs_open_now(AT_FDCWD, w->path, flags, MODE_FILE);
    if (fd < 0)
        return fd;
    int r = bide__fs_write_all(fd, w->data, w->size);
    int closed = bide__door.close(fd);
    return r < 0 ? r : closed == -EINTR ? 0 : closed;
}

/* Always on the pool: to open a file for writing may take an answer of a server, or of a process
 * (FUSE), and to truncate it takes time in proportion to its size. */
bide_async int bide_path_write(const char *path, const void *data, size_t size)
{
    struct written w = {path, data, size};
    return (int)bide_await bide__fs_call(write_now, &w);
}

/* ---- replaced ---- */

static int sync_fd(int fd)
{
    int r;
    do
        r = bide__door.fsync(fd);
    while (r == -EINTR);
    return r;
}

/* Where nothing is to be done, it is refused. */
static int sync_folder(int fd)
{
    int r = sync_fd(fd);
    return r == -EINVAL ? 0 : r;
}

/* The new file gets what the old one had. Whoever may not give it away keeps it, without bits that
 * would then mean something else. */
static int take_over(int fd, const struct stat *old)
{
    mode_t mode = old->st_mode & 07777;
    if (bide__door.fchown(fd, old->st_uid, old->st_gid) < 0)
        mode &= 0777;
    return bide__door.fchmod(fd, mode);
}

static int make_new(int folder, const char *name, const struct written *w, const struct stat *old)
{
    int fd = bide__fs_open_now(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                               old != NULL ? 0600 : MODE_FILE);
    if (fd < 0)
        return fd;
    int r = old != NULL ? take_over(fd, old) : 0;
    if (r == 0)
        r = bide__fs_write_all(fd, w->data, w->size);
    if (r == 0)
        r = sync_fd(fd);
    int closed = bide__door.close(fd);
    if (r == 0 && closed != -EINTR)
        r = closed;
    return r;
}

static int replace_in(int folder, const char *last, const struct written *w)
{
    struct stat status;
    char name[FS_NAME] = "";
    int r = bide__door.fstatat(folder, last, &status, AT_SYMLINK_NOFOLLOW);
    if (r < 0 && r != -ENOENT)
        return r;
    if (r == 0 && S_ISDIR(status.st_mode))
        return -EISDIR;
    const struct stat *old = r == 0 && S_ISREG(status.st_mode) ? &status : NULL;
    do {
        r = bide__fs_name_new(name);
        if (r == 0)
            r = make_new(folder, name, w, old);
    } while (r == -EEXIST);
    if (r == 0) {
        r = bide__door.renameat(folder, name, folder, last);
        if (r == 0)
            return sync_folder(folder);
    }
    bide__door.unlinkat(folder, name, 0);
    return r;
}

static int64_t replace_now(void *argument)
{
    const struct written *w = argument;
    char folder[PATH_MAX];
    const char *slash = strrchr(w->path, '/'), *last = slash != NULL ? slash + 1 : w->path;
    size_t size = (size_t)(last - w->path);

    if (last[0] == '\0')
        return w->path[0] == '\0' ? -ENOENT : -EISDIR;
    if (size + sizeof "." > sizeof folder)
        return -ENAMETOOLONG;
    memcpy(folder, w->path, size);
    memcpy(folder + size, ".", sizeof ".");
    int fd = bide__fs_open_now(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    int r = replace_in(fd, last, w);
    bide__door.close(fd);
    return r;
}

bide_async int bide_path_replace(const char *path, const void *data, size_t size)
{
    struct written w = {path, data, size};
    return (int)bide_await bide__fs_call(replace_now, &w);
}
