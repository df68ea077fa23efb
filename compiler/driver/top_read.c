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

enum { OBJECTS_MAX = 8000000, TASKS_MAX = 1000000, TEXT_MAX = 4096 };

struct reader {
    struct json json;
    struct top_snapshot *snapshot;
    uint32_t objects, large; /* large: tasks, workers and runtimes */
    const char *error;       /* that the program has answered, or NULL */
    bool has_too_many;
};

enum field_kind { FIELD_COUNT, FIELD_TEXT, FIELD_ID, FIELD_BOOL, FIELD_NESTED };

/* A member of an object in JSON, and where it goes. */
struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
    void (*read)(struct reader *, void *object); /* FIELD_NESTED: reads it into the object */
};

#define FIELD(key, kind, type, member)                 \
    {                                                  \
        key, kind, offsetof(struct type, member), NULL \
    }
#define COUNT(type, member)     FIELD(#member, FIELD_COUNT, type, member)
#define TEXT(type, member)      FIELD(#member, FIELD_TEXT, type, member)
#define ID(key, type, member)   FIELD(key, FIELD_ID, type, member)
#define BOOL(key, type, member) FIELD(key, FIELD_BOOL, type, member)
#define NESTED(key, read)          \
    {                              \
        key, FIELD_NESTED, 0, read \
    }
#define END_OF_FIELDS              \
    {                              \
        NULL, FIELD_COUNT, 0, NULL \
    }

/* ---- values ---- */

/* "" for null. What nobody could read on a line is cut: it may be repeated in many lines. */
static const char *read_text(struct reader *r)
{
    if (json_read_null(&r->json))
        return "";
    const char *text = top_clean(r->json.arena, json_read_string(&r->json));
    size_t size = strnlen(text, TEXT_MAX + 1);

    if (size <= TEXT_MAX)
        return text;
    for (size = TEXT_MAX; size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80;)
        size--;
    return arena_strndup(r->json.arena, text, size);
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

static void read_field(struct reader *r, void *object, const struct field *f)
{
    void *to = (char *)object + f->offset;

    switch (f->kind) {
    case FIELD_COUNT:
        *(int64_t *)to = json_read_null(&r->json) ? 0 : json_read_count(&r->json);
        break;
    case FIELD_TEXT: *(const char **)to = read_text(r); break;
    case FIELD_ID: *(uint64_t *)to = read_id(r); break;
    case FIELD_BOOL: *(bool *)to = json_read_bool(&r->json); break;
    case FIELD_NESTED: f->read(r, object); break;
    }
}

/* Opens an object, or an array of them. False: it is empty, or there is none. */
static bool opens(struct reader *r, char open)
{
    if (open == '{' && ++r->objects > OBJECTS_MAX)
        r->json.failed = true;
    return json_opens(&r->json, open);
}

/* Reads an object in JSON. The last of the fields has no key. */
static void read_object(struct reader *r, void *object, const struct field *fields)
{
    if (!opens(r, '{'))
        return;
    do {
        const char *key = json_read_key(&r->json);
        const struct field *f = fields;
        while (f->key != NULL && strcmp(f->key, key) != 0)
            f++;
        if (f->key != NULL)
            read_field(r, object, f);
        else
            json_skip(&r->json);
    } while (json_goes_on(&r->json, '}'));
}

static void read_array(struct reader *r, void *object, void (*read)(struct reader *, void *))
{
    if (opens(r, '['))
        do
            read(r, object);
        while (json_goes_on(&r->json, ']'));
}

/* Memory for a task, a worker or a runtime, of which there may be so many only. */
static void *add_large(struct reader *r, struct list *list, size_t size)
{
    void *object = arena_alloc(r->json.arena, size);

    if (++r->large > TASKS_MAX)
        r->has_too_many = r->json.failed = true;
    list_add(r->json.arena, list, object);
    return object;
}

/* ---- tasks ---- */

/* A line in a file of the user's: the library's functions tell less. */
static bool is_shown(const struct top_at *at)
{
    return at->file[0] != '\0' && strncmp(at->text, "bide_", 5) != 0;
}

static void read_at(struct reader *r, void *last)
{
    static const struct field fields[] = {COUNT(top_at, indent), COUNT(top_at, line),
                                          TEXT(top_at, text), TEXT(top_at, file), END_OF_FIELDS};
    struct top_at *at = arena_alloc(r->json.arena, sizeof *at), ***end = last;

    at->text = at->file = "";
    read_object(r, at, fields);
    **end = at;
    *end = &at->next;
}

static void read_ats(struct reader *r, void *task)
{
    struct top_task *t = task;
    struct top_at *first = NULL, **end = &first;

    read_array(r, &end, read_at);
    t->at = t->shown = first;
    for (const struct top_at *at = first; at != NULL; at = at->next)
        if (is_shown(at)) {
            t->shown = at;
            break;
        }
}

static void read_for(struct reader *r, void *task)
{
    static const struct field fields[] = {TEXT(top_task, what),
                                          TEXT(top_task, place),
                                          COUNT(top_task, thread),
                                          ID("object", top_task, object),
                                          ID("task", top_task, holder),
                                          BOOL("granted", top_task, is_granted),
                                          END_OF_FIELDS};
    struct top_task *t = task;

    read_object(r, t, fields);
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

static void read_task(struct reader *r, void *runtime)
{
    static const struct field fields[] = {
        ID("id", top_task, id),
        {"state", FIELD_TEXT, offsetof(struct top_task, state_word), NULL},
        NESTED("at", read_ats),
        NESTED("for", read_for),
        TEXT(top_task, kind),
        TEXT(top_task, name),
        TEXT(top_task, function),
        TEXT(top_task, file),
        TEXT(top_task, on),
        COUNT(top_task, line),
        COUNT(top_task, age_ns),
        COUNT(top_task, polls),
        COUNT(top_task, yields),
        COUNT(top_task, busy_ns),
        END_OF_FIELDS};
    struct top_task *t = add_large(r, &r->snapshot->tasks, sizeof *t);

    (void)runtime; /* the last one */
    t->kind = t->name = t->function = t->file = t->state_word = t->what = t->place = t->on = "";
    t->runtime = r->snapshot->runtimes.count - 1;
    read_object(r, t, fields);
    t->state = state_of(t->state_word);
    t->is_future = strcmp(t->kind, "future") == 0;
    if (t->kind[0] == '\0')
        t->kind = "task";
}

/* ---- runtimes ---- */

static void read_runs(struct reader *r, void *worker)
{
    static const struct field fields[] = {TEXT(top_worker, name),
                                          TEXT(top_worker, function),
                                          TEXT(top_worker, file),
                                          COUNT(top_worker, line),
                                          COUNT(top_worker, for_ns),
                                          ID("task", top_worker, task),
                                          END_OF_FIELDS};

    ((struct top_worker *)worker)->has_runs = true;
    read_object(r, worker, fields);
}

static void read_worker(struct reader *r, void *runtime)
{
    static const struct field fields[] = {COUNT(top_worker, number),
                                          COUNT(top_worker, busy_ns),
                                          COUNT(top_worker, polls),
                                          COUNT(top_worker, steals),
                                          COUNT(top_worker, queued),
                                          COUNT(top_worker, timers),
                                          BOOL("answers", top_worker, answers),
                                          BOOL("exact", top_worker, is_exact),
                                          NESTED("runs", read_runs),
                                          END_OF_FIELDS};
    struct top_runtime *rt = runtime;
    struct top_worker *w = add_large(r, &rt->workers, sizeof *w);

    w->name = w->function = w->file = "";
    w->answers = true;
    read_object(r, w, fields);
}

static void read_blocking(struct reader *r, void *runtime)
{
    static const struct field fields[] = {COUNT(top_runtime, threads), COUNT(top_runtime, idle),
                                          COUNT(top_runtime, queued), END_OF_FIELDS};

    read_object(r, runtime, fields);
}

static void read_workers(struct reader *r, void *runtime)
{
    read_array(r, runtime, read_worker);
}

static void read_tasks(struct reader *r, void *runtime)
{
    read_array(r, runtime, read_task);
}

static void read_runtime(struct reader *r, void *snapshot)
{
    static const struct field fields[] = {
        TEXT(top_runtime, flavour),        COUNT(top_runtime, alive),
        COUNT(top_runtime, made),          COUNT(top_runtime, descriptors),
        COUNT(top_runtime, waits),         COUNT(top_runtime, timers),
        NESTED("blocking", read_blocking), NESTED("workers", read_workers),
        NESTED("tasks", read_tasks),       END_OF_FIELDS};
    struct top_snapshot *s = snapshot;
    struct top_runtime *rt = add_large(r, &s->runtimes, sizeof *rt);

    rt->flavour = "";
    read_object(r, rt, fields);
}

/* ---- the answer ---- */

static void read_error(struct reader *r, void *snapshot)
{
    (void)snapshot;
    r->error = read_text(r);
}

static void read_runtimes(struct reader *r, void *snapshot)
{
    read_array(r, snapshot, read_runtime);
}

static void read_answer(struct reader *r)
{
    static const struct field fields[] = {TEXT(top_snapshot, program),
                                          COUNT(top_snapshot, pid),
                                          COUNT(top_snapshot, version),
                                          COUNT(top_snapshot, now_ns),
                                          NESTED("error", read_error),
                                          NESTED("runtimes", read_runtimes),
                                          END_OF_FIELDS};

    read_object(r, r->snapshot, fields);
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

/* JSON on one line needs no control characters, and none may stand in its strings. */
static bool has_controls(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20)
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
    if (r.has_too_many) {
        *why = "the answer has more than a million tasks and workers";
    } else if (r.json.failed) {
        *why = "the answer is none that bide top understands";
    } else if (r.error != NULL) {
        (void)snprintf(said, sizeof said, "the program says: %.*s", (int)top_fit(r.error, 200),
                       r.error);
        *why = said;
    } else if (s->version != 1) {
        (void)snprintf(said, sizeof said, "the program speaks version %lld of the protocol, not 1",
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
