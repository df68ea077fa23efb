/*
 * The values of integer constant expressions (ISO C 6.6), as far as they do not depend on the
 * layout of types: the sizes of structs and of floating types are not known here. An expression
 * with such a size has is_ice but not is_constant.
 */
#include "inside.h"

int64_t constant_convert(struct unit *u, const struct type *t, int64_t value)
{
    if (t->kind == TY_BOOL)
        return value != 0;
    unsigned width = type_width(u, t);
    if (width == 0 || width >= 64)
        return value;
    uint64_t mask = (UINT64_C(1) << width) - 1, v = (uint64_t)value & mask;
    if (!type_is_unsigned(u, t) && v >> (width - 1))
        v |= ~mask;
    return (int64_t)v;
}

/* In bytes; -1 if it depends on layout. */
static int64_t size_of(struct unit *u, const struct type *t)
{
    int64_t count = 1, size;
    for (; t->kind == TY_ARRAY; t = t->base) {
        if (t->length < 0 || (t->length && count > INT32_MAX / t->length))
            return -1;
        count *= t->length;
    }
    if (t->kind == TY_POINTER)
        size = u->target.size_pointer;
    else if (t->kind == TY_BOOL || t->kind == TY_VOID)
        size = 1;
    else if (type_is_bit_precise(t))
        size = -1;
    else
        size = type_is_integer(t) && !(t->kind == TY_ENUM && !t->tag->complete)
                   ? (int64_t)(type_width(u, t) / 8)
                   : -1;
    return size < 0 ? -1 : size * count;
}

static void set(struct unit *u, struct expr *e, int64_t value)
{
    if (!type_is_integer(e->type) || type_width(u, e->type) > 64)
        return;
    e->is_constant = true;
    e->value = constant_convert(u, e->type, value);
}

static void fold_unary(struct unit *u, struct expr *e)
{
    if (!e->a->is_constant)
        return;
    uint64_t v = (uint64_t)e->a->value;
    switch (e->op) {
    case '+':
    case OP_EXTENSION:
    case OP_REAL: set(u, e, (int64_t)v); break;
    case '-': set(u, e, (int64_t)(0 - v)); break;
    case '~': set(u, e, (int64_t)~v); break;
    case '!': set(u, e, v == 0); break;
    default: break;
    }
}

/* Division and shifts: false where the result is not defined. */
static bool fold_partial(int op, bool is_unsigned, unsigned width, int64_t a, int64_t b,
                         int64_t *out)
{
    uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
    switch (op) {
    case '/':
    case '%':
        if (b == 0 || (!is_unsigned && a == INT64_MIN && b == -1))
            return false;
        if (is_unsigned)
            *out = (int64_t)(op == '/' ? ua / ub : ua % ub);
        else
            *out = op == '/' ? a / b : a % b;
        return true;
    case P_SHL:
    case P_SHR:
        if (b < 0 || ub >= width || ub >= 64)
            return false;
        if (op == P_SHL)
            *out = (int64_t)(ua << ub);
        else
            *out = is_unsigned ? (int64_t)(ua >> ub) : (int64_t)(a < 0 ? ~(~ua >> ub) : ua >> ub);
        return true;
    default: return false;
    }
}

static void fold_binary(struct parser *p, struct expr *e)
{
    struct unit *u = p->unit;
    if (!e->a->is_constant || !e->b->is_constant || !type_is_integer(e->a->type) ||
        !type_is_integer(e->b->type))
        return;
    bool shift = e->op == P_SHL || e->op == P_SHR;
    struct type *t = shift ? type_promote(u, e->a->type) : type_usual(u, e->a->type, e->b->type);
    unsigned width = type_width(u, t);
    if (width == 0 || width > 64)
        return;
    bool is_unsigned = type_is_unsigned(u, t);
    int64_t a = constant_convert(u, t, e->a->value);
    int64_t b = shift ? e->b->value : constant_convert(u, t, e->b->value), r;
    uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
    switch (e->op) {
    case '+': r = (int64_t)(ua + ub); break;
    case '-': r = (int64_t)(ua - ub); break;
    case '*': r = (int64_t)(ua * ub); break;
    case '&': r = (int64_t)(ua & ub); break;
    case '|': r = (int64_t)(ua | ub); break;
    case '^': r = (int64_t)(ua ^ ub); break;
    case '<': r = is_unsigned ? ua < ub : a < b; break;
    case '>': r = is_unsigned ? ua > ub : a > b; break;
    case P_LE: r = is_unsigned ? ua <= ub : a <= b; break;
    case P_GE: r = is_unsigned ? ua >= ub : a >= b; break;
    case P_EQ: r = a == b; break;
    case P_NE: r = a != b; break;
    default:
        if (!fold_partial(e->op, is_unsigned, width, a, b, &r))
            return;
    }
    set(u, e, r);
}

static void fold_logic(struct unit *u, struct expr *e)
{
    bool stop = e->op == P_OROR; /* the value of `a` with which `b` does not matter */
    if (e->a->is_constant && (e->a->value != 0) == stop)
        set(u, e, stop);
    else if (e->a->is_constant && e->b->is_constant)
        set(u, e, e->b->value != 0);
}

static void fold_sizeof(struct unit *u, struct expr *e)
{
    struct type *t = e->to ? e->to : e->a->type;
    bool vla = t->kind == TY_ARRAY && t->variable;
    e->is_ice = !vla;
    if (vla || e->op != OP_SIZEOF || t->kind == TY_ERROR)
        return;
    int64_t size = size_of(u, t);
    if (size >= 0)
        set(u, e, size);
}

static void fold_same(struct unit *u, struct expr *e, const struct expr *from)
{
    e->is_ice = from->is_ice;
    if (from->is_constant)
        set(u, e, from->value);
}

void fold(struct parser *p, struct expr *e)
{
    struct unit *u = p->unit;
    switch (e->kind) {
    case EX_PAREN: fold_same(u, e, e->a); break;
    case EX_CAST: fold_same(u, e, e->a); break;
    case EX_INDEX:
    case EX_BINARY:
        e->is_ice = e->a->is_ice && e->b->is_ice;
        if (e->kind == EX_BINARY)
            fold_binary(p, e);
        break;
    case EX_MEMBER:
    case EX_ARROW: e->is_ice = e->a->is_ice; break;
    case EX_UNARY:
        e->is_ice = e->a->is_ice && e->op != P_INC && e->op != P_DEC;
        fold_unary(u, e);
        break;
    case EX_LOGIC:
        e->is_ice = e->a->is_ice && (e->b->is_ice || e->is_constant);
        fold_logic(u, e);
        e->is_ice |= e->is_constant;
        break;
    case EX_COND: {
        struct expr *then = e->b ? e->b : e->a;
        e->is_ice = e->a->is_ice && then->is_ice && e->c->is_ice;
        if (e->a->is_constant)
            fold_same(u, e, e->a->value ? then : e->c);
        break;
    }
    case EX_GENERIC:
    case EX_CHOOSE:
        if (e->b)
            fold_same(u, e, e->b);
        break;
    case EX_SIZEOF: fold_sizeof(u, e); break;
    default: break;
    }
}
