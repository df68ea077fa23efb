/*
 * Copies of the locals that live in the frame, for debuggers at -O0 -g. C has no second name for
 * an object. So a copy with the user's name is declared where the user declared the variable, and
 * is updated after the statements that may change it (lower/show.c). It is right wherever gdb stops
 * at the beginning of a line. Only the debugger reads it.
 *
 * A long array gets a pointer to its elements instead. Bytes are copied, since an object that is
 * not initialised yet may not hold a value of its type.
 */
#include "inside.h"

enum { LONG_ARRAY = 64 };

static bool is_long(const struct type *t)
{
    return t->kind == TY_ARRAY && (t->incomplete || t->length > LONG_ARRAY || t->length < 0);
}

static bool is_showable(const struct var *v)
{
    return v->symbol && v->type && v->in_frame && !v->by_address && !v->is_scope &&
           v->type->kind != TY_FUNCTION;
}

/* Is it declared by the statement; or, with NULL, is it a parameter and this the beginning of the
 * function's block? */
static bool is_declared_by(const struct lower *l, const struct var *v, const struct stmt *after,
                           uint32_t token)
{
    if (v->is_param)
        return !after && token == l->fn->body->first;
    return after && v->stmt == after;
}

/* Prints an empty statement after a statement with a body: otherwise clang suspects that a later
 * statement on the same line was meant to belong to it. */
static const char *separator(const struct stmt *after)
{
    bool has_body =
        after && (after->kind == S_IF || after->kind == S_FOR || after->kind == S_WHILE ||
                  after->kind == S_LABEL || after->kind == S_CASE || after->kind == S_DEFAULT);
    return has_body ? " ;" : "";
}

static void print_copy(struct lower *l, struct output *o, const struct var *v, const char *apart)
{
    const char *place = var_text(l, v);
    if (is_long(v->type))
        output_printf(o, "%s %s = &%s[0];", apart, v->name, place);
    else
        output_printf(o, "%s __builtin_memcpy((void *)&%s, (const void *)&%s, sizeof %s);", apart,
                      v->name, place, v->name);
}

void print_shown(struct lower *l, struct output *o, const struct piece *p)
{
    const struct stmt *after = p->thing;
    bool has_begun = false;
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (!is_showable(v))
            continue;
        if (is_declared_by(l, v, after, p->first)) {
            const char *of = is_long(v->type) ? "&" : "", *first = is_long(v->type) ? "[0]" : "";
            *map_at(l->arena, &o->shown, v) = v;
            output_printf(o, " __attribute__((unused)) __typeof__(%s%s%s) %s;", of, var_text(l, v),
                          first, v->name);
        }
        /* in the generated text, a deferred block comes after later declarations of its scope */
        if (!*map_at(l->arena, &o->shown, v) || v->token > p->first ||
            !is_in_scope(l, v, p->first) || is_shadowed(l, v, p->first))
            continue;
        if (!has_begun && p->last)
            output_sync(o, p->last);
        if (!has_begun && p->kind == PC_SHOW_ELSE)
            output_text(o, " else {");
        has_begun = true;
        print_copy(l, o, v, separator(after));
    }
    if (has_begun && p->kind == PC_SHOW_ELSE)
        output_text(o, " }");
}
