/*
 * tell.c: see tell.h.
 */
#include "runtime/trace/tell.h"

#include "runtime/io/io.h"
#include "runtime/task/gauge.h"
#include "runtime/task/task.h"
#include "runtime/trace/trace.h"
#include "runtime/trace/wait.h"

static unsigned long long number(uint64_t n)
{
    return (unsigned long long)n;
}

/* ,"NAME":"TEXT" */
static void tell_string(struct bide__scroll *to, const char *name, const char *s)
{
    bide__scroll_print(to, ",\"%s\":", name);
    bide__scroll_quote(to, s);
}

static void tell_place(struct bide__scroll *to, const char *file, uint32_t line)
{
    if (file == NULL)
        return;
    tell_string(to, "file", file);
    bide__scroll_print(to, ",\"line\":%u", (unsigned)line);
}

static void tell_name(const struct bide__teller *t, const struct bide__task *task)
{
    char label[BIDE__TASK_LABEL];
    size_t size = strlen(bide__task_label(t->runtime->hub, task, label));

    if (size < 3)
        return;
    label[size - 1] = '\0'; /* it begins with a blank and is in quotation marks */
    tell_string(t->text, "name", label + 2);
}

static void tell_gauge(const struct bide__teller *t, const struct bide__task *task)
{
    struct bide__gauge *gauge = bide__gauge_of(task);
    int64_t now_ns = bide__door_real.clock(), seen_ns = 0;

    if (gauge == NULL)
        return;
    seen_ns = atomic_load_explicit(&gauge->seen_ns, memory_order_relaxed);
    if (seen_ns == 0) {
        seen_ns = now_ns;
        atomic_store_explicit(&gauge->seen_ns, now_ns, memory_order_relaxed);
    }
    bide__scroll_print(t->text, ",\"age_ns\":%llu,\"polls\":%llu,\"yields\":%llu,\"busy_ns\":%llu",
                       number((uint64_t)(now_ns - seen_ns)),
                       number(atomic_load_explicit(&gauge->polls, memory_order_relaxed)),
                       number(atomic_load_explicit(&gauge->yields, memory_order_relaxed)),
                       number(atomic_load_explicit(&gauge->busy_ns, memory_order_relaxed)));
}

/* A task that runs elsewhere may end meanwhile. Then its root frame is popped, which for
 * AddressSanitizer is gone; but it stays as it is until the owner, which is the caller, takes the
 * block. */
__attribute__((noinline, no_sanitize("address"))) static const struct bide_fn_info *info_of(
    const struct bide__task *task)
{
    return ((const struct bide_frame *)(const void *)task->room)->fn->info;
}

static void tell_head(const struct bide__teller *t, const struct bide__task *task, const char *kind,
                      const char *state)
{
    const struct bide_fn_info *info = info_of(task);

    bide__scroll_print(t->text, "%s{\"id\":\"%llx\",\"kind\":\"%s\",\"state\":\"%s\"",
                       t->text->first != NULL ? "," : "", number((uintptr_t)task), kind, state);
    tell_name(t, task);
    if (info != NULL) {
        tell_string(t->text, "function", info->name);
        tell_place(t->text, info->file, info->line);
    }
    tell_gauge(t, task);
}

/* ---- where it waits ---- */

struct lines {
    struct bide__scroll *text;
    unsigned count;
};

enum { LINES_MAX = 200 };

static bool tell_line(void *argument, int indent, const char *what, const char *file, uint32_t line)
{
    struct lines *l = argument;

    l->count++;
    bide__scroll_print(l->text, "%s{\"indent\":%d", l->count > 1 ? "," : "", indent);
    tell_string(l->text, "text", what);
    tell_place(l->text, file, line);
    bide__scroll_add(l->text, "}", 1);
    return l->count < LINES_MAX;
}

static void tell_wait(const struct bide__teller *t, const struct bide_frame *leaf)
{
    const struct bide__task *task = bide__join_of(leaf);
    struct bide__wait wait;

    if (task != NULL)
        bide__scroll_print(t->text,
                           ",\"for\":{\"what\":\"task\",\"object\":\"%llx\",\"granted\":false}",
                           number((uintptr_t)task));
    if (task != NULL || !bide__wait_of(leaf, &wait))
        return;
    bide__scroll_add(t->text, ",\"for\":{", 8);
    bide__scroll_print(t->text, "\"what\":\"%s\",\"object\":\"%llx\"", wait.what,
                       number((uintptr_t)wait.object));
    if (wait.owner.bits != 0)
        bide__scroll_print(t->text, ",\"task\":\"%llx\"",
                           number((uintptr_t)bide_waker_task(wait.owner)));
    if (wait.thread != 0)
        bide__scroll_print(t->text, ",\"thread\":%u", (unsigned)wait.thread);
    if (wait.place != NULL)
        tell_string(t->text, "place", wait.place);
    bide__scroll_print(t->text, ",\"granted\":%s}", wait.is_granted ? "true" : "false");
}

static void tell_leaf(const struct bide__teller *t, const struct bide_frame *leaf)
{
    char text[80];

    if (leaf == NULL)
        return;
    tell_wait(t, leaf);
    if (bide__leaf_says(leaf, text, sizeof(text)) ||
        bide__fd_tell(t->runtime->fds, leaf, text, sizeof(text)))
        tell_string(t->text, "on", text);
}

static void tell_chain(const struct bide__teller *t, const struct bide_chain *chain)
{
    struct lines lines = {t->text, 0};

    bide__scroll_add(t->text, ",\"at\":[", 7);
    bide__dump_chain(t->runtime, chain, tell_line, &lines);
    bide__scroll_add(t->text, "]", 1);
    tell_leaf(t, chain->leaf);
}

/* ---- tasks and futures ---- */

static void tell_future(const struct bide__teller *t, const struct bide__task *future)
{
    bool has_begun = false;

    if (!bide__future_is_unpolled(future, &has_begun))
        return; /* it is told with the task that polls it */
    tell_head(t, future, "future", has_begun ? "waits" : "begins");
    if (!t->runtime->multi)
        tell_chain(t, &future->chain);
    bide__scroll_add(t->text, "}", 1);
}

static bool is_cancelled(const struct bide__task *task)
{
    return task->chain.unwinding || task->chain.flags & BIDE_CHAIN_CANCEL;
}

void bide__tell_task(struct bide__teller *t, struct bide__task *task)
{
    uintptr_t state = atomic_load_explicit(&task->wake.state, memory_order_acquire);
    bool multi = state & BIDE__MULTI;
    bool is_ready = state & BIDE__SCHEDULED, runs = state & BIDE__RUNNING;

    if (state & BIDE__DONE || bide__state_is_left(&task->wake.state))
        return;
    if (state & BIDE__FUTURE) {
        tell_future(t, task);
        return;
    }
    bool is_still = multi ? bide__task_claim(task) : !runs;
    const char *word = runs ? "runs" : "ready";
    if (is_still)
        word = is_cancelled(task) ? "ends" : is_ready && !multi ? "ready" : "waits";
    tell_head(t, task, "task", word);
    if (is_still)
        tell_chain(t, &task->chain);
    if (is_still && multi)
        bide__task_unclaim(t->worker, task);
    bide__scroll_add(t->text, "}", 1);
}
