/*
 * lib/fs/remove.c: a tree is removed: by a walk of its own, which is at one place in it between two
 * jobs. Each job removes so many names, and then a request to cancel has its turn.
 *
 * Names are removed while the folder is read. What getdents64(2) then misses is found when the
 * folder turns out not to be empty: it is read once more.
 */
#include "lib/fs/async.h"

#include <dirent.h>

enum { NAMES = 8 << 10, NAME_ROOM = 1024, STEP = 1000, PASSES = 8 };

struct place {
    struct place *above;
    int fd;
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

/* A folder in `folder`; a link is none. */
static void enter(struct removal *r, int folder, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
    int fd = bide__fs_open_now(folder, name, flags, 0);
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
    bide__door.close(p->fd);
    bide__free(p, sizeof *p);
}

/* All its names were seen. */
static void leave(struct removal *r)
{
    struct place *p = r->top;
    bool is_first = p->above == NULL, has_failed = p->has_failed;
    int error =
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

static void remove_name(struct removal *r, int folder, const char *name, unsigned type)
{
    int error = type == DT_DIR ? -EISDIR : unlink_name(folder, name, 0);
    if (error == -EISDIR || (error == -EPERM && type == DT_UNKNOWN))
        enter(r, folder, name);
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
        remove_name(r, AT_FDCWD, r->path, DT_UNKNOWN);
    }
    while (r->top != NULL && names < STEP) {
        struct place *p = r->top;
        names++;
        if (p->at < p->filled) {
            struct dirent64 *d = (struct dirent64 *)(void *)(p->names + p->at);
            p->at += d->d_reclen;
            if (!is_dots(d->d_name))
                remove_name(r, p->fd, d->d_name, d->d_type);
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
