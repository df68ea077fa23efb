/*
 * top_print.c: what is known of a program as lines of text: for `bide top --once`, which prints all
 * of them, and for the screen, which shows a part.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

enum { CELL_MAX = 48, LABEL_MAX = 100, DEEPEST = 40 };

/* ---- words ---- */

/* The text, cut where it would push others out of sight. */
static const char *cut(struct arena *arena, const char *text, size_t columns)
{
    if (text[top_fit(text, columns)] == '\0')
        return text;
    return arena_printf(arena, "%.*s~", (int)top_fit(text, columns - 1), text);
}

const char *top_place(struct arena *arena, const char *file, int64_t line)
{
    if (file[0] == '\0')
        return "";
    return arena_printf(arena, "%s:%lld", cut(arena, base_name(file), LABEL_MAX), (long long)line);
}

/* A label is in many lines, so that it must not be long. */
static const char *label(struct arena *arena, const char *who, const char *name,
                         const char *function, const char *file, int64_t line)
{
    if (name[0] != '\0')
        who = arena_printf(arena, "%s \"%s\"", who, cut(arena, name, LABEL_MAX));
    if (function[0] != '\0')
        who = arena_printf(arena, "%s (%s%s%s)", who, cut(arena, function, LABEL_MAX),
                           file[0] != '\0' ? " at " : "", top_place(arena, file, line));
    return who;
}

const char *top_label(struct arena *arena, const struct top_task *t)
{
    const char *who =
        arena_printf(arena, "%s %llx", cut(arena, t->kind, LABEL_MAX), (unsigned long long)t->id);
    return label(arena, who, t->name, t->function, t->file, t->line);
}

const char *top_worker_label(struct arena *arena, const struct top_worker *w)
{
    const char *who = "a task";

    if (w->task != 0)
        who = arena_printf(arena, "task %llx", (unsigned long long)w->task);
    return label(arena, who, w->name, w->function, w->file, w->line);
}

const char *top_label_of(struct arena *arena, const struct top_snapshot *s, uint64_t id)
{
    const struct top_task *t = top_find_task(s, id);
    return t != NULL ? top_label(arena, t)
                     : arena_printf(arena, "task %llx", (unsigned long long)id);
}

static const char *share(struct arena *arena, double part)
{
    return part < 0 ? "-" : arena_printf(arena, "%.1f%%", part < 1 ? part * 100 : 100);
}

static const char *rate(struct arena *arena, double per_second)
{
    return per_second < 0 ? "-" : arena_printf(arena, "%.0f", per_second);
}

static const char *count_of(struct arena *arena, int64_t count)
{
    return arena_printf(arena, "%lld", (long long)count);
}

/* Who holds an object: "" if that is not known. */
static const char *holder_text(struct arena *arena, const struct top_snapshot *s, uint64_t task,
                               int64_t thread)
{
    if (task != 0)
        return top_label_of(arena, s, task);
    return thread != 0 ? arena_printf(arena, "thread %lld", (long long)thread) : "";
}

static void add_line(struct arena *arena, struct list *lines, const char *text)
{
    list_add(arena, lines, (void *)(uintptr_t)text);
}

static void add_cell(struct arena *arena, struct list *cells, const char *text)
{
    add_line(arena, cells, cut(arena, text, CELL_MAX));
}

/* ---- the head ---- */

static const char *worker_line(struct arena *arena, const struct top_worker *w)
{
    if (!w->answers && !w->has_runs)
        return arena_printf(arena, "  worker %lld: does not answer; its tasks are not known",
                            (long long)w->number);
    if (!w->answers)
        return arena_printf(arena, "  worker %lld: runs %s for %s; its other tasks are not known",
                            (long long)w->number, top_worker_label(arena, w),
                            top_time(arena, w->for_ns));
    return arena_printf(arena,
                        "  worker %lld: busy %s, polls/s %s, steals %lld, queued %lld, timers %lld",
                        (long long)w->number, share(arena, w->busy_share), rate(arena, w->polls_s),
                        (long long)w->steals, (long long)w->queued, (long long)w->timers);
}

static const char *runtime_line(struct arena *arena, uint32_t number, const struct top_runtime *rt)
{
    return arena_printf(arena,
                        "runtime %u, %s: alive %lld, made %lld, descriptors %lld, waits %lld, "
                        "timers %lld, blocking threads %lld (idle %lld, queued %lld)",
                        number, rt->flavour, (long long)rt->alive, (long long)rt->made,
                        (long long)rt->descriptors, (long long)rt->waits, (long long)rt->timers,
                        (long long)rt->threads, (long long)rt->idle, (long long)rt->queued);
}

struct list top_head_lines(struct arena *arena, const struct top_snapshot *s, uint32_t workers)
{
    struct list lines = {0};
    uint32_t hidden = 0;

    add_line(arena, &lines,
             arena_printf(arena, "%s, pid %lld, seen for %s: tasks %u, warnings %u", s->program,
                          (long long)s->pid, top_time(arena, s->now_ns - s->first_ns),
                          s->tasks.count, s->warnings.count));
    for (uint32_t i = 0; i < s->runtimes.count; i++) {
        const struct top_runtime *rt = s->runtimes.item[i];
        add_line(arena, &lines, runtime_line(arena, i, rt));
        for (uint32_t k = 0; k < rt->workers.count; k++) {
            if (workers == 0) {
                hidden++;
                continue;
            }
            add_line(arena, &lines, worker_line(arena, rt->workers.item[k]));
            workers--;
        }
    }
    if (hidden > 0)
        add_line(arena, &lines, arena_printf(arena, "  %u more workers", hidden));
    return lines;
}

/* ---- tasks ---- */

const char *top_column_name(enum top_column column)
{
    static const char *const names[] = {"!",     "ID",    "STATE",   "NAME",   "AGE",      "BUSY",
                                        "BUSY%", "POLLS", "POLLS/S", "YIELDS", "FUNCTION", "PLACE"};
    return names[column];
}

/* Where it waits. */
static const char *where(struct arena *arena, const struct top_task *t)
{
    if (t->shown == NULL)
        return t->on;
    if (t->shown->file[0] == '\0')
        return t->shown->text;
    return arena_printf(arena, "%s %s", top_place(arena, t->shown->file, t->shown->line),
                        t->shown->text);
}

static void add_task(struct arena *arena, struct list *cells, const struct top_task *t)
{
    add_cell(arena, cells, t->is_warned ? "!" : "");
    add_cell(arena, cells, arena_printf(arena, "%llx", (unsigned long long)t->id));
    add_cell(arena, cells, t->state_word);
    add_cell(arena, cells, t->is_future && t->name[0] == '\0' ? "(future)" : t->name);
    add_cell(arena, cells, top_time(arena, t->age_ns));
    add_cell(arena, cells, top_time(arena, t->busy_ns));
    add_cell(arena, cells, share(arena, t->busy_share));
    add_cell(arena, cells, count_of(arena, t->polls));
    add_cell(arena, cells, rate(arena, t->polls_s));
    add_cell(arena, cells, count_of(arena, t->yields));
    add_cell(arena, cells, t->function);
    add_cell(arena, cells, where(arena, t));
}

struct list top_task_lines(struct arena *arena, const struct list *tasks)
{
    struct list cells = {0};
    uint32_t right = 0;

    for (unsigned i = 0; i < TOP_COLUMNS; i++) {
        add_cell(arena, &cells, top_column_name((enum top_column)i));
        if (i != TOP_WARNED && top_column_is_count((enum top_column)i))
            right |= 1u << i;
    }
    for (uint32_t i = 0; i < tasks->count; i++)
        add_task(arena, &cells, tasks->item[i]);
    return top_lines(arena, &cells, TOP_COLUMNS, right);
}

/* ---- objects ---- */

struct list top_object_lines(struct arena *arena, const struct top_snapshot *s)
{
    static const char *const heads[] = {"WAITERS", "WHAT", "OBJECT", "HOLDER", "PLACE"};
    struct list cells = {0};

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        add_cell(arena, &cells, heads[i]);
    for (uint32_t i = 0; i < s->objects.count; i++) {
        const struct top_object *o = s->objects.item[i];
        add_cell(arena, &cells, count_of(arena, o->waiters));
        add_cell(arena, &cells, o->what);
        add_cell(arena, &cells, arena_printf(arena, "%llx", (unsigned long long)o->id));
        add_cell(arena, &cells, holder_text(arena, s, o->holder, o->thread));
        add_cell(arena, &cells, o->place);
    }
    return top_lines(arena, &cells, sizeof heads / sizeof *heads, 1);
}

/* ---- one task ---- */

static void add_at(struct arena *arena, struct list *lines, const struct top_task *t)
{
    if (t->at == NULL)
        return;
    add_line(arena, lines, "");
    add_line(arena, lines, "where it is, the innermost call first:");
    for (const struct top_at *at = t->at; at != NULL; at = at->next) {
        int indent = at->indent < DEEPEST ? (int)at->indent : DEEPEST;
        const char *place = "";
        if (at->file[0] != '\0')
            place = arena_printf(arena, " (%s:%lld)", at->file, (long long)at->line);
        add_line(arena, lines, arena_printf(arena, "  %*s%s%s", indent, "", at->text, place));
    }
}

static void add_wait(struct arena *arena, struct list *lines, const struct top_snapshot *s,
                     const struct top_task *t)
{
    const char *holder = holder_text(arena, s, t->holder, t->thread);

    if (t->on[0] != '\0')
        add_line(arena, lines, arena_printf(arena, "waits for %s", t->on));
    if (t->what[0] == '\0')
        return;
    if (strcmp(t->what, "task") == 0)
        add_line(arena, lines, arena_printf(arena, "waits for %s", holder));
    else
        add_line(arena, lines,
                 arena_printf(arena, "%s the %s %llx%s%s%s%s",
                              t->is_granted ? "has been given" : "waits for", t->what,
                              (unsigned long long)t->object, holder[0] ? ", which is held by " : "",
                              holder, t->place[0] ? ", taken at " : "", t->place));
}

/* Who waits for this task, and what it holds that they wait for. */
static void add_waiters(struct arena *arena, struct list *lines, const struct top_snapshot *s,
                        const struct top_task *t)
{
    bool any = false;

    for (uint32_t i = 0; i < s->tasks.count; i++) {
        const struct top_task *w = s->tasks.item[i];
        if (t->id == 0 || w->holder != t->id || w->is_granted)
            continue;
        if (!any) {
            add_line(arena, lines, "");
            add_line(arena, lines, "who waits for it:");
        }
        any = true;
        const char *held = "";
        if (strcmp(w->what, "task") != 0)
            held = arena_printf(arena, ", for the %s %llx that it holds", w->what,
                                (unsigned long long)w->object);
        add_line(arena, lines, arena_printf(arena, "  %s%s", top_label(arena, w), held));
    }
}

struct list top_detail_lines(struct arena *arena, const struct top_snapshot *s,
                             const struct top_task *t)
{
    const struct top_runtime *rt = s->runtimes.item[t->runtime];
    struct list lines = {0};

    add_line(arena, &lines, top_label(arena, t));
    if (t->file[0] != '\0')
        add_line(arena, &lines,
                 arena_printf(arena, "begins with %s (%s:%lld)", t->function, t->file,
                              (long long)t->line));
    add_line(arena, &lines,
             arena_printf(arena, "state %s, age %s, on runtime %u, %s", t->state_word,
                          top_time(arena, t->age_ns), t->runtime, rt->flavour));
    add_line(arena, &lines,
             arena_printf(arena,
                          "busy %s (%s), polls %lld (%s/s), %lld of them asked for by itself",
                          top_time(arena, t->busy_ns), share(arena, t->busy_share),
                          (long long)t->polls, rate(arena, t->polls_s), (long long)t->yields));
    add_wait(arena, &lines, s, t);
    add_at(arena, &lines, t);
    add_waiters(arena, &lines, s, t);
    for (uint32_t i = 0; i < s->warnings.count; i++) {
        const struct top_warning *w = s->warnings.item[i];
        if (w->task != t->id || t->id == 0)
            continue;
        add_line(arena, &lines, "");
        add_line(arena, &lines, w->text);
    }
    return lines;
}

/* ---- --once ---- */

static void print_lines(const struct list *lines)
{
    for (uint32_t i = 0; i < lines->count; i++)
        puts(lines->item[i]);
}

void top_print(const struct top_snapshot *s)
{
    struct arena *arena = arena_new();
    struct list lines = top_head_lines(arena, s, UINT32_MAX);
    struct list tasks = top_tasks(arena, s, TOP_SHARE, false, "");

    print_lines(&lines);
    putchar('\n');
    lines = top_task_lines(arena, &tasks);
    print_lines(&lines);
    puts("\nobjects that tasks wait for:");
    lines = top_object_lines(arena, s);
    if (s->objects.count > 0)
        print_lines(&lines);
    else
        puts("none");
    puts("\nwarnings:");
    for (uint32_t i = 0; i < s->warnings.count; i++)
        puts(((const struct top_warning *)s->warnings.item[i])->text);
    if (s->warnings.count == 0)
        puts("none");
    arena_free(arena);
}
