/*
 * Types back into C: type_print. A declarator is printed from the name outwards. Typedef names of
 * file scope are kept. Typedef names of blocks are replaced by what they stand for, so that the
 * text means the same anywhere in the file. A struct without a name is printed as __typeof__ of
 * the first variable that was declared with it.
 */
#include "inside.h"

#include <string.h>

static const char *kind_name(enum type_kind k)
{
    static const char *const names[] = {
        [TY_ERROR] = "int",
        [TY_VOID] = "void",
        [TY_BOOL] = "_Bool",
        [TY_CHAR] = "char",
        [TY_SCHAR] = "signed char",
        [TY_UCHAR] = "unsigned char",
        [TY_SHORT] = "short",
        [TY_USHORT] = "unsigned short",
        [TY_INT] = "int",
        [TY_UINT] = "unsigned int",
        [TY_LONG] = "long",
        [TY_ULONG] = "unsigned long",
        [TY_LLONG] = "long long",
        [TY_ULLONG] = "unsigned long long",
        [TY_INT128] = "__int128",
        [TY_UINT128] = "unsigned __int128",
        [TY_FLOAT] = "float",
        [TY_DOUBLE] = "double",
        [TY_LDOUBLE] = "long double",
    };
    return names[k];
}

static const char *quals_text(unsigned quals)
{
    static const char *const texts[16] = {
        "",
        "const ",
        "volatile ",
        "const volatile ",
        "__restrict ",
        "const __restrict ",
        "volatile __restrict ",
        "const volatile __restrict ",
        "_Atomic ",
        "const _Atomic ",
        "volatile _Atomic ",
        "const volatile _Atomic ",
        "__restrict _Atomic ",
        "const __restrict _Atomic ",
        "volatile __restrict _Atomic ",
        "const volatile __restrict _Atomic ",
    };
    return texts[quals & 15];
}

/* A list of attributes in the form for after a type: `[[gnu::x]]` becomes `__attribute__((x))`. */
static const char *attributes_text(struct unit *u, uint32_t first, uint32_t last)
{
    const struct token *t = u->token;
    if (t[first].punct != '[')
        return tokens_text(u, first, last);
    const char *s = "";
    for (uint32_t i = first + 2; i + 1 < last; i++) {
        bool prefix = t[i].kind == TK_IDENT && t[i + 1].punct == ':' && t[i + 2].punct == ':';
        i += prefix ? 3 : 0;
        s = arena_printf(u->arena, "%s%s", s, tokens_text(u, i, i));
    }
    return arena_printf(u->arena, "__attribute__((%s))", s);
}

/* The typedef name by which a type can be printed anywhere. */
static const struct symbol *usable_alias(const struct type *t)
{
    const struct symbol *s = t->alias;
    while (s && s->depth > 0 && s->type->alias)
        s = s->type->alias;
    return s && s->depth == 0 ? s : NULL;
}

/* From the text of an lvalue of type t, through arrays and pointers, to an lvalue of what t is
 * made of. */
static char *part_text(struct unit *u, const struct type *t, const char *text)
{
    char *s = arena_printf(u->arena, "%s", text);
    for (; t->kind == TY_ARRAY || t->kind == TY_POINTER; t = t->base)
        s = arena_printf(u->arena, t->kind == TY_ARRAY ? "%s[0]" : "(*%s)", s);
    return s;
}

static const char *tag_word(const struct tag *tag)
{
    return tag->kind == TY_ENUM ? "enum" : tag->kind == TY_UNION ? "union" : "struct";
}

/* The text of an lvalue of the tag's type, for __typeof__; NULL: there is no such lvalue. */
static const char *object_text(struct unit *u, const struct tag *tag)
{
    const char *name = tag->hoisted_name ? tag->hoisted_name : tag->name;
    const struct symbol *w = tag->witness;
    if (name)
        return arena_printf(u->arena, "(*(%s %s *)0)", tag_word(tag), name);
    if (w && w->kind == SYM_TYPEDEF)
        return part_text(u, w->type, arena_printf(u->arena, "(*(%s *)0)", w->name));
    if (w)
        return part_text(u, w->type, w->name);
    const char *outer = tag->outer ? object_text(u, tag->outer) : NULL;
    if (!outer || !tag->outer_member->name)
        return outer;
    return part_text(u, tag->outer_member->type,
                     arena_printf(u->arena, "%s.%s", outer, tag->outer_member->name));
}

static const char *tag_text(struct unit *u, const struct tag *tag)
{
    const char *name = tag->hoisted_name ? tag->hoisted_name : tag->name;
    const struct symbol *w = tag->witness;
    if (name)
        return arena_printf(u->arena, "%s %s", tag_word(tag), name);
    if (w && w->kind == SYM_TYPEDEF && w->type->tag == tag && !w->type->quals)
        return w->name;
    const char *object = object_text(u, tag);
    if (object)
        return arena_printf(u->arena, "__typeof__(%s)", object);
    if (tag->kind == TY_ENUM)
        return kind_name(tag->enum_type ? tag->enum_type->kind : TY_UINT);
    return tag_word(tag);
}

/* Does the list have just one attribute? Then it can be printed without its tokens, which may name
 * things of a block. */
static bool is_one_attribute(const struct unit *u, const struct type *t)
{
    for (uint32_t i = t->attr_first; i <= t->attr_last; i++)
        if (u->token[i].punct == ',')
            return false;
    return true;
}

static const char *specifier_text(struct unit *u, const struct type *t)
{
    switch (t->kind) {
    case TY_FLOATN:
    case TY_BUILTIN: return t->name;
    case TY_BITINT:
    case TY_UBITINT:
        return arena_printf(u->arena, "%s%s(%s)", t->kind == TY_UBITINT ? "unsigned " : "", t->name,
                            t->length > 0 ? arena_printf(u->arena, "%lld", (long long)t->length)
                                          : tokens_text(u, t->length_first, t->length_last));
    case TY_COMPLEX: return arena_printf(u->arena, "_Complex %s", specifier_text(u, t->base));
    case TY_ENUM:
    case TY_STRUCT:
    case TY_UNION: return tag_text(u, t->tag);
    case TY_VECTOR:
        if (t->length > 0 && is_one_attribute(u, t))
            return arena_printf(
                u->arena, "%s __attribute__((%s(%lld)))", type_print(u, t->base, ""),
                t->of_elements ? "ext_vector_type" : "vector_size", (long long)t->length);
        if (t->attr_first)
            return arena_printf(u->arena, "%s %s", type_print(u, t->base, ""),
                                attributes_text(u, t->attr_first, t->attr_last));
        return type_print(u, t->base, "");
    default: return t->kind <= TY_LDOUBLE ? kind_name(t->kind) : "int";
    }
}

/* `steps` bounds the work for types that grow exponentially. */
struct printer {
    struct unit *unit;
    int depth;
    int prototypes; /* how many it is inside */
    int steps;
};

static char *print(struct printer *, const struct type *, const char *name);

static char *params_text(struct printer *p, const struct type *t)
{
    struct arena *a = p->unit->arena;
    if (t->param_count == 0)
        return arena_printf(a, t->oldstyle ? "()" : t->variadic ? "(...)" : "(void)");
    char *s = arena_printf(a, "(");
    p->depth++;
    p->prototypes++;
    for (int i = 0; i < t->param_count; i++)
        s = arena_printf(a, "%s%s%s", s, i ? ", " : "", print(p, t->param[i].type, NULL));
    p->prototypes--;
    p->depth--;
    return arena_printf(a, "%s%s)", s, t->variadic ? ", ..." : "");
}

/* In a prototype a length may name parameters, whose names are not printed. */
static char *array_text(struct unit *u, const struct type *t, bool in_prototype)
{
    if (in_prototype && t->length < 0 && t->variable)
        return arena_printf(u->arena, "[*]");
    if (t->incomplete)
        return arena_printf(u->arena, "[]");
    if (t->length >= 0)
        return arena_printf(u->arena, "[%lld]", (long long)t->length);
    if (t->length_first)
        return arena_printf(u->arena, "[%s]", tokens_text(u, t->length_first, t->length_last));
    return arena_printf(u->arena, "[*]");
}

static const char *space_text(struct unit *u, const struct type *t)
{
    return t->space_first
               ? arena_printf(u->arena, "%s ", attributes_text(u, t->space_first, t->space_last))
               : "";
}

static char *pointer_text(struct unit *u, const struct type *t, const char *inner)
{
    char *s = arena_printf(u->arena, "%c%s%s%s", t->of_block ? '^' : '*', space_text(u, t),
                           quals_text(t->quals), inner);
    size_t n = strlen(s);
    if (s[n - 1] == ' ')
        s[n - 1] = 0;
    if ((t->base->kind == TY_ARRAY || t->base->kind == TY_FUNCTION) && !usable_alias(t->base))
        return arena_printf(u->arena, "(%s)", s);
    return s;
}

static char *print(struct printer *p, const struct type *t, const char *name)
{
    struct unit *u = p->unit;
    char *inner = arena_printf(u->arena, "%s", name ? name : "");
    while (p->depth < TYPE_DEPTH_MAX && p->steps-- > 0 && !usable_alias(t)) {
        if (t->kind == TY_POINTER)
            inner = pointer_text(u, t, inner);
        else if (t->kind == TY_ARRAY)
            inner = arena_printf(u->arena, "%s%s", inner, array_text(u, t, p->prototypes > 0));
        else if (t->kind == TY_FUNCTION)
            inner = arena_printf(u->arena, "%s%s", inner, params_text(p, t));
        else
            break;
        t = t->base;
    }
    const struct symbol *alias = usable_alias(t);
    unsigned quals = t->quals & ~(alias ? alias->type->quals : 0u);
    return arena_printf(u->arena, "%s%s%s%s%s", space_text(u, t), quals_text(quals),
                        alias ? alias->name : specifier_text(u, t), *inner ? " " : "", inner);
}

char *type_print(struct unit *u, const struct type *t, const char *name)
{
    struct printer p = {.unit = u, .steps = 2000};
    return print(&p, t, name);
}
