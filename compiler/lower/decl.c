/*
 * Declarations of locals. Only when the flow is known is it known which variables are in the frame.
 * So a declaration is one piece, with its initialisers as codes, and emit/code.c prints it when the
 * places of its variables are known. With an await in an initialiser each declarator is a piece of
 * its own, since the declarators before the await must have run.
 */
#include "inside.h"

/* __auto_type takes the initialiser's own type. */
static bool is_inferred(struct lower *l, struct decl *decl)
{
    static const char word[] = "__auto_type";
    const char *text = intern(l->arena, word, sizeof word - 1);
    for (uint32_t i = decl->spec_first; i <= decl->spec_last; i++)
        if (l->unit->token[i].text == text)
            return true;
    return false;
}

struct declaration *declaration_new(struct lower *l, struct stmt *s, int from, int count)
{
    struct declaration *d = arena_alloc(l->arena, sizeof *d);
    d->stmt = s;
    d->from = from;
    d->count = count;
    d->init = arena_alloc(l->arena, (size_t)count * sizeof *d->init);
    for (int i = 0; i < count; i++) {
        struct decl *decl = s->decl[from + i];
        uses_in_tokens(l, l->at->out, decl->spec_first, decl->spec_last);
        uses_in_tokens(l, l->at->out, decl->first, decl->last);
        if (!decl->init || !var_of(l, decl->symbol))
            continue;
        if (!is_inferred(l, decl))
            expr_info_of(l, skip_parens(decl->init))->is_converted = true;
        d->init[i] = code_new(l);
        copy_expr(l, d->init[i], decl->init);
        code_append_flow(l, l->at->out, d->init[i]);
    }
    return d;
}

void declaration_flow_end(struct lower *l, struct declaration *d)
{
    for (int i = 0; i < d->count; i++) {
        struct decl *decl = d->stmt->decl[d->from + i];
        struct var *v = var_of(l, decl->symbol);
        if (!v)
            continue;
        code_add(l, l->at->out, decl->init || v->is_owner ? PC_DEF : PC_KILL, v);
    }
}

static void lower_declarators(struct lower *l, struct stmt *s, int from, int count)
{
    struct declaration *d = declaration_new(l, s, from, count);

    code_thing(l, l->at->out, PC_DECL, d);
    declaration_flow_end(l, d);
    for (int i = from; i < from + count; i++) {
        struct var *v = var_of(l, s->decl[i]->symbol);
        if (v && v->link)
            defers_begin(l, v->link);
    }
}

void lower_decl(struct lower *l, struct stmt *s)
{
    if (!s->has_await) {
        lower_declarators(l, s, 0, s->decl_count);
        return;
    }
    for (int i = 0; i < s->decl_count; i++) {
        prepare(l, s->decl[i]->init);
        lower_declarators(l, s, i, 1);
    }
}
