/*
 * lib/fs/remove.c: a tree is removed: by a walk of its own, which is at one place in it between two
 * jobs. Each job removes so many names, and then a request to cancel has its turn.
 *
 * Names are removed while the folder is read. What getdents64(2) then misses is found when the
 * folder turns out not to be empty: it is read once more.
 *
 * A tree may be deeper than there may be descriptors. So at most OPEN_MOST folders are open, those
 * next to the place where the removal is. One above is opened again by `..` of the one below, and
 * must be the same as before; if somebody has moved the one below meanwhile, the removal ends.
 */
#include "lib/fs/async.h"

#include <dirent.h>

enum { NAMES = 8 << 10, NAME_ROOM = 1024, STEP = 1000, PASSES = 8, OPEN_MOST = 32 };

struct place {
    struct place *above;
    int fd;         /* -1: it is closed; not of the top */
    off_t position; /* then: where it is to be read on, and which folder it is */
    dev_t device;
    ino_t inode;
    bool has_failed; /* something in it stays */
    bool is_read;
    unsigned passes;
    uint32_t at, filled;
    char name[256]; /* in the folder above; of the first one it is in `path` */
    _Alignas(8) char names[NAMES];
};

struct removal {
    const char *path;
    struct place *top;
    unsigned open; /* folders */
    bool has_begun;
    int error; /* the first one */
};

static void note(struct removal *r, int error)
{
    if (error == -ENOENT) /* somebody else was faster */
        return;
    if (r->error == 0)
        r->error = error;
    if (r->top != NULL)
        r->top->has_failed = true;
}

/* Closes the uppermost folder that is open, unless that is the top. False: it cannot. */
static bool close_upper(struct removal *r)
{
    struct place *upper = r->top;
    struct stat status;

    while (upper != NULL && upper->above != NULL && upper->above->fd >= 0)
        upper = upper->above;
    if (upper == r->top || bide__door.fstat(upper->fd, &status) < 0)
        return false;
    upper->position = bide__door.lseek(upper->fd, 0, SEEK_CUR);
    if (upper->position < 0)
        return false;
    upper->device = status.st_dev;
    upper->inode = status.st_ino;
    bide__door.close(upper->fd);
    upper->fd = -1;
    r->open--;
    return true;
}

/* The folder above the top is open again, as it was. 0 or an error. */
static int open_above(struct removal *r)
{
    struct place *above = r->top->above;
    struct stat status;

    int fd = bide__fs_open_now(r->top->fd, "..", O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
    if (fd < 0)
        return fd == -ENOENT ? -ESTALE : fd; /* -ENOENT: the top was removed by others */
    int error = bide__door.fstat(fd, &status);
    if (error == 0 && (status.st_dev != above->device || status.st_ino != above->inode))
        error = -ESTALE;
    if (error == 0 && bide__door.lseek(fd, above->position, SEEK_SET) < 0)
        error = -ESTALE;
    if (error < 0) {
        bide__door.close(fd);
        return error;
    }
    above->fd = fd;
    r->open++;
    return 0;
}

/* A folder in the top, or the first one; a link is none. */
static int open_folder(struct removal *r, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, fd;
    do
        fd = bide__fs_open_now(r->top != NULL ? r->top->fd : AT_FDCWD, name, flags, 0);
    while ((fd == -EMFILE || fd == -ENFILE) && close_upper(r));
    return fd;
}

static void enter(struct removal *r, const char *name)
{
    if (r->open >= OPEN_MOST)
        close_upper(r);
    int fd = open_folder(r, name);
    if (fd < 0) {
        note(r, fd);
        return;
    }
    struct place *p = bide__alloc(sizeof *p);
    if (p == NULL) {
        bide__door.close(fd);
        note(r, -ENOMEM);
        return;
    }
    p->above = r->top;
    p->fd = fd;
    p->has_failed = p->is_read = false;
    p->passes = 0;
    p->at = p->filled = 0;
    if (r->top != NULL)
        memcpy(p->name, name, strlen(name) + 1);
    r->top = p;
    r->open++;
}

static int unlink_name(int folder, const char *name, int flags)
{
    int error;
    do
        error = bide__door.unlinkat(folder, name, flags);
    while (error == -EINTR);
    return error;
}

static void pop(struct removal *r)
{
    struct place *p = r->top;
    r->top = p->above;
    if (p->fd >= 0) {
        bide__door.close(p->fd);
        r->open--;
    }
    bide__free(p, sizeof *p);
}

/* Nobody knows the way back. */
static void give_up(struct removal *r, int error)
{
    note(r, error);
    while (r->top != NULL)
        pop(r);
}

/* All its names were seen. */
static void leave(struct removal *r)
{
    struct place *p = r->top;
    bool is_first = p->above == NULL, has_failed = p->has_failed;
    int error = is_first || p->above->fd >= 0 ? 0 : open_above(r);
    if (error < 0) {
        give_up(r, error);
        return;
    }
    error =
        unlink_name(is_first ? AT_FDCWD : p->above->fd, is_first ? r->path : p->name, AT_REMOVEDIR);
    if ((error == -ENOTEMPTY || error == -EEXIST) && !has_failed && p->passes++ < PASSES) {
        bide__door.lseek(p->fd, 0, SEEK_SET);
        p->is_read = false;
        p->at = p->filled = 0;
        return;
    }
    pop(r);
    if (has_failed && r->top != NULL)
        r->top->has_failed = true;
    if (error < 0 && !has_failed)
        note(r, error);
}

static void read_names(struct removal *r)
{
    struct place *p = r->top;
    p->at = p->filled = 0;
    while (!p->is_read && NAMES - p->filled >= NAME_ROOM) {
        ssize_t n = bide__door.getdents64(p->fd, p->names + p->filled, NAMES - p->filled);
        if (n == -EINTR)
            continue;
        if (n < 0)
            note(r, (int)n);
        if (n <= 0)
            p->is_read = true;
        else
            p->filled += (uint32_t)n;
    }
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* In the top; or the path itself. */
static void remove_name(struct removal *r, const char *name, unsigned type)
{
    int folder = r->top != NULL ? r->top->fd : AT_FDCWD;
    int error = type == DT_DIR ? -EISDIR : unlink_name(folder, name, 0);
    if (error == -EISDIR || (error == -EPERM && type == DT_UNKNOWN))
        enter(r, name);
    else if (error < 0)
        note(r, error);
}

/* 1: there is more to do. */
static int64_t remove_some(void *argument)
{
    struct removal *r = argument;
    unsigned names = 0;

    if (!r->has_begun) {
        r->has_begun = true;
        remove_name(r, r->path, DT_UNKNOWN);
    }
    while (r->top != NULL && names < STEP) {
        struct place *p = r->top;
        names++;
        if (p->at < p->filled) {
            struct dirent64 *d = (struct dirent64 *)(void *)(p->names + p->at);
            p->at += d->d_reclen;
            if (!is_dots(d->d_name))
                remove_name(r, d->d_name, d->d_type);
        } else if (!p->is_read) {
            read_names(r);
        } else {
            leave(r);
        }
    }
    return r->top != NULL;
}

bide_async int bide_tree_remove(const char *path)
{
    struct removal r = {.path = path};
    bide_defer {
        while (r.top != NULL)
            pop(&r);
    }
    while (bide_await bide__fs_call(remove_some, &r) > 0)
        continue;
    return r.error;
}
