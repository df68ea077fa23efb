/*
 * look.c: the dump of a runtime (trace/dump.c), while none of its tasks runs: bide_runtime_dump.
 *
 * The workers of a multi_thread runtime stand meanwhile, and threads outside make and free no task,
 * since that takes the mutex of the hub. A worker whose poll does not end within a second might
 * change anything, so then only the workers that run are named.
 */
#include "runtime/schedule/multi.h"

#include "runtime/door/door.h"
#include "runtime/thread.h"
#include "runtime/trace/trace.h"

#include <bide/runtime.h>

#include <stdio.h>
#include <unistd.h>

static const int64_t PATIENCE_NS = INT64_C(1000000000);

struct writer {
    void (*write)(void *argument, const char *text, size_t size);
    void *argument;
};

static void name_worker(const struct writer *w, struct bide__peer *peer)
{
    const struct bide_fn *fn = atomic_load_explicit(&peer->function, memory_order_relaxed);
    char text[256];
    if (fn == NULL)
        return;
    const char *name = fn->info != NULL ? fn->info->name : "?";
    int n = snprintf(text, sizeof(text), "worker %u runs %.150s, which does not come to an await\n",
                     peer->index, name);
    w->write(w->argument, text, (size_t)n);
}

static void name_workers(const struct writer *w, struct bide__workers *all)
{
    for (unsigned i = 0; i < all->count; i++) {
        pthread_mutex_lock(&all->world_mutex);
        bool stands = all->peers[i].stands;
        pthread_mutex_unlock(&all->world_mutex);
        if (!stands)
            name_worker(w, &all->peers[i]);
    }
}

static void dump(struct bide_runtime *rt, const struct writer *w)
{
    struct bide__worker *own = bide__thread.running;
    if (own == NULL || own->runtime != rt)
        own = rt->worker;
    bool stand = bide__world_stop(rt, PATIENCE_NS);
    if (!stand) {
        name_workers(w, rt->workers);
    } else if (rt->workers != NULL) {
        pthread_mutex_lock(&rt->hub->mutex);
        bide__dump(rt, own->current, w->write, w->argument);
        pthread_mutex_unlock(&rt->hub->mutex);
    } else {
        bide__dump(rt, own->current, w->write, w->argument);
    }
    bide__world_go(rt);
}

void bide_runtime_dump(const struct bide_runtime *rt,
                       void (*write)(void *argument, const char *text, size_t size), void *argument)
{
    struct writer w = {write, argument};
    dump((struct bide_runtime *)rt, &w); /* the caller sees no change */
}

static void write_stderr(void *argument, const char *text, size_t size)
{
    (void)argument;
    (void)bide__door.write(STDERR_FILENO, text, size);
}

void bide__dump_to_stderr(struct bide_runtime *rt)
{
    struct writer w = {write_stderr, NULL};
    dump(rt, &w);
}
