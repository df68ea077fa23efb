/*
 * outside.c: tasks of a current_thread runtime that other threads spawn.
 *
 * Such a task has its block in the hub's slab `outside`, which is under the mutex. Until the owner
 * takes it over it is in `spawned`, does not count as alive, and nobody can have woken it. The
 * owner frees it as every thread frees a block of another's slab.
 */
#include "runtime/task/inside.h"

#include "core/ambient.h"

struct bide__task *bide__hub_spawn(struct bide__hub *hub, const struct bide_fn *fn,
                                   const void *args, int *error)
{
    size_t align, offset, size = bide__task_size(fn, &align, &offset);
    struct bide__task *task = NULL;

    *error = bide__refuse_passed(fn);
    if (*error != 0)
        return NULL;
    bide__name_need_table(hub); /* which takes the mutex */
    pthread_mutex_lock(&hub->mutex);
    bide__slab_drain(&hub->outside);
    *error = hub->refuses ? -ESHUTDOWN : -ENOMEM;
    if (!hub->refuses)
        task = bide__slab_new(&hub->outside, &size, align, offset);
    if (task != NULL) {
        bool fits = bide__task_lay_out(task, size, NULL, fn, args, false);
        BIDE__ASSERT(fits, "task: spawn on another thread: its block is too small");
        (void)fits;
        bide__ambient_inherit(&task->chain);
        task->wake.vtable = &bide__task_vtable;
        bide__state_init(&task->wake.state, 0);
        bide__name_give(task);
        bide__queue_push(&hub->spawned, task);
        bide__hub_notify_unlock(hub);
    } else {
        pthread_mutex_unlock(&hub->mutex);
    }
    return task;
}

size_t bide__outside_take(struct bide__hub *hub, struct bide__worker *worker,
                          struct bide__task **first)
{
    struct bide__task *task;
    size_t count = 0;

    *first = hub->spawned.first;
    bide__slab_drain(&hub->outside);
    while ((task = bide__queue_pop(&hub->spawned)) != NULL) {
        BIDE__ASSERT(worker != NULL, "hub: close: a task was spawned");
        bide__count_alive(hub);
        bide__schedule(worker, task);
        if (worker->closing)
            bide__task_cancel(worker, task, BIDE__ASK_RUNTIME | worker->runtime->forcing);
        count++;
    }
    return count;
}

/* f does nothing that needs the mutex. */
void bide__outside_each(struct bide__hub *hub, void (*f)(void *block, void *argument),
                        void *argument)
{
    if (hub->inject != NULL)
        return;
    pthread_mutex_lock(&hub->mutex);
    bide__slab_each(&hub->outside, f, argument);
    pthread_mutex_unlock(&hub->mutex);
}

bool bide__hub_has_spawned(struct bide__hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    bool has = hub->spawned.first != NULL;
    pthread_mutex_unlock(&hub->mutex);
    return has;
}

void bide__hub_refuse(struct bide__hub *hub, struct bide__worker *worker, bool refuse)
{
    pthread_mutex_lock(&hub->mutex);
    hub->refuses = refuse;
    pthread_mutex_unlock(&hub->mutex);
    bide__hub_take(hub, worker);
}
