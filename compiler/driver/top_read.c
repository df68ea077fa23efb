/*
 * top_read.c: reads what a program tells of itself: one line of JSON, which docs/console.md
 * describes.
 *
 * The other side may be broken, or mean harm. A member that is not known is skipped; one that is
 * known and has another type than it should makes the whole line a bad answer. What is missing is 0
 * or "". The number of objects is limited, so that a line takes a bounded multiple of its size.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

enum { OBJECTS_MAX = 8000000 };

struct reader {
    struct json json;
    struct top_snapshot *snapshot;
    uint32_t objects;
    const char *error; /* that the program has answered, or NULL */
};

/* A member that is a number or a text, and where it goes. */
struct field {
    const char *key;
    size_t offset;
    bool is_text;
};

#define COUNT(type, member)                           \
    {                                                 \
#member, offsetof(struct type, member), false \
    }
#define TEXT(type, member)                           \
    {                                                \
#member, offsetof(struct type, member), true \
    }
#define MEMBERS(list) list, sizeof list / sizeof *list

/* ---- values ---- */

/* "" for null. */
static const char *read_text(struct reader *r)
{
    return json_read_null(&r->json) ? "" : top_clean(r->json.arena, json_read_string(&r->json));
}

/* A hexadecimal number, as a string. */
static uint64_t read_id(struct reader *r)
{
    if (json_read_null(&r->json))
        return 0;
    const char *text = json_read_string(&r->json);
    uint64_t id = 0;
    size_t digits = 0;

    if (text[0] == '0' && text[1] == 'x')
        text += 2;
    for (; text[digits]; digits++) {
        const char *all = "0123456789abcdef0123456789ABCDEF";
        const char *digit = strchr(all, text[digits]);
        r->json.failed |= digit == NULL || digits >= 16;
        if (r->json.failed)
            return 0;
        id = id << 4 | (uint64_t)((digit - all) & 15);
    }
    r->json.failed |= digits == 0;
    return id;
}

/* Is it one of these members? Then reads it. */
static bool read_member(struct reader *r, void *base, const struct field *members, size_t count,
                        const char *key)
{
    for (size_t i = 0; i < count; i++) {
        char *to = (char *)base + members[i].offset;
        if (strcmp(members[i].key, key) != 0)
            continue;
        if (members[i].is_text) {
            const char *text = read_text(r);
            memcpy(to, &text, sizeof text);
        } else {
            int64_t number = json_read_null(&r->json) ? 0 : json_read_count(&r->json);
            memcpy(to, &number, sizeof number);
        }
        return true;
    }
    return false;
}

/* Opens an object, or an array of them. False: it is empty, or there is none. */
static bool opens(struct reader *r, char open)
{
    if (open == '{' && ++r->objects > OBJECTS_MAX)
        r->json.failed = true;
    return json_opens(&r->json, open);
}

/* ---- tasks ---- */

static struct top_at *read_at(struct reader *r)
{
    static const struct field members[] = {COUNT(top_at, indent), COUNT(top_at, line),
                                           TEXT(top_at, text), TEXT(top_at, file)};
    struct top_at *at = arena_alloc(r->json.arena, sizeof *at);

    at->text = at->file = "";
    if (opens(r, '{'))
        do {
            const char *key = json_read_key(&r->json);
            if (!read_member(r, at, MEMBERS(members), key))
                json_skip(&r->json);
        } while (json_goes_on(&r->json, '}'));
    return at;
}

/* A line in a file of the user's: the library's functions tell less. */
static bool is_shown(const struct top_at *at)
{
    return at->file[0] != '\0' && strncmp(at->text, "bide_", 5) != 0;
}

static void read_ats(struct reader *r, struct top_task *t)
{
    struct top_at *last = NULL;

    if (!opens(r, '['))
        return;
    do {
        struct top_at *at = read_at(r);
        if (last == NULL)
            t->at = at;
        else
            last->next = at;
        last = at;
        if (t->shown == NULL && is_shown(at))
            t->shown = at;
    } while (json_goes_on(&r->json, ']'));
    if (t->shown == NULL)
        t->shown = t->at;
}

static void read_for(struct reader *r, struct top_task *t)
{
    static const struct field members[] = {TEXT(top_task, what), TEXT(top_task, place),
                                           COUNT(top_task, thread)};
    if (!opens(r, '{'))
        return;
    do {
        const char *key = json_read_key(&r->json);
        if (strcmp(key, "object") == 0)
            t->object = read_id(r);
        else if (strcmp(key, "task") == 0)
            t->holder = read_id(r);
        else if (strcmp(key, "granted") == 0)
            t->is_granted = json_read_bool(&r->json);
        else if (!read_member(r, t, MEMBERS(members), key))
            json_skip(&r->json);
    } while (json_goes_on(&r->json, '}'));
    if (strcmp(t->what, "task") == 0 && t->holder == 0)
        t->holder = t->object;
}

static enum top_state state_of(const char *word)
{
    static const char *const words[] = {"waits", "ready", "runs", "ends", "begins"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], word) == 0)
            return (enum top_state)i;
    return TOP_OTHER;
}

static void read_task_member(struct reader *r, struct top_task *t)
{
    static const struct field members[] = {TEXT(top_task, kind),     TEXT(top_task, name),
                                           TEXT(top_task, function), TEXT(top_task, file),
                                           TEXT(top_task, on),       COUNT(top_task, line),
                                           COUNT(top_task, age_ns),  COUNT(top_task, polls),
                                           COUNT(top_task, yields),  COUNT(top_task, busy_ns)};
    const char *key = json_read_key(&r->json);

    if (strcmp(key, "id") == 0)
        t->id = read_id(r);
    else if (strcmp(key, "state") == 0)
        t->state_word = read_text(r);
    else if (strcmp(key, "at") == 0)
        read_ats(r, t);
    else if (strcmp(key, "for") == 0)
        read_for(r, t);
    else if (!read_member(r, t, MEMBERS(members), key))
        json_skip(&r->json);
}

static void read_task(struct reader *r)
{
    struct top_task *t = arena_alloc(r->json.arena, sizeof *t);

    t->kind = t->name = t->function = t->file = t->state_word = t->what = t->place = t->on = "";
    t->runtime = r->snapshot->runtimes.count - 1;
    if (opens(r, '{'))
        do
            read_task_member(r, t);
        while (json_goes_on(&r->json, '}'));
    t->state = state_of(t->state_word);
    t->is_future = strcmp(t->kind, "future") == 0;
    if (t->kind[0] == '\0')
        t->kind = "task";
    list_add(r->json.arena, &r->snapshot->tasks, t);
}

/* ---- runtimes ---- */

static void read_runs(struct reader *r, struct top_worker *w)
{
    static const struct field members[] = {TEXT(top_worker, name), TEXT(top_worker, function),
                                           TEXT(top_worker, file), COUNT(top_worker, line),
                                           COUNT(top_worker, for_ns)};
    if (!opens(r, '{'))
        return;
    do {
        const char *key = json_read_key(&r->json);
        if (strcmp(key, "task") == 0)
            w->task = read_id(r);
        else if (!read_member(r, w, MEMBERS(members), key))
            json_skip(&r->json);
    } while (json_goes_on(&r->json, '}'));
}

static void read_worker(struct reader *r, struct top_runtime *rt)
{
    static const struct field members[] = {COUNT(top_worker, number), COUNT(top_worker, busy_ns),
                                           COUNT(top_worker, polls),  COUNT(top_worker, steals),
                                           COUNT(top_worker, queued), COUNT(top_worker, timers)};
    struct top_worker *w = arena_alloc(r->json.arena, sizeof *w);

    w->name = w->function = w->file = "";
    if (opens(r, '{'))
        do {
            const char *key = json_read_key(&r->json);
            if (strcmp(key, "answers") == 0)
                w->is_silent = !json_read_bool(&r->json);
            else if (strcmp(key, "runs") == 0)
                read_runs(r, w);
            else if (!read_member(r, w, MEMBERS(members), key))
                json_skip(&r->json);
        } while (json_goes_on(&r->json, '}'));
    list_add(r->json.arena, &rt->workers, w);
}

static void read_blocking(struct reader *r, struct top_runtime *rt)
{
    static const struct field members[] = {COUNT(top_runtime, threads), COUNT(top_runtime, idle),
                                           COUNT(top_runtime, queued)};
    if (!opens(r, '{'))
        return;
    do {
        const char *key = json_read_key(&r->json);
        if (!read_member(r, rt, MEMBERS(members), key))
            json_skip(&r->json);
    } while (json_goes_on(&r->json, '}'));
}

static void read_runtime_member(struct reader *r, struct top_runtime *rt)
{
    static const struct field members[] = {
        TEXT(top_runtime, flavour),      COUNT(top_runtime, alive), COUNT(top_runtime, made),
        COUNT(top_runtime, descriptors), COUNT(top_runtime, waits), COUNT(top_runtime, timers)};
    const char *key = json_read_key(&r->json);

    if (strcmp(key, "blocking") == 0) {
        read_blocking(r, rt);
    } else if (strcmp(key, "workers") == 0) {
        if (opens(r, '['))
            do
                read_worker(r, rt);
            while (json_goes_on(&r->json, ']'));
    } else if (strcmp(key, "tasks") == 0) {
        if (opens(r, '['))
            do
                read_task(r);
            while (json_goes_on(&r->json, ']'));
    } else if (!read_member(r, rt, MEMBERS(members), key)) {
        json_skip(&r->json);
    }
}

static void read_runtime(struct reader *r)
{
    struct top_runtime *rt = arena_alloc(r->json.arena, sizeof *rt);

    rt->flavour = "";
    list_add(r->json.arena, &r->snapshot->runtimes, rt);
    if (opens(r, '{'))
        do
            read_runtime_member(r, rt);
        while (json_goes_on(&r->json, '}'));
}

/* ---- the answer ---- */

static void read_answer(struct reader *r)
{
    static const struct field members[] = {TEXT(top_snapshot, program), COUNT(top_snapshot, pid),
                                           COUNT(top_snapshot, version),
                                           COUNT(top_snapshot, now_ns)};
    if (opens(r, '{'))
        do {
            const char *key = json_read_key(&r->json);
            if (strcmp(key, "error") == 0) {
                r->error = read_text(r);
            } else if (strcmp(key, "runtimes") == 0) {
                if (opens(r, '['))
                    do
                        read_runtime(r);
                    while (json_goes_on(&r->json, ']'));
            } else if (!read_member(r, r->snapshot, MEMBERS(members), key)) {
                json_skip(&r->json);
            }
        } while (json_goes_on(&r->json, '}'));
    r->json.failed |= json_peek(&r->json) != '\0' || r->json.at < r->json.end;
}

static uint64_t hash(uint64_t id)
{
    id *= 0x9E3779B97F4A7C15u;
    return id ^ id >> 32;
}

/* Where the task with this id is, or would be. */
static struct top_task **slot_of(const struct top_snapshot *s, uint64_t id)
{
    size_t i = (size_t)hash(id) & (s->by_id_size - 1);

    while (s->by_id[i] != NULL && s->by_id[i]->id != id)
        i = (i + 1) & (s->by_id_size - 1);
    return &s->by_id[i];
}

static void index_tasks(struct top_snapshot *s)
{
    s->by_id_size = 16;
    while (s->by_id_size / 2 < s->tasks.count)
        s->by_id_size *= 2;
    s->by_id = arena_alloc(s->arena, s->by_id_size * sizeof *s->by_id);
    for (uint32_t i = 0; i < s->tasks.count; i++) {
        struct top_task *t = s->tasks.item[i], **slot = slot_of(s, t->id);
        if (*slot == NULL)
            *slot = t;
    }
}

struct top_task *top_find_task(const struct top_snapshot *s, uint64_t id)
{
    return id != 0 ? *slot_of(s, id) : NULL;
}

/* Control characters have no place in JSON on one line. They are refused, since the line may also
 * be printed as it is. */
static bool has_controls(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\t' && text[i] != '\r')
            return true;
    return false;
}

struct top_snapshot *top_read(const char *text, size_t size, const char **why)
{
    static char said[256];
    struct arena *arena = arena_new();
    struct top_snapshot *s = arena_alloc(arena, sizeof *s);
    struct reader r = {.json = {.arena = arena, .at = text, .end = text + size}, .snapshot = s};

    s->arena = arena;
    s->program = "";
    r.json.failed = has_controls(text, size);
    read_answer(&r);
    *why = NULL;
    if (r.json.failed) {
        *why = "its answer is not what bide top understands";
    } else if (r.error != NULL) {
        (void)snprintf(said, sizeof said, "it says: %.*s", (int)top_fit(r.error, 200), r.error);
        *why = said;
    } else if (s->version != 1) {
        (void)snprintf(said, sizeof said, "it speaks version %lld of the protocol, not 1",
                       (long long)s->version);
        *why = said;
    }
    if (*why != NULL) {
        top_free(s);
        return NULL;
    }
    index_tasks(s);
    return s;
}

void top_free(struct top_snapshot *s)
{
    if (s != NULL)
        arena_free(s->arena);
}
