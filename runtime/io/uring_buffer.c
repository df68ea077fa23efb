/*
 * uring_buffer.c: the buffers of the driver over io_uring, into which the kernel receives; see
 * inside.h.
 *
 * The kernel takes a buffer from a ring when it has data for it, so a connection that waits has
 * none. The ring is registered, and the first buffers are made, before the first receive. There are
 * few at first, so that they stay in the cache. When more than half of them are out, or the kernel
 * has found none, there become twice as many, up to a bound.
 *
 * A buffer is filled by the kernel, which no sanitizer sees. Under AddressSanitizer it can be read
 * only between its event and the return.
 */
#ifdef BIDE__URING

#include "runtime/io/inside.h"

enum { PAGE = 4096 };

static size_t ring_size(const struct bide__uring_buffers *b)
{
    size_t size = b->at_most * sizeof(struct io_uring_buf);
    return size > PAGE ? size : PAGE;
}

/* Buffers of a chunk, and the number of its first one. */
static uint32_t chunk_count(const struct bide__uring_buffers *b, unsigned chunk)
{
    return chunk == 0 ? b->first : b->first << (chunk - 1);
}

static uint32_t chunk_begin(const struct bide__uring_buffers *b, unsigned chunk)
{
    return chunk == 0 ? 0 : b->first << (chunk - 1);
}

static size_t chunk_size(const struct bide__uring_buffers *b, unsigned chunk)
{
    return chunk_count(b, chunk) * (sizeof(struct bide__buffer) + BIDE__URING_BUFFER);
}

static struct bide__buffer *buffer_at(const struct bide__uring_buffers *b, uint32_t number)
{
    uint32_t of_first = number / b->first;
    unsigned chunk = of_first == 0 ? 0 : 32 - (unsigned)__builtin_clz(of_first);
    return &b->chunk[chunk].buffer[number - chunk_begin(b, chunk)];
}

static char *data_at(const struct bide__uring_buffers *b, uint32_t number)
{
    uint32_t of_first = number / b->first;
    unsigned chunk = of_first == 0 ? 0 : 32 - (unsigned)__builtin_clz(of_first);
    return b->chunk[chunk].data + (size_t)(number - chunk_begin(b, chunk)) * BIDE__URING_BUFFER;
}

static void add(struct bide__uring_buffers *b, uint32_t number, int n)
{
    char *p = data_at(b, number);
    bide__poison(p, p + BIDE__URING_BUFFER);
    io_uring_buf_ring_add(b->ring, p, BIDE__URING_BUFFER, (unsigned short)number,
                          io_uring_buf_ring_mask(b->at_most), n);
}

static bool add_chunk(struct bide__uring_buffers *b, unsigned chunk)
{
    uint32_t count = chunk_count(b, chunk);
    struct bide__buffer *buffer = bide__alloc(chunk_size(b, chunk));

    if (buffer == NULL)
        return false;
    b->chunk[chunk] = (struct bide__uring_chunk){buffer, (char *)(buffer + count)};
    for (uint32_t i = 0; i < count; i++)
        add(b, b->count + i, (int)i);
    b->count += count;
    io_uring_buf_ring_advance(b->ring, (int)count);
    return true;
}

static void free_ring(struct bide__uring_buffers *b)
{
    bide__free(b->ring, ring_size(b));
    b->ring = NULL;
}

static int begin(struct bide__uring *u)
{
    struct bide__uring_buffers *b = &u->buffers;

    if (b->ring == NULL) {
        b->ring = bide__door.alloc(ring_size(b), PAGE);
        if (b->ring == NULL)
            return -ENOMEM;
        memset(b->ring, 0, ring_size(b));
        struct io_uring_buf_reg reg = {.ring_addr = (uintptr_t)b->ring, .ring_entries = b->at_most};
        int r = bide__door.io_uring_register_buf_ring(&u->ring, &reg, 0);
        if (r < 0) {
            free_ring(b);
            return r == -ENOMEM ? r : -ENOSYS;
        }
        io_uring_buf_ring_init(b->ring);
    }
    return add_chunk(b, 0) ? 0 : -ENOMEM;
}

int bide__uring_buffers_need(struct bide__uring *u)
{
    int r = u->buffers.count > 0 ? 0 : begin(u);
    if (r == -ENOSYS)
        u->can &= ~(1U << BIDE__OP_RECEIVE);
    return r;
}

void bide__uring_buffers_grow(struct bide__uring *u)
{
    struct bide__uring_buffers *b = &u->buffers;
    unsigned chunk = 0;

    while (b->chunk[chunk].buffer != NULL)
        chunk++;
    if (b->count < b->at_most && chunk < BIDE__URING_CHUNKS - 1)
        (void)add_chunk(b, chunk);
}

struct bide__buffer *bide__uring_buffer_take(struct bide__uring *u, uint32_t number, size_t size)
{
    struct bide__uring_buffers *b = &u->buffers;
    struct bide__buffer *buffer = buffer_at(b, number);
    char *data = data_at(b, number);

    bide__unpoison(data, data + size);
    *buffer = (struct bide__buffer){.data = data, .size = (uint32_t)size, .number = number};
    if (++b->out * 2 > b->count)
        bide__uring_buffers_grow(u);
    return buffer;
}

void bide__uring_buffer_give_back(struct bide__uring *u, uint32_t number)
{
    struct bide__uring_buffers *b = &u->buffers;
    add(b, number, 0);
    io_uring_buf_ring_advance(b->ring, 1);
}

void bide__uring_buffers_end(struct bide__uring *u)
{
    struct bide__uring_buffers *b = &u->buffers;

    for (unsigned i = 0; i < BIDE__URING_CHUNKS && b->chunk[i].buffer != NULL; i++) {
        char *data = b->chunk[i].data;
        bide__unpoison(data, data + (size_t)chunk_count(b, i) * BIDE__URING_BUFFER);
        bide__free(b->chunk[i].buffer, chunk_size(b, i));
    }
    if (b->ring != NULL)
        free_ring(b);
}

#endif
