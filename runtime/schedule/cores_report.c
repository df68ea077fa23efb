/*
 * cores_report.c: the tasks of all cores of a thread_per_core runtime: counted, and described.
 *
 * No core may look at another's tasks. So the core whose thread wants a dump asks the others, which
 * describe their own tasks between two polls, into memory; it then writes these texts. Only one
 * core asks at a time; those that wait for their turn answer meanwhile. One that does not come to
 * an await within PATIENCE_NS is left out; so is core 0 while no thread blocks on it.
 */
#include "runtime/schedule/cores.h"

#include "runtime/trace/trace.h"

#include <stdio.h>

static const int64_t PATIENCE_NS = INT64_C(1000000000), STEP_NS = INT64_C(10000000);

typedef void writer(void *argument, const char *text, size_t size);

size_t bide__cores_tasks(const struct bide_runtime *rt)
{
    const struct bide__cores *all = rt->worker->core->all;
    size_t sum = 0;

    for (unsigned i = 0; i < all->count; i++)
        sum += atomic_load_explicit(&all->core[i].worker->hub->alive, memory_order_acquire);
    return sum;
}

const struct bide_runtime *bide__cores_at(const struct bide_runtime *rt, unsigned number)
{
    const struct bide__cores *all = rt->worker->core->all;
    return number < all->count ? all->core[number].runtime : NULL;
}

/* ---- to answer ---- */

/* What finds no memory is left out. */
static void add_text(void *argument, const char *text, size_t size)
{
    struct bide__report *r = argument;

    if (r->size + size > r->room) {
        size_t room = 2 * (r->size + size);
        char *more = bide__alloc(room);
        if (more == NULL)
            return;
        if (r->size > 0)
            memcpy(more, r->text, r->size);
        bide__free(r->text, r->room);
        r->text = more;
        r->room = room;
    }
    memcpy(r->text + r->size, text, size);
    r->size += size;
}

static void drop(struct bide__report *r)
{
    bide__free(r->text, r->room);
    *r = (struct bide__report){0};
}

void bide__core_answer(struct bide__core *core)
{
    struct bide__cores *all = core->all;
    struct bide__report report = {.is_there = true};

    bide__dump_tasks(core->runtime, add_text, &report);
    pthread_mutex_lock(&all->report_mutex);
    if (atomic_load_explicit(&core->is_asked, memory_order_relaxed)) {
        atomic_store_explicit(&core->is_asked, false, memory_order_relaxed);
        core->report = report;
        report = (struct bide__report){0};
        pthread_cond_broadcast(&all->reported);
    }
    pthread_mutex_unlock(&all->report_mutex);
    drop(&report);
}

/* ---- to ask ---- */

/* With the mutex, as the next one. */
static void have_turn(struct bide__core *self)
{
    struct bide__cores *all = self->all;

    while (all->reports) {
        if (atomic_load_explicit(&self->is_asked, memory_order_relaxed)) {
            pthread_mutex_unlock(&all->report_mutex);
            bide__core_answer(self);
            pthread_mutex_lock(&all->report_mutex);
        } else {
            bide__door.cond_wait(&all->reported, &all->report_mutex, STEP_NS);
        }
    }
}

static void ask_all(struct bide__core *self)
{
    struct bide__cores *all = self->all;

    pthread_mutex_lock(&all->report_mutex);
    have_turn(self);
    all->reports = true;
    for (unsigned i = 0; i < all->count; i++)
        if (i != self->number)
            atomic_store_explicit(&all->core[i].is_asked, true, memory_order_relaxed);
    pthread_mutex_unlock(&all->report_mutex);
    for (unsigned i = 0; i < all->count; i++)
        if (i != self->number)
            bide__core_poke(&all->core[i]);
}

static void stop_asking(struct bide__cores *all)
{
    pthread_mutex_lock(&all->report_mutex);
    all->reports = false;
    pthread_cond_broadcast(&all->reported);
    pthread_mutex_unlock(&all->report_mutex);
}

/* The answer of a core, or none. */
static struct bide__report wait_for_answer(struct bide__core *core, int64_t until_ns)
{
    struct bide__cores *all = core->all;
    int64_t left_ns;

    pthread_mutex_lock(&all->report_mutex);
    while (!core->report.is_there && (left_ns = until_ns - bide__door_real.clock()) > 0)
        bide__door.cond_wait(&all->reported, &all->report_mutex, left_ns);
    struct bide__report report = core->report;
    core->report = (struct bide__report){0};
    atomic_store_explicit(&core->is_asked, false, memory_order_relaxed);
    pthread_mutex_unlock(&all->report_mutex);
    return report;
}

/* Line by line. */
static void write_report(writer *tell, void *argument, const struct bide__report *report)
{
    const char *at = report->text;

    for (size_t left = report->size; left > 0;) {
        const char *end = memchr(at, '\n', left);
        size_t size = end != NULL ? (size_t)(end - at) + 1 : left;
        tell(argument, at, size);
        at += size;
        left -= size;
    }
}

static void write_line(writer *tell, void *argument, unsigned number, const char *what)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "core %u%s\n", number, what);
    tell(argument, text, (size_t)n);
}

void bide__cores_dump(const struct bide_runtime *rt, writer *tell, void *argument)
{
    struct bide__core *self = rt->worker->core;
    struct bide__cores *all = self->all;
    int64_t until_ns = bide__door_real.clock() + PATIENCE_NS;

    if (!rt->ended) /* else the others have no thread, and no task */
        ask_all(self);
    for (unsigned i = 0; i < all->count; i++) {
        if (i == self->number) {
            write_line(tell, argument, i, ":");
            bide__dump_tasks(rt, tell, argument);
        } else if (!rt->ended) {
            struct bide__report report = wait_for_answer(&all->core[i], until_ns);
            write_line(tell, argument, i,
                       report.is_there ? ":"
                                       : " does not come to an await; its tasks are left out");
            write_report(tell, argument, &report);
            drop(&report);
        }
    }
    if (!rt->ended)
        stop_asking(all);
}
