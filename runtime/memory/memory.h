/*
 * slab.h: blocks of memory for tasks and for segments of chains, by size class.
 *
 * A class takes its blocks from *chunks* of 64 KiB, aligned to their size, so that the chunk of a
 * block is found from its address. A chunk hands out its blocks in order at first; a freed block
 * goes to its class's free list and is the next to be used. Chunks are never returned while the
 * slab lives: after a warm-up nothing is allocated. What is larger than BIDE__SLAB_MAX, or has to
 * be aligned to more than 32, gets a chunk of its own, which is freed with it.
 *
 * Blocks are aligned to 32, and so are sizes up to 2 KiB; above they are multiples of 64, for a
 * task that keeps a buffer shall not cost a quarter more.
 *
 * The first word of a block is not NULL while the block is in use, which is its user's duty; the
 * slab sets it to NULL when the block is free. So the tasks need no list: bide__slab_each finds
 * them.
 *
 * Threads: the owner's alone (see state.h), but for the marks of a chunk, and its constant fields,
 * which all may read. AddressSanitizer sees free blocks as poisoned.
 */
#ifndef BIDE_RUNTIME_SLAB_H
#define BIDE_RUNTIME_SLAB_H

#include "runtime/leaf.h"

struct bide__hub;

enum {
    BIDE__CHUNK_SIZE = 65536,
    /* Less, so that the heap can put one right behind the other, with its own data between. */
    BIDE__CHUNK_BYTES = BIDE__CHUNK_SIZE - 128,
    BIDE__SLAB_MAX = 16384,
    BIDE__SLAB_UNIT = 32,
    BIDE__SLAB_SMALL = 64, /* classes for sizes up to BIDE__SLAB_FINE */
    BIDE__SLAB_FINE = BIDE__SLAB_SMALL * BIDE__SLAB_UNIT,
    BIDE__SLAB_STEP = 64, /* above */
    BIDE__SLAB_CLASSES = BIDE__SLAB_SMALL + (BIDE__SLAB_MAX - BIDE__SLAB_FINE) / BIDE__SLAB_STEP,
    BIDE__CHUNK_BLOCKS = BIDE__CHUNK_SIZE / 128, /* at most: no task is smaller than 128 bytes */
};

struct bide__chunk {
    struct bide__hub *hub; /* whose tasks these are; constant */
    struct bide__chunk *next, *previous;
    uint32_t first;      /* offset of the first block */
    uint32_t block_size; /* 0: one block, with the rest of `size` */
    uint32_t class;
    uint32_t count; /* blocks that were handed out at least once */
    uint32_t room;  /* blocks in all */
    size_t size;    /* of the chunk */
    /* A bit for each block: what other threads asked of the task in it; under the hub's mutex.
     * `marked`: there is one; written under it. */
    _Atomic uint32_t marked;
    uint64_t aborts[BIDE__CHUNK_BLOCKS / 64];
    uint64_t releases[BIDE__CHUNK_BLOCKS / 64];
};

/* What the slab sees of a block, whoever uses it. */
struct __attribute__((may_alias)) bide__block {
    void *used; /* NULL: it is free */
    void *pad[2];
    struct bide__block *next;
};

struct bide__slab {
    struct bide__hub *hub;
    struct bide__chunk *chunks;
    struct bide__block *free[BIDE__SLAB_CLASSES];
    struct bide__chunk *fresh[BIDE__SLAB_CLASSES]; /* has blocks that were never used */
};

static inline struct bide__chunk *bide__chunk_of(const void *block)
{
    return (struct bide__chunk *)((uintptr_t)block & ~(uintptr_t)(BIDE__CHUNK_SIZE - 1));
}

/* ---- free blocks are poisoned for AddressSanitizer ---- */

#ifndef BIDE__ASAN
#define __asan_poison_memory_region(p, size)   ((void)(p), (void)(size))
#define __asan_unpoison_memory_region(p, size) ((void)(p), (void)(size))
#endif

/* ---- blocks ---- */

void *bide__slab_new_slow(struct bide__slab *slab, size_t *size, size_t align, size_t offset);
void bide__slab_free_slow(struct bide__slab *slab, void *block);

/*
 * A block of at least *size bytes, and *size becomes what there is. `offset` bytes after its start
 * it is aligned to `align`, a power of two up to 16384. NULL: no memory.
 */
static inline void *bide__slab_new(struct bide__slab *slab, size_t *size, size_t align,
                                   size_t offset)
{
    size_t n = (*size + BIDE__SLAB_UNIT - 1) / BIDE__SLAB_UNIT;
    if (__builtin_expect(n - 1 >= BIDE__SLAB_SMALL || align > BIDE__SLAB_UNIT, 0))
        return bide__slab_new_slow(slab, size, align, offset);
    struct bide__block *b = slab->free[n - 1];
    if (__builtin_expect(b == NULL, 0))
        return bide__slab_new_slow(slab, size, align, offset);
    slab->free[n - 1] = b->next;
    /* The next block to be asked for may have left the cache. */
    __builtin_prefetch(b->next, 1);
    *size = n * BIDE__SLAB_UNIT;
    __asan_unpoison_memory_region(b, *size);
    return b;
}

static inline void bide__slab_free(struct bide__slab *slab, void *block)
{
    struct bide__chunk *c = bide__chunk_of(block);
    struct bide__block *b = block;
    if (__builtin_expect(c->block_size == 0, 0)) {
        bide__slab_free_slow(slab, block);
        return;
    }
    b->used = NULL;
    b->next = slab->free[c->class];
    slab->free[c->class] = b;
    __asan_poison_memory_region(b + 1, c->block_size - sizeof(*b));
}

/* Calls f for every block in use. f may free that block. */
void bide__slab_each(struct bide__slab *slab, void (*f)(void *block, void *argument),
                     void *argument);

/* Frees all chunks. */
void bide__slab_end(struct bide__slab *slab);

/* The number of a block in its chunk. */
static inline uint32_t bide__chunk_index(const struct bide__chunk *chunk, const void *block)
{
    if (chunk->block_size == 0)
        return 0;
    return (uint32_t)((size_t)((const char *)block - (const char *)chunk) - chunk->first) /
           chunk->block_size;
}

static inline void *bide__chunk_block(struct bide__chunk *chunk, uint32_t index)
{
    return (char *)chunk + chunk->first + (size_t)index * chunk->block_size;
}

#endif
