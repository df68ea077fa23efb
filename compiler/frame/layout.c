/*
 * The frame of a function: the header, the scopes (which must be near), then a member for each
 * result slot and for each variable that is saved or lives there, in structs and unions without a
 * name as overlap.c says. Sizes and offsets are the target compiler's business.
 *
 * A struct or union declared in a block whose type a member needs is moved to file scope under a
 * name of its own; in the body that name takes the place of the old one. An enum of a block stays,
 * since its constants do: its integer type is used.
 */
#include "compiler/lower/inside.h"

#include <string.h>

/* ---- types at file scope ---- */

static void hoist_members(struct lower *, const struct tag *, int depth);

bool type_is_const(const struct type *t)
{
    while (t->kind == TY_ARRAY)
        t = t->base;
    return t->quals & Q_CONST || type_has_const_member(t);
}

static void hoist_in(struct lower *l, const struct type *t, int depth)
{
    if (!t || depth > 100)
        return;
    if (t->tag && t->kind != TY_ENUM)
        hoist_tag(l, t->tag);
    hoist_in(l, t->base, depth + 1);
    for (int i = 0; i < t->param_count; i++)
        hoist_in(l, t->param[i].type, depth + 1);
}

static bool is_anonymous(const struct member *m)
{
    return !m->name && !m->bit_field;
}

/* The types of members come before the struct; those of anonymous ones are printed in it. */
static void hoist_members(struct lower *l, const struct tag *tag, int depth)
{
    for (int i = 0; i < tag->member_count; i++) {
        const struct member *m = &tag->member[i];
        if (is_anonymous(m) && m->type->tag && depth < 100)
            hoist_members(l, m->type->tag, depth + 1);
        else
            hoist_in(l, m->type, 0);
    }
}

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

/* Names the tag and what it holds, then adds it to the list: those that it needs come before it. */
void hoist_tag(struct lower *l, struct tag *tag)
{
    if (tag->depth == 0 || tag->hoisted_name)
        return;
    static const char *const kinds[] = {[TY_STRUCT] = "struct", [TY_UNION] = "union"};
    tag->hoisted_name = arena_printf(l->arena, "%s__%s_%u", l->name,
                                     tag->name ? tag->name : kinds[tag->kind], ++l->hoists);
    hoist_members(l, tag, 0);
    list_add(l->arena, &l->hoisted, tag);
}

/* t with the enums of blocks replaced, and its structs hoisted. */
static struct type *outer_type(struct lower *l, struct type *t, int depth)
{
    if (depth > 100)
        return t;
    if (t->kind == TY_ENUM && t->tag && t->tag->depth > 0) {
        struct type *to = t->tag->enum_type ? t->tag->enum_type : type_basic(l->unit, TY_UINT);
        return type_qualified(l->unit, to, t->quals);
    }
    if (!t->base)
        return t;
    struct type *base = outer_type(l, t->base, depth + 1);
    if (base == t->base)
        return t;
    struct type *copy = arena_alloc(l->arena, sizeof *copy);
    *copy = *t;
    copy->base = base;
    copy->alias = NULL;
    return copy;
}

struct type *file_type(struct lower *l, struct type *t)
{
    hoist_in(l, t, 0);
    return outer_type(l, t, 0);
}

static bool may_align(struct unit *, const struct type *, int depth);

static bool tag_may_align(struct unit *u, const struct tag *tag, int depth)
{
    if (!tag->complete || depth > 20)
        return true;
    for (uint32_t i = tag->first; i <= tag->last; i++) {
        const char *text = u->token[i].text;
        if (text && (strstr(text, "aligned") || strcmp(text, "_Alignas") == 0))
            return true;
    }
    for (int i = 0; i < tag->member_count; i++)
        if (may_align(u, tag->member[i].type, depth + 1))
            return true;
    return false;
}

/* By a typedef that it is named by, or one that this was made of. */
static bool alias_may_align(const struct type *t)
{
    for (const struct symbol *s = t->alias; s; s = s->type->alias)
        if (s->alignment)
            return true;
    return false;
}

static bool may_align(struct unit *u, const struct type *t, int depth)
{
    for (; t->kind == TY_ARRAY || t->kind == TY_COMPLEX; t = t->base)
        if (t->attr_first || alias_may_align(t))
            return true;
    if (t->attr_first || t->quals & Q_ATOMIC || alias_may_align(t))
        return true;
    switch (t->kind) {
    case TY_ERROR:
    case TY_LDOUBLE:
    case TY_INT128:
    case TY_UINT128:
    case TY_BITINT:
    case TY_UBITINT:
    case TY_FLOATN:
    case TY_BUILTIN:
    case TY_VECTOR: return true;
    case TY_ENUM:
    case TY_STRUCT:
    case TY_UNION: return tag_may_align(u, t->tag, depth);
    default: return false;
    }
}

bool type_may_align(struct unit *u, const struct type *t)
{
    return may_align(u, t, 0);
}

bool needs_cast(const struct type *t)
{
    if (type_is_const(t))
        return true;
    while (t->kind == TY_ARRAY)
        t = t->base;
    return t->quals & Q_VOLATILE;
}

/* ---- the layout ---- */

/* A name of a member. `number`: the last that was tried behind it. */
struct member_name {
    unsigned number;
};

/* Takes the name; false: it is taken. */
static bool take_member(struct lower *l, struct map *taken, const char *name)
{
    void **known = map_at(l->arena, taken, intern(l->arena, name, strlen(name)));
    if (*known)
        return false;
    struct member_name *m = *known = arena_alloc(l->arena, sizeof *m);
    m->number = 1;
    return true;
}

static const char *new_member(struct lower *l, struct map *taken, const char *name)
{
    if (take_member(l, taken, name))
        return name;
    struct member_name *m = *map_at(l->arena, taken, intern(l->arena, name, strlen(name)));
    const char *member;
    do
        member = arena_printf(l->arena, "%s_%u", name, ++m->number);
    while (!take_member(l, taken, member));
    return member;
}

static void check_member(struct lower *l, struct var *v)
{
    if (!v->type) {
        diag(l->unit, SEV_ERROR, v->token,
             "the type of this expression is not known; store it in a variable first");
        v->type = type_basic(l->unit, TY_INT);
    } else if (v->type->variable && !v->symbol) {
        diag(l->unit, SEV_ERROR, v->token,
             "this has a type of variable length and cannot live over an 'await'");
    } else if (v->type->variable) {
        diag(l->unit, SEV_ERROR, v->token, "'%s' has variable length and lives over an await",
             v->name);
    } else if (v->in_frame && !alignment_text(l, v->symbol, v->type)) {
        diag(l->unit, SEV_ERROR, v->token,
             "the alignment of '%s', which lives over an await, is made of what only its block "
             "knows; write it as a number, or declare that at file scope",
             v->name);
    }
}

void frame_layout(struct lower *l)
{
    struct map taken = {0};
    take_member(l, &taken, "h");
    take_member(l, &taken, l->outer_name);
    for (uint32_t i = 0; i < l->slots.count; i++)
        take_member(l, &taken, ((struct slot *)l->slots.item[i])->name);
    for (uint32_t i = 0; i < l->vars.count; i++) {
        struct var *v = l->vars.item[i];
        if (!v->in_frame && !v->saved)
            continue;
        if (v->in_frame && !v->used && v->tracked) {
            v->in_frame = false;
            continue;
        }
        check_member(l, v);
        v->member = new_member(l, &taken, v->name);
        v->frame_type = file_type(l, v->is_scope ? v->type->base
                                     : v->saved  ? type_unqualified(l->unit, v->type)
                                                 : v->type);
    }
}

/* ---- printing ---- */

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

/* Typedefs of blocks that the definition of a tag mentions, for file scope. */
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

/* For a token that names something of a block: what it is at file scope; else NULL. */
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

/* The definition as it stands, for what only its tokens say, but with the new names. */
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
    int packed = pack_at(l->unit, tag->first);
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

/* A struct with a flexible array member may only be the last of another. */
bool has_flexible_end(const struct type *t)
{
    if ((t->kind != TY_STRUCT && t->kind != TY_UNION) || !t->tag->complete)
        return false;
    for (int i = 0; i < t->tag->member_count; i++) {
        const struct type *m = t->tag->member[i].type;
        if (m->kind == TY_ARRAY ? m->incomplete : has_flexible_end(m))
            return true;
    }
    return false;
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
