/*
 * lib/fs/watch.h: what a watch is. watch.c gives its events; watch_tree.c adds paths and trees.
 *
 * The table has what is watched, ordered by id; the system gives ids that grow. A job of the pool
 * adds to it, and another task may add or remove, while bide_path_watch_next waits: so it has a
 * lock. The system has one watch for each file, however often and as part of whatever tree it was
 * given: so what a tree does not need any more may be another one's.
 *
 * bide_path_watch_next does one thing after another, and what it is about to do is in the object.
 * So it may be cancelled anywhere, and the next call goes on there: events in `buffer`; a folder
 * that has come (`scan`), which must be watched before the events behind it are told; `found`, what
 * was in it.
 */
#ifndef BIDE_LIB_FS_WATCH_H
#define BIDE_LIB_FS_WATCH_H

#include "lib/runtime.h"

#include "lib/sync/wait.h"

#include <bide/fs.h>

#include <limits.h>

enum { WATCH_EVENTS = 4096, WATCH_PATH = PATH_MAX + NAME_MAX + 2 };

struct watched {
    int id;
    bool is_tree;              /* folders that come in it are watched, too */
    bool is_root;              /* it was given, not found in a tree */
    bool begins_tree;          /* and it was given as a tree */
    struct watched *next_tree; /* begins_tree: in the list of those */
    size_t size;               /* of the block */
    char path[];
};

/* A name that was in a folder when that was found. */
struct found {
    struct found *next;
    int id;
    bool is_folder;
    size_t size;
    char name[];
};

struct bide_path_watch {
    bide_stream *stream;
    int fd;
    uint32_t lock; /* of the table */
    struct watched **all;
    size_t count, room;
    struct watched *trees;

    bool is_waiting;  /* in bide_path_watch_next */
    bool has_scan;    /* `scan` is to be watched */
    bool scans_again; /* all trees are to be looked at anew */
    struct found *found, **found_last;
    struct found *given; /* whose name the caller has */
    size_t at, filled;
    char scan[WATCH_PATH], path[WATCH_PATH];
    _Alignas(8) char buffer[WATCH_EVENTS];
};

/* watch_tree.c. The path of a name in a folder; "": of the folder itself. All paths of the table
 * are made so, since they are compared. */
void bide__watch_join(char *path, size_t size, const char *folder, const char *name);

/* With the lock: the one with this id, or NULL. */
struct watched *bide__watch_find(bide_path_watch *w, int id);

/* Takes it out of the table and frees it. */
void bide__watch_forget(bide_path_watch *w, int id);

/* The folders from this path on have left their tree. They are watched no longer, but for those
 * that were given. */
void bide__watch_forget_moved(bide_path_watch *w, const char *path);

/* The owner does not want this one any more: it is watched no longer, nor are the folders below it,
 * but for what was given itself or belongs to another tree. 0 or -EINVAL. */
int bide__watch_remove(bide_path_watch *w, int id);

/* Jobs of the pool, with a bide_path_watch: watch what is in `scan`, a folder that has come, and
 * note the names in it; and look at all trees anew. 0 or an error. */
int64_t bide__watch_scan(void *argument);
int64_t bide__watch_scan_all(void *argument);

/* A job: adds a path. */
struct watch_add {
    bide_path_watch *watch;
    const char *path;
    bool is_tree;
};

int64_t bide__watch_add_now(void *argument);

#endif
