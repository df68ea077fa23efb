/*
 * Alignments that the frame needs at file scope. They are copied; if they name something of a
 * block, constants become numbers, and types get their names at file scope.
 */
#include "inside.h"

/* True if t names a typedef of a block that aligns: its name is not known at file scope. */
static const struct alignment *local_alignment(const struct type *t)
{
    for (; t; t = t->kind == TY_ARRAY ? t->base : NULL)
        for (const struct symbol *s = t->alias; s && s->depth > 0; s = s->type->alias)
            if (s->alignment)
                return s->alignment;
    return NULL;
}

static const char *expr_text(struct lower *l, const struct expr *e);

static const char *sizeof_text(struct lower *l, const struct expr *e)
{
    struct type *t = e->to ? e->to : e->a->type;
    const struct expr *a = e->a;
    while (a && a->kind == EX_PAREN)
        a = a->a;
    bool is_aligned =
        local_alignment(t) || (a && a->kind == EX_IDENT && a->symbol && a->symbol->alignment);
    if (type_is_error(t) || t->variable || (a && a->kind == EX_MEMBER && e->op == OP_ALIGNOF) ||
        (e->op == OP_ALIGNOF && is_aligned))
        return NULL;
    t = file_type(l, type_unqualified(l->unit, t));
    return arena_printf(l->arena, "%s(%s)", e->op == OP_SIZEOF ? "sizeof" : "__alignof__",
                        type_print(l->unit, t, ""));
}

/* NULL: it cannot be written at file scope. */
static const char *expr_text(struct lower *l, const struct expr *e)
{
    struct unit *u = l->unit;
    if (e->is_constant)
        return arena_printf(l->arena, "%lld", (long long)e->value);
    const char *a = NULL, *b = NULL, *c = NULL;
    if (e->kind == EX_SIZEOF)
        return sizeof_text(l, e);
    if (!e->a || !(a = expr_text(l, e->a)))
        return NULL;
    switch (e->kind) {
    case EX_PAREN: return arena_printf(l->arena, "(%s)", a);
    case EX_UNARY:
        return arena_printf(l->arena, "%s %s", tokens_text(u, e->first, e->a->first - 1), a);
    case EX_BINARY:
    case EX_LOGIC:
        if (!(b = expr_text(l, e->b)))
            return NULL;
        return arena_printf(l->arena, "%s %s %s", a,
                            tokens_text(u, e->a->last + 1, e->b->first - 1), b);
    case EX_COND:
        if (!e->b || !(b = expr_text(l, e->b)) || !(c = expr_text(l, e->c)))
            return NULL;
        return arena_printf(l->arena, "%s ? %s : %s", a, b, c);
    default: return NULL;
    }
}

static const char *texts_of(struct lower *l, const struct alignment *, const char *text);

/* The alignments of the typedefs of blocks with which the type is written. */
static const char *type_texts(struct lower *l, const struct type *t, const char *text)
{
    for (; t && text; t = t->kind == TY_ARRAY ? t->base : NULL)
        for (const struct symbol *s = t->alias; s && s->depth > 0 && text; s = s->type->alias)
            text = texts_of(l, s->alignment, text);
    return text;
}

/* `text` with one more alignment at its end. */
static const char *text_of(struct lower *l, const struct alignment *a, const char *text)
{
    if (a->depth == 0) {
        const char *tokens = tokens_text(l->unit, a->first, a->last);
        return arena_printf(l->arena, a->is_attribute ? "%s__attribute__((%s)) " : "%s%s ", text,
                            tokens);
    }
    if (a->type && !a->type->variable) {
        struct type *t = file_type(l, type_unqualified(l->unit, a->type));
        text = arena_printf(l->arena, "%s_Alignas(%s) ", text, type_print(l->unit, t, ""));
        return type_texts(l, a->type, text);
    }
    const char *value = a->expr ? expr_text(l, a->expr) : NULL;
    if (!value)
        return NULL;
    return arena_printf(l->arena,
                        a->is_attribute ? "%s__attribute__((aligned(%s))) " : "%s_Alignas(%s) ",
                        text, value);
}

static const char *texts_of(struct lower *l, const struct alignment *a, const char *text)
{
    for (; a && text; a = a->next)
        text = text_of(l, a, text);
    return text;
}

const char *alignment_text(struct lower *l, const struct symbol *s, const struct type *t)
{
    return type_texts(l, t, texts_of(l, s ? s->alignment : NULL, ""));
}
