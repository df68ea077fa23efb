/*
 * hooks.c: the hooks for tasks: struct bide_runtime_hooks in bide/runtime.h.
 *
 * A worker without such hooks, and without a meter (meter.h), which is called from here too, comes
 * here only for a poll that is measured for a console (gauge.h): the scheduler asks which of
 * bide__task_run and bide__task_run_watched to call. All ends of tasks are in polls, so nothing
 * else has to know of hooks but what makes a task. What follows a poll is called before the task is
 * given back to the scheduler, or its end is made known: then another worker may poll it, and may
 * free it.
 */
#include "runtime/task/inside.h"

#include "runtime/options.h"
#include "runtime/task/gauge.h"
#include "runtime/task/meter.h"

static struct bide_task_info info_of(const struct bide__task *task)
{
    const struct bide_fn_info *fn = bide__task_fn(task)->info;
    struct bide_task_info info = {
        .id = (uint64_t)(uintptr_t)task, .function = "?", .name = bide__task_name(task)};
    if (fn != NULL) {
        info.function = fn->name;
        info.file = fn->file;
        info.line = fn->line;
    }
    return info;
}

static void call(const struct bide_runtime *rt,
                 void (*hook)(void *argument, const struct bide_task_info *task),
                 const struct bide_task_info *info)
{
    if (hook != NULL)
        hook(rt->options->hooks.argument, info);
}

void bide__task_spawned(const struct bide_runtime *rt, const struct bide__task *task,
                        const char *place)
{
    struct bide_task_info info = info_of(task);
    info.place = place;
    bide__spawn_place = NULL; /* it was that of one task */
    call(rt, rt->options->hooks.task_spawn, &info);
}

void bide__hooks_begin(struct bide__worker *worker, const struct bide__task *task,
                       struct bide_task_info *info)
{
    const struct bide_runtime *rt = worker->runtime;

    if (rt->options->task_hooks) {
        *info = info_of(task);
        call(rt, rt->options->hooks.task_poll_begin, info);
    }
    if (worker->meter != NULL)
        bide__meter_begin(worker);
    bide__quiet_begin(worker->multi);
    if (bide__gauging() && worker->watched)
        worker->sampler.measures |= bide__gauge_due(worker);
    if (worker->sampler.measures)
        bide__gauge_begin(worker, task);
    bide__quiet_end(worker->multi);
}

void bide__hooks_end(struct bide__worker *worker, const struct bide__task *task,
                     struct bide_task_info *info, bool ended)
{
    const struct bide_runtime *rt = worker->runtime;

    bide__quiet_begin(worker->multi);
    if (worker->sampler.measures)
        bide__gauge_end(worker, task);
    bide__quiet_end(worker->multi);
    if (worker->meter != NULL)
        bide__meter_end(worker);
    if (!rt->options->task_hooks)
        return;
    info->name = bide__task_name(task);
    call(rt, rt->options->hooks.task_poll_end, info);
    if (ended)
        call(rt, rt->options->hooks.task_end, info);
}
