/*
 * The room base: memory, lists, maps, sets, buffers and paths. It knows nothing of C.
 *
 * Memory comes from arenas: one for each translation unit, and one for each command of the driver.
 * An arena is freed as a whole. A buffer is malloc'ed memory that its owner frees. When there is
 * no more memory, the program ends with a message, so that no function here fails for that reason.
 */
#ifndef BIDE_COMPILER_BASE_BASE_H
#define BIDE_COMPILER_BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct arena;
struct binding; /* see text.h */

/* ---- arena.c: memory of one translation unit, with lists, maps and interned strings ---- */

_Noreturn void out_of_memory(void); /* ends the program, with a message */

struct arena *arena_new(void);
void arena_free(struct arena *);                /* NULL is allowed */
void *arena_alloc(struct arena *, size_t size); /* zeroed, aligned to 16 */
char *arena_strndup(struct arena *, const char *s, size_t n);
char *arena_printf(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A growing list of pointers: struct list l = {0}; list_add(arena, &l, p). */
struct list {
    void **item;
    uint32_t count, room;
};
void list_add(struct arena *, struct list *, void *);

/* From pointers to pointers: struct map m = {0}; *map_at(arena, &m, key) is NULL at first. The
 * result of map_at is valid until its next call. */
struct map {
    const void **key;
    void **value;
    uint32_t count, room;
};
void **map_at(struct arena *, struct map *, const void *key);

/* What is known of an interned string: which keyword it is, and what it means at the place that the
 * parser has reached. */
struct name {
    struct name *next; /* of the same hash */
    struct binding *symbol;
    struct binding *tag;
    uint32_t hash;
    uint32_t length;
    uint16_t keyword;
    uint16_t flags;
    char text[];
};

/* Equal texts give the same pointer: the `text` of a struct name. */
const char *intern(struct arena *, const char *s, size_t n);

static inline struct name *name_of(const char *interned)
{
    return (struct name *)(void *)((char *)(uintptr_t)interned - offsetof(struct name, text));
}

/* ---- sets of small numbers: one bit each, in words of 32 ---- */

static inline uint32_t set_words(uint32_t count)
{
    return count / 32 + 1;
}
static inline bool set_has(const uint32_t *set, uint32_t i)
{
    return set[i / 32] >> (i % 32) & 1;
}
static inline void set_put(uint32_t *set, uint32_t i)
{
    set[i / 32] |= (uint32_t)1 << (i % 32);
}
static inline void set_take(uint32_t *set, uint32_t i)
{
    set[i / 32] &= ~((uint32_t)1 << (i % 32));
}

/* An empty set of numbers below `count`. */
static inline uint32_t *set_new(struct arena *arena, uint32_t count)
{
    return arena_alloc(arena, set_words(count) * sizeof(uint32_t));
}

/* ---- buffer.c: bytes that grow ---- */

struct buffer {
    char *data; /* malloc, with a NUL after it that does not count; NULL when empty */
    size_t length, room;
};

void buffer_add(struct buffer *, const char *data, size_t length);
void buffer_free(struct buffer *);
/* Add everything up to the end of the file. 0 or a negative errno. */
int buffer_read_file(struct buffer *, const char *path);
int buffer_read_fd(struct buffer *, int fd);

/* Writes the file, or replaces an old one. False, with errno set, when that fails: then there is no
 * such file. */
bool file_write(const char *path, const char *text, size_t length);

/* ---- chars.c: characters and lines ---- */

/* Characters of an identifier: letters, digits, `_`, `$` and what is not ASCII. */
static inline bool is_word_char(char c)
{
    unsigned char letter = (unsigned char)(c | 0x20);
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (c & 0x80);
}

/* Is the word in the text, and not only as a part of a longer word? */
bool has_word(const char *text, size_t length, const char *word);
bool ends_with(const char *text, const char *ending);
/* How many characters two words differ in, roughly: all from the first to the last difference. */
size_t word_distance(const char *a, const char *b);
/* The end of the line that p is in, after its newline; `end` if it has no newline. */
const char *line_end(const char *p, const char *end);
/* p is at a comment of either kind: the end of the comment. A // comment ends before its
 * newline. */
const char *comment_end(const char *p, const char *end);
/* p is at a quote: the end of the string or character, at the latest the end of the line. */
const char *quoted_end(const char *p, const char *end);

/* ---- path.c: names of files ---- */

/* The last part of a path. */
const char *base_name(const char *path);
/* PATH with its suffix (from the last dot of its last part) replaced, or with one added. */
char *with_suffix(struct arena *, const char *path, const char *suffix);

#endif
