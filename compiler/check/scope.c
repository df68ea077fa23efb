/*
 * Checks of scopes (bide_scope, bide_try_scope) and of what tasks borrow.
 *
 * The variable of a scope names it inside its block. It may be given to calls, which return before
 * the block ends, and to children, which end before the block does; nothing else may keep it.
 *
 * A task that is spawned outside a scope may live longer than the function that spawns it, so a
 * warning is given when it gets the address of a local variable: by `&`, by an array that decays,
 * in a struct, in a future. A child of a scope may borrow what lives until the scope's block ends,
 * hence not the locals of blocks inside that one. Only addresses that the argument itself shows are
 * seen here; warn/borrow.c follows pointer variables.
 *
 * Requires parsed functions. Establishes, if nothing is reported, that no value of a scope is
 * stored anywhere.
 */
#include "inside.h"

#include <string.h>

static const char option[] = "bide-borrow";

/* ---- the variable ---- */

static bool is_scope(const struct expr *e)
{
    return e->kind == EX_IDENT && e->symbol && e->symbol->is_scope;
}

void check_scope_copy(struct checker *c, struct expr *e, enum transfer to)
{
    if (!is_scope(e) || to == TO_ARGUMENT)
        return;
    diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
               "copy of the scope '%s', which may not leave its block", e->name);
    note_declared(c, e->symbol);
}

void check_scope_store(struct checker *c, struct expr *object)
{
    struct expr *e = skip_parens(object);
    if (!is_scope(e))
        return;
    diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
               "'%s' is a scope and cannot be assigned", e->name);
    note_declared(c, e->symbol);
}

void check_scope_address(struct checker *c, const struct expr *address)
{
    struct expr *e = skip_parens(address->a);
    if (!is_scope(e))
        return;
    diag_range(c->unit, SEV_ERROR, address->first, e->last, NULL,
               "address of '%s', which is a scope; its value is a pointer already", e->name);
    note_declared(c, e->symbol);
}

/* ---- forms ---- */

static bool is_scope_type(const struct type *t)
{
    return t->kind == TY_POINTER && t->base->kind == TY_STRUCT && t->base->tag->name &&
           strcmp(t->base->tag->name, "bide__scope") == 0;
}

/* A scope of this name whose block has ended; or NULL. */
static const struct symbol *ended_scope(const struct checker *c, const struct expr *e)
{
    for (uint32_t i = c->function ? c->function->locals.count : 0; i-- > 0;) {
        const struct symbol *s = c->function->locals.item[i];
        if (s->is_scope && s->name == e->name && s->token < e->first)
            return s;
    }
    return NULL;
}

void check_scope_form(struct checker *c, struct expr *form)
{
    struct expr *e = skip_parens(form->arg[0]);
    const struct symbol *ended = e->kind == EX_IDENT && !is_scope(e) ? ended_scope(c, e) : NULL;

    if (is_scope_type(e->type)) {
        check_expr(c, e, USE_VALUE);
    } else if (ended) {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' in '%s' after the end of that scope's block", e->name,
                   form_name(form->form));
        note_declared(c, ended);
    } else if (type_is_error(e->type)) {
        give_up(c, e->first);
    } else {
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'%s' expects a scope here, not a value of type '%s'", form_name(form->form),
                   type_print(c->unit, e->type, ""));
    }
}

/* ---- borrowing ---- */

/* The local variable, or the compound literal, that an lvalue is a part of; NULL: neither. */
static struct expr *local_object(struct expr *object)
{
    struct expr *e = variable_of(object);
    if (!e) {
        for (e = skip_parens(object); e->kind == EX_MEMBER || e->kind == EX_INDEX;)
            e = skip_parens(e->a);
        return e->kind == EX_COMPOUND ? e : NULL;
    }
    const struct symbol *s = e->symbol;
    bool automatic = s && (s->kind == SYM_PARAM || s->kind == SYM_VAR) && s->depth > 0 &&
                     s->storage != ST_STATIC && s->storage != ST_EXTERN && !s->is_thread_local;
    return automatic ? e : NULL;
}

/* The pointer in an lvalue through which its object is reached; NULL: it has none. */
static struct expr *pointer_to(struct expr *object)
{
    for (struct expr *e = skip_parens(object);; e = skip_parens(e->a)) {
        bool is_array =
            (e->kind == EX_INDEX || e->kind == EX_ARROW) && e->a->type->kind == TY_ARRAY;
        if (e->kind == EX_ARROW || e->kind == EX_INDEX || (e->kind == EX_UNARY && e->op == '*')) {
            if (!is_array)
                return e->a;
        } else if (e->kind != EX_MEMBER) {
            return NULL;
        }
    }
}

static struct expr *address_of(struct expr *object, const struct lender *l)
{
    struct expr *found = local_object(object), *pointer = found ? NULL : pointer_to(object);
    return pointer && l ? borrowed_object(pointer, l) : found;
}

/* What an async block holds: it has copies of the variables that it mentions. */
static struct expr *borrowed_by_block(const struct function *block, const struct lender *l)
{
    for (uint32_t i = 0; l && i < block->captures.count; i++) {
        struct symbol *s = block->captures.item[i];
        struct expr e = {.kind = EX_IDENT, .symbol = s, .name = s->name, .type = s->type};
        struct expr *found = l->held(l->context, &e);
        if (found)
            return found;
    }
    return NULL;
}

/* A future holds what the arguments of its call hold. */
static struct expr *borrowed_by_form(const struct expr *form, const struct lender *l)
{
    struct expr *e = form->arg_count == 1 ? skip_parens(form->arg[0]) : NULL;
    if (e && form->form == FORM_MOVE)
        return borrowed_object(e, l);
    if (!e || form->form != FORM_LAZY)
        return NULL;
    if (e->kind == EX_BLOCK)
        return borrowed_by_block(e->block, l);
    struct expr *found = NULL;
    for (int i = 0; e->kind == EX_CALL && i < e->arg_count && !found; i++)
        found = borrowed_object(e->arg[i], l);
    return found;
}

struct expr *borrowed_object(struct expr *e, const struct lender *l)
{
    struct expr *found = NULL;
    e = skip_parens(e);
    if (is_scope(e))
        return e;
    if (e->kind != EX_INIT_LIST && e->kind != EX_INIT_ITEM && e->kind != EX_STRING &&
        e->type->kind == TY_ARRAY)
        return address_of(e, l);
    switch (e->kind) {
    case EX_UNARY:
        if (e->op == '&')
            return address_of(e->a, l);
        return e->op == OP_EXTENSION ? borrowed_object(e->a, l) : NULL;
    case EX_CAST:
    case EX_INIT_ITEM: return borrowed_object(e->a, l);
    case EX_COMMA:
    case EX_ASSIGN: return borrowed_object(e->b, l);
    case EX_COND:
        found = e->b ? borrowed_object(e->b, l) : NULL;
        return found ? found : borrowed_object(e->c, l);
    case EX_BINARY:
        if (e->type->kind != TY_POINTER)
            return NULL;
        found = borrowed_object(e->a, l);
        return found ? found : borrowed_object(e->b, l);
    case EX_COMPOUND: return e->a ? borrowed_object(e->a, l) : NULL;
    case EX_STMT: {
        struct stmt *last = value_statement(e->body);
        return last ? borrowed_object(last->expr, l) : NULL;
    }
    case EX_INIT_LIST:
        for (int i = 0; i < e->arg_count && !found; i++)
            found = borrowed_object(e->arg[i], l);
        return found;
    case EX_FORM: return borrowed_by_form(e, l);
    case EX_IDENT:
    case EX_MEMBER:
    case EX_ARROW:
    case EX_INDEX: return l ? l->held(l->context, e) : NULL;
    default: return NULL;
    }
}

static void note_symbol(struct unit *u, const struct symbol *s)
{
    diag(u, SEV_NOTE, s->token, "'%s' is declared here", s->name);
}

void report_borrow(struct unit *u, const struct expr *at, const struct expr *object,
                   const struct expr *spawn)
{
    const char *form = form_name(spawn->form);
    if (object->kind == EX_COMPOUND) {
        diag_range(u, SEV_WARNING, at->first, at->last, option,
                   "the task of '%s' may outlive the compound literal whose address it is given",
                   form);
    } else if (is_scope(object)) {
        diag_range(u, SEV_WARNING, at->first, at->last, option,
                   "the task of '%s' may outlive the scope '%s', which it is given", form,
                   object->name);
        note_symbol(u, object->symbol);
    } else {
        diag_range(u, SEV_WARNING, at->first, at->last, option,
                   "the task of '%s' may outlive '%s', whose address it is given", form,
                   object->name);
        note_symbol(u, object->symbol);
    }
    diag(u, SEV_NOTE, spawn->first,
         form_spawns(spawn->form)
             ? "a task that borrows is a child of a scope: "
               "bide_scope(s) { bide_scope_spawn(s, ...); }"
             : "bide_blocking waits for the call, and so may lend it local variables");
}

bool report_inner_borrow(struct unit *u, const struct expr *form, const struct expr *at,
                         const struct expr *object)
{
    const struct expr *e = skip_parens(form->arg[0]);
    const struct symbol *v = object->symbol;
    if (!is_scope(e) || object->kind != EX_IDENT || v->is_scope || v->depth <= e->symbol->depth + 1)
        return false;
    diag_range(u, SEV_WARNING, at->first, at->last, option,
               "'%s' ends before the scope '%s', and a child of that is given its address", v->name,
               e->name);
    note_symbol(u, v);
    return true;
}

static void check_captured(struct checker *c, const struct expr *form, const struct expr *block)
{
    for (uint32_t i = 0; i < block->block->captures.count; i++) {
        struct symbol *s = block->block->captures.item[i];
        struct expr object = {.kind = EX_IDENT, .symbol = s, .name = s->name};
        struct expr at = {.first = block->first, .last = block->first};
        if (s->is_scope)
            report_borrow(c->unit, &at, &object, form);
    }
}

void check_borrows(struct checker *c, const struct expr *form, struct expr *started)
{
    bool in_scope = form->form == FORM_SCOPE_SPAWN;
    if (started->kind == EX_BLOCK && !in_scope)
        check_captured(c, form, started);
    if (started->kind != EX_CALL)
        return;
    for (int i = 0; i < started->arg_count; i++) {
        const struct expr *object = borrowed_object(started->arg[i], NULL);
        if (object && in_scope)
            report_inner_borrow(c->unit, form, started->arg[i], object);
        else if (object)
            report_borrow(c->unit, started->arg[i], object, form);
    }
}
