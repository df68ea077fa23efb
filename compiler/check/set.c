/*
 * Checks of the forms that add a child to a set: bide_task_set_spawn, bide_task_map_spawn,
 * bide_future_set_add. A handle of a set is an ordinary value; its type tells the result of the
 * children.
 *
 * Requires a form with its number of arguments. Establishes, if nothing is reported, that the first
 * one is a set of the right kind, that the key fits, and that the call returns what the set is for.
 */
#include "inside.h"

static const char *set_tag(enum form form)
{
    switch (form) {
    case FORM_TASK_MAP_SPAWN: return "bide__task_map";
    case FORM_FUTURE_SET_ADD: return "bide__future_set";
    default: return "bide__task_set";
    }
}

static const char *wanted_set(enum form form)
{
    switch (form) {
    case FORM_TASK_MAP_SPAWN: return "a map (bide_task_map(K, T))";
    case FORM_FUTURE_SET_ADD: return "a set (bide_future_set(T))";
    default: return "a set (bide_task_set(T))";
    }
}

/* Is it a pointer to a key of the map? */
static void check_key(struct checker *c, const struct expr *form, struct expr *key)
{
    struct type *wanted = type_unqualified(c->unit, type_map_key(form->arg[0]->type));
    const struct type *given = type_decay(c->unit, key->type);
    bool fits = given->kind == TY_POINTER &&
                type_compatible(wanted, type_unqualified(c->unit, given->base));

    if (!fits && !type_is_error(given) && !type_is_error(wanted))
        diag_range(c->unit, SEV_ERROR, key->first, key->last, NULL,
                   "a pointer to a key of type '%s' is expected here, not a value of type '%s'",
                   type_print(c->unit, wanted, ""), type_print(c->unit, key->type, ""));
}

static void check_child(struct checker *c, const struct type *kept, const struct expr *call)
{
    if (type_is_error(kept) || type_is_error(call->type))
        return;
    if (call->kind != EX_CALL && call->kind != EX_BLOCK)
        return; /* reported as no call */
    const struct type *result = type_unqualified(c->unit, type_decay(c->unit, call->type));
    if (!type_compatible(type_unqualified(c->unit, (struct type *)(uintptr_t)kept), result))
        diag_range(c->unit, SEV_ERROR, call->first, call->last, NULL,
                   "the set is for results of type '%s', but the call returns '%s'",
                   type_print(c->unit, kept, ""), type_print(c->unit, call->type, ""));
}

void check_set_form(struct checker *c, struct expr *form)
{
    struct expr *set = form->arg[0], *call = skip_parens(form->arg[form_call(form->form)]);
    const struct type *kept = type_set_result(set->type, set_tag(form->form));

    if (type_is_error(set->type))
        give_up(c, set->first);
    else if (!kept)
        diag_range(c->unit, SEV_ERROR, set->first, set->last, NULL,
                   "'%s' expects %s here, not a value of type '%s'", form_name(form->form),
                   wanted_set(form->form), type_print(c->unit, set->type, ""));
    check_expr(c, set, USE_VALUE);
    if (form->form == FORM_TASK_MAP_SPAWN) {
        if (kept)
            check_key(c, form, form->arg[1]);
        check_expr(c, form->arg[1], USE_VALUE);
    }
    if (kept)
        check_child(c, kept, call);
}
