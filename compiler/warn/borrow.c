/*
 * Addresses of local variables that outlive them, followed through variables.
 *
 * For each variable: to which local does it point? The answer counts if it is the same on every
 * path on which the variable points to anything. A struct or an array holds what one of its members
 * got, a future holds what the arguments of its call hold. For a pointer, a store into a member of
 * the object that it points to counts as well.
 *
 *   -Wbide-borrow             a spawned task is given such a variable (check/scope.c reports what
 *                             the argument shows without this analysis)
 *   -Wreturn-local-addr       it is returned; in clang -Wreturn-stack-address
 *   -Wbide-dangling           it is stored where a parameter points to, in a static variable or in
 *                             allocated memory, and is still there when the function returns
 *
 * Not followed: variables whose address is taken, and those that a branch mentions. A store is
 * forgotten at calls and awaits, which may take it back; but `*parameter` is forgotten only at
 * calls that get the parameter.
 *
 * Requires the events of a function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

/* What a variable points to: LOCAL + n, the local that event n put there. */
enum { NOTHING, ANYTHING, LOCAL };

struct lent {
    struct expr *object;     /* the local */
    struct expr *value;      /* the expression that had its address, for the message */
    const struct expr *part; /* the member or element that got the address; NULL: the variable */
    bool behind;             /* the part is in the object that the variable points to */
};

enum { STORES_MAX = 256 }; /* of one function; later ones are ignored */

struct borrows {
    struct flow *flow;
    uint32_t words, vars; /* of the state: what variables hold, then the bits of stores */
    uint32_t *store;      /* by bit: the event */
    uint32_t store_count;
    bool reported[STORES_MAX];
    bool *followed;    /* by flow_index */
    struct lent *lent; /* by event */
    const uint32_t *state;
    struct lender lender;
};

/* ---- what a variable holds ---- */

static bool is_followed(const struct borrows *b, const struct symbol *s)
{
    return flow_has(b->flow, s) && b->followed[s->flow_index];
}

static const struct lent *lent_to(const struct borrows *b, const struct symbol *s)
{
    uint32_t n = flow_has(b->flow, s) ? b->state[s->flow_index] : NOTHING;
    return n >= LOCAL ? &b->lent[n - LOCAL] : NULL;
}

/* Is this part of an lvalue found through a pointer? */
static bool is_through_pointer(const struct expr *e)
{
    return (e->kind == EX_UNARY && e->op == '*') ||
           ((e->kind == EX_ARROW || e->kind == EX_INDEX) && e->a->type->kind != TY_ARRAY);
}

/* The variable at which an lvalue begins, and the number of pointers from there to the object; 0: a
 * part of the variable itself. NULL: it begins at no variable. */
static struct symbol *start_of(struct expr *e, int *pointers)
{
    *pointers = 0;
    for (e = skip_parens(e);; e = skip_parens(e->a)) {
        if (e->kind == EX_IDENT)
            return e->symbol;
        if (is_through_pointer(e))
            ++*pointers;
        else if (e->kind != EX_MEMBER && e->kind != EX_INDEX && e->kind != EX_ARROW)
            return NULL;
    }
}

/* The variable that an lvalue is a part of, or that points to it. */
static struct symbol *base_of(struct expr *e, bool *behind)
{
    int pointers;
    struct symbol *s = start_of(e, &pointers);
    *behind = pointers > 0;
    return pointers < 2 ? s : NULL;
}

static bool can_hold(const struct type *t)
{
    return t->kind == TY_POINTER || t->kind == TY_STRUCT || t->kind == TY_UNION;
}

/* Is the lvalue `part` a part of `whole`, or the same? Their texts are compared. */
static bool is_part_of(struct unit *u, const struct expr *part, const struct expr *whole)
{
    const char *inner = tokens_text(u, part->first, part->last);
    const char *outer = tokens_text(u, whole->first, whole->last);
    size_t n = strlen(outer);
    return !strncmp(inner, outer, n) && (!inner[n] || strchr(".[- ", inner[n]));
}

static struct expr *held(void *context, struct expr *e)
{
    const struct borrows *b = context;
    bool behind;
    const struct symbol *s = base_of(e, &behind);
    const struct lent *l = s ? lent_to(b, s) : NULL;
    if (!l || (e->kind != EX_IDENT && !can_hold(e->type)))
        return NULL;
    if (e->kind == EX_IDENT)
        return l->behind ? NULL : l->object;
    return l->part && l->behind == behind && is_part_of(b->flow->unit, l->part, e) ? l->object
                                                                                   : NULL;
}

static struct expr *object_in(struct borrows *b, struct expr *value, const uint32_t *state)
{
    b->state = state;
    return borrowed_object(value, &b->lender);
}

/* ---- states ---- */

static bool merge(void *context, uint32_t *to, const uint32_t *from)
{
    const struct borrows *b = context;
    bool changed = false;
    for (uint32_t i = 0; i < b->words; i++) {
        uint32_t old = to[i];
        if (i >= b->vars)
            to[i] &= from[i];
        else if (to[i] == ANYTHING || from[i] == ANYTHING)
            to[i] = ANYTHING;
        else if (to[i] == NOTHING || (from[i] >= LOCAL && from[i] < to[i]))
            to[i] = from[i];
        changed |= to[i] != old;
    }
    return changed;
}

static void step_def(struct borrows *b, const struct event *e, uint32_t *state)
{
    uint32_t number = (uint32_t)(e - b->flow->event), *now = &state[e->symbol->flow_index];
    if (e->op == P_INC && *now >= LOCAL)
        return;
    struct symbol *from = e->value ? value_variable(e->value) : NULL;
    struct expr *object = e->value ? object_in(b, e->value, state) : NULL;
    if (!is_followed(b, e->symbol)) {
        *now = ANYTHING;
    } else if (from && flow_has(b->flow, from) && from->type->kind != TY_ARRAY) {
        *now = state[from->flow_index];
    } else if (object) {
        b->lent[number] = (struct lent){.object = object, .value = e->value};
        *now = LOCAL + number;
    } else {
        *now = e->value && is_null_constant(e->value) ? NOTHING : ANYTHING;
    }
}

/* A store into a member or an element. */
static void step_part(struct borrows *b, const struct event *e, struct expr *object,
                      uint32_t *state)
{
    struct expr *to = skip_parens(e->expr->a);
    bool behind;
    struct symbol *s = base_of(to, &behind);
    if (!s || !is_followed(b, s) || !can_hold(to->type))
        return;
    uint32_t number = (uint32_t)(e - b->flow->event), *now = &state[s->flow_index];
    const struct lent *old = *now >= LOCAL ? &b->lent[*now - LOCAL] : NULL;
    if (object && !old) {
        b->lent[number] = (struct lent){object, e->value, to, behind};
        *now = LOCAL + number;
    } else if (!object && old && behind == old->behind &&
               (!old->part || is_part_of(b->flow->unit, old->part, to))) {
        *now = ANYTHING;
    }
}

/* ---- what is stored in what lives longer ---- */

/* Has the function itself stored one of the pointers on the way to the object? Then it may lead to
 * a local variable. */
static bool has_own_pointer(const struct borrows *b, struct expr *to)
{
    struct unit *u = b->flow->unit;
    for (struct expr *e = skip_parens(to); e->kind != EX_IDENT; e = skip_parens(e->a)) {
        const struct expr *pointer = is_through_pointer(e) ? skip_parens(e->a) : NULL;
        const char *text = pointer ? tokens_text(u, pointer->first, pointer->last) : NULL;
        for (uint32_t i = 0; text && i < b->flow->count; i++) {
            const struct event *other = &b->flow->event[i];
            struct expr *stored =
                other->kind == EV_STORE && other->expr ? skip_parens(other->expr->a) : NULL;
            if (stored && !strcmp(text, tokens_text(u, stored->first, stored->last)))
                return true;
        }
    }
    return false;
}

/* True if its only value is an argument, or memory from an allocator. */
static bool points_out(const struct borrows *b, const struct symbol *s)
{
    uint32_t values = 0;
    bool is_allocated = false;
    for (uint32_t i = 0; i < b->flow->count; i++) {
        const struct event *e = &b->flow->event[i];
        if (e->kind != EV_DEF || e->symbol != s)
            continue;
        const struct expr *call = e->value ? value_call(e->value) : NULL;
        const struct symbol *f = call ? called_symbol(call) : NULL;
        const struct known *k = f ? known_function(b->flow->unit, f) : NULL;
        is_allocated = k && k->release && !strcmp(k->release, "free");
        values++;
    }
    return values == 1 && (s->kind == SYM_PARAM || is_allocated);
}

static bool lives_longer(const struct borrows *b, struct expr *to, const uint32_t *state)
{
    int pointers;
    const struct symbol *s = start_of(to, &pointers);
    if (!s || s->kind == SYM_ENUMERATOR || s->kind == SYM_FUNCTION ||
        (pointers > 1 && has_own_pointer(b, to)))
        return false;
    if (!flow_has(b->flow, s)) /* one of an outer function is a captured copy */
        return s->depth == 0 || s->storage == ST_STATIC || s->storage == ST_EXTERN ||
               s->is_thread_local;
    return pointers > 0 && state[s->flow_index] == ANYTHING && points_out(b, s);
}

static bool is_passed(const struct expr *call, const struct symbol *s)
{
    for (int i = 0; i < call->arg_count; i++)
        if (value_variable(call->arg[i]) == s)
            return true;
    return false;
}

/* True if it is the same place, or may be: a member of that name, through a variable of the
 * function. */
static bool stores_again(const struct borrows *b, struct expr *to, struct expr *before)
{
    struct unit *u = b->flow->unit;
    int pointers;
    const struct symbol *s = start_of(to, &pointers);
    to = skip_parens(to);
    before = skip_parens(before);
    bool is_alias = s && pointers > 0 && s->kind == SYM_VAR && flow_has(b->flow, s) && to->name &&
                    before->name && !strcmp(to->name, before->name);
    return is_alias || !strcmp(tokens_text(u, to->first, to->last),
                               tokens_text(u, before->first, before->last));
}

/* May the event take back what the store left? */
static bool takes_back(const struct borrows *b, const struct event *e, const struct event *stored)
{
    struct expr *to = stored->expr->a;
    int pointers;
    const struct symbol *s = start_of(to, &pointers);
    if (e->kind == EV_STORE)
        return e->expr && e != stored && stores_again(b, e->expr->a, to);
    bool is_param = s->kind == SYM_PARAM && pointers == 1 && to->kind == EX_UNARY;
    if (e->kind == EV_CALL || e->kind == EV_PASS) {
        const struct symbol *f = called_symbol(e->expr);
        const struct known *k = f ? known_function(b->flow->unit, f) : NULL;
        bool harmless = is_param || (k && k->what & FN_OWNS_NOTHING);
        return !harmless || is_passed(e->expr, s);
    }
    return (e->kind == EV_AWAIT && !is_param) || e->kind == EV_CLEANUP;
}

static void put_store(struct borrows *b, uint32_t *stores, uint32_t number)
{
    uint32_t i = 0;
    while (i < b->store_count && b->store[i] != number)
        i++;
    if (i == STORES_MAX)
        return;
    if (i == b->store_count)
        b->store[b->store_count++] = number;
    set_put(stores, i);
}

static void step_stores(struct borrows *b, const struct event *e, uint32_t *state)
{
    uint32_t *stores = state + b->vars, number = (uint32_t)(e - b->flow->event);
    for (uint32_t i = 0; i < b->store_count; i++)
        if (set_has(stores, i) && takes_back(b, e, &b->flow->event[b->store[i]]))
            set_take(stores, i);
    if (e->kind != EV_STORE || !e->expr || e->expr->kind != EX_ASSIGN || !e->value)
        return;
    struct expr *object = can_hold(e->expr->a->type) ? object_in(b, e->value, state) : NULL;
    if (object && lives_longer(b, e->expr->a, state)) {
        b->lent[number] = (struct lent){.object = object, .value = e->value};
        put_store(b, stores, number);
    }
    step_part(b, e, object, state);
}

static void step(void *context, const struct event *e, uint32_t *state)
{
    struct borrows *b = context;
    step_stores(b, e, state);
    if (e->kind == EV_DEF)
        step_def(b, e, state);
    else if (e->kind == EV_DECLARE)
        state[e->symbol->flow_index] = NOTHING;
}

/* ---- the verdicts ---- */

static void note_variable(const struct borrows *b, struct expr *e)
{
    bool behind;
    const struct symbol *s = base_of(e, &behind);
    const struct lent *l = s ? lent_to(b, s) : NULL;
    if (l)
        diag_range(b->flow->unit, SEV_NOTE, l->value->first, l->value->last, NULL,
                   l->part || type_is_owner(s->type) ? "'%s' holds it from here on"
                                                     : "'%s' points to it from here on",
                   s->name);
}

/* Without casts and bide_move. */
static struct expr *inner(struct expr *e)
{
    for (;;) {
        if (e->kind == EX_PAREN || e->kind == EX_CAST)
            e = e->a;
        else if (e->kind == EX_FORM && e->form == FORM_MOVE && e->arg_count)
            e = e->arg[0];
        else
            return e;
    }
}

static void check_argument(struct borrows *b, const struct expr *form, struct expr *argument)
{
    struct unit *u = b->flow->unit;
    struct expr *e = inner(argument), *object = borrowed_object(argument, &b->lender);
    if (borrowed_object(argument, NULL))
        return; /* reported already */
    const struct lent *l = e->kind == EX_IDENT ? lent_to(b, e->symbol) : NULL;
    if (!object && l)
        object = l->object;
    if (!object)
        return;
    if (form->form != FORM_SCOPE_SPAWN)
        report_borrow(u, argument, object, form);
    else if (!report_inner_borrow(u, form, argument, object))
        return;
    note_variable(b, e);
}

/* An async block has copies of the variables that it mentions. */
static void check_captures_of(struct borrows *b, const struct expr *form, const struct expr *block)
{
    for (uint32_t i = 0; i < block->block->captures.count; i++) {
        struct symbol *s = block->block->captures.item[i];
        const struct lent *l = lent_to(b, s);
        struct expr at = {.first = block->first, .last = block->first};
        struct expr e = {.kind = EX_IDENT, .symbol = s, .name = s->name, .type = s->type};
        if (!l)
            continue;
        if (form->form != FORM_SCOPE_SPAWN)
            report_borrow(b->flow->unit, &at, l->object, form);
        else if (!report_inner_borrow(b->flow->unit, form, &at, l->object))
            continue;
        note_variable(b, &e);
    }
}

static void check_spawn(struct borrows *b, const struct expr *form)
{
    struct expr *e = form->arg_count ? skip_parens(form->arg[form->arg_count - 1]) : NULL;
    if (e && e->kind == EX_CALL)
        for (int i = 0; i < e->arg_count; i++)
            check_argument(b, form, e->arg[i]);
    else if (e && e->kind == EX_BLOCK)
        check_captures_of(b, form, e);
}

static void check_return(struct borrows *b, struct expr *value)
{
    struct unit *u = b->flow->unit;
    struct expr *object = can_hold(value->type) || value->type->kind == TY_ARRAY
                              ? borrowed_object(value, &b->lender)
                              : NULL;
    if (!object || (object->kind == EX_IDENT && object->symbol->is_scope))
        return;
    const char *option = u->target.clang ? "return-stack-address" : "return-local-addr";
    const char *how = type_future_result(value->type) ? " in a future" : "";
    if (object->kind == EX_COMPOUND)
        diag_range(u, SEV_WARNING, value->first, value->last, option,
                   "the address of a compound literal is returned%s, and it ends with the function",
                   how);
    else
        diag_range(u, SEV_WARNING, value->first, value->last, option,
                   "the address of '%s' is returned%s, and '%s' ends with the function",
                   object->name, how, object->name);
    if (!borrowed_object(value, NULL))
        note_variable(b, inner(value));
    if (object->kind == EX_IDENT)
        diag(u, SEV_NOTE, object->symbol->token, "'%s' is declared here", object->name);
}

/* In a plain function the compiler sees everything except what goes into futures. */
static bool is_looked_at(const struct flow *f, const struct type *t)
{
    return f->fn->is_async || type_future_result(t);
}

static void check_stores(struct borrows *b, const uint32_t *stores)
{
    struct unit *u = b->flow->unit;
    for (uint32_t i = 0; i < b->store_count; i++) {
        const struct lent *l = &b->lent[b->store[i]];
        if (!set_has(stores, i) || b->reported[i])
            continue;
        const struct expr *to = b->flow->event[b->store[i]].expr->a, *object = l->object;
        if (!is_looked_at(b->flow, to->type))
            continue;
        b->reported[i] = true;
        diag_range(u, SEV_WARNING, l->value->first, l->value->last, "bide-dangling",
                   "'%s' still has the address of %s%s%s when the function returns",
                   tokens_text(u, to->first, to->last), object->name ? "'" : "a compound literal",
                   object->name ? object->name : "", object->name ? "'" : "");
        if (object->kind == EX_IDENT)
            diag(u, SEV_NOTE, object->symbol->token, "'%s' is declared here", object->name);
    }
}

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    struct borrows *b = context;
    b->state = state;
    if (e->kind == EV_SPAWN)
        check_spawn(b, e->expr);
    else if (e->kind == EV_RETURN && is_looked_at(b->flow, e->value->type))
        check_return(b, e->value);
    else if (e->kind == EV_END && !b->flow->fn->is_main)
        check_stores(b, state + b->vars);
}

/* Does the function have an event that can lead to a warning? */
static bool is_of_interest(const struct flow *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct event *e = &f->event[i];
        const struct type *t = e->kind == EV_STORE && e->expr ? e->expr->a->type
                               : e->kind == EV_RETURN         ? e->value->type
                                                              : NULL;
        if (e->kind == EV_SPAWN ||
            (t && is_looked_at(f, t) && (can_hold(t) || t->kind == TY_ARRAY)))
            return true;
    }
    return false;
}

/* The forms take the addresses of owners for themselves. */
static bool has_pointers_to(const struct flow *f, const struct symbol *s)
{
    if (!type_is_owner(s->type))
        return s->address_taken;
    for (uint32_t i = 0; i < f->fn->idents.count; i++) {
        const struct expr *e = f->fn->idents.item[i];
        if (e->symbol == s && is_address_taken(f->unit, e))
            return true;
    }
    return false;
}

void warn_borrowing(struct flow *f)
{
    struct borrows b = {.flow = f, .vars = f->var_count};
    b.words = b.vars + set_words(STORES_MAX);
    b.lender = (struct lender){held, &b};
    if (!is_of_interest(f))
        return;
    b.store = arena_alloc(f->arena, STORES_MAX * sizeof *b.store);
    b.followed = arena_alloc(f->arena, (f->var_count + 1) * sizeof *b.followed);
    for (uint32_t i = 0; i < f->var_count; i++)
        b.followed[i] = !has_pointers_to(f, f->var[i]) && !branches_mention(f->fn, f->var[i]);
    b.lent = arena_alloc(f->arena, (f->count + 1) * sizeof *b.lent);
    flow_forward(f, &(struct question){b.words, &b, merge, step, visit});
}
