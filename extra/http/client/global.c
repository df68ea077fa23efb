/*
 * global.c: sets up libcurl once for the process, with the door's memory.
 *
 * To free a block, the door must be told its size, so each block begins with its size. libcurl is
 * never shut down: other parts of the program may use it, and the little memory that it keeps stays
 * reachable.
 */
#include "internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

static _Atomic unsigned shortages;
static _Atomic bool is_used; /* curl has allocated through these functions */

unsigned bide__http_shortages(void)
{
    return atomic_load_explicit(&shortages, memory_order_relaxed);
}

bool bide__http_counts_shortages(void)
{
    return atomic_load_explicit(&is_used, memory_order_relaxed);
}

struct block {
    size_t size;
    _Alignas(max_align_t) char data[];
};

static struct block *block_of(void *data)
{
    return (struct block *)(void *)((char *)data - offsetof(struct block, data));
}

static void *curl_malloc(size_t size)
{
    struct block *block = NULL;
    atomic_store_explicit(&is_used, true, memory_order_relaxed);
    if (size <= SIZE_MAX - sizeof *block)
        block = bide__alloc(sizeof *block + size);
    if (block == NULL) {
        atomic_fetch_add_explicit(&shortages, 1, memory_order_relaxed);
        return NULL;
    }
    block->size = size;
    return block->data;
}

static void curl_free_(void *data)
{
    if (data != NULL)
        bide__free(block_of(data), sizeof(struct block) + block_of(data)->size);
}

static void *curl_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *data = curl_malloc(bytes);
    if (data != NULL)
        memset(data, 0, bytes);
    return data;
}

static void *curl_realloc(void *old, size_t size)
{
    void *data = curl_malloc(size);
    if (data != NULL && old != NULL) {
        size_t old_size = block_of(old)->size;
        memcpy(data, old, old_size < size ? old_size : size);
        curl_free_(old);
    }
    return data;
}

static char *curl_strdup(const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = curl_malloc(size);
    return copy == NULL ? NULL : memcpy(copy, s, size);
}

int bide__http_global(void)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static bool done;
    pthread_mutex_lock(&mutex);
    if (!done)
        done = curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_free_, curl_realloc,
                                    curl_strdup, curl_calloc) == CURLE_OK;
    bool ok = done;
    pthread_mutex_unlock(&mutex);
    return ok ? 0 : -ENOMEM;
}
