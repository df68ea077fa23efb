/*
 * Types at file scope. If a member of the frame needs a struct or union that is declared in a
 * block, that type moves to file scope under a name of its own, which replaces the old name in the
 * body. An enum stays in its block, together with its constants; the member has its integer type.
 */
#include "inside.h"

#include <string.h>

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

/* The types of members come before the struct; the types of anonymous members are printed in it. */
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

/* Names the tag, then adds it to the list after the tags that it needs. */
void hoist_tag(struct lower *l, struct tag *tag)
{
    if (tag->depth == 0 || tag->hoisted_name)
        return;
    static const char *const kinds[] = {[TY_STRUCT] = "struct", [TY_UNION] = "union"};
    tag->hoisted_name = arena_printf(l->arena, "%s__%s_%u", l->name,
                                     tag->name ? tag->name : kinds[tag->kind], ++l->work->hoists);
    hoist_members(l, tag, 0);
    list_add(l->arena, &l->hoisted, tag);
}

struct type *outer_type(struct lower *l, struct type *t, int depth)
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

/* True if a typedef with which the type is written aligns, or a typedef that this one is made
 * of. */
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
