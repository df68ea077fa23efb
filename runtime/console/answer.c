/*
 * answer.c: what the console tells: of each runtime its numbers, its workers, and the tasks that
 * those have written down. docs/console.md has the members.
 *
 * The list of the runtimes is locked while they are asked, and while their numbers are read, but
 * not while the workers answer: until then a runtime may be freed, which drops its answers.
 */
#include "runtime/console/inside.h"

#include "runtime/list.h"
#include "runtime/schedule/schedule.h"
#include "runtime/trace/census.h"

#include <bide/runtime.h>

#include <stdlib.h>

static const int64_t PATIENCE_NS = INT64_C(300000000);

struct round {
    uint32_t number;
    unsigned asked;
    struct bide__answer *answers;
    struct bide__scroll *text;
    unsigned runtimes;
};

static void ask(struct bide_runtime *rt, void *argument)
{
    struct round *r = argument;
    r->asked += bide__workers_ask(rt, r->number);
}

static struct bide__answer *answer_of(const struct round *r, const struct bide__worker *worker)
{
    struct bide__answer *a = r->answers;

    while (a != NULL && a->worker != worker)
        a = a->next;
    return a;
}

static unsigned long long number(uint64_t n)
{
    return (unsigned long long)n;
}

/* ---- workers ---- */

static void tell_polled(struct round *r, const struct bide__polled *polled)
{
    const struct bide_fn_info *info = polled->fn != NULL ? polled->fn->info : NULL;
    size_t size = strlen(polled->label);
    char name[BIDE__TASK_LABEL];

    bide__scroll_print(r->text, ",\"runs\":{\"for_ns\":%llu,\"task\":\"%llx\"",
                       number((uint64_t)polled->ns), number((uintptr_t)polled->task));
    if (info != NULL) {
        bide__scroll_add(r->text, ",\"function\":", 12);
        bide__scroll_quote(r->text, info->name);
        bide__scroll_add(r->text, ",\"file\":", 8);
        bide__scroll_quote(r->text, info->file != NULL ? info->file : "?");
        bide__scroll_print(r->text, ",\"line\":%u", (unsigned)info->line);
    }
    if (size > 3) {
        memcpy(name, polled->label + 2, size - 3);
        name[size - 3] = '\0';
        bide__scroll_add(r->text, ",\"name\":", 8);
        bide__scroll_quote(r->text, name);
    }
    bide__scroll_add(r->text, "}", 1);
}

static void tell_worker(struct round *r, const struct bide_runtime *rt, unsigned i)
{
    const struct bide__worker *worker = bide__worker_number(rt, i);
    bool answers = answer_of(r, worker) != NULL;
    struct bide__polled polled;
    bide_worker_metrics m = {0};

    (void)bide_runtime_worker_metrics_read(rt, i, &m);
    bide__scroll_print(r->text, "%s{\"number\":%u,\"busy_ns\":%llu,\"polls\":%llu,\"steals\":%llu",
                       i > 0 ? "," : "", i, number((uint64_t)m.busy.ns), number(m.polls),
                       number(m.steals));
    bide__scroll_print(
        r->text, ",\"queued\":%u,\"timers\":%llu,\"answers\":%s,\"exact\":%s", (unsigned)m.queued,
        number(m.timers), answers ? "true" : "false",
        atomic_load_explicit(&worker->sampler.exact, memory_order_relaxed) ? "true" : "false");
    if (!answers && bide__worker_polls(rt, i, &polled))
        tell_polled(r, &polled);
    bide__scroll_add(r->text, "}", 1);
}

static unsigned tell_workers(struct round *r, const struct bide_runtime *rt)
{
    unsigned n = 0;

    bide__scroll_add(r->text, ",\"workers\":[", 12);
    while (bide__worker_number(rt, n) != NULL)
        tell_worker(r, rt, n++);
    bide__scroll_add(r->text, "]", 1);
    return n;
}

/* ---- tasks ---- */

static void tell_tasks(struct round *r, const struct bide_runtime *rt, unsigned workers)
{
    struct bide__scroll tasks = {0};

    if (rt->multi)
        bide__workers_tell_outside(rt, &tasks);
    for (unsigned i = 0; i < workers; i++) {
        struct bide__answer *a = answer_of(r, bide__worker_number(rt, i));
        if (a == NULL || a->tasks.first == NULL)
            continue;
        if (tasks.first != NULL)
            bide__scroll_add(&tasks, ",", 1);
        bide__scroll_move(&tasks, &a->tasks);
    }
    bide__scroll_add(r->text, ",\"tasks\":[", 10);
    bide__scroll_move(r->text, &tasks);
    bide__scroll_add(r->text, "]", 1);
}

static const char *flavour_of(const struct bide_runtime *rt)
{
    if (rt->multi)
        return "multi_thread";
    return rt->worker->core != NULL ? "thread_per_core" : "current_thread";
}

static void tell_runtime(struct bide_runtime *rt, void *argument)
{
    struct round *r = argument;
    bide_runtime_metrics m = {0};

    (void)bide_runtime_metrics_read(rt, &m);
    bide__scroll_print(r->text, "%s{\"flavour\":\"%s\",\"alive\":%llu,\"made\":%llu",
                       r->runtimes++ > 0 ? "," : "", flavour_of(rt), number(m.alive_tasks),
                       number(m.spawned_tasks));
    bide__scroll_print(r->text, ",\"descriptors\":%u,\"waits\":%u,\"timers\":%llu",
                       (unsigned)m.descriptors, (unsigned)m.waits, number(m.timers));
    bide__scroll_print(r->text, ",\"blocking\":{\"threads\":%u,\"idle\":%u,\"queued\":%u}",
                       (unsigned)m.blocking_threads, (unsigned)m.blocking_idle,
                       (unsigned)m.blocking_queued);
    tell_tasks(r, rt, tell_workers(r, rt));
    bide__scroll_add(r->text, "}", 1);
}

static void find_program(struct bide_runtime *rt, void *argument)
{
    bool *found = argument;
    *found |= atomic_load_explicit(&rt->is_program, memory_order_relaxed);
}

bool bide__console_pauses(void)
{
    bool found = false;
    bide__list_each(find_program, &found);
    return found;
}

bool bide__console_answer(struct bide__scroll *text)
{
    bool lacks_memory;
    struct round r = {.number = bide__question_new(), .text = text};

    bide__list_each(ask, &r);
    r.answers = bide__question_wait(r.asked, PATIENCE_NS, &lacks_memory);
    bide__scroll_print(text, "{\"version\":1,\"pid\":%d,\"program\":", (int)bide__door.getpid());
    bide__scroll_quote(text, program_invocation_short_name);
    bide__scroll_print(text, ",\"now_ns\":%llu,\"runtimes\":[",
                       number((uint64_t)bide__door_real.clock()));
    bide__list_each(tell_runtime, &r);
    bide__scroll_add(text, "]}\n", 3);
    bide__answers_free(r.answers);
    return !text->failed && !lacks_memory;
}
