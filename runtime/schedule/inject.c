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

void bide__inject_append(struct bide__inject *inject, struct bide__queue *list, size_t n)
{
    if (n == 0)
        return;
    pthread_mutex_lock(&inject->mutex);
    bide__queue_append(&inject->queue, list);
    add(inject, n);
    pthread_mutex_unlock(&inject->mutex);
}

/* With the mutex: moves the first n tasks, of which there are more than that, to `to`. */
static void cut(struct bide__queue *from, size_t n, struct bide__queue *to)
{
    struct bide__task *last = from->first;

    for (size_t i = 1; i < n; i++)
        last = last->wake.next;
    *to = (struct bide__queue){from->first, last};
    from->first = last->wake.next;
    last->wake.next = NULL;
}

struct bide__task *bide__inject_pop(struct bide__inject *inject, size_t more,
                                    struct bide__queue *rest)
{
    size_t taken = 0;

    if (bide__inject_count(inject) == 0)
        return NULL;
    pthread_mutex_lock(&inject->mutex);
    struct bide__task *task = bide__queue_pop(&inject->queue);
    if (task != NULL) {
        size_t left = atomic_load_explicit(&inject->count, memory_order_relaxed) - 1;
        taken = 1 + (more < left ? more : left);
        if (more >= left && more > 0)
            *rest = inject->queue, inject->queue = (struct bide__queue){NULL, NULL};
        else if (more > 0)
            cut(&inject->queue, more, rest);
    }
    add(inject, -taken);
    pthread_mutex_unlock(&inject->mutex);
    return task;
}
