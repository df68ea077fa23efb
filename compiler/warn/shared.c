/*
 * Local variables that two threads may use at once, in a program that asks for a runtime with
 * several threads: lent to two children of a scope, or lent to one and used in the scope's block
 * meanwhile.
 *
 * For each variable: which spawn has lent it, on some path, to a child that may still run? A lent
 * variable is forgotten at the end of the scope, and at each await of a task: it may be the child's
 * end. Two that only read do not disturb each other: a parameter that points to const reads, and so
 * does a plain mention.
 *
 * Not followed: arrays and parts of variables, of which each child may have its own; pointer
 * variables. Atomic and const variables are let pass, and objects that threads may share: those of
 * bide and of pthreads, and structs with such a member. So is a child that is also given the
 * address of such an object, as it may guard the variable.
 *
 * Requires the events of a function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

static const char option[] = "bide-shared-local";

/* What a variable is lent to: the event of the spawn, from 1 on; 0: to nothing. WRITES: the child
 * may change it. */
enum { WRITES = 1u << 31 };

struct shares {
    uint32_t words; /* first; one for each variable */
    struct flow *flow;
    bool *reported; /* by flow_index */
};

/* ---- types that threads may share ---- */

static bool is_shared_name(const char *name)
{
    static const char *const names[] = {"pthread_", "bide_",   "mtx_t", "cnd_t",
                                        "sem_t",    "atomic_", "spin"};
    for (size_t i = 0; name && i < sizeof names / sizeof names[0]; i++)
        if (!strncmp(name, names[i], strlen(names[i])))
            return true;
    return false;
}

static bool is_shared_type(const struct type *t, int depth)
{
    if (t->quals & Q_ATOMIC || depth > TYPE_DEPTH_MAX)
        return true;
    for (const struct symbol *a = t->alias; a; a = a->type->alias)
        if (is_shared_name(a->name))
            return true;
    if (t->kind == TY_ARRAY)
        return is_shared_type(t->base, depth + 1);
    if (t->kind != TY_STRUCT && t->kind != TY_UNION)
        return false;
    if (is_shared_name(t->tag->name))
        return true;
    for (int i = 0; i < t->tag->member_count; i++)
        if (is_shared_type(t->tag->member[i].type, depth + 1))
            return true;
    return false;
}

/* ---- what is lent ---- */

/* The variable whose address, as a whole, the value is; or NULL. */
static struct symbol *lent_variable(const struct flow *f, struct expr *e)
{
    e = skip_parens(e);
    while (e->kind == EX_CAST)
        e = skip_parens(e->a);
    if (e->kind != EX_UNARY || e->op != '&')
        return NULL;
    e = skip_parens(e->a);
    return e->kind == EX_IDENT && flow_has(f, e->symbol) ? e->symbol : NULL;
}

/* Does this argument point to an object that may guard others? */
static bool points_to_guard(const struct expr *argument)
{
    const struct type *t = argument->type;
    return t->kind == TY_POINTER && t->base->kind != TY_POINTER && is_shared_type(t->base, 0);
}

static const struct type *called_type(const struct expr *call)
{
    const struct symbol *s = called_symbol(call);
    struct expr *ref = s ? NULL : called_reference(call);
    const struct type *t = s ? s->type : ref ? type_reference_target(ref->type) : call->a->type;
    if (t && t->kind == TY_POINTER)
        t = t->base;
    return t && t->kind == TY_FUNCTION ? t : NULL;
}

/* Can the call change what its i-th argument points to? */
static bool may_write(const struct expr *call, int i)
{
    const struct type *f = called_type(call);
    const struct type *t = f && i < f->param_count ? f->param[i].type : call->arg[i]->type;
    return t->kind != TY_POINTER || !(t->base->quals & Q_CONST);
}

static bool has_guard(const struct expr *call)
{
    for (int i = 0; i < call->arg_count; i++)
        if (points_to_guard(call->arg[i]))
            return true;
    return false;
}

static bool is_followed(const struct symbol *s)
{
    return s->kind != SYM_FUNCTION && !s->is_scope && s->type->kind != TY_ARRAY &&
           !(s->type->quals & Q_CONST) && !type_is_owner(s->type) && !is_shared_type(s->type, 0);
}

/* The call of a child of a scope of this function; or NULL. */
static struct expr *child_call(const struct event *e)
{
    const struct expr *form = e->expr;
    if (e->kind != EV_SPAWN || form->form != FORM_SCOPE_SPAWN || form->arg_count < 2)
        return NULL;
    struct expr *scope = skip_parens(form->arg[0]), *call = skip_parens(form->arg[1]);
    bool is_own = scope->kind == EX_IDENT && scope->symbol && scope->symbol->is_scope;
    return is_own && call->kind == EX_CALL && !has_guard(call) ? call : NULL;
}

static const struct symbol *scope_of(const struct event *spawn)
{
    return skip_parens(spawn->expr->arg[0])->symbol;
}

static const struct event *lender(const struct shares *h, uint32_t lent)
{
    return &h->flow->event[(lent & ~WRITES) - 1];
}

/* ---- states ---- */

static bool merge(void *context, uint32_t *to, const uint32_t *from)
{
    const struct shares *h = context;
    bool changed = false;
    for (uint32_t i = 0; i < h->words; i++) {
        uint32_t old = to[i];
        if (!to[i] || (from[i] & WRITES) > (to[i] & WRITES))
            to[i] = from[i];
        changed |= to[i] != old;
    }
    return changed;
}

static bool awaits_task(struct expr *e, void *found)
{
    if (e->kind == EX_FORM &&
        (e->form == FORM_TASK_JOIN || e->form == FORM_TASK_WAIT || e->form == FORM_TASK_CANCEL))
        *(bool *)found = true;
    return *(bool *)found || expr_each_child(e, awaits_task, found);
}

/* At the end of a scope its children have ended; an await of a task may be the end of any child. */
static void step_await(const struct shares *h, const struct event *e, uint32_t *state)
{
    const struct symbol *scope = e->expr->symbol;
    bool all = false;
    if (e->expr->a)
        awaits_task(e->expr->a, &all);
    for (uint32_t i = 0; i < h->flow->var_count && (all || scope); i++)
        if (state[i] && (all || scope_of(lender(h, state[i])) == scope))
            state[i] = 0;
}

static void step(void *context, const struct event *e, uint32_t *state)
{
    const struct shares *h = context;
    const struct expr *call = child_call(e);
    if (e->kind == EV_AWAIT)
        step_await(h, e, state);
    if (e->kind == EV_DECLARE)
        state[e->symbol->flow_index] = 0;
    for (int i = 0; call && i < call->arg_count; i++) {
        struct symbol *s = lent_variable(h->flow, call->arg[i]);
        if (!s || !is_followed(s))
            continue;
        uint32_t writes = may_write(call, i) ? WRITES : 0, *now = &state[s->flow_index];
        if (!*now || (writes && !(*now & WRITES)))
            *now = (uint32_t)(e - h->flow->event + 1) | writes;
    }
}

/* ---- the verdicts ---- */

/* False: it has been reported. */
static bool report(struct shares *h, const struct symbol *s, uint32_t first, uint32_t last,
                   const char *text)
{
    if (h->reported[s->flow_index])
        return false;
    h->reported[s->flow_index] = true;
    diag_range(h->flow->unit, SEV_WARNING, first, last, option, "'%s' %s", s->name, text);
    return true;
}

static void note(const struct shares *h, const struct symbol *s, const struct event *spawn,
                 bool is_other)
{
    struct unit *u = h->flow->unit;
    if (is_other)
        diag_range(u, SEV_NOTE, spawn->expr->first, spawn->expr->last, NULL,
                   "it is lent to a child here, which may still run");
    diag(u, SEV_NOTE, s->token, "'%s' is declared here; %s, or give each child its own", s->name,
         type_is_scalar(s->type) ? "make it _Atomic" : "put a mutex into it");
}

static void check_lent(struct shares *h, const struct event *e, const uint32_t *state)
{
    const struct expr *call = child_call(e);
    for (int i = 0; call && i < call->arg_count; i++) {
        const struct expr *a = call->arg[i];
        struct symbol *s = lent_variable(h->flow, call->arg[i]);
        uint32_t lent = s && is_followed(s) ? state[s->flow_index] : 0;
        if (!lent || (!(lent & WRITES) && !may_write(call, i)))
            continue;
        bool is_other = lender(h, lent) != e;
        if (report(h, s, a->first, a->last,
                   is_other ? "is lent to a second child of a scope, and both may use it at "
                              "once, on two threads"
                            : "is lent to several children of a scope, which may use it at "
                              "once, on several threads"))
            note(h, s, lender(h, lent), is_other);
    }
}

static void check_used(struct shares *h, const struct symbol *s, bool writes, uint32_t first,
                       uint32_t last, const uint32_t *state)
{
    uint32_t lent = flow_has(h->flow, s) ? state[s->flow_index] : 0;
    if (!lent || (!writes && !(lent & WRITES)))
        return;
    if (report(h, s, first, last,
               writes ? "is changed while a child of a scope may use it on another thread"
                      : "is read while a child of a scope may change it on another thread"))
        note(h, s, lender(h, lent), true);
}

/* A call that is given the address uses the variable, unless it is that of a task. */
static void check_call(struct shares *h, const struct event *e, const uint32_t *state)
{
    const struct event *next = e + 1;
    bool is_task = e + 1 < h->flow->event + h->flow->count && next->kind == EV_SPAWN;
    for (int i = 0; !is_task && i < e->expr->arg_count; i++) {
        const struct expr *a = e->expr->arg[i];
        const struct symbol *s = lent_variable(h->flow, e->expr->arg[i]);
        if (s)
            check_used(h, s, may_write(e->expr, i), a->first, a->last, state);
    }
}

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    struct shares *h = context;
    const struct expr *object;
    switch (e->kind) {
    case EV_SPAWN: check_lent(h, e, state); break;
    case EV_CALL:
    case EV_PASS: check_call(h, e, state); break;
    case EV_DEF: check_used(h, e->symbol, true, e->token, e->token, state); break;
    case EV_USE:
        if (e->expr->kind == EX_IDENT && !is_address_taken(h->flow->unit, e->expr))
            check_used(h, e->symbol, false, e->token, e->token, state);
        break;
    case EV_STORE:
        object = e->expr ? variable_of(e->expr->a) : NULL;
        if (object)
            check_used(h, object->symbol, true, object->first, object->last, state);
        break;
    default: break;
    }
}

void warn_shared(struct flow *f)
{
    struct shares h = {.words = f->var_count, .flow = f};
    bool any = false;
    for (uint32_t i = 0; i < f->count && !any; i++)
        any = child_call(&f->event[i]) != NULL;
    if (!any)
        return;
    h.reported = arena_alloc(f->arena, (f->var_count + 1) * sizeof *h.reported);
    flow_forward(f, &(struct question){h.words, &h, merge, step, visit});
}
