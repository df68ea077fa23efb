/*
 * The warnings of a unit: the events of each function (flow.c) are made once and handed to each
 * warning.
 *
 * A function in a system header gets no warnings, but what its descriptor will say is found out.
 *
 * Requires a unit without errors. Changes nothing but symbol->flow_index and
 * function->thread_values.
 */
#include "inside.h"

struct checks {
    struct unit *unit;
    bool has_threads;  /* the program asks for a runtime with several threads */
    struct list flows; /* struct flow *: of all functions */
    struct list given; /* struct given *: of all functions, if it has threads */
};

static void check_thread_values(struct checks *c, struct flow *f)
{
    if (f->fn->is_async || c->has_threads)
        find_thread_values(f, c->has_threads ? &c->given : NULL);
}

static void check_function(struct checks *c, struct function *fn)
{
    struct unit *u = c->unit;
    struct flow *f = flow_new(u, fn);
    list_add(u->arena, &c->flows, f);
    warn_futures(u, fn);
    if (f->unknown)
        return;
    check_thread_values(c, f);
    warn_borrowing(f);
    if (!fn->is_async)
        return;
    warn_blocking(f);
    warn_locks(f);
    warn_leaks(f);
    warn_forks(f);
    warn_errors(f);
    warn_unset(f);
    if (c->has_threads)
        warn_shared(f);
    warn_loops(u, fn);
}

void warn(struct unit *u)
{
    struct checks c = {.unit = u};
    c.has_threads =
        (u->options && u->options->multi_thread) || u->flavour == FLAVOUR_MULTI_THREAD;
    for (uint32_t i = 0; i < u->functions.count; i++) {
        struct function *fn = u->functions.item[i];
        const struct token *t = &u->token[fn->first];
        if (!fn->needs_lowering)
            continue;
        if (!(t->in_system_header && t->in_header)) {
            check_function(&c, fn);
        } else if (fn->is_async) {
            struct flow *f = flow_new(u, fn);
            if (!f->unknown)
                find_thread_values(f, NULL);
        }
    }
    if (c.has_threads)
        warn_tasks(u, &c.flows, &c.given);
}
