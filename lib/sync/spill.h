/*
 * lib/sync/spill.h: the items of an unbounded channel that found no room in its ring: a list of
 * blocks. All under the channel's lock, but for the count, which anyone may read. Blocks are
 * allocated and freed by the caller, without the lock; one that has become empty is kept.
 */
#ifndef BIDE_LIB_SYNC_SPILL_H
#define BIDE_LIB_SYNC_SPILL_H

#include "lib/sync/wait.h"

#include <stdatomic.h>

enum { SPILL_ITEMS = 32 }; /* in a block */

struct spill_block {
    struct spill_block *next;
    uint32_t first, end; /* of the items in it, which lie behind it */
};

struct spill {
    struct spill_block *first, *last, *spare;
    _Atomic size_t count;
};

static inline size_t spill_count(const struct spill *s)
{
    return atomic_load_explicit(&s->count, memory_order_relaxed);
}

static inline size_t spill_block_size(size_t item_size)
{
    return item_offset(sizeof(struct spill_block), item_size) + SPILL_ITEMS * item_size;
}

static inline struct spill_block *spill_block_new(size_t item_size)
{
    return bide__door.alloc(spill_block_size(item_size), item_align(item_size));
}

static inline void *spill_item(struct spill_block *block, uint32_t i, size_t item_size)
{
    return (char *)block + item_offset(sizeof *block, item_size) + i * item_size;
}

static inline void spill_block_free(struct spill_block *block, size_t item_size)
{
    bide__free(block, spill_block_size(item_size));
}

/* Adds a place for an item and returns it. If there is none, *block becomes the new last block;
 * NULL: neither is there a block. */
static inline void *spill_add(struct spill *s, struct spill_block **block, size_t item_size)
{
    struct spill_block *last = s->last;
    if (last == NULL || last->end == SPILL_ITEMS) {
        struct spill_block **from = s->spare != NULL ? &s->spare : block;
        if (*from == NULL)
            return NULL;
        last = *from;
        *from = NULL;
        last->next = NULL;
        last->first = last->end = 0;
        *(s->last != NULL ? &s->last->next : &s->first) = last;
        s->last = last;
    }
    atomic_store_explicit(&s->count, spill_count(s) + 1, memory_order_relaxed);
    return spill_item(last, last->end++, item_size);
}

/* The first item. There must be one. */
static inline void *spill_first(const struct spill *s, size_t item_size)
{
    return spill_item(s->first, s->first->first, item_size);
}

/* Removes it. Returns a block that is to be freed, or NULL. */
static inline struct spill_block *spill_remove(struct spill *s)
{
    struct spill_block *block = s->first;
    atomic_store_explicit(&s->count, spill_count(s) - 1, memory_order_relaxed);
    if (++block->first < block->end)
        return NULL;
    s->first = block->next;
    if (s->first == NULL)
        s->last = NULL;
    if (s->spare != NULL)
        return block;
    s->spare = block;
    return NULL;
}

#endif
