/*
 * Variables that a form sets only if it succeeds, read though its result was ignored:
 *
 *     int n;
 *     await bide_task_join(task, &n);              the task may have been aborted
 *     await bide_timeout(BIDE_S(1), n = work());   the time may have been up
 *     await bide_select(n = work(), m = rest());   one of them has lost
 *     return n;
 *
 * It is a -Wunused-result, as for functions that are bide_must_use. The result of the form must be
 * used if the variable has no value on every path to the form, and is read on some path after it. A
 * variable that already has a value shows by that value what happened.
 *
 * Ignored are variables that a branch in ({ }) mentions, results that are cast to void, what every
 * branch that returns sets (`bide_select(n = work(), ({ for (;;) show(); }))`), and joins of a task
 * after a wait for it whose result was used. An address that is given to a function counts as a
 * read only if the function may not set the variable.
 *
 * Requires the events of an async function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

struct outcome {
    struct expr *mention; /* in the form, of a variable that it sets */
    struct expr *form;    /* whose result shows whether it did */
};

struct unset {
    uint32_t words; /* first: for merges */
    struct flow *flow;
    struct expr *form;    /* whose outcomes are added */
    struct list outcomes; /* struct outcome *: of forms whose result is ignored */
    struct map mentions;  /* by struct expr *: those of the outcomes */
    struct map lent;      /* by struct expr *: variables that a function reads by their address */
    struct map waits;     /* by text of a task: int *, results of waits that are looked at */
    bool *may_fail;       /* by event: an EV_DEF that happens only if its form succeeds */
    uint32_t **read;      /* at drops, by event: what is read after */
};

/* ---- what a form sets ---- */

static bool is_set_for_sure(const struct unset *, const struct expr *form, const struct symbol *);

static bool is_left_by_break(const struct stmt *loop, const struct stmt *s)
{
    if (!s)
        return false;
    for (int i = 0; i < s->count; i++)
        if (is_left_by_break(loop, s->list[i]))
            return true;
    return (s->kind == S_BREAK && s->target == loop) || is_left_by_break(loop, s->body) ||
           is_left_by_break(loop, s->orelse);
}

/* Is it a call of what does not return, or a block that ends in `for (;;)` without a break? */
static bool never_returns(const struct expr *branch)
{
    if (branch->kind == EX_CALL)
        return called_symbol(branch) && called_symbol(branch)->is_noreturn;
    if (branch->kind != EX_BLOCK || !branch->body->count)
        return false;
    const struct stmt *last = branch->body->list[branch->body->count - 1];
    bool is_loop = last->kind == S_FOR || last->kind == S_WHILE || last->kind == S_DO;
    bool is_endless =
        last->expr ? last->expr->is_constant && last->expr->value : last->kind == S_FOR;
    return is_loop && is_endless && !is_left_by_break(last, last->body);
}

/* Has a branch that has returned set the variable? */
static bool branch_sets(const struct unset *x, struct expr *branch, const struct symbol *s)
{
    struct expr *e = skip_parens(branch);
    if (e->kind == EX_ASSIGN && e->op == '=') {
        const struct expr *to = skip_parens(e->a);
        return (to->kind == EX_IDENT && to->symbol == s) || branch_sets(x, e->b, s);
    }
    return never_returns(e) || (e->kind == EX_FORM && is_set_for_sure(x, e, s));
}

/* Has the form, when it has returned, set the variable however it went? In a function that is
 * bide_cancel_returns the group may return without a winner. */
static bool is_set_for_sure(const struct unset *x, const struct expr *form, const struct symbol *s)
{
    const struct symbol *function = x->flow->fn->symbol;
    bool all = form->arg_count > 0, any = false;
    for (int i = 0; i < form->arg_count; i++) {
        bool sets = branch_sets(x, form->arg[i], s);
        all &= sets;
        any |= sets;
    }
    switch (form->form) {
    case FORM_JOIN: return any;
    case FORM_TRY_JOIN:
    case FORM_SELECT:
    case FORM_SELECT_BIASED: return all && !(function && function->cancel_returns);
    default: return false;
    }
}

static void add_outcome(struct unset *x, struct expr *mention, struct expr *form)
{
    struct arena *arena = x->flow->arena;
    mention = skip_parens(mention);
    if (mention->kind != EX_IDENT || !flow_has(x->flow, mention->symbol) ||
        branches_mention(x->flow->fn, mention->symbol) ||
        is_set_for_sure(x, x->form, mention->symbol))
        return;
    if (is_set_for_sure(x, form, mention->symbol))
        form = x->form;
    struct outcome *o = arena_alloc(arena, sizeof *o);
    *o = (struct outcome){mention, form};
    list_add(arena, &x->outcomes, o);
    *map_at(arena, &x->mentions, mention) = o;
}

static void add_form(struct unset *x, struct expr *form);

static void add_branch(struct unset *x, struct expr *branch, struct expr *form)
{
    struct expr *e = skip_parens(branch);
    if (e->kind == EX_FORM)
        add_form(x, e);
    else if (e->kind == EX_ASSIGN && e->op == '=' && form->form != FORM_JOIN)
        add_outcome(x, e->a, form);
}

/* What a form names its task by, interned. */
static const char *task_text(const struct flow *f, const struct expr *task)
{
    const char *text = tokens_text(f->unit, task->first, task->last);
    return intern(f->unit->arena, text, strlen(text));
}

/* The text of the task that an event's await waits for, or NULL. */
static const char *awaited_task(const struct flow *f, const struct event *e)
{
    if ((e->kind != EV_AWAIT && e->kind != EV_DROP) || e->expr->kind != EX_AWAIT || !e->expr->a)
        return NULL;
    const struct expr *form = skip_parens(e->expr->a);
    bool is_wait =
        form->kind == EX_FORM && (form->form == FORM_TASK_WAIT || form->form == FORM_TASK_CANCEL);
    return is_wait ? task_text(f, form->arg[0]) : NULL;
}

static void find_waits(struct unset *x)
{
    const struct flow *f = x->flow;
    for (uint32_t i = 0; i < f->count; i++) {
        const char *task = awaited_task(f, &f->event[i]);
        if (!task)
            continue;
        void **results = map_at(f->arena, &x->waits, task);
        if (!*results)
            *results = arena_alloc(f->arena, sizeof(int));
        *(int *)*results += f->event[i].kind == EV_AWAIT ? 1 : -1;
    }
}

/* Has the function waited for the task of the join, and looked at how that went? */
static bool is_waited_for(struct unset *x, const struct expr *join)
{
    const int *results = *map_at(x->flow->arena, &x->waits, task_text(x->flow, join->arg[0]));
    return results && *results > 0;
}

/* All that it sets only if it succeeds. */
static void add_form(struct unset *x, struct expr *form)
{
    if (form->form == FORM_TASK_JOIN && form->arg_count == 2 && !is_waited_for(x, form)) {
        struct expr *out = skip_parens(form->arg[1]);
        if (out->kind == EX_UNARY && out->op == '&')
            add_outcome(x, out->a, form);
    }
    bool is_group = form->form == FORM_JOIN || form->form == FORM_TRY_JOIN ||
                    form->form == FORM_SELECT || form->form == FORM_SELECT_BIASED ||
                    form_is_timeout(form->form);
    for (int i = form_is_timeout(form->form); is_group && i < form->arg_count; i++)
        add_branch(x, form->arg[i], form);
}

/* The form whose result an event ignores; NULL: it ignores no result, or it does so on purpose. */
static struct expr *ignored_form(const struct event *e)
{
    if (e->kind != EV_DROP || e->expr->kind != EX_AWAIT)
        return NULL;
    const struct expr *whole = skip_parens(e->value);
    struct expr *form = skip_parens(e->expr->a);
    return whole->kind != EX_CAST && form->kind == EX_FORM ? form : NULL;
}

static const struct outcome *outcome_at(const struct unset *x, uint32_t i)
{
    return x->outcomes.item[i];
}

static bool is_mention(struct unset *x, const struct expr *e)
{
    return *map_at(x->flow->arena, &x->mentions, e);
}

static bool is_set_by(const struct unset *x, uint32_t first, const struct symbol *s)
{
    for (uint32_t i = first; i < x->outcomes.count; i++)
        if (outcome_at(x, i)->mention->symbol == s)
            return true;
    return false;
}

/* The form's assignments are between the await and the event that drops the result. */
static void find_forms(struct unset *x)
{
    struct flow *f = x->flow;
    for (uint32_t i = 0; i < f->count; i++) {
        struct expr *form = ignored_form(&f->event[i]);
        uint32_t first = x->outcomes.count;
        if (!form)
            continue;
        x->form = form;
        add_form(x, form);
        for (uint32_t k = i; k-- > 0 && f->event[k].kind != EV_AWAIT;)
            if (f->event[k].kind == EV_DEF && is_set_by(x, first, f->event[k].symbol))
                x->may_fail[k] = true;
    }
}

/* ---- backward: what is read later ---- */

/* `(void)x` reads nothing. */
static bool is_void(const struct unit *u, const struct expr *ident)
{
    const struct token *t = &u->token[ident->first - 1];
    while (t->punct == '(')
        t--;
    return t->punct == ')' && token_keyword(t - 1) == KW_VOID;
}

/* What functions get the address of, as a pointer to const. */
static void find_lent(struct unset *x)
{
    for (uint32_t i = 0; i < x->flow->count; i++) {
        const struct event *e = &x->flow->event[i];
        const struct symbol *s =
            e->kind == EV_CALL || e->kind == EV_PASS ? called_symbol(e->expr) : NULL;
        for (int k = 0; s && k < e->expr->arg_count && k < s->type->param_count; k++) {
            const struct type *t = s->type->param[k].type;
            struct expr *argument = skip_parens(e->expr->arg[k]);
            if (t->kind == TY_POINTER && t->base->quals & Q_CONST && argument->kind == EX_UNARY &&
                argument->op == '&')
                *map_at(x->flow->arena, &x->lent, skip_parens(argument->a)) = argument;
        }
    }
}

/* May whoever gets the address in this mention set the variable first? */
static bool is_lent_to_set(struct unset *x, const struct expr *ident)
{
    return ident->kind == EX_IDENT && is_address_taken(x->flow->unit, ident) &&
           !*map_at(x->flow->arena, &x->lent, ident);
}

static void step_backward(void *context, const struct event *e, uint32_t *state)
{
    struct unset *x = context;
    bool is_mentioned = e->kind == EV_USE && is_mention(x, e->expr);
    if (e->kind == EV_DECLARE || (e->kind == EV_DEF && !x->may_fail[e - x->flow->event]) ||
        (e->kind == EV_USE && !is_mentioned && is_lent_to_set(x, e->expr)))
        set_take(state, (uint32_t)e->symbol->flow_index);
    else if (e->kind == EV_CLEANUP ||
             (e->kind == EV_USE && !is_mentioned && !is_void(x->flow->unit, e->expr)))
        set_put(state, (uint32_t)e->symbol->flow_index);
}

static void keep_read(void *context, const struct event *e, const uint32_t *state)
{
    struct unset *x = context;
    if (!ignored_form(e))
        return;
    uint32_t *copy = arena_alloc(x->flow->arena, x->words * sizeof *copy);
    memcpy(copy, state, x->words * sizeof *copy);
    x->read[e - x->flow->event] = copy;
}

/* ---- forward: what has no value ---- */

/* May the code that gets this mention set the variable? */
static bool may_set(const struct unit *u, const struct expr *ident)
{
    return ident->kind != EX_IDENT || !type_is_scalar(ident->type) || is_address_taken(u, ident);
}

static void step_forward(void *context, const struct event *e, uint32_t *state)
{
    struct unset *x = context;
    if (e->kind == EV_DECLARE) {
        set_put(state, (uint32_t)e->symbol->flow_index);
    } else if (e->kind == EV_DEF && !x->may_fail[e - x->flow->event]) {
        set_take(state, (uint32_t)e->symbol->flow_index);
    } else if (e->kind == EV_USE && !is_mention(x, e->expr) && may_set(x->flow->unit, e->expr)) {
        set_take(state, (uint32_t)e->symbol->flow_index);
    } else if (e->kind == EV_STORE && e->expr) {
        const struct expr *part_of = variable_of(e->expr->a);
        if (part_of && flow_has(x->flow, part_of->symbol))
            set_take(state, (uint32_t)part_of->symbol->flow_index);
    }
}

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    const struct unset *x = context;
    struct unit *u = x->flow->unit;
    struct expr *form = ignored_form(e);
    const uint32_t *read = x->read[e - x->flow->event];
    if (!form || !read)
        return;
    struct unset one = {.flow = x->flow, .form = form, .waits = x->waits};
    add_form(&one, form);
    for (uint32_t i = 0; i < one.outcomes.count; i++) {
        const struct outcome *o = outcome_at(&one, i);
        const struct symbol *s = o->mention->symbol;
        const struct expr *at = o->form == form ? e->expr : o->form;
        if (!set_has(state, (uint32_t)s->flow_index) || !set_has(read, (uint32_t)s->flow_index))
            continue;
        diag_range(u, SEV_WARNING, at->first, at->last, "unused-result",
                   "ignoring the result of '%s', without which nobody knows whether '%s' has a "
                   "value",
                   form_name(o->form->form), s->name);
        diag(u, SEV_NOTE, s->token, "'%s' is declared here", s->name);
    }
}

void warn_unset(struct flow *f)
{
    struct unset x = {.flow = f, .words = set_words(f->var_count)};
    x.may_fail = arena_alloc(f->arena, (f->count + 1) * sizeof *x.may_fail);
    find_waits(&x);
    find_forms(&x);
    if (!x.outcomes.count)
        return;
    find_lent(&x);
    x.read = arena_alloc(f->arena, (f->count + 1) * sizeof *x.read);
    flow_backward(f, &(struct question){x.words, &x, merge_may, step_backward, keep_read});
    flow_forward(f, &(struct question){x.words, &x, merge_must, step_forward, visit});
}
