/*
 * Results that are lost: a branch assigns to the variable that then gets the result of the form.
 *
 *     r = await bide_timeout(BIDE_S(1), r = work());   the result of work is gone
 *
 * It is a -Wunused-result, for nobody can use the branch's result. The same goes for the result of
 * a task: r = await bide_task_join(task, &r). Seen are assignments and initialisers of variables,
 * members and elements with the same index, at every depth of a nest of forms.
 *
 * Not looked at: branches that are statement expressions, which can use the variable themselves,
 * and values that are more than the form's result in parentheses or casts.
 */
#include "inside.h"

/* ---- places ---- */

/* Do both name the same object? Only if no call and no side effect tells which one. */
static bool is_same_place(struct expr *a, struct expr *b)
{
    a = skip_parens(a);
    b = skip_parens(b);
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case EX_IDENT: return a->symbol && a->symbol == b->symbol;
    case EX_MEMBER:
    case EX_ARROW: return a->name == b->name && is_same_place(a->a, b->a);
    case EX_INDEX:
        if (!is_same_place(a->a, b->a))
            return false;
        return a->b->is_constant ? b->b->is_constant && a->b->value == b->b->value
                                 : is_same_place(a->b, b->b);
    default: return false;
    }
}

/* As the program writes it, without parentheses. */
static const char *place_name(struct checker *c, struct expr *e)
{
    struct arena *arena = c->unit->arena;
    e = skip_parens(e);
    if (e->kind == EX_IDENT)
        return e->symbol->name;
    const char *whole = place_name(c, e->a);
    if (e->kind != EX_INDEX)
        return arena_printf(arena, "%s%s%s", whole, e->kind == EX_ARROW ? "->" : ".", e->name);
    if (e->b->is_constant)
        return arena_printf(arena, "%s[%lld]", whole, (long long)e->b->value);
    return arena_printf(arena, "%s[%s]", whole, place_name(c, e->b));
}

/* ---- forms ---- */

/* The form whose result the value is; or NULL. */
static struct expr *result_form(struct expr *value)
{
    while (value->kind == EX_PAREN || value->kind == EX_CAST || value->kind == EX_AWAIT ||
           (value->kind == EX_ASSIGN && value->op == '=') ||
           (value->kind == EX_UNARY && value->op == OP_EXTENSION))
        value = value->kind == EX_ASSIGN ? value->b : value->a;
    return value->kind == EX_FORM ? value : NULL;
}

struct result {
    struct expr *place;      /* gets the result of the form */
    const struct expr *form; /* the outermost */
};

static void find_lost(struct checker *c, const struct result *, const struct expr *form);

/* The branch itself, or what is assigned to another place, may be a form with branches. */
static void find_in_branch(struct checker *c, const struct result *t, struct expr *branch)
{
    branch = skip_parens(branch);
    if (branch->kind == EX_ASSIGN && branch->op == '=') {
        if (is_same_place(branch->a, t->place)) {
            diag_range(c->unit, SEV_WARNING, branch->first, branch->last, "unused-result",
                       "'%s' is assigned by a branch and by '%s'; the branch's result is lost",
                       place_name(c, t->place), form_name(t->form->form));
            return; /* what is inside is lost to this branch, which is checked by itself */
        }
        branch = skip_parens(branch->b);
    }
    if (branch->kind == EX_FORM)
        find_lost(c, t, branch);
}

static void find_lost(struct checker *c, const struct result *t, const struct expr *form)
{
    switch (form->form) {
    case FORM_TIMEOUT:
    case FORM_TIMEOUT_AT:
    case FORM_IF:
        if (form->arg_count == 2)
            find_in_branch(c, t, form->arg[1]);
        break;
    case FORM_JOIN:
    case FORM_TRY_JOIN:
    case FORM_SELECT:
    case FORM_SELECT_BIASED:
        for (int i = 0; i < form->arg_count; i++)
            find_in_branch(c, t, form->arg[i]);
        break;
    case FORM_TASK_JOIN: {
        struct expr *out = form->arg_count == 2 ? skip_parens(form->arg[1]) : NULL;
        if (out && out->kind == EX_UNARY && out->op == '&' && is_same_place(out->a, t->place))
            diag_range(c->unit, SEV_WARNING, out->first, out->last, "unused-result",
                       "'%s' gets the task's result and that of '%s'; the task's result is lost",
                       place_name(c, t->place), form_name(t->form->form));
        break;
    }
    default: break;
    }
}

void check_lost_results(struct checker *c, struct expr *place, struct expr *value)
{
    struct expr *form = value->has_await || value->kind == EX_FORM ? result_form(value) : NULL;
    if (form)
        find_lost(c, &(struct result){place, form}, form);
}
