/*
 * The tasks of a unit, in a program that asks for a runtime with several threads. A task that may
 * go on on another thread must neither hold a value that belongs to one thread across an await, nor
 * be given one: -Wbide-thread-bound, an error unless a flag makes it a warning.
 *
 * Only what this unit shows is looked at: the functions in its spawns, and the functions that these
 * await. Calls through pointers and into other files are looked at when the program runs. main does
 * not count: it stays on its thread, and so does a task of bide_spawn_local.
 *
 * Requires the thread_values of all functions. Changes nothing.
 */
#include "inside.h"

static const char option[] = "bide-thread-bound";

/* An async function that some spawn of the unit runs. */
struct spawned {
    const struct function *fn;
    const struct expr *spawn; /* at the end of the chain */
    const struct expr *call;  /* by which the function of `by` awaits it */
    const struct spawned *by; /* NULL: it is spawned itself */
};

struct tasks {
    struct unit *unit;
    const struct list *flows;
    struct list spawned; /* struct spawned * */
    struct list refused; /* struct expr *: spawns for which an error has been given */
};

/* The runtime of bide_spawn_on may be one of a single thread, so the running program decides. */
bool spawn_may_move(const struct expr *form)
{
    return form->form == FORM_SPAWN || form->form == FORM_SPAWN_LOW ||
           form->form == FORM_SCOPE_SPAWN || form->form == FORM_TASK_SET_SPAWN ||
           form->form == FORM_TASK_MAP_SPAWN;
}

/* ---- which functions run in tasks ---- */

static bool is_known(const struct tasks *t, const struct function *fn)
{
    for (uint32_t i = 0; i < t->spawned.count; i++)
        if (((const struct spawned *)t->spawned.item[i])->fn == fn)
            return true;
    return false;
}

static void add(struct tasks *t, const struct function *fn, const struct expr *spawn,
                const struct expr *call, const struct spawned *by)
{
    if (!fn || is_known(t, fn))
        return;
    struct spawned *s = arena_alloc(t->unit->arena, sizeof *s);
    *s = (struct spawned){.fn = fn, .spawn = spawn, .call = call, .by = by};
    list_add(t->unit->arena, &t->spawned, s);
}

static struct expr *operand_of(const struct expr *form)
{
    return form->arg_count ? skip_parens(form->arg[form->arg_count - 1]) : NULL;
}

/* The function that a spawn runs. */
static const struct function *started(const struct expr *form)
{
    const struct expr *e = operand_of(form);
    if (e && e->kind == EX_BLOCK)
        return e->block;
    const struct symbol *s = e && e->kind == EX_CALL ? called_symbol(e) : NULL;
    return s ? s->function : NULL;
}

static const struct flow *flow_of(const struct tasks *t, const struct function *fn)
{
    for (uint32_t i = 0; i < t->flows->count; i++) {
        const struct flow *f = t->flows->item[i];
        if (f->fn == fn)
            return f;
    }
    return NULL;
}

/* Is the call that of a spawn? Then another task makes it. */
static bool is_spawned_here(const struct flow *f, uint32_t event)
{
    const struct event *e = &f->event[event], *next = e + 1;
    return event + 1 < f->count && next->kind == EV_SPAWN && operand_of(next->expr) == e->expr;
}

static void add_callees(struct tasks *t, const struct spawned *s)
{
    const struct flow *f = flow_of(t, s->fn);
    for (uint32_t k = 0; k < s->fn->branches.count; k++)
        add(t, s->fn->branches.item[k], s->spawn, NULL, s);
    for (uint32_t k = 0; f && k < f->count; k++) {
        const struct expr *call = f->event[k].expr;
        if (f->event[k].kind == EV_PASS && called_symbol(call) && !is_spawned_here(f, k))
            add(t, called_symbol(call)->function, s->spawn, call, s);
    }
}

static void find_tasks(struct tasks *t)
{
    for (uint32_t i = 0; i < t->flows->count; i++) {
        const struct flow *f = t->flows->item[i];
        for (uint32_t k = 0; k < f->count; k++)
            if (f->event[k].kind == EV_SPAWN && spawn_may_move(f->event[k].expr))
                add(t, started(f->event[k].expr), f->event[k].expr, NULL, NULL);
    }
    for (uint32_t i = 0; i < t->spawned.count; i++)
        add_callees(t, t->spawned.item[i]);
}

/* ---- messages ---- */

static void note_from(struct unit *u, const struct thread_value *v, const char *advice)
{
    if (v->why)
        diag_range(u, SEV_NOTE, v->from->first, v->from->last, NULL, "%s, here%s", v->why, advice);
    if (v->symbol)
        diag(u, SEV_NOTE, v->token,
             v->why ? "'%s' is declared here"
                    : "'%s' is declared here; its type is "
                      "bide_thread_bound",
             v->name);
}

static void report_held(struct tasks *t, const struct spawned *s, const struct thread_value *v)
{
    struct unit *u = t->unit;
    diag_range(u, SEV_WARNING, v->await->first, v->await->last, option,
               "'%s' of type '%s' is held across this 'await', but belongs to one thread", v->name,
               v->type);
    note_from(u, v, "; get it anew after the 'await', or keep a copy");
    for (const struct spawned *k = s; k->by; k = k->by)
        if (k->call)
            diag_range(u, SEV_NOTE, k->call->first, k->call->last, NULL,
                       "'%s' is awaited by '%s' here", k->fn->name, k->by->fn->name);
    diag_range(u, SEV_NOTE, s->spawn->first, s->spawn->last, NULL,
               "the task is spawned here and may continue on another thread: let the value end "
               "before the 'await', or use bide_spawn_local, which keeps a task on its thread");
    list_add(u->arena, &t->refused, (void *)(uintptr_t)s->spawn);
}

static bool is_held(const struct function *fn, const struct symbol *s)
{
    for (uint32_t i = 0; fn && s && i < fn->thread_values.count; i++) {
        const struct thread_value *v = fn->thread_values.item[i];
        if (v->await && v->symbol == s)
            return true;
    }
    return false;
}

static bool is_refused(const struct tasks *t, const struct expr *spawn)
{
    for (uint32_t i = 0; i < t->refused.count; i++)
        if (t->refused.item[i] == spawn)
            return true;
    return false;
}

static void report_given(const struct tasks *t, const struct given *g)
{
    struct unit *u = t->unit;
    const struct thread_value *v = &g->value;
    if (is_refused(t, g->form) || is_held(started(g->form), g->param)) /* that is enough */
        return;
    diag_range(u, SEV_WARNING, g->first, g->last, option,
               "'%s' of type '%s' is given to a task that may run on another thread, but belongs "
               "to one thread",
               v->name, v->type);
    note_from(u, v, "");
    diag(u, SEV_NOTE, g->form->first, "bide_spawn_local keeps a task on this thread");
}

static void report_result(struct unit *u, const struct spawned *s, const struct thread_value *v)
{
    diag_range(u, SEV_WARNING, s->spawn->first, s->spawn->last, option,
               "the result of '%s', of type '%s', comes from a task that may run on another "
               "thread, but belongs to one thread",
               v->name, v->type);
    diag(u, SEV_NOTE, v->token,
         "'%s' is declared here; the type of its result is bide_thread_bound", v->name);
    diag(u, SEV_NOTE, s->spawn->first, "bide_spawn_local keeps a task on this thread");
}

void warn_tasks(struct unit *u, const struct list *flows, const struct list *given)
{
    struct tasks t = {.unit = u, .flows = flows};
    find_tasks(&t);
    for (uint32_t i = 0; i < t.spawned.count; i++) {
        const struct spawned *s = t.spawned.item[i];
        for (uint32_t k = 0; k < s->fn->thread_values.count; k++) {
            const struct thread_value *v = s->fn->thread_values.item[k];
            if (v->await)
                report_held(&t, s, v);
            else if (v->is_result && !s->by)
                report_result(u, s, v);
        }
    }
    for (uint32_t i = 0; i < given->count; i++)
        report_given(&t, given->item[i]);
}
