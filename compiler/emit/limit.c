/*
 * Objects in a frame, and objects that the runtime keeps, may be aligned to at most BIDE_ALIGN_MAX.
 * Only the target's compiler knows alignments. So there are static assertions, each on the line of
 * the declaration that it is about, but only for types that may be aligned to more than usual.
 * driver/report.c turns the compiler's message into bide's.
 */
#include "inside.h"

#include <string.h>

static void note_variables(struct lower *l)
{
    for (uint32_t i = 0; i < l->vars.count; i++) {
        const struct var *v = l->vars.item[i];
        const struct symbol *s = v->symbol;
        bool may_align = s && (s->alignment || type_may_align(l->unit, s->type));
        if (!may_align || v->is_scope)
            continue;
        if (v->in_frame || v->saved)
            note_limit(
                l, v->token,
                arena_printf(l->arena, "((struct bide__frame_%s *)0)->%s", l->name, v->member),
                arena_printf(l->arena, "'%s'", v->name));
        else if (v->is_param && l->has_args && v->arg)
            note_limit(l, v->token,
                       arena_printf(l->arena, "((struct bide__args_%s *)0)->%s", l->name, v->arg),
                       arena_printf(l->arena, "'%s'", v->name));
    }
}

static void print_limit(struct output *o, const struct limit *limit)
{
    const struct token *t = &o->unit->token[limit->token];
    if (!o->pretty)
        output_go_to(o, t->file, t->line, t->in_system_header);
    output_printf(o,
                  "\n__extension__ _Static_assert(__alignof__(%s) <= BIDE_ALIGN_MAX,\n"
                  "    \"bide: alignment of %s\");\n",
                  limit->of, limit->what);
}

void emit_limits(struct lower *l, struct output *o)
{
    const char *file = o->file;
    uint32_t line = o->line;
    if (l->is_async) {
        note_variables(l);
        if (l->fn->result->kind != TY_VOID && type_may_align(l->unit, l->fn->result))
            note_limit(
                l, l->fn->symbol ? l->fn->symbol->token : l->fn->first,
                type_print(l->unit, file_type(l, type_unqualified(l->unit, l->fn->result)), ""),
                "this function's result");
    }
    for (uint32_t i = 0; i < l->limits.count; i++) {
        print_limit(o, l->limits.item[i]);
        list_add(l->arena, &o->emitted.limits, l->limits.item[i]);
    }
    if (l->limits.count && !o->pretty)
        output_go_to(o, file, line, false);
}
