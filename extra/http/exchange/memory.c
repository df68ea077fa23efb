/*
 * exchange/memory.c: memory that lives as long as an exchange, and its life.
 *
 * An exchange allocates from the room that the connection has given it, and then from chunks, each
 * twice as large as the one before, up to a limit; what is larger has a chunk of its own. Nothing
 * is given back before the end. So a request that needs little allocates nothing.
 */
#include "extra/http/exchange/exchange.h"

enum { ALIGN = 16, CHUNK_MIN = 4096, CHUNK_MAX = 64 * 1024 };

struct bide__http_chunk {
    struct bide__http_chunk *next;
    size_t size; /* of all of it */
    _Alignas(ALIGN) char data[];
};

static size_t chunk_size(const bide_http_exchange *x, size_t size)
{
    size_t usual = x->chunks == NULL ? CHUNK_MIN : x->chunks->size * 2;
    if (usual > CHUNK_MAX)
        usual = CHUNK_MAX;
    return size > usual - sizeof(struct bide__http_chunk) ? size + sizeof(struct bide__http_chunk)
                                                          : usual;
}

static void *alloc_in_chunk(bide_http_exchange *x, size_t size)
{
    size_t whole = chunk_size(x, size);
    struct bide__http_chunk *chunk = bide__alloc(whole);
    if (chunk == NULL)
        return NULL;
    chunk->next = x->chunks;
    chunk->size = whole;
    x->chunks = chunk;
    char *end = (char *)chunk + whole, *rest = chunk->data + size;
    if (end - rest > x->room_end - x->room) {
        x->room = rest;
        x->room_end = end;
    }
    return chunk->data;
}

void *bide_http_alloc(bide_http_exchange *x, size_t size)
{
    if (size > PTRDIFF_MAX / 2)
        return NULL;
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (size > (size_t)(x->room_end - x->room))
        return alloc_in_chunk(x, size);
    void *p = x->room;
    x->room += size;
    return p;
}

char *bide__http_copy(bide_http_exchange *x, const char *text, size_t size)
{
    char *copy = bide_http_alloc(x, size + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

void bide__http_exchange_begin(bide_http_exchange *x, const struct bide__http_ops *ops,
                               void *connection, const struct bide__http_settings *settings,
                               void *room, size_t room_size)
{
    *x = (bide_http_exchange){.ops = ops,
                              .connection = connection,
                              .settings = settings,
                              .gone_policy_news = BIDE_NOTIFY_INIT};
    x->body.max = settings->o.body_bytes_max;
    x->body.ended = true;
    x->reply.length = -1;
    x->state = settings->o.state;
    char *begin = (char *)(((uintptr_t)room + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
    x->room = begin;
    x->room_end = begin + ((size_t)((char *)room + room_size - begin) & ~(size_t)(ALIGN - 1));
}

static void free_body(bide_http_exchange *x)
{
    bide__free(x->body.all, x->body.all_room);
    x->body.all = NULL;
}

struct bide__http_at_end {
    struct bide__http_at_end *next;
    void (*call)(void *argument);
    void *argument;
};

int bide__http_at_end(bide_http_exchange *x, void (*call)(void *argument), void *argument)
{
    struct bide__http_at_end *end = bide_http_alloc(x, sizeof *end);
    if (end == NULL)
        return -ENOMEM;
    *end = (struct bide__http_at_end){x->at_end, call, argument};
    x->at_end = end;
    return 0;
}

void bide__http_exchange_end(bide_http_exchange *x)
{
    if (__builtin_expect(x->meter != NULL, 0))
        bide__http_meter_end(x);
    for (; x->at_end != NULL; x->at_end = x->at_end->next)
        x->at_end->call(x->at_end->argument);
    if (x->reply.release != NULL)
        x->reply.release(x->reply.release_argument);
    x->reply.release = NULL;
    free_body(x);
    for (struct bide__http_chunk *next; x->chunks != NULL; x->chunks = next) {
        next = x->chunks->next;
        bide__free(x->chunks, x->chunks->size);
    }
    x->room = x->room_end = NULL;
}
