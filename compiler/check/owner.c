/*
 * Checks of owners (bide_task, bide_future) and of what async blocks capture.
 *
 * A variable of an owner type owns what it names, so its value is handed on with bide_move, never
 * copied; only `return h` of a local variable moves without that. A captured variable is the
 * block's own constant copy.
 *
 * Requires parsed functions. Establishes, if nothing is reported, that each task and future has one
 * owner of its own type.
 */
#include "inside.h"

static bool is_local(const struct checker *c, const struct symbol *s)
{
    return (s->kind == SYM_PARAM || s->kind == SYM_VAR) && s->function == c->function &&
           s->storage != ST_STATIC && s->storage != ST_EXTERN && !s->is_thread_local;
}

static void report_copy(struct checker *c, const struct expr *e)
{
    const char *what = type_task_result(e->type) ? "task" : "future";
    if (e->kind == EX_IDENT)
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "copy of '%s', which owns a %s; move it", e->name, what);
    else
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "copy of a variable that owns a %s; move it", what);
    diag_fixit_insert(c->unit, e->first, "bide_move(");
    diag_fixit_insert(c->unit, e->last + 1, ")");
    if (e->kind == EX_IDENT && e->symbol)
        note_declared(c, e->symbol);
}

void check_transfer(struct checker *c, struct expr *e, enum transfer to)
{
    e = skip_parens(e);
    check_scope_copy(c, e, to);
    if (!type_is_owner(e->type))
        return;
    if (e->kind == EX_COND) {
        if (e->b)
            check_transfer(c, e->b, to);
        check_transfer(c, e->c, to);
    } else if (e->kind == EX_COMMA) {
        check_transfer(c, e->b, to);
    } else if (e->kind == EX_ASSIGN) {
        report_copy(c, e->a);
    } else if (e->kind == EX_STMT) {
        struct stmt *last = value_statement(e->body);
        if (last)
            check_transfer(c, last->expr, to);
    } else if (e->is_lvalue) {
        bool moves = to == TO_RESULT && e->kind == EX_IDENT && e->symbol && is_local(c, e->symbol);
        if (!moves)
            report_copy(c, e);
    }
}

void refuse_lost_owner(struct checker *c, struct expr *e)
{
    e = skip_parens(e);
    bool is_made = e->kind == EX_FORM || e->kind == EX_AWAIT || e->kind == EX_CALL;
    if (is_made && type_is_owner(e->type))
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
                   "nothing owns the %s that is made here; keep it in a variable",
                   type_task_result(e->type) ? "task" : "future");
}

static const char *owner_text(struct unit *u, const struct type *t)
{
    const struct type *task = type_task_result(t);
    return arena_printf(u->arena, "bide_%s(%s)", task ? "task" : "future",
                        type_print(u, task ? task : type_future_result(t), ""));
}

/* A form whose operand is not a call makes a value without a type. form.c reports that. */
static bool makes_nothing(const struct expr *e)
{
    if (e->kind != EX_FORM || e->form == FORM_MOVE || e->arg_count == 0)
        return false;
    const struct expr *last = skip_parens(e->arg[e->arg_count - 1]);
    return last->kind != EX_CALL && last->kind != EX_BLOCK;
}

/* `bide_async_fn(T)` has no prototype, so plain compilers let it point to any function. */
static void check_reference_type(struct checker *c, const struct type *to, const struct expr *e)
{
    const struct type *wanted = type_reference_target(to), *given = type_reference_target(e->type);
    if (!wanted || !given || !wanted->is_async || !wanted->oldstyle || given->param_count == 0)
        return;
    diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL,
               "a pointer to an async function with parameters cannot be kept as a "
               "bide_async_fn(T); write their types, as bide_async_fn(T, P...)");
}

/* The type of an owner tells the size of the result, so a wrong type is an error, not a warning as
 * for other pointers. An owner of void takes any: it has no use for the result. */
void check_owner_type(struct checker *c, const struct type *to, struct expr *e)
{
    e = skip_parens(e);
    if (e->kind == EX_INIT_LIST && to->kind == TY_ARRAY) {
        for (int i = 0; i < e->arg_count; i++)
            check_owner_type(c, to->base, e->arg[i]->a);
        return;
    }
    check_reference_type(c, to, e);
    if (!type_is_owner(to) || !type_is_owner(e->type) || makes_nothing(e))
        return;
    bool is_task = type_task_result(to) != NULL;
    const struct type *kept = is_task ? type_task_result(to) : type_future_result(to);
    const struct type *result = is_task ? type_task_result(e->type) : type_future_result(e->type);
    if (!result || !(kept->kind == TY_VOID || type_is_error(kept) || type_is_error(result) ||
                     type_compatible(kept, result)))
        diag_range(c->unit, SEV_ERROR, e->first, e->last, NULL, "a '%s' cannot be kept as a '%s'",
                   owner_text(c->unit, e->type), owner_text(c->unit, to));
}

/* ---- captures ---- */

void check_store(struct checker *c, struct expr *object)
{
    struct expr *e = variable_of(object);
    check_scope_store(c, object);
    if (!e || !e->symbol || !c->function || !c->function->outer)
        return;
    struct symbol *s = e->symbol;
    const struct function *f = c->function;
    while (f->is_branch)
        f = f->outer;
    for (uint32_t i = 0; i < f->captures.count; i++) {
        if (f->captures.item[i] != s)
            continue;
        diag_range(c->unit, SEV_ERROR, object->first, object->last, NULL,
                   "'%s' is captured by value, the async block cannot change it", s->name);
        note_declared(c, s);
        return;
    }
}

void check_captures(struct checker *c, struct function *block)
{
    for (uint32_t i = 0; i < block->captures.count; i++) {
        const struct symbol *s = block->captures.item[i];
        if (type_holds_owner(s->type))
            diag(c->unit, SEV_ERROR, block->first,
                 "the async block cannot capture '%s', which owns a task or a future; spawn a "
                 "function and give it bide_move(%s)",
                 s->name, s->name);
        else if (s->type->variable)
            diag(
                c->unit, SEV_ERROR, block->first,
                "the async block cannot capture '%s', which has a type of variable length; give it "
                "a fixed length",
                s->name);
        else
            continue;
        note_declared(c, s);
    }
}
