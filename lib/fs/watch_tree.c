/*
 * lib/fs/watch_tree.c: what is watched: the table, and jobs that add to it. See watch.h.
 *
 * A folder is watched first and read afterwards. So a name that is made meanwhile is found or told,
 * and maybe both, but never missed.
 */
#include "lib/leaf.h"

#include "lib/fs/watch.h"

#include "lib/fs/file.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/inotify.h>

enum {
    MASK = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_MODIFY | IN_CLOSE_WRITE |
           IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_EXCL_UNLINK,
    MASK_TREE = MASK | IN_ONLYDIR | IN_DONT_FOLLOW,
    NAMES = 8 << 10,
};

void bide__watch_join(char *path, size_t size, const char *folder, const char *name)
{
    bool has_slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/';
    snprintf(path, size, "%s%s%s", folder, name[0] != '\0' && !has_slash ? "/" : "", name);
}

/* ---- the table ---- */

/* The place of the first one whose id is not below this. */
static size_t place_of(const bide_path_watch *w, int id)
{
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->all[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct watched *bide__watch_find(bide_path_watch *w, int id)
{
    size_t i = place_of(w, id);
    return i < w->count && w->all[i]->id == id ? w->all[i] : NULL;
}

/* With the lock. */
static void begin_tree(bide_path_watch *w, struct watched *one)
{
    one->begins_tree = true;
    one->next_tree = w->trees;
    w->trees = one;
}

/* With the lock, also of one that begins none. */
static void end_tree(bide_path_watch *w, struct watched *one)
{
    struct watched **at = &w->trees;
    if (!one->begins_tree)
        return;
    while (*at != one)
        at = &(*at)->next_tree;
    *at = one->next_tree;
    one->begins_tree = false;
}

/* With the lock. */
static struct watched *take_out(bide_path_watch *w, size_t i)
{
    struct watched *one = w->all[i];
    end_tree(w, one);
    w->count--;
    memmove(w->all + i, w->all + i + 1, (w->count - i) * sizeof(*w->all));
    return one;
}

void bide__watch_forget(bide_path_watch *w, int id)
{
    struct watched *one = NULL;
    lock_take(&w->lock);
    if (bide__watch_find(w, id) != NULL)
        one = take_out(w, place_of(w, id));
    lock_give(&w->lock);
    if (one != NULL)
        bide__free(one, one->size);
}

/* All are below "". */
static bool is_below(const char *path, const char *above)
{
    size_t size = strlen(above);
    if (strncmp(path, above, size) != 0)
        return false;
    return size == 0 || path[size] == '/' || path[size] == '\0' || above[size - 1] == '/';
}

/* With the lock. It is in a tree that begins at `from` or below. */
static bool is_in_tree(const bide_path_watch *w, const char *path, const char *from)
{
    for (const struct watched *tree = w->trees; tree != NULL; tree = tree->next_tree)
        if (is_below(path, tree->path) && is_below(tree->path, from))
            return true;
    return false;
}

/* With the lock: whatever begins above `from` does not follow it any more. True: nor is it watched
 * itself. */
static bool leaves_tree(const bide_path_watch *w, struct watched *one, const char *from)
{
    if (is_in_tree(w, one->path, from))
        return false;
    if (one->is_root)
        one->is_tree = false;
    return !one->is_root;
}

/* What is in no tree that begins at `from` or below is followed no more. */
static void forget_below(bide_path_watch *w, const char *path, const char *from)
{
    for (size_t i = 0;;) {
        struct watched *one = NULL;
        lock_take(&w->lock);
        while (i < w->count && !(w->all[i]->is_tree && is_below(w->all[i]->path, path) &&
                                 leaves_tree(w, w->all[i], from)))
            i++;
        if (i < w->count)
            one = take_out(w, i);
        lock_give(&w->lock);
        if (one == NULL)
            return;
        bide__door.inotify_rm_watch(w->fd, one->id);
        bide__free(one, one->size);
    }
}

void bide__watch_forget_moved(bide_path_watch *w, const char *path)
{
    forget_below(w, path, path);
}

/* With the lock. The folder of this path is followed, and so is this. */
static bool is_found(const bide_path_watch *w, const char *path)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct watched *above = w->all[i];
        if (!above->is_tree || !is_below(path, above->path))
            continue;
        const char *rest = path + strlen(above->path);
        rest += strspn(rest, "/");
        size_t name = strcspn(rest, "/");
        if (name > 0 && rest[name + strspn(rest + name, "/")] == '\0')
            return true;
    }
    return false;
}

int bide__watch_remove(bide_path_watch *w, int id)
{
    char path[WATCH_PATH];
    bool was_given = false, is_tree = false, stays = false;
    lock_take(&w->lock);
    struct watched *one = bide__watch_find(w, id);
    if (one != NULL) {
        was_given = one->is_root;
        is_tree = one->is_tree;
        end_tree(w, one);
        one->is_root = false;
        stays = was_given && is_found(w, one->path);
        snprintf(path, sizeof path, "%s", one->path);
    }
    lock_give(&w->lock);
    if (one == NULL)
        return -EINVAL;
    if (stays)
        return 0;
    bide__door.inotify_rm_watch(w->fd, id);
    bide__watch_forget(w, id);
    if (is_tree)
        forget_below(w, path, was_given ? "" : path);
    return 0;
}

/* With the lock: there is room for one more. */
static bool make_room(bide_path_watch *w)
{
    size_t room = w->room > 0 ? 2 * w->room : 8;
    if (w->count < w->room)
        return true;
    struct watched **all = bide__alloc(room * sizeof(*all));
    if (all == NULL)
        return false;
    if (w->count > 0)
        memcpy(all, w->all, w->count * sizeof(*all));
    bide__free(w->all, w->room * sizeof(*all));
    w->all = all;
    w->room = room;
    return true;
}

/* With the lock: the newer one replaces the older one of the same id, which the caller frees; but a
 * folder of a tree that was given itself stays what it was. */
static struct watched *put_in(bide_path_watch *w, struct watched *one)
{
    size_t i = place_of(w, one->id);
    if (i < w->count && w->all[i]->id == one->id) {
        struct watched *old = w->all[i];
        if (!one->is_root && old->is_root) {
            old->is_tree = true;
            return one;
        }
        one->is_tree |= old->is_tree;
        one->begins_tree |= old->begins_tree;
        end_tree(w, old);
        w->all[i] = one;
        if (one->begins_tree)
            begin_tree(w, one);
        return old;
    }
    memmove(w->all + i + 1, w->all + i, (w->count - i) * sizeof(*w->all));
    w->all[i] = one;
    w->count++;
    if (one->begins_tree)
        begin_tree(w, one);
    return NULL;
}

static int insert(bide_path_watch *w, struct watched *one)
{
    struct watched *old = one;
    lock_take(&w->lock);
    bool has_room = make_room(w);
    if (has_room)
        old = put_in(w, one);
    lock_give(&w->lock);
    if (old != NULL)
        bide__free(old, old->size);
    return has_room ? 0 : -ENOMEM;
}

/* Its id, or an error. */
static int add_one(bide_path_watch *w, const char *path, bool is_tree, bool is_root)
{
    size_t size = sizeof(struct watched) + strlen(path) + 1;
    struct watched *one = bide__alloc(size);

    if (one == NULL)
        return -ENOMEM;
    int id = bide__door.inotify_add_watch(w->fd, path, is_tree ? MASK_TREE : MASK);
    if (id < 0) {
        bide__free(one, size);
        return id;
    }
    one->id = id;
    one->is_tree = is_tree;
    one->is_root = is_root;
    one->begins_tree = is_tree && is_root;
    one->size = size;
    strcpy(one->path, path);
    int r = insert(w, one);
    if (r < 0)
        bide__door.inotify_rm_watch(w->fd, id);
    return r < 0 ? r : id;
}

/* ---- trees ---- */

/* Folders that are still to be watched. */
struct todo {
    struct todo *next;
    size_t size;
    char path[];
};

static int todo_push(struct todo **first, const char *folder, const char *name)
{
    size_t length = strlen(folder) + strlen(name) + 2, size = sizeof(struct todo) + length;
    struct todo *t = length <= PATH_MAX ? bide__alloc(size) : NULL;
    if (t == NULL)
        return length <= PATH_MAX ? -ENOMEM : -ENAMETOOLONG;
    t->size = size;
    t->next = *first;
    bide__watch_join(t->path, length, folder, name);
    *first = t;
    return 0;
}

static struct todo *todo_pop(struct todo **first)
{
    struct todo *t = *first;
    if (t != NULL)
        *first = t->next;
    return t;
}

static int note_found(bide_path_watch *w, int id, const char *name, bool is_folder)
{
    size_t size = sizeof(struct found) + strlen(name) + 1;
    struct found *f = bide__alloc(size);
    if (f == NULL)
        return -ENOMEM;
    *f = (struct found){.id = id, .is_folder = is_folder, .size = size};
    strcpy(f->name, name);
    *w->found_last = f;
    w->found_last = &f->next;
    return 0;
}

static bool is_folder(int fd, const struct dirent64 *d)
{
    struct stat status;
    if (d->d_type != DT_UNKNOWN)
        return d->d_type == DT_DIR;
    return bide__door.fstatat(fd, d->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
}

static int take_name(bide_path_watch *w, int id, const char *path, int fd, const struct dirent64 *d,
                     struct todo **first, bool tells)
{
    bool folder = is_folder(fd, d);
    if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
        return 0;
    int r = tells ? note_found(w, id, d->d_name, folder) : 0;
    return r == 0 && folder ? todo_push(first, path, d->d_name) : r;
}

/* The names of one folder. */
static int read_one(bide_path_watch *w, int id, const char *path, struct todo **first, bool tells)
{
    _Alignas(8) char names[NAMES];
    int r = 0, fd = bide__fs_open_now(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return fd;
    while (r == 0) {
        ssize_t n = bide__door.getdents64(fd, names, sizeof names);
        if (n == -EINTR)
            continue;
        if (n <= 0) {
            r = (int)n;
            break;
        }
        for (ssize_t at = 0; at < n && r == 0;) {
            const struct dirent64 *d = (const struct dirent64 *)(const void *)(names + at);
            r = take_name(w, id, path, fd, d, first, tells);
            at += d->d_reclen;
        }
    }
    bide__door.close(fd);
    return r;
}

/* The id of the folder itself, or the first error. One that has gone meanwhile is none, but for
 * itself. */
static int add_tree(bide_path_watch *w, const char *path, bool is_root, bool tells)
{
    struct todo *first = NULL, *t;
    int top = -1, error = todo_push(&first, path, "");

    while ((t = todo_pop(&first)) != NULL) {
        int id = add_one(w, t->path, true, is_root && top < 0);
        int r = id < 0 ? id : read_one(w, id, t->path, &first, tells);
        if (top < 0)
            top = id;
        else if (r == -ENOENT || r == -ENOTDIR)
            r = 0;
        if (r < 0 && error == 0)
            error = r;
        bide__free(t, t->size);
    }
    return error < 0 ? error : top;
}

int64_t bide__watch_add_now(void *argument)
{
    const struct watch_add *a = argument;
    return a->is_tree ? add_tree(a->watch, a->path, true, false)
                      : add_one(a->watch, a->path, false, true);
}

int64_t bide__watch_scan(void *argument)
{
    bide_path_watch *w = argument;
    int r = add_tree(w, w->scan, false, true);
    return r == -ENOENT || r == -ENOTDIR ? 0 : r < 0 ? r : 0;
}

int64_t bide__watch_scan_all(void *argument)
{
    bide_path_watch *w = argument;
    char path[WATCH_PATH];
    int error = 0;

    for (size_t i = 0;; i++) {
        lock_take(&w->lock);
        while (i < w->count && !w->all[i]->begins_tree)
            i++;
        bool more = i < w->count;
        if (more)
            snprintf(path, sizeof path, "%s", w->all[i]->path);
        lock_give(&w->lock);
        if (!more)
            return error;
        int r = add_tree(w, path, true, false);
        if (r < 0 && r != -ENOENT && error == 0)
            error = r;
    }
}
