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

static bool mentions_bound_type(struct unit *u, const struct function *fn)
{
    for (uint32_t i = 0; i < fn->idents.count; i++) {
        const struct expr *e = fn->idents.item[i];
        if (e->symbol && type_is_thread_bound(u, e->symbol->type))
            return true;
    }
    return false;
}

/* What a branch mentions of its outer function counts as held when it begins. */
static void check_thread_values(struct checks *c, struct flow *f)
{
    struct list *given = c->has_threads ? &c->given : NULL;
    if (f->fn->is_branch && mentions_bound_type(c->unit, f->fn))
        find_thread_values(flow_new_branch(c->unit, f->fn), given);
    else if (f->fn->is_async || c->has_threads)
        find_thread_values(f, given);
}

static void check_function(struct checks *c, struct function *fn)
{
    struct unit *u = c->unit;
    struct flow *f = flow_new(u, fn);
    list_add(u->arena, &c->flows, f);
    warn_futures(u, fn);
    if (f->unknown)
        return;
    warn_borrowing(f);
    if (!fn->is_async) {
        check_thread_values(c, f);
        return;
    }
    warn_blocking(f);
    warn_locks(f);
    warn_leaks(f);
    warn_forks(f);
    warn_errors(f);
    warn_unset(f);
    if (c->has_threads)
        warn_shared(f);
    warn_loops(u, fn);
    check_thread_values(c, f); /* last: it may number the variables anew */
}

void warn(struct unit *u)
{
    struct checks c = {.unit = u};
    c.has_threads = (u->options && u->options->multi_thread) || u->flavour == FLAVOUR_MULTI_THREAD;
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
