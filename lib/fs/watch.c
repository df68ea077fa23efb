/*
 * lib/fs/watch.c: watches made and freed, and their events. See watch.h.
 */
#include "lib/fs/async.h"

#include "lib/fs/watch.h"

#include <stdio.h>
#include <sys/inotify.h>

/* ---- made and freed ---- */

int bide_path_watch_new(bide_path_watch **watch)
{
    *watch = NULL;
    bide_path_watch *w = bide__alloc(sizeof *w);
    if (w == NULL)
        return -ENOMEM;
    memset(w, 0, offsetof(bide_path_watch, scan));
    w->found_last = &w->found;
    int r = w->fd = bide__door.inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (r >= 0) {
        r = bide__fd_stream_new(w->fd, BIDE__STREAM_OTHER, &w->stream);
        if (r < 0)
            bide__door.close(w->fd);
    }
    if (r < 0) {
        bide__free(w, sizeof *w);
        return r;
    }
    *watch = w;
    return 0;
}

static void found_free(struct found *f)
{
    if (f != NULL)
        bide__free(f, f->size);
}

static struct found *found_pop(bide_path_watch *w)
{
    struct found *f = w->found;
    if (f != NULL) {
        w->found = f->next;
        if (w->found == NULL)
            w->found_last = &w->found;
    }
    return f;
}

void bide_path_watch_free(bide_path_watch *w)
{
    if (w == NULL)
        return;
    bide_stream_close(w->stream);
    for (size_t i = 0; i < w->count; i++)
        bide__free(w->all[i], w->all[i]->size);
    bide__free(w->all, w->room * sizeof(*w->all));
    found_free(w->given);
    for (struct found *f; (f = found_pop(w)) != NULL;)
        found_free(f);
    bide__free(w, sizeof *w);
}

/* ---- added and removed ---- */

bide_async int bide_path_watch_add(bide_path_watch *watch, const char *path)
{
    struct watch_add a = {.watch = watch, .path = path};
    return (int)bide_await bide__fs_call(bide__watch_add_now, &a);
}

bide_async int bide_path_watch_add_tree(bide_path_watch *watch, const char *path)
{
    struct watch_add a = {.watch = watch, .path = path, .is_tree = true};
    return (int)bide_await bide__fs_call(bide__watch_add_now, &a);
}

int bide_path_watch_remove(bide_path_watch *watch, int id)
{
    return bide__watch_remove(watch, id);
}

/* ---- events ---- */

static unsigned what_of(uint32_t mask)
{
    static const struct {
        uint32_t in;
        unsigned what;
    } names[] = {
        {IN_CREATE, BIDE_PATH_MADE},
        {IN_MOVED_TO, BIDE_PATH_MADE | BIDE_PATH_MOVED},
        {IN_DELETE, BIDE_PATH_REMOVED},
        {IN_MOVED_FROM, BIDE_PATH_REMOVED | BIDE_PATH_MOVED},
        {IN_MODIFY, BIDE_PATH_CHANGED},
        {IN_CLOSE_WRITE, BIDE_PATH_CLOSED},
        {IN_ATTRIB, BIDE_PATH_ATTRIBUTES},
        {IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT, BIDE_PATH_GONE},
        {IN_Q_OVERFLOW, BIDE_PATH_LOST},
        {IN_ISDIR, BIDE_PATH_IS_FOLDER},
    };
    unsigned what = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mask & names[i].in)
            what |= names[i].what;
    return what;
}

/* The path and the name of the event; false: nobody watches that any more. */
static bool locate(bide_path_watch *w, int id, const char *name, bide_path_event *event,
                   bool *is_inner, bool *is_tree)
{
    lock_take(&w->lock);
    const struct watched *one = bide__watch_find(w, id);
    if (one != NULL) {
        bide__watch_join(w->path, sizeof w->path, one->path, name);
        *is_inner = one->is_tree && !one->is_root;
        *is_tree = one->is_tree;
    }
    lock_give(&w->lock);
    event->id = id;
    event->path = w->path;
    event->name = name;
    event->cookie = 0;
    return one != NULL;
}

/* A folder of a tree has come, or has gone. */
static void follow(bide_path_watch *w, uint32_t mask)
{
    if (mask & IN_MOVED_FROM)
        bide__watch_forget_moved(w, w->path);
    if (!(mask & (IN_CREATE | IN_MOVED_TO)))
        return;
    memcpy(w->scan, w->path, sizeof w->scan);
    w->has_scan = true;
}

static bool give_lost(bide_path_watch *w, bide_path_event *event)
{
    w->scans_again = true;
    *event = (bide_path_event){.id = -1, .what = BIDE_PATH_LOST, .path = "", .name = ""};
    return true;
}

/* The next one in the buffer. False: it is of no interest. */
static bool give_next(bide_path_watch *w, bide_path_event *event)
{
    const struct inotify_event *e = (const struct inotify_event *)(const void *)(w->buffer + w->at);
    bool is_inner, is_tree;

    w->at += sizeof *e + e->len;
    if (e->mask & IN_Q_OVERFLOW)
        return give_lost(w, event);
    if (e->mask & IN_IGNORED) {
        bide__watch_forget(w, e->wd);
        return false;
    }
    if (!locate(w, e->wd, e->len > 0 ? e->name : "", event, &is_inner, &is_tree))
        return false;
    event->what = what_of(e->mask);
    event->cookie = e->cookie;
    if (is_tree && e->mask & IN_ISDIR && e->len > 0)
        follow(w, e->mask);
    /* What happens to a folder within a tree is told by the one above. */
    return !(is_inner && e->len == 0) && event->what != 0;
}

/* What was found in a folder that has come. */
static bool give_found(bide_path_watch *w, bide_path_event *event)
{
    bool is_inner, is_tree;
    struct found *f = found_pop(w);
    w->given = f;
    event->what = BIDE_PATH_MADE | (f->is_folder ? BIDE_PATH_IS_FOLDER : 0);
    return locate(w, f->id, f->name, event, &is_inner, &is_tree);
}

/* Jobs that are due. 0 or an error, which is told once. */
static bide_async int scan(bide_path_watch *w)
{
    int r = 0;
    if (w->scans_again) {
        r = (int)bide_await bide__fs_call(bide__watch_scan_all, w);
        w->scans_again = false;
    }
    if (r == 0 && w->has_scan) {
        r = (int)bide_await bide__fs_call(bide__watch_scan, w);
        w->has_scan = false;
    }
    return r;
}

static bide_async int next(bide_path_watch *w, bide_path_event *event)
{
    found_free(w->given);
    w->given = NULL;
    for (;;) {
        if (w->found != NULL) {
            if (give_found(w, event))
                return 1;
            found_free(w->given);
            w->given = NULL;
            continue;
        }
        if (w->scans_again || w->has_scan) {
            int r = bide_await scan(w);
            if (r < 0)
                return r;
            continue;
        }
        if (w->at < w->filled) {
            if (give_next(w, event))
                return 1;
            continue;
        }
        ssize_t n = bide_await bide_stream_read(w->stream, w->buffer, sizeof w->buffer);
        if (n <= 0)
            return n < 0 ? (int)n : -EBADF;
        w->at = 0;
        w->filled = (size_t)n;
    }
}

bide_async int bide_path_watch_next(bide_path_watch *watch, bide_path_event *event)
{
    if (watch->is_waiting)
        return -EBUSY;
    watch->is_waiting = true;
    bide_defer {
        watch->is_waiting = false;
    }
    bide_await bide__turn();
    return bide_await next(watch, event);
}
