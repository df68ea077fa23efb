/*
 * The nodes of operators and their types (ISO C 6.5 and 6.3): each make_ function builds the node
 * of one operator, with the type that C gives it. Operands that C does not allow give TY_ERROR,
 * about which no message follows: the user's compiler reports them.
 *
 * The address of an object is taken by `&`, and by an array that becomes a pointer anywhere but as
 * the left side of [] or of a member access.
 */
#include "inside.h"

#include <string.h>

struct expr *expr_new(struct parser *p, enum expr_kind kind, uint32_t first)
{
    struct expr *e = arena_alloc(p->arena, sizeof *e);
    e->kind = kind;
    e->first = first;
    e->last = first;
    e->type = type_error_;
    return e;
}

static void inherit(struct expr *e, const struct expr *child, bool evaluated)
{
    if (!child)
        return;
    if (child->height >= e->height)
        e->height = (uint16_t)(child->height + 1);
    if (evaluated) {
        e->has_await |= child->has_await;
        e->has_stmt |= child->has_stmt;
    }
}

void expr_close(struct parser *p, struct expr *e)
{
    bool selects = e->kind == EX_GENERIC || e->kind == EX_CHOOSE;
    e->last = p->pos - 1;
    inherit(e, e->a, e->kind != EX_SIZEOF && !selects);
    inherit(e, e->b, true);
    inherit(e, e->c, true);
    for (int i = 0; i < e->arg_count; i++)
        inherit(e, e->arg[i], !selects || !e->b);
    check_height(p, e->height);
    fold(p, e);
}

/* ---- values and objects ---- */

struct type *value_type(struct parser *p, struct expr *e)
{
    return type_decay(p->unit, e->type);
}

static struct type *promoted_type(struct parser *p, struct expr *e)
{
    struct type *t = bit_field_type(p->unit, e);
    return t ? t : type_promote(p->unit, value_type(p, e));
}

/* An object of unknown type may be an array: then it is treated as one. */
static bool may_be_array(const struct expr *e)
{
    return e->type->kind == TY_ARRAY || e->type->kind == TY_VECTOR || type_is_error(e->type);
}

void take_address(struct parser *p, struct expr *e)
{
    while (e && !p->unevaluated) {
        switch (e->kind) {
        case EX_IDENT:
            if (e->symbol)
                e->symbol->address_taken = true;
            return;
        case EX_PAREN:
        case EX_MEMBER: e = e->a; break;
        case EX_ARROW:
            if (!may_be_array(e->a))
                return;
            e = e->a;
            break;
        case EX_UNARY:
            if (e->op != OP_EXTENSION && e->op != OP_REAL && e->op != OP_IMAG)
                return;
            e = e->a;
            break;
        case EX_INDEX:
            if (!may_be_array(e->a) && !may_be_array(e->b))
                return;
            e = may_be_array(e->a) ? e->a : e->b;
            break;
        case EX_GENERIC:
        case EX_CHOOSE:
            for (int i = 0; i < e->arg_count && !e->b; i++)
                take_address(p, e->arg[i]);
            e = e->b;
            break;
        default: return;
        }
    }
}

void use_value(struct parser *p, struct expr *e)
{
    if (e->type->kind == TY_ARRAY || type_is_error(e->type))
        take_address(p, e);
}

/* ---- binary operators ---- */

static struct type *additive_type(struct parser *p, int op, struct type *a, struct type *b)
{
    bool pa = a->kind == TY_POINTER, pb = b->kind == TY_POINTER;
    if (pa && pb)
        return op == '-' ? type_basic(p->unit, p->unit->target.ptrdiff_type) : type_error_;
    if (pa)
        return type_is_integer(b) ? a : type_error_;
    if (pb)
        return op == '+' && type_is_integer(a) ? b : type_error_;
    return type_usual(p->unit, a, b);
}

/* A vector of signed integers as wide as the elements of t. */
static struct type *truth_vector(struct parser *p, const struct type *t)
{
    struct unit *u = p->unit;
    unsigned width = type_is_integer(t->base)                 ? type_width(u, t->base)
                     : t->base->kind == TY_FLOAT              ? 32
                     : t->base->kind == TY_DOUBLE             ? 64
                     : t->base->kind != TY_FLOATN             ? 0
                     : strcmp(t->base->name, "_Float16") == 0 ? 16
                                                              : 0;
    struct type *v = arena_alloc(p->arena, sizeof *v);
    *v = *t;
    v->alias = NULL;
    v->quals = 0;
    v->base = type_bits(u, width, false);
    /* of types that are equally wide, each compiler takes its own */
    if (u->target.clang && width == 8)
        v->base = type_basic(u, TY_CHAR);
    if (u->target.clang && width == 64 && !t->of_elements)
        v->base = type_basic(u, TY_LLONG);
    return width ? v : type_error_;
}

static struct type *binary_type(struct parser *p, int op, struct expr *a, struct expr *b)
{
    struct type *ta = promoted_type(p, a), *tb = promoted_type(p, b);
    if (type_is_error(ta) || type_is_error(tb))
        return type_error_;
    bool vector = ta->kind == TY_VECTOR || tb->kind == TY_VECTOR;
    switch (op) {
    case '+':
    case '-': return additive_type(p, op, ta, tb);
    case P_SHL:
    case P_SHR:
        if (vector)
            return type_usual(p->unit, ta, tb);
        return type_is_integer(ta) ? ta : type_error_;
    case '<':
    case '>':
    case P_LE:
    case P_GE:
    case P_EQ:
    case P_NE:
        return vector ? truth_vector(p, type_usual(p->unit, ta, tb)) : type_basic(p->unit, TY_INT);
    default: return type_usual(p->unit, ta, tb);
    }
}

struct expr *make_binary(struct parser *p, enum expr_kind kind, int op, struct expr *a,
                         struct expr *b)
{
    struct expr *e = expr_new(p, kind, a->first);
    e->op = op;
    e->a = a;
    e->b = b;
    use_value(p, b);
    if (kind == EX_COMMA) {
        e->type = value_type(p, b);
    } else if (kind == EX_LOGIC) {
        use_value(p, a);
        e->type = type_basic(p->unit, TY_INT);
    } else {
        use_value(p, a);
        e->type = binary_type(p, op, a, b);
    }
    expr_close(p, e);
    return e;
}

struct expr *make_assign(struct parser *p, int op, struct expr *a, struct expr *b)
{
    struct expr *e = expr_new(p, EX_ASSIGN, a->first);
    e->op = op;
    e->a = a;
    e->b = b;
    use_value(p, b);
    e->type = type_unqualified(p->unit, a->type);
    expr_close(p, e);
    if (op == '=' && type_future_result(e->type))
        note_drop(p, e);
    return e;
}

/* ---- ?: ---- */

static struct type *pointer_pair_type(struct parser *p, struct type *a, struct type *b)
{
    unsigned quals = a->base->quals | b->base->quals;
    struct type *base = a->base;
    if (b->base->kind == TY_VOID)
        base = b->base;
    else if (a->base->kind == TY_ARRAY && a->base->incomplete)
        base = b->base;
    return type_pointer(p->unit, type_qualified(p->unit, base, quals));
}

static struct type *conditional_type(struct parser *p, struct expr *then, struct expr *other)
{
    struct type *a = value_type(p, then), *b = value_type(p, other);
    if (type_is_error(a) || type_is_error(b))
        return type_error_;
    if (type_is_arithmetic(a) && type_is_arithmetic(b))
        return type_usual(p->unit, promoted_type(p, then), promoted_type(p, other));
    if (a->kind == TY_VOID || b->kind == TY_VOID)
        return type_basic(p->unit, TY_VOID);
    if (a->kind == TY_POINTER && b->kind == TY_POINTER) {
        if (is_null_constant(other))
            return a;
        if (is_null_constant(then))
            return b;
        return pointer_pair_type(p, a, b);
    }
    if (a->kind == TY_POINTER)
        return type_is_integer(b) ? a : type_error_;
    if (b->kind == TY_POINTER)
        return type_is_integer(a) ? b : type_error_;
    return type_compatible(a, b) ? a : type_error_;
}

struct expr *make_conditional(struct parser *p, struct expr *test, struct expr *then,
                              struct expr *other)
{
    struct expr *e = expr_new(p, EX_COND, test->first);
    e->a = test;
    e->b = then;
    e->c = other;
    use_value(p, test);
    if (then)
        use_value(p, then);
    use_value(p, other);
    e->type = conditional_type(p, then ? then : test, other);
    expr_close(p, e);
    return e;
}

/* ---- unary and postfix operators ---- */

static struct type *unary_type(struct parser *p, int op, struct expr *a)
{
    struct type *t = value_type(p, a);
    switch (op) {
    case '&': return a->type->kind == TY_ERROR ? type_error_ : type_pointer(p->unit, a->type);
    case '*': return t->kind == TY_POINTER ? t->base : type_error_;
    case '!': return t->kind == TY_VECTOR ? truth_vector(p, t) : type_basic(p->unit, TY_INT);
    case '+':
    case '-':
    case '~': return promoted_type(p, a);
    case OP_EXTENSION: return a->type;
    case OP_REAL:
    case OP_IMAG: return t->kind == TY_COMPLEX ? t->base : t;
    default: return t; /* ++ -- */
    }
}

struct expr *make_unary(struct parser *p, int op, uint32_t first, struct expr *a)
{
    struct expr *e = expr_new(p, EX_UNARY, first);
    e->op = op;
    e->a = a;
    if (op == '&')
        take_address(p, a);
    else if (op != OP_EXTENSION)
        use_value(p, a);
    e->type = unary_type(p, op, a);
    e->is_lvalue =
        op == '*' || (a->is_lvalue && (op == OP_EXTENSION || op == OP_REAL || op == OP_IMAG));
    if (e->type->kind == TY_FUNCTION)
        e->is_lvalue = false;
    expr_close(p, e);
    return e;
}

struct expr *make_index(struct parser *p, struct expr *a, struct expr *b)
{
    struct expr *e = expr_new(p, EX_INDEX, a->first);
    e->a = a;
    e->b = b;
    e->is_lvalue = true;
    struct type *t = a->type, *other = b->type;
    if (t->kind != TY_ARRAY && t->kind != TY_POINTER && t->kind != TY_VECTOR) {
        t = b->type;
        other = a->type;
    }
    if (t->kind == TY_VECTOR)
        e->type = type_qualified(p->unit, t->base, t->quals);
    else if ((t->kind == TY_ARRAY || t->kind == TY_POINTER) && !type_is_error(other))
        e->type = t->base;
    expr_close(p, e);
    return e;
}

struct expr *make_member(struct parser *p, struct expr *a, bool arrow, const char *name)
{
    struct expr *e = expr_new(p, arrow ? EX_ARROW : EX_MEMBER, a->first);
    e->a = a;
    e->name = name;
    e->is_lvalue = arrow || a->is_lvalue;
    struct type *t = a->type;
    if (arrow)
        t = t->kind == TY_POINTER || t->kind == TY_ARRAY ? t->base : type_error_;
    if (t->kind == TY_STRUCT || t->kind == TY_UNION)
        e->member = tag_member(t->tag, name);
    if (e->member)
        e->type = type_in_space(
            p->unit, type_qualified(p->unit, e->member->type, t->quals & ~(unsigned)Q_RESTRICT),
            t->space_first, t->space_last);
    expr_close(p, e);
    return e;
}
