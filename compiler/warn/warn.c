/*
 * The warnings of a unit: the events of each function (flow.c) are made once and handed to each
 * warning.
 *
 * Only this unit shows which functions run in spawned tasks: the functions in bide_spawn, and the
 * functions that these await. main does not count: it stays on its thread.
 *
 * Requires a unit without errors. Changes nothing but symbol->flow_index.
 */
#include "inside.h"

#include <string.h>

struct checks {
    struct unit *unit;
    struct list flows;   /* struct flow *: of all functions */
    struct list spawned; /* struct spawned * */
};

/* ---- tasks ---- */

static bool has_threads(const struct unit *u)
{
    return (u->options && u->options->multi_thread) || u->flavour == FLAVOUR_MULTI_THREAD;
}

static const struct spawned *find_spawned(const struct checks *c, const struct function *fn)
{
    for (uint32_t i = 0; i < c->spawned.count; i++) {
        const struct spawned *s = c->spawned.item[i];
        if (s->fn == fn)
            return s;
    }
    return NULL;
}

static void add_spawned(struct checks *c, const struct function *fn, const struct expr *spawn,
                        const struct expr *call, const struct function *awaiter)
{
    if (!fn || find_spawned(c, fn))
        return;
    struct spawned *s = arena_alloc(c->unit->arena, sizeof *s);
    *s = (struct spawned){.fn = fn, .spawn = spawn, .call = call, .awaiter = awaiter};
    list_add(c->unit->arena, &c->spawned, s);
}

/* The function that a spawn runs. */
static const struct function *started(const struct expr *form)
{
    struct expr *e = form->arg_count ? skip_parens(form->arg[form->arg_count - 1]) : NULL;
    if (e && e->kind == EX_BLOCK)
        return e->block;
    const struct symbol *s = e && e->kind == EX_CALL ? called_symbol(e) : NULL;
    return s ? s->function : NULL;
}

static const struct flow *flow_of(const struct checks *c, const struct function *fn)
{
    for (uint32_t i = 0; i < c->flows.count; i++) {
        const struct flow *f = c->flows.item[i];
        if (f->fn == fn)
            return f;
    }
    return NULL;
}

/* Other spawned tasks stay on one thread. */
static bool may_change_thread(enum form spawn)
{
    return form_spawns(spawn) && spawn != FORM_SPAWN_LOCAL && spawn != FORM_SPAWN_AT;
}

static void find_tasks(struct checks *c)
{
    for (uint32_t i = 0; i < c->flows.count; i++) {
        const struct flow *f = c->flows.item[i];
        for (uint32_t k = 0; k < f->count; k++)
            if (f->event[k].kind == EV_SPAWN && may_change_thread(f->event[k].expr->form))
                add_spawned(c, started(f->event[k].expr), f->event[k].expr, NULL, NULL);
    }
    for (uint32_t i = 0; i < c->spawned.count; i++) {
        const struct spawned *s = c->spawned.item[i];
        const struct flow *f = flow_of(c, s->fn);
        for (uint32_t k = 0; k < s->fn->branches.count; k++)
            add_spawned(c, s->fn->branches.item[k], s->spawn, s->call, s->awaiter);
        for (uint32_t k = 0; f && k < f->count; k++) {
            const struct expr *call = f->event[k].expr;
            if (f->event[k].kind == EV_PASS && called_symbol(call))
                add_spawned(c, called_symbol(call)->function, s->spawn, call, s->fn);
        }
    }
}

/* ---- functions ---- */

static void check_function(struct checks *c, struct function *fn)
{
    struct unit *u = c->unit;
    struct flow *f = flow_new(u, fn);
    list_add(u->arena, &c->flows, f);
    warn_futures(u, fn);
    if (f->unknown)
        return;
    warn_borrowing(f);
    if (!fn->is_async)
        return;
    warn_blocking(f);
    warn_locks(f);
    warn_leaks(f);
    warn_forks(f);
    warn_errors(f);
    warn_unset(f);
    warn_loops(u, fn);
}

/* This comes after all functions, so their variables have lost their numbers (flow_index): the row
 * is made anew. */
static void check_thread_bound(struct checks *c)
{
    find_tasks(c);
    for (uint32_t i = 0; i < c->spawned.count; i++) {
        const struct spawned *s = c->spawned.item[i];
        if (!flow_of(c, s->fn) || !s->fn->is_async)
            continue;
        struct flow *f = flow_new(c->unit, (struct function *)(uintptr_t)s->fn);
        if (!f->unknown)
            warn_thread_bound(f, s);
    }
}

void warn(struct unit *u)
{
    struct checks c = {.unit = u};
    for (uint32_t i = 0; i < u->functions.count; i++) {
        struct function *fn = u->functions.item[i];
        const struct token *t = &u->token[fn->first];
        if (fn->needs_lowering && !(t->in_system_header && t->in_header))
            check_function(&c, fn);
    }
    if (has_threads(u))
        check_thread_bound(&c);
}
