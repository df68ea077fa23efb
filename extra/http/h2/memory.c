/*
 * memory.c: the memory of nghttp2, and buffers.
 *
 * nghttp2 takes a dozen small blocks for each request and gives them back soon. So a session keeps
 * what was given back, in lists by size, for the next request: then a request takes nothing from
 * the door. A block begins with the size of its class, or with its own if it is too large for one.
 * What is kept has a limit.
 *
 * If nghttp2 1.52 has no memory to let its queue of streams that send grow, it frees an item that a
 * stream still has. Nothing but queues asks for another size of what it has, so for that there is a
 * reserve, which is large enough for all streams that there may be.
 * With the address sanitizer nothing is kept, so that it sees each use of
 * a block that was given back.
 */
#include "extra/http/h2/inside.h"

enum { SMALLEST = 64, KEPT_MAX = 64 * 1024 };

#ifdef BIDE__ASAN
enum { KEEPS = 0 };
#else
enum { KEEPS = 1 };
#endif

struct block {
    size_t size; /* of all, with this */
    _Alignas(max_align_t) char data[];
};

static struct block *block_of(void *data)
{
    return (struct block *)(void *)((char *)data - offsetof(struct block, data));
}

/* The class of blocks of at least `size` bytes; BIDE__H2_CLASSES: there is none. */
static unsigned class_of(size_t size)
{
    unsigned class = 0;
    while (class < BIDE__H2_CLASSES && (size_t)SMALLEST << class < size)
        class ++;
    return class;
}

static void *take(size_t wanted, void *memory)
{
    struct bide__h2_memory *m = memory;
    size_t size = wanted + sizeof(struct block);
    struct block *b;

    if (wanted > SIZE_MAX / 2)
        return NULL;
    unsigned class = class_of(size);
    if (class < BIDE__H2_CLASSES) {
        size = (size_t)SMALLEST << class;
        struct bide__h2_free *spare = m->spare[class];
        if (spare != NULL) {
            m->spare[class] = spare->next;
            m->spare_bytes -= size;
            return spare;
        }
    }
    b = bide__alloc(size);
    if (b == NULL)
        return NULL;
    b->size = size;
    return b->data;
}

static void give(void *data, void *memory)
{
    struct bide__h2_memory *m = memory;

    if (data == NULL)
        return;
    if (data == m->reserve) {
        m->is_reserved = true;
        return;
    }
    struct block *b = block_of(data);
    unsigned class = class_of(b->size);
    if (KEEPS && class < BIDE__H2_CLASSES && m->spare_bytes + b->size <= KEPT_MAX) {
        struct bide__h2_free *spare = data;
        spare->next = m->spare[class];
        m->spare[class] = spare;
        m->spare_bytes += b->size;
        return;
    }
    bide__free(b, b->size);
}

static void *take_zeroes(size_t count, size_t size, void *memory)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *data = take(bytes, memory);
    if (data != NULL)
        memset(data, 0, bytes);
    return data;
}

/* For the queue, if there is nothing else. */
static void *take_reserve(struct bide__h2_memory *m, size_t size)
{
    if (!m->is_reserved || size > block_of(m->reserve)->size - sizeof(struct block))
        return NULL;
    m->is_reserved = false;
    return m->reserve;
}

static void *take_again(void *old, size_t size, void *memory)
{
    size_t room = old == NULL ? 0 : block_of(old)->size - sizeof(struct block);

    if (old != NULL && size <= room)
        return old;
    void *data = take(size, memory);
    if (data == NULL)
        data = take_reserve(memory, size);
    if (data == NULL || old == NULL)
        return data;
    memcpy(data, old, room);
    give(old, memory);
    return data;
}

int bide__h2_memory_begin(struct bide__h2_memory *m, uint32_t streams_max)
{
    size_t most = 4096, streams = streams_max < most ? streams_max : most;

    *m = (struct bide__h2_memory){.mem = {m, take, give, take_zeroes, take_again}};
    m->reserve = take((2 * streams + 4) * sizeof(void *), m);
    m->is_reserved = m->reserve != NULL;
    return m->is_reserved ? 0 : -ENOMEM;
}

void bide__h2_memory_end(struct bide__h2_memory *m)
{
    void *reserve = m->reserve;

    m->reserve = NULL;
    give(reserve, m);
    bide__h2_memory_trim(m);
}

void bide__h2_memory_trim(struct bide__h2_memory *m)
{
    for (unsigned class = 0; class < BIDE__H2_CLASSES; class ++) {
        struct bide__h2_free *spare;
        while ((spare = m->spare[class]) != NULL) {
            m->spare[class] = spare->next;
            struct block *b = block_of(spare);
            bide__free(b, b->size);
        }
    }
    m->spare_bytes = 0;
}

/* ---- buffers ---- */

enum { BUFFER_FIRST = 1024 };

int bide__h2_buffer_reserve(struct bide__h2_buffer *b, size_t size)
{
    size_t used = bide__h2_buffer_size(b), room = b->room;

    if (b->room - b->end >= size)
        return 0;
    if (b->room - used >= size) {
        memmove(b->data, b->data + b->begin, used);
        b->begin = 0;
        b->end = used;
        return 0;
    }
    if (room < BUFFER_FIRST)
        room = BUFFER_FIRST;
    while (room - used < size)
        room *= 2;
    char *data = bide__alloc(room);
    if (data == NULL)
        return -ENOMEM;
    if (used > 0)
        memcpy(data, b->data + b->begin, used);
    bide__free(b->data, b->room);
    *b = (struct bide__h2_buffer){data, 0, used, room};
    return 0;
}

int bide__h2_buffer_add(struct bide__h2_buffer *b, const void *data, size_t size)
{
    int rc = bide__h2_buffer_reserve(b, size);

    if (rc < 0 || size == 0)
        return rc;
    memcpy(b->data + b->end, data, size);
    b->end += size;
    return 0;
}

void bide__h2_buffer_free(struct bide__h2_buffer *b)
{
    bide__free(b->data, b->room);
    *b = (struct bide__h2_buffer){0};
}
