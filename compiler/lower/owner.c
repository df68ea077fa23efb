/*
 * Owners: variables of type bide_task(T) or bide_future(T), or arrays of them, and values that no
 * variable has yet.
 *
 * A variable always holds what it owns, or null. An assignment releases the old owner when the new
 * value is known; a move, detach or drop leaves null. (In async functions, future.c drops futures.)
 *
 * A value belongs to whatever takes it: a variable, a parameter, a member. If an await stands
 * between the two, as in `take(bide_spawn(f()), await g())`, the value is *held* in a temporary,
 * and whatever leaves the expression in between (unwinding, or a jump out of a statement
 * expression) releases it first. The held owners are a list that follows the nesting of the
 * expression.
 */
#include "inside.h"

/* ---- variables ---- */

const char *release_name(const struct type *owner)
{
    return type_holds_future(owner) ? "bide__future_release" : "bide__task_release";
}

const char *release_result_text(struct arena *arena, const struct type *owner)
{
    return arena_printf(arena,
                        "if (result) {\nvoid *owner;\n"
                        "__builtin_memcpy(&owner, result, sizeof owner);\n%s(owner);\n}\n",
                        release_name(owner));
}

/* `({ T *place = &(e);`, for a place that would be evaluated twice. Returns the pointer's name. */
static const char *open_place(struct lower *l, struct code *to, struct expr *e)
{
    const char *place = name_new(l, "place");
    struct type *t = type_pointer(l->unit, type_unqualified(l->unit, e->type));
    code_text(l, to, "__extension__({ %s = &", type_print(l->unit, t, place));
    copy_expr(l, to, e);
    code_text(l, to, "; ");
    return place;
}

static struct var *simple_owner(struct lower *l, struct expr *e)
{
    e = skip_parens(e);
    return e->kind == EX_IDENT && !expr_code(e) ? var_of(l, e->symbol) : NULL;
}

void copy_release(struct lower *l, struct code *to, struct expr *e)
{
    const char *release =
        e->form == FORM_DROP ? "bide__future_drop" : release_name(e->arg[0]->type);
    struct var *v = simple_owner(l, e->arg[0]);
    if (!v && !e->arg[0]->is_lvalue) {
        code_text(l, to, "%s(", release);
        copy_argument(l, to, e->arg[0]);
        code_text(l, to, ")");
        return;
    }
    if (!v) {
        const char *place = open_place(l, to, e->arg[0]);
        code_text(l, to, "%s(*%s); *%s = 0; (void)0; })", release, place, place);
        return;
    }
    code_text(l, to, "(%s(", release);
    code_var(l, to, v);
    code_text(l, to, "), (void)(");
    code_add(l, to, PC_VAR, v);
    code_text(l, to, " = 0))");
    code_add(l, to, PC_DEF, v);
}

/* A get or a join in another function may have its address. */
static bool may_be_awaited(const struct var *v)
{
    return type_is_owner(v->type) && !v->tracked;
}

static const char *moved_name(struct type *owner)
{
    return type_holds_future(owner) ? "bide__future_moved" : "bide__task_moved";
}

void copy_move(struct lower *l, struct code *to, struct expr *e, bool unused)
{
    if (unused) { /* to nobody */
        copy_release(l, to, e);
        return;
    }
    const char *moved = name_new(l, "moved");
    struct var *v = simple_owner(l, e->arg[0]);
    const char *text = type_print(l->unit, type_unqualified(l->unit, e->type), moved);
    if (!v) {
        const char *place = open_place(l, to, e->arg[0]);
        code_text(l, to, "%s = *%s; *%s = 0; ", text, place, place);
        code_text(l, to, "%s(%s); %s; })", moved_name(e->type), moved, moved);
        return;
    }
    code_text(l, to, "__extension__({ %s = ", text);
    code_var(l, to, v);
    code_text(l, to, "; ");
    code_add(l, to, PC_VAR, v);
    code_text(l, to, " = 0; ");
    if (may_be_awaited(v))
        code_text(l, to, "%s(%s); ", moved_name(v->type), moved);
    code_text(l, to, "%s; })", moved);
    code_add(l, to, PC_DEF, v);
}

void copy_owner_assign(struct lower *l, struct code *to, struct expr *e, bool unused)
{
    const char *owner = name_new(l, "owner");
    struct var *v = simple_owner(l, e->a);
    struct type *t = type_unqualified(l->unit, e->type);

    if (skip_parens(e->b)->kind == EX_FORM)
        expr_info_of(l, skip_parens(e->b))->is_converted = true;
    code_text(l, to, "__extension__({ %s = ", type_print(l->unit, t, owner));
    copy_argument(l, to, e->b);
    code_text(l, to, "; ");
    if (v) {
        code_text(l, to, "%s(", release_name(t));
        code_var(l, to, v);
        code_text(l, to, "); ");
        code_add(l, to, PC_VAR, v);
        code_text(l, to, " = %s;", owner);
        code_add(l, to, PC_DEF, v);
    } else {
        const char *place = name_new(l, "place");
        code_text(l, to, "%s = &", type_print(l->unit, type_pointer(l->unit, t), place));
        copy_expr(l, to, e->a);
        code_text(l, to, "; %s(*%s); *%s = %s;", release_name(t), place, place, owner);
    }
    code_text(l, to, unused ? " (void)0; })" : " })");
}

/* `if (kept == v) v = 0;` */
static void append_moved_var(struct lower *l, struct var *kept, struct var *v, bool is_certain)
{
    uint32_t end = flow_label(l);

    code_text(l, l->at->out, "\n");
    if (may_be_awaited(v)) {
        code_text(l, l->at->out, "%s(", moved_name(v->type));
        code_var(l, l->at->out, kept);
        code_text(l, l->at->out, ");\n");
    }
    if (!is_certain) {
        code_text(l, l->at->out, "if (");
        code_var(l, l->at->out, kept);
        code_text(l, l->at->out, " == ");
        code_var(l, l->at->out, v);
        code_text(l, l->at->out, ")\n    ");
        code_flow(l, l->at->out, PC_BRANCH, end);
    }
    code_add(l, l->at->out, PC_VAR, v);
    code_text(l, l->at->out, " = 0;\n");
    code_add(l, l->at->out, PC_DEF, v);
    code_flow(l, l->at->out, PC_LABEL, end);
}

static void append_moved_from(struct lower *l, struct var *kept, struct expr *value, struct expr *e)
{
    struct stmt *last;
    struct var *v;

    e = skip_parens(e);
    switch (e->kind) {
    case EX_COND:
        append_moved_from(l, kept, value, e->b ? e->b : e->a);
        append_moved_from(l, kept, value, e->c);
        break;
    case EX_COMMA:
    case EX_GENERIC:
    case EX_CHOOSE: append_moved_from(l, kept, value, e->b); break;
    case EX_STMT:
        last = value_statement(e->body);
        if (last)
            append_moved_from(l, kept, value, last->expr);
        break;
    case EX_IDENT:
        v = var_of(l, e->symbol);
        if (v && v->is_owner && v->type->kind != TY_ARRAY &&
            !(value->first < v->token && v->token < value->last))
            append_moved_var(l, kept, v, e == skip_parens(value));
        break;
    default: break;
    }
}

void append_moved(struct lower *l, struct var *kept, struct expr *value)
{
    if (type_is_owner(value->type))
        append_moved_from(l, kept, value, value);
}

/* ---- values that are held ---- */

bool is_owned_value(struct expr *e)
{
    e = skip_parens(e);
    if (e->is_constant)
        return true; /* null */
    switch (e->kind) {
    case EX_COND: return is_owned_value(e->b ? e->b : e->a) && is_owned_value(e->c);
    case EX_COMMA:
    case EX_GENERIC:
    case EX_CHOOSE: return e->b && is_owned_value(e->b);
    case EX_ASSIGN: return false;
    case EX_STMT: {
        struct stmt *last = value_statement(e->body);
        return last && is_owned_value(last->expr);
    }
    default: return !e->is_lvalue;
    }
}

void hold_owner(struct lower *l, struct code *read, struct type *type, uint32_t first,
                uint32_t last)
{
    struct held *h = arena_alloc(l->arena, sizeof *h);
    *h = (struct held){
        .outer = l->at->held, .read = read, .type = type, .first = first, .last = last};
    l->at->held = h;
}

static bool loses(const struct held *h, const struct stmt *target)
{
    return !target || target->first > h->last || target->first < h->first;
}

bool loses_held(const struct lower *l, const struct stmt *target)
{
    return l->at->held && loses(l->at->held, target);
}

void release_value(struct lower *l, const struct code *read, const struct type *type,
                   uint32_t token)
{
    if (type_holds_future(type) && l->is_async) {
        append_value_drop(l, read, token);
        return;
    }
    code_text(l, l->at->out, "\n%s(", release_name(type));
    code_append(l, l->at->out, read);
    code_text(l, l->at->out, ");\n");
}

void release_held(struct lower *l, const struct stmt *target)
{
    for (const struct held *h = l->at->held; h && loses(h, target); h = h->outer)
        release_value(l, h->read, h->type, h->first);
}
