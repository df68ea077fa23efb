/*
 * lib/fs/walk.h: a walk over a tree of folders, step by step; walk.c is the walk, tree.c makes an
 * iterator of it.
 *
 * A walk is on a path of *levels*: folders that are open, each in the one above it, with a buffer
 * of names. bide__walk_give gives the next entry, from memory. When that is not enough, it asks for
 * a job of bide__walk_fill, which reads names, or opens a folder and reads the first ones.
 *
 * A folder is shared by its level and by the entries that were given, and is closed after the last
 * of them.
 */
#ifndef BIDE_LIB_FS_WALK_H
#define BIDE_LIB_FS_WALK_H

#include "lib/runtime.h"

#include <bide/fs.h>

#include <stdatomic.h>

enum { WALK_NAMES = 16 << 10 };

struct walk_folder {
    _Atomic uint32_t refs;
    int fd;
    _Atomic uint64_t skipped; /* the entry into which the walk does not go; 0: none */
    size_t path_size;
    char path[]; /* with a slash behind it; no zero byte */
};

/* An entry, for us. */
struct walk_entry {
    bide_entry entry; /* the first member: a pointer to it is one to the whole */
    struct walk_folder *folder;
    uint64_t serial;
};

struct walk_level {
    struct walk_level *above;
    struct walk_folder *folder;
    bide_entry *entry; /* with folders_last: of this folder, which comes after it; else NULL */
    dev_t device;
    ino_t inode;
    unsigned depth; /* of the entries in it */
    int error;      /* why no more of its names can be read */
    bool is_read;   /* all names are in the buffer, or were */
    uint32_t at, filled;
    _Alignas(8) char names[WALK_NAMES]; /* as getdents64(2) stores them */
};

struct walk {
    bide_tree_options options;
    struct walk_level *top; /* NULL: it has not begun, or it is over */
    bide_entry *given;      /* that is to be given, or, with folders_last, entered before; owned */
    const char *enters;     /* its name, in the buffer of `top`; NULL: no folder is to be entered */
    uint64_t serial;        /* of the last entry */
    uint64_t enters_serial; /* of that of the folder */
    bool has_begun;
    size_t path_size;
    const char *path;
};

/* What is needed next is a job. */
enum { WALK_NEEDS = 2 };

/* 1 and an entry; 0: it is over; -ENOMEM: it goes on when there is memory; WALK_NEEDS. */
int bide__walk_give(struct walk *w, bide_entry **entry);

/* On any thread, while nobody else has the walk; the argument is a struct walk. 0, or an error of
 * its beginning: then it is over. */
int64_t bide__walk_fill(void *argument);

/* Frees what the walk has. */
void bide__walk_end(struct walk *w);

#endif
