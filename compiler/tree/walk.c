/*
 * Walks over trees: a function for the children of an expression, and one for those of a statement.
 *
 * A walk is a function that treats the kinds of node it cares about itself, and hands every other
 * node to these. They visit one level only; to go deeper, the walk calls itself from `visit`.
 */
#include "inside.h"

bool expr_each_child(const struct expr *e, expr_visit *visit, void *context)
{
    bool is_selection = e->kind == EX_GENERIC || e->kind == EX_CHOOSE;
    if (e->a && visit(e->a, context))
        return true;
    if (e->b && !is_selection && visit(e->b, context))
        return true;
    if (e->c && visit(e->c, context))
        return true;
    for (int i = 0; i < e->arg_count; i++)
        if (visit(e->arg[i], context))
            return true;
    return false;
}

static bool each_expr(const struct stmt *s, expr_visit *visit, void *context)
{
    if (s->expr && visit(s->expr, context))
        return true;
    if (s->expr2 && visit(s->expr2, context))
        return true;
    for (int i = 0; i < s->decl_count; i++)
        if (s->decl[i]->init && visit(s->decl[i]->init, context))
            return true;
    return false;
}

bool stmt_each_child(const struct stmt *s, expr_visit *visit_expr, stmt_visit *visit_stmt,
                     void *context)
{
    if (visit_stmt && s->init && visit_stmt(s->init, context))
        return true;
    if (visit_expr && each_expr(s, visit_expr, context))
        return true;
    if (!visit_stmt)
        return false;
    if (s->body && visit_stmt(s->body, context))
        return true;
    if (s->orelse && visit_stmt(s->orelse, context))
        return true;
    for (int i = 0; i < s->count; i++)
        if (visit_stmt(s->list[i], context))
            return true;
    return false;
}
