/*
 * Memory of one translation unit: chunks that are carved up from front to back and freed together;
 * growing lists, maps, and the table of interned strings.
 *
 * An interned string is stored right after its struct name, so that the keyword and the innermost
 * declaration of a name are found without a look-up once the lexer has interned it.
 */
#include "compiler/base/base.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 1 << 18, TABLE_START = 1 << 13 };

struct chunk {
    struct chunk *next;
    _Alignas(16) char data[];
};

struct arena {
    struct chunk *chunks;
    char *at, *end;
    struct name **table;
    uint32_t table_size, name_count;
};

_Noreturn void out_of_memory(void)
{
    fputs("bide: error: out of memory\n", stderr);
    exit(1);
}

struct arena *arena_new(void)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a)
        out_of_memory();
    a->table_size = TABLE_START;
    a->table = calloc(a->table_size, sizeof(struct name *));
    if (!a->table)
        out_of_memory();
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    for (struct chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(a->table);
    free(a);
}

/* calloc does not clear pages that are fresh, which are zero anyway. */
static char *chunk_new(struct arena *a, size_t size)
{
    struct chunk *c = calloc(1, sizeof *c + size);
    if (!c)
        out_of_memory();
    c->next = a->chunks;
    a->chunks = c;
    return c->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        out_of_memory();
    size = (size + 15) & ~(size_t)15;
    if (size > (size_t)(a->end - a->at)) {
        if (size >= CHUNK_SIZE / 4)
            return chunk_new(a, size);
        a->at = chunk_new(a, CHUNK_SIZE);
        a->end = a->at + CHUNK_SIZE;
    }
    char *p = a->at;
    a->at += size;
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
    if (n >= 0)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

void list_add(struct arena *a, struct list *l, void *item)
{
    if (l->count == l->room) {
        uint32_t room = l->room ? l->room * 2 : 4;
        void **p = arena_alloc(a, room * sizeof(void *));
        if (l->count)
            memcpy(p, l->item, l->count * sizeof(void *));
        l->item = p;
        l->room = room;
    }
    l->item[l->count++] = item;
}

/* The place of the key, or the free place for it. */
static uint32_t map_find(const struct map *m, const void *key)
{
    uint64_t hash = (uint64_t)(uintptr_t)key * 0x9E3779B97F4A7C15u;
    uint32_t i = (uint32_t)(hash >> 32) & (m->room - 1);
    while (m->key[i] && m->key[i] != key)
        i = (i + 1) & (m->room - 1);
    return i;
}

static void map_grow(struct arena *a, struct map *m)
{
    struct map old = *m;
    m->room = old.room ? old.room * 2 : 16;
    m->key = arena_alloc(a, m->room * sizeof *m->key);
    m->value = arena_alloc(a, m->room * sizeof *m->value);
    for (uint32_t i = 0; i < old.room; i++) {
        if (!old.key[i])
            continue;
        uint32_t to = map_find(m, old.key[i]);
        m->key[to] = old.key[i];
        m->value[to] = old.value[i];
    }
}

void **map_at(struct arena *a, struct map *m, const void *key)
{
    if (m->count * 2 >= m->room)
        map_grow(a, m);
    uint32_t i = map_find(m, key);
    m->count += !m->key[i];
    m->key[i] = key;
    return &m->value[i];
}

/* Multiplies and folds, eight bytes a step. */
static uint32_t hash_bytes(const char *s, size_t n)
{
    const uint64_t k = 0x9E3779B97F4A7C15u;
    uint64_t h = n * k, w = 0;
    for (; n >= 8; n -= 8, s += 8) {
        memcpy(&w, s, 8);
        h = (h ^ w) * k;
        h ^= h >> 29;
    }
    for (w = 0; n; n--)
        w = w << 8 | (unsigned char)s[n - 1];
    h = (h ^ w) * k;
    return (uint32_t)(h >> 32);
}

static void table_grow(struct arena *a)
{
    uint32_t size = a->table_size * 4;
    struct name **table = calloc(size, sizeof(struct name *));
    if (!table)
        out_of_memory();
    for (uint32_t i = 0; i < a->table_size; i++)
        for (struct name *n = a->table[i], *next; n; n = next) {
            next = n->next;
            n->next = table[n->hash & (size - 1)];
            table[n->hash & (size - 1)] = n;
        }
    free(a->table);
    a->table = table;
    a->table_size = size;
}

const char *intern(struct arena *a, const char *s, size_t n)
{
    uint32_t hash = hash_bytes(s, n);
    for (struct name *p = a->table[hash & (a->table_size - 1)]; p; p = p->next)
        if (p->hash == hash && p->length == n && memcmp(p->text, s, n) == 0)
            return p->text;
    if (a->name_count >= a->table_size)
        table_grow(a);
    struct name *p = arena_alloc(a, sizeof *p + n + 1);
    p->hash = hash;
    p->length = (uint32_t)n;
    memcpy(p->text, s, n);
    struct name **slot = &a->table[hash & (a->table_size - 1)];
    p->next = *slot;
    *slot = p;
    a->name_count++;
    return p->text;
}
