/*
 * heap.c: the heap of the program. A block that was freed is never used again in an execution, so
 * every access to it is seen. Each thread has a part of its own: the address of a block does not
 * depend on what other threads do.
 */
#include "inside.h"

#include <errno.h>
#include <sys/mman.h>

enum { PART = 8 << 20, UNIT = 8, GAP = 16 };
enum { NOTHING, LIVE, FREED, POISONED };

struct block {
    struct block *next;
    uintptr_t address;
    size_t size;
    uintptr_t made, freed; /* where */
    int number, thread, freed_by;
    bool live;
};

static char *heap;
static uint8_t *map; /* the state of each unit */
static struct block *blocks;
static size_t used_before[THREADS];

static bool is_heap(uintptr_t address)
{
    return address - (uintptr_t)heap < (uintptr_t)THREADS * PART;
}

static uint8_t *state_of(uintptr_t address)
{
    return &map[(address - (uintptr_t)heap) / UNIT];
}

static void *map_memory(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED)
        abort();
    return p;
}

void heap_begin(void)
{
    if (heap == NULL) {
        size_t size = (size_t)THREADS * PART;
        uintptr_t p = (uintptr_t)map_memory(size + PART);
        heap = (char *)((p + PART - 1) & ~(uintptr_t)(PART - 1)); /* as aligned as its blocks */
        map = map_memory(size / UNIT);
    }
    blocks = NULL;
    for (int i = 0; i < THREADS; i++) {
        memset(state_of((uintptr_t)heap + (size_t)i * PART), NOTHING, used_before[i] / UNIT + 1);
        used_before[i] = 0;
    }
}

void heap_save(void)
{
    for (int i = 0; i < THREADS; i++) {
        uintptr_t part = (uintptr_t)heap + (size_t)i * PART;
        snapshot_add((void *)part, used_before[i]);
        snapshot_add(state_of(part), used_before[i] / UNIT + 1);
    }
    snapshot_add(&blocks, sizeof(blocks));
    snapshot_add(used_before, sizeof(used_before));
}

static struct block *block_at(uintptr_t address)
{
    for (struct block *b = blocks; b != NULL; b = b->next)
        if (address - b->address < b->size)
            return b;
    return NULL;
}

static void *heap_new(size_t size, size_t align, uintptr_t pc)
{
    struct thread *t = run.current;
    if (t == NULL)
        return malloc(size);
    int id = thread_id(t), number = blocks != NULL ? blocks->number + 1 : 1;
    size = (size + UNIT - 1) & ~(size_t)(UNIT - 1);
    if (size == 0)
        size = UNIT;
    size_t offset = (t->heap_used + GAP + align - 1) & ~(align - 1);
    if (offset + size > PART)
        fail("the execution allocates too much for the explorer");
    t->heap_used = offset + size;
    used_before[id] = t->heap_used;
    uintptr_t p = (uintptr_t)heap + (size_t)id * PART + offset;
    memset((void *)p, 0xA5, size);
    memset(state_of(p), LIVE, size / UNIT);
    struct block *b = run_alloc(sizeof(*b));
    *b = (struct block){.next = blocks,
                        .address = p,
                        .size = size,
                        .made = pc,
                        .number = number,
                        .thread = id,
                        .live = true};
    blocks = b;
    trace(pc, "allocates %zu bytes: block %d", size, number);
    return (void *)p;
}

static void heap_free(void *p, uintptr_t pc)
{
    uintptr_t address = (uintptr_t)p;
    if (p == NULL)
        return;
    if (!is_heap(address)) {
        if (run.current == NULL)
            free(p);
        return;
    }
    struct block *b = block_at(address);
    if (b == NULL || b->address != address)
        fail("free of what is no block: %s at %s", name_of(address), place(pc));
    if (!b->live) {
        char first[256];
        snprintf(first, sizeof(first), "%s", place(b->freed));
        fail("block %d is freed twice: at %s and at %s", b->number, first, place(pc));
    }
    trace(pc, "frees block %d", b->number);
    plain_freed(address, b->size, pc);
    memset(state_of(address), FREED, b->size / UNIT);
    b->live = false;
    b->freed = pc;
    b->freed_by = thread_id(run.current);
}

void heap_check(uintptr_t address, size_t size, const char *what, uintptr_t pc)
{
    if (!is_heap(address))
        return;
    const uint8_t *state = state_of(address), *last = state_of(address + size - 1);
    for (; state <= last; state++) {
        if (*state == LIVE)
            continue;
        const struct block *b = block_at(address);
        if (b == NULL)
            fail("%s past the end of a block at %s", what, place(pc));
        char freed[256];
        snprintf(freed, sizeof(freed), "%s", place(b->freed));
        if (*state == POISONED)
            fail("%s of memory that is not in use: %s, at %s", what, name_of(address), place(pc));
        fail("%s of freed memory: %s, at %s; thread %d has freed it at %s", what, name_of(address),
             place(pc), b->freed_by, freed);
    }
}

const char *heap_name(uintptr_t address)
{
    static char text[64];
    const struct block *b = is_heap(address) ? block_at(address) : NULL;
    if (b == NULL)
        return NULL;
    snprintf(text, sizeof(text), "block %d+%zu", b->number, (size_t)(address - b->address));
    return text;
}

void heap_end(void)
{
    for (const struct block *b = blocks; b != NULL && !model->leaks; b = b->next)
        if (b->live)
            fail("block %d of %zu bytes is left, made by thread %d at %s", b->number, b->size,
                 b->thread, place(b->made));
}

/* ---- the calls ---- */

#define HERE ((uintptr_t)__builtin_return_address(0))

EXPORT void *__wrap_malloc(size_t size);
EXPORT void *__wrap_calloc(size_t count, size_t size);
EXPORT void *__wrap_realloc(void *p, size_t size);
EXPORT void __wrap_free(void *p);
EXPORT int __wrap_posix_memalign(void **out, size_t align, size_t size);
EXPORT void *__wrap_aligned_alloc(size_t align, size_t size);
EXPORT void __asan_poison_memory_region(const volatile void *p, size_t size);
EXPORT void __asan_unpoison_memory_region(const volatile void *p, size_t size);

void *__wrap_malloc(size_t size)
{
    return heap_new(size, 16, HERE);
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *p = heap_new(count * size, 16, HERE);
    memset(p, 0, count * size);
    return p;
}

void *__wrap_realloc(void *p, size_t size)
{
    void *q = heap_new(size, 16, HERE);
    if (p != NULL) {
        const struct block *b = block_at((uintptr_t)p);
        size_t old = b != NULL ? b->size : 0;
        memcpy(q, p, old < size ? old : size);
        heap_free(p, HERE);
    }
    return q;
}

void __wrap_free(void *p)
{
    heap_free(p, HERE);
}

int __wrap_posix_memalign(void **out, size_t align, size_t size)
{
    *out = heap_new(size, align, HERE);
    return 0;
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return heap_new(size, align, HERE);
}

/* An allocator in the program says which parts of its blocks are in use. */
static void mark(uintptr_t address, size_t size, uint8_t state, uintptr_t pc)
{
    uintptr_t first = (address + UNIT - 1) & ~(uintptr_t)(UNIT - 1), end = address + size;
    if (run.current == NULL || !is_heap(address))
        return;
    if (state == POISONED)
        plain_freed(address, size, pc);
    for (; first + UNIT <= end; first += UNIT)
        *state_of(first) = state;
}

void __asan_poison_memory_region(const volatile void *p, size_t size)
{
    mark((uintptr_t)p, size, POISONED, HERE);
}

void __asan_unpoison_memory_region(const volatile void *p, size_t size)
{
    mark((uintptr_t)p, size, LIVE, HERE);
}
