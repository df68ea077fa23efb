/*
 * In gcc a bit-field wider than int has a type of its own width, which has no name: `unsigned long
 * x : 40` is an integer of 40 bits. `x - 1` wraps at 40 bits, and so does everything that is
 * computed from it, as far as C's conversions keep the type. clang takes the declared type. A
 * value that is kept over an await must keep its type, which is found here.
 *
 * The wider type of two operands wins. If both are equally wide, a named type wins, then an
 * unsigned one. In the tree such a field has its declared type.
 */
#include "inside.h"

struct integer {
    struct type *type; /* a type that can hold it */
    unsigned width;
    bool is_nameless;
    bool has_field; /* there is such a field in the expression */
};

static struct integer integer_of(struct unit *u, const struct expr *e);

static struct integer of_two(struct unit *u, struct integer a, struct integer b)
{
    struct integer r = a.width >= b.width ? a : b;
    bool is_unsigned = type_is_unsigned(u, a.type) || type_is_unsigned(u, b.type);
    if (a.width == b.width && !a.is_nameless && !b.is_nameless) {
        r.type = type_usual(u, a.type, b.type);
    } else if (a.width == b.width) {
        r.is_nameless = a.is_nameless && b.is_nameless;
        if (!r.is_nameless)
            r.type = type_bits(u, r.width, is_unsigned);
        else if (is_unsigned && !type_is_unsigned(u, a.type))
            r.type = b.type;
    }
    r.has_field = a.has_field || b.has_field;
    return r;
}

static struct integer of_binary(struct unit *u, const struct expr *e)
{
    switch (e->op) {
    case P_SHL:
    case P_SHR: return integer_of(u, e->a);
    default: return of_two(u, integer_of(u, e->a), integer_of(u, e->b));
    }
}

/* Comparisons and `!` give an int, whatever their operands are. */
static bool gives_int(const struct expr *e)
{
    switch (e->op) {
    case '<':
    case '>':
    case '!':
    case P_LE:
    case P_GE:
    case P_EQ:
    case P_NE: return true;
    default: return false;
    }
}

static struct integer integer_of(struct unit *u, const struct expr *e)
{
    struct type *t = type_promote(u, type_decay(u, e->type));
    struct integer plain = {.type = t, .width = type_width(u, t)};
    const struct member *field = bit_field_of(u, e);
    const struct stmt *last;

    if (!type_is_integer(e->type) || bit_field_type(u, e))
        return plain;
    if (field && field->bit_width > 0 && (unsigned)field->bit_width < plain.width)
        return (struct integer){t, (unsigned)field->bit_width, true, true};
    switch (e->kind) {
    case EX_PAREN: return integer_of(u, e->a);
    case EX_UNARY: return gives_int(e) || e->op == '*' ? plain : integer_of(u, e->a);
    case EX_BINARY: return gives_int(e) ? plain : of_binary(u, e);
    case EX_COND: return of_two(u, integer_of(u, e->b ? e->b : e->a), integer_of(u, e->c));
    case EX_COMMA:
    case EX_GENERIC:
    case EX_CHOOSE: return e->b ? integer_of(u, e->b) : plain;
    case EX_STMT:
        last = value_statement(e->body);
        return last && last->expr ? integer_of(u, last->expr) : plain;
    default: return plain;
    }
}

struct type *wide_field_type(struct unit *u, const struct expr *e, unsigned *width)
{
    *width = 0;
    if (u->target.clang || !type_is_integer(e->type))
        return NULL;
    struct integer value = integer_of(u, e);
    if (!value.has_field)
        return NULL;
    *width = value.is_nameless ? value.width : 0;
    return value.type;
}
