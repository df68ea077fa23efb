/*
 * dump.c: what each task of a runtime waits for, as text. The caller sees to it that no other
 * thread runs the tasks; see schedule/report.c.
 */
#include "runtime/trace/trace.h"

#include "runtime/io/io.h"
#include "runtime/task/task.h"
#include "runtime/trace/wait.h"

#include <stdio.h>
#include <string.h>

struct dump {
    const struct bide_runtime *runtime;
    bide__dump_line *line;
    void *argument;
    bool is_brief; /* without sets, nor futures that may leave the task meanwhile */
    bool *is_over; /* enough has been told */
};

enum {
    INDENT_MAX = 40,
    NEST_MAX = 1000, /* chains inside each other that are shown: each takes C stack */
};

static void dump_line(const struct dump *d, int indent, const char *what, const char *name,
                      const char *file, uint32_t line)
{
    char text[480];

    if (*d->is_over)
        return;
    snprintf(text, sizeof(text), "%s%s", what, name);
    *d->is_over = !d->line(d->argument, indent, text, line != 0 ? file : NULL, line);
}

uint32_t bide__frame_line(const struct bide_frame *f)
{
    const struct bide_fn_info *info = f->fn->info;
    uint32_t state = f->state & ~(uint32_t)BIDE_SHIELDED;

    if (info == NULL)
        return 0;
    return info->lines != NULL && state < info->line_count ? info->lines[state] : info->line;
}

static void dump_frame(const struct dump *d, int indent, const struct bide_frame *f)
{
    const struct bide_fn_info *info = f->fn->info;
    const char *group = bide__group_word(f);

    if (group != NULL)
        dump_line(d, indent, "", group, NULL, 0);
    else if (info == NULL)
        dump_line(d, indent, "", "?", NULL, 0);
    else
        dump_line(d, indent, "", info->name, info->file, bide__frame_line(f));
}

/* A function of the library's own, which a public one awaits, tells the user nothing. */
static bool is_hidden(struct bide_frame *f, struct bide_segment *segment)
{
    bool is_private = false;
    for (; f != NULL; f = bide_frame_below(f, &segment)) {
        const struct bide_fn_info *info = f->fn->info;
        if (info == NULL || strncmp(info->name, "bide_", 5) != 0 || bide__group_word(f) != NULL)
            return false;
        if (strncmp(info->name, "bide__", 6) != 0)
            return is_private;
        is_private = true;
    }
    return false;
}

/* What the leaf waits for, if that is a lock; its function may be a private one. Returns false if
 * its own line is to be shown as well. */
static bool dump_wait(const struct dump *d, int indent, const struct bide_frame *leaf)
{
    const struct bide_fn_info *info = leaf->fn->info;
    struct bide__wait wait;
    char place[160], label[BIDE__TASK_LABEL], text[384];

    if (!bide__wait_of(leaf, &wait))
        return false;
    bool is_private = info == NULL || strncmp(info->name, "bide__", 6) == 0;
    int n =
        snprintf(text, sizeof(text), "%s the %s %llx", wait.is_granted ? "has been given" : "for",
                 wait.what, (unsigned long long)(uintptr_t)wait.object);
    bide__wait_place(place, sizeof(place), &wait);
    if (!wait.is_granted && (wait.owner.bits != 0 || wait.thread != 0))
        snprintf(text + n, sizeof(text) - (size_t)n, ", which %s %llx%s has locked%s",
                 wait.thread != 0 ? "thread" : "task",
                 wait.thread != 0 ? (unsigned long long)wait.thread
                                  : (unsigned long long)(uintptr_t)bide_waker_task(wait.owner),
                 bide__task_label(d->runtime->hub, bide_waker_task(wait.owner), label), place);
    dump_line(d, indent, text, "", NULL, 0);
    return is_private;
}

static void dump_chain(const struct dump *d, int indent, const struct bide_chain *chain,
                       unsigned depth);

struct child {
    const struct dump *d;
    int indent;
    unsigned depth;
};

/* A future of a set. */
static void dump_child(void *argument, uint64_t id, const char *state,
                       const struct bide_chain *chain, const struct bide_fn *fn)
{
    const struct child *c = argument;
    char name[40];

    snprintf(name, sizeof(name), "child %llu", (unsigned long long)id);
    dump_line(c->d, c->indent, name, state, NULL, 0);
    if (chain != NULL)
        dump_chain(c->d, c->indent + 2, chain, c->depth + 1);
    else if (fn->info != NULL)
        dump_line(c->d, c->indent + 2, "", fn->info->name, fn->info->file, fn->info->line);
}

/* The futures of the set that the leaf polls. */
static void dump_flock(const struct dump *d, int indent, const struct bide_frame *leaf,
                       unsigned depth)
{
    const struct bide__flock *flock = NULL;
    struct child c = {d, indent, depth};

    while ((flock = bide__flock_next(d->runtime, flock)) != NULL)
        if (flock->leaf == leaf)
            flock->each(flock, dump_child, &c);
}

/* The sets whose futures nobody polls now: what has been woken there waits for that. */
static void dump_unpolled(const struct dump *d)
{
    const struct bide__flock *flock = NULL;
    struct child c = {d, 2, 0};
    char name[40];

    while ((flock = bide__flock_next(d->runtime, flock)) != NULL) {
        if (flock->leaf != NULL)
            continue;
        snprintf(name, sizeof(name), "future set %llx", (unsigned long long)(uintptr_t)flock);
        dump_line(d, 0, name, " is polled by nobody", NULL, 0);
        flock->each(flock, dump_child, &c);
    }
}

static void dump_chain(const struct dump *d, int indent, const struct bide_chain *chain,
                       unsigned depth)
{
    struct bide_segment *segment = bide_chain_segment(chain);
    struct bide_frame *f = chain->leaf;
    char text[80];

    if (depth >= NEST_MAX) {
        dump_line(d, indent, "", "and so on", NULL, 0);
        return;
    }
    for (; f != NULL && !*d->is_over; f = bide_frame_below(f, &segment)) {
        const struct bide_chain *branch =
            d->is_brief && d->runtime->multi ? NULL : bide__future_chain(f);
        bool is_shown = f == chain->leaf && dump_wait(d, indent, f);
        if (!is_shown && !is_hidden(f, segment))
            dump_frame(d, indent, f);
        if (f == chain->leaf && (bide__leaf_says(f, text, sizeof(text)) ||
                                 bide__fd_tell(d->runtime->fds, f, text, sizeof(text))))
            dump_line(d, indent + 2, text, "", NULL, 0);
        if (branch != NULL)
            dump_chain(d, indent + 2, branch, depth + 1);
        if (f->fn->cancel != NULL && !d->is_brief)
            dump_flock(d, indent + 2, f, depth);
        for (unsigned i = 0; (branch = bide_group_branch(f, &i)) != NULL; i++) {
            char name[32];
            snprintf(name, sizeof(name), "branch %u:", i);
            dump_line(d, indent + 2, "", name, NULL, 0);
            dump_chain(d, indent + 4, branch, depth + 1);
        }
    }
}

static void dump_block(void *block, void *argument)
{
    const struct dump *d = argument;
    const struct bide__task *task = block;
    char name[32 + BIDE__TASK_LABEL], label[BIDE__TASK_LABEL];

    if (bide__state_done(&task->wake.state) || bide__state_is_left(&task->wake.state))
        return;
    if (bide__state_is_future(&task->wake.state)) {
        if (task->waiters != NULL)
            return; /* it is shown with the task that drives it */
        snprintf(name, sizeof(name), "future %llx", (unsigned long long)(uintptr_t)task);
        const char *how = bide__future_has_begun(task) ? " is polled by nobody" : " has not begun";
        dump_line(d, 0, name, how, NULL, 0);
        dump_chain(d, 2, &task->chain, 0);
        return;
    }
    snprintf(name, sizeof(name), "task %llx%s", (unsigned long long)(uintptr_t)task,
             bide__task_label(d->runtime->hub, task, label));
    if (bide__state_runs(&task->wake.state)) {
        /* Its frames change while it runs; only the place of the root is known. */
        dump_line(d, 0, name, " runs", NULL, 0);
        dump_frame(d, 2, bide__task_root(task));
        return;
    }
    const char *what = task->chain.unwinding || task->chain.flags & BIDE_CHAIN_CANCEL
                           ? " is being cancelled"
                           : " waits";
    dump_line(d, 0, name, what, NULL, 0);
    dump_chain(d, 2, &task->chain, 0);
}

/* ---- as text ---- */

struct writer {
    void (*write)(void *argument, const char *text, size_t size);
    void *argument;
};

static bool write_line(void *argument, int indent, const char *what, const char *file,
                       uint32_t line)
{
    const struct writer *w = argument;
    char text[512];
    int n;

    if (indent > INDENT_MAX)
        indent = INDENT_MAX;
    if (file != NULL)
        n = snprintf(text, sizeof(text), "%*s%s (%s:%u)\n", indent, "", what, file, line);
    else
        n = snprintf(text, sizeof(text), "%*s%s\n", indent, "", what);
    if ((size_t)n >= sizeof(text)) {
        n = sizeof(text) - 1;
        text[n - 1] = '\n';
    }
    w->write(w->argument, text, (size_t)n);
    return true;
}

void bide__dump_tasks(const struct bide_runtime *rt,
                      void (*write)(void *argument, const char *text, size_t size), void *argument)
{
    struct writer w = {write, argument};
    bool is_over = false;
    struct dump d = {rt, write_line, &w, false, &is_over};
    char text[80];
    if (bide__fds_tell(rt->fds, text, sizeof(text)))
        dump_line(&d, 0, text, "", NULL, 0);
    bide__hub_each(rt->hub, dump_block, &d);
    dump_unpolled(&d);
    bide__dump_deadlocks(rt, write, argument);
}

void bide__dump_chain(const struct bide_runtime *rt, const struct bide_chain *chain,
                      bide__dump_line *line, void *argument)
{
    bool is_over = false;
    struct dump d = {rt, line, argument, true, &is_over};
    dump_chain(&d, 0, chain, 0);
}
