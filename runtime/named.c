/*
 * named.c: tasks with a name from their beginning (bide_named of bide/task.h).
 *
 * A spawn does not ask for a name, so that tasks without one pay nothing: it asks only whether
 * something is to be done for a new task, in one test, and a name makes that true for the time of
 * the call (bide__name_begin in task/local.c). When one of these functions is called, all its
 * arguments have been evaluated, so no other task is made meanwhile.
 */
#include "runtime/task/task.h"

#include <bide/abi.h>

void *bide__spawn_named(const char *name, const struct bide_fn *fn, const void *args)
{
    bide__name_begin(name);
    void *task = bide__spawn(fn, args);
    bide__name_end();
    return task;
}

void *bide__spawn_on_named(const char *name, struct bide_runtime *rt, const struct bide_fn *fn,
                           const void *args)
{
    bide__name_begin(name);
    void *task = bide__spawn_on(rt, fn, args);
    bide__name_end();
    return task;
}

void *bide__spawn_at_named(const char *name, uint32_t core, const struct bide_fn *fn,
                           const void *args)
{
    bide__name_begin(name);
    void *task = bide__spawn_at(core, fn, args);
    bide__name_end();
    return task;
}

void *bide__spawn_local_named(const char *name, const struct bide_fn *fn, const void *args)
{
    bide__name_begin(name);
    void *task = bide__spawn_local(fn, args);
    bide__name_end();
    return task;
}

void *bide__spawn_low_named(const char *name, const struct bide_fn *fn, const void *args)
{
    bide__name_begin(name);
    void *task = bide__spawn_low(fn, args);
    bide__name_end();
    return task;
}

void *bide__scope_spawn_named(const char *name, struct bide__scope *scope, const struct bide_fn *fn,
                              const void *args)
{
    bide__name_begin(name);
    void *task = bide__scope_spawn(scope, fn, args);
    bide__name_end();
    return task;
}

uint64_t bide__task_set_spawn_named(const char *name, void *set, const struct bide_fn *fn,
                                    const void *args)
{
    bide__name_begin(name);
    uint64_t id = bide__task_set_spawn(set, fn, args);
    bide__name_end();
    return id;
}
