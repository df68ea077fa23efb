/*
 * struct, union and enum specifiers (ISO C 6.7.2.1 to 6.7.2.3), with anonymous members and
 * attributes. Each declared tag is one struct tag, whose members are known once it is complete.
 */
#include "inside.h"

struct type *tag_type(struct parser *p, struct tag *tag)
{
    struct type *t = type_new(p->unit, tag->kind);
    t->tag = tag;
    return t;
}

static bool is_const_inside(const struct type *t)
{
    while (t->kind == TY_ARRAY)
        t = t->base;
    return t->quals & Q_CONST || type_has_const_member(t);
}

static void add_member(struct parser *p, struct list *members, const char *name, struct type *type)
{
    struct member *m = arena_alloc(p->arena, sizeof *m);
    m->name = name;
    m->type = type;
    list_add(p->arena, members, m);
    if (!at(p, ':'))
        return;
    advance(p);
    m->bit_field = true;
    struct expr *width = parse_constant(p);
    m->bit_width = -1;
    if (width->is_constant && width->value >= 0 && width->value <= 128)
        m->bit_width = (int)width->value;
}

/* members = "__extension__"* (static-assert | ";" | specifiers (member ("," member)*)? ";")
 * member = declarator? declarator-tail (":" constant)? declarator-tail */
static void parse_members(struct parser *p, struct list *members)
{
    while (accept_keyword(p, KW_EXTENSION)) {}
    if (peek_keyword(p) == KW_STATIC_ASSERT) {
        parse_static_assert(p);
        return;
    }
    if (accept(p, ';'))
        return;
    struct specifiers spec = {0};
    parse_specifiers(p, &spec);
    if (!spec.type)
        fail(p);
    refuse_async(p, &spec, "a member");
    if (at(p, ';') && (spec.type->kind == TY_STRUCT || spec.type->kind == TY_UNION) &&
        spec.defines == spec.type->tag)
        add_member(p, members, NULL, spec.type);
    while (!at(p, ';')) {
        struct declarator d = {.type = spec.type};
        if (!at(p, ':'))
            parse_declarator(p, spec.type, DECL_NAMED, &d);
        struct attributes attr = d.attr;
        parse_declarator_tail(p, &attr);
        add_member(p, members, d.name, attributes_apply(p, &attr, d.type));
        parse_declarator_tail(p, &attr);
        if (!accept(p, ','))
            break;
    }
    if (!at(p, '}'))
        expect(p, ';');
}

static void complete_struct(struct parser *p, struct tag *tag, struct list *members)
{
    tag->member = arena_alloc(p->arena, (members->count + 1) * sizeof(struct member));
    tag->member_count = (int)members->count;
    for (uint32_t i = 0; i < members->count; i++) {
        struct member *m = members->item[i];
        tag->member[i] = *m;
        tag->has_const_member |= is_const_inside(m->type);
        const struct type *t = m->type;
        while (t->kind == TY_ARRAY || t->kind == TY_POINTER)
            t = t->base;
        if (t->tag && !t->tag->name && !t->tag->witness && !t->tag->outer && t->tag != tag) {
            t->tag->outer = tag;
            t->tag->outer_member = &tag->member[i];
        }
    }
    tag->complete = true;
}

/* The tag that `struct name` means here, before a definition or without one. */
static struct tag *named_tag(struct parser *p, enum type_kind kind, const char *name, bool defines)
{
    struct tag *tag = NULL;
    if (name && (defines || at(p, ';')))
        tag = tag_find_here(p, name);
    else if (name)
        tag = tag_find(name);
    if (!tag || tag->kind != kind || (defines && tag->complete))
        tag = tag_new(p, kind, name);
    return tag;
}

/* Notes where a tag of a block is mentioned, for lowering may have to rename it. */
static void note_tag_use(struct parser *p, struct tag *tag, uint32_t word, uint32_t name)
{
    if (!p->function || tag->depth == 0)
        return;
    struct tag_use *use = arena_alloc(p->arena, sizeof *use);
    *use = (struct tag_use){.word = word, .name = name, .tag = tag};
    list_add(p->arena, &p->function->tag_uses, use);
}

/* struct = ("struct" | "union") attributes identifier? ("{" members* "}" attributes)?
 * It has a name or braces. */
struct type *parse_struct(struct parser *p, struct attributes *attr)
{
    uint32_t first = p->pos;
    enum type_kind kind = peek_keyword(p) == KW_UNION ? TY_UNION : TY_STRUCT;
    nest_enter(p);
    advance(p);
    parse_attributes(p, attr);
    const char *name = NULL;
    uint32_t name_token = 0;
    if (peek(p)->kind == TK_IDENT) {
        name = peek(p)->text;
        name_token = p->pos;
        advance(p);
    }
    bool defines = at(p, '{');
    if (!name && !defines)
        fail(p);
    struct tag *tag = named_tag(p, kind, name, defines);
    note_tag_use(p, tag, first, name_token);
    if (accept(p, '{')) {
        struct list members = {0};
        while (!at(p, '}')) {
            if (peek(p)->kind == TK_EOF)
                fail(p);
            parse_members(p, &members);
        }
        advance(p);
        complete_struct(p, tag, &members);
        tag->first = first;
        tag->last = p->pos - 1;
        if (at_attribute(p)) {
            parse_attributes(p, attr);
            tag->last = p->pos - 1;
        }
        p->last_defined = tag;
    }
    nest_leave(p);
    return tag_type(p, tag);
}

/* ---- enum ---- */

struct enum_range {
    bool negative;
    int64_t min;
    uint64_t max;
    struct list all, wide; /* struct symbol *; `wide`: whose value does not fit in an int */
};

/* enumerator = identifier attributes ("=" constant)? */
static void declare_enumerator(struct parser *p, struct enum_range *range, struct symbol *previous)
{
    struct token *t = peek(p);
    struct unit *u = p->unit;
    struct symbol *s = symbol_new(p, SYM_ENUMERATOR, t->text, type_basic(u, TY_INT), p->pos);
    advance(p);
    struct attributes attr = {0};
    parse_attributes(p, &attr);
    bool is_unsigned = false;
    if (accept(p, '=')) {
        struct expr *e = parse_constant(p);
        s->value_known = e->is_constant;
        s->value = e->value;
        is_unsigned = type_is_integer(e->type) && type_is_unsigned(u, e->type);
    } else if (!previous) {
        s->value_known = true;
    } else if (previous->value_known) {
        s->value_known = true;
        s->value = (int64_t)((uint64_t)previous->value + 1);
        is_unsigned = type_is_unsigned(u, previous->type);
    }
    if (s->value_known && s->value < 0 && !is_unsigned) {
        range->negative = true;
        range->min = s->value < range->min ? s->value : range->min;
    } else if (s->value_known && (uint64_t)s->value > range->max) {
        range->max = (uint64_t)s->value;
    }
    unsigned int_bits = (unsigned)u->target.size_int * 8;
    int64_t int_max = (int64_t)((UINT64_C(1) << (int_bits - 1)) - 1);
    if (s->value_known &&
        (s->value > int_max || s->value < -int_max - 1 || (is_unsigned && s->value < 0))) {
        s->type = type_bits(u, (uint64_t)s->value >> 32 ? 64 : int_bits, is_unsigned);
        list_add(p->arena, &range->wide, s);
    }
    list_add(p->arena, &range->all, s);
    scope_bind(p, s);
}

/* The compiler's choice: the first type in which all values fit, unsigned if none is negative. */
static struct type *enum_type_of(struct parser *p, const struct enum_range *range, bool packed)
{
    struct unit *u = p->unit;
    static const unsigned widths[] = {8, 16, 32, 64};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        unsigned w = widths[i];
        if (!packed && w < (unsigned)u->target.size_int * 8)
            continue;
        uint64_t half = UINT64_C(1) << (w - 1);
        if (range->negative && range->max < half && range->min >= -(int64_t)(half - 1) - 1)
            return type_bits(u, w, false);
        if (!range->negative && (w == 64 || range->max < half * 2))
            return type_bits(u, w, true);
    }
    return type_bits(u, 64, !range->negative);
}

/* enumerators = (enumerator ("," enumerator)* ","?)? "}" attributes       after the "{" */
static void parse_enumerators(struct parser *p, struct tag *tag, struct type *fixed,
                              struct attributes *attr, uint32_t first)
{
    struct enum_range range = {0};
    struct symbol *previous = NULL;
    while (!at(p, '}')) {
        if (peek(p)->kind != TK_IDENT)
            fail(p);
        const char *name = peek(p)->text;
        declare_enumerator(p, &range, previous);
        previous = scope_find(name);
        if (!accept(p, ','))
            break;
    }
    expect(p, '}');
    tag->first = first;
    tag->last = p->pos - 1;
    if (at_attribute(p)) {
        parse_attributes(p, attr);
        tag->last = p->pos - 1;
    }
    tag->complete = true;
    tag->enum_type = fixed ? fixed : enum_type_of(p, &range, attr->packed);
    for (uint32_t i = 0; i < range.wide.count; i++)
        ((struct symbol *)range.wide.item[i])->type = tag->enum_type;
    for (uint32_t i = 0; fixed && i < range.all.count; i++)
        ((struct symbol *)range.all.item[i])->type = fixed;
    p->last_defined = tag;
}

/* enum = "enum" attributes identifier? (":" type-name)? ("{" enumerators)?
 * It has a name or braces. */
struct type *parse_enum(struct parser *p, struct attributes *attr)
{
    uint32_t first = p->pos;
    nest_enter(p);
    advance(p);
    parse_attributes(p, attr);
    const char *name = NULL;
    uint32_t name_token = 0;
    if (peek(p)->kind == TK_IDENT) {
        name = peek(p)->text;
        name_token = p->pos;
        advance(p);
    }
    struct type *fixed = NULL;
    if (at(p, ':') && starts_type(peek_next(p))) {
        /* a fixed type, unless this is a bit-field of an enum */
        uint32_t colon = p->pos;
        advance(p);
        fixed = parse_type_name(p);
        if (!at(p, '{') && !at(p, ';')) {
            p->pos = colon;
            fixed = NULL;
        }
    }
    bool defines = at(p, '{');
    if (!name && !defines)
        fail(p);
    struct tag *tag = named_tag(p, TY_ENUM, name, defines);
    note_tag_use(p, tag, first, name_token);
    if (fixed && !tag->enum_type)
        tag->enum_type = fixed;
    if (accept(p, '{'))
        parse_enumerators(p, tag, fixed, attr, first);
    nest_leave(p);
    return tag_type(p, tag);
}
