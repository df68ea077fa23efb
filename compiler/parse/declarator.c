/*
 * Declarators and type names (ISO C 6.7.6, 6.7.7): from `(*f[3])(int)` and a base type to a type.
 *
 * A declarator in parentheses is read after the suffixes that follow it, since these make up its
 * base type: the parser steps over the parentheses, reads the suffixes and comes back.
 */
#include "inside.h"

enum { NESTED_MAX = 10000 }; /* tokens of a declarator in parentheses */

/* qualifiers = (attributes | "const" | "volatile" | "restrict" | "_Atomic" | "__seg_gs" | ...)* */
static unsigned parse_qualifiers(struct parser *p, struct attributes *attr)
{
    unsigned quals = 0;
    for (;; advance(p)) {
        parse_attributes(p, attr);
        switch (peek_keyword(p)) {
        case KW_CONST: quals |= Q_CONST; break;
        case KW_VOLATILE: quals |= Q_VOLATILE; break;
        case KW_RESTRICT: quals |= Q_RESTRICT; break;
        case KW_ATOMIC: quals |= Q_ATOMIC; break;
        case KW_SPACE: attr->space_first = attr->space_last = p->pos; break;
        case KW_NULLABILITY:
        case KW_EXTENSION: break;
        default: return quals;
        }
    }
}

struct type *adjust_parameter(struct parser *p, struct type *t)
{
    if (t->kind == TY_BUILTIN) /* perhaps an array */
        return type_decay(p->unit, t);
    if (t->kind == TY_ARRAY)
        return type_pointer(p->unit, t->base);
    if (t->kind == TY_FUNCTION)
        return type_pointer(p->unit, t);
    return t;
}

/* ---- parameters ---- */

static struct param *param_add(struct parser *p, struct list *params, const char *name,
                               uint32_t token, struct type *type)
{
    struct param *a = arena_alloc(p->arena, sizeof *a);
    a->name = name;
    a->name_token = token;
    a->type = type;
    list_add(p->arena, params, a);
    return a;
}

/* A length that is evaluated on entry. It takes the place of the lengths inside it. */
static void note_length(struct parser *p, struct expr *e)
{
    struct list *lengths = p->lengths;
    while (lengths->count && ((struct expr *)lengths->item[lengths->count - 1])->first >= e->first)
        lengths->count--;
    list_add(p->arena, lengths, e);
}

void note_param_alignment(struct parser *p, struct param *a, const struct specifiers *spec,
                          const struct attributes *attr)
{
    alignment_add(p->arena, &a->alignment, spec->attr.alignment);
    alignment_add(p->arena, &a->alignment, attr->alignment);
}

/* identifier-list = identifier ("," identifier)*        parameters as before C89 */
static void parse_identifier_list(struct parser *p, struct list *params)
{
    do {
        if (peek(p)->kind != TK_IDENT)
            fail(p);
        param_add(p, params, peek(p)->text, p->pos, type_basic(p->unit, TY_INT));
        advance(p);
    } while (accept(p, ','));
}

/* parameter = "__extension__"* specifiers declarator? declarator-tail */
static void parse_parameter(struct parser *p, struct list *params)
{
    struct specifiers spec = {0};
    struct declarator d = {0};
    struct list *outer = p->lengths, *lengths = arena_alloc(p->arena, sizeof *lengths);
    p->lengths = lengths;
    while (accept_keyword(p, KW_EXTENSION)) {}
    parse_specifiers(p, &spec);
    if (!spec.type)
        fail(p);
    refuse_async(p, &spec, "a parameter");
    parse_declarator(p, spec.type, DECL_EITHER, &d);
    struct attributes attr = d.attr;
    parse_declarator_tail(p, &attr);
    p->lengths = outer;
    struct type *t = adjust_parameter(p, attributes_apply(p, &attr, d.type));
    struct param *added = param_add(p, params, d.name, d.name_token, t);
    added->lengths = lengths;
    note_param_alignment(p, added, &spec, &attr);
    if (d.name)
        scope_bind(p, symbol_new(p, SYM_PARAM, d.name, t, d.name_token));
}

static bool at_identifier_list(struct parser *p)
{
    struct token *t = peek(p);
    return t->kind == TK_IDENT && !starts_type(t) && token_keyword(t) == KW_NONE &&
           (t[1].punct == ',' || t[1].punct == ')');
}

/* parameters = (parameter ("," parameter)* ("," "...")? | "..." | "void" | identifier-list)? ")"
 * Fills in the function type. */
static void parse_parameters(struct parser *p, struct type *f)
{
    struct list params = {0};
    nest_enter(p);
    scope_enter(p);
    if (at(p, ')')) {
        f->oldstyle = true;
    } else if (peek_keyword(p) == KW_VOID && peek_next(p)->punct == ')') {
        advance(p);
    } else if (at_identifier_list(p)) {
        f->oldstyle = true;
        parse_identifier_list(p, &params);
    } else {
        do {
            if (accept(p, P_ELLIPSIS)) {
                f->variadic = true;
                break;
            }
            parse_parameter(p, &params);
        } while (accept(p, ','));
    }
    expect(p, ')');
    scope_leave(p);
    nest_leave(p);
    f->param = arena_alloc(p->arena, (params.count + 1) * sizeof(struct param));
    f->param_count = (int)params.count;
    for (uint32_t i = 0; i < params.count; i++)
        f->param[i] = *(struct param *)params.item[i];
}

/* ---- suffixes ---- */

/* length = qualifiers "static"? qualifiers (assignment | "*")? */
static void parse_length(struct parser *p, struct type *array)
{
    struct attributes ignored = {0};
    parse_qualifiers(p, &ignored);
    bool is_static = accept_keyword(p, KW_STATIC);
    parse_qualifiers(p, &ignored);
    if (at(p, ']') && !is_static) {
        array->incomplete = true;
        return;
    }
    if (at(p, '*') && peek_next(p)->punct == ']') {
        advance(p);
        array->variable = true;
        return;
    }
    uint32_t dead = p->function ? p->function->dead_awaits.count : 0;
    struct expr *e = parse_assignment(p);
    use_value(p, e);
    array->length_first = e->first;
    array->length_last = e->last;
    if (e->is_constant && e->value >= 0) {
        array->length = e->value;
        return;
    }
    array->variable = !e->is_ice && p->depth > 0;
    if (p->lengths && !e->is_ice)
        note_length(p, e);
    /* a variable length is evaluated, even in the operand of sizeof */
    if (e->has_await || (array->variable && p->function && p->function->dead_awaits.count > dead))
        diag_range(p->unit, SEV_ERROR, e->first, e->last, NULL,
                   "'await' in the length of an array; await into a variable before it");
}

/* Attributes before a suffix, which belong to the name or to the suffix before them. Attributes
 * after the last suffix are left to parse_declarator_tail. */
static void parse_inner_attributes(struct parser *p, struct attributes *attr)
{
    struct attributes inner = *attr;
    uint32_t first = p->pos;
    if (!at(p, '[') || !at_attribute(p))
        return;
    parse_attributes(p, &inner);
    inner.first = inner.last = 0;
    if (at(p, '[') || at(p, '('))
        *attr = inner;
    else
        p->pos = first;
}

/* suffixes = (attributes? ("[" length "]" | "(" parameters))*
 * The first suffix becomes the outermost type, the last one stands next to `base`. */
static struct type *parse_suffixes(struct parser *p, struct type *base, struct attributes *attr)
{
    struct list types = {0};
    for (;;) {
        parse_inner_attributes(p, attr);
        if (at(p, '[') && peek_next(p)->punct != '[') {
            advance(p);
            struct type *t = type_new(p->unit, TY_ARRAY);
            parse_length(p, t);
            expect(p, ']');
            list_add(p->arena, &types, t);
        } else if (accept(p, '(')) {
            struct type *t = type_new(p->unit, TY_FUNCTION);
            parse_parameters(p, t);
            list_add(p->arena, &types, t);
        } else {
            break;
        }
    }
    while (types.count) {
        struct type *t = types.item[--types.count];
        t->base = base;
        if (t->kind == TY_ARRAY)
            t->variable |= base->variable;
        base = t;
    }
    return base;
}

/* ---- declarators ---- */

/* At `(`: does a declarator in parentheses begin, or a list of parameters? */
static bool at_nested(struct parser *p, enum declarator_kind kind)
{
    struct token *next = peek_next(p);
    if (kind == DECL_NAMED)
        return true;
    if (next->punct == '*' || next->punct == '^' || next->punct == '(' || next->punct == '[')
        return true;
    unsigned k = token_keyword(next);
    if (k == KW_ATTRIBUTE || k == KW_DECLSPEC)
        return true;
    return kind == DECL_EITHER && next->kind == TK_IDENT && k == KW_NONE && !starts_type(next);
}

/* closing-attributes = attributes       before the ")" of a declarator, or after a type name */
static void parse_closing_attributes(struct parser *p, struct declarator *d)
{
    struct attributes attr = d->attr;
    parse_attributes(p, &attr);
    attr.first = attr.last = 0;
    d->attr = attr;
}

/* direct = gnu-attributes (identifier | "(" declarator closing-attributes ")")? suffixes */
static void parse_direct(struct parser *p, struct type *base, enum declarator_kind kind,
                         struct declarator *d)
{
    struct attributes attr = {0};
    parse_gnu_attributes(p, &attr);
    alignment_add(p->arena, &d->attr.alignment, attr.alignment);
    if (kind != DECL_ABSTRACT && peek(p)->kind == TK_IDENT && peek_keyword(p) == KW_NONE) {
        d->name = peek(p)->text;
        d->name_token = p->pos;
        advance(p);
        d->type = parse_suffixes(p, base, &d->attr);
    } else if (at(p, '(') && at_nested(p, kind)) {
        uint32_t inside = p->pos + 1;
        skip_balanced(p);
        /* each level steps over everything inside: the limit bounds the work */
        if (p->pos - inside > NESTED_MAX)
            fail(p);
        struct type *t = parse_suffixes(p, base, &d->attr);
        uint32_t after = p->pos;
        p->pos = inside;
        parse_declarator(p, t, kind, d);
        parse_closing_attributes(p, d);
        expect(p, ')');
        p->pos = after;
    } else {
        if (kind == DECL_NAMED)
            fail(p);
        d->type = parse_suffixes(p, base, &d->attr);
    }
}

/* pointer = ("*" | "^") qualifiers        "^" makes a pointer to a block of clang */
static struct type *parse_pointer(struct parser *p, struct type *base, struct declarator *d)
{
    struct attributes attr = {0};
    struct type *pointer = type_pointer(p->unit, base);
    pointer->of_block = at(p, '^');
    advance(p);
    unsigned quals = parse_qualifiers(p, &attr);
    struct type *t = type_qualified(p->unit, pointer, quals);
    alignment_add(p->arena, &d->attr.alignment, attr.alignment);
    return type_in_space(p->unit, t, attr.space_first, attr.space_last);
}

/* declarator = attributes pointer* direct */
void parse_declarator(struct parser *p, struct type *base, enum declarator_kind kind,
                      struct declarator *d)
{
    struct attributes attr = {0};
    uint32_t first = p->pos;
    nest_enter(p);
    parse_attributes(p, &attr);
    alignment_add(p->arena, &d->attr.alignment, attr.alignment);
    while (at(p, '*') || at(p, '^'))
        base = parse_pointer(p, base, d);
    parse_direct(p, base, kind, d);
    d->first = first;
    nest_leave(p);
}

/* type-name = specifiers declarator closing-attributes      the declarator without a name */
struct type *parse_type_name(struct parser *p)
{
    struct specifiers spec = {0};
    struct declarator d = {0};
    parse_specifiers(p, &spec);
    if (!spec.type || spec.implicit_int)
        fail(p);
    refuse_async(p, &spec, "a type");
    parse_declarator(p, spec.type, DECL_ABSTRACT, &d);
    parse_closing_attributes(p, &d);
    return attributes_apply(p, &d.attr, d.type);
}
