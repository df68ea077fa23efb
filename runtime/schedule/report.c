/*
 * report.c: bide_runtime_dump: the tasks of a runtime, while its workers stand.
 *
 * A worker whose poll lasts cannot stand, and may change any task meanwhile: wake or free it, or
 * make another. So when one does not stand within PATIENCE_NS, the dump tells which workers run
 * what, and nothing of the tasks.
 */
#include "runtime/schedule/multi.h"

#include "runtime/thread.h"
#include "runtime/trace/trace.h"

#include <bide/runtime.h>

#include <stdio.h>

static const int64_t PATIENCE_NS = INT64_C(1000000000);

typedef void writer(void *argument, const char *text, size_t size);

static void write_worker(struct bide__peer *peer, writer *tell, void *argument)
{
    const struct bide_fn *fn = atomic_load_explicit(&peer->function, memory_order_relaxed);
    const struct bide_fn_info *info = fn != NULL ? fn->info : NULL;
    long long ms = (long long)(bide__watchdog_busy_ns(peer) / 1000000);
    char text[512], label[BIDE__TASK_LABEL];
    int n;

    bide__task_label(peer->worker.hub,
                     atomic_load_explicit(&peer->worker.named, memory_order_relaxed), label);
    if (info != NULL)
        n = snprintf(text, sizeof(text),
                     "worker %u has run the task%s of %s (%s:%u) for %lld ms%s\n", peer->index,
                     label, info->name, info->file, (unsigned)info->line, ms,
                     atomic_load(&peer->in_place) ? ", in bide_block_in_place" : "");
    else
        n = snprintf(text, sizeof(text), "worker %u has run for %lld ms\n", peer->index, ms);
    if ((size_t)n >= sizeof(text)) {
        n = sizeof(text) - 1;
        text[n - 1] = '\n';
    }
    tell(argument, text, (size_t)n);
}

static void write_stderr(void *argument, const char *text, size_t size)
{
    (void)argument;
    (void)bide__door.write(STDERR_FILENO, text, size);
}

void bide__workers_tell(const struct bide_runtime *rt)
{
    struct bide__workers *all = rt->workers;

    for (unsigned i = 0; i < bide__peers(all); i++)
        if (bide__watchdog_busy_ns(bide__peer_at(all, i)) >= PATIENCE_NS)
            write_worker(bide__peer_at(all, i), write_stderr, NULL);
}

/* The world has been told to stop: a worker that stands does not run again before it goes on. */
static void write_workers(struct bide__workers *all, writer *tell, void *argument)
{
    static const char left_out[] =
        "the tasks are left out: a worker that comes to no await may be changing them\n";

    for (unsigned i = 0; i < bide__peers(all); i++)
        if (!bide__world_stands(bide__peer_at(all, i)))
            write_worker(bide__peer_at(all, i), tell, argument);
    tell(argument, left_out, sizeof(left_out) - 1);
}

void bide_runtime_dump(const struct bide_runtime *rt, writer *tell, void *argument)
{
    struct bide_runtime *multi = rt->multi ? rt->worker->runtime : NULL; /* the same, not const */

    if (rt->worker->core != NULL) {
        bide__cores_dump(rt, tell, argument);
        return;
    }
    if (multi == NULL) {
        bide__dump_tasks(rt, tell, argument);
        return;
    }
    bide__quiet_begin(true);
    if (bide__world_stop(multi, PATIENCE_NS)) {
        /* Threads that run no worker make tasks under this mutex. */
        pthread_mutex_lock(&rt->hub->mutex);
        bide__dump_tasks(rt, tell, argument);
        pthread_mutex_unlock(&rt->hub->mutex);
    } else {
        write_workers(multi->workers, tell, argument);
    }
    bide__world_go(multi);
    bide__quiet_end(true);
}

void bide__dump_to_stderr(const struct bide_runtime *rt)
{
    bide_runtime_dump(rt, write_stderr, NULL);
}
