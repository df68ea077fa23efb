/*
 * top_warn.c: what looks wrong in two answers of a program. docs/console.md has a section for each
 * kind.
 *
 * One look tells little: a task that is woken is ready for a moment, and locks go from one to the
 * next. So what is reported has lasted for a second of the program's time, with no poll of the task
 * in between, or is the same in two answers, or has happened at least a hundred times.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

enum { SHOWN_IN_CIRCLE = 8, YIELDS_FEW = 100, COMPUTES_NS = 100000 };

static const int64_t second_ns = 1000000000;

static void add(struct top_snapshot *s, const char *kind, uint64_t task, const char *text)
{
    struct top_warning *w = arena_alloc(s->arena, sizeof *w);

    *w = (struct top_warning){kind, task, arena_printf(s->arena, "%s: %s", kind, text)};
    list_add(s->arena, &s->warnings, w);
}

static bool lasts(const struct top_snapshot *s, int64_t from_ns)
{
    return from_ns >= 0 && s->now_ns - from_ns >= second_ns;
}

static const char *for_time(struct top_snapshot *s, int64_t from_ns)
{
    return top_time(s->arena, s->now_ns - from_ns);
}

/* " at a.c:3", or "". */
static const char *at_place(struct top_snapshot *s, const struct top_task *t)
{
    if (t->shown == NULL || t->shown->file[0] == '\0')
        return "";
    return arena_printf(s->arena, " at %s:%lld", t->shown->file, (long long)t->shown->line);
}

/* A warning about a task and what it does: its label, its place, and the text. */
static void warn_task(struct top_snapshot *s, struct top_task *t, const char *kind,
                      const char *text)
{
    t->is_warned = true;
    add(s, kind, t->id,
        arena_printf(s->arena, "%s%s %s", top_label(s->arena, t), at_place(s, t), text));
}

/* ---- polls that last ---- */

#define LET_IT_YIELD                                                                           \
    "let a long computation await bide_yield() now and then, and put a call that blocks into " \
    "bide_blocking"

static void warn_worker(struct top_snapshot *s, const struct top_worker *w)
{
    struct top_task *t = top_find_task(s, w->task);
    const char *text;

    if (w->answers)
        return;
    if (w->for_ns >= second_ns)
        text = arena_printf(
            s->arena, "%s has run on worker %lld for %s without an await that waits",
            top_worker_label(s->arena, w), (long long)w->number, top_time(s->arena, w->for_ns));
    else if (s->heard_ns - w->silent_ns >= second_ns)
        text = arena_printf(s->arena,
                            "worker %lld does not answer, and has not for %s: it is in a poll "
                            "that lasts",
                            (long long)w->number, top_time(s->arena, s->heard_ns - w->silent_ns));
    else
        return;
    if (t != NULL)
        t->is_warned = true;
    add(s, "never yields", w->task, arena_printf(s->arena, "%s; %s", text, LET_IT_YIELD));
}

static void warn_hot(struct top_snapshot *s, struct top_task *t)
{
    if (lasts(s, t->hot_ns))
        warn_task(s, t, "never yields",
                  arena_printf(s->arena, "has run at each look for %s, %.0f%% of the time; %s",
                               for_time(s, t->hot_ns),
                               t->busy_share < 1 ? t->busy_share * 100 : 100, LET_IT_YIELD));
}

/* ---- polls that do not come ---- */

static void warn_ready(struct top_snapshot *s, struct top_task *t)
{
    if (lasts(s, t->ready_ns))
        warn_task(s, t, "not polled",
                  arena_printf(s->arena,
                               "has been ready for %s, but no worker polls it; look for a task "
                               "that never yields, or for more work than the workers can do",
                               for_time(s, t->ready_ns)));
}

static void warn_granted(struct top_snapshot *s, struct top_task *t)
{
    if (lasts(s, t->granted_ns))
        warn_task(s, t, "futurelock",
                  arena_printf(s->arena,
                               "has been given the %s %llx, and has not been polled for %s: nobody "
                               "else gets it; let its task poll that future to its end, or drop "
                               "it, before it awaits something else",
                               t->what, (unsigned long long)t->object, for_time(s, t->granted_ns)));
}

static void warn_future(struct top_snapshot *s, struct top_task *t)
{
    if (!t->is_granted && lasts(s, t->held_ns))
        warn_task(s, t, "forgotten future",
                  arena_printf(s->arena,
                               "has begun, and nobody has polled it for %s; await it, or give it "
                               "to bide_drop",
                               for_time(s, t->held_ns)));
}

/* A task whose polls are long computes, and asks for its own poll as it should. */
static void warn_yields(struct top_snapshot *s, struct top_task *t)
{
    int64_t polls = t->polls - t->first_polls, yields = t->yields - t->first_yields;

    if (polls < YIELDS_FEW || yields <= polls / 2 ||
        t->busy_ns - t->first_busy_ns > polls * COMPUTES_NS)
        return;
    warn_task(s, t, "asks for its own poll",
              arena_printf(s->arena,
                           "has asked itself for %lld of its %lld short polls; bide_yield() is for "
                           "long computations: let it wait for what it looks for, with an event, a "
                           "channel, a timer",
                           (long long)yields, (long long)polls));
}

/* ---- circles ---- */

/* The one it waits for, and already did in the answer before. */
static struct top_task *holder_of(const struct top_snapshot *s, const struct top_task *t)
{
    bool is_same = t->stuck_ns >= 0 && t->stuck_ns < s->now_ns;
    return is_same ? top_find_task(s, t->holder) : NULL;
}

/* "task 1 (f at a.c:3) at a.c:4 waits for the mutex 7 of task 2" */
static const char *wait_text(struct top_snapshot *s, const struct top_task *t)
{
    const struct top_task *holder = top_find_task(s, t->holder);
    const char *object = "";

    if (strcmp(t->what, "task") != 0)
        object = arena_printf(s->arena, "the %s %llx of ", t->what, (unsigned long long)t->object);
    return arena_printf(s->arena, "%s%s waits for %s%s %llx", top_label(s->arena, t),
                        at_place(s, t), object, holder->kind, (unsigned long long)holder->id);
}

static void warn_circle(struct top_snapshot *s, struct top_task *first)
{
    struct top_task *t = first;
    const char *text = "";
    uint32_t count = 0;

    do {
        t->is_warned = true;
        if (count < SHOWN_IN_CIRCLE)
            text = arena_printf(s->arena, "%s%s%s", text, count > 0 ? ", " : "", wait_text(s, t));
        t = top_find_task(s, t->holder);
        count++;
    } while (t != first);
    if (count > SHOWN_IN_CIRCLE)
        text = arena_printf(s->arena, "%s, and so on, %u in all", text, count);
    add(s, "circle", first->id,
        arena_printf(s->arena,
                     "%s; take locks in one order everywhere, or hold none while another task is "
                     "awaited",
                     text));
}

/* Each task waits for one other at most. A walk that comes back to itself has found a circle. */
static void warn_circles(struct top_snapshot *s)
{
    for (uint32_t i = 0; i < s->tasks.count; i++) {
        struct top_task *t = s->tasks.item[i];
        while (t != NULL && t->mark == 0) {
            t->mark = i + 1;
            t = holder_of(s, t);
        }
        if (t != NULL && t->mark == i + 1)
            warn_circle(s, t);
    }
}

/* ---- all ---- */

void top_warn(struct top_snapshot *s)
{
    for (uint32_t i = 0; i < s->runtimes.count; i++) {
        const struct top_runtime *rt = s->runtimes.item[i];
        for (uint32_t k = 0; k < rt->workers.count; k++)
            warn_worker(s, rt->workers.item[k]);
    }
    warn_circles(s);
    for (uint32_t i = 0; i < s->tasks.count; i++) {
        struct top_task *t = s->tasks.item[i];
        warn_hot(s, t);
        warn_ready(s, t);
        warn_granted(s, t);
        warn_future(s, t);
        warn_yields(s, t);
    }
}

void top_warnings_json(const struct top_snapshot *s, struct buffer *out)
{
    char id[24];

    buffer_add(out, "[", 1);
    for (uint32_t i = 0; i < s->warnings.count; i++) {
        const struct top_warning *w = s->warnings.item[i];
        int n = snprintf(id, sizeof id, "\"%llx\"", (unsigned long long)w->task);
        buffer_add(out, i > 0 ? ",{\"task\":" : "{\"task\":", i > 0 ? 9 : 8);
        buffer_add(out, w->task != 0 ? id : "null", w->task != 0 ? (size_t)n : 4);
        buffer_add(out, ",\"kind\":", 8);
        json_add(out, w->kind, false);
        buffer_add(out, ",\"text\":", 8);
        json_add(out, w->text, false);
        buffer_add(out, "}", 1);
    }
    buffer_add(out, "]", 1);
}
