/*
 * memory.h: blocks of memory for tasks and for segments of chains.
 *
 * Requires the door. Establishes that a wake or a spawn in a program that has warmed up allocates
 * nothing: what was freed is kept for the next block of its size.
 *
 * *The slab* takes the blocks of a size class from *chunks* of 64 KiB, aligned to their size, so
 * that the chunk of a block follows from its address. A chunk first hands out its blocks in order,
 * and has a list of those that were freed. A class has a list of the chunks that have room, and
 * takes all blocks from the first one, its *head*. A chunk that is full is in no list until a block
 * of it is freed. A block that is larger than BIDE__SLAB_MAX, or aligned to more than 32, gets a
 * chunk of its own, which is freed with it.
 *
 * *Memory comes back.* When the last block of a chunk is freed, the chunk goes back to the system.
 * Two things stay, so that a program whose tasks come and go does not ask the system each time: the
 * head of each class, and some empty chunks for whichever class needs one next. Of these all slabs
 * of a runtime together keep BIDE__SLAB_SPARE at most (`spares_all`).
 *
 * Blocks are aligned to 32. Their sizes are multiples of 32 up to 2 KiB, and of 64 above, so that a
 * task that keeps a buffer wastes little.
 *
 * The first word of a block must not be NULL while the block is in use, and its user sees to that;
 * the slab sets the word to NULL when the block is freed. So tasks need no list: bide__slab_each
 * finds them.
 *
 * Threads: a slab is its owner's alone (see task/task.h). Other threads may read a chunk's constant
 * fields and use its marks, and give a block back by bide__slab_free_remote: it goes to a list,
 * which the owner empties when a class runs dry, and from time to time. So only the owner frees
 * blocks. An owner that sleeps does not, so a worker that has given back BIDE__GAVE_BACK bytes
 * wakes those that have such lists. AddressSanitizer sees free blocks as poisoned.
 */
#ifndef BIDE_RUNTIME_MEMORY_H
#define BIDE_RUNTIME_MEMORY_H

#include "runtime/leaf.h"

#include <stdatomic.h>

struct bide__hub;

enum {
    BIDE__CHUNK_SIZE = BIDE__DOOR_PAGES,
    BIDE__SLAB_MAX = 16384,
    BIDE__SLAB_UNIT = 32,
    BIDE__SLAB_SMALL = 64, /* classes for sizes up to BIDE__SLAB_FINE */
    BIDE__SLAB_FINE = BIDE__SLAB_SMALL * BIDE__SLAB_UNIT,
    BIDE__SLAB_STEP = 64, /* above */
    BIDE__SLAB_CLASSES = BIDE__SLAB_SMALL + (BIDE__SLAB_MAX - BIDE__SLAB_FINE) / BIDE__SLAB_STEP,
    BIDE__CHUNK_BLOCKS = BIDE__CHUNK_SIZE / 128, /* at most: no task is smaller than 128 bytes */
    BIDE__SLAB_SPARE = 32,                       /* 2 MiB: the chunks of some 10,000 small tasks */
    BIDE__GAVE_BACK = 4 * BIDE__CHUNK_SIZE,
};

struct bide__chunk {
    /* What other threads may read, which they do at each wake. */
    struct bide__hub *hub;   /* of the tasks in it, and */
    struct bide__slab *slab; /* whose it is; both constant */
    uint32_t first;          /* offset of the first block */
    uint32_t block_size;     /* 0: one block, with the rest of `size` */
    uint32_t class;
    uint32_t room; /* blocks in all */
    size_t size;   /* of the chunk */
    /* `marked` is set if a bit below is; it is written under the hub's mutex. */
    _Atomic uint32_t marked;

    struct bide__chunk *next, *previous; /* all of the slab */

    /* What changes when a block comes or goes. */
    struct bide__block *free;   /* that were used before, the latest first */
    uint32_t used;              /* blocks in use, and one for each hold */
    uint32_t look;              /* when `used` falls to this, the chunk changes its list */
    struct bide__gauge *gauges; /* task/gauge.h: one for each block. Read by any thread; or NULL */
    uint32_t count;             /* blocks that were ever in use or in `free` */
    struct bide__chunk *ready_next, *ready_previous; /* of its class, or the spare ones */

    /* A bit for each block: what other threads ask of the task in it; under the hub's mutex. */
    uint64_t aborts[BIDE__CHUNK_BLOCKS / 64];
    uint64_t releases[BIDE__CHUNK_BLOCKS / 64];
};

/* The part of a block that the slab reads, whatever the block is used for. */
struct __attribute__((may_alias)) bide__block {
    void *used; /* NULL: it is free */
    void *pad[2];
    struct bide__block *next;
};

struct bide__slab {
    struct bide__hub *hub;
    size_t blocks;           /* in use, those on the list `remote` too */
    unsigned home;           /* the number of its worker, for tasks that stay with it */
    struct bide__slab *next; /* in the hub */
    _Atomic(struct bide__block *) remote;          /* given back by other threads */
    struct bide__chunk *chunks;                    /* all */
    struct bide__chunk *ready[BIDE__SLAB_CLASSES]; /* have room; the first one is the head */
    struct bide__chunk *spare;                     /* empty, and of no class */
    uint32_t spares;
    _Atomic uint32_t *spares_all; /* of all slabs of the runtime; NULL: it is alone */
};

static inline struct bide__chunk *bide__chunk_of(const void *block)
{
    return (struct bide__chunk *)((uintptr_t)block & ~(uintptr_t)(BIDE__CHUNK_SIZE - 1));
}

/* The size of a block in use. */
static inline size_t bide__block_bytes(const void *block)
{
    const struct bide__chunk *chunk = bide__chunk_of(block);
    return chunk->block_size > 0 ? chunk->block_size : chunk->size;
}

/* ---- free blocks are poisoned for AddressSanitizer ---- */

#ifndef BIDE__ASAN
#define __asan_poison_memory_region(p, size)   ((void)(p), (void)(size))
#define __asan_unpoison_memory_region(p, size) ((void)(p), (void)(size))
#endif

/* ---- blocks ---- */

void *bide__slab_new_slow(struct bide__slab *slab, size_t *size, size_t align, size_t offset);

/*
 * Returns a block of at least *size bytes, and stores its real size in *size. The address `offset`
 * bytes after its start is aligned to `align`, a power of two up to 16384. NULL: no memory.
 */
static inline void *bide__slab_new(struct bide__slab *slab, size_t *size, size_t align,
                                   size_t offset)
{
    size_t n = (*size + BIDE__SLAB_UNIT - 1) / BIDE__SLAB_UNIT;
    if (__builtin_expect(n - 1 >= BIDE__SLAB_SMALL || align > BIDE__SLAB_UNIT, 0))
        return bide__slab_new_slow(slab, size, align, offset);
    struct bide__chunk *c = slab->ready[n - 1];
    if (__builtin_expect(c == NULL || c->free == NULL, 0))
        return bide__slab_new_slow(slab, size, align, offset);
    struct bide__block *b = c->free;
    c->free = b->next;
    c->used++;
    slab->blocks++;
    /* The next block to be asked for may have left the cache. */
    __builtin_prefetch(b->next, 1);
    *size = n * BIDE__SLAB_UNIT;
    __asan_unpoison_memory_region(b, *size);
    return b;
}

/*
 * What a console counts of the task in a block (task/gauge.h). The owner makes the gauges of a
 * chunk; they go with it, or when it is empty. NULL: no memory, or nobody has made them. A block
 * that is freed begins anew.
 */
struct bide__gauge {
    _Atomic uint64_t polls, yields, busy_ns;
    _Atomic int64_t seen_ns; /* the time of the first look at it; 0: there was none */
};
struct bide__gauge *bide__chunk_gauges(struct bide__chunk *chunk);
void bide__chunk_gauge_clear(struct bide__chunk *chunk, const void *block);

/* `used` of the chunk has fallen to `look`. */
void bide__chunk_look(struct bide__slab *slab, struct bide__chunk *chunk);

static inline void bide__slab_free(struct bide__slab *slab, void *block)
{
    struct bide__chunk *c = bide__chunk_of(block);
    struct bide__block *b = block;
    if (__builtin_expect(c->gauges != NULL, 0))
        bide__chunk_gauge_clear(c, block);
    b->used = NULL;
    b->next = c->free;
    c->free = b;
    slab->blocks--;
    __asan_poison_memory_region(b + 1, (c->block_size > 0 ? c->block_size : c->size - c->first) -
                                           sizeof(*b));
    if (__builtin_expect(--c->used == c->look, 0))
        bide__chunk_look(slab, c);
}

/* Any thread but the owner: gives a block back. */
void bide__slab_free_remote(void *block);

/* Owner: takes what other threads have given back. */
void bide__slab_drain_slow(struct bide__slab *slab);

static inline void bide__slab_drain(struct bide__slab *slab)
{
    if (__builtin_expect(atomic_load_explicit(&slab->remote, memory_order_relaxed) != NULL, 0))
        bide__slab_drain_slow(slab);
}

/* A chunk that is held stays, even if all its blocks are freed. */
static inline void bide__chunk_hold(struct bide__chunk *chunk)
{
    chunk->used++;
}

static inline void bide__chunk_let_go(struct bide__slab *slab, struct bide__chunk *chunk)
{
    if (--chunk->used == chunk->look)
        bide__chunk_look(slab, chunk);
}

/* Calls f for every block in use. f may free the block that it is called for, and others. */
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

/* ---- segments, segment.c ---- */

enum { BIDE__BIG_SEGMENTS = 16 };

/* A worker's segments. */
struct bide__segments {
    struct bide__slab slab;
    struct {
        void *p;
        size_t size;
    } big[BIDE__BIG_SEGMENTS]; /* too large for the slab, and kept */
    uint32_t big_count;
};

/* Memory for the chains that run on this thread. */
extern const struct bide_memory bide__memory;

/* Frees them all. */
void bide__segments_end(struct bide__segments *segments);

/*
 * A reserve is for the leaf that ends an object, whose await must not fail for want of memory. The
 * object keeps a segment for a frame of `frame_size` bytes from its beginning on (any thread; NULL:
 * no memory). The start of the leaf lends it to the chain that awaits before it pushes the frame,
 * which then finds room; *reserve becomes NULL if the reserve was needed. Otherwise it is freed
 * with the object.
 */
struct bide_segment *bide__reserve_new(size_t frame_size);
void bide__reserve_lend(struct bide_cx *cx, struct bide_segment **reserve);
void bide__reserve_free(struct bide_segment *reserve);

#endif
