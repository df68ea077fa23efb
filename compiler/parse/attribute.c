/*
 * Attributes: `__attribute__((...))`, `__declspec(...)`, `[[...]]`, and asm labels. The attributes
 * that matter to types, lowering or printing go to struct attributes. All others are skipped,
 * since the text is copied anyway.
 */
#include "inside.h"

#include <string.h>

bool at_attribute(struct parser *p)
{
    unsigned k = peek_keyword(p);
    if (k == KW_ATTRIBUTE || k == KW_DECLSPEC)
        return true;
    return at(p, '[') && peek_next(p)->punct == '[';
}

/* The word or string if there is just one between the parentheses that follow; else NULL. */
static const char *word_argument(struct parser *p)
{
    struct token *t = &p->token[p->pos];
    if (t->punct != '(' || t[1].kind == TK_EOF || t[2].punct != ')')
        return NULL;
    if (t[1].kind == TK_IDENT)
        return t[1].text;
    if (t[1].kind == TK_STRING && t[1].length >= 2)
        return intern(p->arena, t[1].start + 1, t[1].length - 2);
    return NULL;
}

void alignment_add(struct arena *arena, const struct alignment **to, const struct alignment *from)
{
    for (; from; from = from->next) {
        struct alignment *a = arena_alloc(arena, sizeof *a);
        *a = *from;
        a->next = *to;
        *to = a;
    }
}

/* aligned = ("(" constant ")")?       after the word */
static void parse_aligned(struct parser *p, struct attributes *a)
{
    struct alignment one = {.first = p->pos - 1, .is_attribute = true};
    if (accept(p, '(')) {
        one.expr = parse_constant(p);
        expect(p, ')');
    }
    one.last = p->pos - 1;
    one.depth = tokens_depth(p->unit, one.first + 1, one.last);
    alignment_add(p->arena, &a->alignment, &one);
}

/* attribute = identifier ("(" ... ")")?
 * It belongs to the list that begins at the token `list`. */
static void parse_attribute(struct parser *p, struct attributes *a, uint32_t list)
{
    struct token *name = peek(p);
    advance(p);
    if (name->kind != TK_IDENT)
        return;
    if (attribute_is(name, "cleanup")) {
        a->cleanup = word_argument(p);
    } else if (attribute_is(name, "visibility")) {
        a->visibility = word_argument(p);
    } else if (attribute_is(name, "weak")) {
        a->weak = true;
    } else if (attribute_is(name, "noreturn")) {
        a->noreturn = true;
    } else if (attribute_is(name, "packed")) {
        a->packed = true;
    } else if (attribute_is(name, "overloadable")) {
        a->overloadable = true;
    } else if (attribute_is(name, "mode")) {
        a->mode = word_argument(p);
    } else if (attribute_is(name, "aligned")) {
        parse_aligned(p, a);
    } else if (attribute_is(name, "blocks") && p->function && p->function->is_async) {
        diag(p->unit, SEV_ERROR, list, "a '__block' variable in an async function");
    } else if (attribute_is(name, "matrix_type")) {
        a->matrix = true;
    } else if (attribute_is(name, "address_space")) {
        a->space_first = list;
    } else if (attribute_is(name, "vector_size") || attribute_is(name, "ext_vector_type")) {
        a->vector_first = list;
        a->vector_of_elements = attribute_is(name, "ext_vector_type");
        if (accept(p, '(')) {
            a->vector_size = parse_constant(p);
            expect(p, ')');
        }
    }
    if (at(p, '('))
        skip_balanced(p);
}

static void close_list(struct parser *p, struct attributes *a, uint32_t first)
{
    if (a->vector_first == first)
        a->vector_last = p->pos - 1;
    if (a->space_first == first)
        a->space_last = p->pos - 1;
}

/* gnu-list = "__attribute__" "(" "(" (attribute | ",")* ")" ")" */
static void parse_gnu_list(struct parser *p, struct attributes *a)
{
    uint32_t first = p->pos;
    advance(p);
    if (!at(p, '(') || peek_next(p)->punct != '(') {
        if (at(p, '('))
            skip_balanced(p);
        return;
    }
    p->pos += 2;
    while (!at(p, ')') && peek(p)->kind != TK_EOF)
        if (!accept(p, ','))
            parse_attribute(p, a, first);
    expect(p, ')');
    expect(p, ')');
    close_list(p, a, first);
}

/* bracket-list = "[" "[" ((identifier "::")? attribute | ",")* "]" "]"
 * Of the attributes without a prefix only noreturn matters here. */
static void parse_bracket_list(struct parser *p, struct attributes *a)
{
    uint32_t first = p->pos;
    p->pos += 2;
    while (!at(p, ']') && peek(p)->kind != TK_EOF) {
        struct token *t = peek(p);
        bool prefixed = t[1].punct == ':' && t[2].punct == ':';
        bool known = prefixed && (attribute_is(t, "gnu") || attribute_is(t, "clang") ||
                                  attribute_is(t, "_Clang"));
        if (accept(p, ','))
            continue;
        p->pos += prefixed ? 3 : 0;
        t = peek(p);
        if (known || attribute_is(t, "noreturn") || attribute_is(t, "_Noreturn")) {
            a->noreturn |= !known;
            parse_attribute(p, a, first);
            continue;
        }
        advance(p);
        if (at(p, '('))
            skip_balanced(p);
    }
    expect(p, ']');
    expect(p, ']');
    close_list(p, a, first);
}

/* attribute-list = gnu-list | bracket-list | "__declspec" "(" ... ")" */
static void parse_attribute_list(struct parser *p, struct attributes *a)
{
    if (!a->first)
        a->first = p->pos;
    if (peek_keyword(p) == KW_ATTRIBUTE) {
        parse_gnu_list(p, a);
    } else if (at(p, '[')) {
        parse_bracket_list(p, a);
    } else { /* __declspec(...) */
        advance(p);
        skip_balanced(p);
    }
    a->last = p->pos - 1;
}

/* attributes = attribute-list* */
void parse_attributes(struct parser *p, struct attributes *a)
{
    while (at_attribute(p))
        parse_attribute_list(p, a);
}

/* gnu-attributes = gnu-list* */
void parse_gnu_attributes(struct parser *p, struct attributes *a)
{
    while (peek_keyword(p) == KW_ATTRIBUTE)
        parse_attribute_list(p, a);
}

/* declarator-tail = (attributes | "asm" "(" ... ")")* */
void parse_declarator_tail(struct parser *p, struct attributes *a)
{
    for (;;) {
        if (at_attribute(p)) {
            parse_attributes(p, a);
        } else if (peek_keyword(p) == KW_ASM && peek_next(p)->punct == '(') {
            advance(p);
            skip_balanced(p);
        } else {
            return;
        }
    }
}

/* ---- attributes that make another type ---- */

static struct type *complex_of(struct unit *u, struct type *real)
{
    struct type *t = type_new(u, TY_COMPLEX);
    t->base = real;
    return t;
}

/* The integer or floating type that a machine mode of GCC stands for. */
static struct type *mode_type(struct parser *p, const char *mode, const struct type *from)
{
    static const struct {
        const char *name;
        unsigned bits;
    } integers[] = {{"QI", 8}, {"byte", 8}, {"HI", 16}, {"SI", 32}, {"DI", 64}, {"TI", 128}};
    struct unit *u = p->unit;
    char name[16];
    size_t n = strlen(mode);
    if (n > 4 && mode[0] == '_' && mode[1] == '_')
        mode += 2, n -= 4;
    if (n >= sizeof name)
        return type_error_;
    memcpy(name, mode, n);
    name[n] = 0;
    bool is_unsigned = type_is_integer(from) && type_is_unsigned(u, from);
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++)
        if (strcmp(name, integers[i].name) == 0)
            return type_bits(u, integers[i].bits, is_unsigned);
    if (strcmp(name, "word") == 0 || strcmp(name, "pointer") == 0 ||
        strcmp(name, "unwind_word") == 0)
        return type_bits(u, (unsigned)u->target.size_pointer * 8, is_unsigned);
    struct type *f = NULL;
    if (n == 2 && (name[1] == 'F' || name[1] == 'C'))
        f = name[0] == 'S'   ? type_basic(u, TY_FLOAT)
            : name[0] == 'D' ? type_basic(u, TY_DOUBLE)
            : name[0] == 'X' ? type_basic(u, TY_LDOUBLE)
            : name[0] == 'T' ? type_named(u, TY_FLOATN, "__float128")
                             : NULL;
    if (!f)
        return type_error_;
    return name[1] == 'C' ? complex_of(u, f) : f;
}

struct type *attributes_apply(struct parser *p, const struct attributes *a, struct type *t)
{
    if (a->mode && type_is_arithmetic(t))
        t = type_qualified(p->unit, mode_type(p, a->mode, t), t->quals);
    if (a->matrix) /* the type is not understood, but its name is known */
        return type_new(p->unit, TY_ERROR);
    if (a->vector_first && type_is_arithmetic(t)) {
        struct type *v = type_new(p->unit, TY_VECTOR);
        v->base = type_unqualified(p->unit, t);
        v->quals = t->quals;
        if (a->vector_size && a->vector_size->is_constant)
            v->length = a->vector_size->value;
        v->of_elements = a->vector_of_elements;
        v->attr_first = a->vector_first;
        v->attr_last = a->vector_last;
        t = v;
    }
    return type_in_space(p->unit, t, a->space_first, a->space_last);
}
