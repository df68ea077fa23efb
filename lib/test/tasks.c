/*
 * lib/test/tasks.c: the tasks of a test's runtime that have not ended, by the runtime's hooks.
 *
 * The list is a table of a fixed size, since it must not allocate: a test may count allocations, or
 * make them fail. Tasks for which there is no room are only counted. The hooks are called on all
 * threads of the runtime.
 */
#include "lib/async.h"

#include "runtime/task/task.h"

#include "lib/test/test.h"

#include <pthread.h>
#include <stdio.h>

enum { PLACES = 1 << 15, FULL = PLACES / 4 * 3 };

/* `id` 0: the place is free. A task is at the place that its number says, or as soon after it as
 * possible: between the two no place is free. */
static struct place {
    uint64_t id;
    const char *function, *spawned_at;
} table[PLACES];
static size_t count, unlisted;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static size_t home_of(uint64_t id)
{
    return (size_t)(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) % PLACES;
}

static size_t after(size_t i)
{
    return (i + 1) % PLACES;
}

/* Its place, or the free one where it would be. */
static size_t find(uint64_t id)
{
    size_t i = home_of(id);
    while (table[i].id != 0 && table[i].id != id)
        i = after(i);
    return i;
}

static void spawned(void *argument, const bide_task_info *task)
{
    (void)argument;
    pthread_mutex_lock(&mutex);
    if (count < FULL) {
        count++;
        table[find(task->id)] = (struct place){task->id, task->function, task->place};
    } else {
        unlisted++;
    }
    pthread_mutex_unlock(&mutex);
}

/* What follows a place that becomes free moves up, if its home is not behind it. */
static void take_out(size_t hole)
{
    for (size_t i = after(hole); table[i].id != 0; i = after(i)) {
        size_t from_home = (i - home_of(table[i].id)) % PLACES;
        if (from_home >= (i - hole) % PLACES) {
            table[hole] = table[i];
            hole = i;
        }
    }
    table[hole].id = 0;
}

static void ended(void *argument, const bide_task_info *task)
{
    (void)argument;
    pthread_mutex_lock(&mutex);
    size_t i = find(task->id);
    if (table[i].id != 0) {
        count--;
        take_out(i);
    } else if (unlisted > 0) {
        unlisted--;
    }
    pthread_mutex_unlock(&mutex);
}

void bide__tasks_watch(bide_runtime_options *options)
{
    options->hooks = (bide_runtime_hooks){.task_spawn = spawned, .task_end = ended};
}

size_t bide__tasks_count(uint64_t id)
{
    pthread_mutex_lock(&mutex);
    size_t n = count + unlisted - (id != 0 && table[find(id)].id != 0);
    pthread_mutex_unlock(&mutex);
    return n;
}

size_t bide__tasks_print(const struct bide_runtime *rt)
{
    size_t n = 0;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < PLACES; i++) {
        const struct place *p = &table[i];
        if (p->id == 0)
            continue;
        char label[BIDE__TASK_LABEL];
        bide__task_label(rt->hub, (const void *)(uintptr_t)p->id, label);
        if (p->spawned_at != NULL)
            fprintf(stderr, "%s: a task was left behind:%s %s\n", p->spawned_at, label,
                    p->function);
        else
            fprintf(stderr, "a task was left behind:%s %s; who spawned it is not known\n", label,
                    p->function);
        n++;
    }
    if (unlisted > 0)
        fprintf(stderr, "%zu more tasks were left behind\n", unlisted);
    n += unlisted;
    pthread_mutex_unlock(&mutex);
    return n;
}
