/*
 * The room object: what object files, archives and programs say about async functions, for `bide
 * size` and for the warning of large frames.
 *
 * read.c requires a file and establishes a struct size_file with its functions. reserve.c requires
 * all files of a command, and fills in the reserve of each function: what a task that begins with
 * it reserves.
 *
 * Nothing in a file is trusted: a damaged one is an error that names the place.
 */
#ifndef BIDE_COMPILER_OBJECT_OBJECT_H
#define BIDE_COMPILER_OBJECT_OBJECT_H

#include "compiler/diag/diag.h"

struct size_function;

/* A member of a frame. */
struct size_member {
    const char *name;
    const char *type; /* "": unknown */
    uint32_t line;    /* of its declaration, or of the await whose result it takes */
    uint32_t offset, size;
};

/* A function that another one awaits. */
struct size_callee {
    struct size_function *function; /* NULL: not found */
    const char *name;               /* of its descriptor, when that is in another file */
    uint32_t group;                 /* as in struct bide_callee */
};

struct size_function {
    const char *name, *file; /* file "": unknown */
    uint32_t line;
    const char *object;  /* the file it was read from, FILE(MEMBER) in an archive */
    const char *symbol;  /* of its descriptor without bide__desc_, or NULL */
    bool is_local;       /* only its own file sees that symbol */
    bool has_descriptor; /* else only its frame is known, from the records */
    bool is_wide;        /* pointers have 8 bytes */
    uint32_t machine;
    uint32_t frame, args; /* bytes */
    uint8_t frame_align_log2, args_align_log2, flags;
    struct size_callee *callee;
    uint32_t callee_count;
    struct list members; /* struct size_member *, the largest first */
    /* reserve.c */
    const void *mirror;
    bool is_met;
    bool has_reserve;    /* it could be found out */
    bool is_least;       /* it may be more: a callee is unknown */
    const char *missing; /* the name of an unknown one */
    uint32_t reserve;
};

/* What was read from one object, member of an archive, program or library. */
struct size_file {
    const char *name;
    struct list functions; /* struct size_function * */
    bool is_stripped;      /* of its symbols, so not all functions are found */
};

enum { SIZE_ALL_MEMBERS = -1 }; /* for size_print_text */

/* ---- read.c ---- */

/* Adds what is in the file to `files`, under the name `shown`. False, with a message, when it
 * cannot be read. */
bool size_read(struct arena *, const char *path, const char *shown, struct list *files);
/* The frames in a file that a compiler has just made, as functions without descriptors. A file
 * without records, or one that cannot be read, gives an empty list and no message. */
void size_read_frames(struct arena *, const char *path, struct list *functions);

/* ---- reserve.c ---- */

/* Fills the reserves of the files' functions. `libraries` are only asked for callees. */
void size_find_reserves(struct arena *, const struct list *files, const struct list *libraries);
/* May one more of bide's own libraries define a callee that neither the files nor these libraries
 * do? */
bool size_wants_library(struct arena *, const struct list *files, const struct list *libraries);

#endif
