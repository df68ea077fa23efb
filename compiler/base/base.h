/*
 * The room base: memory, lists, maps, sets, buffers and paths. It knows nothing of C.
 *
 * Memory: one arena per translation unit, one per command of the driver. Nothing in an arena is freed
 * singly. A buffer is malloc'ed memory of its owner. Out of memory ends the program with a message.
 */
#ifndef BIDE_COMPILER_BASE_BASE_H
#define BIDE_COMPILER_BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct arena;
struct symbol;
struct tag;
struct binding;

/* A growing list of pointers: struct list l = {0}; list_add(arena, &l, p). */
struct list {
    void **item;
    uint32_t count, room;
};

/* From pointers to pointers: struct map m = {0}; *map_at(arena, &m, key) is NULL at first. What it
 * gives holds until the next call. */
struct map {
    const void **key;
    void **value;
    uint32_t count, room;
};

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
static inline uint32_t set_words(uint32_t count)
{
    return count / 32 + 1;
}

struct buffer {
    char *data; /* malloc, terminated by a NUL that does not count; NULL when empty */
    size_t length, room;
};

/* What is known of a word, before the text of its interned string: what keyword it is and what it
 * means at the place that the parser has come to. */
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

static inline struct name *name_of(const char *interned)
{
    return (struct name *)(void *)((char *)(uintptr_t)interned - offsetof(struct name, text));
}

/* ---- arena.c ---- */

_Noreturn void out_of_memory(void); /* with a message */

struct arena *arena_new(void);
void arena_free(struct arena *);
/* zeroed, aligned to 16; exits with a message when out of memory */
void *arena_alloc(struct arena *, size_t size);
char *arena_strndup(struct arena *, const char *s, size_t n);
char *arena_printf(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void list_add(struct arena *, struct list *, void *);
void **map_at(struct arena *, struct map *, const void *key);

/* Interned string: equal text, equal pointer. */
const char *intern(struct arena *, const char *s, size_t n);

/* ---- buffer.c ---- */

void buffer_add(struct buffer *, const char *data, size_t length);
void buffer_free(struct buffer *);
/* 0 or a negative errno. */
int buffer_read_file(struct buffer *, const char *path);
int buffer_read_fd(struct buffer *, int fd);

/* ---- path.c ---- */

/* The last part of a path. */
const char *base_name(const char *path);
/* BASE or PATH with its suffix (from the last dot of the last part) replaced. */
char *with_suffix(struct arena *, const char *path, const char *suffix);

#endif
