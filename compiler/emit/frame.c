/*
 * The definition of a frame: the header, the scopes (which must be near the header), then a member
 * for each result slot and each variable that lives in the frame, in the structs and unions that
 * frame/overlap.c chose. Structs of blocks that have moved to file scope come before it.
 *
 * Requires frame_layout. The body and all functions round it name members by var->member.
 */
#include "inside.h"

#include <string.h>

static bool is_copied_whole(struct lower *l, const struct tag *tag)
{
    static const char *const words[] = {"__attribute__", "__attribute", "_Alignas",
                                        "__extension__"};
    for (uint32_t i = tag->first; i && i <= tag->last; i++) {
        const struct token *t = &l->unit->token[i];
        if (t[0].punct == '[' && t[1].punct == '[')
            return true;
        for (unsigned w = 0; w < sizeof words / sizeof words[0]; w++)
            if (t->text && strcmp(t->text, words[w]) == 0)
                return true;
    }
    return false;
}

static void print_members_of(struct lower *l, struct output *o, const struct tag *tag, int depth)
{
    for (int i = 0; i < tag->member_count; i++) {
        const struct member *m = &tag->member[i];
        struct type *t = outer_type(l, m->type, 0);
        const char *alignment = alignment_text(l, NULL, m->type);
        output_text(o, alignment ? alignment : "");
        if (m->bit_field) {
            output_printf(o, "%s : %d;\n", type_print(l->unit, t, m->name), m->bit_width);
        } else if (m->name || !t->tag || depth > 100) {
            output_printf(o, "%s;\n", type_print(l->unit, t, m->name));
        } else {
            output_printf(o, "%s {\n", t->kind == TY_UNION ? "union" : "struct");
            print_members_of(l, o, t->tag, depth + 1);
            output_text(o, "};\n");
        }
    }
}

static const struct tag_use *tag_use_at(struct lower *l, uint32_t word)
{
    for (const struct function *fn = l->fn; fn; fn = fn->outer)
        for (uint32_t i = 0; i < fn->tag_uses.count; i++) {
            const struct tag_use *use = fn->tag_uses.item[i];
            if (use->word == word)
                return use;
        }
    return NULL;
}

static const struct typedef_use *typedef_use_at(struct lower *l, uint32_t token)
{
    for (const struct function *fn = l->fn; fn; fn = fn->outer)
        for (uint32_t i = 0; i < fn->typedef_uses.count; i++) {
            const struct typedef_use *use = fn->typedef_uses.item[i];
            if (use->token == token && use->symbol->depth > 0 && use->symbol->named)
                return use;
        }
    return NULL;
}

static char *typedef_name(struct lower *l, const struct typedef_use *use)
{
    return arena_printf(l->arena, "%s__%s_%u", l->name, use->symbol->name, use->token);
}

/* Typedefs of blocks that the definition of a tag mentions, again at file scope. */
static void print_tag_typedefs(struct lower *l, struct output *o, const struct tag *tag)
{
    for (uint32_t i = tag->first; i <= tag->last; i++) {
        const struct typedef_use *use = typedef_use_at(l, i);
        if (!use)
            continue;
        struct type *t = use->symbol->named;
        const char *alignment = alignment_text(l, NULL, t);
        output_printf(o, "\n\ntypedef %s%s;\n", alignment ? alignment : "",
                      type_print(l->unit, file_type(l, t), typedef_name(l, use)));
    }
}

/* For a token that names a typedef, a constant or a variable of a block: an equivalent at file
 * scope; else NULL. */
static const char *meaning_text(struct lower *l, uint32_t token)
{
    const struct typedef_use *use = typedef_use_at(l, token);
    if (use)
        return arena_printf(l->arena, " %s ", typedef_name(l, use));
    for (const struct function *fn = l->fn; fn; fn = fn->outer)
        for (uint32_t i = 0; i < fn->idents.count; i++) {
            const struct expr *e = fn->idents.item[i];
            const struct symbol *s = e->symbol;
            if (e->first != token || !s || s->depth == 0)
                continue;
            if (s->kind == SYM_ENUMERATOR && s->value_known)
                return arena_printf(l->arena, " ((%s)%lldll) ", type_print(l->unit, s->type, ""),
                                    (long long)s->value);
            struct type *t = type_pointer(l->unit, file_type(l, s->type));
            return arena_printf(l->arena, " (*(%s)0) ", type_print(l->unit, t, ""));
        }
    return NULL;
}

static void print_tag_token(struct lower *l, struct output *o, uint32_t token)
{
    const char *text = meaning_text(l, token);
    if (text)
        output_text(o, text);
    else
        output_tokens(o, NULL, token, token);
}

/* Prints the definition's own tokens, but with the new names: types do not have its attributes. */
static void print_tag_tokens(struct lower *l, struct output *o, struct tag *tag)
{
    const struct tag_use *use = tag_use_at(l, tag->first);
    uint32_t i = tag->first;
    output_printf(o, "\n\n%s ", tag->kind == TY_UNION ? "union" : "struct");
    while (++i < tag->last && l->unit->token[i].punct != '{')
        if (!use || i != use->name)
            print_tag_token(l, o, i);
    output_printf(o, " %s ", tag->hoisted_name);
    for (; i <= tag->last; i++) {
        use = tag_use_at(l, i);
        const struct tag *inner = use ? use->tag : NULL;
        if (!inner || !(inner->hoisted_name || inner->kind == TY_ENUM)) {
            print_tag_token(l, o, i);
            continue;
        }
        if (inner->kind == TY_ENUM)
            output_printf(o, "%s ", type_print(l->unit, inner->enum_type, ""));
        else
            output_printf(o, "%s %s ", inner->kind == TY_UNION ? "union" : "struct",
                          inner->hoisted_name);
        i = inner->first == i ? inner->last : use->name;
    }
    output_text(o, ";\n");
}

static void print_tag(struct lower *l, struct output *o, struct tag *tag)
{
    const char *word = tag->kind == TY_UNION ? "union" : "struct";
    int packed = pack_at(o, tag->first);
    pack_begin(o, packed);
    if (is_copied_whole(l, tag)) {
        print_tag_typedefs(l, o, tag);
        print_tag_tokens(l, o, tag);
    } else {
        output_printf(o, "\n\n%s %s {\n", word, tag->hoisted_name);
        print_members_of(l, o, tag, 0);
        output_text(o, "};\n");
    }
    pack_end(o, packed);
}

void frame_print_tags(struct lower *l, struct output *o)
{
    for (uint32_t i = 0; i < l->hoisted.count; i++)
        print_tag(l, o, l->hoisted.item[i]);
}

static void print_scopes(struct lower *l, struct output *o)
{
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (v->is_scope)
            output_printf(o, "%s;\n", type_print(l->unit, v->frame_type, v->member));
    }
}

static void print_var(struct lower *l, struct output *o, struct var *v)
{
    if (v->in_frame) {
        const char *alignment = alignment_text(l, v->symbol, v->type);
        output_text(o, alignment ? alignment : "");
    }
    output_printf(o, "%s;\n", type_print(l->unit, v->frame_type, v->member));
}

static void print_box(struct lower *l, struct output *o, const struct box *b)
{
    if (b->kind == BOX_SLOT) {
        output_printf(o, "%s;\n", b->slot->declaration);
        return;
    }
    if (b->kind == BOX_VAR) {
        print_var(l, o, b->var);
        return;
    }
    output_text(o, b->kind == BOX_UNION ? "union {\n" : "struct {\n");
    for (uint32_t i = 0; i < b->count; i++)
        print_box(l, o, b->part[i]);
    output_text(o, "};\n");
}

void frame_print(struct lower *l, struct output *o)
{
    const struct box *all = overlap(l);

    pack_begin(o, 0);
    output_printf(o, "\n\nstruct bide__frame_%s {\nstruct bide_frame h;\n", l->name);
    if (l->fn->uses_outer)
        output_printf(o, "struct bide__frame_%s *%s;\n", l->outer->name, l->outer_name);
    print_scopes(l, o);
    if (all && all->kind == BOX_STRUCT)
        for (uint32_t i = 0; i < all->count; i++)
            print_box(l, o, all->part[i]);
    else if (all)
        print_box(l, o, all);
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if ((v->in_frame || v->saved) && has_flexible_end(v->type))
            print_var(l, o, v);
    }
    output_text(o, "};\n");
    pack_end(o, 0);
}
