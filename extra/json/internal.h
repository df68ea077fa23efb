/*
 * internal.h: how the parts of libbide-json fit together.
 *
 *   global.c   jansson's memory and its seed, set when the library is loaded
 *   parse.c    text to tree: the limits, then jansson; what its errors mean
 *   path.c     paths, and the value at one
 *   get.c      looking into a tree; several values at once
 *   tree.c     the life of a tree, and changes
 *   pack.c     formats, read for whatever takes their values
 *   build.c    a tree that is made of the values of a format
 *   writer.c   the writer: its states, its buffer, its errors
 *   value.c    what a writer writes: texts, numbers, trees
 *   flush.c    a writer's text goes to a bide_writer
 *   utf8.c     UTF-8, checked
 *   number.c   numbers as text
 *
 * Invariants
 *  - A bide_json is a json_t, and no other header than this one says so. Nobody but the owner of a
 *    tree has references to what is in it, so all counts of references are 1.
 *  - All texts and names of members in a tree are UTF-8, and names have no zero byte.
 *  - A function that makes jansson allocate looks whether memory was short: jansson reports that as
 *    other errors, or not at all.
 */
#ifndef BIDE_EXTRA_JSON_INTERNAL_H
#define BIDE_EXTRA_JSON_INTERNAL_H

#include "lib/runtime.h"

#include <bide/json.h>

#include <jansson.h>

enum {
    BIDE__JSON_DEPTH = 128,      /* by default */
    BIDE__JSON_DEPTH_MAX = 2000, /* jansson's own is 2048 */
};

static inline json_t *bide__json_of(const bide_json *j)
{
    return (json_t *)(uintptr_t)(const void *)j;
}

static inline bide_json *bide__json_from(json_t *j)
{
    return (bide_json *)(void *)j;
}

/* ---- global.c ---- */

/* How often jansson has got no memory on this thread. */
unsigned bide__json_shortages(void);

/* ---- a failure ---- */

/* Fills in *failure, unless it is NULL, with a formatted text; the place is zeroes. Returns
 * `error`. */
int bide__json_fails(bide_json_failure *failure, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- path.c ---- */

/* A step of a path. */
struct bide__json_step {
    const char *name; /* NULL: an index */
    size_t size;      /* of the name */
    long index;       /* negative: from the end */
    bool appends;     /* [] */
    char unquoted[256];
};

/* Takes the next step off the path. 1, 0: that was all, -EINVAL. `is_first`: no dot comes before
 * it. */
int bide__json_step(const char **path, bool is_first, struct bide__json_step *step);

/* The child that a step leads to. 0; -ENODATA; -EBADMSG: there can be none; -EINVAL: []. */
int bide__json_child(json_t *j, const struct bide__json_step *step, json_t **child);

/* The value at a path. Errors as above, for any step. */
int bide__json_find(const bide_json *j, const char *path, json_t **found);

/* ---- pack.c ---- */

/*
 * What takes the values of a format. All functions return 0 or an error; `text` of a value may be
 * NULL, which is null. An error is returned by bide__json_format as it is, and the sink knows more
 * about it; only -EINVAL is about the format.
 */
struct bide__json_sink {
    int (*begin)(void *self, bool object);
    int (*end)(void *self);
    int (*key)(void *self, const char *key, size_t size);
    int (*text)(void *self, const char *text, size_t size);
    int (*i64)(void *self, int64_t value);
    int (*u64)(void *self, uint64_t value);
    int (*real)(void *self, double value);
    int (*boolean)(void *self, bool value);
    int (*tree)(void *self, const bide_json *value); /* NULL: null */
};

/* Gives the values of a format to a sink. `object`: they are members of an object. `one`: there is
 * exactly one. `letters`: those of bide/json_letters.h; NULL: nobody knows them. */
int bide__json_format(const struct bide__json_sink *sink, void *self, bool object, bool one,
                      const char *letters, const char *format, va_list arguments,
                      bide_json_failure *failure);

/* ---- writer.c ---- */

struct bide_json_writer {
    char *data;                       /* NULL: nothing yet */
    size_t size, room;                /* there is always room for one byte more than `size` */
    uint64_t consumed;                /* bytes that have left the buffer */
    bide_json_writer_options options; /* with its defaults filled in */
    unsigned depth;
    bool has_key;   /* the key of a member is written, its value is due */
    bool has_items; /* a comma is due before the next item of the innermost object or array; at the
                       top: there is a value */
    int error;
    bide_json_failure failure;
    uint64_t is_object[(BIDE__JSON_DEPTH_MAX + 64) / 64]; /* a bit a level, from 1 */
};

/* The first error of a writer, which stays. Returns it. */
int bide__json_writer_fails(bide_json_writer *w, int error, const char *text);

/* Makes room for `size` bytes. 0 or an error, which is noted. */
int bide__json_writer_grow(bide_json_writer *w, size_t size);

static inline int bide__json_writer_room(bide_json_writer *w, size_t size)
{
    return __builtin_expect(w->room - w->size > size, 1) ? 0 : bide__json_writer_grow(w, size);
}

/* Puts the comma and the like before a value, and makes room for `size` bytes of it. Then the value
 * is put, and the second one is called. 0 or an error. */
int bide__json_writer_begin_value(bide_json_writer *w, size_t size);
int bide__json_writer_end_value(bide_json_writer *w);

static inline bool bide__json_writer_in_object(const bide_json_writer *w)
{
    return w->depth > 0 && (w->is_object[w->depth / 64] >> w->depth % 64 & 1) != 0;
}

/* ---- value.c ---- */

/* Puts a text in quotes. 0 or an error, which is noted. */
int bide__json_writer_quote(bide_json_writer *w, const char *text, size_t size);

/* ---- utf8.c ---- */

/* How many bytes the character at p takes, which has at most `left`; 0: these are no UTF-8. */
unsigned bide__json_utf8(const unsigned char *p, size_t left);

bool bide__json_is_utf8(const char *text, size_t size);

/* ---- number.c ---- */

enum { BIDE__JSON_NUMBER_MAX = 32 };

/* Write a number; return its length, at most BIDE__JSON_NUMBER_MAX. The double is finite. */
size_t bide__json_put_u64(char *out, uint64_t value);
size_t bide__json_put_i64(char *out, int64_t value);
size_t bide__json_put_double(char *out, double value);

#endif
