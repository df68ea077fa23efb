/*
 * top_tables.c: what two answers of a program tell together: rates, since when a state lasts, the
 * objects that tasks wait for; and the order of the tasks in a table.
 *
 * A task is the same in both answers if its id is, it is older by at least half of the time between
 * them, and none of its counts is smaller: ids are used again. What lasts is carried from answer to
 * answer: in each task lies since when it is so. These times are the program's, so that an answer
 * which comes late does not count for longer. Since when a worker does not answer, our clock tells.
 *
 * That a task was not polled is only known where each poll is counted: in a runtime of which each
 * worker counted exactly in both answers, or made no poll between them.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>

/* ---- tasks ---- */

/* Since when something lasts that is true now, and was already if `before_ns` is a time. */
static int64_t since(bool is_so, bool was_so, int64_t before_ns, int64_t now_ns)
{
    if (!is_so)
        return -1;
    return was_so && before_ns >= 0 ? before_ns : now_ns;
}

/* Does it hold its thread? Polls that are short are no harm, however many there are. */
static bool is_hot(const struct top_task *t, const struct top_task *b)
{
    int64_t busy_ns = t->busy_ns - b->busy_ns, polls = t->polls - b->polls;
    return t->busy_share > 0.95 && (polls < 1 || busy_ns / polls >= 10000000);
}

static void carry_rates(struct top_task *t, const struct top_task *b, const struct top_snapshot *s)
{
    t->busy_share = t->polls_s = -1;
    if (b != NULL && s->since_ns > 0) {
        t->busy_share = (double)(t->busy_ns - b->busy_ns) / (double)s->since_ns;
        t->polls_s = (double)(t->polls - b->polls) * 1e9 / (double)s->since_ns;
    }
    t->first_polls = b != NULL ? b->first_polls : t->polls;
    t->first_yields = b != NULL ? b->first_yields : t->yields;
    t->first_busy_ns = b != NULL ? b->first_busy_ns : t->busy_ns;
    if (b == NULL && t->age_ns <= s->since_ns)
        t->first_polls = t->first_yields = t->first_busy_ns = 0; /* it began after that look */
}

static void carry(struct top_task *t, const struct top_task *b, const struct top_snapshot *s)
{
    static const struct top_task none = {
        .ready_ns = -1, .granted_ns = -1, .hot_ns = -1, .held_ns = -1, .stuck_ns = -1};
    const struct top_runtime *rt = s->runtimes.item[t->runtime];
    bool same_polls = b != NULL && t->polls == b->polls;
    bool is_still = same_polls && rt->is_sure && t->runtime == b->runtime;

    carry_rates(t, b, s);
    b = b != NULL ? b : &none;
    t->ready_ns = since(t->state == TOP_READY, is_still, b->ready_ns, s->now_ns);
    t->granted_ns =
        since(t->is_granted, is_still && t->object == b->object, b->granted_ns, s->now_ns);
    t->hot_ns = since(t->state == TOP_RUNS, b != &none && is_hot(t, b), b->hot_ns, s->now_ns);
    t->held_ns = since(t->is_future && t->state == TOP_WAITS, is_still, b->held_ns, s->now_ns);
    t->stuck_ns = since(t->state == TOP_WAITS && !t->is_granted,
                        same_polls && t->holder == b->holder, b->stuck_ns, s->now_ns);
}

static const struct top_task *same_task(const struct top_snapshot *s,
                                        const struct top_snapshot *before, const struct top_task *t)
{
    const struct top_task *b = before != NULL ? top_find_task(before, t->id) : NULL;
    bool is_same = b != NULL && t->age_ns - b->age_ns >= s->since_ns / 2 && b->polls <= t->polls &&
                   b->busy_ns <= t->busy_ns;
    return is_same ? b : NULL;
}

/* ---- workers ---- */

static void compare_worker(struct top_worker *w, const struct top_worker *b,
                           const struct top_snapshot *s)
{
    w->busy_share = w->polls_s = -1;
    w->silent_ns = since(!w->answers, b != NULL, b != NULL ? b->silent_ns : -1, s->heard_ns);
    if (b == NULL || s->since_ns <= 0)
        return;
    double busy_ns = (double)w->busy_ns - (double)b->busy_ns;
    double polls = (double)w->polls - (double)b->polls;
    w->busy_share = busy_ns > 0 ? busy_ns / (double)s->since_ns : 0;
    w->polls_s = polls > 0 ? polls * 1e9 / (double)s->since_ns : 0;
}

static void compare_workers(struct top_runtime *rt, const struct top_runtime *before,
                            const struct top_snapshot *s)
{
    rt->is_sure = true;
    for (uint32_t i = 0; i < rt->workers.count; i++) {
        struct top_worker *w = rt->workers.item[i];
        const struct top_worker *b =
            before != NULL && i < before->workers.count ? before->workers.item[i] : NULL;
        if (b != NULL && b->number != w->number)
            b = NULL;
        rt->is_sure &= b != NULL && (b->polls == w->polls || (b->is_exact && w->is_exact));
        compare_worker(w, b, s);
    }
}

/* ---- objects ---- */

static int by_object(const void *a, const void *b)
{
    const struct top_task *s = *(struct top_task *const *)a, *t = *(struct top_task *const *)b;
    int order = strcmp(s->what, t->what);

    if (order != 0 || s->object != t->object)
        return order != 0 ? order : s->object < t->object ? -1 : 1;
    return s->id < t->id ? -1 : s->id > t->id;
}

static int by_waiters(const void *a, const void *b)
{
    const struct top_object *o = *(struct top_object *const *)a,
                            *p = *(struct top_object *const *)b;
    int order = strcmp(o->what, p->what);

    if (o->waiters != p->waiters)
        return o->waiters > p->waiters ? -1 : 1;
    return order != 0 ? order : o->id < p->id ? -1 : o->id > p->id;
}

static void sort(struct list *list, int (*order)(const void *, const void *))
{
    if (list->count > 1)
        qsort(list->item, list->count, sizeof(void *), order);
}

static void group_objects(struct top_snapshot *s)
{
    struct list waiting = {0};
    struct top_object *o = NULL;

    for (uint32_t i = 0; i < s->tasks.count; i++) {
        struct top_task *t = s->tasks.item[i];
        if (t->what[0] != '\0')
            list_add(s->arena, &waiting, t);
    }
    sort(&waiting, by_object);
    for (uint32_t i = 0; i < waiting.count; i++) {
        const struct top_task *t = waiting.item[i];
        if (o == NULL || o->id != t->object || strcmp(o->what, t->what) != 0) {
            o = arena_alloc(s->arena, sizeof *o);
            *o = (struct top_object){.what = t->what, .place = "", .id = t->object};
            list_add(s->arena, &s->objects, o);
        }
        o->waiters++;
        /* The one to whom it was granted holds it. */
        o->holder = t->is_granted ? t->id : o->holder != 0 ? o->holder : t->holder;
        o->thread = o->thread != 0 ? o->thread : t->thread;
        o->place = o->place[0] != '\0' ? o->place : t->place;
    }
    sort(&s->objects, by_waiters);
}

void top_compare(struct top_snapshot *s, const struct top_snapshot *before)
{
    if (before != NULL && before->pid != s->pid)
        before = NULL; /* another program behind the same socket */
    s->first_ns = before != NULL ? before->first_ns : s->now_ns;
    s->since_ns = before != NULL && before->now_ns < s->now_ns ? s->now_ns - before->now_ns : 0;
    s->heard_ns = top_now_ns();
    for (uint32_t i = 0; i < s->runtimes.count; i++)
        compare_workers(
            s->runtimes.item[i],
            before != NULL && i < before->runtimes.count ? before->runtimes.item[i] : NULL, s);
    for (uint32_t i = 0; i < s->tasks.count; i++)
        carry(s->tasks.item[i], same_task(s, before, s->tasks.item[i]), s);
    group_objects(s);
    top_warn(s);
}

/* ---- order ---- */

static enum top_column sort_column;
static bool sort_backward;

static const char *shown_file(const struct top_task *t)
{
    return t->shown != NULL ? base_name(t->shown->file) : "";
}

static const char *text_of(const struct top_task *t, enum top_column column)
{
    switch (column) {
    case TOP_STATE: return t->state_word;
    case TOP_NAME: return t->name;
    case TOP_FUNCTION: return t->function;
    case TOP_PLACE: return shown_file(t);
    default: return "";
    }
}

static double count_of(const struct top_task *t, enum top_column column)
{
    switch (column) {
    case TOP_WARNED: return t->is_warned;
    case TOP_AGE: return (double)t->age_ns;
    case TOP_BUSY: return (double)t->busy_ns;
    case TOP_SHARE: return t->busy_share;
    case TOP_POLLS: return (double)t->polls;
    case TOP_RATE: return t->polls_s;
    case TOP_YIELDS: return (double)t->yields;
    case TOP_PLACE: return t->shown != NULL ? -(double)t->shown->line : 0;
    default: return 0;
    }
}

bool top_column_is_count(enum top_column column)
{
    return column != TOP_ID && column != TOP_STATE && column != TOP_NAME &&
           column != TOP_FUNCTION && column != TOP_PLACE;
}

/* Texts go up, counts go down; what is equal goes by its id. */
static int by_column(const void *a, const void *b)
{
    const struct top_task *s = *(struct top_task *const *)a, *t = *(struct top_task *const *)b;
    double x = count_of(s, sort_column), y = count_of(t, sort_column);
    int order = strcmp(text_of(s, sort_column), text_of(t, sort_column));

    if (order == 0)
        order = x > y ? -1 : x < y;
    if (order == 0 && s->id != t->id)
        return (s->id < t->id ? -1 : 1) * (sort_backward && sort_column == TOP_ID ? -1 : 1);
    return sort_backward ? -order : order;
}

static bool has_text(const struct top_task *t, const char *filter)
{
    char id[24];

    if (filter[0] == '\0')
        return true;
    (void)snprintf(id, sizeof id, "%llx", (unsigned long long)t->id);
    for (const struct top_at *at = t->at; at != NULL; at = at->next)
        if (strcasestr(at->text, filter) != NULL || strcasestr(at->file, filter) != NULL)
            return true;
    return strcasestr(id, filter) != NULL || strcasestr(t->name, filter) != NULL ||
           strcasestr(t->function, filter) != NULL || strcasestr(t->file, filter) != NULL ||
           strcasestr(t->state_word, filter) != NULL || strcasestr(t->kind, filter) != NULL ||
           strcasestr(t->what, filter) != NULL || strcasestr(t->on, filter) != NULL;
}

struct list top_tasks(struct arena *arena, const struct top_snapshot *s, enum top_column column,
                      bool backward, const char *filter)
{
    struct list tasks = {0};

    for (uint32_t i = 0; i < s->tasks.count; i++)
        if (has_text(s->tasks.item[i], filter))
            list_add(arena, &tasks, s->tasks.item[i]);
    sort_column = column;
    sort_backward = backward;
    sort(&tasks, by_column);
    return tasks;
}
