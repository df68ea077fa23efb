/*
 * inject.c: queues of tasks that any thread may push to; see multi.h.
 *
 * A push takes no lock, so that it never waits for a worker that is taking its share: it puts the
 * task in front of a list, whose first task is the word `incoming`. Whoever takes tasks holds the
 * mutex, empties that list and moves what was in it to the end of the queue, in the order in which
 * it came. A push that has slept while its first task was taken, run and pushed again does no harm:
 * its task is before that one.
 *
 * The lowest bit of the word says that the queue has tasks. So the word is 0 only if there is no
 * task in either, and a worker that finds it so pays for one load. The bit is set before the list
 * is emptied, and cleared only while the list is empty.
 */
#include "runtime/schedule/multi.h"

enum { HAS_QUEUE = 1 };

static struct bide__task *first_of(uintptr_t word)
{
    return (struct bide__task *)(word & ~(uintptr_t)HAS_QUEUE);
}

void bide__inject_init(struct bide__inject *inject)
{
    atomic_init(&inject->incoming, 0);
    inject->queue = (struct bide__queue){NULL, NULL};
    inject->queued = 0;
    pthread_mutex_init(&inject->mutex, NULL);
}

void bide__inject_end(struct bide__inject *inject)
{
    pthread_mutex_destroy(&inject->mutex);
}

void bide__inject_push(struct bide__inject *inject, struct bide__task *task)
{
    uintptr_t before = atomic_load_explicit(&inject->incoming, memory_order_relaxed), after;

    do {
        task->wake.next = first_of(before);
        after = (uintptr_t)task | (before & HAS_QUEUE);
    } while (!atomic_compare_exchange_weak_explicit(&inject->incoming, &before, after,
                                                    memory_order_release, memory_order_relaxed));
}

/* With the mutex: moves what was pushed to the end of the queue. */
static void collect(struct bide__inject *inject)
{
    if (first_of(atomic_load_explicit(&inject->incoming, memory_order_relaxed)) == NULL)
        return;
    uintptr_t word = atomic_exchange_explicit(&inject->incoming, HAS_QUEUE, memory_order_acq_rel);
    struct bide__task *task = first_of(word);
    struct bide__queue list = {NULL, task};

    while (task != NULL) {
        struct bide__task *older = task->wake.next;
        task->wake.next = list.first;
        list.first = task;
        task = older;
        inject->queued++;
    }
    bide__queue_append(&inject->queue, &list);
}

/* With the mutex: n tasks were added to the queue. */
static void count_in(struct bide__inject *inject, size_t n)
{
    inject->queued += n;
    atomic_fetch_or_explicit(&inject->incoming, HAS_QUEUE, memory_order_release);
}

void bide__inject_append(struct bide__inject *inject, struct bide__queue *list, size_t n)
{
    if (n == 0)
        return;
    pthread_mutex_lock(&inject->mutex);
    collect(inject);
    bide__queue_append(&inject->queue, list);
    count_in(inject, n);
    pthread_mutex_unlock(&inject->mutex);
}

void bide__inject_prepend(struct bide__inject *inject, struct bide__queue *list, size_t n)
{
    if (n == 0)
        return;
    pthread_mutex_lock(&inject->mutex);
    if (inject->queue.first != NULL)
        bide__queue_append(list, &inject->queue);
    inject->queue = *list;
    *list = (struct bide__queue){NULL, NULL};
    count_in(inject, n);
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

/* With the mutex: the queue is empty. If something was just pushed the bit stays, which says too
 * much until that has been taken. */
static void clear_bit(struct bide__inject *inject)
{
    uintptr_t only = HAS_QUEUE;
    atomic_compare_exchange_strong_explicit(&inject->incoming, &only, 0, memory_order_relaxed,
                                            memory_order_relaxed);
}

struct bide__task *bide__inject_take(struct bide__inject *inject, size_t parts, size_t most,
                                     struct bide__queue *rest)
{
    if (!bide__inject_any(inject))
        return NULL;
    pthread_mutex_lock(&inject->mutex);
    collect(inject);
    size_t more = inject->queued / parts;
    struct bide__task *task = bide__queue_pop(&inject->queue);
    if (task != NULL) {
        size_t left = inject->queued - 1;
        more = more < most ? more : most;
        if (more >= left && more > 0)
            more = left, *rest = inject->queue, inject->queue = (struct bide__queue){NULL, NULL};
        else if (more > 0)
            cut(&inject->queue, more, rest);
        inject->queued -= 1 + more;
    }
    if (inject->queue.first == NULL)
        clear_bit(inject);
    pthread_mutex_unlock(&inject->mutex);
    return task;
}

size_t bide__inject_count(struct bide__inject *inject)
{
    pthread_mutex_lock(&inject->mutex);
    collect(inject);
    size_t count = inject->queued;
    pthread_mutex_unlock(&inject->mutex);
    return count;
}
