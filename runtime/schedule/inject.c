/*
 * inject.c: queues of tasks that any thread may push to; see multi.h.
 *
 * A list under a mutex. Its count can be read without the mutex, so that a worker that finds it
 * empty pays for one load.
 */
#include "runtime/schedule/multi.h"

void bide__inject_init(struct bide__inject *inject)
{
    inject->queue = (struct bide__queue){NULL, NULL};
    atomic_init(&inject->count, 0);
    pthread_mutex_init(&inject->mutex, NULL);
}

void bide__inject_end(struct bide__inject *inject)
{
    pthread_mutex_destroy(&inject->mutex);
}

/* With the mutex. */
static void add(struct bide__inject *inject, size_t n)
{
    size_t count = atomic_load_explicit(&inject->count, memory_order_relaxed);
    atomic_store_explicit(&inject->count, count + n, memory_order_release);
}

void bide__inject_push(struct bide__inject *inject, struct bide__task *task)
{
    pthread_mutex_lock(&inject->mutex);
    bide__queue_push(&inject->queue, task);
    add(inject, 1);
    pthread_mutex_unlock(&inject->mutex);
}

void bide__inject_append(struct bide__inject *inject, struct bide__queue *list)
{
    size_t n = 0;

    if (list->first == NULL)
        return;
    for (const struct bide__task *task = list->first; task != NULL; task = task->wake.next)
        n++;
    pthread_mutex_lock(&inject->mutex);
    bide__queue_append(&inject->queue, list);
    add(inject, n);
    pthread_mutex_unlock(&inject->mutex);
}

struct bide__task *bide__inject_pop(struct bide__inject *inject, size_t more,
                                    struct bide__queue *rest)
{
    struct bide__task *next;

    if (bide__inject_count(inject) == 0)
        return NULL;
    pthread_mutex_lock(&inject->mutex);
    struct bide__task *task = bide__queue_pop(&inject->queue);
    size_t taken = task != NULL;
    for (; taken > 0 && more > 0 && (next = bide__queue_pop(&inject->queue)) != NULL; more--) {
        bide__queue_push(rest, next);
        taken++;
    }
    add(inject, -taken);
    pthread_mutex_unlock(&inject->mutex);
    return task;
}
