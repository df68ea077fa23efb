/*
 * The room object: what object files and programs tell of async functions, for `bide size` and for the
 * warning of large frames. read.c reads files into lists of functions, reserve.c finds what a task that
 * begins with one of them reserves.
 *
 * Nothing in a file is trusted: a damaged one is an error that says where.
 */
#ifndef BIDE_COMPILER_OBJECT_OBJECT_H
#define BIDE_COMPILER_OBJECT_OBJECT_H

#include "compiler/diag/diag.h"

struct size_function;

struct size_member {
    const char *name;
    const char *type; /* "": not known */
    uint32_t line;    /* of its declaration, or of the await whose result it takes */
    uint32_t offset, size;
};

struct size_callee {
    struct size_function *function; /* NULL: not found */
    const char *name;               /* of its descriptor, when it is not in that file */
    uint32_t group;
};

struct size_function {
    const char *name, *file; /* file "": not known */
    uint32_t line;
    const char *object;  /* the file it was read from, FILE(MEMBER) in an archive */
    const char *symbol;  /* of its descriptor without bide__desc_, or NULL */
    bool is_local;       /* that symbol */
    bool has_descriptor; /* else only the records of its frame are there */
    bool is_wide;        /* pointers have 8 bytes */
    uint32_t machine;
    uint32_t frame, args; /* bytes */
    uint8_t frame_align_log2, args_align_log2, flags;
    struct size_callee *callee;
    uint32_t callee_count;
    struct list members; /* struct size_member *, the largest first */
    /* size_reserve.c */
    const void *mirror;
    bool is_met;
    bool has_reserve;    /* it could be found out */
    bool is_least;       /* it may be more: a callee is not known */
    const char *missing; /* the name of one that is not known */
    uint32_t reserve;
};

/* What was read from one object, member of an archive, program or library. */
struct size_file {
    const char *name;
    struct list functions; /* struct size_function * */
    bool is_stripped;      /* of symbols: not all functions are found */
};

enum { SIZE_ALL_MEMBERS = -1 };

/* ---- read.c ---- */

/* Adds what is in the file to `files`, under the name `shown`. False, with a message, when it
 * cannot be read. */
bool size_read(struct arena *, const char *path, const char *shown, struct list *files);
/* The records of frames in a file that a compiler has just made, as functions without descriptors;
 * says nothing when there are none. */
void size_read_frames(struct arena *, const char *path, struct list *functions);

/* ---- reserve.c ---- */

/* Fills the reserves of the files' functions. `libraries` are only asked for callees. */
void size_find_reserves(struct arena *, const struct list *files, const struct list *libraries);
/* Is there a callee that is in none of the files? */
bool size_has_unknown(const struct list *files);

#endif
