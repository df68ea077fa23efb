/*
 * What object files and programs tell of async functions: for `bide size` and for the warning of
 * large frames.
 *
 * size_read.c reads files into lists of functions, size_reserve.c finds what a task that begins
 * with one of them reserves, size_print.c writes reports, size.c is the command.
 */
#ifndef BIDE_SIZE_H
#define BIDE_SIZE_H

#include "compiler/driver/inside.h"

struct size_member {
    const char *name;
    const char *type; /* "": not known */
    uint32_t line;    /* of its declaration, or of the await whose result it takes */
    uint32_t offset, size;
};

struct size_function;

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

/* Adds what is in the file to `files`, under the name `shown`. False, with a message, when it
 * cannot be read. */
bool size_read(struct arena *, const char *path, const char *shown, struct list *files);
/* The records of frames in a file that a compiler has just made, as functions without descriptors;
 * says nothing when there are none. */
void size_read_frames(struct arena *, const char *path, struct list *functions);

/* Fills the reserves of the files' functions. `libraries` are only asked for callees. */
void size_find_reserves(struct arena *, const struct list *files, const struct list *libraries);
/* Is there a callee that is in none of the files? */
bool size_has_unknown(const struct list *files);

/* ---- size_print.c: the report; the functions are in order ---- */

enum { SIZE_ALL_MEMBERS = -1 };
void size_print_text(const struct list *functions, int members, FILE *);
void size_print_tsv(const struct list *functions, FILE *);
void size_print_json(const struct list *functions, FILE *);

#endif
