/*
 * slab.c: see memory.h.
 */
#include "runtime/memory/memory.h"

enum { FRESH_BYTES = 4096 };

/* Values of `look`, of a chunk that is not full. */
enum {
    LOOK_EMPTY = 0,          /* it is in the list, and not the head */
    LOOK_NEVER = UINT32_MAX, /* it is the head */
};

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) & ~(unit - 1);
}

/* The class of a size up to BIDE__SLAB_MAX, and the size of its blocks. */
static unsigned class_of(size_t size, size_t *block_size)
{
    if (size <= BIDE__SLAB_FINE) {
        unsigned n = size <= BIDE__SLAB_UNIT ? 1 : (unsigned)((size + 31) / BIDE__SLAB_UNIT);
        *block_size = (size_t)n * BIDE__SLAB_UNIT;
        return n - 1;
    }
    unsigned n = (unsigned)((size - BIDE__SLAB_FINE + BIDE__SLAB_STEP - 1) / BIDE__SLAB_STEP);
    *block_size = BIDE__SLAB_FINE + (size_t)n * BIDE__SLAB_STEP;
    return BIDE__SLAB_SMALL + n - 1;
}

/* ---- chunks ---- */

static struct bide__chunk *chunk_new(struct bide__slab *slab, size_t size)
{
    struct bide__chunk *c = bide__door.alloc(size, BIDE__CHUNK_SIZE);
    if (c == NULL)
        return NULL;
    memset(c, 0, sizeof(*c));
    c->slab = slab;
    c->hub = slab->hub;
    c->size = size;
    c->next = slab->chunks;
    if (c->next != NULL)
        c->next->previous = c;
    slab->chunks = c;
    return c;
}

/* No task is in it, so no other thread looks at its gauges. */
static void drop_gauges(struct bide__chunk *c)
{
    if (c->gauges != NULL)
        bide__free(c->gauges, (c->block_size > 0 ? c->room : 1) * sizeof(*c->gauges));
    c->gauges = NULL;
}

static void chunk_free(struct bide__slab *slab, struct bide__chunk *c)
{
    drop_gauges(c);
    if (c->next != NULL)
        c->next->previous = c->previous;
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        slab->chunks = c->next;
    __asan_unpoison_memory_region(c, c->size);
    bide__door.free(c, c->size);
}

/* An empty chunk. */
static struct bide__chunk *chunk_take(struct bide__slab *slab)
{
    struct bide__chunk *c = slab->spare;
    if (c == NULL)
        return chunk_new(slab, BIDE__CHUNK_SIZE);
    drop_gauges(c); /* each chunk gets some, and the blocks of its next class differ */
    slab->spare = c->ready_next;
    slab->spares--;
    if (slab->spares_all != NULL)
        atomic_fetch_sub_explicit(slab->spares_all, 1, memory_order_relaxed);
    return c;
}

/* May it keep one more empty chunk? Then that is counted. */
static bool may_keep(struct bide__slab *slab)
{
    if (slab->spares_all == NULL)
        return slab->spares < BIDE__SLAB_SPARE;
    if (atomic_fetch_add_explicit(slab->spares_all, 1, memory_order_relaxed) < BIDE__SLAB_SPARE)
        return true;
    atomic_fetch_sub_explicit(slab->spares_all, 1, memory_order_relaxed);
    return false;
}

static void chunk_give_back(struct bide__slab *slab, struct bide__chunk *c)
{
    if (!may_keep(slab)) {
        chunk_free(slab, c);
        return;
    }
    drop_gauges(c);
    c->free = NULL;
    c->count = 0;
    c->look = LOOK_NEVER; /* a walk holds it too */
    c->ready_next = slab->spare;
    slab->spare = c;
    slab->spares++;
}

/* ---- a class's chunks that have room ---- */

static void ready_push(struct bide__slab *slab, struct bide__chunk *c)
{
    c->look = LOOK_NEVER;
    c->ready_next = c->ready_previous = NULL;
    slab->ready[c->class] = c;
}

/* After the head, which stays the head as long as it has room. */
static void ready_add(struct bide__slab *slab, struct bide__chunk *c)
{
    struct bide__chunk *head = slab->ready[c->class];
    if (head == NULL) {
        ready_push(slab, c);
        return;
    }
    c->look = LOOK_EMPTY;
    c->ready_previous = head;
    c->ready_next = head->ready_next;
    if (c->ready_next != NULL)
        c->ready_next->ready_previous = c;
    head->ready_next = c;
}

/* Not the head. */
static void ready_remove(struct bide__chunk *c)
{
    c->ready_previous->ready_next = c->ready_next;
    if (c->ready_next != NULL)
        c->ready_next->ready_previous = c->ready_previous;
}

/* The head is full: when a block of it is freed, it comes back into the list. */
static void ready_pop(struct bide__slab *slab, struct bide__chunk *head)
{
    struct bide__chunk *c = head->ready_next;
    head->look = head->room - 1;
    slab->ready[head->class] = c;
    if (c != NULL) {
        c->look = LOOK_NEVER;
        c->ready_previous = NULL;
    }
}

void bide__chunk_look(struct bide__slab *slab, struct bide__chunk *c)
{
    if (c->block_size == 0) {
        chunk_free(slab, c);
    } else if (c->look != LOOK_EMPTY) {
        ready_add(slab, c);
    } else {
        ready_remove(c);
        chunk_give_back(slab, c);
    }
}

/* ---- blocks ---- */

static void *large_new(struct bide__slab *slab, size_t *size, size_t align, size_t offset)
{
    size_t first = round_up(sizeof(struct bide__chunk) + offset, align) - offset;
    if (*size > SIZE_MAX / 2 || align > BIDE__SLAB_MAX)
        return NULL;
    *size = round_up(*size, BIDE__SLAB_UNIT);
    struct bide__chunk *c = chunk_new(slab, first + *size);
    if (c == NULL)
        return NULL;
    c->first = (uint32_t)first;
    c->count = c->room = c->used = 1;
    slab->blocks++;
    return bide__chunk_block(c, 0);
}

static struct bide__chunk *class_chunk(struct bide__slab *slab, unsigned class, size_t block_size)
{
    struct bide__chunk *c = chunk_take(slab);
    if (c == NULL)
        return NULL;
    c->first = (uint32_t)round_up(sizeof(*c), BIDE__SLAB_UNIT);
    c->block_size = (uint32_t)block_size;
    c->class = class;
    c->room = (uint32_t)((BIDE__CHUNK_SIZE - c->first) / block_size);
    if (c->room > BIDE__CHUNK_BLOCKS)
        c->room = BIDE__CHUNK_BLOCKS;
    ready_push(slab, c);
    __asan_poison_memory_region((char *)c + c->first, BIDE__CHUNK_SIZE - c->first);
    return c;
}

/* Puts blocks that were never used into the list, those of a page, so that most blocks come from
 * there. */
static void add_fresh(struct bide__chunk *c)
{
    uint32_t n = FRESH_BYTES / c->block_size + 1;
    if (n > c->room - c->count)
        n = c->room - c->count;
    struct bide__block **end = &c->free;
    for (; n > 0; n--) {
        struct bide__block *b = bide__chunk_block(c, c->count++);
        __asan_unpoison_memory_region(b, sizeof(*b));
        b->used = NULL;
        *end = b;
        end = &b->next;
    }
    *end = NULL;
}

void *bide__slab_new_slow(struct bide__slab *slab, size_t *size, size_t align, size_t offset)
{
    if (align < BIDE__SLAB_UNIT)
        align = BIDE__SLAB_UNIT;
    if (*size > BIDE__SLAB_MAX || align > BIDE__SLAB_UNIT)
        return large_new(slab, size, align, offset);

    size_t block_size;
    unsigned class = class_of(*size, &block_size);
    bide__slab_drain(slab);
    struct bide__chunk *c = slab->ready[class];
    if (c != NULL && c->free == NULL && c->count == c->room) {
        ready_pop(slab, c);
        c = slab->ready[class];
    }
    if (c == NULL)
        c = class_chunk(slab, class, block_size);
    if (c == NULL)
        return NULL;
    if (c->free == NULL)
        add_fresh(c);
    struct bide__block *b = c->free;
    c->free = b->next;
    c->used++;
    slab->blocks++;
    *size = block_size;
    __asan_unpoison_memory_region(b, block_size);
    return b;
}

/* The rest of the block keeps what is in it until the owner takes it: a dump may look at it. */
void bide__slab_free_remote(void *block)
{
    struct bide__slab *slab = bide__chunk_of(block)->slab;
    struct bide__block *b = block;

    b->next = atomic_load_explicit(&slab->remote, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&slab->remote, &b->next, b, memory_order_release,
                                                  memory_order_relaxed))
        ;
}

void bide__slab_drain_slow(struct bide__slab *slab)
{
    struct bide__block *b = atomic_exchange_explicit(&slab->remote, NULL, memory_order_acquire);

    while (b != NULL) {
        struct bide__block *next = b->next;
        bide__slab_free(slab, b);
        b = next;
    }
}

void bide__slab_each(struct bide__slab *slab, void (*f)(void *block, void *argument),
                     void *argument)
{
    struct bide__chunk *next;
    for (struct bide__chunk *c = slab->chunks; c != NULL; c = next) {
        bide__chunk_hold(c);
        uint32_t count = c->count;
        for (uint32_t i = 0; i < count; i++) {
            struct bide__block *b = bide__chunk_block(c, i);
            if (b->used != NULL)
                f(b, argument);
        }
        next = c->next;
        bide__chunk_let_go(slab, c);
    }
}

struct bide__gauge *bide__chunk_gauges(struct bide__chunk *c)
{
    struct bide__gauge *gauges = c->gauges;
    size_t size = (c->block_size > 0 ? c->room : 1) * sizeof(*gauges);

    if (gauges != NULL)
        return gauges;
    gauges = bide__alloc(size);
    if (gauges != NULL)
        memset(gauges, 0, size);
    __atomic_store_n(&c->gauges, gauges, __ATOMIC_RELEASE);
    return gauges;
}

void bide__chunk_gauge_clear(struct bide__chunk *c, const void *block)
{
    struct bide__gauge *gauge = &c->gauges[bide__chunk_index(c, block)];

    atomic_store_explicit(&gauge->polls, 0, memory_order_relaxed);
    atomic_store_explicit(&gauge->yields, 0, memory_order_relaxed);
    atomic_store_explicit(&gauge->busy_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&gauge->seen_ns, 0, memory_order_relaxed);
}

void bide__slab_end(struct bide__slab *slab)
{
    while (slab->chunks != NULL)
        chunk_free(slab, slab->chunks);
}
