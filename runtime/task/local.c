/*
 * local.c: values of tasks (bide_local_set of bide/task.h). A task's name is one of them.
 *
 * Few tasks have values, so a task has no room for them, but a bit in its state: LOCALS. The values
 * of all tasks of a runtime are in one table, which grows with their number; the key in it is the
 * task and the address of the key. It is made by the first value and freed with the hub.
 *
 * Threads: only the task itself sets and reads its values, and its worker drops them when it has
 * ended, before that is made known. Who makes a task may give it a name before anybody else can see
 * the task. Any thread may ask for a name. The table is under its lock;
 * `drop` is called without it, when the value has left the table.
 */
#include "runtime/options.h"
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

enum { BUCKETS_MIN = 16, PATIENCE = 1000 };

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

/* ---- names ---- */

static void name_drop(void *name)
{
    bide__free(name, BIDE__TASK_NAME_MAX + 1);
}

static const bide_local name_key = {name_drop};

/* The task is its own fiber for ThreadSanitizer, but this is the worker's. */
static void note_named(struct bide__worker *worker)
{
    if (!worker->multi)
        return;
    bide__quiet_begin(true);
    bide__task_note_named(worker, worker->current);
    bide__quiet_end(true);
}

int bide_task_name_set(const char *name)
{
    size_t size = name != NULL ? strnlen(name, BIDE__TASK_NAME_MAX + 1) : 0;

    if (current_task() == NULL)
        return -ENXIO;
    if (name == NULL)
        return bide_local_set(&name_key, NULL);
    if (size == 0 || size > BIDE__TASK_NAME_MAX)
        return -EINVAL;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 127)
            return -EINVAL;
    char *copy = bide__alloc(BIDE__TASK_NAME_MAX + 1);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, name, size + 1);
    int r = bide_local_set(&name_key, copy);
    if (r < 0)
        name_drop(copy);
    else
        note_named(bide__thread.running);
    return r;
}

const char *bide_task_name(void)
{
    return bide_local_get(&name_key);
}

/* ---- names given at the spawn ---- */

/* Is there always something to be done for a task that the worker makes? */
static bool is_watched(const struct bide__worker *worker)
{
    return worker->runtime->options->task_hooks || worker->meter != NULL;
}

static struct bide__worker *worker_of(const struct bide_runtime *rt)
{
    return rt != NULL && !rt->multi ? rt->worker : NULL;
}

void bide__name_expect(struct bide__worker *worker)
{
    if (bide__thread.name != NULL)
        worker->watched = true;
}

void bide__name_begin(const char *name)
{
    struct bide__thread *t = &bide__thread;
    struct bide__worker *own[] = {t->running, worker_of(t->entered), worker_of(t->own)};

    if (name == NULL || name[0] == '\0')
        return;
    t->name = name;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i] != NULL)
            bide__name_expect(own[i]);
}

void bide__name_end(void)
{
    struct bide__thread *t = &bide__thread;
    struct bide__worker *own[] = {t->running, worker_of(t->entered), worker_of(t->own)};

    t->name = NULL;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i] != NULL)
            own[i]->watched = is_watched(own[i]);
}

void bide__name_need_table(struct bide__hub *hub)
{
    if (bide__thread.name != NULL)
        (void)table_of(hub);
}

/* Not in the middle of a character of UTF-8. */
static size_t cut(const char *name)
{
    size_t size = strnlen(name, BIDE__TASK_NAME_MAX + 1);

    if (size <= BIDE__TASK_NAME_MAX)
        return size;
    size = BIDE__TASK_NAME_MAX;
    while (size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80)
        size--;
    return size > 0 ? size : BIDE__TASK_NAME_MAX;
}

static char *copy_of(const char *name)
{
    char *copy = bide__alloc(BIDE__TASK_NAME_MAX + 1);
    size_t size = cut(name);

    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++)
        copy[i] = (unsigned char)name[i] < ' ' || name[i] == 127 ? '?' : name[i];
    copy[size] = '\0';
    return copy;
}

void bide__name_give(struct bide__task *task)
{
    struct bide__locals *locals =
        atomic_load_explicit(&bide__task_hub(task)->locals, memory_order_acquire);
    const char *name = bide__thread.name;

    if (name == NULL || locals == NULL)
        return;
    bide__thread.name = NULL;
    struct local *new = bide__alloc(sizeof(*new));
    char *copy = new != NULL ? copy_of(name) : NULL;
    if (copy != NULL) {
        *new = (struct local){.task = task, .key = &name_key, .value = copy};
        if (put(locals, new) == 0) {
            bide__state_set_locals(&task->wake.state, true);
            return;
        }
        name_drop(copy);
    }
    bide__free(new, sizeof(*new));
}

/* ---- what others ask ---- */

/* The name of a task that cannot end meanwhile, for the time of a call. */
const char *bide__task_name(const struct bide__task *task)
{
    struct bide__locals *locals =
        atomic_load_explicit(&bide__task_hub(task)->locals, memory_order_acquire);

    if (locals == NULL || !bide__state_has_locals(&task->wake.state))
        return NULL;
    lock(locals);
    const struct local *l = *find(locals, task, &name_key);
    const char *name = l != NULL ? l->value : NULL;
    unlock(locals);
    return name;
}

/* The thread that has the lock may be the one that was interrupted by a signal. */
static bool lock_soon(struct bide__locals *locals)
{
    for (unsigned n = 0; n < PATIENCE; n++) {
        if (!atomic_exchange_explicit(&locals->lock, true, memory_order_acquire))
            return true;
        bide__spin(n);
    }
    return false;
}

const char *bide__task_label(const struct bide__hub *hub, const void *task,
                             char label[BIDE__TASK_LABEL])
{
    struct bide__locals *locals = atomic_load_explicit(&hub->locals, memory_order_acquire);

    label[0] = '\0';
    if (locals == NULL || !lock_soon(locals))
        return label;
    const struct local *l = locals->buckets > 0 ? *find(locals, task, &name_key) : NULL;
    if (l != NULL) {
        size_t size = strlen(l->value);
        label[0] = ' ', label[1] = '"';
        memcpy(label + 2, l->value, size);
        label[size + 2] = '"', label[size + 3] = '\0';
    }
    unlock(locals);
    return label;
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
