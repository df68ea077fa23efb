/*
 * bide__caller(f): a function of one type for all f, with which the library calls a plain function
 * of which it knows no type:
 *
 *     void caller(void (*f)(void), void *const *args, void *result);
 *
 * calls f with the arguments to which args[0], args[1]... point, and stores what it returns. Only
 * the type of f matters here, so one caller is made for each type in a function.
 */
#include "inside.h"

#include <string.h>

struct caller {
    const char *type, *name;
};

static void append_call(struct lower *l, struct code *to, const char *type, const struct type *fn)
{
    code_text(l, to, "(*(%s)function)(", type);
    for (int i = 0; i < fn->param_count; i++) {
        struct type *t = file_type(l, type_unqualified(l->unit, fn->param[i].type));
        code_text(l, to, "%s*(%s)args[%d]", i ? ", " : "",
                  type_print(l->unit, type_pointer(l->unit, t), ""), i);
    }
    code_text(l, to, ")");
}

static void append_function(struct lower *l, struct code *to, const struct caller *c,
                            const struct type *fn)
{
    struct type *result = file_type(l, type_unqualified(l->unit, fn->base));

    code_text(l, to,
              "\n\nstatic void %s(void (*function)(void), void *const *args, void *result)\n{\n",
              c->name);
    if (fn->param_count == 0)
        code_text(l, to, "(void)args;\n");
    if (result->kind == TY_VOID)
        code_text(l, to, "(void)result;\n");
    else if (type_has_const_member(result)) /* it cannot be assigned */
        code_text(l, to, "__builtin_memcpy(result, &(%s){",
                  type_print(l->unit, type_array(l->unit, result, 1), ""));
    else
        code_text(l, to, "*(%s)result = ", type_print(l->unit, type_pointer(l->unit, result), ""));
    append_call(l, to, c->type, fn);
    if (result->kind != TY_VOID && type_has_const_member(result))
        code_text(l, to, "}, sizeof(%s))", type_print(l->unit, result, ""));
    code_text(l, to, ";\n}\n");
}

static const struct caller *caller_of(struct lower *l, struct type *fn)
{
    struct type *t = file_type(l, type_pointer(l->unit, fn));
    const char *type = type_print(l->unit, t, "");

    for (uint32_t i = 0; i < l->work->callers.count; i++) {
        const struct caller *c = l->work->callers.item[i];
        if (strcmp(c->type, type) == 0)
            return c;
    }
    struct caller *c = arena_alloc(l->arena, sizeof *c);
    struct code *s = code_new(l);
    list_add(l->arena, &l->work->callers, c);
    c->type = type;
    c->name = arena_printf(l->arena, "bide__call_%s_%u", l->name, l->work->callers.count);
    append_function(l, s, c, fn);
    list_add(l->arena, &l->helpers, s);
    return c;
}

void copy_caller(struct lower *l, struct code *to, struct expr *e)
{
    struct type *fn = type_callable(l->unit, e->arg[0]->type);

    if (fn)
        code_text(l, to, "((void (*)(void))%s)", caller_of(l, fn)->name);
}
