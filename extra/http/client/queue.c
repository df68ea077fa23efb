/*
 * queue.c: bytes that wait between curl and the program. There is one piece of memory, which is
 * moved to its beginning when there is no room at its end.
 */
#include "internal.h"

int bide__http_queue_add(struct bide__http_queue *q, const void *data, size_t size)
{
    if (size > q->capacity - q->size) {
        size_t capacity = q->size + size;
        if (capacity < BIDE__HTTP_QUEUE_MAX)
            capacity = BIDE__HTTP_QUEUE_MAX;
        char *larger = bide__alloc(capacity);
        if (larger == NULL)
            return -ENOMEM;
        if (q->size > 0)
            memcpy(larger, q->data + q->first, q->size);
        bide__free(q->data, q->capacity);
        q->data = larger;
        q->capacity = capacity;
        q->first = 0;
    } else if (size > q->capacity - q->size - q->first) {
        memmove(q->data, q->data + q->first, q->size);
        q->first = 0;
    }
    if (size > 0)
        memcpy(q->data + q->first + q->size, data, size);
    q->size += size;
    return 0;
}

size_t bide__http_queue_take(struct bide__http_queue *q, void *to, size_t size)
{
    if (size > q->size)
        size = q->size;
    if (size > 0)
        memcpy(to, q->data + q->first, size);
    q->size -= size;
    q->first = q->size == 0 ? 0 : q->first + size;
    return size;
}

void bide__http_queue_free(struct bide__http_queue *q)
{
    bide__free(q->data, q->capacity);
    *q = (struct bide__http_queue){0};
}
