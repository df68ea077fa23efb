/*
 * A hint, off by default: a `for` whose body is only an awaited call for each element, so that each
 * call waits for the end of the call before it.
 *
 * The calls count as independent if each argument is a number or mentions the loop's variable, and
 * the results are dropped, added up, or go to an element with that variable as its index.
 *
 * Requires a checked async function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

/* The variable that the step of the loop changes; or NULL. */
static struct symbol *loop_variable(const struct stmt *s)
{
    struct expr *e = s->expr2 ? skip_parens(s->expr2) : NULL;
    if (!e || (e->kind != EX_POST && e->kind != EX_UNARY && e->kind != EX_ASSIGN))
        return NULL;
    return value_variable(e->a);
}

/* The only statement of the body; or NULL. */
static const struct stmt *only_statement(const struct stmt *s)
{
    while (s && s->kind == S_COMPOUND)
        s = s->count == 1 ? s->list[0] : NULL;
    return s;
}

static bool mentions(struct unit *u, const struct expr *e, const struct symbol *s)
{
    return tokens_mention(u, e->first, e->last, s->name);
}

static struct expr *awaited_call(struct expr *e)
{
    e = skip_parens(e);
    if (e->kind != EX_AWAIT)
        return NULL;
    e = skip_parens(e->a);
    const char *name = e->kind == EX_CALL ? call_name(e) : NULL;
    return name && strncmp(name, "bide_sleep", 10) && strcmp(name, "bide_yield") ? e : NULL;
}

static bool is_independent(struct unit *u, const struct expr *call, const struct symbol *i)
{
    bool depends = false;
    for (int k = 0; k < call->arg_count; k++) {
        const struct expr *arg = call->arg[k];
        bool by_element = mentions(u, arg, i);
        depends |= by_element;
        if (!by_element && !type_is_arithmetic(arg->type) && arg->kind != EX_STRING)
            return false;
    }
    return depends;
}

static void check_loop(struct unit *u, const struct stmt *s)
{
    const struct stmt *body = only_statement(s->body);
    struct symbol *i = loop_variable(s);
    if (!i || !body || body->kind != S_EXPR)
        return;
    struct expr *e = skip_parens(body->expr);
    if (e->kind == EX_ASSIGN) {
        struct expr *to = skip_parens(e->a);
        bool sum = e->op == P_ADD_ASSIGN && to->kind == EX_IDENT;
        bool element = e->op == '=' && to->kind == EX_INDEX && value_variable(to->b) == i;
        if (!sum && !element)
            return;
        e = e->b;
    }
    struct expr *call = awaited_call(e);
    if (!call || !is_independent(u, call, i))
        return;
    diag_range(u, SEV_WARNING, e->first, e->last, "bide-await-in-loop",
               "each call of '%s' waits for the one before it", call_name(call));
    diag(u, SEV_NOTE, s->first,
         "if the calls of this loop do not depend on each other, spawn them all, then join them");
}

static void walk(struct unit *u, const struct stmt *s)
{
    while (s) {
        if (!s->has_await)
            return;
        if (s->kind == S_FOR)
            check_loop(u, s);
        for (int i = 0; i < s->count; i++)
            walk(u, s->list[i]);
        if (s->body && s->orelse)
            walk(u, s->body);
        s = s->orelse ? s->orelse : s->body;
    }
}

void warn_loops(struct unit *u, struct function *fn)
{
    walk(u, fn->body);
}
