/*
 * lib/fs/walk.c: see walk.h.
 */
#include "lib/leaf.h"

#include "lib/fs/walk.h"

#include "lib/fs/file.h"

#include <dirent.h>

/* The least room that is offered to getdents64(2): any name finds room in it. */
enum { NAME_ROOM = 1024 };

/* ---- folders and entries ---- */

static void folder_drop(struct walk_folder *f)
{
    if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    bide__door.close(f->fd);
    bide__free(f, sizeof *f + f->path_size);
}

/* Of this path; a slash is added, if it has none. It owns `fd` if it is not NULL. */
static struct walk_folder *folder_new(int fd, const char *path, size_t size)
{
    bool has_slash = size > 0 && path[size - 1] == '/';
    size_t path_size = size + !has_slash;
    struct walk_folder *f = bide__alloc(sizeof *f + path_size);
    if (f == NULL)
        return NULL;
    *f = (struct walk_folder){.refs = 1, .fd = fd, .path_size = path_size};
    memcpy(f->path, path, size);
    f->path[path_size - 1] = '/';
    return f;
}

static struct walk_entry *whole_of(const bide_entry *entry)
{
    return (struct walk_entry *)(uintptr_t)entry;
}

static size_t entry_size(const char *path)
{
    return sizeof(struct walk_entry) + strlen(path) + 1;
}

void bide_entry_free(bide_entry *entry)
{
    if (entry == NULL)
        return;
    folder_drop(whole_of(entry)->folder);
    bide__free(entry, entry_size(entry->path));
}

/* Of a name in the folder; or, if it is NULL, of the folder itself. */
static bide_entry *entry_new(struct walk_folder *folder, const char *name)
{
    size_t above = name != NULL ? folder->path_size : folder->path_size - 1;
    size_t size = name != NULL ? strlen(name) + 1 : 1;
    struct walk_entry *e = bide__alloc(sizeof *e + above + size);
    if (e == NULL)
        return NULL;
    char *path = (char *)(e + 1);
    memcpy(path, folder->path, above);
    memcpy(path + above, name != NULL ? name : "", size);
    const char *last = strrchr(path, '/');
    atomic_fetch_add_explicit(&folder->refs, 1, memory_order_relaxed);
    *e = (struct walk_entry){.entry = {.path = path, .name = last != NULL ? last + 1 : path},
                             .folder = folder};
    return &e->entry;
}

void bide_entry_skip(const bide_entry *entry)
{
    const struct walk_entry *e = whole_of(entry);
    atomic_store_explicit(&e->folder->skipped, e->serial, memory_order_relaxed);
}

static bide_entry_kind kind_of(unsigned type)
{
    switch (type) {
    case DT_REG: return BIDE_ENTRY_FILE;
    case DT_DIR: return BIDE_ENTRY_FOLDER;
    case DT_LNK: return BIDE_ENTRY_LINK;
    case DT_FIFO: return BIDE_ENTRY_FIFO;
    case DT_SOCK: return BIDE_ENTRY_SOCKET;
    case DT_CHR: return BIDE_ENTRY_CHARACTER_DEVICE;
    case DT_BLK: return BIDE_ENTRY_BLOCK_DEVICE;
    default: return BIDE_ENTRY_UNKNOWN;
    }
}

/* ---- levels ---- */

static struct dirent64 *record_at(struct walk_level *l, uint32_t at)
{
    return (struct dirent64 *)(void *)(l->names + at);
}

/* Gives the entry that comes after the folder, or NULL. */
static bide_entry *pop(struct walk *w)
{
    struct walk_level *l = w->top;
    bide_entry *entry = l->entry;
    w->top = l->above;
    folder_drop(l->folder);
    bide__free(l, sizeof *l);
    return entry;
}

void bide__walk_end(struct walk *w)
{
    while (w->top != NULL)
        bide_entry_free(pop(w));
    bide_entry_free(w->given);
    w->given = NULL;
}

/* Links are what they mean, if they are followed; and some filesystems do not tell what is what. */
static void find_type(const struct walk *w, int fd, struct dirent64 *d)
{
    bool follows = w->options.follow_links;
    struct stat status;
    if (d->d_type != DT_UNKNOWN && !(follows && d->d_type == DT_LNK))
        return;
    int r = bide__door.fstatat(fd, d->d_name, &status, follows ? 0 : AT_SYMLINK_NOFOLLOW);
    if (r < 0 && follows)
        r = bide__door.fstatat(fd, d->d_name, &status, AT_SYMLINK_NOFOLLOW);
    if (r == 0)
        d->d_type = (unsigned char)IFTODT(status.st_mode);
}

/* Fills the buffer of the level. */
static void read_names(const struct walk *w, struct walk_level *l)
{
    int fd = l->folder->fd;

    l->at = l->filled = 0;
    while (!l->is_read && WALK_NAMES - l->filled >= NAME_ROOM) {
        ssize_t n = bide__door.getdents64(fd, l->names + l->filled, WALK_NAMES - l->filled);
        if (n == -EINTR)
            continue;
        if (n < 0)
            l->error = (int)n;
        if (n <= 0)
            l->is_read = true;
        else
            l->filled += (uint32_t)n;
    }
    for (uint32_t at = 0; at < l->filled; at += record_at(l, at)->d_reclen)
        find_type(w, fd, record_at(l, at));
}

static bool is_above(const struct walk *w, const struct stat *status)
{
    for (const struct walk_level *l = w->top; l != NULL; l = l->above)
        if (l->device == status->st_dev && l->inode == status->st_ino)
            return true;
    return false;
}

/* 0 and a new top; 1: it is not to be entered; or why it cannot be. */
static int push(struct walk *w, int fd, const char *path, size_t size)
{
    struct stat status;
    int r = bide__door.fstat(fd, &status);
    if (r < 0)
        return r;
    if (w->options.follow_links && is_above(w, &status))
        return -ELOOP;
    if (w->options.one_device && w->top != NULL && w->top->device != status.st_dev)
        return 1;
    struct walk_level *l = bide__alloc(sizeof *l);
    struct walk_folder *folder = l != NULL ? folder_new(fd, path, size) : NULL;
    if (folder == NULL) {
        bide__free(l, sizeof *l);
        return -ENOMEM;
    }
    l->above = w->top;
    l->folder = folder;
    l->entry = NULL;
    l->device = status.st_dev;
    l->inode = status.st_ino;
    l->depth = w->top != NULL ? w->top->depth + 1 : 1;
    l->error = 0;
    l->is_read = false;
    w->top = l;
    read_names(w, l);
    return 0;
}

static int open_folder(int folder, const char *path, int flags)
{
    return bide__fs_open_now(folder, path, O_RDONLY | O_DIRECTORY | O_NOCTTY | O_NONBLOCK | flags,
                             0);
}

static int begin(struct walk *w)
{
    w->has_begun = true;
    int fd = open_folder(AT_FDCWD, w->path, 0);
    if (fd < 0)
        return fd;
    int r = push(w, fd, w->path, w->path_size);
    if (r < 0)
        bide__door.close(fd);
    return r;
}

/* The path of the folder is in the entry that was given, which may be gone: so it is made anew. */
static int enter(struct walk *w)
{
    struct walk_folder *above = w->top->folder;
    char path[PATH_MAX];
    size_t size = strlen(w->enters);

    int fd = open_folder(above->fd, w->enters, w->options.follow_links ? 0 : O_NOFOLLOW);
    if (fd < 0)
        return fd;
    memcpy(path, above->path, above->path_size);
    memcpy(path + above->path_size, w->enters, size);
    int r = push(w, fd, path, above->path_size + size);
    if (r != 0)
        bide__door.close(fd);
    return r;
}

/* It is an entry with this error. */
static int fail_to_enter(struct walk *w, int error)
{
    struct walk_level *l = w->top;
    if (!w->options.folders_last) {
        w->given = entry_new(l->folder, w->enters);
        if (w->given == NULL)
            return -ENOMEM;
        w->given->kind = BIDE_ENTRY_FOLDER;
        w->given->depth = l->depth;
        whole_of(w->given)->serial = w->enters_serial;
    }
    w->given->error = error;
    return 0;
}

int64_t bide__walk_fill(void *argument)
{
    struct walk *w = argument;
    if (!w->has_begun)
        return begin(w);
    if (w->enters == NULL) {
        read_names(w, w->top);
        return 0;
    }
    int r = enter(w);
    if (r == -ENOMEM) /* once more, when there is memory */
        return r;
    if (r < 0 && (r = fail_to_enter(w, r)) < 0)
        return r;
    if (r == 0 && w->given != NULL && w->given->error == 0) {
        w->top->entry = w->given;
        w->given = NULL;
    }
    w->enters = NULL;
    return 0;
}

/* ---- given ---- */

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* The next name, which is not passed yet. NULL: there is none in the buffer. */
static struct dirent64 *next_record(struct walk_level *l)
{
    while (l->at < l->filled) {
        struct dirent64 *d = record_at(l, l->at);
        if (!is_dots(d->d_name))
            return d;
        l->at += d->d_reclen;
    }
    return NULL;
}

/* True: the entry comes after what is in the folder. */
static bool goes_in(struct walk *w, bide_entry *e, const char *name)
{
    unsigned most = w->options.depth_most;
    if (e->kind != BIDE_ENTRY_FOLDER || (most != 0 && e->depth >= most) || e->error != 0)
        return false;
    w->enters = name;
    w->enters_serial = whole_of(e)->serial;
    if (w->options.folders_last)
        w->given = e;
    return w->options.folders_last;
}

static int give_record(struct walk *w, struct walk_level *l, struct dirent64 *d, bide_entry **entry)
{
    bide_entry *e = entry_new(l->folder, d->d_name);
    if (e == NULL)
        return -ENOMEM;
    l->at += d->d_reclen;
    e->kind = kind_of(d->d_type);
    e->depth = l->depth;
    whole_of(e)->serial = ++w->serial;
    if (strlen(e->path) + 1 > PATH_MAX)
        e->error = -ENAMETOOLONG;
    *entry = e;
    return goes_in(w, e, d->d_name) ? WALK_NEEDS : 1;
}

/* The level is at its end. 1 and an entry, if there is one to give; 0. */
static int give_last(struct walk *w, bide_entry **entry)
{
    struct walk_level *l = w->top;
    int error = l->error;

    if (error != 0 && l->entry == NULL) { /* of the folder itself */
        l->entry = entry_new(l->folder, NULL);
        if (l->entry == NULL)
            return -ENOMEM;
        l->entry->kind = BIDE_ENTRY_FOLDER;
        l->entry->depth = l->depth - 1;
    }
    *entry = pop(w);
    if (*entry == NULL)
        return 0;
    if (error != 0)
        (*entry)->error = error;
    return 1;
}

int bide__walk_give(struct walk *w, bide_entry **entry)
{
    int r = 0;

    if (!w->has_begun)
        return WALK_NEEDS;
    while (r == 0 && w->top != NULL) {
        struct walk_level *l = w->top;
        struct dirent64 *d;
        if (w->given != NULL && w->enters == NULL) { /* it was not entered */
            *entry = w->given;
            w->given = NULL;
            return 1;
        }
        if (w->enters != NULL) {
            if (atomic_load_explicit(&l->folder->skipped, memory_order_relaxed) != w->enters_serial)
                return WALK_NEEDS;
            w->enters = NULL;
        } else if ((d = next_record(l)) != NULL) {
            r = give_record(w, l, d, entry);
        } else if (!l->is_read) {
            return WALK_NEEDS;
        } else {
            r = give_last(w, entry);
        }
    }
    return r;
}
