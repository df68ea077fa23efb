/*
 * shutdown.c: the end of all tasks, and a description of those that there are.
 */
#include "runtime/worker.h"

#include <stdio.h>

/* ---- shutdown ---- */

enum { FORCED_POLLS = 1000 }; /* at least, and as many for each task, after the deadline */

static void cancel_block(void *block, void *argument)
{
    struct bide_runtime *rt = argument;
    struct bide__task *task = block;
    if (!bide__state_done(&task->wake.state) && !bide__state_is_future(&task->wake.state))
        bide__task_cancel(rt, task, rt->forcing);
}

static void cancel_all(struct bide_runtime *rt, bool force)
{
    rt->closing = true;
    rt->forcing = force;
    bide__slab_each(&rt->hub->tasks, cancel_block, rt);
}

/* Past the deadline. A future that nobody drives any more follows when the tasks have let go. */
static void force_all(struct bide_runtime *rt)
{
    size_t left;

    do {
        left = rt->alive + rt->futures;
        bide__run_ready(rt, FORCED_POLLS + rt->alive * FORCED_POLLS);
        bide__futures_close(rt);
        bide__run_ready(rt, FORCED_POLLS + rt->alive * FORCED_POLLS);
    } while (rt->futures > 0 && rt->alive + rt->futures < left);
}

int bide_runtime_shutdown(struct bide_runtime *rt, struct bide_duration limit)
{
    if (bide__thread.running != NULL)
        bide__misuse_blocking("bide_runtime_shutdown");
    bide__refuse_forked(rt);
    if (rt->ended)
        return 0;
    bide__thread.running = rt;
    cancel_all(rt, false);
    int64_t deadline_ns = bide__deadline(limit);
    int r = bide__run(rt, NULL, deadline_ns);
    while (r == 0 && rt->futures > 0) {
        bide__futures_close(rt);
        if (rt->alive == 0)
            break;
        r = bide__run(rt, NULL, deadline_ns);
    }
    if (r < 0) {
        cancel_all(rt, true);
        force_all(rt);
        rt->forcing = false;
        rt->is_stuck = false;
        r = rt->alive > 0 || rt->futures > 0 ? -ETIMEDOUT : 0;
    }
    bide__thread.running = NULL;
    if (r < 0)
        return r;
    rt->ended = true;
    bide__pool_end(&rt->pool);
    return 0;
}

/* ---- dump ---- */

struct dump {
    void (*write)(void *argument, const char *text, size_t size);
    void *argument;
};

enum {
    INDENT_MAX = 40,
    NEST_MAX = 1000, /* chains inside each other that are shown; each costs C stack */
};

static void dump_line(const struct dump *d, int indent, const char *what, const char *name,
                      const char *file, uint32_t line)
{
    char text[512];
    int n;

    if (indent > INDENT_MAX)
        indent = INDENT_MAX;
    if (file != NULL && line != 0)
        n = snprintf(text, sizeof(text), "%*s%s%s (%s:%u)\n", indent, "", what, name, file, line);
    else
        n = snprintf(text, sizeof(text), "%*s%s%s\n", indent, "", what, name);
    if ((size_t)n >= sizeof(text)) {
        n = sizeof(text) - 1;
        text[n - 1] = '\n';
    }
    d->write(d->argument, text, (size_t)n);
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

    if (info == NULL)
        dump_line(d, indent, "", "?", NULL, 0);
    else
        dump_line(d, indent, "", info->name, info->file, bide__frame_line(f));
}

static void dump_chain(const struct dump *d, int indent, const struct bide_chain *chain,
                       unsigned depth)
{
    struct bide_segment *segment = bide_chain_segment(chain);
    struct bide_frame *f = chain->leaf;

    if (depth >= NEST_MAX) {
        dump_line(d, indent, "", "and so on", NULL, 0);
        return;
    }
    for (; f != NULL; f = bide_frame_below(f, &segment)) {
        const struct bide_chain *branch = bide__future_chain(f);
        dump_frame(d, indent, f);
        if (branch != NULL)
            dump_chain(d, indent + 2, branch, depth + 1);
        for (unsigned i = 0; (branch = bide_group_branch(f, &i)) != NULL; i++) {
            char name[32];
            snprintf(name, sizeof(name), "branch %u:", i);
            dump_line(d, indent + 2, "", name, NULL, 0);
            dump_chain(d, indent + 4, branch, depth + 1);
        }
    }
}

struct dump_all {
    struct dump to;
    const struct bide_runtime *rt;
};

static void dump_block(void *block, void *argument)
{
    const struct dump_all *d = argument;
    const struct bide__task *task = block;
    char name[32];

    if (bide__state_done(&task->wake.state))
        return;
    if (bide__state_is_future(&task->wake.state)) {
        if (task->waiters != NULL)
            return; /* whoever drives it is shown with it */
        snprintf(name, sizeof(name), "future %llx", (unsigned long long)(uintptr_t)task);
        const char *how = bide__future_has_begun(task) ? " is polled by nobody" : " has not begun";
        dump_line(&d->to, 0, name, how, NULL, 0);
        dump_chain(&d->to, 2, &task->chain, 0);
        return;
    }
    snprintf(name, sizeof(name), "task %llx", (unsigned long long)(uintptr_t)task);
    if (task == d->rt->current) {
        /* Its frames are on their way; only the root's place is known. */
        dump_line(&d->to, 0, name, " runs", NULL, 0);
        dump_frame(&d->to, 2, bide__task_root(task));
        return;
    }
    const char *what = task->chain.unwinding || task->chain.flags & BIDE_CHAIN_CANCEL
                           ? " is being cancelled"
                           : " waits";
    dump_line(&d->to, 0, name, what, NULL, 0);
    dump_chain(&d->to, 2, &task->chain, 0);
}

void bide_runtime_dump(const struct bide_runtime *rt,
                       void (*write)(void *argument, const char *text, size_t size), void *argument)
{
    struct dump_all d = {{write, argument}, rt};
    bide__slab_each(&rt->hub->tasks, dump_block, &d);
}
