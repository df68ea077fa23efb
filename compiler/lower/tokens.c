/*
 * The last pass: what replaces the user's tokens where they are copied.
 *
 * Requires a lowered function with its frame laid out, when all types that move to file scope have
 * moved. Establishes lower->subst: names of moved types, constants of enums, __func__, references,
 * and awaits in operands that are not evaluated.
 */
#include "inside.h"

#include <string.h>

static void put_subst(struct lower *l, uint32_t token, enum subst_kind kind, const char *text)
{
    if (token >= l->fn->first && token <= l->fn->last)
        l->subst[token - l->fn->first] = (struct subst){.kind = kind, .text = text};
}

/* The constants of an enum that is defined in a moving struct become numbers. */
static void replace_constants(struct lower *l, const struct tag *tag)
{
    for (uint32_t i = 0; i < l->fn->idents.count; i++) {
        struct expr *e = l->fn->idents.item[i];
        const struct symbol *s = e->symbol;
        if (s->kind != SYM_ENUMERATOR || s->token < tag->first || s->token > tag->last ||
            !s->value_known || e->first < l->fn->first || e->first > l->fn->last)
            continue;
        if (l->subst[e->first - l->fn->first].kind != SUBST_SKIP)
            put_subst(l, e->first, SUBST_TEXT,
                      arena_printf(l->arena, "((%s)%lldll)", type_print(l->unit, s->type, ""),
                                   (long long)s->value));
    }
}

/* From the last to the first, since a definition covers the mentions in it. */
static void rename_tags(struct lower *l)
{
    for (uint32_t i = l->fn->tag_uses.count; i-- > 0;) {
        struct tag_use *use = l->fn->tag_uses.item[i];
        struct tag *tag = use->tag;
        bool outer_enum = tag->kind == TY_ENUM && tag->first < l->fn->first && tag->enum_type;
        if (!tag->hoisted_name && !outer_enum)
            continue;
        uint32_t last = tag->first == use->word ? tag->last : use->name;
        const char *text =
            outer_enum ? type_print(l->unit, tag->enum_type, "")
                       : arena_printf(l->arena, "%s %s", tag->kind == TY_UNION ? "union" : "struct",
                                      tag->hoisted_name);
        put_subst(l, use->word, SUBST_TEXT, text);
        for (uint32_t k = use->word + 1; k <= last; k++)
            put_subst(l, k, SUBST_SKIP, NULL);
        if (tag->hoisted_name && tag->first == use->word)
            replace_constants(l, tag);
    }
}

static bool is_word(struct lower *l, uint32_t token, const char *word)
{
    const char *text = l->unit->token[token].text;
    return text && strcmp(text, word) == 0;
}

/* Removes `cleanup(f)` from the attributes of a declaration: generated code calls f. */
static void drop_cleanups(struct lower *l, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i < last; i++) {
        if (!(is_word(l, i, "cleanup") || is_word(l, i, "__cleanup__")) ||
            l->unit->token[i + 1].punct != '(')
            continue;
        if (l->unit->token[i - 1].punct ==
            ':') /* and gnu:: before it, or [[]] would keep half a name */
            for (uint32_t k = i - 3; k < i; k++)
                put_subst(l, k, SUBST_SKIP, NULL);
        for (; i <= last && l->unit->token[i].punct != ')'; i++)
            put_subst(l, i, SUBST_SKIP, NULL);
        put_subst(l, i, SUBST_SKIP, NULL);
    }
}

/* The types and constants of the functions round it that a block mentions. */
static void map_outer_names(struct lower *l)
{
    struct function *fn = l->fn;
    for (uint32_t i = 0; i < fn->typedef_uses.count; i++) {
        struct typedef_use *use = fn->typedef_uses.item[i];
        if (use->symbol->function == fn)
            continue;
        use->symbol->captured = true;
        put_subst(l, use->token, SUBST_TEXT,
                  arena_printf(l->arena, "__typeof__(%s)",
                               type_print(l->unit, file_type(l, use->symbol->type), "")));
    }
    for (uint32_t i = 0; i < fn->idents.count; i++) {
        struct expr *e = fn->idents.item[i];
        struct symbol *s = e->symbol;
        if (s->kind == SYM_ENUMERATOR && s->depth > 0 && s->function != fn && s->value_known)
            put_subst(l, e->first, SUBST_TEXT,
                      arena_printf(l->arena, "((%s)%lldll)", type_print(l->unit, s->type, ""),
                                   (long long)s->value));
    }
    for (uint32_t i = 0; i < fn->tag_uses.count; i++) {
        struct tag_use *use = fn->tag_uses.item[i];
        if (use->tag->first < fn->first && use->tag->kind != TY_ENUM)
            hoist_tag(l, use->tag);
    }
}

/* Only the type matters of an await that is not evaluated. */
static void map_dead_awaits(struct lower *l)
{
    for (uint32_t i = 0; i < l->fn->dead_awaits.count; i++) {
        struct expr *e = l->fn->dead_awaits.item[i];
        struct type *t = type_pointer(l->unit, e->type);
        put_subst(l, e->first, SUBST_TEXT,
                  e->type->kind == TY_VOID
                      ? "(void)0"
                      : arena_printf(l->arena, "(*(%s)0)", type_print(l->unit, t, "")));
        for (uint32_t k = e->first + 1; k <= e->last; k++)
            put_subst(l, k, SUBST_SKIP, NULL);
    }
}

/* bide_ref is a constant, so it is the only form that the initialisers of static variables may
 * have. */
static void map_refs(struct lower *l)
{
    for (uint32_t i = 0; i < l->fn->refs.count; i++) {
        struct expr *e = l->fn->refs.item[i];
        put_subst(l, e->first, SUBST_TEXT, reference_text(l->unit, e));
        for (uint32_t k = e->first + 1; k <= e->last; k++)
            put_subst(l, k, SUBST_SKIP, NULL);
    }
}

/* True if the token lies in a nested block or branch. */
static bool is_in_inner(const struct function *fn, uint32_t token)
{
    const struct list *const inner[] = {&fn->blocks, &fn->branches};
    for (unsigned k = 0; k < 2; k++)
        for (uint32_t i = 0; i < inner[k]->count; i++) {
            const struct function *f = inner[k]->item[i];
            if (f->first <= token && token <= f->last)
                return true;
        }
    return false;
}

static void map_words(struct lower *l)
{
    static const char *const words[] = {"__func__", "__FUNCTION__", "__PRETTY_FUNCTION__"};
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        struct decl *d = v->symbol && v->symbol->cleanup ? v->symbol->decl : NULL;
        if (d) {
            drop_cleanups(l, d->spec_first, d->spec_last);
            drop_cleanups(l, d->first, d->last);
        }
    }
    for (uint32_t i = l->fn->body->first; l->is_async && i <= l->fn->body->last; i++)
        for (unsigned w = 0; w < sizeof words / sizeof words[0]; w++)
            if (is_word(l, i, words[w]) && !is_in_inner(l->fn, i)) {
                put_subst(l, i, SUBST_TEXT, l->func);
                l->uses_func_name = true;
            }
}

void settle_tokens(struct lower *l)
{
    if (l->fn->outer)
        map_outer_names(l);
    rename_tags(l);
    map_words(l);
    map_refs(l);
    map_dead_awaits(l);
}
