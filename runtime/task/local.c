/*
 * local.c: values of tasks (bide_local_set of bide/task.h).
 *
 * Few tasks have values, so a task has no room for them, but a bit in its state: LOCALS. The values
 * of all tasks of a runtime are in one table, which grows with their number; the key in it is the
 * task and the address of the key. It is made by the first value and freed with the hub.
 *
 * Threads: only the task itself sets and reads its values, and its worker drops them when it has
 * ended, before that is made known. The table is under its lock; `drop` is called without it.
 */
#include "runtime/task/inside.h"

#include <bide/task.h>

struct local {
    struct local *next; /* in its bucket */
    const struct bide__task *task;
    const bide_local *key;
    void *value;
};

struct bide__locals {
    _Atomic bool lock;
    size_t count, buckets; /* buckets: a power of two */
    struct local **bucket;
};

enum { BUCKETS_MIN = 16 };

static void lock(struct bide__locals *locals)
{
    for (unsigned n = 0; atomic_exchange_explicit(&locals->lock, true, memory_order_acquire); n++)
        bide__spin(n);
}

static void unlock(struct bide__locals *locals)
{
    atomic_store_explicit(&locals->lock, false, memory_order_release);
}

/* ---- the table, with the lock ---- */

/* All values of a task are in one bucket. The multiplier is Knuth's, for hashing by multiplication.
 */
static struct local **bucket_of(const struct bide__locals *locals, const struct bide__task *task)
{
    uint64_t hash = (uint64_t)(uintptr_t)task / BIDE__SLAB_UNIT * UINT64_C(11400714819323198485);
    return &locals->bucket[hash >> 32 & (locals->buckets - 1)];
}

static struct local **find(const struct bide__locals *locals, const struct bide__task *task,
                           const bide_local *key)
{
    struct local **at = bucket_of(locals, task);

    while (*at != NULL && ((*at)->task != task || (key != NULL && (*at)->key != key)))
        at = &(*at)->next;
    return at;
}

/* Without memory the table stays as it is. */
static void grow(struct bide__locals *locals)
{
    struct bide__locals old = {.buckets = locals->buckets, .bucket = locals->bucket};
    size_t buckets = old.buckets > 0 ? old.buckets * 2 : BUCKETS_MIN;
    struct local **bucket = bide__alloc(buckets * sizeof(struct local *));

    if (bucket == NULL)
        return;
    memset(bucket, 0, buckets * sizeof(struct local *));
    locals->buckets = buckets;
    locals->bucket = bucket;
    for (size_t i = 0; i < old.buckets; i++) {
        for (struct local *l = old.bucket[i], *next; l != NULL; l = next) {
            struct local **at = bucket_of(locals, l->task);
            next = l->next;
            l->next = *at;
            *at = l;
        }
    }
    bide__free(old.bucket, old.buckets * sizeof(struct local *));
}

/* ---- values ---- */

/* NULL: there is no memory for it. */
static struct bide__locals *table_of(struct bide__hub *hub)
{
    struct bide__locals *locals = atomic_load_explicit(&hub->locals, memory_order_acquire);

    if (locals != NULL)
        return locals;
    pthread_mutex_lock(&hub->mutex);
    locals = atomic_load_explicit(&hub->locals, memory_order_relaxed);
    if (locals == NULL && (locals = bide__alloc(sizeof(*locals))) != NULL) {
        *locals = (struct bide__locals){.count = 0};
        atomic_store_explicit(&hub->locals, locals, memory_order_release);
    }
    pthread_mutex_unlock(&hub->mutex);
    return locals;
}

static struct bide__task *current_task(void)
{
    const struct bide__worker *worker = bide__thread.running;
    return worker != NULL ? worker->current : NULL;
}

/* Takes one value of the task out, that of `key` or, if that is NULL, any. NULL: it has none. */
static struct local *take(struct bide__task *task, const bide_local *key)
{
    struct bide__locals *locals = table_of(bide__task_hub(task));

    lock(locals);
    struct local **at = find(locals, task, key), *l = *at;
    if (l != NULL) {
        *at = l->next;
        locals->count--;
    }
    bool has_more = l != NULL && *find(locals, task, NULL) != NULL;
    unlock(locals);
    if (l != NULL && !has_more)
        bide__state_set_locals(&task->wake.state, false);
    return l;
}

static void local_drop(struct local *l)
{
    if (l == NULL)
        return;
    if (l->key->drop != NULL)
        l->key->drop(l->value);
    bide__free(l, sizeof(*l));
}

/* Puts the value into the table, in the place of another one. 0 or -ENOMEM. */
static int put(struct bide__locals *locals, struct local *new)
{
    lock(locals);
    if (locals->count >= locals->buckets)
        grow(locals);
    bool has_room = locals->buckets > 0;
    struct local **at = has_room ? bucket_of(locals, new->task) : NULL;
    if (has_room) {
        new->next = *at;
        *at = new;
        locals->count++;
    }
    unlock(locals);
    return has_room ? 0 : -ENOMEM;
}

int bide_local_set(const bide_local *key, void *value)
{
    struct bide__task *task = current_task();
    struct local *new = NULL, *old = NULL;

    if (task == NULL)
        return -ENXIO;
    struct bide__locals *locals = table_of(bide__task_hub(task));
    if (value != NULL) {
        new = locals != NULL ? bide__alloc(sizeof(*new)) : NULL;
        if (new == NULL)
            return -ENOMEM;
        *new = (struct local){.task = task, .key = key, .value = value};
    }
    if (bide__state_has_locals(&task->wake.state))
        old = take(task, key);
    if (new != NULL && put(locals, new) < 0) {
        bide__free(new, sizeof(*new));
        return -ENOMEM; /* the table is empty, so there was no old value */
    }
    if (new != NULL && !bide__state_has_locals(&task->wake.state))
        bide__state_set_locals(&task->wake.state, true);
    local_drop(old);
    return 0;
}

void *bide_local_get(const bide_local *key)
{
    struct bide__task *task = current_task();

    if (task == NULL || !bide__state_has_locals(&task->wake.state))
        return NULL;
    struct bide__locals *locals = table_of(bide__task_hub(task));
    lock(locals);
    const struct local *l = *find(locals, task, key);
    void *value = l != NULL ? l->value : NULL;
    unlock(locals);
    return value;
}

void *bide_local_take(const bide_local *key)
{
    struct bide__task *task = current_task();

    if (task == NULL || !bide__state_has_locals(&task->wake.state))
        return NULL;
    struct local *l = take(task, key);
    void *value = l != NULL ? l->value : NULL;
    bide__free(l, sizeof(*l));
    return value;
}

/* ---- ends ---- */

void bide__locals_drop(struct bide__task *task)
{
    while (bide__state_has_locals(&task->wake.state))
        local_drop(take(task, NULL));
}

void bide__locals_free(struct bide__hub *hub)
{
    struct bide__locals *locals = atomic_load_explicit(&hub->locals, memory_order_relaxed);

    if (locals == NULL)
        return;
    BIDE__ASSERT(locals->count == 0, "task: a value is left at the end of the runtime");
    bide__free(locals->bucket, locals->buckets * sizeof(struct local *));
    bide__free(locals, sizeof(*locals));
}
